/* SPDX-License-Identifier: MIT */
#include "report/member_problems.h"

#include "kernel/libc.h"
#include "report/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The privileges that the procfs files of other users' processes require, as
 * bits of the capabilities below: executables require ptrace access, the list
 * of open files (mode 0500) overriding its mode, and I/O (mode 0400) both. */
enum { WANTS_NOTHING = 0, WANTS_PTRACE = 1, WANTS_OPEN = 2 };

/* Describes the cause and the remedy. */
static void describe_access(int status, unsigned int wanted, char *cause,
                            size_t size) {
  static const struct {
    unsigned int number, instead;
    const char *name;
  } capabilities[] = {
      {CAP_SYS_PTRACE, CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
      {CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, "CAP_DAC_READ_SEARCH"}};
  char lacks[64] = "";

  for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
    if ((wanted & 1U << i) != 0 && !privileges_have(capabilities[i].number) &&
        !privileges_have(capabilities[i].instead))
      snprintf(lacks + strlen(lacks), sizeof(lacks) - strlen(lacks), "%s%s",
               lacks[0] != '\0' ? " and " : "", capabilities[i].name);
  if (status == -ENOENT)
    snprintf(cause, size,
             "this kernel does not count it. Run one that is built with "
             "CONFIG_TASK_IO_ACCOUNTING");
  else if (status != -EACCES && status != -EPERM)
    snprintf(cause, size, "the kernel gives no further reason");
  else if (lacks[0] != '\0')
    snprintf(cause, size, "collectd lacks %s. %s", lacks,
             geteuid() == 0 ? PRIVILEGES_ROOT_REMEDY : PRIVILEGES_USER_REMEDY);
  else
    snprintf(cause, size,
             "collectd has the capabilities, but in another user namespace, or "
             "a security module (AppArmor, SELinux) forbids access");
}

void member_problems_describe_io(int status, char *line, size_t size) {
  char cause[256];
  describe_access(status, WANTS_PTRACE | WANTS_OPEN, cause, sizeof(cause));
  snprintf(line, size,
           "Cannot read the I/O of some processes (%s): %s. Their groups have "
           "no io_octets, io_ops and disk_octets.",
           strerrordesc_np(-status), cause);
}

void member_problems_describe_memory(int status, char *line, size_t size) {
  char cause[256];
  describe_access(status, WANTS_NOTHING, cause, sizeof(cause));
  snprintf(line, size,
           "Cannot read the memory of some processes (%s): %s. Their groups "
           "have no ps_rss, ps_vm, ps_data and ps_code.",
           strerrordesc_np(-status), cause);
}

void member_problems_describe_files(int status, char *line, size_t size) {
  char cause[256];
  describe_access(status, WANTS_OPEN, cause, sizeof(cause));
  snprintf(
      line, size,
      "Cannot count the open files of some processes (%s): %s. Their groups "
      "have no file_handles. Linux 6.2 and later needs no privilege for this.",
      strerrordesc_np(-status), cause);
}

void member_problems_describe_select(int status, char *line, size_t size) {
  char cause[256];
  if (status == -EXDEV) {
    snprintf(line, size,
             "Cannot see the cgroups of some processes: collectd runs in its "
             "own cgroup namespace. Run it in the host's (docker "
             "--cgroupns=host). Until then, ControlGroup, Unit, %%{unit} and "
             "%%{cgroup} leave these processes out.");
    return;
  }
  describe_access(status, WANTS_PTRACE, cause, sizeof(cause));
  snprintf(line, size,
           "Cannot read the executables of some processes (%s): %s. Executable "
           "does not select them.",
           strerrordesc_np(-status), cause);
}
