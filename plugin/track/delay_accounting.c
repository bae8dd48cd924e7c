/* SPDX-License-Identifier: MIT */
#include "track/delay_accounting.h"

#include "kernel/clock.h"

void delay_accounting_note(struct tracker *tracker, bool is_on,
                           uint64_t boot_ns) {
  tracker_lock(tracker);
  if (!is_on)
    tracker->delays_since_ns = UINT64_MAX;
  else if (tracker->delays_since_ns == UINT64_MAX)
    tracker->delays_since_ns = boot_ns;
  tracker_unlock(tracker);
}

void delay_accounting_begin(struct tracker *tracker, struct procfs *proc) {
  bool on;
  bool is_told = procfs_delay_accounting(proc, &on) == 0;
  delay_accounting_note(tracker, false, 0);
  /* If there is a switch, it is unknown since when it has been on. */
  delay_accounting_note(
      tracker, is_told && on,
      procfs_can_switch_delay_accounting(proc) ? tracker->since_ns : 0);
}

int delay_accounting_enable(struct tracker *tracker, struct procfs *proc) {
  bool on;
  int status = procfs_delay_accounting(proc, &on);
  if (status == 0 && !on) {
    status = procfs_enable_delay_accounting(proc);
    if (status == 0) {
      delay_accounting_note(tracker, true, clock_ns(CLOCK_BOOTTIME));
      status = 1;
    }
  }
  return status;
}
