/* SPDX-License-Identifier: MIT */
#include "arguments.h"
#include "fail.h"
#include "probe.h"
#include "show.h"
#include "system.h"
#include "watch.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

static const char usage[] =
    "Usage: taskstats-probe listen [OPTION]...\n"
    "Shows the records of threads and processes as they end, one per line.\n"
    "\n"
    "  -c, --cpus LIST     listen only on these CPUs, such as 0-3,8 (all)\n"
    "  -b, --buffer BYTES  size of the receive buffer (8388608, as in the\n"
    "                      plugin); the size that was granted is printed\n"
    "  -f, --filter COMM   show only this command name\n"
    "  -n, --count N       stop after N lines\n"
    "  -s, --seconds S     stop after S seconds\n"
    "  -j, --json          print each record as a JSON object on one line\n"
    "\n"
    "A process with one thread has one line, \"process\". One with several\n"
    "has a line \"thread\" for each and, with the last one, a line "
    "\"process\"\n"
    "with the sums of CPU time and waits. Ctrl-C stops it and prints what\n"
    "was lost.\n";

enum { LEADERS = 4096 };

struct listener {
  struct watch watch;
  const char *filter;
  uint64_t count, lines; /* count 0: unlimited */
  bool json, delays_off;
  /* Names of main threads that have ended, which are those of their processes.
   */
  struct {
    uint32_t pid;
    char comm[STATS_COMM_SIZE];
  } leaders[LEADERS];
  /* Processes of which a thread has dumped core. */
  uint32_t dumped[LEADERS];
};

/* The contents of a line. */
struct end {
  const char *kind;
  uint32_t tgid, pid; /* 0: unknown, or not a single thread */
  const char *comm;   /* NULL: unknown */
  uint32_t status;
  const struct stats *stats;
};

static void remember_leader(struct listener *listener,
                            const struct stats *stats, uint32_t pid) {
  if (stats->values[FIELD_ac_tgid] != pid)
    return;
  listener->leaders[pid % LEADERS].pid = pid;
  memcpy(listener->leaders[pid % LEADERS].comm, stats->comm,
         sizeof(stats->comm));
}

static const char *recall_leader(const struct listener *listener,
                                 uint32_t tgid) {
  return listener->leaders[tgid % LEADERS].pid == tgid
             ? listener->leaders[tgid % LEADERS].comm
             : NULL;
}

/* The status of the thread that dumps core shows it; that of the last thread
 * does not. */
static void remember_core(struct listener *listener, const struct end *end) {
  if (WIFSIGNALED((int)end->status) && WCOREDUMP((int)end->status))
    listener->dumped[end->tgid % LEADERS] = end->tgid;
}

static uint32_t status_of_process(struct listener *listener,
                                  const struct end *last) {
  static const uint32_t core = 0x80;
  uint32_t *dumped = &listener->dumped[last->tgid % LEADERS];
  if (*dumped != last->tgid || !WIFSIGNALED((int)last->status))
    return last->status;
  *dumped = 0;
  return last->status | core;
}

/* Before version 12, only the process's part identifies a process. */
static const char *kind_of_thread(const struct stats *stats,
                                  bool with_process) {
  if (with_process)
    return "thread";
  if (stats->values[FIELD_version] < STATS_VERSION_LAST_THREAD)
    return "task";
  return (stats->values[FIELD_ac_flag] & STATS_LAST_THREAD) != 0 ? "process"
                                                                 : "thread";
}

static double now_epoch(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec + (double)(now.tv_nsec / 1000) / 1e6;
}

static json_t *integer_or_null(bool known, uint32_t value) {
  return known ? json_integer(value) : json_null();
}

static json_t *json_signal(const struct end *end) {
  char name[SHOW_SIZE];
  if (!WIFSIGNALED((int)end->status))
    return json_null();
  show_signal(name, WTERMSIG((int)end->status));
  return json_string(name);
}

static void show_json_end(const struct end *end) {
  json_t *object = json_object();
  bool exited = !WIFSIGNALED((int)end->status);
  json_object_set_new(object, "time", json_real(now_epoch()));
  json_object_set_new(object, "kind", json_string(end->kind));
  json_object_set_new(object, "tgid",
                      integer_or_null(end->tgid != 0, end->tgid));
  json_object_set_new(object, "pid", integer_or_null(end->pid != 0, end->pid));
  json_object_set_new(object, "comm",
                      end->comm != NULL ? show_json_text(end->comm)
                                        : json_null());
  json_object_set_new(
      object, "exit_status",
      integer_or_null(exited, (uint32_t)WEXITSTATUS((int)end->status)));
  json_object_set_new(object, "signal", json_signal(end));
  json_object_set_new(object, "core_dumped",
                      json_boolean(WCOREDUMP((int)end->status)));
  json_object_set_new(object, "record", show_json_all(end->stats));
  show_json_line(object);
}

static void print_time(void) {
  struct timespec now;
  struct tm tm;
  clock_gettime(CLOCK_REALTIME, &now);
  localtime_r(&now.tv_sec, &tm);
  printf("%02d:%02d:%02d.%03ld", tm.tm_hour, tm.tm_min, tm.tm_sec,
         now.tv_nsec / 1000000);
}

static void print_known(const struct stats *stats, enum stats_field field,
                        const char *name) {
  char text[SHOW_SIZE];
  if (!stats->known[field] || stats->values[field] == 0)
    return;
  show_value(text, stats, field);
  printf(", %s %s", name, text);
}

static void print_waits(const struct stats *stats) {
  for (int kind = 0; kind < STATS_KIND_COUNT; kind++) {
    char name[32];
    snprintf(name, sizeof(name), "waited for %s",
             stats_kind_name((enum stats_kind)kind));
    print_known(stats, stats_wait((enum stats_kind)kind).total, name);
  }
}

static void show_line(const struct end *end) {
  char how[SHOW_SIZE], cpu[SHOW_SIZE], comm[STATS_COMM_SIZE] = "unknown";
  const struct stats *stats = end->stats;
  if (end->comm != NULL)
    snprintf(comm, sizeof(comm), "%s", end->comm);
  show_clean(comm);
  show_end(how, end->status);
  show_value(cpu, stats, FIELD_cpu_run_virtual_total);
  print_time();
  printf(" %-7s %7u", end->kind, end->tgid);
  if (end->pid != 0)
    printf(" %7u", end->pid);
  else
    printf(" %7s", "-");
  printf(" %-15s %s", comm, how);
  print_known(stats, FIELD_ac_uid, "uid");
  print_known(stats, FIELD_ac_etime, "after");
  printf(", cpu %s", cpu);
  print_waits(stats);
  print_known(stats, FIELD_read_char, "read");
  print_known(stats, FIELD_write_char, "wrote");
  print_known(stats, FIELD_read_bytes, "from disk");
  print_known(stats, FIELD_write_bytes, "to disk");
  putchar('\n');
}

/* Returns false to stop. */
static bool tell(struct listener *listener, const struct end *end) {
  if (listener->filter != NULL &&
      (end->comm == NULL || strcmp(end->comm, listener->filter) != 0))
    return true;
  if (listener->json)
    show_json_end(end);
  else
    show_line(end);
  listener->lines++;
  return listener->count == 0 || listener->lines < listener->count;
}

static bool on_end(const struct answer *answer, void *data) {
  struct listener *listener = data;
  struct stats thread = answer->parts[ANSWER_THREAD].stats;
  bool with_process = answer->parts[ANSWER_PROCESS].there;
  uint32_t pid = answer->parts[ANSWER_THREAD].id;
  struct end end = {.stats = &thread, .pid = pid};
  if (!answer->parts[ANSWER_THREAD].there)
    return true;

  if (listener->delays_off)
    stats_forget_delays(&thread);
  end.kind = kind_of_thread(&thread, with_process);
  end.tgid = with_process ? answer->parts[ANSWER_PROCESS].id
                          : (uint32_t)thread.values[FIELD_ac_tgid];
  end.comm = thread.comm;
  end.status = (uint32_t)thread.values[FIELD_ac_exitcode];
  remember_leader(listener, &thread, pid);
  remember_core(listener, &end);
  if (!tell(listener, &end))
    return false;
  if (!with_process)
    return true;

  struct stats process = answer->parts[ANSWER_PROCESS].stats;
  if (listener->delays_off)
    stats_forget_delays(&process);
  end.kind = "process";
  end.pid = 0;
  end.stats = &process;
  end.comm = recall_leader(listener, end.tgid);
  end.status = status_of_process(listener, &end);
  return tell(listener, &end);
}

static int parse_option(struct listener *listener, int letter) {
  uint64_t bytes = 0;
  int status;
  switch (letter) {
  case 'c':
    return arguments_cpus(optarg, &listener->watch.cpus);
  case 'b':
    status = arguments_number("--buffer", optarg, INT32_MAX / 2, &bytes);
    listener->watch.buffer = (int)bytes;
    return status;
  case 'f':
    listener->filter = optarg;
    return STATUS_OK;
  case 'n':
    return arguments_number("--count", optarg, UINT32_MAX, &listener->count);
  case 's':
    return arguments_seconds("--seconds", optarg, &listener->watch.seconds);
  case 'j':
    listener->json = true;
    return STATUS_OK;
  case 'h':
    fputs(usage, stdout);
    exit(STATUS_OK);
  default:
    return arguments_misused("listen");
  }
}

static int parse(struct listener *listener, int argc, char **argv) {
  static const struct option known[] = {
      {"cpus", required_argument, NULL, 'c'},
      {"buffer", required_argument, NULL, 'b'},
      {"filter", required_argument, NULL, 'f'},
      {"count", required_argument, NULL, 'n'},
      {"seconds", required_argument, NULL, 's'},
      {"json", no_argument, NULL, 'j'},
      {"help", no_argument, NULL, 'h'},
      {0},
  };
  int letter;
  while ((letter = getopt_long(argc, argv, "c:b:f:n:s:jh", known, NULL)) !=
         -1) {
    int status = parse_option(listener, letter);
    if (status != STATUS_OK)
      return status;
  }
  if (optind < argc)
    return fail(STATUS_USAGE, "listen: unexpected argument \"%s\"; see --help",
                argv[optind]);
  return STATUS_OK;
}

int listen_main(int argc, char **argv) {
  struct listener *listener = calloc(1, sizeof(*listener));
  if (listener == NULL)
    return fail(STATUS_FAILED, "out of memory");
  int status = parse(listener, argc, argv);
  listener->watch.handler = on_end;
  listener->watch.data = listener;
  listener->delays_off = system_delays() == SYSTEM_OFF;
  if (status == STATUS_OK)
    status = watch_run(&listener->watch);
  free(listener);
  return status;
}
