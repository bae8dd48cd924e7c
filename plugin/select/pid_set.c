/* SPDX-License-Identifier: MIT */
#include "select/pid_set.h"

bool pid_set_has(const struct pid_set *set, pid_t pid) {
  for (size_t i = 0; i < set->count; i++)
    if (set->pids[i] == pid)
      return true;
  return false;
}

bool pid_set_add(struct pid_set *set, pid_t pid) {
  if (pid_set_has(set, pid))
    return true;
  if (set->count == PID_SET_MAX)
    return false;
  set->pids[set->count++] = pid;
  return true;
}

void pid_set_compare(const struct pid_set *before, const struct pid_set *now,
                     void (*changed)(void *context, pid_t pid), void *context) {
  for (size_t i = 0; i < before->count; i++)
    if (!pid_set_has(now, before->pids[i]))
      changed(context, before->pids[i]);
  for (size_t i = 0; i < now->count; i++)
    if (!pid_set_has(before, now->pids[i]))
      changed(context, now->pids[i]);
}
