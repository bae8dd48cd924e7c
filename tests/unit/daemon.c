/* SPDX-License-Identifier: MIT */
#include "daemon.h"
#include "collectd/api.h"

#include "kernel/libc.h"
#include "support/oconfig.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

char *hostname_g = (char *)"localhost";

static struct {
  int (*configure)(oconfig_item_t *block);
  int (*init)(void);
  int (*read)(void);
  int (*flush)(cdtime_t timeout, const char *identifier, user_data_t *data);
  int (*shutdown)(void);
} callbacks;

static atomic_uint values, exit_records, notifications, errors;

static void count(atomic_uint *figure) {
  atomic_fetch_add_explicit(figure, 1, memory_order_relaxed);
}

/* Called in any thread, where a failed assertion could not fail the test. */
static void expect(bool is_true) {
  if (!is_true)
    count(&errors);
}

/* What the plugin calls. */

int plugin_register_complex_config(const char *type,
                                   int (*callback)(oconfig_item_t *)) {
  (void)type;
  callbacks.configure = callback;
  return 0;
}

int plugin_register_init(const char *name, plugin_init_cb callback) {
  (void)name;
  callbacks.init = callback;
  return 0;
}

int plugin_register_read(const char *name, int (*callback)(void)) {
  (void)name;
  callbacks.read = callback;
  return 0;
}

int plugin_register_flush(const char *name, plugin_flush_cb callback,
                          const user_data_t *data) {
  (void)name;
  (void)data;
  callbacks.flush = callback;
  return 0;
}

int plugin_register_shutdown(const char *name, plugin_shutdown_cb callback) {
  (void)name;
  callbacks.shutdown = callback;
  return 0;
}

static _Thread_local plugin_ctx_t context;

plugin_ctx_t plugin_get_ctx(void) { return context; }

plugin_ctx_t plugin_set_ctx(plugin_ctx_t ctx) {
  plugin_ctx_t former = context;
  context = ctx;
  return former;
}

cdtime_t cdtime(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return TIME_T_TO_CDTIME_T((cdtime_t)now.tv_sec) +
         NS_TO_CDTIME_T((cdtime_t)now.tv_nsec);
}

char *sstrncpy(char *to, const char *from, size_t size) {
  strncpy(to, from, size - 1);
  to[size - 1] = '\0';
  return to;
}

char *sstrerror(int number, char *text, size_t size) {
  return sstrncpy(text, strerrordesc_np(number), size);
}

void plugin_log(int level, const char *format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof(line) - 1, format, arguments);
  va_end(arguments);
  expect(length > 0 && level > LOG_ERR);
  if (level > LOG_WARNING)
    return;
  strcat(line, "\n");
  expect(write(STDERR_FILENO, line, strlen(line)) > 0);
}

int plugin_dispatch_values(const value_list_t *list) {
  expect(strcmp(list->plugin, "taskstats") == 0 && list->type[0] != '\0' &&
         list->time > 0 && list->values_len > 0);
  count(&values);
  if (strcmp(list->type_instance, "exit-records") == 0)
    atomic_store_explicit(&exit_records, (unsigned int)list->values[0].derive,
                          memory_order_relaxed);
  return 0;
}

int plugin_dispatch_notification(const notification_t *notification) {
  expect(strcmp(notification->type, "exit") == 0 &&
         notification->message[0] != '\0');
  count(&notifications);
  /* A slow consumer. */
  nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  return 0;
}

static notification_meta_t *add_meta(notification_t *notification,
                                     const char *name) {
  notification_meta_t *meta = calloc(1, sizeof(*meta));
  sstrncpy(meta->name, name, sizeof(meta->name));
  meta->type = NM_TYPE_BOOLEAN;
  meta->next = notification->meta;
  notification->meta = meta;
  return meta;
}

int plugin_notification_meta_add_string(notification_t *n, const char *name,
                                        const char *value) {
  notification_meta_t *meta = add_meta(n, name);
  meta->type = NM_TYPE_STRING;
  meta->nm_value.nm_string = strdup(value);
  return 0;
}

int plugin_notification_meta_add_signed_int(notification_t *n, const char *name,
                                            int64_t value) {
  add_meta(n, name)->nm_value.nm_signed_int = value;
  return 0;
}

int plugin_notification_meta_add_unsigned_int(notification_t *n,
                                              const char *name,
                                              uint64_t value) {
  add_meta(n, name)->nm_value.nm_unsigned_int = value;
  return 0;
}

int plugin_notification_meta_add_double(notification_t *n, const char *name,
                                        double value) {
  add_meta(n, name)->nm_value.nm_double = value;
  return 0;
}

int plugin_notification_meta_add_boolean(notification_t *n, const char *name,
                                         bool value) {
  add_meta(n, name)->nm_value.nm_boolean = value;
  return 0;
}

int plugin_notification_meta_free(notification_meta_t *meta) {
  while (meta != NULL) {
    notification_meta_t *next = meta->next;
    if (meta->type == NM_TYPE_STRING)
      free((char *)meta->nm_value.nm_string);
    free(meta);
    meta = next;
  }
  return 0;
}

/* What the tests call. */

int daemon_configure(const char *text) {
  values = exit_records = notifications = errors = 0;
  context = (plugin_ctx_t){.interval = TIME_T_TO_CDTIME_T(1)};
  module_register();
  oconfig_item_t block = oconfig_block(text);
  int status = callbacks.configure(&block);
  oconfig_clear(&block);
  return status;
}

int daemon_init(void) { return callbacks.init(); }

int daemon_read(void) { return callbacks.read(); }

int daemon_flush(void) { return callbacks.flush(0, NULL, NULL); }

int daemon_shutdown(void) { return callbacks.shutdown(); }

unsigned int daemon_values(void) { return values; }

unsigned int daemon_exit_records(void) { return exit_records; }

unsigned int daemon_notifications(void) { return notifications; }

unsigned int daemon_errors(void) { return errors; }
