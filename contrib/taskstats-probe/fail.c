/* SPDX-License-Identifier: MIT */
#include "fail.h"

#include "system.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 1, 0))) static void say(const char *format,
                                                      va_list arguments) {
  fflush(stdout); /* what came before stands before */
  fputs("taskstats-probe: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
}

int fail(enum exit_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(format, arguments);
  va_end(arguments);
  return (int)status;
}

void note(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(format, arguments);
  va_end(arguments);
}

int fail_open(int error) {
  switch (-error) {
  case ENOENT:
    return fail(STATUS_FAILED,
                "this kernel has no taskstats family; it has to be built with "
                "CONFIG_TASKSTATS, as Debian's are");
  case EPERM:
  case EACCES:
    return fail(STATUS_FAILED,
                "a netlink socket is forbidden (%s): a container's seccomp "
                "profile must allow socket(AF_NETLINK)",
                strerror(-error));
  default:
    return fail(STATUS_FAILED,
                "no netlink socket to the kernel: %s; is AF_NETLINK allowed "
                "here (RestrictAddressFamilies= of the service)?",
                strerror(-error));
  }
}

static int fail_permission(void) {
  if ((system_capabilities() & SYSTEM_NET_ADMIN) != 0)
    return fail(STATUS_FAILED,
                "not permitted: CAP_NET_ADMIN is there, but only within a user "
                "namespace; run in the initial one (a rootless container "
                "cannot)");
  return fail(STATUS_FAILED,
              "not permitted: CAP_NET_ADMIN is missing; run as root, or give "
              "it (AmbientCapabilities=CAP_NET_ADMIN of the service)");
}

/* What any request may meet. */
static int fail_request(int error) {
  switch (-error) {
  case EPERM:
    return fail_permission();
  case ETIMEDOUT:
    return fail(STATUS_FAILED,
                "the kernel has not answered within two seconds; try again "
                "when the machine has less to do");
  case EPROTONOSUPPORT:
    return fail(STATUS_FAILED,
                "this kernel's taskstats are older than version %d (Linux "
                "2.6.31), which is the oldest that can be read",
                STATS_VERSION_OLDEST);
  case EBADMSG:
    return fail(STATUS_FAILED, "the kernel's answer is not understood; please "
                               "report it with the output of uname -a");
  default:
    return fail(STATUS_FAILED, "the kernel refuses: %s", strerror(-error));
  }
}

int fail_query(int error, enum answer_part part, uint32_t id) {
  if (error != -ESRCH)
    return fail_request(error);
  return fail(STATUS_GONE,
              "there is no %s %u; it may have ended, or have another number "
              "outside of this pid namespace",
              part == ANSWER_THREAD ? "thread" : "process", id);
}

int fail_watch(int error, const char *cpus) {
  char possible[256] = "unknown";
  if (error != -ERANGE && error != -EINVAL)
    return fail_request(error);
  if (error == -EINVAL && system_namespace("pid") == SYSTEM_OWN)
    return fail(STATUS_FAILED,
                "the kernel lets only the initial pid namespace listen; this "
                "is another one (docker run --pid=host, hostPID: true)");
  system_line("/sys/devices/system/cpu/possible", possible, sizeof(possible));
  if (error == -ERANGE)
    return fail(STATUS_USAGE,
                "--cpus \"%s\" has a CPU that cannot exist here; possible are "
                "%s",
                cpus, possible);
  return fail(STATUS_USAGE,
              "--cpus \"%s\" is no list of CPUs; one is \"0-3,8\", possible "
              "are %s",
              cpus, possible);
}
