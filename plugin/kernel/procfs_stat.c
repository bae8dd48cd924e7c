/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include "kernel/procfs_file.h"

#include <errno.h>
#include <string.h>

/* Task flags (include/linux/sched.h), which <pid>/stat contains. */
#define PF_EXITING 0x4U
#define PF_FORKNOEXEC 0x40U
#define PF_KTHREAD 0x200000U

/* The fields of <pid>/stat, by their numbers in proc(5). */
enum {
  STAT_PPID = 4,
  STAT_FLAGS = 9,
  STAT_MINFLT = 10,
  STAT_CMINFLT = 11,
  STAT_MAJFLT = 12,
  STAT_CMAJFLT = 13,
  STAT_UTIME = 14,
  STAT_STIME = 15,
  STAT_NUM_THREADS = 20,
  STAT_STARTTIME = 22,
  STAT_FIELDS
};

/* Parses the numbers after the state, without the signs of a few that are not
 * used. */
static bool take_fields(const char *at, uint64_t fields[STAT_FIELDS]) {
  for (size_t i = STAT_PPID; i < STAT_FIELDS; i++) {
    if (*at++ != ' ')
      return false;
    at += *at == '-';
    if (!procfs_file_take_number(&at, &fields[i]))
      return false;
  }
  return true;
}

int procfs_stat(struct procfs *proc, pid_t pid, struct procfs_stat *stat) {
  char text[1024];
  ssize_t size = procfs_file_read(proc, pid, "stat", text, sizeof(text));
  if (size < 0)
    return (int)size;

  /* The name may contain spaces and parentheses: the last one ends it. */
  const char *name = strchr(text, '(');
  const char *end = strrchr(text, ')');
  uint64_t fields[STAT_FIELDS];
  if (name == NULL || end == NULL || end < name || end[1] != ' ' ||
      end[2] == '\0' || !take_fields(end + 3, fields))
    return -EBADMSG;

  size_t length = (size_t)(end - name - 1);
  if (length >= sizeof(stat->comm))
    length = sizeof(stat->comm) - 1;
  *stat = (struct procfs_stat){
      .state = end[2],
      .ppid = (pid_t)fields[STAT_PPID],
      .is_exiting = (fields[STAT_FLAGS] & PF_EXITING) != 0 || end[2] == 'Z' ||
                    end[2] == 'X',
      .is_forked = (fields[STAT_FLAGS] & PF_FORKNOEXEC) != 0,
      .is_kernel_thread = (fields[STAT_FLAGS] & PF_KTHREAD) != 0,
      .faults_minor = fields[STAT_MINFLT],
      .faults_major = fields[STAT_MAJFLT],
      .children_faults = fields[STAT_CMINFLT] + fields[STAT_CMAJFLT],
      .user_ticks = fields[STAT_UTIME],
      .system_ticks = fields[STAT_STIME],
      .threads = (uint32_t)fields[STAT_NUM_THREADS],
      .start_ticks = fields[STAT_STARTTIME],
  };
  memcpy(stat->comm, name + 1, length);
  return 0;
}

bool procfs_stat_has_ended(const struct procfs_stat *stat) {
  return (stat->state == 'Z' || stat->state == 'X') && stat->threads <= 1;
}
