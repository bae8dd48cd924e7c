/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_API_H
#define TASKSTATS_API_H

/*
 * All that the plugin needs of collectd 5.12: the rest of this folder includes
 * collectd's headers through this one alone, and no other folder does. They are
 * named as they are in collectd's source tree; Debian has the same below
 * /usr/include/collectd.
 *
 * What is used of them:
 *
 *   module.c         plugin_register_complex_config, _init, _read, _flush and
 *                    _shutdown; DATA_MAX_NAME_LEN
 *   config*.c        oconfig_item_t, the types alone
 *   values.c         value_list_t, plugin_dispatch_values, cdtime
 *   notification.c   notification_t, plugin_notification_meta_add_*,
 *                    plugin_dispatch_notification; plugin_get_ctx and
 *                    plugin_set_ctx, for other threads; hostname_g
 *   all              plugin_log and its macros, sstrncpy, STRERROR
 *
 * For collectd 6 (its branch collectd-6.0) all this compiles as it is, but
 * value lists are there for old plugins alone (utils/value_list), and a derive
 * becomes METRIC_TYPE_UP_DOWN, which may fall. So values.c is what has to
 * change: a metric_family_t (daemon/metric.h) has a name, a type, a unit and
 * metrics that are told apart by labels, and plugin_dispatch_metric_family
 * takes one. A line of the table in report/metric.c becomes a family, and each
 * group a metric of it:
 *
 *   collectd 5                              collectd 6
 *   plugin_instance: the group              a label, "group"
 *   type, type_instance                     the family's name and unit
 *   derive                                  METRIC_TYPE_COUNTER
 *   gauge                                   METRIC_TYPE_UP_DOWN of what adds up
 *                                           (processes, bytes), else _GAUGE
 *   several values of a type                a metric each, with one more label
 *
 * values_dispatch goes through the groups, so that families are begun before it
 * and dispatched after. A label may be longer than DATA_MAX_NAME_LEN, but the
 * group of a notification may not. Callbacks, the configuration, notifications
 * and their meta data stay as they are.
 */

#include <daemon/collectd.h>

#include <daemon/plugin.h>
#include <liboconfig/oconfig.h>
#include <utils/common/common.h>

#endif
