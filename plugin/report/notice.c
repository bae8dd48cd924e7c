/* SPDX-License-Identifier: MIT */
#include "report/notice.h"

#include "kernel/libc.h"
#include "select/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static void append_bytes(char *text, size_t size, uint64_t bytes) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = (double)bytes;
  size_t unit = 0;

  for (; value >= 1024 && unit < sizeof(units) / sizeof(units[0]) - 1; unit++)
    value /= 1024;
  text_append(text, size, unit > 0 && value < 10 ? "%.1f %s" : "%.0f %s", value,
              units[unit]);
}

static void append_seconds(char *text, size_t size, double seconds) {
  if (seconds >= 120)
    text_append(text, size, "%.0f min", seconds / 60);
  else
    text_append(text, size, seconds < 10 ? "%.3f s" : "%.0f s", seconds);
}

void notice_signal_name(int signal, char *text, size_t size) {
  const char *name = sigabbrev_np(signal);
  if (name != NULL)
    snprintf(text, size, "SIG%s", name);
  else
    snprintf(text, size, "signal %d", signal);
}

/* Appends a path. If it is long, only its end, which is the most specific part.
 */
static void append_path(char *text, size_t size, const char *path) {
  enum { ROOM = 80 };
  size_t length = strlen(path);
  const char *end = length > ROOM ? path + length - ROOM : path;
  while (end > path && (*end & 0xc0) == 0x80) /* inside a character */
    end++;
  text_append(text, size, "%s%s", end > path ? "..." : "", end);
}

static void append_oom(char *text, size_t size, const struct exit_oom *oom) {
  text_append(text, size, "was %skilled by the OOM killer",
              oom->is_sure ? "" : "probably ");
  if (oom->limit == OOM_LIMIT_MACHINE) {
    text_append(text, size, " (the machine's memory)");
  } else if (oom->cgroup != NULL) {
    text_append(text, size, " (limit of ");
    append_path(text, size, oom->cgroup);
    text_append(text, size, ")");
  } else if (oom->limit == OOM_LIMIT_CGROUP) {
    text_append(text, size, " (limit of a cgroup)");
  }
}

static void append_end(char *text, size_t size,
                       const struct exit_event *event) {
  int status = (int)event->exit_code;
  if (WIFSIGNALED(status)) {
    char name[32];
    notice_signal_name(WTERMSIG(status), name, sizeof(name));
    if (event->oom.is_killed)
      append_oom(text, size, &event->oom);
    else
      text_append(text, size, "was killed by %s%s", name,
                  event->dumped_core ? ", core dumped," : "");
  } else {
    text_append(text, size, "exited with status %d", WEXITSTATUS(status));
  }
}

static double seconds_of(const struct exit_event *event, unsigned int counter) {
  return (double)event->used[counter] / 1e9;
}

/* Appends the kinds of delay that took at least 1 ms. */
static void append_delays(char *text, size_t size,
                          const struct exit_event *event) {
  const char *before = "; waited for ";
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++) {
    if ((event->known >> (COUNTER_DELAY + kind) & 1) == 0 ||
        event->used[COUNTER_DELAY + kind] < 1000000)
      continue;
    text_append(text, size, "%s%s ", before, delay_name((enum delay)kind));
    append_seconds(text, size, seconds_of(event, COUNTER_DELAY + kind));
    before = ", ";
  }
}

/* Appends the longest wait if it took a tenth of the process's life, or a
 * second. */
static void append_longest(char *text, size_t size,
                           const struct exit_event *event) {
  unsigned int longest = DELAY_KINDS;
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++)
    if ((event->has_longest >> kind & 1) != 0 &&
        (longest == DELAY_KINDS ||
         event->longest_ns[kind] > event->longest_ns[longest]))
      longest = kind;
  if (longest == DELAY_KINDS)
    return;
  uint64_t ns = event->longest_ns[longest];
  if (ns < 1000000 || (ns <= event->elapsed_us * 100 && ns <= 1000000000))
    return;
  text_append(text, size, "; longest wait ");
  append_seconds(text, size, (double)ns / 1e9);
  text_append(text, size, " for %s", delay_name((enum delay)longest));
}

/* The most important parts come first: the rest may be truncated. */
static void describe(const struct exit_event *event, char *text, size_t size) {
  snprintf(text, size, "%s (pid %" PRIu32 ", uid %" PRIu32 ") ", event->comm,
           event->pid, event->uid);
  append_end(text, size, event);
  text_append(text, size, " after ");
  append_seconds(text, size, (double)event->elapsed_us / 1e6);
  text_append(text, size, "; used ");
  append_seconds(text, size,
                 seconds_of(event, COUNTER_CPU_USER) +
                     seconds_of(event, COUNTER_CPU_SYSTEM));
  text_append(text, size, " CPU");
  if (event->peak_rss > 0) {
    text_append(text, size, "; peak memory ");
    append_bytes(text, size, event->peak_rss);
  }
  append_longest(text, size, event);
  append_delays(text, size, event);
  text_append(text, size, "; read ");
  append_bytes(text, size, event->used[COUNTER_READ_CHARS]);
  text_append(text, size, ", wrote ");
  append_bytes(text, size, event->used[COUNTER_WRITE_CHARS]);
}

void notice_describe(const struct exit_event *event, char *text, size_t size) {
  char whole[2048];
  describe(event, whole, sizeof(whole));
  text_clean(whole, text, size); /* truncates between characters */
}
