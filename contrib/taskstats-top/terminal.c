/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What a signal handler has to know */
static volatile sig_atomic_t resized;
static bool on_terminal;

static void terminal_restore(void) {
  static const char show_cursor[] = "\033[?25h";
  if (on_terminal && write(STDOUT_FILENO, show_cursor, 6) != 6)
    return; /* nobody is there to see it */
}

static void on_end(int signal) {
  (void)signal;
  terminal_restore();
  _exit(EXIT_SUCCESS);
}

static void on_resize(int signal) {
  (void)signal;
  resized = 1;
}

void terminal_prepare(bool is_wanted) {
  static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
  on_terminal = isatty(STDOUT_FILENO) == 1 && is_wanted;
  struct sigaction action = {.sa_handler = on_end};
  for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
    sigaction(ends[i], &action, NULL);
  /* Only a sleep is to be cut short, never a read of the library's. */
  action = (struct sigaction){.sa_handler = on_resize, .sa_flags = SA_RESTART};
  sigaction(SIGWINCH, &action, NULL);
  signal(SIGPIPE, SIG_IGN); /* collectd may leave at any time */
  if (on_terminal) {
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ * 8); /* a frame at a time */
    fputs("\033[?25l", stdout);
    atexit(terminal_restore);
  }
}

bool terminal_is_there(void) { return on_terminal; }

bool terminal_was_resized(void) {
  if (!resized)
    return false;
  resized = 0;
  return true;
}

bool terminal_measure(int *width, int *height) {
  struct winsize size;
  if (!on_terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
      size.ws_col == 0 || size.ws_row == 0)
    return false;
  *width = size.ws_col;
  *height = size.ws_row;
  return true;
}
