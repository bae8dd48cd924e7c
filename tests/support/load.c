// SPDX-License-Identifier: MIT
/*
 * Known work, and its ground truth.
 *
 *   load [options] COMMAND ARGUMENTS
 *
 * A command prints "ready", works (with --wait, at SIGUSR1), prints its
 * ground truth as key=value lines that end with "done=ROUND", and ends after
 * --stay seconds. No command outlives --limit seconds.
 *
 * The truth comes from getrusage, wait4 and the sizes passed to read and write.
 * No CPU clock is read before the work is over: reading one would update the
 * kernel's accounting, and hide that other readers see outdated values.
 */
#include "workload.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

enum {
  CHUNK = 64 * 1024,
  MAX_THREADS = 256,
};

struct options {
  const char *name;   /* of the command, as in /proc/<pid>/comm */
  const char *rename; /* the name to set at SIGUSR2 */
  unsigned rounds;
  unsigned stay_s;
  unsigned limit_s;
  bool wait;
  long real_uid; /* -1: unchanged */
  long effective_uid;
  long next_uid; /* real and effective, to be set at SIGUSR2; -1: none */
};

struct command {
  const char *name;
  const char *arguments;
  int argument_count;
  bool calibrated; /* spins for a given time without a clock */
  void (*work)(char *const *arguments);
};

static struct options options = {.rounds = 1,
                                 .stay_s = 0,
                                 .limit_s = 120,
                                 .real_uid = -1,
                                 .effective_uid = -1,
                                 .next_uid = -1};

static struct transfer received;
static uint64_t
    counted; /* the number of threads, switches or pages that was requested */
static struct rusage child_usage; /* of reaped children */
static atomic_bool expired;

static unsigned small_number(const char *text) {
  return (unsigned)number_up_to(text, INT32_MAX);
}

static size_t format_truth(char *text, size_t size, unsigned round,
                           const struct rusage *usage, struct transfer tx) {
  int length = snprintf(
      text, size,
      "user_us=%" PRId64 "\nsystem_us=%" PRId64 "\ncpu_us=%" PRId64 "\n"
      "minor_faults=%ld\nmajor_faults=%ld\n"
      "voluntary=%ld\ninvoluntary=%ld\n"
      "child_cpu_us=%" PRId64 "\n"
      "child_voluntary=%ld\nchild_involuntary=%ld\n"
      "rx_bytes=%" PRIu64 "\nrx_calls=%" PRIu64 "\n"
      "tx_bytes=%" PRIu64 "\ntx_calls=%" PRIu64 "\n"
      "counted=%" PRIu64 "\ndone=%u\n",
      microseconds(usage->ru_utime), microseconds(usage->ru_stime),
      cpu_us_of(usage), usage->ru_minflt, usage->ru_majflt, usage->ru_nvcsw,
      usage->ru_nivcsw, cpu_us_of(&child_usage), child_usage.ru_nvcsw,
      child_usage.ru_nivcsw, received.bytes, received.calls, tx.bytes, tx.calls,
      counted, round);
  if (length < 0 || (size_t)length >= size)
    die("truth too long");
  return (size_t)length;
}

/* Prints what the process has used so far, including the output of this line.
 */
static void say_truth(unsigned round) {
  struct rusage usage;
  char text[1024];
  size_t length = 0;

  if (getrusage(RUSAGE_SELF, &usage) < 0)
    die("getrusage");
  /* The line contains its own length, which settles after a few iterations. */
  for (int i = 0; i < 4; i++)
    length =
        format_truth(text, sizeof(text), round, &usage,
                     (struct transfer){sent.bytes + length, sent.calls + 1});
  emit(text, length);
}

/* Signals. SIGUSR1 (go) and SIGUSR2 (rename) are blocked and waited for. */

static void rename_self(const char *name) {
  if (prctl(PR_SET_NAME, name) < 0)
    die("PR_SET_NAME");
}

/* Performs the change that SIGUSR2 requests. */
static void change_self(void) {
  if (options.rename != NULL)
    rename_self(options.rename);
  if (options.next_uid >= 0 &&
      setresuid((uid_t)options.next_uid, (uid_t)options.next_uid, (uid_t)-1) <
          0)
    die("setresuid");
}

static void block_signals(void) {
  sigset_t set;

  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, SIGRTMAX);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Returns false if SIGUSR1 does not arrive within the time. */
static bool await_go(unsigned seconds) {
  sigset_t set;

  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  for (;;) {
    int signal_number =
        sigtimedwait(&set, NULL, &(struct timespec){.tv_sec = (time_t)seconds});
    if (signal_number == SIGUSR1)
      return true;
    if (signal_number == SIGUSR2)
      change_self();
    else if (signal_number < 0 && errno == EAGAIN)
      return false;
  }
}

static void await_go_or_die(void) {
  if (!await_go(options.limit_s))
    die("waiting for SIGUSR1");
}

static void await_signal(int signal_number) {
  sigset_t set;

  sigemptyset(&set);
  sigaddset(&set, signal_number);
  while (sigwaitinfo(&set, NULL) != signal_number)
    if (errno != EINTR)
      die("sigwaitinfo");
}

static void on_expiry(int signal_number) {
  (void)signal_number;
  atomic_store_explicit(&expired, true, memory_order_relaxed);
}

/* Sets `expired` when the time is over, so that no clock has to be read. */
static void expire_after(unsigned milliseconds) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                           .sigev_signo = SIGRTMIN};
  struct itimerspec when = {
      .it_value = {.tv_sec = milliseconds / 1000,
                   .tv_nsec = (long)(milliseconds % 1000) * 1000000 + 1}};
  timer_t timer;

  atomic_store(&expired, false);
  struct sigaction action = {.sa_handler = on_expiry, .sa_flags = SA_RESTART};
  if (sigaction(SIGRTMIN, &action, NULL) < 0)
    die("sigaction");
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
      timer_settime(timer, 0, &when, NULL) < 0)
    die("timer");
}

static bool is_expired(void) {
  return atomic_load_explicit(&expired, memory_order_relaxed);
}

/* CPU */

static uint64_t elapsed_us(const struct timespec *since) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)((now.tv_sec - since->tv_sec) * 1000000 +
                    (now.tv_nsec - since->tv_nsec) / 1000);
}

static void *burn_user(void *unused) {
  while (!is_expired())
    spin(1000);
  return unused;
}

/* Uses CPU time in the kernel: fills a buffer with zeros. */
static void *burn_system(void *unused) {
  static char buffer[CHUNK];
  int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    die("/dev/zero");
  while (!is_expired()) {
    ssize_t length = read(fd, buffer, sizeof(buffer));
    if (length < 0)
      die("read /dev/zero");
    received.bytes += (uint64_t)length;
    received.calls++;
  }
  close(fd);
  return unused;
}

static void *sleep_forever(void *unused) {
  for (;;)
    pause();
  return unused;
}

static unsigned thread_count(const char *text) {
  unsigned count = small_number(text);

  if (count > MAX_THREADS) {
    errno = ERANGE;
    die("threads");
  }
  return count;
}

/* MS THREADS: this thread and THREADS others spin. */
static void work_burn(char *const *arguments) {
  pthread_t threads[MAX_THREADS];
  unsigned count = thread_count(arguments[1]);

  expire_after(small_number(arguments[0]));
  for (unsigned i = 0; i < count; i++)
    start_thread(&threads[i], burn_user, NULL);
  burn_user(NULL);
  for (unsigned i = 0; i < count; i++)
    pthread_join(threads[i], NULL);
}

static void work_system(char *const *arguments) {
  expire_after(small_number(arguments[0]));
  burn_system(NULL);
}

/* PHASES MS: uses CPU time alternately in user and kernel mode. */
static void work_mixed(char *const *arguments) {
  unsigned phases = small_number(arguments[0]);

  for (unsigned i = 0; i < phases; i++) {
    expire_after(small_number(arguments[1]));
    if (i % 2 == 0)
      burn_user(NULL);
    else
      burn_system(NULL);
  }
}

static void *spin_once(void *turns) {
  spin(*(const uint64_t *)turns);
  return NULL;
}

/* COUNT US PARALLEL: threads that start, spin for US and end. */
static void work_churn(char *const *arguments) {
  pthread_t threads[MAX_THREADS];
  uint64_t count = number(arguments[0]);
  uint64_t turns = number(arguments[1]) * turns_per_us;
  unsigned parallel = thread_count(arguments[2]);

  if (parallel == 0)
    parallel = 1;
  for (uint64_t i = 0; i < count; i++) {
    if (i >= parallel)
      pthread_join(threads[i % parallel], NULL);
    start_thread(&threads[i % parallel], spin_once, &turns);
  }
  for (uint64_t i = count > parallel ? count - parallel : 0; i < count; i++)
    pthread_join(threads[i % parallel], NULL);
  counted += count;
}

/* THREADS: starts threads that sleep. */
static void work_park(char *const *arguments) {
  unsigned count = thread_count(arguments[0]);

  for (unsigned i = 0; i < count; i++) {
    pthread_t thread;
    start_thread(&thread, sleep_forever, NULL);
  }
  counted += count;
}

/* Input and output */

static int open_file(const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC, 0600);

  if (fd < 0)
    die(path);
  return fd;
}

/* Opens files, and keeps them open. */
static void work_files(char *const *arguments) {
  unsigned count = small_number(arguments[0]);

  for (unsigned i = 0; i < count; i++)
    open_file("/dev/null", O_RDONLY);
  counted += count;
}

static char *aligned_buffer(size_t size) {
  char *buffer = NULL;

  if (posix_memalign((void **)&buffer, 4096, size + 4096) != 0)
    die("memory");
  memset(buffer, 'x', size);
  return buffer;
}

static void write_chunk(int fd, const char *buffer, size_t size) {
  if (write(fd, buffer, size) != (ssize_t)size)
    die("write");
  sent.bytes += size;
  sent.calls++;
}

/* The size of the i-th of `calls` calls that transfer `bytes` in total. */
static size_t chunk_size(uint64_t bytes, uint64_t calls, uint64_t i) {
  return (size_t)(i + 1 < calls ? bytes / calls
                                : bytes - (calls - 1) * (bytes / calls));
}

/* FILE BYTES CALLS plain|fsync|direct */
static void work_write(char *const *arguments) {
  uint64_t bytes = number(arguments[1]);
  uint64_t calls = number(arguments[2]);
  bool direct = strcmp(arguments[3], "direct") == 0;
  bool sync = strcmp(arguments[3], "fsync") == 0;
  int fd =
      open_file(arguments[0], O_WRONLY | O_CREAT | (direct ? O_DIRECT : 0));
  char *buffer = aligned_buffer(chunk_size(bytes, calls, calls - 1));

  for (uint64_t i = 0; i < calls; i++)
    write_chunk(fd, buffer, chunk_size(bytes, calls, i));
  if (sync && fsync(fd) < 0)
    die("fsync");
  free(buffer);
  close(fd);
}

static void read_chunk(int fd, char *buffer, size_t size, off_t offset) {
  if (pread(fd, buffer, size, offset) != (ssize_t)size)
    die("read");
  received.bytes += size;
  received.calls++;
}

/* FILE BYTES CALLS: reads BYTES in CALLS, from the start of the file. */
static void work_read(char *const *arguments) {
  uint64_t bytes = number(arguments[1]);
  uint64_t calls = number(arguments[2]);
  int fd = open_file(arguments[0], O_RDONLY);
  char *buffer = aligned_buffer(chunk_size(bytes, calls, calls - 1));
  off_t offset = 0;

  for (uint64_t i = 0; i < calls; i++) {
    size_t size = chunk_size(bytes, calls, i);
    read_chunk(fd, buffer, size, offset);
    offset += (off_t)size;
  }
  free(buffer);
  close(fd);
}

/* FILE BLOCK MS: reads blocks with O_DIRECT, cyclically. */
static void work_direct(char *const *arguments) {
  size_t block = (size_t)number(arguments[1]);
  int fd = open_file(arguments[0], O_RDONLY | O_DIRECT);
  char *buffer = aligned_buffer(block);
  struct timespec start;
  struct stat status;
  off_t offset = 0;

  if (fstat(fd, &status) < 0 || status.st_size < (off_t)block)
    die("size of the file to read");
  clock_gettime(CLOCK_MONOTONIC, &start);
  expire_after(small_number(arguments[2]));
  while (!is_expired()) {
    if (offset + (off_t)block > status.st_size)
      offset = 0;
    read_chunk(fd, buffer, block, offset);
    offset += (off_t)block;
  }
  say("wall_us=%" PRIu64, elapsed_us(&start));
  free(buffer);
  close(fd);
}

/* A file that threads read with O_DIRECT. */
struct direct_file {
  const char *path;
  uint64_t blocks; /* per thread; 0: until the time is over */
  off_t size;
  atomic_uint threads;
  atomic_uint_fast64_t read, blocked_us;
};

/* The CPU time of this thread plus its waits for a CPU, from the scheduler's
 * statistics. */
static uint64_t busy_us(void) {
  uint64_t ran_ns, waited_ns;
  FILE *file = fopen("/proc/thread-self/schedstat", "re");

  if (file == NULL ||
      fscanf(file, "%" SCNu64 " %" SCNu64, &ran_ns, &waited_ns) != 2)
    die("schedstat");
  fclose(file);
  return (ran_ns + waited_ns) / 1000;
}

/* Reads this many blocks, or until the time is over. Must be called at the
 * start of the thread. */
static void read_direct(struct direct_file *file, uint64_t blocks) {
  enum { BLOCK = 4096 };
  struct timespec start;
  off_t offset = 0;

  clock_gettime(CLOCK_MONOTONIC, &start);
  uint64_t before_us = busy_us();
  int fd = open_file(file->path, O_RDONLY | O_DIRECT);
  char *buffer = aligned_buffer(BLOCK);
  for (uint64_t i = 0; !is_expired() && (blocks == 0 || i < blocks); i++) {
    if (pread(fd, buffer, BLOCK, offset) != BLOCK)
      die("read");
    atomic_fetch_add(&file->read, 1);
    offset = (offset + BLOCK) % file->size;
  }
  free(buffer);
  close(fd);
  uint64_t lived_us = elapsed_us(&start);
  uint64_t was_busy_us = busy_us() - before_us;
  if (lived_us > was_busy_us)
    atomic_fetch_add(&file->blocked_us, lived_us - was_busy_us);
}

static void start_direct_reader(struct direct_file *file);

static void *read_direct_and_be_replaced(void *argument) {
  struct direct_file *file = argument;

  read_direct(file, file->blocks);
  if (!is_expired())
    start_direct_reader(file);
  atomic_fetch_sub(&file->threads, 1);
  return NULL;
}

static void start_direct_reader(struct direct_file *file) {
  pthread_t thread;

  atomic_fetch_add(&file->threads, 1);
  start_thread(&thread, read_direct_and_be_replaced, file);
  pthread_detach(thread);
}

/* FILE THREADS BLOCKS MS: this many threads read blocks with O_DIRECT. All but
 * the main thread read BLOCKS and are replaced; 0: they read until the end. */
static void work_directs(char *const *arguments) {
  struct direct_file file = {.path = arguments[0],
                             .blocks = number(arguments[2])};
  unsigned count = thread_count(arguments[1]);
  struct stat status;

  if (stat(file.path, &status) < 0)
    die(file.path);
  file.size = status.st_size / 4096 * 4096;
  expire_after(small_number(arguments[3]));
  for (unsigned i = 1; i < count; i++)
    start_direct_reader(&file);
  read_direct(&file, 0);
  while (atomic_load(&file.threads) > 0)
    usleep(100);
  counted += atomic_load(&file.read);
  say("blocked_us=%" PRIu64, (uint64_t)atomic_load(&file.blocked_us));
}

/* Memory */

static char *map_pages(size_t pages, int flags, int fd) {
  size_t size = pages * (size_t)getpagesize();
  char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

  if (memory == MAP_FAILED)
    die("mmap");
  (void)madvise(memory, size, MADV_NOHUGEPAGE);
  return memory;
}

/* Reads or writes a byte of each page. */
static void touch_pages(volatile char *memory, size_t pages, bool dirty) {
  size_t page_size = (size_t)getpagesize();

  for (size_t i = 0; i < pages; i++) {
    if (dirty)
      memory[i * page_size] = 'x';
    else
      (void)memory[i * page_size];
  }
}

/* PAGES: touches new memory and keeps it. */
static void work_touch(char *const *arguments) {
  size_t pages = (size_t)number(arguments[0]);

  touch_pages(map_pages(pages, MAP_PRIVATE | MAP_ANONYMOUS, -1), pages, true);
  counted += pages;
}

struct naps {
  uint64_t count;
  pthread_barrier_t done;
};

static void nap(struct naps *naps) {
  for (uint64_t i = 0; i < naps->count; i++)
    nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
  pthread_barrier_wait(&naps->done);
}

static void *nap_and_stay(void *naps) {
  nap(naps);
  return sleep_forever(NULL);
}

/*
 * COUNT THREADS PAGES: allocates the memory, and makes at least COUNT voluntary
 * switches in this thread and in each of the others, which continue to exist.
 */
static void work_switch(char *const *arguments) {
  static struct naps naps;
  unsigned count = thread_count(arguments[1]);
  size_t pages = (size_t)number(arguments[2]);
  pthread_t thread;

  naps.count = number(arguments[0]);
  pthread_barrier_init(&naps.done, NULL, count + 1);
  if (pages > 0)
    touch_pages(map_pages(pages, MAP_PRIVATE | MAP_ANONYMOUS, -1), pages, true);
  for (unsigned i = 0; i < count; i++)
    start_thread(&thread, nap_and_stay, &naps);
  nap(&naps);
  counted += naps.count * (count + 1);
}

/* FILE PAGES: touches pages of a mapped file that are not in the page cache. */
static void work_major(char *const *arguments) {
  size_t pages = (size_t)number(arguments[1]);
  int fd = open_file(arguments[0], O_RDONLY);

  if (fsync(fd) < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
    die("dropping the file from the page cache");
  size_t size = pages * (size_t)getpagesize();
  char *memory = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (memory == MAP_FAILED)
    die("mmap");
  (void)madvise(memory, size, MADV_RANDOM);
  touch_pages(memory, pages, false);
  counted += pages;
  close(fd);
}

/*
 * PAGES PASSES: repeatedly reads and then writes the pages of a private
 * mapping, so that each page is copied.
 */
static void work_cow(char *const *arguments) {
  size_t pages = (size_t)number(arguments[0]);
  uint64_t passes = number(arguments[1]);
  int fd = memfd_create("load", MFD_CLOEXEC);

  if (fd < 0 || ftruncate(fd, (off_t)pages * getpagesize()) < 0)
    die("memfd");
  char *memory = map_pages(pages, MAP_PRIVATE, fd);
  for (uint64_t i = 0; i < passes; i++) {
    touch_pages(memory, pages, false);
    touch_pages(memory, pages, true);
    if (madvise(memory, pages * (size_t)getpagesize(), MADV_DONTNEED) < 0)
      die("madvise");
  }
  counted += pages * passes;
  close(fd);
}

/*
 * FILE BYTES PAGES MS THREADS: a little of everything that is counted, mostly
 * waits; finally starts more threads, which continue to exist.
 */
static void work_various(char *const *arguments) {
  char *file = arguments[0], *bytes = arguments[1], *pages = arguments[2];
  char *ms = arguments[3], *threads = arguments[4];

  work_write((char *[]){file, bytes, "7", "plain"});
  work_write((char *[]){file, bytes, "16", "direct"});
  work_read((char *[]){file, bytes, "123"});
  work_direct((char *[]){file, "65536", ms});
  work_major((char *[]){file, pages});
  work_cow((char *[]){pages, "20"});
  work_burn((char *[]){ms, threads});
  work_system((char *[]){ms});
  work_switch((char *[]){"200", threads, pages});
}

/* Processes */

/* In a child: ends it with its parent, or at the time limit. */
static void bound_child(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(options.limit_s);
}

static void add_time(struct timeval *sum, struct timeval value) {
  struct timeval total;

  timeradd(sum, &value, &total);
  *sum = total;
}

/* Reaps a child and returns its wait status. */
static int reap(pid_t pid) {
  struct rusage usage;
  int status = 0;

  if (wait4(pid, &status, 0, &usage) != pid)
    die("wait4");
  add_time(&child_usage.ru_utime, usage.ru_utime);
  add_time(&child_usage.ru_stime, usage.ru_stime);
  child_usage.ru_nvcsw += usage.ru_nvcsw;
  child_usage.ru_nivcsw += usage.ru_nivcsw;
  return status;
}

static void write_null(uint64_t bytes) {
  int fd = open_file("/dev/null", O_WRONLY);
  char *buffer = aligned_buffer((size_t)bytes);

  if (bytes > 0)
    write_chunk(fd, buffer, (size_t)bytes);
  free(buffer);
  close(fd);
}

enum ending { JOINED, TOGETHER, HEADLESS };

static enum ending ending_of(const char *text) {
  static const char *const names[] = {
      [JOINED] = "joined", [TOGETHER] = "together", [HEADLESS] = "headless"};

  for (int i = 0; i < 3; i++)
    if (strcmp(text, names[i]) == 0)
      return (enum ending)i;
  errno = EINVAL;
  die(text);
}

static void *burn_forever(void *unused) {
  for (;;)
    spin(1000);
  return unused;
}

/*
 * Runs a child: JOINED joins its threads, TOGETHER ends while they run,
 * HEADLESS ends the main thread first.
 */
_Noreturn static void live(enum ending ending, unsigned count, unsigned ms,
                           uint64_t bytes) {
  pthread_t threads[MAX_THREADS];

  bound_child();
  expire_after(ms);
  for (unsigned i = 0; i < count; i++)
    start_thread(&threads[i], ending == TOGETHER ? burn_forever : burn_user,
                 NULL);
  if (ending == HEADLESS) {
    write_null(bytes);
    pthread_exit(NULL);
  }
  burn_user(NULL);
  for (unsigned i = 0; i < count && ending == JOINED; i++)
    pthread_join(threads[i], NULL);
  write_null(bytes);
  _exit(0);
}

/*
 * joined|together|headless THREADS MS BYTES: a child that burns MS, writes
 * BYTES, ends, and remains a zombie until the next SIGUSR1.
 */
static void work_zombie(char *const *arguments) {
  enum ending ending = ending_of(arguments[0]);
  unsigned count = thread_count(arguments[1]);
  unsigned ms = small_number(arguments[2]);
  uint64_t bytes = number(arguments[3]);

  pid_t pid = fork();
  if (pid < 0)
    die("fork");
  if (pid == 0)
    live(ending, count, ms, bytes);
  say("child=%d", pid);
  siginfo_t info;
  if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
    die("waitid");
  say("zombie=%d", pid);
  await_go_or_die();
  reap(pid);
}

static void start_sleeper(unsigned milliseconds) {
  pid_t pid = fork();

  if (pid < 0)
    die("fork");
  if (pid > 0)
    return;
  bound_child();
  nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000,
                               .tv_nsec = (milliseconds % 1000) * 1000000L},
            NULL);
  _exit(0);
}

/* TOTAL PARALLEL MS: processes that sleep for MS and end, PARALLEL at a time.
 */
static void work_swarm(char *const *arguments) {
  unsigned total = small_number(arguments[0]);
  unsigned parallel = small_number(arguments[1]);
  unsigned milliseconds = small_number(arguments[2]);
  unsigned alive = 0;

  for (unsigned i = 0; i < total; i++) {
    if (alive == parallel) {
      wait(NULL);
      alive--;
    }
    start_sleeper(milliseconds);
    alive++;
  }
  while (wait(NULL) > 0)
    ;
  counted += total;
}

/* What a child reports, in memory shared with its parent. */
struct life {
  pid_t pid;
  struct rusage usage;
};

/* A child to create: it has the name from its start, and possibly a given pid.
 */
struct birth {
  const char *name;
  pid_t wanted; /* 0: any */
  unsigned burn_ms;
  uint64_t bytes;
  struct life *life;
};

/* Burns, writes, reports its use, and sleeps until it is killed. */
_Noreturn static void live_and_tell(const struct birth *birth) {
  bound_child();
  expire_after(birth->burn_ms);
  burn_user(NULL);
  write_null(birth->bytes);
  birth->life->pid = getpid();
  getrusage(RUSAGE_SELF, &birth->life->usage);
  kill(getppid(), SIGRTMAX);
  sleep_forever(NULL);
  _exit(0);
}

/*
 * A child inherits the name of the thread that forks, so a thread with that
 * name forks. The thread does not end, because that would also end the child
 * (PR_SET_PDEATHSIG).
 */
static void *give_birth(void *data) {
  const struct birth *birth = data;

  rename_self(birth->name);
  pid_t pid = fork_with_pid(birth->wanted);
  if (pid == 0)
    live_and_tell(birth);
  return sleep_forever(NULL);
}

/* Returns when the child has finished its work. */
static void make_child(struct birth *birth) {
  pthread_t thread;

  birth->life = share(sizeof(*birth->life));
  start_thread(&thread, give_birth, birth);
  await_signal(SIGRTMAX);
}

/* NAME COUNT MS BYTES: children that burn MS one by one, and do not end. */
static void work_births(char *const *arguments) {
  unsigned count = thread_count(arguments[1]);
  struct birth births[MAX_THREADS];
  int64_t total_us = 0;

  for (unsigned i = 0; i < count; i++) {
    births[i] = (struct birth){.name = arguments[0],
                               .burn_ms = small_number(arguments[2]),
                               .bytes = number(arguments[3])};
    make_child(&births[i]);
    total_us += cpu_us_of(&births[i].life->usage);
  }
  say("births_cpu_us=%" PRId64, total_us);
  counted += count;
}

static void say_life(const char *which, const struct life *life) {
  say("%s=%d", which, life->pid);
  say("%s_cpu_us=%" PRId64, which, cpu_us_of(&life->usage));
}

/*
 * NAME MS NAME2 MS2 BYTES: a child that burns MS; at the next SIGUSR1 it is
 * killed, and a second one immediately gets its pid.
 */
static void work_reuse(char *const *arguments) {
  struct birth first = {.name = arguments[0],
                        .burn_ms = small_number(arguments[1]),
                        .bytes = number(arguments[4])};
  struct birth second = {.name = arguments[2],
                         .burn_ms = small_number(arguments[3]),
                         .bytes = number(arguments[4])};

  make_child(&first);
  say_life("first", first.life);
  await_go_or_die();
  kill(first.life->pid, SIGKILL);
  reap(first.life->pid);
  second.wanted = first.life->pid;
  make_child(&second);
  say_life("second", second.life);
}

static void work_idle(char *const *arguments) { (void)arguments; }

static const struct command commands[] = {
    {"idle", "", 0, false, work_idle},
    {"burn", "MS THREADS", 2, false, work_burn},
    {"mixed", "PHASES MS", 2, false, work_mixed},
    {"churn", "COUNT US PARALLEL", 3, true, work_churn},
    {"park", "THREADS", 1, false, work_park},
    {"files", "COUNT", 1, false, work_files},
    {"write", "FILE BYTES CALLS plain|fsync|direct", 4, false, work_write},
    {"read", "FILE BYTES CALLS", 3, false, work_read},
    {"direct", "FILE BLOCK MS", 3, false, work_direct},
    {"directs", "FILE THREADS BLOCKS MS", 4, false, work_directs},
    {"switch", "COUNT THREADS PAGES", 3, false, work_switch},
    {"touch", "PAGES", 1, false, work_touch},
    {"major", "FILE PAGES", 2, false, work_major},
    {"cow", "PAGES PASSES", 2, false, work_cow},
    {"various", "FILE BYTES PAGES MS THREADS", 5, false, work_various},
    {"zombie", "joined|together|headless THREADS MS BYTES", 4, false,
     work_zombie},
    {"swarm", "TOTAL PARALLEL MS", 3, false, work_swarm},
    {"births", "NAME COUNT MS BYTES", 4, false, work_births},
    {"reuse", "NAME MS NAME2 MS2 BYTES", 5, false, work_reuse},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name) {
  for (size_t i = 0; i < COMMAND_COUNT; i++)
    if (strcmp(commands[i].name, name) == 0)
      return &commands[i];
  return NULL;
}

_Noreturn static void usage_error(void) {
  fputs("usage: load [options] COMMAND ARGUMENTS\n\n"
        "  --name COMM    take this name\n"
        "  --rename COMM  take this name at SIGUSR2\n"
        "  --ruid UID     real user id\n"
        "  --euid UID     effective user id\n"
        "  --next UID     real and effective user id to take at SIGUSR2\n"
        "  --wait         work at SIGUSR1\n"
        "  --rounds N     work so many times (1)\n"
        "  --stay S       live on for S seconds (0)\n"
        "  --limit S      never live longer than S seconds (120)\n\n",
        stderr);
  for (size_t i = 0; i < COMMAND_COUNT; i++)
    fprintf(stderr, "  %s %s\n", commands[i].name, commands[i].arguments);
  exit(EXIT_FAILURE);
}

/* Returns false if it is not an option. */
static bool set_option(const char *key, const char *value) {
  if (strcmp(key, "--name") == 0)
    options.name = value;
  else if (strcmp(key, "--rename") == 0)
    options.rename = value;
  else if (strcmp(key, "--rounds") == 0)
    options.rounds = small_number(value);
  else if (strcmp(key, "--stay") == 0)
    options.stay_s = small_number(value);
  else if (strcmp(key, "--limit") == 0)
    options.limit_s = small_number(value);
  else if (strcmp(key, "--ruid") == 0)
    options.real_uid = small_number(value);
  else if (strcmp(key, "--euid") == 0)
    options.effective_uid = small_number(value);
  else if (strcmp(key, "--next") == 0)
    options.next_uid = small_number(value);
  else
    return false;
  return true;
}

/* Returns the index of the first argument that is not an option. */
static int parse_options(int argc, char *const *argv) {
  int i = 1;

  while (i < argc && strncmp(argv[i], "--", 2) == 0) {
    if (strcmp(argv[i], "--wait") == 0) {
      options.wait = true;
      i++;
    } else if (i + 1 < argc && set_option(argv[i], argv[i + 1])) {
      i += 2;
    } else {
      usage_error();
    }
  }
  return i;
}

static void apply_options(void) {
  if (options.name != NULL)
    rename_self(options.name);
  if ((options.real_uid >= 0 || options.effective_uid >= 0) &&
      setresuid((uid_t)options.real_uid, (uid_t)options.effective_uid,
                (uid_t)-1) < 0)
    die("setresuid");
  block_signals();
  alarm(options.limit_s);
}

int main(int argc, char **argv) {
  int first = parse_options(argc, argv);
  const struct command *command =
      first < argc ? find_command(argv[first]) : NULL;

  if (command == NULL || argc - first - 1 != command->argument_count)
    usage_error();
  apply_options();
  if (command->calibrated)
    calibrate();
  say("ready");
  for (unsigned round = 1; round <= options.rounds; round++) {
    if (options.wait)
      await_go_or_die();
    command->work(argv + first + 1);
    say_truth(round);
  }
  while (options.stay_s > 0 && await_go(options.stay_s))
    ;
  return EXIT_SUCCESS;
}
