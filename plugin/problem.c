/* SPDX-License-Identifier: MIT */
#include "problem.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has_capability(unsigned int capability) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

  return syscall(SYS_capget, &header, data) == 0 &&
         (data[capability / 32].effective & (1U << capability % 32)) != 0;
}

static const char *taskstats_cause(int status) {
  switch (status) {
  case -ENOENT:
    return "this kernel has no taskstats; run one that is built with "
           "CONFIG_TASKSTATS and CONFIG_TASK_DELAY_ACCT";
  case -EPERM:
    if (has_capability(CAP_NET_ADMIN))
      return "collectd has CAP_NET_ADMIN in a user namespace of its own only; "
             "run it outside of the container, or in the host's user namespace";
    return "collectd lacks CAP_NET_ADMIN; run it as root, or add the "
           "capability to its service (systemd: AmbientCapabilities= and "
           "CapabilityBoundingSet=)";
  case -EPROTONOSUPPORT:
    return "this kernel's taskstats are older than version 8; run a newer one";
  default:
    return "the connection to the kernel failed; the next read opens a new one";
  }
}

static void describe_taskstats(int status, char *line, size_t size) {
  snprintf(line, size,
           "Delays and context switches cannot be read (%s): %s. CPU, I/O and "
           "counts go on without.",
           strerrordesc_np(-status), taskstats_cause(status));
}

static void describe_delays_off(int status, char *line, size_t size) {
  (void)status;
  snprintf(line, size,
           "Delay accounting is off, so of the delays delay-cpu alone is "
           "known. To count all: \"sysctl kernel.task_delayacct=1\" (for good: "
           "in /etc/sysctl.d) or EnableDelayAccounting true; then restart the "
           "services, since what runs already is not counted.");
}

static const char *ptrace_cause(void) {
  if (has_capability(CAP_SYS_PTRACE))
    return "they have capabilities, or a user namespace, that collectd has "
           "not; widen the CapabilityBoundingSet= of its service";
  return "collectd lacks CAP_SYS_PTRACE; run it as root, or add the capability "
         "to its service (systemd: AmbientCapabilities= and "
         "CapabilityBoundingSet=)";
}

static void describe_io(int status, char *line, size_t size) {
  snprintf(line, size,
           "The I/O of some processes cannot be read (%s): %s. Their groups "
           "have no io_octets, io_ops and disk_octets.",
           strerrordesc_np(-status), ptrace_cause());
}

static void describe_select(int status, char *line, size_t size) {
  snprintf(line, size,
           "The executables of some processes cannot be read (%s): %s. "
           "Executable does not select them.",
           strerrordesc_np(-status), ptrace_cause());
}

static void describe_proc(int status, char *line, size_t size) {
  snprintf(line, size,
           "Processes cannot be listed (%s): nothing is counted. Is /proc "
           "mounted?",
           strerrordesc_np(-status));
}

static const struct {
  void (*describe)(int status, char *line, size_t size);
  const char *gone;
} problems_table[PROBLEMS] = {
    [PROBLEM_PROC] = {describe_proc, "Processes can be listed again."},
    [PROBLEM_TASKSTATS] = {describe_taskstats,
                           "Delays and context switches can be read again."},
    [PROBLEM_DELAYS_OFF] = {describe_delays_off, "Delay accounting is on."},
    [PROBLEM_IO] = {describe_io, "All I/O can be read again."},
    [PROBLEM_SELECT] = {describe_select, "All processes can be selected."},
};

void problems_update(struct problems *problems,
                     const struct reader_report *report,
                     void (*say)(bool is_warning, const char *line)) {
  const int now[PROBLEMS] = {
      [PROBLEM_PROC] = report->proc,
      [PROBLEM_TASKSTATS] = report->taskstats,
      [PROBLEM_DELAYS_OFF] = report->delays_off ? -ENODATA : 0,
      [PROBLEM_IO] = report->io,
      [PROBLEM_SELECT] = report->select,
  };

  for (size_t i = 0; i < PROBLEMS; i++) {
    if (now[i] == problems->said[i])
      continue;
    char line[512];
    if (now[i] != 0)
      problems_table[i].describe(now[i], line, sizeof(line));
    say(now[i] != 0, now[i] != 0 ? line : problems_table[i].gone);
    problems->said[i] = now[i];
  }
}
