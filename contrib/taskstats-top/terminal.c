/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { ESCAPE = '\033', SEQUENCE_MS = 50 };

/* State for signal handlers */
static volatile sig_atomic_t resized;
static bool on_terminal;
static bool has_keys;
static struct termios before, during;

static unsigned char keys[64]; /* the keys that were read */
static size_t key_next, key_count;

static void terminal_write(const char *text, size_t length) {
  if (write(STDOUT_FILENO, text, length) != (ssize_t)length)
    return; /* a background process must not write */
}

static void terminal_restore(void) {
  static const char show_cursor[] = "\033[?25h";
  if (has_keys)
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
  if (on_terminal)
    terminal_write(show_cursor, sizeof(show_cursor) - 1);
}

static void terminal_take(void) {
  static const char hide_cursor[] = "\033[?25l";
  if (has_keys)
    tcsetattr(STDIN_FILENO, TCSANOW, &during);
  if (on_terminal)
    terminal_write(hide_cursor, sizeof(hide_cursor) - 1);
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

/* Stops here until the process is continued. */
static void on_stop(int signal) {
  (void)signal;
  int error = errno;
  terminal_restore();
  raise(SIGSTOP);
  terminal_take();
  resized = 1;
  errno = error;
}

static void handle(int signal, void (*handler)(int signal), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(signal, &action, NULL);
}

static void handle_signals(void) {
  static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
    handle(ends[i], on_end, 0);
  /* Only the wait for a key may be interrupted, not reads of the library. */
  handle(SIGWINCH, on_resize, SA_RESTART);
  if (on_terminal)
    handle(SIGTSTP, on_stop, SA_RESTART);
  /* collectd may close the connection at any time */
  handle(SIGPIPE, SIG_IGN, 0);
}

/* A background process leaves the keys to the foreground. */
static bool has_own_keys(void) {
  if (isatty(STDIN_FILENO) != 1 || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
      tcgetattr(STDIN_FILENO, &before) != 0)
    return false;
  during = before;
  during.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  during.c_cc[VMIN] = 1;
  during.c_cc[VTIME] = 0;
  return true;
}

void terminal_prepare(bool is_wanted, bool with_keys) {
  const char *type = getenv("TERM");
  bool is_dumb = type != NULL && strcmp(type, "dumb") == 0;
  on_terminal = isatty(STDOUT_FILENO) == 1 && is_wanted && !is_dumb;
  has_keys = on_terminal && with_keys && has_own_keys();
  handle_signals();
  if (on_terminal) {
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ * 8); /* one frame at a time */
    atexit(terminal_restore);
    terminal_take();
  }
}

bool terminal_is_there(void) { return on_terminal; }

bool terminal_has_keys(void) { return has_keys; }

/* Whether a key arrives within this time. A terminal that has hung up has none.
 */
static bool read_keys(double seconds) {
  struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
  int ms = seconds <= 0 ? 0 : 1 + (int)(seconds < 1e3 ? seconds * 1e3 : 1e6);
  if (poll(&wait, 1, ms) <= 0)
    return false;
  ssize_t length = read(STDIN_FILENO, keys, sizeof(keys));
  if (length <= 0)
    has_keys = false;
  key_next = 0;
  key_count = length > 0 ? (size_t)length : 0;
  return key_count > 0;
}

static bool next_key(double seconds, unsigned char *key) {
  if (key_next == key_count && !read_keys(seconds))
    return false;
  *key = keys[key_next++];
  return true;
}

/* Bytes that immediately follow an escape form one key with it: "[", parameters
 * and a letter, or "O" and a letter. */
static int finish_escape(void) {
  unsigned char key;
  if (!next_key(SEQUENCE_MS / 1e3, &key))
    return ESCAPE;
  if (key != '[' && key != 'O') {
    key_next--;
    return ESCAPE;
  }
  while (next_key(SEQUENCE_MS / 1e3, &key) && (key < '@' || key > '~'))
    ;
  return TERMINAL_KEY_NONE;
}

static void sleep_until(double when) {
  struct timespec deadline = {.tv_sec = (time_t)when};
  deadline.tv_nsec = (long)((when - (double)deadline.tv_sec) * 1e9);
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
}

int terminal_await_key(double end) {
  struct timespec now;
  unsigned char key;
  if (!has_keys) {
    sleep_until(end);
    return TERMINAL_KEY_NONE;
  }
  clock_gettime(CLOCK_MONOTONIC, &now);
  double left = end - (double)now.tv_sec - (double)now.tv_nsec / 1e9;
  if (!next_key(left, &key))
    return TERMINAL_KEY_NONE;
  return key == ESCAPE ? finish_escape() : key;
}

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
