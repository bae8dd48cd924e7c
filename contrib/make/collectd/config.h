/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_COLLECTD_CONFIG_H
#define TASKSTATS_COLLECTD_CONFIG_H

/*
 * For COLLECTD_SRC: replaces the config.h that collectd's configure would
 * write into its tree. It has what collectd's headers (daemon/collectd.h,
 * utils/common/common.h) need to know of Linux and its C libraries; no
 * struct's layout depends on it.
 */

#define HAVE_SYS_TYPES_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_WAIT_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_SYS_SOCKET_H 1
#define HAVE_SYS_PARAM_H 1
#define HAVE_STRINGS_H 1
#define HAVE_UNISTD_H 1
#define HAVE_FCNTL_H 1
#define HAVE_ENDIAN_H 1
#define HAVE_DIRENT_H 1
#define HAVE_PWD_H 1
#define TIME_WITH_SYS_TIME 1
#define NAN_STATIC_DEFAULT 1
#define HAVE_GETPWNAM_R 1
/* Doubles in messages, as on any machine with IEEE 754; unused here */
#define FP_LAYOUT_NEED_NOTHING 1
#define KERNEL_LINUX 1

/* For collectd's own build, unused here */
#define PACKAGE_NAME "collectd"
#define PACKAGE_VERSION ""

#endif
