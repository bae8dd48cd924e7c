/* SPDX-License-Identifier: MIT */
#include "report/lookup.h"

#include "kernel/libc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void describe_user_number(const struct user_change *change, char *line,
                                 size_t size) {
  switch (change->error) {
  case 0:
    snprintf(line, size, "Users can be looked up again.");
    break;
  case -ENOSPC:
    snprintf(line, size,
             "Cannot keep the names of more than 20,000 users: for further "
             "users, %%{user} is the user's number.");
    break;
  case -ENOENT:
    snprintf(line, size,
             "Cannot find user %u any more: a directory server may be down. "
             "Names that are known stay in use. Check \"getent passwd %u\"; to "
             "forget a user who was removed, restart collectd.",
             change->uid, change->uid);
    break;
  default:
    snprintf(line, size,
             "Cannot look up the name of user %u (%s). Names that are known "
             "stay in use; for other users, the number is used after a minute, "
             "until collectd is restarted. Check \"getent passwd %u\".",
             change->uid, strerrordesc_np(-change->error), change->uid);
  }
}

static void describe_user_name(const struct user_change *change, char *line,
                               size_t size) {
  bool is_known = change->known == USER_FOUND;
  if (change->error == 0)
    snprintf(line, size, "User \"%s\" exists now: %u.", change->name,
             change->uid);
  else if (change->error == -ENOENT && is_known)
    snprintf(line, size,
             "Cannot find user \"%s\" any more: a directory server may be "
             "down. The number %u stays in use. Check \"getent passwd %s\"; to "
             "forget a user who was removed, restart collectd.",
             change->name, change->uid, change->name);
  else if (change->error == -ENOENT)
    snprintf(line, size,
             "User \"%s\" does not exist: the groups that select it have no "
             "processes of this user. It is looked up again every ten seconds.",
             change->name);
  else
    snprintf(line, size,
             "Cannot look up user \"%s\" (%s). %s It is looked up again every "
             "ten seconds; a user's number needs no lookup.",
             change->name, strerrordesc_np(-change->error),
             is_known
                 ? "The number that was found before stays in use."
                 : "The groups that select it have no processes of this user.");
}

bool lookup_describe_user(const struct user_change *change, char *line,
                          size_t size) {
  if (change->name[0] == '\0')
    describe_user_number(change, line, size);
  else
    describe_user_name(change, line, size);
  return change->error != 0;
}

static const char *path_remedy(const struct path_change *change) {
  switch (change->error) {
  case -ETIMEDOUT:
    return "its file system does not answer. Check the mount and its server";
  case -EACCES:
  case -EPERM:
    return "give collectd's user access to the file and to the directories "
           "above it, or CAP_DAC_READ_SEARCH";
  case -ENOENT:
    return "correct the path, or install the program";
  case -EISDIR:
    return "name a file in this directory";
  case -EBADMSG:
    return "it must begin with process ids";
  case -E2BIG:
    return "select that many processes in another way, for example by Unit";
  case -ENODATA:
    return "restart the service, which writes its process id there, or remove "
           "the file if the service has ended";
  case -EINVAL:
    return "name the file to which the service writes its process id";
  case -ENOEXEC:
    return "name the program itself. What runs a script is its interpreter, so "
           "select a script by CommandLine";
  default:
    return "it is tried again";
  }
}

static const char *path_cause(int error) {
  switch (error) {
  case -EBADMSG:
    return "no process id";
  case -E2BIG:
    return "too many process ids";
  case -ENODATA:
    return "it is empty";
  case -EINVAL:
    return "not a regular file";
  case -ENOEXEC:
    return "not a program, or a script";
  default:
    return strerrordesc_np(-error);
  }
}

bool lookup_describe_path(const struct path_change *change, char *line,
                          size_t size) {
  bool is_pid_file = change->kind == PATH_PID_FILE;
  const char *option = is_pid_file ? "PIDFile" : "Executable";
  if (change->error == 0)
    snprintf(line, size, "%s \"%s\" can be read again.", option, change->path);
  else
    snprintf(line, size, "Cannot read %s \"%s\" (%s): %s. %s", option,
             change->path, path_cause(change->error), path_remedy(change),
             is_pid_file ? "The processes that it named before stay selected."
                         : "Processes are selected by this path as written.");
  return change->error != 0;
}
