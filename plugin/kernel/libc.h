/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_LIBC_H
#define TASKSTATS_LIBC_H

#include <features.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

/*
 * Functions that glibc has since 2.32, and replacements for other C libraries,
 * such as musl.
 */

#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 32)
#define LIBC_HAS_NAMES
#endif
#endif

/* The name of a signal without "SIG", or NULL if it has none. */
static inline const char *libc_sigabbrev(int signal) {
  static const char *const names[] = {
      [SIGHUP] = "HUP",       [SIGINT] = "INT",   [SIGQUIT] = "QUIT",
      [SIGILL] = "ILL",       [SIGTRAP] = "TRAP", [SIGABRT] = "ABRT",
      [SIGBUS] = "BUS",       [SIGFPE] = "FPE",   [SIGKILL] = "KILL",
      [SIGUSR1] = "USR1",     [SIGSEGV] = "SEGV", [SIGUSR2] = "USR2",
      [SIGPIPE] = "PIPE",     [SIGALRM] = "ALRM", [SIGTERM] = "TERM",
      [SIGCHLD] = "CHLD",     [SIGCONT] = "CONT", [SIGSTOP] = "STOP",
      [SIGTSTP] = "TSTP",     [SIGTTIN] = "TTIN", [SIGTTOU] = "TTOU",
      [SIGURG] = "URG",       [SIGXCPU] = "XCPU", [SIGXFSZ] = "XFSZ",
      [SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF", [SIGWINCH] = "WINCH",
      [SIGPOLL] = "POLL",     [SIGPWR] = "PWR",   [SIGSYS] = "SYS",
#ifdef SIGSTKFLT /* missing on some architectures */
      [SIGSTKFLT] = "STKFLT",
#endif
  };
  return signal > 0 && (size_t)signal < sizeof(names) / sizeof(names[0])
             ? names[signal]
             : NULL;
}

/* The text for an errno, a constant string. Without strerrordesc_np, strerror
 * is used, whose texts for known errnos are constant. */
static inline const char *libc_strerrordesc(int error) {
  return strerror(error);
}

#ifndef LIBC_HAS_NAMES
#define sigabbrev_np libc_sigabbrev
#define strerrordesc_np libc_strerrordesc
#endif

#endif
