/* SPDX-License-Identifier: MIT */
#include "arguments.h"
#include "channel.h"
#include "fail.h"
#include "probe.h"
#include "sample.h"
#include "show.h"
#include "system.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "Usage: taskstats-probe get [OPTION]... ID...\n"
    "Shows the records of living processes or threads.\n"
    "\n"
    "  -t, --tgid         the IDs are processes (the default)\n"
    "  -p, --pid          the IDs are threads\n"
    "  -T, --threads      show every thread of each process\n"
    "  -d, --delays       show only the waits, as a table\n"
    "  -f, --fields LIST  print only the values of these fields, one line per\n"
    "                     record, separated by tabs: id, kind or the kernel's\n"
    "                     names such as cpu_delay_total (all: get -f help)\n"
    "  -j, --json         print each record as a JSON object on one line\n"
    "  -i, --interval S   show the increase in S seconds, per second; repeat\n"
    "  -n, --count N      with --interval: stop after N times\n"
    "\n"
    "\"unknown\" (null in JSON) marks what a record lacks: I/O, memory and\n"
    "the name of a process, and waits while delay accounting is off. Records\n"
    "of threads have them, with I/O rounded down to a multiple of 1024.\n";

struct request {
  enum answer_part part;
  bool threads;
  struct sample_style style;
  double interval; /* 0: once */
  uint64_t count;
  uint32_t *ids;
  size_t id_count;
  struct channel *channel;
  struct answer answer;
};

/* Stores the record that was just read. Returns an exit status. */
static int keep(const struct request *request, enum answer_part part,
                uint32_t id, struct samples *samples) {
  struct stats stats = request->answer.parts[part].stats;
  if (system_delays() == SYSTEM_OFF)
    stats_forget_delays(&stats);
  if (part == ANSWER_PROCESS && stats_is_blank(&stats)) {
    note("process %u is a zombie, for which the kernel returns zeros; its last "
         "thread still has the values: taskstats-probe get --pid %u",
         id, id);
    stats_forget(&stats);
  }
  return samples_add(samples, id, &stats)
             ? STATUS_OK
             : fail(STATUS_FAILED, "out of memory");
}

static int take(struct request *request, uint32_t id, struct samples *samples) {
  int status =
      channel_query(request->channel, request->part, id, &request->answer);
  return status < 0 ? fail_query(status, request->part, id)
                    : keep(request, request->part, id, samples);
}

static int is_number(const struct dirent *entry) {
  return entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
}

/* A thread that ends meanwhile is not an error. */
static int take_threads(struct request *request, uint32_t id,
                        struct samples *samples) {
  char path[32];
  struct dirent **entries = NULL;
  snprintf(path, sizeof(path), "/proc/%u/task", id);
  int count = scandir(path, &entries, is_number, versionsort);
  int missing = count < 0 ? errno : 0;
  if (missing == ENOENT && access("/proc/self", F_OK) == 0)
    return fail_query(-ESRCH, ANSWER_PROCESS, id);
  if (missing != 0)
    return fail(STATUS_FAILED, "%s: %s; check that /proc is mounted", path,
                strerror(missing));
  int status = STATUS_OK;
  for (int i = 0; i < count; i++) {
    uint32_t thread = (uint32_t)strtoul(entries[i]->d_name, NULL, 10);
    free(entries[i]);
    if (status != STATUS_OK)
      continue;
    int error = channel_query(request->channel, ANSWER_THREAD, thread,
                              &request->answer);
    if (error == 0)
      status = keep(request, ANSWER_THREAD, thread, samples);
    else if (error != -ESRCH)
      status = fail_query(error, ANSWER_THREAD, thread);
  }
  free(entries);
  return status;
}

/* Reads all requested records. Returns the last status that is not success. */
static int take_all(struct request *request, struct samples *samples) {
  int status = STATUS_OK;
  samples_begin(samples);
  for (size_t i = 0; i < request->id_count; i++) {
    if (request->ids[i] == 0)
      continue; /* it had ended before */
    int one = request->threads ? take_threads(request, request->ids[i], samples)
                               : take(request, request->ids[i], samples);
    if (one == STATUS_GONE)
      request->ids[i] = 0;
    if (one != STATUS_OK)
      status = one;
    if (one != STATUS_OK && one != STATUS_GONE)
      break;
  }
  return status;
}

static bool any_left(const struct request *request) {
  for (size_t i = 0; i < request->id_count; i++)
    if (request->ids[i] != 0)
      return true;
  return false;
}

static void sleep_until(struct timespec *when, double seconds) {
  when->tv_sec += (time_t)seconds;
  when->tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
  when->tv_sec += when->tv_nsec / 1000000000;
  when->tv_nsec %= 1000000000;
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, when, NULL) == EINTR)
    ;
}

static int get_again(struct request *request, struct samples *last,
                     struct samples *samples, int status) {
  struct timespec when;
  clock_gettime(CLOCK_MONOTONIC, &when);
  for (uint64_t i = 0;
       any_left(request) && (request->count == 0 || i < request->count); i++) {
    struct samples old = *last;
    *last = *samples;
    *samples = old;
    sleep_until(&when, request->interval);
    int one = take_all(request, samples);
    if (one != STATUS_OK)
      status = one;
    if (one != STATUS_OK && one != STATUS_GONE)
      break;
    samples_show_rates(samples, last, &request->style);
    fflush(stdout);
    if (ferror(stdout))
      break;
  }
  return status;
}

static int get(struct request *request) {
  int error = channel_open(&request->channel);
  if (error < 0)
    return fail_open(error);
  struct samples samples = {0}, last = {0};
  int status = take_all(request, &samples);
  if (request->interval > 0 && (status == STATUS_OK || status == STATUS_GONE))
    status = get_again(request, &last, &samples, status);
  else
    samples_show(&samples, &request->style);
  samples_free(&samples);
  samples_free(&last);
  channel_close(request->channel);
  return status;
}

static int parse_fields(struct sample_style *style, char *list) {
  char *rest = list, *name;
  if (strcmp(list, "help") == 0) {
    sample_fields_help();
    exit(STATUS_OK);
  }
  while ((name = strsep(&rest, ",")) != NULL) {
    if (style->field_count == SAMPLE_FIELDS_MAX)
      return fail(STATUS_USAGE, "--fields takes at most %d fields",
                  SAMPLE_FIELDS_MAX);
    int field = sample_field(name);
    if (field < 0)
      return fail(STATUS_USAGE,
                  "--fields: unknown field \"%s\"; taskstats-probe get "
                  "--fields help lists the names",
                  name);
    style->fields[style->field_count++] = field;
  }
  return STATUS_OK;
}

static int parse_option(struct request *request, int letter) {
  switch (letter) {
  case 't':
    request->part = ANSWER_PROCESS;
    return STATUS_OK;
  case 'p':
    request->part = ANSWER_THREAD;
    return STATUS_OK;
  case 'T':
    request->threads = true;
    return STATUS_OK;
  case 'd':
    request->style.delays = true;
    return STATUS_OK;
  case 'j':
    request->style.json = true;
    return STATUS_OK;
  case 'f':
    return parse_fields(&request->style, optarg);
  case 'i':
    return arguments_seconds("--interval", optarg, &request->interval);
  case 'n':
    return arguments_number("--count", optarg, UINT32_MAX, &request->count);
  case 'h':
    fputs(usage, stdout);
    exit(STATUS_OK);
  default:
    return arguments_misused("get");
  }
}

static int parse_ids(struct request *request, int argc, char **argv) {
  if (argc == 0)
    return fail(STATUS_USAGE, "get: a process id is required");
  request->ids = calloc((size_t)argc, sizeof(*request->ids));
  if (request->ids == NULL)
    return fail(STATUS_FAILED, "out of memory");
  for (int i = 0; i < argc; i++) {
    int status = arguments_id(argv[i], &request->ids[request->id_count++]);
    if (status != STATUS_OK)
      return status;
  }
  return STATUS_OK;
}

static int parse(struct request *request, int argc, char **argv) {
  static const struct option known[] = {
      {"tgid", no_argument, NULL, 't'},
      {"pid", no_argument, NULL, 'p'},
      {"threads", no_argument, NULL, 'T'},
      {"delays", no_argument, NULL, 'd'},
      {"fields", required_argument, NULL, 'f'},
      {"json", no_argument, NULL, 'j'},
      {"interval", required_argument, NULL, 'i'},
      {"count", required_argument, NULL, 'n'},
      {"help", no_argument, NULL, 'h'},
      {0},
  };
  int letter;
  while ((letter = getopt_long(argc, argv, "tpTdf:ji:n:h", known, NULL)) !=
         -1) {
    int status = parse_option(request, letter);
    if (status != STATUS_OK)
      return status;
  }
  if (request->threads && request->part == ANSWER_THREAD)
    return fail(STATUS_USAGE, "--threads needs process ids, not --pid");
  if (request->count > 0 && request->interval <= 0)
    return fail(STATUS_USAGE, "--count needs --interval");
  if (request->style.json + request->style.delays +
          (request->style.field_count > 0) >
      1)
    return fail(STATUS_USAGE,
                "--delays, --fields and --json exclude each other");
  return parse_ids(request, argc - optind, argv + optind);
}

int get_main(int argc, char **argv) {
  struct request *request = calloc(1, sizeof(*request));
  if (request == NULL)
    return fail(STATUS_FAILED, "out of memory");
  request->part = ANSWER_PROCESS;
  int status = parse(request, argc, argv);
  if (status == STATUS_OK)
    status = get(request);
  free(request->ids);
  free(request);
  return status;
}
