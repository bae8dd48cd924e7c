/* SPDX-License-Identifier: MIT */
/*
 * taskstats-explain: shows which stanzas of a configuration select a process,
 * in which groups, and why the others do not.
 *
 * It uses the plugin's code for the configuration and the selectors; neither
 * collectd nor the plugin has to run.
 */
#include "../../plugin/version.h"
#include "stanzas.h"
#include "subject.h"
#include "verdict.h"

#include "collectd/config.h"
#include "report/lookup.h"
#include "select/text.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CONFIG "/etc/collectd/collectd.conf"

enum { STATUS_MEMBER, STATUS_STRANGER, STATUS_FAILED };

enum { LINE_SIZE = 8192, FACT_SIZE = 1024, PATH_WAIT_MS = 2000 };

static const char usage[] =
    "Usage: taskstats-explain [--config FILE] PID\n"
    "Shows in which groups of collectd's taskstats plugin a process is, by\n"
    "which stanza, and why it is not in the others.\n"
    "\n"
    "  -c, --config FILE  collectd's configuration (" DEFAULT_CONFIG "),\n"
    "                     or a file that has only <Plugin taskstats>\n"
    "  -V, --version      show the version\n"
    "  -h, --help         show this help\n"
    "\n"
    "The process is shown as it is now. An ancestor that has ended is not\n"
    "seen, although its descendants stay in its groups (Descendants). Run\n"
    "this command as collectd's user, or as root.\n"
    "\n"
    "Exit status:\n"
    "  0  the process is in a group\n"
    "  1  the process is in no group\n"
    "  2  undetermined: no such process, or an error in the configuration\n";

__attribute__((format(printf, 1, 2))) static int fail(const char *format, ...) {
  char line[LINE_SIZE], clean[LINE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  text_clean(line, clean, sizeof(clean));
  fflush(stdout); /* keeps the order of output and errors */
  fprintf(stderr, "taskstats-explain: %s\n", clean);
  return STATUS_FAILED;
}

static void note(const char *line) { (void)fail("%s", line); }

static void show_facts(struct subject *subject) {
  char text[FACT_SIZE];
  printf("process %d\n", subject->attributes.pid);
  for (int f = 0; f < FACT_PID; f++) {
    enum fact fact = (enum fact)f;
    printf("  %-12s  ", subject_fact_name(fact));
    if (subject->errors[fact] != 0)
      printf("cannot be read: %s\n", strerror(-subject->errors[fact]));
    else if (subject_fact(subject, fact, text, sizeof(text)))
      printf("%s\n", text);
    else
      printf("-\n");
  }
}

static void show_verdict(const struct rule *rule,
                         const struct verdict *verdict) {
  static const char *const words[] = {
      [SELECTOR_NO] = "no", [SELECTOR_YES] = "yes", [SELECTOR_UNKNOWN] = "?"};
  char comm[PROCFS_COMM_SIZE], name[GROUP_NAME_SIZE];
  text_clean(rule->name, name, sizeof(name));
  printf("%-3s  \"%s\": ", words[verdict->result], name);
  if (verdict->result != SELECTOR_YES) {
    printf("%s\n", verdict->why[0] != '\0' ? verdict->why : "not selected");
    return;
  }
  printf("group \"%s\"", verdict->group);
  if (verdict->ancestor.pid != 0) {
    text_clean(verdict->ancestor.comm, comm, sizeof(comm));
    printf(", inherited from its ancestor %d \"%s\"", verdict->ancestor.pid,
           comm);
  }
  putchar('\n');
}

static int show_verdicts(const struct settings *settings,
                         struct subject *subject) {
  int status = STATUS_STRANGER;
  for (const struct rule *r = settings->rules; r != NULL; r = r->next) {
    struct verdict verdict;
    verdict_find(r, subject, &verdict);
    show_verdict(r, &verdict);
    if (verdict.result == SELECTOR_YES)
      status = STATUS_MEMBER;
  }
  if (settings->rules == NULL)
    note("the configuration has no group of the taskstats plugin");
  return status;
}

/* Reports what could not be read of users, paths, and the process. */
static void note_failures(const struct subject *subject) {
  char line[1024];
  struct user_change user;
  while (user_cache_take_change(&user)) {
    lookup_describe_user(&user, line, sizeof(line));
    note(line);
  }
  struct path_change path;
  while (path_watch_take_change(&path)) {
    lookup_describe_path(&path, line, sizeof(line));
    note(line);
  }
  for (int fact = 0; fact < FACTS; fact++)
    if (subject->errors[fact] != 0) {
      note("collectd may be able to read what could not be read here; run this "
           "command as root");
      return;
    }
}

static int explain(const struct settings *settings, struct procfs *proc,
                   pid_t pid) {
  struct subject subject;
  pid_t process = subject_process_of(proc, pid);
  if (process != pid && process != 0)
    return fail("%d is a thread of process %d; give the id of the process", pid,
                process);
  int status = subject_read(&subject, proc, pid);
  if (status != 0)
    return fail("process %d: %s", pid,
                status == -ENOENT ? "no such process" : strerror(-status));
  user_cache_wait(PATH_WAIT_MS);
  path_watch_wait(PATH_WAIT_MS);
  show_facts(&subject);
  status = show_verdicts(settings, &subject);
  note_failures(&subject);
  if (!subject_is_there(&subject))
    status = fail("process %d has ended", pid);
  subject_clear(&subject);
  return status;
}

/* Starts the threads that look up users and paths. */
static int start_lookups(const struct settings *settings) {
  int status = user_cache_start(NULL);
  for (const struct rule *r = settings->rules; r != NULL; r = r->next)
    rule_looks_up_users(r);
  return status == 0 ? path_watch_start() : status;
}

static int run(const char *config, pid_t pid) {
  char error[LINE_SIZE];
  struct settings settings;
  struct procfs *proc = NULL;
  int status = stanzas_read(config, &settings, note, error, sizeof(error));
  if (status != 0) {
    status = fail("%s", error);
  } else if ((status = start_lookups(&settings)) != 0) {
    status = fail("cannot look up users and paths: %s", strerror(-status));
  } else if ((status = procfs_open("/proc", &proc)) != 0) {
    status = fail("/proc: %s", strerror(-status));
  } else {
    status = explain(&settings, proc, pid);
  }
  procfs_close(proc);
  user_cache_stop();
  path_watch_stop();
  config_clear(&settings);
  return status;
}

static pid_t parse_pid(const char *text) {
  char *end = NULL;
  errno = 0;
  long pid = strtol(text, &end, 10);
  bool is_number = end != text && *end == '\0' && errno == 0;
  return is_number && pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

int main(int argc, char **argv) {
  static const struct option known[] = {
      {"config", required_argument, NULL, 'c'},
      {"version", no_argument, NULL, 'V'},
      {"help", no_argument, NULL, 'h'},
      {0},
  };
  const char *config = DEFAULT_CONFIG;
  int letter;
  while ((letter = getopt_long(argc, argv, "c:Vh", known, NULL)) != -1) {
    if (letter == 'V') {
      puts("taskstats-explain " TASKSTATS_VERSION);
      return EXIT_SUCCESS;
    }
    if (letter != 'c') {
      fputs(usage, letter == 'h' ? stdout : stderr);
      return letter == 'h' ? EXIT_SUCCESS : STATUS_FAILED;
    }
    config = optarg;
  }
  if (optind + 1 != argc)
    return fail("a process id is required; see --help");
  pid_t pid = parse_pid(argv[optind]);
  if (pid == 0)
    return fail("\"%s\" is not a process id", argv[optind]);
  int status = run(config, pid);
  if (fflush(stdout) != 0 || ferror(stdout))
    return fail("cannot write to standard output");
  return status;
}
