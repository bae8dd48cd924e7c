// SPDX-License-Identifier: MIT
/*
 * Processes that the OOM killer kills, and others that are sent SIGKILL.
 *
 *   oom [--same-pid|--apart] PROCS NAME COUNT ENDS
 *
 * Prints "ready", and at each SIGUSR1 creates COUNT children, one after the
 * other. Each is named NAME and enters the cgroups whose cgroup.procs files
 * PROCS lists, separated by commas. Children with the end "oom" allocate memory
 * until they are killed; those with "kill" wait, and are killed at once; the
 * n-th child has the n-th end, cyclically. wait4 reports how each one ended.
 * With --same-pid, each child has the pid of the previous one, and they are
 * 200 ms apart; with --apart, 50 ms.
 */
#include "workload.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>

enum { LIMIT_S = 120, PIECE = 1024 * 1024, MAX_CHILDREN = 1000, MAX_WORDS = 8 };

static void enter(const char *procs) {
  char paths[4096];
  snprintf(paths, sizeof(paths), "%s", procs);
  for (char *rest = paths, *path; (path = strsep(&rest, ",")) != NULL;) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1)
      die(path);
    close(fd);
  }
}

_Noreturn static void take_memory(void) {
  for (;;) {
    char *memory = mmap(NULL, PIECE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      die("mmap");
    memset(memory, 'x', PIECE);
  }
}

_Noreturn static void live(const char *procs, const char *name,
                           bool takes_memory, int ready) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(LIMIT_S);
  enter(procs);
  prctl(PR_SET_NAME, name);
  if (takes_memory)
    take_memory();
  if (write(ready, "r", 1) != 1)
    die("pipe");
  for (;;)
    pause();
}

/* Waits until a child is ready, and kills it. */
static void kill_child(pid_t pid, int ready) {
  char byte;
  if (read(ready, &byte, 1) != 1)
    die("a child");
  kill(pid, SIGKILL);
}

static void reap(pid_t pid, const char *end) {
  struct rusage usage;
  int status;
  if (wait4(pid, &status, 0, &usage) != pid)
    die("wait4");
  say("child_%d=%d\npeak_kib_%d=%ld\nend_%d=%s", pid, status, pid,
      usage.ru_maxrss, pid, end);
}

/* PROCS NAME COUNT ENDS */
static void work(char *const *arguments, bool same_pid, bool is_apart) {
  unsigned count = (unsigned)number_up_to(arguments[2], MAX_CHILDREN);
  char ends[256], *end[MAX_WORDS], *rest = ends;
  unsigned end_count = 0;
  pid_t pid = 0;
  snprintf(ends, sizeof(ends), "%s", arguments[3]);
  while (end_count < MAX_WORDS && (end[end_count] = strsep(&rest, ",")) != NULL)
    end_count++;
  for (unsigned i = 0; i < count; i++) {
    bool takes_memory = strcmp(end[i % end_count], "oom") == 0;
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0)
      die("pipe2");
    pid = fork_with_pid(same_pid ? pid : 0);
    if (pid == 0)
      live(arguments[0], arguments[1], takes_memory, ready[1]);
    if (!takes_memory)
      kill_child(pid, ready[0]);
    reap(pid, end[i % end_count]);
    close(ready[0]);
    close(ready[1]);
    if (is_apart || same_pid)
      nanosleep(&(struct timespec){.tv_nsec = same_pid ? 200000000 : 50000000},
                NULL);
  }
}

int main(int argc, char **argv) {
  bool same_pid = argc > 1 && strcmp(argv[1], "--same-pid") == 0;
  bool is_apart = argc > 1 && strcmp(argv[1], "--apart") == 0;
  int first = same_pid || is_apart ? 2 : 1;
  if (argc - first != 4) {
    errno = EINVAL;
    die("arguments");
  }
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  alarm(LIMIT_S);
  say("ready");
  for (unsigned round = 1;; round++) {
    int signal;
    sigwait(&set, &signal);
    work(argv + first, same_pid, is_apart);
    say("done=%u", round);
  }
}
