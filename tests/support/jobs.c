// SPDX-License-Identifier: MIT
/*
 * Short jobs that call exec, processes that start them, and their ground
 * truth.
 *
 *   jobs [options] COMMAND ARGUMENTS
 *
 * A command prints "ready", works at SIGUSR1 and prints its ground truth as
 * key=value lines that end with "done=ROUND". It runs until it is killed, or
 * for two minutes.
 *
 * The truth comes from wait4, from getrusage before an exec, and from the sizes
 * passed to write. A job reads no CPU clock: reading one would update the
 * kernel's accounting, and hide that other readers see outdated values.
 */
#include "workload.h"

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>

enum {
  LIMIT_S = 120,
  MAX_ARGUMENTS = 32,
  MAX_BYTES = 1024 * 1024,
  MAX_CGROUPS = 4,
  MAX_JOBS = 10000,
  MAX_KINDS = 8,
  PATH_SIZE = 4096,
  STACK_SIZE = 64 * 1024,
};

static const char *self;                 /* this program's path */
static const char *cgroups[MAX_CGROUPS]; /* directories, for kind "cgroup" */
static unsigned cgroup_count;
static uid_t user; /* for kind "user" */

/* Signals. SIGUSR1 (go) is blocked and waited for. */

/* Returns false if SIGUSR1 does not arrive within the time. */
static bool await_go_for(struct timespec time) {
  sigset_t set;

  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  return sigtimedwait(&set, NULL, &time) == SIGUSR1;
}

static void await_go(void) {
  while (!await_go_for((struct timespec){.tv_sec = LIMIT_S}))
    if (errno != EINTR)
      die("waiting for SIGUSR1");
}

static void say_done(unsigned round) { say("done=%u", round); }

/* A job */

static void write_null(uint64_t bytes) {
  static char buffer[MAX_BYTES];
  int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

  if (fd < 0 || write(fd, buffer, bytes) != (ssize_t)bytes)
    die("/dev/null");
  close(fd);
  sent.bytes += bytes;
}

static void burn_and_write(const char *turns, const char *bytes) {
  spin(number(turns));
  if (strcmp(bytes, "0") != 0)
    write_null(number_up_to(bytes, MAX_BYTES));
}

/* In a child: restores signals, and ends it with its parent or at the time
 * limit. */
static void become_ordinary(void) {
  sigset_t none;

  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(LIMIT_S);
}

/* A brood of jobs */

/* A kind of job, and the ground truth of those that have ended. */
struct kind {
  const char *name;
  uint64_t count, ok, bytes;
  int64_t cpu_us, before_us;
};

/* The start of a job. */
struct start {
  struct kind *kind;
  pid_t pid;
  int64_t *before_us; /* CPU time before exec; shared with the child */
};

static void enter_cgroups(void) {
  for (unsigned i = 0; i < cgroup_count; i++) {
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/cgroup.procs", cgroups[i]);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1)
      die(path);
    close(fd);
  }
}

static void enter_kind(const struct kind *kind) {
  if (strcmp(kind->name, "cgroup") == 0)
    enter_cgroups();
  if (strcmp(kind->name, "user") == 0 && setresuid(user, user, user) < 0)
    die("setresuid");
}

static int64_t own_cpu_us(void) {
  struct rusage usage;

  if (getrusage(RUSAGE_SELF, &usage) < 0)
    die("getrusage");
  return cpu_us_of(&usage);
}

/* DIR/KIND/TAG-job work TURNS BYTES KIND TAG */
_Noreturn static void become_job(const struct start *start, const char *dir,
                                 const char *tag, const char *turns,
                                 const char *bytes) {
  const char *kind = start->kind->name;
  char path[PATH_SIZE];

  become_ordinary();
  enter_kind(start->kind);
  snprintf(path, sizeof(path), "%s/%s/%s-job", dir, kind, tag);
  *start->before_us = own_cpu_us();
  execl(path, path, "work", turns, bytes, kind, tag, NULL);
  die(path);
}

static void reap_job(const struct start *starts, unsigned count) {
  struct rusage usage;
  int status;
  pid_t pid = wait4(-1, &status, 0, &usage);
  unsigned i = count;

  if (pid < 0)
    die("wait4");
  while (i > 0 && starts[i - 1].pid != pid)
    i--;
  if (i == 0) {
    errno = ECHILD;
    die("an unknown child");
  }
  struct kind *kind = starts[i - 1].kind;
  kind->count++;
  kind->ok += status == 0;
  kind->cpu_us += cpu_us_of(&usage);
  kind->before_us += *starts[i - 1].before_us;
}

static unsigned cut_kinds(char *text, struct kind *kinds) {
  unsigned count = 0;
  char *name;

  while ((name = strsep(&text, ",")) != NULL) {
    if (count == MAX_KINDS) {
      errno = E2BIG;
      die(name);
    }
    kinds[count++] = (struct kind){.name = name};
  }
  return count;
}

static void say_kinds(const struct kind *kinds, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    const struct kind *kind = &kinds[i];
    say("%s_count=%" PRIu64, kind->name, kind->count);
    say("%s_ok=%" PRIu64, kind->name, kind->ok);
    say("%s_cpu_us=%" PRId64, kind->name, kind->cpu_us);
    say("%s_before_us=%" PRId64, kind->name, kind->before_us);
    say("%s_tx_bytes=%" PRIu64, kind->name, kind->bytes);
  }
}

/* DIR TAG KIND[,KIND...] COUNT PARALLEL US BYTES: COUNT jobs of these kinds in
 * turn, PARALLEL at a time. Each burns US and writes BYTES. Prints for each
 * kind the number of jobs, how many of them ended successfully, their CPU time,
 * the part of it before exec, and the bytes. */
static void work_brood(char **arguments) {
  static struct start starts[MAX_JOBS];
  struct kind kinds[MAX_KINDS];
  unsigned kind_count = cut_kinds(arguments[2], kinds);
  unsigned count = (unsigned)number_up_to(arguments[3], MAX_JOBS);
  unsigned parallel = (unsigned)number_up_to(arguments[4], count);
  int64_t *before_us = share(count * sizeof(*before_us));
  char turns[32];

  snprintf(turns, sizeof(turns), "%" PRIu64,
           number(arguments[5]) * turns_per_us);
  for (unsigned i = 0; i < count; i++) {
    if (i >= parallel)
      reap_job(starts, i);
    struct start *start = &starts[i];
    *start = (struct start){&kinds[i % kind_count], 0, &before_us[i]};
    start->kind->bytes += number_up_to(arguments[6], MAX_BYTES);
    start->pid = fork();
    if (start->pid < 0)
      die("fork");
    if (start->pid == 0)
      become_job(start, arguments[0], arguments[1], turns, arguments[6]);
  }
  for (unsigned i = 0; i < parallel; i++)
    reap_job(starts, count);
  say_kinds(kinds, kind_count);
  say("own_cpu_us=%" PRId64, own_cpu_us());
}

/* Another program */

/* Reads the lines of a file; the last pointer is NULL. */
static void read_lines(const char *path, char *lines[MAX_ARGUMENTS + 1]) {
  FILE *file = fopen(path, "re");
  size_t size = 0;
  unsigned count = 0;

  if (file == NULL)
    die(path);
  for (;;) {
    char *line = NULL;
    if (count == MAX_ARGUMENTS || getline(&line, &size, file) < 0)
      break;
    line[strcspn(line, "\n")] = '\0';
    lines[count++] = line;
    size = 0;
  }
  fclose(file);
  lines[count] = NULL;
}

/* The CPU time of a zombie, without its children. */
static int64_t zombie_cpu_us(pid_t pid) {
  struct timespec time;
  clockid_t clock;
  siginfo_t info;

  if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 ||
      clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) < 0)
    die("the CPU time of a zombie");
  return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* FILE: runs the command in the file, one argument per line, so that the
 * command is not in the command line of this process. Prints the CPU time of
 * the program and of everything that it starts, including orphans, and that of
 * the program alone. */
static void work_run(char **arguments) {
  char *lines[MAX_ARGUMENTS + 1];
  struct rusage usage;
  int64_t cpu_us = 0, own_us;
  int status, program_status = 0;
  pid_t pid, program;

  read_lines(arguments[0], lines);
  program = fork();
  if (program < 0)
    die("fork");
  if (program == 0) {
    become_ordinary();
    execvp(lines[0], lines);
    die(lines[0]);
  }
  say("pid=%d", program);
  own_us = zombie_cpu_us(program);
  while ((pid = wait4(-1, &status, 0, &usage)) > 0) {
    cpu_us += cpu_us_of(&usage);
    if (pid == program)
      program_status = status;
  }
  say("status=%d\ncpu_us=%" PRId64 "\nprogram_us=%" PRId64, program_status,
      cpu_us, own_us);
}

/* A traditional daemon: its parent has ended, and it has a separate session. */
static void start_daemon(char **command) {
  pid_t pid = fork();

  if (pid < 0)
    die("fork");
  if (pid > 0) {
    waitpid(pid, NULL, 0);
    return;
  }
  setsid();
  pid = fork();
  if (pid < 0)
    die("fork");
  if (pid > 0)
    _exit(EXIT_SUCCESS);
  alarm(LIMIT_S);
  execv(command[0], command);
  die(command[0]);
}

/* COUNT COMMAND ARGUMENT...: starts COUNT daemons. For use by "run". */
static int start_daemons(char **arguments) {
  uint64_t count = number(arguments[0]);

  for (uint64_t i = 0; i < count; i++)
    start_daemon(arguments + 1);
  /* If it ended earlier, it might be gone before it is looked at. */
  sleep_ms(1000);
  return EXIT_SUCCESS;
}

/* Others */

static int end_at_once(void *unused) {
  (void)unused;
  return 0;
}

static void make_other(char *stack) {
  pid_t pid = clone(end_at_once, stack + STACK_SIZE,
                    CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);

  if (pid < 0 || waitpid(pid, NULL, 0) != pid)
    die("clone");
}

static double now_s(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* RATE SECONDS: starts RATE processes per second, which end at once, until the
 * next SIGUSR1, or for SECONDS. */
static void work_others(char **arguments) {
  static char stack[STACK_SIZE] __attribute__((aligned(16)));
  double rate = (double)number(arguments[0]);
  double begin_s = now_s(), passed_s = 0;
  uint64_t made = 0, seconds = number_up_to(arguments[1], LIMIT_S);

  do {
    passed_s = now_s() - begin_s;
    for (; (double)made < passed_s * rate; made++)
      make_other(stack);
  } while (passed_s < (double)seconds &&
           !await_go_for((struct timespec){.tv_nsec = 1000000}));
  say("made=%" PRIu64 "\nper_second=%.0f", made, (double)made / passed_s);
}

/* A process that changes its attributes */

/* What the process has used so far. */
struct use {
  uint64_t bytes, cpu_us, waited_us;
};

/* Waits for a CPU, from the scheduler's statistics: reading these does not
 * update the accounting. */
static uint64_t own_waited_us(void) {
  char text[256] = "";
  int fd = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);

  if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
    die("/proc/self/schedstat");
  close(fd);
  return strtoull(strchr(text, ' '), NULL, 10) / 1000;
}

static struct use own_use(void) {
  return (struct use){sent.bytes, (uint64_t)own_cpu_us(), own_waited_us()};
}

/* Prints what was used before the change, and since then, including the output
 * of this line. */
static void say_change(const struct use *before) {
  struct use now = own_use();
  char text[512];
  int length = 0;

  /* The line contains its own length, which settles after a few iterations. */
  for (int i = 0; i < 4; i++)
    length = snprintf(
        text, sizeof(text),
        "before_tx_bytes=%" PRIu64 "\nbefore_cpu_us=%" PRIu64
        "\nbefore_waited_us=%" PRIu64 "\nafter_tx_bytes=%" PRIu64
        "\nafter_cpu_us=%" PRIu64 "\nafter_waited_us=%" PRIu64 "\ndone=3\n",
        before->bytes, before->cpu_us, before->waited_us,
        now.bytes - before->bytes + (uint64_t)length,
        now.cpu_us - before->cpu_us, now.waited_us - before->waited_us);
  emit(text, (size_t)length);
}

/* Lets the change be observed, and continues at SIGUSR1. */
_Noreturn static void live_changed(const struct use *before, const char *turns,
                                   const char *bytes) {
  sleep_ms(1000);
  say_done(2);
  await_go();
  burn_and_write(turns, bytes);
  say_change(before);
  for (;;)
    pause();
}

/* changed WORD TURNS BYTES BYTES_BEFORE CPU_BEFORE WAITED_BEFORE */
_Noreturn static void go_on_after_exec(char **arguments) {
  struct use before = {number(arguments[3]), number(arguments[4]),
                       number(arguments[5])};

  sent.bytes = before.bytes;
  live_changed(&before, arguments[1], arguments[2]);
}

_Noreturn static void change_by_exec(const char *word, const struct use *before,
                                     const char *turns, const char *bytes) {
  char numbers[3][32];
  const uint64_t values[] = {before->bytes, before->cpu_us, before->waited_us};

  for (int i = 0; i < 3; i++)
    snprintf(numbers[i], sizeof(numbers[i]), "%" PRIu64, values[i]);
  execl(self, self, "changed", word, turns, bytes, numbers[0], numbers[1],
        numbers[2], NULL);
  die(self);
}

/* name|user|exec NEW US BYTES: burns US and writes BYTES, changes its name,
 * user or command line at the next SIGUSR1, and repeats the work at the
 * following one. */
static void work_change(char **arguments) {
  const char *what = arguments[0], *new = arguments[1], *bytes = arguments[3];
  char turns[32];
  struct use before;

  snprintf(turns, sizeof(turns), "%" PRIu64,
           number(arguments[2]) * turns_per_us);
  burn_and_write(turns, bytes);
  say_done(1);
  await_go();
  before = own_use();
  if (strcmp(what, "exec") == 0)
    change_by_exec(new, &before, turns, bytes);
  if (strcmp(what, "name") == 0 && prctl(PR_SET_NAME, new) < 0)
    die("PR_SET_NAME");
  if (strcmp(what, "user") == 0) {
    uid_t uid = (uid_t)number_up_to(new, UINT32_MAX);
    if (setresuid(uid, uid, uid) < 0)
      die("setresuid");
  }
  live_changed(&before, turns, bytes);
}

static const struct command {
  const char *name;
  const char *arguments;
  int argument_count;
  void (*work)(char **arguments);
} commands[] = {
    {"brood", "DIR TAG KIND[,KIND...] COUNT PARALLEL US BYTES", 7, work_brood},
    {"change", "name|user|exec NEW US BYTES", 4, work_change},
    {"others", "RATE SECONDS", 2, work_others},
    {"run", "FILE", 1, work_run},
};

_Noreturn static void usage_error(void) {
  fputs("usage: jobs [options] COMMAND ARGUMENTS\n\n"
        "  --cgroup DIR  those of kind \"cgroup\" enter it before exec\n"
        "  --user UID    those of kind \"user\" become it before exec\n\n",
        stderr);
  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
    fprintf(stderr, "  %s %s\n", commands[i].name, commands[i].arguments);
  fputs("\nand at once:\n\n"
        "  turns US\n"
        "  work TURNS BYTES [ARGUMENT...]\n"
        "  work-after MS TURNS BYTES [ARGUMENT...]\n"
        "  idle [ARGUMENT...]\n"
        "  daemons COUNT COMMAND [ARGUMENT...]\n",
        stderr);
  exit(EXIT_FAILURE);
}

/* Commands that print no ground truth. Returns an exit status, or -1 if it is
 * another command. */
static int do_at_once(const char *command, int count, char **arguments) {
  if (strcmp(command, "work") == 0 && count >= 2) {
    burn_and_write(arguments[0], arguments[1]);
    return EXIT_SUCCESS;
  }
  if (strcmp(command, "work-after") == 0 && count >= 3) {
    sleep_ms(number_up_to(arguments[0], LIMIT_S * 1000));
    burn_and_write(arguments[1], arguments[2]);
    return EXIT_SUCCESS;
  }
  if (strcmp(command, "changed") == 0 && count == 6)
    go_on_after_exec(arguments);
  if (strcmp(command, "daemons") == 0 && count >= 2)
    return start_daemons(arguments);
  if (strcmp(command, "idle") == 0) {
    alarm(LIMIT_S);
    for (;;)
      pause();
  }
  if (strcmp(command, "turns") == 0 && count == 1) {
    calibrate();
    say("%" PRIu64, number(arguments[0]) * turns_per_us);
    return EXIT_SUCCESS;
  }
  return -1;
}

static int parse_options(int argc, char **argv) {
  int i = 1;

  for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
    if (strcmp(argv[i], "--cgroup") == 0 && cgroup_count < MAX_CGROUPS)
      cgroups[cgroup_count++] = argv[i + 1];
    else if (strcmp(argv[i], "--user") == 0)
      user = (uid_t)number_up_to(argv[i + 1], UINT32_MAX);
    else
      usage_error();
  }
  return i;
}

static const struct command *find_command(const char *name, int arguments) {
  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
    if (strcmp(commands[i].name, name) == 0 &&
        commands[i].argument_count == arguments)
      return &commands[i];
  usage_error();
}

int main(int argc, char **argv) {
  sigset_t set;
  int status = argc > 1 ? do_at_once(argv[1], argc - 2, argv + 2) : -1;

  if (status >= 0)
    return status;
  self = argv[0];
  int first = parse_options(argc, argv);
  if (first == argc)
    usage_error();
  const struct command *command = find_command(argv[first], argc - first - 1);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  alarm(LIMIT_S);
  calibrate();
  say("ready");
  await_go();
  command->work(argv + first + 1);
  say_done(1);
  for (;;)
    pause();
}
