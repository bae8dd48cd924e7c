/* SPDX-License-Identifier: MIT */
#include "track/notify_budget.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

void notify_budget_suppress(struct notify_budget *budget, uint32_t exit_code) {
  int status = (int)exit_code;
  if (WIFSIGNALED(status))
    budget->signal++;
  else if (WEXITSTATUS(status) != 0)
    budget->error++;
  else
    budget->ok++;
}

uint32_t notify_budget_suppressed(const struct notify_budget *budget) {
  return budget->ok + budget->error + budget->signal;
}

bool notify_budget_admit(struct notify_budget *budget, uint64_t now_s,
                         uint32_t rate, uint32_t exit_code) {
  if (budget->second != now_s && notify_budget_suppressed(budget) == 0)
    *budget = (struct notify_budget){.second = now_s};
  if (budget->second == now_s && budget->admitted < rate) {
    budget->admitted++;
    return true;
  }
  notify_budget_suppress(budget, exit_code);
  return false;
}

bool notify_budget_sum_up(const struct notify_budget *budget, uint64_t now_s,
                          char *text, size_t size, uint32_t *worst) {
  static const uint32_t killed = 9, failed = 1 << 8;
  const struct {
    uint32_t count;
    uint32_t exit_code;
    const char *how;
  } parts[] = {{budget->ok, 0, "exited with status 0"},
               {budget->error, failed, "exited with an error"},
               {budget->signal, killed, "killed by a signal"}};

  if (notify_budget_suppressed(budget) == 0 || budget->second == now_s)
    return false;
  uint32_t suppressed = notify_budget_suppressed(budget);
  snprintf(text, size, "%" PRIu32 " more %s ended", suppressed,
           suppressed == 1 ? "process" : "processes");
  const char *before = ": ";
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
    if (parts[i].count > 0) {
      size_t used = strlen(text);
      snprintf(text + used, size - used, "%s%" PRIu32 " %s", before,
               parts[i].count, parts[i].how);
      before = ", ";
      *worst = parts[i].exit_code;
    }
  return true;
}
