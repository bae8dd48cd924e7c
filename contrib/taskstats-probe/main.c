/* SPDX-License-Identifier: MIT */
/*
 * taskstats-probe: reads the kernel's taskstats, and reports why it cannot.
 *
 * It shares no code with the plugin, not even the netlink library, so that each
 * can be checked against the other.
 */
#include "../../plugin/version.h"
#include "fail.h"
#include "probe.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: taskstats-probe COMMAND [OPTION]... [ARGUMENT]...\n"
    "Shows what the kernel counts for processes and threads: CPU, waits, I/O.\n"
    "\n"
    "  check    check whether taskstats work with this kernel, container and\n"
    "           user, and show what to do if not\n"
    "  get      show the records of living processes or threads\n"
    "  listen   show the records of threads and processes as they end\n"
    "  capture  write records to a file as the kernel sent them\n"
    "\n"
    "Each command has --help. If something does not work, run\n"
    "\"taskstats-probe check\". --version shows the version.\n"
    "\n"
    "Exit status:\n"
    "  0  success; check: all is good\n"
    "  1  check: something is degraded; listen, capture: records were lost\n"
    "  2  check: something is bad; else: failure, caused by the kernel, a\n"
    "     permission, the namespace, a file or the system\n"
    "  3  invalid command line, id or list of CPUs\n"
    "  4  a process or thread does not exist (any more)\n";

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
} commands[] = {
    {"check", check_main},
    {"get", get_main},
    {"listen", listen_main},
    {"capture", capture_main},
};

static int run(int argc, char **argv) {
  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
    if (strcmp(argv[1], commands[i].name) == 0)
      return commands[i].run(argc - 1, argv + 1);
  return fail(STATUS_USAGE, "there is no command \"%s\"; see --help", argv[1]);
}

static int show_version(void) {
  puts("taskstats-probe " TASKSTATS_VERSION);
  return STATUS_OK;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fputs(usage, stderr);
    return STATUS_USAGE;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
      strcmp(argv[1], "help") == 0) {
    fputs(usage, stdout);
    return STATUS_OK;
  }
  bool wants_version =
      strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0;
  int status = wants_version ? show_version() : run(argc, argv);
  if (fflush(stdout) != 0 || ferror(stdout))
    return fail(STATUS_FAILED, "cannot write to standard output");
  return status;
}
