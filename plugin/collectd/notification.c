/* SPDX-License-Identifier: MIT */
#include "collectd/notification.h"

#include "collectd/api.h"
#include "report/exit_fields.h"

#include <sys/wait.h>

static plugin_ctx_t plugin_context;

void notification_set_context(void) { plugin_context = plugin_get_ctx(); }

static int severity_of(uint32_t exit_code) {
  if (WIFSIGNALED((int)exit_code))
    return NOTIF_FAILURE;
  return WEXITSTATUS((int)exit_code) != 0 ? NOTIF_WARNING : NOTIF_OKAY;
}

static void add_field(void *context, const struct exit_field *field) {
  notification_t *notification = context;
  switch (field->kind) {
  case EXIT_FIELD_COUNT:
    plugin_notification_meta_add_unsigned_int(notification, field->name,
                                              field->count);
    break;
  case EXIT_FIELD_STATUS:
    plugin_notification_meta_add_signed_int(notification, field->name,
                                            field->status);
    break;
  case EXIT_FIELD_SECONDS:
    plugin_notification_meta_add_double(notification, field->name,
                                        field->seconds);
    break;
  case EXIT_FIELD_TEXT:
    plugin_notification_meta_add_string(notification, field->name, field->text);
    break;
  case EXIT_FIELD_FLAG:
    plugin_notification_meta_add_boolean(notification, field->name,
                                         field->flag);
    break;
  }
}

void notification_send(const char *group, const struct exit_event *event,
                       const char *text, uint32_t exit_code) {
  plugin_set_ctx(plugin_context);
  notification_t n = {.severity = severity_of(exit_code), .time = cdtime()};
  sstrncpy(n.message, text, sizeof(n.message));
  sstrncpy(n.host, hostname_g, sizeof(n.host));
  sstrncpy(n.plugin, "taskstats", sizeof(n.plugin));
  sstrncpy(n.plugin_instance, group, sizeof(n.plugin_instance));
  sstrncpy(n.type, "exit", sizeof(n.type));
  if (event != NULL)
    exit_fields_each(event, add_field, &n);
  plugin_dispatch_notification(&n);
  if (n.meta != NULL)
    plugin_notification_meta_free(n.meta);
}
