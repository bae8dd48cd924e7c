/* SPDX-License-Identifier: MIT */
#include "channel.h"
#include "fail.h"
#include "loads.h"
#include "probe.h"
#include "show.h"
#include "system.h"
#include "watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char usage[] =
    "Usage: taskstats-probe check [OPTION]...\n"
    "Whether this kernel, this container, this user can have taskstats, and\n"
    "what to do if not. A line each: good, degraded or bad; \"->\" is the "
    "cure.\n"
    "\n"
    "  -d, --plugin-dir DIR  where taskstats.so is (collectd's own directory)\n"
    "  -j, --json            a JSON object a line\n"
    "\n"
    "Exit status: 0 all is good, 1 something is degraded, 2 something is "
    "bad.\n";

enum { TEXT_SIZE = 512, BUFFER_WANTED = 8 * 1024 * 1024 };

enum state { GOOD, DEGRADED, BAD };

struct check {
  bool json;
  const char *plugin_dir; /* NULL: to be found */
  enum state worst;
  struct channel *channel; /* NULL: there is none */
};

/* Tells what was found, and unless it is good, the cure. */
__attribute__((format(printf, 5, 6))) static void
tell(struct check *check, enum state state, const char *what, const char *cure,
     const char *format, ...) {
  static const char *const names[] = {"good", "degraded", "bad"};
  char text[TEXT_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  show_clean(text);
  if (state > check->worst)
    check->worst = state;
  if (check->json) {
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s?}", "state", names[state], "what", what,
                  "says", text, "cure", state == GOOD ? NULL : cure);
    show_json_line(object);
    return;
  }
  printf("%-8s  %-18s %s\n", names[state], what, text);
  if (state != GOOD)
    printf("%-8s  %-18s -> %s\n", "", "", cure);
  fflush(stdout); /* the next one may take a while */
}

static void check_kernel(struct check *check) {
  struct utsname system;
  uname(&system);
  int error = channel_open(&check->channel);
  if (error == 0)
    tell(check, GOOD, "kernel", "", "%s %s has taskstats", system.sysname,
         system.release);
  else if (error == -ENOENT)
    tell(check, BAD, "kernel",
         "a kernel with CONFIG_TASKSTATS, as Debian's have",
         "%s %s has no taskstats", system.sysname, system.release);
  else
    tell(check, BAD, "kernel",
         "allow AF_NETLINK (RestrictAddressFamilies= of the service, seccomp "
         "profile of the container)",
         "no netlink socket: %s", strerror(-error));
}

static const char add_capabilities[] =
    "run as root, or AmbientCapabilities=CAP_NET_ADMIN CAP_SYS_PTRACE "
    "CAP_DAC_READ_SEARCH in the service";

static void check_capabilities(struct check *check) {
  static const struct {
    const char *name;
    uint64_t any;
    enum state without;
    const char *means;
  } wanted[] = {
      {"CAP_NET_ADMIN", SYSTEM_NET_ADMIN, BAD, "the kernel answers nothing"},
      {"CAP_SYS_PTRACE", SYSTEM_SYS_PTRACE, DEGRADED,
       "neither I/O nor executables of others"},
      {"CAP_DAC_READ_SEARCH", SYSTEM_DAC_READ_SEARCH | SYSTEM_DAC_OVERRIDE,
       DEGRADED, "no I/O of others"},
  };
  uint64_t has = system_capabilities();
  for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
    if ((has & wanted[i].any) != 0)
      tell(check, GOOD, wanted[i].name, "", "is there (user %u)", geteuid());
    else
      tell(check, wanted[i].without, wanted[i].name, add_capabilities,
           "user %u has it not: %s", geteuid(), wanted[i].means);
}

/* Process 1 is always there, and another user's unless this one is root. */
static void check_proc(struct check *check) {
  if (!system_has_proc())
    tell(check, BAD, "processes", "mount -t proc proc /proc",
         "there is no procfs in /proc: nothing can be listed");
  else if (!system_shows_others())
    tell(check, BAD, "processes",
         "CAP_SYS_PTRACE; or no ProtectProc= in the service, or /proc without "
         "hidepid=",
         "those of other users are hidden (hidepid= of /proc, ProtectProc=)");
  else
    tell(check, GOOD, "processes", "", "of all users can be listed");
}

static void check_seccomp(struct check *check) {
  tell(check, GOOD, "seccomp", "", "%s",
       system_is_filtered()
           ? "a filter applies; what it forbids shows in the other lines"
           : "no filter");
}

static void check_namespaces(struct check *check) {
  static const struct {
    const char *name;
    enum state own;
    const char *means, *cure;
  } kinds[] = {
      {"user", BAD, "the kernel answers nothing",
       "run in the initial user namespace: no rootless container, no "
       "PrivateUsers= of the service"},
      {"pid", DEGRADED, "no exit records, and the processes in it alone",
       "docker run --pid=host, hostPID: true"},
      {"net", DEGRADED, "no exit records",
       "docker run --net=host, hostNetwork: true, no PrivateNetwork="},
      {"cgroup", DEGRADED,
       "control groups outside have no name, and nothing is selected by them",
       "docker run --cgroupns=host"},
      {"time", DEGRADED,
       "times since boot differ, and false waits for a disk are not known",
       "run in the initial time namespace"},
  };
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    char what[32];
    snprintf(what, sizeof(what), "%s namespace", kinds[i].name);
    enum system_namespace space = system_namespace(kinds[i].name);
    if (space == SYSTEM_OWN)
      tell(check, kinds[i].own, what, kinds[i].cure, "not the initial one: %s",
           kinds[i].means);
    else
      tell(check, GOOD, what, "", "%s",
           space == SYSTEM_INITIAL ? "the initial one"
                                   : "cannot be told; see exit records");
  }
}

/* The fields that versions brought, for people. */
static void describe(uint64_t version, char text[TEXT_SIZE]) {
  snprintf(text, TEXT_SIZE, "waits for");
  for (int kind = 0; kind < STATS_KIND_COUNT; kind++) {
    enum stats_field field = stats_wait((enum stats_kind)kind).total;
    if (version < stats_about(field)->since)
      continue;
    strcat(text, " ");
    strcat(text, stats_kind_name((enum stats_kind)kind));
  }
  if (version >= stats_about(FIELD_cpu_delay_max)->since)
    strcat(text, "; longest and shortest wait of threads");
  if (version >= stats_about(FIELD_cpu_delay_max_ts)->since)
    strcat(text, "; when the longest was");
  if (version >= STATS_VERSION_LAST_THREAD)
    strcat(text, "; executable; last thread of a process");
}

static void check_record(struct check *check) {
  static struct answer answer;
  char text[TEXT_SIZE];
  if (check->channel == NULL)
    return;
  int error =
      channel_query(check->channel, ANSWER_THREAD, (uint32_t)getpid(), &answer);
  if (error < 0) {
    tell(check, BAD, "query",
         error == -EPERM ? "see CAP_NET_ADMIN and user namespace"
                         : "please report it with the output of uname -a",
         "of this very process: %s", strerror(-error));
    return;
  }
  uint64_t version = answer.parts[ANSWER_THREAD].stats.values[FIELD_version];
  describe(version, text);
  tell(check, GOOD, "taskstats version", "", "%llu%s, payload of %zu bytes",
       (unsigned long long)version,
       version > STATS_VERSION_NEWEST ? ", newer than any known here" : "",
       answer.parts[ANSWER_THREAD].size);
  tell(check, version < STATS_VERSION_LAST_THREAD ? DEGRADED : GOOD, "fields",
       "a newer kernel; 5.19 tells the last thread of a process", "%s", text);
}

static void check_delays(struct check *check) {
  char command_line[4096] = "";
  system_line("/proc/cmdline", command_line, sizeof(command_line));
  switch (system_delays()) {
  case SYSTEM_COUNTED:
    tell(check, GOOD, "delay accounting", "",
         "on; a process counts all its waits if it began while it was");
    return;
  case SYSTEM_OFF:
    tell(check, DEGRADED, "delay accounting",
         "sysctl kernel.task_delayacct=1, at boot by /etc/sysctl.d; then "
         "restart what is to be watched",
         "off: of the waits only those for a CPU are counted%s",
         access("/proc/sys/kernel/task_delayacct", W_OK) < 0 && errno == EROFS
             ? "; /proc/sys is read-only here (ProtectKernelTunables=, a "
               "container), so switch it on outside"
             : "");
    return;
  case SYSTEM_HIDDEN:
    tell(check, DEGRADED, "delay accounting",
         "no ProcSubset=pid in the service; /proc mounted without subset=pid",
         "cannot be told: /proc/sys is hidden");
    return;
  default:
    break;
  }
  if (strstr(command_line, "nodelayacct") != NULL)
    tell(check, DEGRADED, "delay accounting",
         "take nodelayacct from the kernel's command line",
         "off: of the waits only those for a CPU are counted");
  else
    tell(check, DEGRADED, "delay accounting",
         "a kernel with CONFIG_TASK_DELAY_ACCT, unless this one is older than "
         "5.14, which has no switch",
         "there is no kernel.task_delayacct");
}

static void check_exit_records(struct check *check) {
  char cpus[WATCH_CPUS_SIZE];
  struct watch_proof proof = {0};
  if (watch_all_cpus(cpus))
    tell(check, GOOD, "possible CPUs", "", "%s", cpus);
  else
    tell(check, DEGRADED, "possible CPUs", "mount -t sysfs sysfs /sys",
         "/sys does not tell; presumed are %s", cpus);
  if (check->channel == NULL)
    return;
  int error = channel_watch(check->channel, cpus, watch_proof_handler, &proof);
  if (error < 0)
    tell(check, DEGRADED, "exit records",
         error == -EPERM    ? "see CAP_NET_ADMIN and user namespace"
         : error == -EINVAL ? "see pid namespace"
                            : "see possible CPUs",
         "the kernel refuses: %s", strerror(-error));
  else if (!watch_prove(check->channel, cpus, &proof))
    tell(check, DEGRADED, "exit records",
         "the initial network namespace: docker run --net=host, "
         "hostNetwork: true, no PrivateNetwork=",
         "the kernel accepts, but sends nothing");
  else
    tell(check, GOOD, "exit records", "", "arrive: %s",
         proof.seen ? "that of an own thread did"
                    : "nothing could be tried, but they are accepted");
  if (error == 0)
    channel_unwatch(check->channel);
}

/* Counts the processes of which the I/O can, and cannot, be read. */
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

/* A few processes may be protected even from who may trace others. */
static void check_io(struct check *check) {
  unsigned readable = 0, closed = 0;
  uint64_t has = system_capabilities();
  bool may = (has & SYSTEM_SYS_PTRACE) != 0 &&
             (has & (SYSTEM_DAC_READ_SEARCH | SYSTEM_DAC_OVERRIDE)) != 0;
  count_io(&readable, &closed);
  if (access("/proc/self/io", F_OK) < 0)
    tell(check, DEGRADED, "I/O of others",
         "a kernel with CONFIG_TASK_IO_ACCOUNTING, and /proc mounted",
         "there is no /proc/<pid>/io");
  else if (closed == 0 || (may && closed < readable))
    tell(check, GOOD, "I/O of others", "", "of %u processes can be read%s",
         readable, closed == 0 ? "" : ", a few are protected");
  else
    tell(check, DEGRADED, "I/O of others",
         may ? "AppArmor, SELinux or a user namespace forbids ptrace access"
             : add_capabilities,
         "of %u processes cannot be read, of %u it can", closed, readable);
}

static void check_buffer(struct check *check) {
  char most[32] = "unknown";
  if (check->channel == NULL)
    return;
  system_line("/proc/sys/net/core/rmem_max", most, sizeof(most));
  int got = channel_set_buffer(check->channel, BUFFER_WANTED);
  if (got >= BUFFER_WANTED)
    tell(check, GOOD, "receive buffer", "",
         "%d bytes for exit records are to be had (net.core.rmem_max is %s)",
         got, most);
  else
    tell(check, DEGRADED, "receive buffer",
         "CAP_NET_ADMIN, or sysctl net.core.rmem_max=8388608",
         "no more than %d bytes (net.core.rmem_max is %s): records are lost "
         "when many processes end at once",
         got, most);
}

static void check_plugin(struct check *check) {
  char directory[TEXT_SIZE], path[TEXT_SIZE + 16];
  if (check->plugin_dir != NULL)
    snprintf(directory, sizeof(directory), "%s", check->plugin_dir);
  else if (!loads_directory(directory, sizeof(directory))) {
    tell(check, DEGRADED, "plugin directory",
         "apt install collectd-core, or --plugin-dir DIR",
         "there is no collectd");
    return;
  }
  snprintf(path, sizeof(path), "%s/taskstats.so", directory);
  if (access(path, R_OK) < 0) {
    tell(check, DEGRADED, "plugin directory", "./build.sh install", "%s: %s",
         path, strerror(errno));
    return;
  }
  tell(check, GOOD, "plugin directory", "", "%s is there", path);
  char why[TEXT_SIZE];
  if (loads_plugin(directory, why, sizeof(why)))
    tell(check, GOOD, "plugin", "", "collectd loads it");
  else
    tell(check, BAD, "plugin",
         "build it against this collectd: ./build.sh install", "%s", why);
}

static int check_all(struct check *check) {
  check_kernel(check);
  check_proc(check);
  check_capabilities(check);
  check_seccomp(check);
  check_namespaces(check);
  check_record(check);
  check_delays(check);
  check_exit_records(check);
  check_io(check);
  check_buffer(check);
  check_plugin(check);
  channel_close(check->channel);
  return (int)check->worst;
}

int check_main(int argc, char **argv) {
  static const struct option known[] = {
      {"plugin-dir", required_argument, NULL, 'd'},
      {"json", no_argument, NULL, 'j'},
      {"help", no_argument, NULL, 'h'},
      {0},
  };
  struct check check = {0};
  int letter;
  while ((letter = getopt_long(argc, argv, "d:jh", known, NULL)) != -1) {
    if (letter == 'd') {
      check.plugin_dir = optarg;
    } else if (letter == 'j') {
      check.json = true;
    } else if (letter == 'h') {
      fputs(usage, stdout);
      return STATUS_OK;
    } else {
      return fail(STATUS_USAGE, "see taskstats-probe check --help");
    }
  }
  if (optind < argc)
    return fail(STATUS_USAGE, "check: what is \"%s\"? See --help",
                argv[optind]);
  return check_all(&check);
}
