// SPDX-License-Identifier: MIT
/*
 * Processes that end, and their ground truth.
 *
 *   exits [options] COMMAND ARGUMENTS
 *
 * A command prints "ready", works at each SIGUSR1 and prints its ground truth
 * as key=value lines that end with "done=ROUND". It runs until it is killed, or
 * for two minutes.
 *
 * The truth comes from wait4 and from the sizes passed to write. No CPU clock
 * is read while the children burn CPU time: reading one would update the
 * kernel's accounting, and hide that other readers see outdated values.
 */
#include "workload.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>

enum {
  LIMIT_S = 120,
  MAX_BURSTS = 1000,
  MAX_BYTES = 1024 * 1024,
  MAX_CHILDREN = 100000,
  MAX_DEPTH = 8,
  MAX_LISTED = 100, /* above this, children have no separate lines */
  MAX_THREADS = 16,
  MAX_WORDS = 16,
  NAME_SIZE = 16, /* TASK_COMM_LEN */
  STORM_STACK = 64 * 1024,
  TEXT_SIZE = 256,
};

/* Words separated by commas; the n-th child has the n-th word, cyclically. */
struct words {
  const char *word[MAX_WORDS];
  unsigned count;
};

/* What a child does and how it ends. */
struct life {
  const char *name; /* NULL: its parent's name */
  const char *end;
  unsigned threads; /* in addition to the main one */
  uint64_t turns;   /* of each thread, in each burst */
  size_t bytes;     /* written by each thread */
};

static bool hold;     /* leave the children as zombies until the next SIGUSR1 */
static bool same_pid; /* successive children have the same pid */
static bool do_exec;  /* children call exec */
static bool orphans;  /* the children of a tree are not waited for */
static bool root_waits;     /* except by the root */
static uint64_t linger_ms;  /* how long the root sleeps after it forked */
static uint64_t bursts = 1; /* of each thread, with a sleep between two */
/* With --waits: how long the children waited for a CPU; shared with them. */
static atomic_uint_fast64_t *waited_ns;

static const char *self; /* this program's path */
static int null_fd;
static char buffer[MAX_BYTES];
static atomic_uint at_work; /* threads of a child that are not finished */

/* The ground truth so far. */
static int64_t cpu_us;
static uint64_t written, ok, error, by_signal, counted;

/* Splits the text in place: the words point to it. */
static void split(char *text, struct words *words) {
  char *rest = text;
  char *word;

  words->count = 0;
  while ((word = strsep(&rest, ",")) != NULL) {
    if (words->count == MAX_WORDS) {
      errno = E2BIG;
      die(word);
    }
    words->word[words->count++] = word;
  }
}

static const char *pick(const struct words *words, unsigned i) {
  return words->word[i % words->count];
}

/* Replaces a "#" at the end of a name by a number. */
static const char *put_number(char result[NAME_SIZE], const char *name,
                              unsigned number_of_it) {
  size_t length = strcspn(name, "#");

  if (name[length] == '\0')
    return name;
  snprintf(result, NAME_SIZE, "%.*s%u", (int)length, name, number_of_it);
  return result;
}

static void await_go(void) {
  sigset_t set;

  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  while (sigwaitinfo(&set, NULL) != SIGUSR1)
    if (errno != EINTR)
      die("sigwaitinfo");
}

/* The work of a child */

static void work(const struct life *life, uint64_t turns) {
  for (uint64_t i = 0; i < bursts; i++) {
    if (i > 0)
      nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    spin(turns);
  }
  if (life->bytes > 0 &&
      write(null_fd, buffer, life->bytes) != (ssize_t)life->bytes)
    die("write");
}

static bool has_end(const struct life *life, const char *end) {
  return strcmp(life->end, end) == 0;
}

static bool is_headless(const struct life *life) {
  return strncmp(life->end, "headless", strlen("headless")) == 0;
}

/* Whether the threads are working when the process ends. */
static bool is_torn(const struct life *life) {
  return has_end(life, "together") || has_end(life, "crash");
}

/* Whether one worker ends the process, and the others only their threads. */
static bool is_ended_by_worker(const struct life *life) {
  return has_end(life, "worker4") || has_end(life, "headless6");
}

static bool has_ended(const char *thread) {
  char path[TEXT_SIZE], text[TEXT_SIZE] = "";

  snprintf(path, sizeof(path), "/proc/self/task/%s/stat", thread);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return true;
  bool is_gone = read(fd, text, sizeof(text) - 1) <= 0;
  close(fd);
  const char *state = strrchr(text, ')');
  return is_gone || state == NULL || strchr("ZX", state[2]) != NULL;
}

static unsigned count_threads(void) {
  unsigned count = 0;
  DIR *threads = opendir("/proc/self/task");

  if (threads == NULL)
    die("/proc/self/task");
  for (const struct dirent *entry; (entry = readdir(threads)) != NULL;)
    count += entry->d_name[0] != '.' && !has_ended(entry->d_name);
  closedir(threads);
  return count;
}

/* Waits until the other workers have ended, not only their work: if one ends
 * while another calls exit, its own status is in the process's last record, but
 * wait returns that of exit. */
static void await_others(const struct life *life) {
  while (atomic_load(&at_work) > 1 ||
         count_threads() > (is_headless(life) ? 1 : 2))
    nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

static void *live_as_thread(void *data) {
  static atomic_flag is_taken = ATOMIC_FLAG_INIT;
  const struct life *life = data;
  bool is_first = !atomic_flag_test_and_set(&is_taken);

  prctl(PR_SET_NAME, "worker");
  /* Threads of a process whose main thread ends first do more. */
  work(life, is_headless(life) ? 3 * life->turns : life->turns);
  if (is_first && is_ended_by_worker(life)) {
    await_others(life);
    exit(has_end(life, "worker4") ? 4 : 6);
  }
  atomic_fetch_sub(&at_work, 1);
  while (is_torn(life))
    spin(1000);
  return NULL;
}

/* Hides a write through a null pointer from static analysis. */
static void write_to_nowhere(void) {
  volatile int *volatile nowhere = NULL;
  *nowhere = 1;
}

/* Adds the waits from the scheduler's statistics; reading these does not update
 * the accounting. */
static void tell_waits(void) {
  char text[TEXT_SIZE] = "";
  int fd = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);

  if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
    die("/proc/self/schedstat");
  close(fd);
  atomic_fetch_add(waited_ns, strtoull(strchr(text, ' '), NULL, 10));
}

/* Ends as the child's description specifies. */
_Noreturn static void end_as(const struct life *life) {
  if (has_end(life, "abort"))
    abort();
  if (has_end(life, "segv") || has_end(life, "crash"))
    write_to_nowhere();
  if (has_end(life, "kill"))
    kill(getpid(), SIGKILL);
  if (has_end(life, "term"))
    kill(getpid(), SIGTERM);
  if (has_end(life, "exit3"))
    exit(3);
  if (has_end(life, "_exit5"))
    _exit(5);
  if (has_end(life, "worker4"))
    for (;;)
      pause();
  if (is_headless(life))
    pthread_exit(NULL);
  if (has_end(life, "exit0") || has_end(life, "together"))
    exit(0);
  errno = EINVAL;
  die(life->end);
}

_Noreturn static void live(const struct life *life) {
  pthread_t threads[MAX_THREADS];
  sigset_t none;
  bool joins =
      !is_torn(life) && !has_end(life, "worker4") && !is_headless(life);

  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (life->name != NULL)
    prctl(PR_SET_NAME, life->name);
  atomic_store(&at_work, life->threads + 1);
  for (unsigned i = 0; i < life->threads; i++)
    start_thread(&threads[i], live_as_thread, (void *)life);
  work(life, life->turns);
  atomic_fetch_sub(&at_work, 1);
  for (unsigned i = 0; i < life->threads && joins; i++)
    pthread_join(threads[i], NULL);
  if (waited_ns != NULL)
    tell_waits();
  end_as(life);
}

/* Executes the program in the same directory that has the child's name. */
_Noreturn static void live_by_exec(const struct life *life) {
  char path[TEXT_SIZE], threads[32], turns[32], bytes[32];

  snprintf(path, sizeof(path), "%.*s/%s", (int)(strrchr(self, '/') - self),
           self, life->name);
  snprintf(threads, sizeof(threads), "%u", life->threads);
  snprintf(turns, sizeof(turns), "%" PRIu64, life->turns);
  snprintf(bytes, sizeof(bytes), "%zu", life->bytes);
  execl(path, path, "--child", life->end, threads, turns, bytes, NULL);
  die(path);
}

/* --child END THREADS TURNS BYTES */
_Noreturn static void live_after_exec(char *const *arguments) {
  const struct life life = {
      .end = arguments[0],
      .threads = (unsigned)number_up_to(arguments[1], MAX_THREADS),
      .turns = number(arguments[2]),
      .bytes = number_up_to(arguments[3], MAX_BYTES),
  };

  live(&life);
}

/* Children */

static void bound_child(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(LIMIT_S);
}

/* The child has the pid wanted, if it is not 0. */
static pid_t make_child(const struct life *life, pid_t wanted) {
  pid_t pid = fork_with_pid(wanted);
  if (pid == 0) {
    bound_child();
    if (do_exec)
      live_by_exec(life);
    live(life);
  }
  return pid;
}

/* Reaps one of the children and, if there are few, prints how it ended and its
 * CPU time. */
static void reap(unsigned children) {
  struct rusage usage;
  int status;
  pid_t pid = wait4(-1, &status, 0, &usage);

  if (pid < 0)
    die("wait4");
  int64_t used_us = cpu_us_of(&usage);
  cpu_us += used_us;
  if (WIFSIGNALED(status))
    by_signal++;
  else if (WEXITSTATUS(status) != 0)
    error++;
  else
    ok++;
  counted++;
  if (children <= MAX_LISTED)
    say("child_%d=%d\ncpu_us_%d=%" PRId64, pid, status, pid, used_us);
}

static void await_zombies(const pid_t *pids, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    siginfo_t info;
    if (waitid(P_PID, (id_t)pids[i], &info, WEXITED | WNOWAIT) < 0)
      die("waitid");
  }
}

/* NAMES COUNT PARALLEL THREADS ENDS US BYTES: creates children, PARALLEL at a
 * time. Each of their threads burns US and writes BYTES. The name "-" is the
 * parent's; a "#" at the end of a name is replaced by the child's number. */
static void work_brood(char **arguments) {
  static pid_t pids[MAX_CHILDREN];
  static struct words names, ends; /* split once, in the first round */
  unsigned count = (unsigned)number_up_to(arguments[1], MAX_CHILDREN);
  unsigned parallel = (unsigned)number(arguments[2]);
  struct life life = {
      .threads = (unsigned)number_up_to(arguments[3], MAX_THREADS),
      .turns = number(arguments[5]) * turns_per_us,
      .bytes = number_up_to(arguments[6], MAX_BYTES),
  };
  char name[NAME_SIZE];
  pid_t pid = 0;

  if (names.count == 0) {
    split(arguments[0], &names);
    split(arguments[4], &ends);
  }
  for (unsigned i = 0; i < count; i++) {
    life.name = put_number(name, pick(&names, i), i);
    if (strcmp(life.name, "-") == 0)
      life.name = NULL;
    life.end = pick(&ends, i);
    if (i >= parallel)
      reap(count);
    pid = make_child(&life, same_pid ? pid : 0);
    pids[i] = pid;
    if (count <= MAX_LISTED)
      say("end_%d=%s", pid, life.end);
    written += life.bytes * (life.threads + 1);
  }
  if (hold) {
    await_zombies(pids, count);
    say("zombies=%u", count);
    await_go();
  }
  for (unsigned i = count < parallel ? count : parallel; i > 0; i--)
    reap(count);
}

/* NAME COUNT: children that sleep and are killed at the next SIGUSR1. A "#" at
 * the end of the name is replaced by the child's number. */
static void work_crowd(char **arguments) {
  static pid_t pids[MAX_CHILDREN];
  unsigned count = (unsigned)number_up_to(arguments[1], MAX_CHILDREN);

  for (unsigned i = 0; i < count; i++) {
    pids[i] = fork();
    if (pids[i] < 0)
      die("fork");
    if (pids[i] == 0) {
      char name[NAME_SIZE];
      bound_child();
      prctl(PR_SET_NAME, put_number(name, arguments[0], i));
      for (;;)
        pause();
    }
  }
  say("crowd=%u", count);
  await_go();
  for (unsigned i = 0; i < count; i++)
    kill(pids[i], SIGKILL);
  for (unsigned i = 0; i < count; i++)
    reap(count);
}

/* The tree of processes that its nodes create. */
struct tree {
  struct words names; /* of each level, starting with the root's */
  unsigned depth;     /* levels below the root */
  unsigned width;
  uint64_t turns;
};

/* Whether all children of a node have ended successfully. */
static bool await_children(unsigned count) {
  bool is_well = true;

  for (unsigned i = 0; i < count; i++) {
    int status;
    if (wait(&status) < 0)
      die("wait");
    is_well &= status == 0;
  }
  return is_well;
}

/* Burns CPU time before it forks, so that an orphan's parent ends immediately
 * after the fork. Returns the exit status. */
static int live_as_node(const struct tree *tree, unsigned level) {
  unsigned width = level < tree->depth ? tree->width : 0;

  /* Orphans outlive their parents. */
  if (orphans)
    alarm(LIMIT_S);
  else
    bound_child();
  prctl(PR_SET_NAME, pick(&tree->names, level));
  spin(tree->turns);
  for (unsigned i = 0; i < width; i++) {
    pid_t pid = fork();
    if (pid < 0)
      die("fork");
    if (pid == 0)
      _exit(live_as_node(tree, level + 1));
  }
  if (level == 0)
    sleep_ms(linger_ms);
  if (orphans && !(level == 0 && root_waits))
    return 0;
  return await_children(width) ? 0 : 1;
}

static unsigned count_nodes(const struct tree *tree) {
  unsigned in_level = 1, nodes = 1;

  for (unsigned level = 0; level < tree->depth; level++) {
    in_level *= tree->width;
    nodes += in_level;
  }
  return nodes;
}

/* NAMES DEPTH WIDTH US: a process that forks WIDTH others, which do the same,
 * down to DEPTH levels. Each burns US and has the name of its level. Either
 * each waits for its children, and thus gets their CPU time, or this process,
 * which is not part of the tree, adopts them. */
static void work_tree(char **arguments) {
  static struct tree tree;

  if (tree.names.count == 0)
    split(arguments[0], &tree.names);
  tree.depth = (unsigned)number_up_to(arguments[1], MAX_DEPTH);
  tree.width = (unsigned)number_up_to(arguments[2], MAX_WORDS);
  tree.turns = number(arguments[3]) * turns_per_us;
  unsigned nodes = count_nodes(&tree);
  if (orphans && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
    die("PR_SET_CHILD_SUBREAPER");
  pid_t pid = fork();
  if (pid < 0)
    die("fork");
  if (pid == 0)
    _exit(live_as_node(&tree, 0));

  unsigned reaped_by_nodes = !orphans ? nodes - 1 : root_waits ? tree.width : 0;
  for (unsigned i = nodes - reaped_by_nodes; i > 0; i--)
    reap(nodes);
  if (error + by_signal > 0) {
    errno = ECHILD;
    die("a node of the tree");
  }
  ok += reaped_by_nodes;
  counted += reaped_by_nodes;
}

static int end_at_once(void *unused) {
  (void)unused;
  return 0;
}

struct storm {
  const char *name;
  unsigned count;
};

/* A child has the name of the thread that creates it; a "#" at its end is
 * replaced by a number below 100. */
static void *make_storm(void *data) {
  const struct storm *storm = data;
  char *stack = mmap(NULL, STORM_STACK, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

  if (stack == MAP_FAILED)
    die("mmap");
  prctl(PR_SET_NAME, storm->name);
  for (unsigned i = 0; i < storm->count; i++) {
    char name[NAME_SIZE];
    int status;
    if (strchr(storm->name, '#') != NULL)
      prctl(PR_SET_NAME, put_number(name, storm->name, i % 100));
    pid_t pid = clone(end_at_once, stack + STORM_STACK,
                      CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
      die("clone");
  }
  return NULL;
}

_Noreturn static void be_storm_maker(struct storm *storm) {
  pthread_t thread;

  bound_child();
  start_thread(&thread, make_storm, storm);
  pthread_join(thread, NULL);
  _exit(0);
}

/* NAME COUNT MAKERS: COUNT children that end at once with status 0, as fast as
 * possible. */
static void work_storm(char **arguments) {
  unsigned makers = (unsigned)number_up_to(arguments[2], MAX_THREADS);
  struct storm storm = {
      .name = arguments[0],
      .count = (unsigned)number_up_to(arguments[1], INT32_MAX) / makers};

  for (unsigned i = 0; i < makers; i++) {
    pid_t pid = fork();
    if (pid < 0)
      die("fork");
    if (pid == 0)
      be_storm_maker(&storm);
  }
  for (unsigned i = 0; i < makers; i++) {
    int status;
    if (wait(&status) < 0 || status != 0)
      die("a maker of the storm");
  }
  ok += (uint64_t)storm.count * makers;
  counted += (uint64_t)storm.count * makers;
}

static void say_truth(unsigned round) {
  struct rusage usage;

  getrusage(RUSAGE_SELF, &usage);
  if (waited_ns != NULL)
    say("waited_us=%" PRIu64, (uint64_t)atomic_load(waited_ns) / 1000);
  say("own_cpu_us=%" PRId64, cpu_us_of(&usage));
  say("cpu_us=%" PRId64 "\ntx_bytes=%" PRIu64 "\nok=%" PRIu64 "\nerror=%" PRIu64
      "\nsignal=%" PRIu64 "\ncounted=%" PRIu64 "\ndone=%u",
      cpu_us, written, ok, error, by_signal, counted, round);
}

static const struct command {
  const char *name;
  const char *arguments;
  int argument_count;
  void (*work)(char **arguments);
} commands[] = {
    {"brood", "NAME[,NAME...] COUNT PARALLEL THREADS END[,END...] US BYTES", 7,
     work_brood},
    {"crowd", "NAME COUNT", 2, work_crowd},
    {"storm", "NAME COUNT MAKERS", 3, work_storm},
    {"tree", "NAME[,NAME...] DEPTH WIDTH US", 4, work_tree},
};

_Noreturn static void usage_error(void) {
  fputs(
      "usage: exits [options] COMMAND ARGUMENTS\n\n"
      "  --hold      the children stay zombies until the next SIGUSR1\n"
      "  --same-pid  children that follow each other have the same pid, and\n"
      "              no threads\n"
      "  --exec      children call exec\n"
      "  --orphans   nobody in a tree waits for its children\n"
      "  --but-root  but its root does\n"
      "  --linger MS the root of a tree sleeps after it forked\n"
      "  --waits     say how long the children waited for a CPU\n"
      "  --bursts N  each thread of a brood without --exec burns N times, and\n"
      "              sleeps 1 ms between two\n\n",
      stderr);
  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
    fprintf(stderr, "  %s %s\n", commands[i].name, commands[i].arguments);
  fputs("\nEND: exit0 exit3 _exit5 abort segv kill term together crash "
        "worker4 headless headless6\n",
        stderr);
  exit(EXIT_FAILURE);
}

static const struct command *find_command(const char *name, int arguments) {
  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
    if (strcmp(commands[i].name, name) == 0 &&
        commands[i].argument_count == arguments)
      return &commands[i];
  usage_error();
}

static int parse_options(int argc, char *const *argv) {
  int i = 1;

  for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
    if (strcmp(argv[i], "--hold") == 0)
      hold = true;
    else if (strcmp(argv[i], "--same-pid") == 0)
      same_pid = true;
    else if (strcmp(argv[i], "--exec") == 0)
      do_exec = true;
    else if (strcmp(argv[i], "--orphans") == 0)
      orphans = true;
    else if (strcmp(argv[i], "--but-root") == 0)
      root_waits = true;
    else if (strcmp(argv[i], "--linger") == 0 && i + 1 < argc)
      linger_ms = number_up_to(argv[++i], LIMIT_S * 1000);
    else if (strcmp(argv[i], "--waits") == 0)
      waited_ns = share(sizeof(*waited_ns));
    else if (strcmp(argv[i], "--bursts") == 0 && i + 1 < argc)
      bursts = number_up_to(argv[++i], MAX_BURSTS);
    else
      usage_error();
  }
  return i;
}

int main(int argc, char **argv) {
  self = argv[0];
  memset(buffer, 'x', sizeof(buffer));
  null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null_fd < 0)
    die("/dev/null");
  if (argc == 6 && strcmp(argv[1], "--child") == 0)
    live_after_exec(argv + 2);

  int first = parse_options(argc, argv);
  if (first == argc)
    usage_error();
  const struct command *command = find_command(argv[first], argc - first - 1);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  alarm(LIMIT_S);
  calibrate();
  say("ready");
  for (unsigned round = 1;; round++) {
    await_go();
    command->work(argv + first + 1);
    say_truth(round);
  }
}
