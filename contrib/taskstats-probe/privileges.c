/* SPDX-License-Identifier: MIT */
#include "privileges.h"

#include "system.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Root lacks a capability only if it was removed. */
static const char *add_capabilities(void) {
  return geteuid() == 0
             ? "docker run --cap-add=, or CapabilityBoundingSet=CAP_NET_ADMIN "
               "CAP_SYS_PTRACE CAP_DAC_READ_SEARCH in the service"
             : "run as root, or AmbientCapabilities=CAP_NET_ADMIN "
               "CAP_SYS_PTRACE CAP_DAC_READ_SEARCH in the service";
}

static void check_capabilities(struct findings *findings) {
  static const struct {
    const char *name;
    uint64_t any;
    enum finding without;
    const char *means;
  } wanted[] = {
      {"CAP_NET_ADMIN", SYSTEM_NET_ADMIN, BAD,
       "the kernel refuses all requests"},
      {"CAP_SYS_PTRACE", SYSTEM_SYS_PTRACE, DEGRADED,
       "no I/O or executables of other users' processes"},
      {"CAP_DAC_READ_SEARCH", SYSTEM_DAC_READ_SEARCH | SYSTEM_DAC_OVERRIDE,
       DEGRADED, "no I/O of other users' processes"},
  };
  uint64_t has = system_capabilities();
  for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
    if ((has & wanted[i].any) != 0)
      findings_tell(findings, GOOD, wanted[i].name, "", "effective (user %u)",
                    geteuid());
    else
      findings_tell(findings, wanted[i].without, wanted[i].name,
                    add_capabilities(), "user %u lacks it: %s", geteuid(),
                    wanted[i].means);
}

/* Process 1 always exists, and belongs to another user unless this one is root.
 */
static void check_proc(struct findings *findings) {
  if (!system_has_proc())
    findings_tell(findings, BAD, "processes", "mount -t proc proc /proc",
                  "there is no procfs in /proc: no process can be listed");
  else if (!system_shows_others())
    findings_tell(findings, BAD, "processes",
                  "add CAP_SYS_PTRACE, or remove ProtectProc= from the "
                  "service, or mount /proc without hidepid=",
                  "processes of other users are hidden (hidepid= of /proc, "
                  "ProtectProc=)");
  else
    findings_tell(findings, GOOD, "processes", "",
                  "processes of all users can be listed");
}

static void check_seccomp(struct findings *findings) {
  findings_tell(findings, GOOD, "seccomp", "", "%s",
                system_is_filtered()
                    ? "a filter applies; the other lines show what it forbids"
                    : "no filter");
}

static void check_namespaces(struct findings *findings) {
  static const struct {
    const char *name;
    enum finding own;
    const char *means, *cure;
  } kinds[] = {
      {"user", BAD, "the kernel refuses all requests",
       "run in the initial user namespace: no rootless container, no "
       "PrivateUsers= of the service"},
      {"pid", DEGRADED, "no exit records, and only the processes in it",
       "docker run --pid=host, hostPID: true"},
      {"net", DEGRADED, "no exit records",
       "docker run --net=host, hostNetwork: true, no PrivateNetwork="},
      {"cgroup", DEGRADED,
       "control groups outside it have no name and cannot be selected",
       "docker run --cgroupns=host"},
      {"time", DEGRADED,
       "times since boot differ, and false waits for a disk cannot be "
       "recognised",
       "run in the initial time namespace"},
  };
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    char what[32];
    snprintf(what, sizeof(what), "%s namespace", kinds[i].name);
    enum system_namespace space = system_namespace(kinds[i].name);
    if (space == SYSTEM_OWN)
      findings_tell(findings, kinds[i].own, what, kinds[i].cure,
                    "not the initial one: %s", kinds[i].means);
    else
      findings_tell(findings, GOOD, what, "", "%s",
                    space == SYSTEM_INITIAL ? "the initial one"
                                            : "unknown; see exit records");
  }
}

void privileges_check(struct findings *findings) {
  check_proc(findings);
  check_capabilities(findings);
  check_seccomp(findings);
  check_namespaces(findings);
}

/* Counts the processes whose I/O can, and cannot, be read. */
static void count_io(unsigned *readable, unsigned *closed) {
  struct dirent *entry;
  DIR *proc = opendir("/proc");
  if (proc == NULL)
    return;
  while ((entry = readdir(proc)) != NULL) {
    char path[64], line[64];
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
        strtol(entry->d_name, NULL, 10) == getpid())
      continue;
    snprintf(path, sizeof(path), "/proc/%.20s/io", entry->d_name);
    if (system_line(path, line, sizeof(line)))
      ++*readable;
    else if (errno == EACCES || errno == EPERM)
      ++*closed;
  }
  closedir(proc);
}

/* A few processes may be protected even from processes that may trace others.
 */
void privileges_check_io(struct findings *findings) {
  unsigned readable = 0, closed = 0;
  uint64_t has = system_capabilities();
  bool may = (has & SYSTEM_SYS_PTRACE) != 0 &&
             (has & (SYSTEM_DAC_READ_SEARCH | SYSTEM_DAC_OVERRIDE)) != 0;
  count_io(&readable, &closed);
  if (access("/proc/self/io", F_OK) < 0)
    findings_tell(
        findings, DEGRADED, "I/O of others",
        "run a kernel with CONFIG_TASK_IO_ACCOUNTING, and mount /proc",
        "there is no /proc/<pid>/io");
  else if (closed == 0 || (may && closed < readable))
    findings_tell(findings, GOOD, "I/O of others", "",
                  "%u processes can be read%s", readable,
                  closed == 0 ? "" : ", a few are protected");
  else
    findings_tell(
        findings, DEGRADED, "I/O of others",
        may ? "AppArmor, SELinux or a user namespace forbids ptrace access"
            : add_capabilities(),
        "%u processes cannot be read, %u can", closed, readable);
}
