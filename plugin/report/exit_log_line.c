/* SPDX-License-Identifier: MIT */
#include "report/exit_log_line.h"

#include "report/exit_fields.h"
#include "report/notice.h"
#include "select/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <yajl/yajl_gen.h>

enum { MESSAGE_SIZE = 1024 };

static void put_string(yajl_gen json, const char *text) {
  yajl_gen_string(json, (const unsigned char *)text, strlen(text));
}

static void put_seconds(yajl_gen json, double seconds) {
  char number[32];
  int length = snprintf(number, sizeof(number), "%.15g", seconds);
  yajl_gen_number(json, number, (size_t)length);
}

static void put_field(void *context, const struct exit_field *field) {
  yajl_gen json = context;
  put_string(json, field->name);
  switch (field->kind) {
  case EXIT_FIELD_COUNT:
    yajl_gen_integer(json, (long long)field->count);
    break;
  case EXIT_FIELD_STATUS:
    yajl_gen_integer(json, field->status);
    break;
  case EXIT_FIELD_SECONDS:
    put_seconds(json, field->seconds);
    break;
  case EXIT_FIELD_TEXT:
    put_string(json, field->text);
    break;
  case EXIT_FIELD_FLAG:
    yajl_gen_bool(json, field->flag);
    break;
  }
}

/* RFC 3339 */
static void put_time(yajl_gen json, uint64_t time_ms) {
  time_t seconds = (time_t)(time_ms / 1000);
  struct tm utc;
  char day[32], text[48];
  gmtime_r(&seconds, &utc);
  strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &utc);
  snprintf(text, sizeof(text), "%s.%03uZ", day, (unsigned int)(time_ms % 1000));
  put_string(json, "time");
  put_string(json, text);
}

static void put_groups(yajl_gen json, const char *groups, size_t count) {
  put_string(json, "groups");
  yajl_gen_array_open(json);
  for (size_t i = 0; i < count; i++, groups += strlen(groups) + 1)
    put_string(json, groups);
  yajl_gen_array_close(json);
}

/* The same as that of the notification. */
static const char *severity_of(uint32_t exit_code) {
  if (WIFSIGNALED((int)exit_code))
    return "failure";
  return WEXITSTATUS((int)exit_code) != 0 ? "warning" : "okay";
}

static void put_exit(yajl_gen json, const struct exit_event *event,
                     const char *host, const char *groups, size_t group_count) {
  char message[MESSAGE_SIZE];
  yajl_gen_map_open(json);
  put_time(json, event->time_ms);
  put_string(json, "host");
  text_clean(host, message, sizeof(message));
  put_string(json, message);
  put_groups(json, groups, group_count);
  put_string(json, "severity");
  put_string(json, severity_of(event->exit_code));
  put_string(json, "message");
  notice_describe(event, message, sizeof(message));
  put_string(json, message);
  exit_fields_each(event, put_field, json);
  yajl_gen_map_close(json);
}

size_t exit_log_line(const struct exit_event *event, const char *host,
                     const char *groups, size_t group_count, char **line) {
  const unsigned char *text;
  size_t length = 0;
  *line = NULL;
  yajl_gen json = yajl_gen_alloc(NULL);
  if (json == NULL)
    return 0;
  put_exit(json, event, host, groups, group_count);
  char *copy = NULL;
  if (yajl_gen_get_buf(json, &text, &length) == yajl_gen_status_ok)
    copy = malloc(length + 1);
  if (copy != NULL) {
    memcpy(copy, text, length);
    copy[length] = '\n';
  }
  yajl_gen_free(json);
  *line = copy;
  return copy != NULL ? length + 1 : 0;
}
