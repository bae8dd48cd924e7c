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
    return "this kernel has no taskstats; run one that is built with "
           "CONFIG_TASKSTATS and CONFIG_TASK_DELAY_ACCT";
  case -EAFNOSUPPORT:
    return "netlink sockets are forbidden here; add AF_NETLINK to "
           "RestrictAddressFamilies= of collectd's service, or allow it in the "
           "container's seccomp filter";
  case -EPERM:
    if (privileges_have(CAP_NET_ADMIN) && privileges_are_filtered())
      return "the seccomp filter of collectd's service (SystemCallFilter=) or "
             "container forbids it, or the capability CAP_NET_ADMIN is of a "
             "user namespace of its own only";
    if (privileges_have(CAP_NET_ADMIN))
      return "collectd has CAP_NET_ADMIN in a user namespace of its own only; "
             "run it outside of the container, or in the host's user namespace";
    return geteuid() == 0
               ? "collectd lacks CAP_NET_ADMIN; " PRIVILEGES_ROOT_REMEDY
               : "collectd lacks CAP_NET_ADMIN; " PRIVILEGES_USER_REMEDY;
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
  if (status == -EOPNOTSUPP) {
    snprintf(line, size,
             "This kernel does not count delays, so that delay-cpu alone is "
             "known: run one that is built with CONFIG_TASK_DELAY_ACCT, "
             "without nodelayacct on its command line.");
    return;
  }
  if (status != -ENODATA) {
    snprintf(line, size,
             "Whether delay accounting is on cannot be told (%s), so of the "
             "delays delay-cpu alone is reported. Let collectd see "
             "/proc/sys/kernel/task_delayacct: /proc mounted, and no "
             "ProcSubset=pid in its service.",
             strerrordesc_np(-status));
    return;
  }
  snprintf(line, size,
           "Delay accounting is off, so of the delays delay-cpu alone is "
           "known. To count all: \"sysctl kernel.task_delayacct=1\" (for good: "
           "in /etc/sysctl.d) or EnableDelayAccounting true; then restart the "
           "services, since what runs already is not counted.");
}

static const char *undecided_cause(enum pattern_result limit) {
  switch (limit) {
  case PATTERN_MEMORY:
    return "it takes more than 16 MiB of memory, or 64 MiB without machine "
           "code: write \"[^ ]*\" or \".*\" instead of alternatives and "
           "parentheses that repeat";
  case PATTERN_BUSY:
    return "all matching takes more than a tenth of the time, or one user's "
           "processes a quarter of that: they are tried again within seconds. "
           "Anchor it (\"^\")";
  default:
    return "it takes more steps than one match may take: anchor it (\"^\"), "
           "and write \"[^ ]*\" instead of \".*\" where that will do";
  }
}

static void describe_undecided(const struct reader_report *read, char *line,
                               size_t size) {
  snprintf(line, size,
           "Expressions could not decide about %zu %s within their limits, so "
           "that these keep the groups that they have. For \"%.80s\" of "
           "\"%.80s\", %s.",
           read->undecided, read->undecided == 1 ? "process" : "processes",
           read->undecided_expression, read->undecided_rule,
           undecided_cause(read->undecided_limit));
}

static void describe_hung(const struct reader_report *read, char *line,
                          size_t size) {
  snprintf(line, size,
           "The files in /proc of %zu %s, such as %d, do not answer: a file "
           "system seems to hang during exec or mmap. They are left out until "
           "they answer. Repair the file system, or kill the process.",
           read->hung, read->hung == 1 ? "process" : "processes",
           read->hung_pid);
}

static void describe_clocks(int status, char *line, size_t size) {
  (void)status;
  snprintf(line, size,
           "collectd runs in a time namespace whose clocks are not the "
           "machine's, so that waits for a disk which the kernel never had "
           "(Linux 6.12 and later) cannot be told from true ones: delay-blkio "
           "is a bound. Run collectd in the initial time namespace.");
}

static const char *proc_cause(int status) {
  switch (status) {
  case -EACCES:
    return "those of other users are hidden (hidepid= of /proc, ProtectProc= "
           "of the service); give collectd CAP_SYS_PTRACE";
  case -ENODEV:
    return "there is none in /proc; mount it";
  case -EXDEV:
    return "/proc is that of another pid namespace; mount one of collectd's "
           "own, or run collectd in the host's (docker --pid=host)";
  case -ETIMEDOUT:
    return "the files of too many do not answer: a file system seems to hang "
           "during exec or mmap; repair it, or kill them";
  default:
    return "is /proc mounted?";
  }
}

static void describe_proc(int status, char *line, size_t size) {
  snprintf(line, size,
           "Processes cannot be listed (%s): %s. Meanwhile groups have no "
           "values but those of exit records.",
           strerrordesc_np(-status), proc_cause(status));
}

static const char *listener_cause(int status) {
  switch (status) {
  case -ENODATA:
    return "the kernel takes listeners in any network namespace but sends to "
           "the initial one only; run collectd there";
  case -EINVAL:
    return "collectd runs in a pid namespace of its own; run it in the "
           "initial one";
  case -ERANGE:
    return "WatchCPUs has a CPU that this machine cannot have; see "
           "/sys/devices/system/cpu/possible";
  default:
    return taskstats_cause(status);
  }
}

static void describe_listener(int status, char *line, size_t size) {
  snprintf(line, size,
           "Exit records do not arrive (%s): %s. What a process used after the "
           "last read that saw it is not counted, nor is its end.",
           strerrordesc_np(-status), listener_cause(status));
}

static void describe_old_records(int status, char *line, size_t size) {
  (void)status;
  snprintf(line, size,
           "This kernel's exit records, before version 12, do not tell all "
           "threads from processes: the ends of processes that no read has "
           "seen are not counted. Linux 5.19 or later tells.");
}

static void describe_strange_records(int status, char *line, size_t size) {
  snprintf(line, size,
           "Some exit records cannot be understood (%s): what their processes "
           "used last is not counted, nor are their ends. Please report it, "
           "with what \"uname -r\" says.",
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
    return "The connection to the kernel failed; restart collectd, which opens "
           "a new one";
  }
}

static void describe_events(int status, char *line, size_t size) {
  snprintf(line, size,
           "Process events do not arrive (%s): of a process that no read has "
           "seen, the command line is unknown, and so are Descendants whose "
           "parent has ended; a change of groups takes effect with the next "
           "read, which lists /proc. %s, or set ProcessEvents to false.",
           strerrordesc_np(-status), events_remedy(status));
}

static void describe_groups(int status, char *line, size_t size) {
  (void)status;
  snprintf(line, size,
           "There are as many groups as MaxGroups allows: further ones are "
           "added up in \"other\". Raise MaxGroups, or give the group a name "
           "or selectors that make fewer.");
}

enum { MINUTE_S = 60, HOUR_S = 3600 };

static const struct {
  void (*describe)(int status, char *line, size_t size);
  const char *gone;
  bool is_of_members; /* depends on which processes there are */
} diagnostics_table[PROBLEMS] = {
    [PROBLEM_PROC] = {describe_proc, "Processes can be listed again.", false},
    [PROBLEM_TASKSTATS] = {describe_taskstats,
                           "Delays and context switches can be read again.",
                           false},
    [PROBLEM_DELAYS_OFF] = {describe_delays_off, "Delay accounting is on.",
                            false},
    [PROBLEM_IO] = {member_problems_describe_io, "All I/O can be read again.",
                    true},
    [PROBLEM_MEMORY] = {member_problems_describe_memory,
                        "All memory can be read again.", true},
    [PROBLEM_FILES] = {member_problems_describe_files,
                       "All open files can be counted again.", true},
    [PROBLEM_SELECT] = {member_problems_describe_select,
                        "All processes can be selected.", true},
    [PROBLEM_UNDECIDED] = {NULL,
                           "All processes can be matched within the limit.",
                           true},
    [PROBLEM_HUNG] = {NULL, "All processes answer again.", true},
    [PROBLEM_CLOCKS] = {describe_clocks, "", false},
    [PROBLEM_LISTENER] = {describe_listener, "Exit records arrive.", false},
    [PROBLEM_OLD_RECORDS] = {describe_old_records, "", false},
    [PROBLEM_STRANGE_RECORDS] = {describe_strange_records, "", false},
    [PROBLEM_EVENTS] = {describe_events, "Process events arrive.", false},
    [PROBLEM_GROUPS] = {describe_groups, "", false},
    [PROBLEM_EXIT_LOG] = {exit_log_describe, "ExitLog is written.", false},
};

/* Whether a cause was logged a short time ago. */
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

/* Whether to log now that a problem is over. */
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
    /* A read that found nobody says nothing of what cannot be read of them. */
    if (read->proc == 0 || !diagnostics_table[i].is_of_members)
      update_problem(&diagnostics->problems[i], i, status[i], now, say);
}
