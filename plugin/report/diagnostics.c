/* SPDX-License-Identifier: MIT */
#include "report/diagnostics.h"

#include "kernel/libc.h"
#include "report/exit_log.h"
#include "report/member_problems.h"
#include "report/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *taskstats_cause(int status) {
  switch (status) {
  case -ENOENT:
    return "this kernel has no taskstats. Run one that is built with "
           "CONFIG_TASKSTATS and CONFIG_TASK_DELAY_ACCT";
  case -EAFNOSUPPORT:
    return "netlink sockets are forbidden. Add AF_NETLINK to "
           "RestrictAddressFamilies= of collectd's service, or allow it in the "
           "container's seccomp filter";
  case -EPERM:
    if (privileges_have(CAP_NET_ADMIN) && privileges_are_filtered())
      return "a seccomp filter forbids it, or collectd has CAP_NET_ADMIN only "
             "in its own user namespace. Allow it (SystemCallFilter= of the "
             "service, seccomp profile of the container), or run collectd in "
             "the initial user namespace";
    if (privileges_have(CAP_NET_ADMIN))
      return "collectd has CAP_NET_ADMIN only in its own user namespace. Run "
             "it outside the container, or in the host's user namespace";
    return geteuid() == 0
               ? "collectd lacks CAP_NET_ADMIN. " PRIVILEGES_ROOT_REMEDY
               : "collectd lacks CAP_NET_ADMIN. " PRIVILEGES_USER_REMEDY;
  case -EPROTONOSUPPORT:
    return "the kernel's taskstats interface is older than version 8. Run a "
           "newer kernel";
  default:
    return "the connection to the kernel failed. The next read opens a new one";
  }
}

static void describe_taskstats(int status, char *line, size_t size) {
  snprintf(line, size,
           "Cannot read delays and context switches (%s): %s. CPU time, I/O "
           "and counts are still reported.",
           strerrordesc_np(-status), taskstats_cause(status));
}

static void describe_delays_off(int status, char *line, size_t size) {
  if (status == -EOPNOTSUPP) {
    snprintf(line, size,
             "Cannot count all delays: this kernel supports delay-cpu only. "
             "Run one that is built with CONFIG_TASK_DELAY_ACCT and booted "
             "without nodelayacct.");
    return;
  }
  if (status != -ENODATA) {
    snprintf(line, size,
             "Cannot determine whether delay accounting is on (%s): "
             "/proc/sys/kernel/task_delayacct is not visible. Mount /proc, and "
             "remove ProcSubset=pid from collectd's service. Until then, only "
             "delay-cpu is reported.",
             strerrordesc_np(-status));
    return;
  }
  snprintf(line, size,
           "Cannot count all delays: delay accounting is off. Run \"sysctl "
           "kernel.task_delayacct=1\" (and add it to /etc/sysctl.d) or set "
           "EnableDelayAccounting to true, then restart the services: "
           "processes that already run are not counted. Until then, only "
           "delay-cpu is reported.");
}

static const char *undecided_cause(enum pattern_result limit) {
  switch (limit) {
  case PATTERN_MEMORY:
    return "takes more than 16 MiB of memory (64 MiB without JIT compilation). "
           "Write \"[^ ]*\" or \".*\" instead of repeated alternatives and "
           "parentheses";
  case PATTERN_BUSY:
    return "has to wait: all matching takes more than a tenth of the time, or "
           "that of one user's processes more than a quarter of this. It is "
           "retried within seconds. Anchor it (\"^\")";
  default:
    return "takes more steps than one match may take. Anchor it (\"^\"), and "
           "write \"[^ ]*\" instead of \".*\" where possible";
  }
}

static void describe_undecided(const struct reader_report *read, char *line,
                               size_t size) {
  snprintf(line, size,
           "Cannot match %zu %s within the limits of regular expressions; "
           "their groups stay as they are. \"%.80s\" of \"%.80s\" %s.",
           read->undecided, read->undecided == 1 ? "process" : "processes",
           read->undecided_expression, read->undecided_rule,
           undecided_cause(read->undecided_limit));
}

static void describe_hung(const struct reader_report *read, char *line,
                          size_t size) {
  snprintf(line, size,
           "Cannot read the /proc files of %zu %s, such as %d: they do not "
           "answer, probably because a file system hangs during exec or mmap. "
           "Repair the file system, or kill the process. Such processes are "
           "left out until their files answer.",
           read->hung, read->hung == 1 ? "process" : "processes",
           read->hung_pid);
}

static void describe_clocks(int status, char *line, size_t size) {
  (void)status;
  snprintf(line, size,
           "Cannot recognise false waits for a disk (Linux 6.12 and later): "
           "collectd runs in a time namespace whose clocks differ from the "
           "machine's. Run it in the initial time namespace. Until then, "
           "delay-blkio is an upper bound.");
}

static const char *proc_cause(int status) {
  switch (status) {
  case -EACCES:
    return "processes of other users are hidden (hidepid= of /proc, "
           "ProtectProc= of the service). Give collectd CAP_SYS_PTRACE";
  case -ENODEV:
    return "there is no procfs in /proc. Mount it";
  case -EXDEV:
    return "/proc belongs to another pid namespace. Mount it for collectd's "
           "own, or run collectd in the host's (docker --pid=host)";
  case -ETIMEDOUT:
    return "the files of too many processes do not answer, probably because a "
           "file system hangs during exec or mmap. Repair it, or kill the "
           "processes";
  default:
    return "check that /proc is mounted";
  }
}

static void describe_proc(int status, char *line, size_t size) {
  if (status == -EINPROGRESS) {
    snprintf(line, size,
             "Cannot finish a read in time: processes end faster than they are "
             "counted, or the machine is overloaded. Configure fewer groups. "
             "The values of this read are reported once it has ended.");
    return;
  }
  snprintf(line, size,
           "Cannot list processes (%s): %s. Until then, groups have only the "
           "values of exit records.",
           strerrordesc_np(-status), proc_cause(status));
}

static const char *listener_cause(int status) {
  switch (status) {
  case -ENODATA:
    return "the kernel accepts listeners in any network namespace, but sends "
           "to the initial one only. Run collectd there";
  case -EINVAL:
    return "collectd runs in its own pid namespace. Run it in the initial one";
  case -ERANGE:
    return "WatchCPUs names a CPU that this machine cannot have. See "
           "/sys/devices/system/cpu/possible";
  default:
    return taskstats_cause(status);
  }
}

static void describe_listener(int status, char *line, size_t size) {
  snprintf(line, size,
           "Cannot receive exit records (%s): %s. Until then, what a process "
           "uses after its last read is not counted, and neither is its exit.",
           strerrordesc_np(-status), listener_cause(status));
}

static void describe_old_records(int status, char *line, size_t size) {
  (void)status;
  snprintf(
      line, size,
      "Cannot count all exits: this kernel's exit records (before version 12) "
      "do not distinguish all threads from processes, so that processes that "
      "no read has seen are left out. Run Linux 5.19 or later.");
}

static void describe_strange_records(int status, char *line, size_t size) {
  snprintf(line, size,
           "Cannot decode some exit records (%s): the last use of their "
           "processes is not counted, and neither are their exits. Report this "
           "with the output of \"uname -r\".",
           strerrordesc_np(-status));
}

static const char *events_remedy(int status) {
  switch (status) {
  case -EPERM:
    return "Give collectd CAP_NET_ADMIN";
  case -EPROTONOSUPPORT:
    return "Run a kernel with CONFIG_PROC_EVENTS";
  case -ECONNREFUSED:
    return "Run collectd in the initial network namespace";
  case -ETIMEDOUT:
    return "Run a kernel with CONFIG_PROC_EVENTS, and collectd in the initial "
           "user and pid namespaces";
  default:
    return "The connection to the kernel failed. Restart collectd, which opens "
           "a new one";
  }
}

static void describe_events(int status, char *line, size_t size) {
  snprintf(line, size,
           "Cannot receive process events (%s): each read lists /proc. For "
           "processes that no read has seen, the command line is unknown, and "
           "descendants whose parent has ended are not recognised; changes of "
           "groups take effect with the next read. %s, or set ProcessEvents to "
           "false.",
           strerrordesc_np(-status), events_remedy(status));
}

static void describe_groups(int status, char *line, size_t size) {
  (void)status;
  snprintf(line, size,
           "Cannot add more groups: MaxGroups is reached. Further groups are "
           "added up in \"other\". Raise MaxGroups, or choose a group name or "
           "selectors that make fewer groups.");
}

enum { MINUTE_S = 60, HOUR_S = 3600 };

static const struct {
  void (*describe)(int status, char *line, size_t size);
  const char *gone;
  bool is_of_members; /* depends on which processes exist */
} diagnostics_table[PROBLEMS] = {
    [PROBLEM_PROC] = {describe_proc, "Processes can be read again.", false},
    [PROBLEM_TASKSTATS] = {describe_taskstats,
                           "Delays and context switches can be read again.",
                           false},
    [PROBLEM_DELAYS_OFF] = {describe_delays_off, "Delay accounting is on.",
                            false},
    [PROBLEM_IO] = {member_problems_describe_io,
                    "The I/O of all processes can be read again.", true},
    [PROBLEM_MEMORY] = {member_problems_describe_memory,
                        "The memory of all processes can be read again.", true},
    [PROBLEM_FILES] = {member_problems_describe_files,
                       "The open files of all processes can be counted again.",
                       true},
    [PROBLEM_SELECT] = {member_problems_describe_select,
                        "All processes can be selected again.", true},
    [PROBLEM_UNDECIDED] =
        {NULL, "All processes can be matched within the limits again.", true},
    [PROBLEM_HUNG] = {NULL, "The /proc files of all processes answer again.",
                      true},
    [PROBLEM_CLOCKS] = {describe_clocks, "", false},
    [PROBLEM_LISTENER] = {describe_listener, "Exit records arrive.", false},
    [PROBLEM_OLD_RECORDS] = {describe_old_records, "", false},
    [PROBLEM_STRANGE_RECORDS] = {describe_strange_records, "", false},
    [PROBLEM_EVENTS] = {describe_events, "Process events arrive.", false},
    [PROBLEM_GROUPS] = {describe_groups, "", false},
    [PROBLEM_EXIT_LOG] = {exit_log_describe, "ExitLog can be written again.",
                          false},
};

/* Whether this cause was logged recently. */
static bool is_recent(const struct logged_problem *logged, int status,
                      uint64_t time_s, uint64_t pause_s) {
  for (size_t i = 0; i < DIAGNOSTICS_CAUSES; i++)
    if (logged->causes[i].status == status &&
        time_s - logged->causes[i].time_s < pause_s)
      return true;
  return false;
}

/* Whether to log now that a problem has this cause. */
static bool note_cause(struct logged_problem *logged, int status,
                       uint64_t time_s, uint64_t pause_s) {
  logged->is_over = false;
  if (status == logged->status || is_recent(logged, status, time_s, pause_s))
    return false;
  logged->status = status;
  logged->causes[logged->next_cause].status = status;
  logged->causes[logged->next_cause].time_s = time_s;
  logged->next_cause = (logged->next_cause + 1) % DIAGNOSTICS_CAUSES;
  return true;
}

/* Whether to log now that a problem has ended. */
static bool note_end(struct logged_problem *logged, uint64_t time_s,
                     uint64_t settle_s) {
  if (logged->status == 0)
    return false;
  if (!logged->is_over)
    logged->over_since_s = time_s;
  logged->is_over = time_s - logged->over_since_s < settle_s;
  if (!logged->is_over)
    logged->status = 0;
  return logged->status == 0;
}

static void update_problem(struct logged_problem *logged, enum problem problem,
                           int status, const struct problem_report *now,
                           void (*say)(bool is_warning, const char *line)) {
  bool is_of_members = diagnostics_table[problem].is_of_members;
  char line[512];

  if (status == 0) {
    if (note_end(logged, now->time_s, is_of_members ? MINUTE_S : 0))
      say(false, diagnostics_table[problem].gone);
    return;
  }
  if (!note_cause(logged, status, now->time_s,
                  is_of_members ? HOUR_S : MINUTE_S))
    return;
  if (problem == PROBLEM_UNDECIDED)
    describe_undecided(now->read, line, sizeof(line));
  else if (problem == PROBLEM_HUNG)
    describe_hung(now->read, line, sizeof(line));
  else
    diagnostics_table[problem].describe(status, line, sizeof(line));
  say(true, line);
}

void diagnostics_update(struct diagnostics *diagnostics,
                        const struct problem_report *now,
                        void (*say)(bool is_warning, const char *line)) {
  const struct reader_report *read = now->read;
  const int status[PROBLEMS] = {
      [PROBLEM_PROC] = read->proc,
      [PROBLEM_TASKSTATS] = read->taskstats,
      [PROBLEM_DELAYS_OFF] = read->delay_accounting,
      [PROBLEM_IO] = read->io,
      [PROBLEM_MEMORY] = read->memory,
      [PROBLEM_FILES] = read->files,
      [PROBLEM_SELECT] = read->select,
      [PROBLEM_UNDECIDED] = read->undecided > 0 ? -EOVERFLOW : 0,
      [PROBLEM_HUNG] = read->hung > 0 ? -ETIMEDOUT : 0,
      [PROBLEM_CLOCKS] = read->clocks,
      [PROBLEM_LISTENER] = now->listener,
      [PROBLEM_OLD_RECORDS] = now->has_unattributed ? -ENODATA : 0,
      [PROBLEM_STRANGE_RECORDS] = now->rejection,
      [PROBLEM_EVENTS] = now->events,
      [PROBLEM_GROUPS] = now->is_full ? -ENOSPC : 0,
      [PROBLEM_EXIT_LOG] = now->exit_log,
  };

  for (enum problem i = 0; i < PROBLEMS; i++)
    /* A read without processes does not show whether they can be read. */
    if (read->proc == 0 || !diagnostics_table[i].is_of_members)
      update_problem(&diagnostics->problems[i], i, status[i], now, say);
}
