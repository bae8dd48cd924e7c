/* SPDX-License-Identifier: MIT */
/*
 * Causes process events on demand.
 *
 *   storm JOB
 *
 * JOB is the program that jobs execute (job.c). It prints "ready 0" and then
 * answers each line of standard input with the command and the time that it
 * took, in ns:
 *
 *   forks COUNT RATE    forks COUNT processes, RATE a second, or as fast as
 *                       possible if RATE is 0; they wait
 *   execs COUNT RATE    COUNT of these call exec, and wait again
 *   threads COUNT RATE  starts COUNT threads, which wait; earlier ones end
 *   end                 ends and reaps all of these
 *   renames COUNT RATE AT_ONCE
 *                       AT_ONCE processes change their names, COUNT times in
 *                       total
 *   jobs COUNT RATE AT_ONCE
 *                       COUNT processes are forked, call exec, sleep, end and
 *                       are reaped, at most AT_ONCE at a time
 *   quit                ends the program
 */
#include "pace.h"
#include "support/workload.h"

#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum {
  MAX_COUNT = 1000000,
  MAX_WORKERS = 1000,
  STACK_SIZE = 16384,
  PATIENCE_S = 20,
};

#define JOB_US "5000"
#define LONG_US "1000000000"

struct shared {
  atomic_uint process_bell, thread_bell; /* on which these wait */
  atomic_uint ready;                     /* those that are about to wait */
  atomic_uint execs;
  atomic_int error; /* of a process that could not call exec */
};

static struct shared *shared;
static const char *job;
static pid_t self;
static pid_t pids[MAX_COUNT]; /* of those that were forked */
static unsigned int pid_count;
static unsigned int thread_count;
static char *stacks; /* of the threads */
static size_t stacks_size;

static void await(const atomic_uint *counter, unsigned int wanted) {
  int64_t give_up = now_ns() + PATIENCE_S * INT64_C(1000000000);
  while (atomic_load(counter) < wanted) {
    sleep_ns(PACE_NS);
    errno = atomic_load(&shared->error);
    if (errno == 0 && now_ns() > give_up)
      errno = ETIMEDOUT;
    if (errno != 0)
      die("storm");
  }
}

static void wait_for_bell(atomic_uint *bell) {
  syscall(SYS_futex, bell, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static unsigned int wake_at_bell(atomic_uint *bell, unsigned int most) {
  long woken = syscall(SYS_futex, bell, FUTEX_WAKE, most, NULL, NULL, 0);
  return woken > 0 ? (unsigned int)woken : 0;
}

/* Does something COUNT times at a rate; do_some returns the number of
 * successes. */
static void keep_pace(unsigned int count, unsigned int rate,
                      unsigned int (*do_some)(unsigned int most)) {
  int64_t begin = now_ns(), last = begin;
  for (unsigned int done = 0; done < count;) {
    unsigned int wanted = due(count, rate, now_ns() - begin) - done;
    unsigned int more = wanted > 0 ? do_some(wanted) : 0;
    done += more;
    if (more > 0)
      last = now_ns();
    else if (now_ns() - last > PATIENCE_S * INT64_C(1000000000)) {
      errno = ETIMEDOUT;
      die("storm");
    }
    if (done < count)
      sleep_ns(PACE_NS);
  }
}

/* Processes */

static pid_t make_child(void) {
  pid_t pid = fork();
  if (pid < 0)
    die("fork");
  if (pid != 0)
    return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* also after exec */
  if (getppid() != self)
    _exit(EXIT_FAILURE);
  return 0;
}

static void call_exec(const char *us) {
  execl(job, "taskstats-job", us, (char *)NULL);
  atomic_store(&shared->error, errno);
}

_Noreturn static void live(void) {
  atomic_fetch_add(&shared->ready, 1);
  wait_for_bell(&shared->process_bell);
  atomic_fetch_add(&shared->execs, 1);
  call_exec(LONG_US);
  _exit(EXIT_FAILURE);
}

static unsigned int fork_some(unsigned int most) {
  for (unsigned int i = 0; i < most; i++) {
    pid_t pid = make_child();
    if (pid == 0)
      live();
    pids[pid_count++] = pid;
  }
  return most;
}

static void make_forks(unsigned int count, unsigned int rate) {
  if (count > MAX_COUNT - pid_count) {
    errno = E2BIG;
    die("forks");
  }
  keep_pace(count, rate, fork_some);
  await(&shared->ready, pid_count);
}

static unsigned int exec_some(unsigned int most) {
  return wake_at_bell(&shared->process_bell, most);
}

static void make_execs(unsigned int count, unsigned int rate) {
  unsigned int before = atomic_load(&shared->execs);
  keep_pace(count, rate, exec_some);
  await(&shared->execs, before + count);
}

static void end_processes(void) {
  for (unsigned int i = 0; i < pid_count; i++)
    kill(pids[i], SIGKILL);
  for (unsigned int i = 0; i < pid_count; i++)
    if (waitpid(pids[i], NULL, 0) < 0)
      die("waitpid");
  pid_count = 0;
  atomic_store(&shared->ready, 0);
}

/* Threads */

static void *live_as_thread(void *unused) {
  wait_for_bell(&shared->thread_bell);
  return unused;
}

static unsigned int thread_some(unsigned int most) {
  pthread_attr_t attributes;
  pthread_t thread;

  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (unsigned int i = 0; i < most; i++) {
    size_t at = (size_t)thread_count++ * STACK_SIZE;
    pthread_attr_setstack(&attributes, stacks + at, STACK_SIZE);
    errno = pthread_create(&thread, &attributes, live_as_thread, NULL);
    if (errno != 0)
      die("pthread_create");
  }
  return most;
}

/* A directory has two links, and one for each subdirectory. */
static bool has_threads(void) {
  struct stat directory;
  if (stat("/proc/self/task", &directory) != 0)
    die("/proc/self/task");
  return directory.st_nlink > 3;
}

static void end_threads(void) {
  atomic_store(&shared->thread_bell, 1);
  wake_at_bell(&shared->thread_bell, INT_MAX);
  while (has_threads())
    sleep_ns(PACE_NS);
  if (stacks != NULL)
    munmap(stacks, stacks_size);
  stacks = NULL;
  thread_count = 0;
}

/* Their stacks are parts of one mapping, because the number of mappings is
 * limited. */
static void make_threads(unsigned int count, unsigned int rate) {
  end_threads();
  stacks_size = (size_t)count * STACK_SIZE;
  stacks = mmap(NULL, stacks_size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stacks == MAP_FAILED)
    die("mmap");
  atomic_store(&shared->thread_bell, 0);
  keep_pace(count, rate, thread_some);
}

/* Commands in which several processes take turns */

static void run_job(unsigned int number) {
  int status = 0;
  (void)number;
  pid_t pid = vfork();
  if (pid == 0) {
    call_exec(JOB_US);
    _exit(EXIT_FAILURE);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
    die("job");
}

static void take_name(unsigned int number) {
  prctl(PR_SET_NAME, number % 2 == 0 ? "storm-even" : "storm-odd");
}

static void sleep_until(int64_t time_ns) {
  const struct timespec time = {time_ns / 1000000000, time_ns % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
    ;
}

static void work(unsigned int worker, unsigned int workers, unsigned int count,
                 unsigned int rate, void (*act)(unsigned int number)) {
  int64_t begin = now_ns();
  for (unsigned int i = worker; i < count; i += workers) {
    int64_t due_ns = rate > 0 ? begin + (int64_t)i * 1000000000 / rate : 0;
    if (due_ns > now_ns())
      sleep_until(due_ns);
    act(i / workers);
  }
}

static void share_out(unsigned int count, unsigned int rate,
                      unsigned int workers, void (*act)(unsigned int number)) {
  pid_t worker_pids[MAX_WORKERS];
  int status;

  for (unsigned int i = 0; i < workers; i++) {
    worker_pids[i] = make_child();
    if (worker_pids[i] == 0) {
      work(i, workers, count, rate, act);
      _exit(EXIT_SUCCESS);
    }
  }
  for (unsigned int i = 0; i < workers; i++)
    if (waitpid(worker_pids[i], &status, 0) < 0 || status != 0)
      die("a worker failed");
}

/* Commands */

static void obey(const char *line) {
  char command[16] = "";
  unsigned int count = 0, rate = 0, at_once = 1;
  int words = sscanf(line, "%15s %u %u %u", command, &count, &rate, &at_once);
  bool is_shared = words == 4 && at_once > 0 && at_once <= MAX_WORKERS;
  int64_t begin = now_ns();

  if (strcmp(command, "forks") == 0 && words == 3)
    make_forks(count, rate);
  else if (strcmp(command, "execs") == 0 && words == 3)
    make_execs(count, rate);
  else if (strcmp(command, "threads") == 0 && words == 3 && count > 0)
    make_threads(count, rate);
  else if (strcmp(command, "renames") == 0 && is_shared)
    share_out(count, rate, at_once, take_name);
  else if (strcmp(command, "jobs") == 0 && is_shared)
    share_out(count, rate, at_once, run_job);
  else if (strcmp(command, "end") == 0) {
    end_threads();
    end_processes();
  } else {
    errno = EINVAL;
    die(line);
  }
  say("%s %lld", command, (long long)(now_ns() - begin));
}

int main(int argc, char **argv) {
  char line[128];

  if (argc != 2) {
    fprintf(stderr, "usage: storm JOB\n");
    return 2;
  }
  job = argv[1];
  self = getpid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  shared = share(sizeof(*shared));
  say("ready 0");
  while (fgets(line, sizeof(line), stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "quit") == 0)
      break;
    obey(line);
  }
  end_threads();
  end_processes();
  return 0;
}
