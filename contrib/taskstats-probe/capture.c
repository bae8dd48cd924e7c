/* SPDX-License-Identifier: MIT */
#include "arguments.h"
#include "fail.h"
#include "probe.h"
#include "tape.h"
#include "watch.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: taskstats-probe capture [OPTION]... FILE ID...\n"
    "       taskstats-probe capture [OPTION]... FILE --listen N\n"
    "Writes records to FILE as the kernel sent them, to test a decoder or to\n"
    "report a problem. taskstats-probe(8) describes the format.\n"
    "\n"
    "  -t, --tgid          the IDs are processes (the default)\n"
    "  -p, --pid           the IDs are threads\n"
    "  -l, --listen N      capture the next N messages about threads that end\n"
    "  -c, --cpus LIST     with --listen: only on these CPUs (default: all)\n"
    "  -b, --buffer BYTES  with --listen: the receive buffer (8388608)\n";

struct capture {
  enum answer_part part;
  uint64_t messages; /* number to listen for; 0: capture the ids */
  struct watch watch;
  const char *path;
  FILE *file;
  uint32_t written; /* number of messages */
  int error;
  struct tape_record record;
  struct answer answer;
};

/* Writes the parts of a message. */
static void write_answer(struct capture *capture, const struct answer *answer) {
  struct tape_record *record = &capture->record;
  for (int part = 0; part < ANSWER_PARTS && capture->error == 0; part++) {
    if (!answer->parts[part].there)
      continue;
    record->origin = answer->parts[part].stats.origin;
    record->id = answer->parts[part].id;
    record->message = capture->written;
    record->size = (uint32_t)answer->parts[part].size;
    memcpy(record->payload, answer->parts[part].payload, record->size);
    capture->error = tape_put(capture->file, record);
  }
  capture->written++;
}

static bool on_end(const struct answer *answer, void *data) {
  struct capture *capture = data;
  write_answer(capture, answer);
  return capture->error == 0 && capture->written < capture->messages;
}

static int capture_living(struct capture *capture, int count, char **ids) {
  struct channel *channel = NULL;
  int error = channel_open(&channel);
  if (error < 0)
    return fail_open(error);
  int status = STATUS_OK;
  for (int i = 0; i < count && (status == STATUS_OK || status == STATUS_GONE);
       i++) {
    uint32_t id = 0;
    int one = arguments_id(ids[i], &id);
    if (one == STATUS_OK) {
      error = channel_query(channel, capture->part, id, &capture->answer);
      if (error < 0)
        one = fail_query(error, capture->part, id);
      else
        write_answer(capture, &capture->answer);
    }
    status = one != STATUS_OK ? one : status;
  }
  channel_close(channel);
  return status;
}

static int fail_file(const struct capture *capture, int error) {
  return fail(STATUS_FAILED, "cannot write to %s: %s", capture->path,
              strerror(error));
}

static int capture_to_file(struct capture *capture, int count, char **ids) {
  capture->file = fopen(capture->path, "we");
  if (capture->file == NULL)
    return fail_file(capture, errno);
  capture->error = tape_begin(capture->file);
  capture->watch.handler = on_end;
  capture->watch.data = capture;
  int status = capture->messages > 0 ? watch_run(&capture->watch)
                                     : capture_living(capture, count, ids);
  errno = 0;
  if (fclose(capture->file) != 0 && capture->error == 0)
    capture->error = -errno;
  if (capture->error != 0)
    return fail_file(capture, -capture->error);
  note("records written: %u, to %s", capture->written, capture->path);
  return status;
}

static int parse_option(struct capture *capture, int letter) {
  uint64_t bytes = 0;
  int status;
  switch (letter) {
  case 't':
    capture->part = ANSWER_PROCESS;
    return STATUS_OK;
  case 'p':
    capture->part = ANSWER_THREAD;
    return STATUS_OK;
  case 'l':
    return arguments_number("--listen", optarg, UINT32_MAX, &capture->messages);
  case 'c':
    return arguments_cpus(optarg, &capture->watch.cpus);
  case 'b':
    status = arguments_number("--buffer", optarg, INT32_MAX / 2, &bytes);
    capture->watch.buffer = (int)bytes;
    return status;
  case 'h':
    fputs(usage, stdout);
    exit(STATUS_OK);
  default:
    return arguments_misused("capture");
  }
}

static int run(struct capture *capture, int argc, char **argv) {
  static const struct option known[] = {
      {"tgid", no_argument, NULL, 't'},
      {"pid", no_argument, NULL, 'p'},
      {"listen", required_argument, NULL, 'l'},
      {"cpus", required_argument, NULL, 'c'},
      {"buffer", required_argument, NULL, 'b'},
      {"help", no_argument, NULL, 'h'},
      {0},
  };
  int letter;
  while ((letter = getopt_long(argc, argv, "tpl:c:b:h", known, NULL)) != -1) {
    int status = parse_option(capture, letter);
    if (status != STATUS_OK)
      return status;
  }
  if (optind == argc)
    return fail(STATUS_USAGE, "capture: a file is required; see --help");
  capture->path = argv[optind++];
  if ((capture->messages > 0) == (optind < argc))
    return fail(STATUS_USAGE,
                "capture: give either ids or --listen N; see --help");
  return capture_to_file(capture, argc - optind, argv + optind);
}

int capture_main(int argc, char **argv) {
  struct capture *capture = calloc(1, sizeof(*capture));
  if (capture == NULL)
    return fail(STATUS_FAILED, "out of memory");
  capture->part = ANSWER_PROCESS;
  int status = run(capture, argc, argv);
  free(capture);
  return status;
}
