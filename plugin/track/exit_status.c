/* SPDX-License-Identifier: MIT */
#include "track/exit_status.h"

#include <sys/wait.h>

uint32_t exit_status_of(const struct record *last,
                        const struct exited_threads *exited) {
  enum { MOMENT_US = 50000 };
  if (last->pid == last->tgid || last->exit_code != 0 ||
      exited->exit_code == 0 ||
      exited->exit_code_us + MOMENT_US < last->process_elapsed_us)
    return last->exit_code;
  return exited->exit_code;
}

enum counter exit_status_counter(uint32_t status) {
  if (WIFSIGNALED((int)status))
    return COUNTER_EXIT_SIGNAL;
  return WEXITSTATUS((int)status) == 0 ? COUNTER_EXIT_OK : COUNTER_EXIT_ERROR;
}
