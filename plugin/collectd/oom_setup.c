/* SPDX-License-Identifier: MIT */
#include "collectd/oom_setup.h"

#include "collectd/api.h"

/* Without the kernel's log, the cgroups of all processes that may be killed
 * must be known. Returns whether any rule needs them. */
static bool collect_cgroups(struct settings *settings) {
  bool is_needed = false;
  for (struct rule *r = settings->rules; r != NULL; r = r->next)
    if ((r->collect & COLLECT_EXITS) != 0 || r->notify != NOTIFY_NONE) {
      r->collect |= COLLECT_CGROUP;
      is_needed = true;
    }
  return is_needed;
}

static void log_error(int error) {
  NOTICE("taskstats plugin: Cannot read the kernel's log (%s): %s. Until then, "
         "kills by the OOM killer are inferred from the cgroups' counters and "
         "reported as probable.",
         STRERROR(-error),
         error == -EPERM || error == -EACCES
             ? "give collectd CAP_SYSLOG (systemd: AmbientCapabilities= and "
               "CapabilityBoundingSet=, and no ProtectKernelLogs=)"
             : "let collectd see /dev/kmsg (systemd: no ProtectKernelLogs= and "
               "no PrivateDevices= in its service)");
}

struct oom_watch *oom_setup(struct settings *settings) {
  struct oom_watch *watch;
  if (!settings->watches || oom_watch_open(NULL, &watch) != 0)
    return NULL;
  int error = oom_watch_log_error(watch);
  if (error != 0 && collect_cgroups(settings))
    log_error(error);
  if (oom_watch_can_tell(watch))
    return watch;
  oom_watch_close(watch);
  return NULL;
}
