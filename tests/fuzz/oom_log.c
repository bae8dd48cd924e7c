/* SPDX-License-Identifier: MIT */
#include "kernel/oom_log.h"

#include "fuzz/fuzz.h"

/*
 * Records of /dev/kmsg, each terminated by a NUL, from the input; and those
 * that the kernel writes about a victim with names from the input. The cgroup
 * whose limit was reached is found or, if names look like the rest of the line,
 * unknown; it is never another one.
 */

enum { NAME_SIZE = 64, COMM_SIZE = 16, TEXT_SIZE = 2048, PID = 7 };

static void check_any(struct fuzz_input *input) {
  static struct oom_log log;
  struct oom_kill kill;
  log = (struct oom_log){.pid = 0};
  while (input->left > 0) {
    char *record = fuzz_take_string(input);
    memset(&kill, 'x', sizeof(kill));
    if (oom_log_take(&log, record, &kill)) {
      fuzz_check(memchr(kill.cgroup, '\0', sizeof(kill.cgroup)) != NULL);
      fuzz_check(kill.limit == OOM_LIMIT_CGROUP || kill.cgroup[0] == '\0');
      fuzz_check(strstr(record, "Killed process ") != NULL);
    }
    free(record);
  }
}

/* The bytes of the input up to a NUL, at most size, except these. */
static void take_name(struct fuzz_input *input, char *name, size_t size,
                      const char *forbidden) {
  char *taken = fuzz_take_string(input);
  snprintf(name, size, "%s", taken);
  free(taken);
  for (char *at = name; *at != '\0'; at++)
    if (strchr(forbidden, *at) != NULL)
      *at = ',';
}

/* The same as the path of a cgroup, without the slash in front. */
static void take_path(struct fuzz_input *input, char *path, size_t size) {
  take_name(input, path, size, "\n");
  for (char *at = path; *at != '\0'; at++)
    if (*at == '/' && (at == path || at[-1] == '/' || at[1] == '\0'))
      *at = ',';
}

struct names {
  char comm[COMM_SIZE], cpuset[NAME_SIZE], limit[NAME_SIZE], task[NAME_SIZE];
};

/* Whether a name contains a separator. */
static bool is_hostile(const char *name) {
  return strstr(name, ",task") != NULL || strstr(name, ",oom_memcg=") != NULL;
}

/* Like devkmsg_read: escapes unprintable bytes. */
static void write_record(const char *head, const char *text,
                         char record[4 * TEXT_SIZE]) {
  size_t used = (size_t)snprintf(record, TEXT_SIZE, "%s", head);
  for (const char *at = text; *at != '\0'; at++) {
    bool is_plain = *at >= ' ' && *at < 127 && *at != '\\';
    used += (size_t)snprintf(record + used, 8, is_plain ? "%c" : "\\x%02x",
                             (unsigned char)*at);
  }
  snprintf(record + used, 2, "\n");
}

static void check_names(const struct names *names) {
  static struct oom_log log;
  static char text[TEXT_SIZE], record[4 * TEXT_SIZE];
  struct oom_kill kill;

  log = (struct oom_log){.pid = 0};
  snprintf(text, sizeof(text),
           "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=%s,"
           "mems_allowed=0,oom_memcg=/%s,task_memcg=/%s%s%s,task=%s,pid=%d,"
           "uid=0",
           names->cpuset, names->limit, names->limit,
           names->task[0] != '\0' ? "/" : "", names->task, names->comm, PID);
  write_record("6,1293,39340407036,-;", text, record);
  fuzz_check(!oom_log_take(&log, record, &kill));
  snprintf(text, sizeof(text),
           "Memory cgroup out of memory: Killed process %d (%s) "
           "total-vm:119148kB, anon-rss:20096kB, UID:0",
           PID, names->comm);
  write_record("3,1294,39340407071,-,caller=T1;", text, record);
  fuzz_check(oom_log_take(&log, record, &kill));
  fuzz_check(kill.pid == PID && kill.limit == OOM_LIMIT_CGROUP);
  fuzz_check(kill.time_us == UINT64_C(39340407071));
  bool is_known = kill.cgroup[0] != '\0';
  fuzz_check(!is_known || (kill.cgroup[0] == '/' &&
                           strcmp(kill.cgroup + 1, names->limit) == 0));
  fuzz_check(is_known || is_hostile(names->comm) || is_hostile(names->cpuset) ||
             is_hostile(names->limit) || is_hostile(names->task));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input any = {data, size}, input = {data, size};
  struct names names;
  check_any(&any);
  take_name(&input, names.comm, sizeof(names.comm), "");
  take_name(&input, names.cpuset, sizeof(names.cpuset), "/\n");
  take_path(&input, names.limit, sizeof(names.limit));
  take_path(&input, names.task, sizeof(names.task));
  if (names.limit[0] != '\0')
    check_names(&names);
  return 0;
}
