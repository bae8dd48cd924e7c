/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_LIBC_H
#define TASKSTATS_LIBC_H

#include <features.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

/*
 * What glibc has since 2.32 and other C libraries lack, such as musl: in their
 * place are functions that do the same.
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
#ifdef SIGSTKFLT /* not on every architecture */
      [SIGSTKFLT] = "STKFLT",
#endif
  };
  return signal > 0 && (size_t)signal < sizeof(names) / sizeof(names[0])
             ? names[signal]
             : NULL;
}

/* The text of an errno, which no other call changes: where there is no function
 * that says so, strerror has a constant text for each errno that is known. */
static inline const char *libc_strerrordesc(int error) {
  return strerror(error);
}

#ifndef LIBC_HAS_NAMES
#define sigabbrev_np libc_sigabbrev
#define strerrordesc_np libc_strerrordesc
#endif

#endif
