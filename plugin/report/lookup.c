/* SPDX-License-Identifier: MIT */
#include "report/lookup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void describe_user_number(const struct user_change *change, char *line,
                                 size_t size) {
  snprintf(line, size,
           change->error == 0
               ? "Users can be looked up again."
               : "The name of user %u cannot be looked up: %s. Names that are "
                 "known stay in use; of other users the number is used after "
                 "a minute. See \"getent passwd %u\".",
           change->uid, strerrordesc_np(-change->error), change->uid);
}

static void describe_user_name(const struct user_change *change, char *line,
                               size_t size) {
  if (change->error == 0)
    snprintf(line, size, "User \"%s\" is known now: %u.", change->name,
             change->uid);
  else if (change->error == -ENOENT)
    snprintf(line, size,
             "User \"%s\" does not exist, so the groups that select it have no "
             "processes of it. It is looked up again every ten seconds.",
             change->name);
  else
    snprintf(line, size,
             "User \"%s\" cannot be looked up: %s. %s It is looked up again "
             "every ten seconds; the user's number needs no lookup.",
             change->name, strerrordesc_np(-change->error),
             change->known == USER_FOUND
                 ? "The number that was found before stays in use."
                 : "The groups that select it have no processes of it.");
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
    return "its file system does not answer; see \"mount\" and its server";
  case -EACCES:
  case -EPERM:
    return "give collectd's user access to it and to the directories above, or "
           "CAP_DAC_READ_SEARCH";
  case -ENOENT:
    return "correct the path, or install the program";
  case -EISDIR:
    return "name a file in this directory";
  case -EBADMSG:
    return "it must contain a process's number and nothing else";
  default:
    return "it is tried again";
  }
}

bool lookup_describe_path(const struct path_change *change, char *line,
                          size_t size) {
  bool is_pid_file = change->kind == PATH_PID_FILE;
  const char *option = is_pid_file ? "PIDFile" : "Executable";
  if (change->error == 0)
    snprintf(line, size, "%s \"%s\" can be read again.", option, change->path);
  else
    snprintf(line, size, "%s \"%s\" cannot be read (%s): %s. %s", option,
             change->path,
             change->error == -EBADMSG ? "no process id"
                                       : strerrordesc_np(-change->error),
             path_remedy(change),
             is_pid_file ? "The process that it named last stays in use."
                         : "Processes are selected by this path as it stands.");
  return change->error != 0;
}
