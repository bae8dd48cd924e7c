// SPDX-License-Identifier: MIT
/*
 * A process that keeps changing its name and calling exec.
 *
 *   restless NAMES RENAMES EXECS SECONDS
 *
 * Changes its name to each of NAMES (separated by commas) in turn, RENAMES
 * times per second, and executes itself EXECS times per second, or as often as
 * possible. Ends after SECONDS, and prints the number of both. wait4 returns
 * its CPU time across all execs.
 */
#include "workload.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

enum { MAX_NAMES = 16, PERIOD_US = 1000 };

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* State that must survive an exec. */
struct work {
  double renames_per_s, execs_per_s;
  double begin_s, end_s;
  uint64_t renames, execs;
};

static void change_name(const char *names, uint64_t which) {
  char copy[256], *name[MAX_NAMES], *rest = copy;
  unsigned count = 0;
  snprintf(copy, sizeof(copy), "%s", names);
  while (count < MAX_NAMES && (name[count] = strsep(&rest, ",")) != NULL)
    count++;
  if (prctl(PR_SET_NAME, name[which % count]) < 0)
    die("PR_SET_NAME");
}

/* restless --on NAMES RENAMES EXECS BEGIN END RENAMED EXECED */
_Noreturn static void exec_again(const char *self, const char *names,
                                 const struct work *work) {
  char text[6][32];
  snprintf(text[0], sizeof(text[0]), "%.0f", work->renames_per_s);
  snprintf(text[1], sizeof(text[1]), "%.0f", work->execs_per_s);
  snprintf(text[2], sizeof(text[2]), "%.6f", work->begin_s);
  snprintf(text[3], sizeof(text[3]), "%.6f", work->end_s);
  snprintf(text[4], sizeof(text[4]), "%" PRIu64, work->renames);
  snprintf(text[5], sizeof(text[5]), "%" PRIu64, work->execs + 1);
  execl(self, self, "--on", names, text[0], text[1], text[2], text[3], text[4],
        text[5], NULL);
  die(self);
}

static void work_on(const char *self, const char *names, struct work *work) {
  double now = 0;
  while ((now = now_s()) < work->end_s) {
    double passed = now - work->begin_s;
    while ((double)work->renames < passed * work->renames_per_s &&
           now_s() < work->end_s)
      change_name(names, work->renames++);
    if ((double)work->execs < passed * work->execs_per_s)
      exec_again(self, names, work);
    nanosleep(&(struct timespec){.tv_nsec = PERIOD_US * 1000}, NULL);
  }
}

int main(int argc, char **argv) {
  struct work work = {0};
  if (argc == 5) {
    work = (struct work){.renames_per_s = atof(argv[2]),
                         .execs_per_s = atof(argv[3]),
                         .begin_s = now_s(),
                         .end_s = now_s() + atof(argv[4])};
  } else if (argc == 9 && strcmp(argv[1], "--on") == 0) {
    argv++;
    work = (struct work){.renames_per_s = atof(argv[2]),
                         .execs_per_s = atof(argv[3]),
                         .begin_s = atof(argv[4]),
                         .end_s = atof(argv[5]),
                         .renames = number(argv[6]),
                         .execs = number(argv[7])};
  } else {
    fputs("usage: restless NAMES RENAMES EXECS SECONDS\n", stderr);
    return EXIT_FAILURE;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  work_on(argc == 9 ? argv[-1] : argv[0], argv[1], &work);
  /* Otherwise, it might be gone before its last change is looked at. */
  sleep_ms(1000);
  say("renames=%" PRIu64 "\nexecs=%" PRIu64, work.renames, work.execs);
  return EXIT_SUCCESS;
}
