/* SPDX-License-Identifier: MIT */
#include "report/notice.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* Adds to a text that may be full. */
__attribute__((format(printf, 3, 4))) static void
append(char *text, size_t size, const char *format, ...) {
  size_t used = strlen(text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + used, size - used, format, arguments);
  va_end(arguments);
}

static void append_bytes(char *text, size_t size, uint64_t bytes) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = (double)bytes;
  size_t unit = 0;

  for (; value >= 1024 && unit < sizeof(units) / sizeof(units[0]) - 1; unit++)
    value /= 1024;
  append(text, size, unit > 0 && value < 10 ? "%.1f %s" : "%.0f %s", value,
         units[unit]);
}

static void append_seconds(char *text, size_t size, double seconds) {
  if (seconds >= 120)
    append(text, size, "%.0f min", seconds / 60);
  else
    append(text, size, seconds < 10 ? "%.3f s" : "%.0f s", seconds);
}

void notice_signal_name(int signal, char *text, size_t size) {
  const char *name = sigabbrev_np(signal);
  if (name != NULL)
    snprintf(text, size, "SIG%s", name);
  else
    snprintf(text, size, "signal %d", signal);
}

static void append_end(char *text, size_t size,
                       const struct exit_event *event) {
  int status = (int)event->exit_code;
  if (WIFSIGNALED(status)) {
    char name[32];
    notice_signal_name(WTERMSIG(status), name, sizeof(name));
    append(text, size, "was killed by %s%s", name,
           event->dumped_core ? ", core dumped," : "");
  } else {
    append(text, size, "exited with status %d", WEXITSTATUS(status));
  }
}

static double seconds_of(const struct exit_event *event, unsigned int counter) {
  return (double)event->used[counter] / 1e9;
}

/* The kinds of delay that took a ms at least. */
static void append_delays(char *text, size_t size,
                          const struct exit_event *event) {
  const char *before = "; waited for ";
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++) {
    if ((event->known >> (COUNTER_DELAY + kind) & 1) == 0 ||
        event->used[COUNTER_DELAY + kind] < 1000000)
      continue;
    append(text, size, "%s%s ", before, delay_name((enum delay)kind));
    append_seconds(text, size, seconds_of(event, COUNTER_DELAY + kind));
    before = ", ";
  }
}

void notice_describe(const struct exit_event *event, char *text, size_t size) {
  snprintf(text, size, "%s (pid %" PRIu32 ", uid %" PRIu32 ") ", event->comm,
           event->pid, event->uid);
  append_end(text, size, event);
  append(text, size, " after ");
  append_seconds(text, size, (double)event->elapsed_us / 1e6);
  append(text, size, "; used ");
  append_seconds(text, size,
                 seconds_of(event, COUNTER_CPU_USER) +
                     seconds_of(event, COUNTER_CPU_SYSTEM));
  append(text, size, " CPU");
  append_delays(text, size, event);
  append(text, size, "; read ");
  append_bytes(text, size, event->used[COUNTER_READ_CHARS]);
  append(text, size, ", wrote ");
  append_bytes(text, size, event->used[COUNTER_WRITE_CHARS]);
}
