/* SPDX-License-Identifier: MIT */
#include "channel.h"
#include "fail.h"
#include "findings.h"
#include "loads.h"
#include "privileges.h"
#include "probe.h"
#include "system.h"
#include "watch.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char usage[] =
    "Usage: taskstats-probe check [OPTION]...\n"
    "Checks whether taskstats work with this kernel, container and user, and\n"
    "shows what to do if not. Each line is good, degraded or bad; \"->\" is\n"
    "the remedy.\n"
    "\n"
    "  -d, --plugin-dir DIR  where taskstats.so is (collectd's own directory)\n"
    "  -j, --json            print each line as a JSON object\n"
    "\n"
    "Exit status: 0 all is good, 1 something is degraded, 2 something bad.\n";

enum { TEXT_SIZE = 512 };

struct check {
  struct findings findings;
  const char *plugin_dir;  /* NULL: to be found */
  struct channel *channel; /* NULL: there is none */
};

static void check_kernel(struct check *check) {
  struct utsname system;
  uname(&system);
  int error = channel_open(&check->channel);
  if (error == 0)
    findings_tell(&check->findings, GOOD, "kernel", "", "%s %s has taskstats",
                  system.sysname, system.release);
  else if (error == -ENOENT)
    findings_tell(&check->findings, BAD, "kernel",
                  "run a kernel with CONFIG_TASKSTATS, such as Debian's",
                  "%s %s has no taskstats", system.sysname, system.release);
  else
    findings_tell(
        &check->findings, BAD, "kernel",
        "allow AF_NETLINK (RestrictAddressFamilies= of the service, seccomp "
        "profile of the container)",
        "cannot open a netlink socket: %s", strerror(-error));
}

/* The fields that each version added, as text. */
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
    findings_tell(&check->findings, BAD, "query",
                  error == -EPERM ? "see CAP_NET_ADMIN and user namespace"
                                  : "report this with the output of uname -a",
                  "cannot read the record of this process: %s",
                  strerror(-error));
    return;
  }
  uint64_t version = answer.parts[ANSWER_THREAD].stats.values[FIELD_version];
  describe(version, text);
  findings_tell(
      &check->findings, GOOD, "taskstats version", "",
      "%llu%s, payload of %zu bytes", (unsigned long long)version,
      version > STATS_VERSION_NEWEST ? ", newer than this program knows" : "",
      answer.parts[ANSWER_THREAD].size);
  findings_tell(&check->findings,
                version < STATS_VERSION_LAST_THREAD ? DEGRADED : GOOD, "fields",
                "run a newer kernel; 5.19 and later identify the last thread "
                "of a process",
                "%s", text);
}

static void check_delays(struct check *check) {
  char command_line[4096] = "";
  system_line("/proc/cmdline", command_line, sizeof(command_line));
  switch (system_delays()) {
  case SYSTEM_COUNTED:
    findings_tell(
        &check->findings, GOOD, "delay accounting", "",
        "on; all waits are counted for processes that start while it is on");
    return;
  case SYSTEM_OFF:
    findings_tell(
        &check->findings, DEGRADED, "delay accounting",
        "sysctl kernel.task_delayacct=1, and at boot by /etc/sysctl.d; then "
        "restart the services",
        "off: only waits for a CPU are counted%s",
        access("/proc/sys/kernel/task_delayacct", W_OK) < 0 && errno == EROFS
            ? "; /proc/sys is read-only here (ProtectKernelTunables=, a "
              "container): switch it on outside"
            : "");
    return;
  case SYSTEM_HIDDEN:
    findings_tell(&check->findings, DEGRADED, "delay accounting",
                  "remove ProcSubset=pid from the service; mount /proc without "
                  "subset=pid",
                  "unknown: /proc/sys is hidden");
    return;
  default:
    break;
  }
  if (strstr(command_line, "nodelayacct") != NULL)
    findings_tell(&check->findings, DEGRADED, "delay accounting",
                  "remove nodelayacct from the kernel's command line",
                  "off: only waits for a CPU are counted");
  else
    findings_tell(&check->findings, DEGRADED, "delay accounting",
                  "run a kernel with CONFIG_TASK_DELAY_ACCT, unless this one "
                  "is older than 5.14, which has no switch",
                  "there is no kernel.task_delayacct");
}

static void check_exit_records(struct check *check) {
  char cpus[WATCH_CPUS_SIZE];
  struct watch_proof proof = {0};
  if (watch_all_cpus(cpus))
    findings_tell(&check->findings, GOOD, "possible CPUs", "", "%s", cpus);
  else
    findings_tell(&check->findings, DEGRADED, "possible CPUs",
                  "mount -t sysfs sysfs /sys",
                  "/sys does not list them; assumed: %s", cpus);
  if (check->channel == NULL)
    return;
  int error = channel_watch(check->channel, cpus, watch_proof_handler, &proof);
  if (error < 0)
    findings_tell(&check->findings, DEGRADED, "exit records",
                  error == -EPERM    ? "see CAP_NET_ADMIN and user namespace"
                  : error == -EINVAL ? "see pid namespace"
                                     : "see possible CPUs",
                  "the kernel refuses the listener: %s", strerror(-error));
  else if (!watch_prove(check->channel, cpus, &proof))
    findings_tell(&check->findings, DEGRADED, "exit records",
                  "run in the initial network namespace: docker run "
                  "--net=host, hostNetwork: true, no PrivateNetwork=",
                  "the kernel accepts the listener, but sends nothing");
  else
    findings_tell(&check->findings, GOOD, "exit records", "", "%s",
                  proof.seen ? "self-test record received"
                             : "accepted, but no self-test was possible");
  if (error == 0)
    channel_unwatch(check->channel);
}

static void check_buffer(struct check *check) {
  char most[32] = "unknown";
  if (check->channel == NULL)
    return;
  system_line("/proc/sys/net/core/rmem_max", most, sizeof(most));
  int got = channel_set_buffer(check->channel, CHANNEL_BUFFER);
  if (got >= CHANNEL_BUFFER)
    findings_tell(
        &check->findings, GOOD, "receive buffer", "",
        "%d bytes for exit records are available (net.core.rmem_max is %s)",
        got, most);
  else
    findings_tell(&check->findings, DEGRADED, "receive buffer",
                  "CAP_NET_ADMIN, or sysctl net.core.rmem_max=8388608",
                  "at most %d bytes (net.core.rmem_max is %s): records are "
                  "lost when many processes end at once",
                  got, most);
}

static void check_plugin(struct check *check) {
  char directory[TEXT_SIZE], path[TEXT_SIZE + 16];
  if (check->plugin_dir != NULL)
    snprintf(directory, sizeof(directory), "%s", check->plugin_dir);
  else if (!loads_directory(directory, sizeof(directory))) {
    findings_tell(&check->findings, DEGRADED, "plugin directory",
                  "apt install collectd-core, or --plugin-dir DIR",
                  "collectd was not found");
    return;
  }
  snprintf(path, sizeof(path), "%s/taskstats.so", directory);
  if (access(path, R_OK) < 0) {
    findings_tell(&check->findings, DEGRADED, "plugin directory",
                  "./build.sh install", "%s: %s", path, strerror(errno));
    return;
  }
  findings_tell(&check->findings, GOOD, "plugin directory", "",
                "%s is installed", path);
  char why[TEXT_SIZE];
  if (loads_plugin(directory, why, sizeof(why)))
    findings_tell(&check->findings, GOOD, "plugin", "", "collectd loads it");
  else
    findings_tell(&check->findings, BAD, "plugin",
                  "build it against this collectd: ./build.sh install", "%s",
                  why);
}

static int check_all(struct check *check) {
  check_kernel(check);
  privileges_check(&check->findings);
  check_record(check);
  check_delays(check);
  check_exit_records(check);
  privileges_check_io(&check->findings);
  check_buffer(check);
  check_plugin(check);
  channel_close(check->channel);
  return (int)check->findings.worst;
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
      check.findings.json = true;
    } else if (letter == 'h') {
      fputs(usage, stdout);
      return STATUS_OK;
    } else {
      return fail(STATUS_USAGE, "see taskstats-probe check --help");
    }
  }
  if (optind < argc)
    return fail(STATUS_USAGE, "check: unexpected argument \"%s\"; see --help",
                argv[optind]);
  return check_all(&check);
}
