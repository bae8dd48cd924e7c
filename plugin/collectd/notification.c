/* SPDX-License-Identifier: MIT */
#include "collectd/notification.h"

#include "report/notice.h"

#include <collectd/core/daemon/collectd.h>

#include <collectd/core/daemon/plugin.h>
#include <collectd/core/utils/common/common.h>

#include <sys/wait.h>

static plugin_ctx_t plugin_context;

void notification_set_context(void) { plugin_context = plugin_get_ctx(); }

static int severity_of(uint32_t exit_code) {
  if (WIFSIGNALED((int)exit_code))
    return NOTIF_FAILURE;
  return WEXITSTATUS((int)exit_code) != 0 ? NOTIF_WARNING : NOTIF_OKAY;
}

static void add_seconds(notification_t *notification, const char *name,
                        uint64_t ns) {
  plugin_notification_meta_add_double(notification, name, (double)ns / 1e9);
}

static void add_exit_status(notification_t *notification,
                            const struct exit_event *event) {
  int status = (int)event->exit_code;
  if (WIFSIGNALED(status)) {
    char name[32];
    notice_signal_name(WTERMSIG(status), name, sizeof(name));
    plugin_notification_meta_add_signed_int(notification, "signal",
                                            WTERMSIG(status));
    plugin_notification_meta_add_string(notification, "signal_name", name);
  } else {
    plugin_notification_meta_add_signed_int(notification, "exit_status",
                                            WEXITSTATUS(status));
  }
  plugin_notification_meta_add_boolean(notification, "core_dumped",
                                       event->dumped_core);
}

static void add_usage(notification_t *notification,
                      const struct exit_event *event) {
  static const struct {
    const char *name;
    enum counter counter;
  } octets[] = {{"read_chars", COUNTER_READ_CHARS},
                {"write_chars", COUNTER_WRITE_CHARS},
                {"read_bytes", COUNTER_READ_BYTES},
                {"write_bytes", COUNTER_WRITE_BYTES}};

  add_seconds(notification, "cpu_user", event->used[COUNTER_CPU_USER]);
  add_seconds(notification, "cpu_system", event->used[COUNTER_CPU_SYSTEM]);
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++) {
    char name[32];
    snprintf(name, sizeof(name), "delay_%s", delay_name((enum delay)kind));
    if (event->known >> (COUNTER_DELAY + kind) & 1)
      add_seconds(notification, name, event->used[COUNTER_DELAY + kind]);
  }
  for (size_t i = 0; i < STATIC_ARRAY_SIZE(octets); i++)
    plugin_notification_meta_add_unsigned_int(notification, octets[i].name,
                                              event->used[octets[i].counter]);
}

static void add_event(notification_t *notification,
                      const struct exit_event *event) {
  plugin_notification_meta_add_unsigned_int(notification, "pid", event->pid);
  plugin_notification_meta_add_unsigned_int(notification, "ppid", event->ppid);
  plugin_notification_meta_add_unsigned_int(notification, "uid", event->uid);
  plugin_notification_meta_add_string(notification, "command", event->comm);
  add_exit_status(notification, event);
  plugin_notification_meta_add_double(notification, "elapsed",
                                      (double)event->elapsed_us / 1e6);
  add_usage(notification, event);
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
    add_event(&n, event);
  plugin_dispatch_notification(&n);
  if (n.meta != NULL)
    plugin_notification_meta_free(n.meta);
}
