/* SPDX-License-Identifier: MIT */
#include "arguments.h"

#include "fail.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  ID_MAX = 4 * 1024 * 1024, /* PID_MAX_LIMIT */
  YEAR_S = 366 * 24 * 3600,
};

static bool parse_number(const char *text, uint64_t most, uint64_t *number) {
  char *end = NULL;
  errno = 0;
  if (!isdigit((unsigned char)text[0]))
    return false;
  *number = strtoull(text, &end, 10);
  return *end == '\0' && errno == 0 && *number > 0 && *number <= most;
}

int arguments_id(const char *text, uint32_t *id) {
  uint64_t number = 0;
  if (!parse_number(text, ID_MAX, &number))
    return fail(STATUS_USAGE,
                "\"%s\" is not the id of a process or thread: expected a "
                "number from 1 to %d",
                text, ID_MAX);
  *id = (uint32_t)number;
  return STATUS_OK;
}

int arguments_seconds(const char *option, const char *text, double *seconds) {
  char *end = NULL;
  *seconds = strtod(text, &end);
  if (end == text || *end != '\0' || !(*seconds >= 0.01 && *seconds <= YEAR_S))
    return fail(STATUS_USAGE,
                "%s \"%s\": expected a number of seconds, 0.01 or more", option,
                text);
  return STATUS_OK;
}

int arguments_number(const char *option, const char *text, uint64_t most,
                     uint64_t *number) {
  if (!parse_number(text, most, number))
    return fail(STATUS_USAGE, "%s \"%s\": expected a number from 1 to %llu",
                option, text, (unsigned long long)most);
  return STATUS_OK;
}

int arguments_cpus(const char *text, const char **cpus) {
  if (strpbrk(text, "0123456789") == NULL)
    return fail(STATUS_USAGE,
                "--cpus \"%s\": expected a list of CPUs such as 0-3,8", text);
  *cpus = text;
  return STATUS_OK;
}

int arguments_misused(const char *command) {
  return fail(STATUS_USAGE, "see taskstats-probe %s --help", command);
}
