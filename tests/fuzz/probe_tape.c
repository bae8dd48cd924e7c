/* SPDX-License-Identifier: MIT */
#include "tape.h"

#include "fuzz/clean.h"
#include "show.h"

#include <errno.h>

/*
 * A tape of the probe. Its records are shown in each format, and copied to
 * another tape, which has the same contents.
 */

static bool is_ascii(const char *text) {
  for (; *text != '\0'; text++)
    if (*text < ' ' || *text > '~')
      return false;
  return true;
}

static void show(const struct stats *stats) {
  for (int i = 0; i < STATS_FIELD_COUNT; i++) {
    enum stats_field field = (enum stats_field)i;
    char text[SHOW_SIZE];
    memset(text, 'x', sizeof(text));
    show_value(text, stats, field);
    fuzz_check(memchr(text, '\0', sizeof(text)) != NULL && is_ascii(text));
    show_bare(text, stats, field);
    fuzz_check(memchr(text, '\0', sizeof(text)) != NULL && is_ascii(text));
  }
  json_t *all = show_json_all(stats);
  char *line = json_dumps(all, JSON_COMPACT);
  fuzz_check(line != NULL && clean_is_text(line));
  free(line);
  json_decref(all);
}

static void check_record(const struct tape_record *record) {
  struct stats stats;
  fuzz_check(record->size <= TAPE_PAYLOAD_MAX);
  void *payload = fuzz_copy(record->payload, record->size);
  int status = stats_decode(payload, record->size, record->origin, 0, &stats);
  fuzz_check(status == 0 || status == -EBADMSG || status == -EPROTONOSUPPORT);
  if (status == 0)
    show(&stats);
  free(payload);
}

static FILE *open_tape(void *bytes, size_t size) {
  FILE *file = fmemopen(bytes, size, "r");
  fuzz_check(file != NULL);
  return file;
}

/* Reads the records of a tape, and copies them. Returns their number. */
static size_t copy_tape(FILE *from, FILE *to) {
  static struct tape_record record;
  size_t count = 0;
  int status;
  while ((status = tape_get(from, &record)) == 0) {
    check_record(&record);
    fuzz_check(tape_put(to, &record) == 0);
    count++;
  }
  fuzz_check(status == -ENODATA || status == -EBADMSG);
  return count;
}

static void check_copy(void *copy, size_t size, size_t count) {
  char *again = NULL;
  size_t again_size = 0;
  FILE *from = open_tape(copy, size), *to = open_memstream(&again, &again_size);
  fuzz_check(to != NULL);
  fuzz_check(tape_open(from) == 0 && tape_begin(to) == 0);
  fuzz_check(copy_tape(from, to) == count);
  fclose(from);
  fclose(to);
  fuzz_check(again_size == size && memcmp(again, copy, size) == 0);
  free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) /* fmemopen does not accept an empty buffer */
    return 0;
  void *bytes = fuzz_copy(data, size);
  FILE *from = open_tape(bytes, size);
  int status = tape_open(from);
  fuzz_check(status == 0 || status == -EBADMSG);
  if (status == 0) {
    char *copy = NULL;
    size_t copied = 0;
    FILE *to = open_memstream(&copy, &copied);
    fuzz_check(to != NULL);
    fuzz_check(tape_begin(to) == 0);
    size_t count = copy_tape(from, to);
    fclose(to);
    check_copy(copy, copied, count);
    free(copy);
  }
  fclose(from);
  free(bytes);
  return 0;
}
