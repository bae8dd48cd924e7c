/* SPDX-License-Identifier: MIT */
#include "kernel/cpulist.h"

#include "fuzz/fuzz.h"

#include <errno.h>

/*
 * A list of CPUs: its formatted text parses to the same list, is formatted the
 * same again, and fits into its buffer. And a set of CPUs, given by the bits of
 * the input.
 */

enum { TEXT_SIZE = CPULIST_CPUS * 5 };

static void check_round(const struct cpulist *list) {
  static char text[TEXT_SIZE], again[TEXT_SIZE];
  struct cpulist read;

  fuzz_check(cpulist_format(list, text, sizeof(text)) == 0);
  size_t length = strlen(text);
  if (length == 0) { /* an empty text is not a list */
    fuzz_check(cpulist_parse(text, &read) == -EINVAL);
    return;
  }
  fuzz_check(cpulist_parse(text, &read) == 0);
  fuzz_check(memcmp(&read, list, sizeof(read)) == 0);
  fuzz_check(cpulist_format(&read, again, sizeof(again)) == 0);
  fuzz_check(strcmp(text, again) == 0);
  fuzz_check(cpulist_is_subset(list, &read) && cpulist_is_subset(&read, list));

  char *room = malloc(length + 1);
  fuzz_check(room != NULL);
  fuzz_check(cpulist_format(list, room, length + 1) == 0);
  free(room);
  room = malloc(length);
  fuzz_check(room != NULL);
  fuzz_check(cpulist_format(list, room, length) == -ENOSPC);
  free(room);
}

/* Whether a valid list contains a CPU, parsed independently. */
static bool has_cpu(const char *text, unsigned long cpu) {
  for (const char *at = text; *at != '\0'; at += *at == ',') {
    char *end;
    unsigned long first = strtoul(at, &end, 10), last = first;
    if (*end == '-')
      last = strtoul(end + 1, &end, 10);
    if (cpu >= first && cpu <= last)
      return true;
    at = end;
  }
  return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, size};
  struct cpulist list, set = {0};

  char *text = fuzz_take_string(&input);
  int status = cpulist_parse(text, &list);
  fuzz_check(status == 0 || status == -EINVAL || status == -ERANGE);
  if (status == 0) {
    fuzz_check(strspn(text, "0123456789,-") == strlen(text));
    fuzz_check(!cpulist_has(&list, CPULIST_CPUS));
    for (unsigned int i = 0; i < 8; i++) {
      unsigned int cpu = fuzz_take_u16(&input) % CPULIST_CPUS;
      fuzz_check(cpulist_has(&list, cpu) == has_cpu(text, cpu));
    }
    check_round(&list);
  }
  free(text);

  size_t at = fuzz_take_u16(&input) % (sizeof(set.bits) / sizeof(set.bits[0]));
  for (; at < sizeof(set.bits) / sizeof(set.bits[0]) && input.left > 0; at++)
    set.bits[at] = fuzz_take_u64(&input);
  check_round(&set);
  return 0;
}
