/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include "kernel/procfs_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Arguments are separated and terminated by NULs; programs that write their
 * title there leave more NULs, or spaces, at the end. */
static void join_arguments(char *cmdline, size_t size) {
  while (size > 0 && (cmdline[size - 1] == '\0' || cmdline[size - 1] == ' '))
    size--;
  for (size_t i = 0; i < size; i++)
    if (cmdline[i] == '\0')
      cmdline[i] = ' ';
  cmdline[size] = '\0';
}

/* Enlarges the buffer for a command line. */
static int grow_cmdline(struct procfs *proc, size_t size) {
  if (size <= proc->cmdline_size)
    return 0;
  char *larger = realloc(proc->cmdline, size);
  if (larger == NULL)
    return -ENOMEM;
  proc->cmdline = larger;
  proc->cmdline_size = size;
  return 0;
}

int procfs_cmdline(struct procfs *proc, pid_t pid, char **cmdline) {
  ssize_t used;

  /* A process may change its arguments at any time, so a buffer that was too
   * small is filled again from the start. It may also make them span gigabytes
   * of its memory (PR_SET_MM_MAP), so there is a limit. */
  for (size_t size = proc->cmdline_size > 0 ? proc->cmdline_size : 1024;;
       size = size < PROCFS_CMDLINE_SIZE / 4 ? size * 4 : PROCFS_CMDLINE_SIZE) {
    int status = grow_cmdline(proc, size);
    if (status != 0)
      return status;
    used = procfs_file_read(proc, pid, "cmdline", proc->cmdline, size);
    if (used < 0)
      return (int)used;
    if ((size_t)used < size - 1 || size == PROCFS_CMDLINE_SIZE)
      break;
  }
  join_arguments(proc->cmdline, (size_t)used);
  *cmdline = strdup(proc->cmdline);
  return *cmdline != NULL ? 0 : -ENOMEM;
}

int procfs_exe(struct procfs *proc, pid_t pid, char *path, size_t size) {
  char buffer[PROCFS_NAME_SIZE];
  const char *name = procfs_file_name(buffer, pid, "exe");

  hang_guard_enter(&proc->guard, pid);
  ssize_t length = readlinkat(proc->fd, name, path, size - 1);
  int status = length < 0 ? -errno : 0;
  hang_guard_leave(&proc->guard);
  if (status != 0)
    return status;
  path[length] = '\0';
  procfs_file_cut_deleted(path);
  return 0;
}

int procfs_uid(struct procfs *proc, pid_t pid, uid_t *uid) {
  char text[4096]; /* "Uid:" is in the first lines */
  ssize_t size = procfs_file_read(proc, pid, "status", text, sizeof(text));
  if (size < 0)
    return (int)size;

  const char *line = strstr(text, "\nUid:");
  if (line == NULL || sscanf(line, "\nUid: %u", uid) != 1)
    return -EBADMSG;
  return 0;
}
