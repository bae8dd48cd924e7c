/* SPDX-License-Identifier: MIT */
/*
 * Many processes that sleep, run and end on demand.
 *
 *   crowd [--threads K] [--names K] NAME COUNT [ARGUMENT]...
 *
 * Creates COUNT processes of K threads (1). Their command name is NAME or, with
 * --names K, NAME0 to NAME<K-1> in turn. They have this program's command line;
 * further arguments only make it longer. It prints "ready" and then answers
 * each line of standard input with one line of standard output:
 *
 *   wake            every process runs for about 20 us and sleeps again
 *   wake THIRD      every third one, from THIRD (0 to 2)
 *   yardstick       "yardstick NS": see yardstick.h
 *   clocks          "clocks NS": likewise
 *   listing         "listing NS": likewise
 *   exits COUNT RATE
 *                   COUNT threads (processes if they have only one) end, RATE a
 *                   second, or as fast as possible if RATE is 0: "exits NS",
 *                   the time that it took
 *   churn COUNT RATE
 *                   COUNT processes are created, run for about 20 us, and end:
 *                   "churn NS"
 *   quit            all end: "quit NS"
 *
 * The processes share one page, on which they wait by futex. They end with this
 * program.
 */
#include "pace.h"
#include "yardstick.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  THIRDS = 3,
  WORKERS_BELL = THIRDS, /* on which all threads but the main ones wait */
  BELLS,
  MAX_COUNT = 1000000,
  RUN_NS = 20000,
  STACK_SIZE = 16384,
  TEXT_SIZE = 32,
};

struct shared {
  atomic_uint bell[BELLS]; /* to wake them, it is incremented */
  atomic_uint done;        /* processes that are ready, or have run */
  atomic_uint gone;
  atomic_bool is_ending; /* threads that wake up end */
  atomic_int error;      /* of a process that could not create its threads */
};

static struct shared *shared;
static const char *name;
static unsigned int names = 1, threads = 1, count;
static pid_t *pids;
static pid_t self;
static struct yardstick *yardstick; /* created at its first use */

_Noreturn static void die(const char *what) {
  fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
  exit(EXIT_FAILURE);
}

static unsigned int number(const char *text) {
  char *end = NULL;
  unsigned long value = strtoul(text, &end, 10);

  if (end == text || *end != '\0' || value > MAX_COUNT) {
    errno = EINVAL;
    die(text);
  }
  return (unsigned int)value;
}

static void wait_for_bell(unsigned int bell, unsigned int seen) {
  syscall(SYS_futex, &shared->bell[bell], FUTEX_WAIT, seen, NULL, NULL, 0);
}

/* Returns the number of woken processes. */
static unsigned int wake_at_bell(unsigned int bell, unsigned int most) {
  long woken =
      syscall(SYS_futex, &shared->bell[bell], FUTEX_WAKE, most, NULL, NULL, 0);
  return woken > 0 ? (unsigned int)woken : 0;
}

static void run_a_little(void) {
  int64_t begin = now_ns();

  while (now_ns() - begin < RUN_NS)
    ;
}

/* --- A process of the crowd --- */

/* Ends without the C library, because no thread joins this one. */
static void *live_as_worker(void *unused) {
  (void)unused;
  atomic_fetch_add(&shared->done, 1);
  while (!atomic_load(&shared->is_ending))
    wait_for_bell(WORKERS_BELL, 0);
  atomic_fetch_add(&shared->gone, 1);
  syscall(SYS_exit, 0);
  return NULL;
}

/* Their stacks are parts of one mapping, because the number of mappings is
 * limited. */
static void make_workers(void) {
  size_t size = (size_t)(threads - 1) * STACK_SIZE;
  char *stacks = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  pthread_attr_t attributes;
  pthread_t thread;

  if (stacks == MAP_FAILED) {
    atomic_store(&shared->error, errno);
    _exit(EXIT_FAILURE);
  }
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (unsigned int i = 0; i + 1 < threads; i++) {
    pthread_attr_setstack(&attributes, stacks + (size_t)i * STACK_SIZE,
                          STACK_SIZE);
    int error = pthread_create(&thread, &attributes, live_as_worker, NULL);
    if (error != 0) {
      atomic_store(&shared->error, error);
      _exit(EXIT_FAILURE);
    }
  }
}

static void take_name(unsigned int i) {
  char own[TEXT_SIZE]; /* the kernel truncates it */

  if (names > 1)
    snprintf(own, sizeof(own), "%.9s%u", name, i % names);
  else
    snprintf(own, sizeof(own), "%.15s", name);
  prctl(PR_SET_NAME, own);
}

static void begin_as_child(unsigned int i) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != self)
    _exit(EXIT_FAILURE); /* the parent has already ended */
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  take_name(i);
}

_Noreturn static void live(unsigned int i) {
  unsigned int bell = i % THIRDS;
  unsigned int seen = atomic_load(&shared->bell[bell]);

  begin_as_child(i);
  if (threads > 1)
    make_workers();
  atomic_fetch_add(&shared->done, 1);
  for (;;) {
    wait_for_bell(bell, seen);
    if (atomic_load(&shared->is_ending))
      break;
    unsigned int rung = atomic_load(&shared->bell[bell]);
    if (rung != seen) {
      run_a_little();
      atomic_fetch_add(&shared->done, 1);
    }
    seen = rung;
  }
  atomic_fetch_add(&shared->gone, 1);
  _exit(EXIT_SUCCESS);
}

/* --- The parent --- */

static void say(const char *what, int64_t value) {
  printf("%s %lld\n", what, (long long)value);
  fflush(stdout);
}

_Noreturn static void die_of_limit(void) {
  die("making processes (kernel.pid_max, kernel.threads-max, pids.max of the "
      "control group, and memory limit them)");
}

static pid_t make_child(void) {
  pid_t pid = fork();

  if (pid < 0)
    die_of_limit();
  return pid;
}

static void await(atomic_uint *counter, unsigned int wanted) {
  while (atomic_load(counter) < wanted) {
    sleep_ns(PACE_NS);
    errno = atomic_load(&shared->error);
    if (errno != 0)
      die_of_limit();
  }
}

static void gather(void) {
  pids = calloc(count + 1, sizeof(*pids));
  if (pids == NULL)
    die("memory");
  for (unsigned int i = 0; i < count; i++) {
    pids[i] = make_child();
    if (pids[i] == 0)
      live(i);
  }
  await(&shared->done, count * threads);
}

static void wake(unsigned int first, unsigned int last) {
  unsigned int expected = 0;

  for (unsigned int bell = first; bell <= last; bell++)
    expected += (count + THIRDS - 1 - bell) / THIRDS;
  int64_t begin = now_ns();
  atomic_store(&shared->done, 0);
  for (unsigned int bell = first; bell <= last; bell++) {
    atomic_fetch_add(&shared->bell[bell], 1);
    wake_at_bell(bell, INT_MAX);
  }
  await(&shared->done, expected);
  say("wake", now_ns() - begin);
}

static void say_cost(const char *what, int64_t ns) {
  if (ns < 0) {
    errno = (int)-ns;
    die(what);
  }
  say(what, ns);
}

static void lay_yardstick(void) {
  if (yardstick == NULL)
    yardstick = yardstick_create(pids, count);
  if (yardstick == NULL)
    die("yardstick (it wants CAP_NET_ADMIN and CAP_SYS_PTRACE)");
  say_cost("yardstick", yardstick_lay(yardstick));
}

/* Wakes at most this many, each of which ends. */
static unsigned int end_some(unsigned int most) {
  unsigned int first = threads > 1 ? WORKERS_BELL : 0;
  unsigned int last = threads > 1 ? WORKERS_BELL : THIRDS - 1;
  unsigned int ended = 0;

  for (unsigned int bell = first; bell <= last && ended < most; bell++)
    ended += wake_at_bell(bell, most - ended);
  return ended;
}

static void end_at_pace(unsigned int total, unsigned int rate) {
  unsigned int sent = 0;
  int64_t begin = now_ns();

  atomic_store(&shared->gone, 0);
  atomic_store(&shared->is_ending, true);
  while (sent < total) {
    unsigned int wanted = due(total, rate, now_ns() - begin) - sent;
    unsigned int ended = wanted > 0 ? end_some(wanted) : 0;
    sent += ended;
    if (ended < wanted) {
      errno = ESRCH;
      die("exits: there are not so many");
    }
    if (sent < total)
      sleep_ns(PACE_NS);
  }
  await(&shared->gone, total);
  atomic_store(&shared->is_ending, false);
  say("exits", now_ns() - begin);
}

static void churn(unsigned int total, unsigned int rate) {
  int64_t begin = now_ns();

  for (unsigned int made = 0; made < total;) {
    unsigned int wanted = due(total, rate, now_ns() - begin);
    for (; made < wanted; made++)
      if (make_child() == 0) {
        begin_as_child(made);
        run_a_little();
        _exit(EXIT_SUCCESS);
      }
    sleep_ns(PACE_NS);
  }
  say("churn", now_ns() - begin);
}

/* Because SIGCHLD is ignored, wait returns when no child is left. */
static void dissolve(void) {
  int64_t begin = now_ns();

  atomic_store(&shared->is_ending, true);
  for (unsigned int bell = 0; bell < BELLS; bell++) {
    atomic_fetch_add(&shared->bell[bell], 1);
    wake_at_bell(bell, INT_MAX);
  }
  while (wait(NULL) > 0 || errno == EINTR)
    ;
  say("quit", now_ns() - begin);
}

static void obey(const char *line) {
  char command[16] = "";
  unsigned int a = 0, b = 0;
  int words = sscanf(line, "%15s %u %u", command, &a, &b);

  if (strcmp(command, "wake") == 0 && a < THIRDS)
    wake(words > 1 ? a : 0, words > 1 ? a : THIRDS - 1);
  else if (strcmp(command, "yardstick") == 0)
    lay_yardstick();
  else if (strcmp(command, "listing") == 0)
    say_cost("listing", yardstick_list());
  else if (strcmp(command, "clocks") == 0)
    say_cost("clocks", yardstick_read_clocks(pids, count));
  else if (strcmp(command, "exits") == 0 && words == 3)
    end_at_pace(a, b);
  else if (strcmp(command, "churn") == 0 && words == 3)
    churn(a, b);
  else {
    errno = EINVAL;
    die(line);
  }
}

static char *const *parse(char *const *arguments) {
  for (; arguments[0] != NULL && arguments[1] != NULL; arguments += 2)
    if (strcmp(arguments[0], "--threads") == 0)
      threads = number(arguments[1]);
    else if (strcmp(arguments[0], "--names") == 0)
      names = number(arguments[1]);
    else
      break;
  return arguments;
}

int main(int argc, char **argv) {
  char *const *arguments = parse(argv + 1);
  char line[128];

  if (argc < 3 || arguments[0] == NULL || arguments[1] == NULL ||
      threads == 0 || names == 0) {
    fprintf(stderr, "usage: crowd [--threads K] [--names K] NAME COUNT "
                    "[ARGUMENT]...\n");
    return 2;
  }
  name = arguments[0];
  count = number(arguments[1]);
  self = getpid();
  signal(SIGCHLD, SIG_IGN); /* processes that end are reaped at once */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    die("mmap");
  gather();
  say("ready", count);
  while (fgets(line, sizeof(line), stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "quit") == 0)
      break;
    obey(line);
  }
  dissolve();
  yardstick_destroy(yardstick);
  return 0;
}
