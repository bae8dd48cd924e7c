/* SPDX-License-Identifier: MIT */
#include "fail.h"

#include "system.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 1, 0))) static void say(const char *format,
                                                      va_list arguments) {
  fflush(stdout); /* earlier output must precede it */
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
                "this kernel has no taskstats family; run one that is built "
                "with CONFIG_TASKSTATS, such as Debian's");
  case EPERM:
  case EACCES:
    return fail(STATUS_FAILED,
                "a netlink socket is forbidden (%s): allow socket(AF_NETLINK) "
                "in the container's seccomp profile",
                strerror(-error));
  default:
    return fail(STATUS_FAILED,
                "cannot open a netlink socket: %s; check that AF_NETLINK is "
                "allowed (RestrictAddressFamilies= of the service)",
                strerror(-error));
  }
}

static int fail_permission(void) {
  if ((system_capabilities() & SYSTEM_NET_ADMIN) != 0)
    return fail(STATUS_FAILED, "not permitted: CAP_NET_ADMIN is effective only "
                               "within a user namespace; run in the initial "
                               "one (not possible in a rootless container)");
  return fail(STATUS_FAILED,
              "not permitted: CAP_NET_ADMIN is missing; run as root, or add it "
              "to the service (AmbientCapabilities=CAP_NET_ADMIN)");
}

/* Errors of any request. */
static int fail_request(int error) {
  switch (-error) {
  case EPERM:
    return fail_permission();
  case ETIMEDOUT:
    return fail(STATUS_FAILED,
                "the kernel has not answered within two seconds; try again "
                "when the machine is less busy");
  case EPROTONOSUPPORT:
    return fail(STATUS_FAILED,
                "this kernel's taskstats are older than version %d (Linux "
                "2.6.31), the oldest that is supported",
                STATS_VERSION_OLDEST);
  case EBADMSG:
    return fail(STATUS_FAILED, "cannot decode the kernel's answer; report this "
                               "with the output of uname -a");
  default:
    return fail(STATUS_FAILED, "the kernel refuses the request: %s",
                strerror(-error));
  }
}

int fail_query(int error, enum answer_part part, uint32_t id) {
  if (error != -ESRCH)
    return fail_request(error);
  return fail(STATUS_GONE,
              "there is no %s %u; it may have ended, or have another id "
              "outside this pid namespace",
              part == ANSWER_THREAD ? "thread" : "process", id);
}

int fail_watch(int error, const char *cpus) {
  char possible[256] = "unknown";
  if (error != -ERANGE && error != -EINVAL)
    return fail_request(error);
  if (error == -EINVAL && system_namespace("pid") == SYSTEM_OWN)
    return fail(STATUS_FAILED,
                "only processes in the initial pid namespace may listen; run "
                "in that (docker run --pid=host, hostPID: true)");
  system_line("/sys/devices/system/cpu/possible", possible, sizeof(possible));
  if (error == -ERANGE)
    return fail(STATUS_USAGE,
                "--cpus \"%s\" names a CPU that cannot exist here; possible "
                "CPUs are %s",
                cpus, possible);
  return fail(STATUS_USAGE,
              "--cpus \"%s\" is not a list of CPUs such as \"0-3,8\"; possible "
              "CPUs are %s",
              cpus, possible);
}
