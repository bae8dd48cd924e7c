/* SPDX-License-Identifier: MIT */
#include "report/exit_fields.h"

#include "report/notice.h"

#include <stdio.h>
#include <sys/wait.h>

struct sink {
  exit_field_sink *take;
  void *context;
};

static void put_count(const struct sink *sink, const char *name,
                      uint64_t count) {
  const struct exit_field field = {
      .name = name, .kind = EXIT_FIELD_COUNT, .count = count};
  sink->take(sink->context, &field);
}

static void put_status(const struct sink *sink, const char *name, int status) {
  const struct exit_field field = {
      .name = name, .kind = EXIT_FIELD_STATUS, .status = status};
  sink->take(sink->context, &field);
}

static void put_ns(const struct sink *sink, const char *name, uint64_t ns) {
  const struct exit_field field = {
      .name = name, .kind = EXIT_FIELD_SECONDS, .seconds = (double)ns / 1e9};
  sink->take(sink->context, &field);
}

static void put_flag(const struct sink *sink, const char *name, bool flag) {
  const struct exit_field field = {
      .name = name, .kind = EXIT_FIELD_FLAG, .flag = flag};
  sink->take(sink->context, &field);
}

/* text may be NULL. */
static void put_text(const struct sink *sink, const char *name,
                     const char *text) {
  const struct exit_field field = {
      .name = name, .kind = EXIT_FIELD_TEXT, .text = text};
  if (text != NULL)
    sink->take(sink->context, &field);
}

static void put_end(const struct sink *sink, const struct exit_event *event) {
  int status = (int)event->exit_code;
  if (WIFSIGNALED(status)) {
    char name[32];
    notice_signal_name(WTERMSIG(status), name, sizeof(name));
    put_status(sink, "signal", WTERMSIG(status));
    put_text(sink, "signal_name", name);
  } else {
    put_status(sink, "exit_status", WEXITSTATUS(status));
  }
  put_flag(sink, "core_dumped", event->dumped_core);
  if (!event->oom.is_known)
    return;
  put_flag(sink, "oom_killed", event->oom.is_killed);
  if (event->oom.is_killed && !event->oom.is_sure)
    put_flag(sink, "oom_probable", true);
  put_text(sink, "oom_cgroup", event->oom.cgroup);
}

static void put_delays(const struct sink *sink,
                       const struct exit_event *event) {
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++) {
    char name[32];
    snprintf(name, sizeof(name), "delay_%s", delay_name((enum delay)kind));
    if (event->known >> (COUNTER_DELAY + kind) & 1)
      put_ns(sink, name, event->used[COUNTER_DELAY + kind]);
    snprintf(name, sizeof(name), "delay_%s_max", delay_name((enum delay)kind));
    if (event->has_longest >> kind & 1)
      put_ns(sink, name, event->longest_ns[kind]);
  }
}

static void put_usage(const struct sink *sink, const struct exit_event *event) {
  static const struct {
    const char *name;
    enum counter counter;
  } octets[] = {{"read_chars", COUNTER_READ_CHARS},
                {"write_chars", COUNTER_WRITE_CHARS},
                {"read_bytes", COUNTER_READ_BYTES},
                {"write_bytes", COUNTER_WRITE_BYTES}};

  put_ns(sink, "cpu_user", event->used[COUNTER_CPU_USER]);
  put_ns(sink, "cpu_system", event->used[COUNTER_CPU_SYSTEM]);
  put_delays(sink, event);
  for (size_t i = 0; i < sizeof(octets) / sizeof(octets[0]); i++)
    put_count(sink, octets[i].name, event->used[octets[i].counter]);
  if (event->peak_rss > 0)
    put_count(sink, "peak_rss", event->peak_rss);
}

void exit_fields_each(const struct exit_event *event, exit_field_sink *take,
                      void *context) {
  const struct sink sink = {take, context};
  put_count(&sink, "pid", event->pid);
  put_count(&sink, "ppid", event->ppid);
  put_count(&sink, "uid", event->uid);
  put_text(&sink, "command", event->comm);
  put_text(&sink, "cgroup", event->cgroup);
  put_text(&sink, "unit", event->unit);
  put_end(&sink, event);
  put_ns(&sink, "elapsed", event->elapsed_us * 1000);
  put_usage(&sink, event);
}
