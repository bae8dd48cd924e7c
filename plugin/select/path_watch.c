/* SPDX-License-Identifier: MIT */
#include "select/path_watch.h"

#include "kernel/clock.h"
#include "kernel/mutex.h"
#include "kernel/thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  PERIOD_MIN_MS = 50,
  PERIOD_MAX_MS = 1000,
  LOOKS_PER_READ = 10,
  QUICK_MS = 50, /* after this time, another child takes over the other paths */
  TIMEOUT_MS = 1000,   /* after this time, a path does not answer */
  RETRY_MIN_MS = 5000, /* such a path is tried again after this time */
  RETRY_MAX_MS = 60000,
  REAP_TRIES = 100,
};

struct child {
  pid_t pid; /* 0: none */
  int fd;
};

static struct mutex lock = MUTEX_INITIALIZER;

struct path_watch {
  struct path_watch *next;
  enum path_kind kind;
  char *path;

  uint32_t looks GUARDED_BY(lock); /* the number of looks that have ended */
  /* the value of looks that path_watch_wait waits for */
  uint32_t awaited GUARDED_BY(lock);
  int error GUARDED_BY(lock);
  int told_error GUARDED_BY(lock);
  struct pid_set pids GUARDED_BY(lock);
  struct executable executable GUARDED_BY(lock);

  /* Used by the thread only: */
  struct child busy; /* the child that looks at the path, or hangs there */
  uint64_t asked_ms; /* time of the request; CLOCK_MONOTONIC */
  bool is_given_up;  /* it did not answer, and was killed */
  uint64_t due_ms;   /* time of the next look */
  uint32_t retry_ms; /* delay after the next timeout */
};

static struct path_watch *watches; /* changes only while no thread runs */
static uint32_t changes GUARDED_BY(lock);
static uint64_t last_read_ms GUARDED_BY(lock);
static uint32_t period_ms GUARDED_BY(lock) = PERIOD_MIN_MS;

static struct {
  bool runs;
  pthread_t thread;
  int wake_fd; /* an eventfd that tells the thread to stop */
  struct child idle;
} monitor;

struct path_watch *path_watch_create(enum path_kind kind, const char *path) {
  struct path_watch *watch = calloc(1, sizeof(*watch));
  if (watch == NULL || (watch->path = strdup(path)) == NULL) {
    free(watch);
    return NULL;
  }
  watch->kind = kind;
  watch->retry_ms = RETRY_MIN_MS;
  mutex_lock(&lock);
  watch->next = watches;
  watches = watch;
  mutex_unlock(&lock);
  return watch;
}

void path_watch_destroy(struct path_watch *watch) {
  if (watch == NULL)
    return;
  mutex_lock(&lock);
  struct path_watch **link = &watches;
  while (*link != watch)
    link = &(*link)->next;
  *link = watch->next;
  mutex_unlock(&lock);
  executable_clear(&watch->executable);
  free(watch->path);
  free(watch);
}

/* Answers. */

static void store_pid_file(struct path_watch *watch,
                           const struct path_answer *answer) REQUIRES(lock) {
  if (answer->status == 0)
    watch->pids = answer->pids;
  else if (answer->status == -ENOENT || answer->status == -ENOTDIR)
    watch->pids.count = 0; /* no such process exists */
  for (size_t i = 0; answer->status != 0 && i < answer->pids.count; i++)
    pid_set_add(&watch->pids, answer->pids.pids[i]);
}

static void store_error(struct path_watch *watch, int error) REQUIRES(lock) {
  bool is_no_service =
      watch->kind == PATH_PID_FILE && (error == -ENOENT || error == -ENOTDIR);
  watch->error = is_no_service ? 0 : error;
  watch->looks++;
}

static void store(struct path_watch *watch, const struct path_answer *answer) {
  mutex_lock(&lock);
  if (watch->kind == PATH_PID_FILE)
    store_pid_file(watch, answer);
  else if (answer->status == 0)
    changes += executable_store(&watch->executable, answer);
  store_error(watch, answer->status);
  mutex_unlock(&lock);
}

static void store_failure(struct path_watch *watch, int error) {
  mutex_lock(&lock);
  store_error(watch, error);
  mutex_unlock(&lock);
}

/* Children. The thread's. */

/* Another plugin may have reaped the child already: exec waits for any child.
 */
static void reap(struct child *child) {
  close(child->fd);
  for (int i = 0; i < REAP_TRIES && waitpid(child->pid, NULL, WNOHANG) == 0;
       i++)
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  *child = (struct child){0};
}

/* Once the child was reaped, another process may have its pid. */
static void kill_child(const struct child *child) {
  struct pollfd poll_fd = {.fd = child->fd};
  if (poll(&poll_fd, 1, 0) == 0 || (poll_fd.revents & POLLHUP) == 0)
    kill(child->pid, SIGKILL);
}

static void end_child(struct child *child) {
  if (child->pid == 0)
    return;
  kill_child(child);
  reap(child);
}

static int ensure_idle(void) {
  if (monitor.idle.pid != 0)
    return 0;
  pid_t pid = path_child_fork(&monitor.idle.fd);
  if (pid < 0)
    return pid;
  monitor.idle.pid = pid;
  return 0;
}

static void finish_look(struct path_watch *watch) {
  if (monitor.idle.pid == 0)
    monitor.idle = watch->busy;
  else
    end_child(&watch->busy);
  watch->busy = (struct child){0};
  watch->retry_ms = RETRY_MIN_MS;
  watch->due_ms = 0;
}

/* Receives an answer if there is one. */
static void take_answer(struct path_watch *watch) {
  struct path_answer answer;
  int status = path_child_answer(watch->busy.fd, &answer);
  if (status == -EAGAIN)
    return;
  if (status == 0) {
    store(watch, &answer);
    finish_look(watch);
    return;
  }
  reap(&watch->busy); /* it was killed, by the plugin or by someone else */
  watch->due_ms = watch->is_given_up ? clock_ms() + watch->retry_ms : 0;
  if (watch->is_given_up && watch->retry_ms < RETRY_MAX_MS)
    watch->retry_ms *= 2;
  watch->is_given_up = false;
}

/* The child stays until the file server answers, possibly for ever; until then,
 * the path is not tried again. */
static void give_up(struct path_watch *watch) {
  kill_child(&watch->busy);
  watch->is_given_up = true;
  store_failure(watch, -ETIMEDOUT);
}

/* Returns whether the thread must stop. */
static bool wait_for(int fd, unsigned int most_ms) {
  struct pollfd fds[] = {{.fd = monitor.wake_fd, .events = POLLIN},
                         {.fd = fd, .events = POLLIN}};
  return poll(fds, 2, (int)most_ms) > 0 && fds[0].revents != 0;
}

/* Requests a look at a path. Returns whether the thread must stop. */
static bool look_at(struct path_watch *watch) {
  int status = ensure_idle();
  if (status == 0)
    status = path_child_ask(monitor.idle.fd, watch->kind, watch->path);
  if (status != 0) {
    end_child(&monitor.idle);
    store_failure(watch, status);
    return false;
  }
  watch->busy = monitor.idle;
  monitor.idle = (struct child){0};
  watch->asked_ms = clock_ms();
  bool must_stop = wait_for(watch->busy.fd, QUICK_MS);
  take_answer(watch);
  return must_stop;
}

static bool look_at_all(void) {
  bool must_stop = false;
  for (struct path_watch *w = watches; w != NULL && !must_stop; w = w->next) {
    if (w->busy.pid != 0)
      take_answer(w);
    if (w->busy.pid == 0 && clock_ms() >= w->due_ms)
      must_stop = look_at(w);
    else if (w->busy.pid != 0 && !w->is_given_up &&
             clock_ms() - w->asked_ms >= TIMEOUT_MS)
      give_up(w);
  }
  return must_stop;
}

/* Children that hang are abandoned. */
static void end_children(void) {
  end_child(&monitor.idle);
  for (struct path_watch *w = watches; w != NULL; w = w->next) {
    if (w->busy.pid == 0)
      continue;
    kill_child(&w->busy);
    close(w->busy.fd);
    waitpid(w->busy.pid, NULL, WNOHANG);
    w->busy = (struct child){0};
  }
}

static void *run(void *arg) {
  bool must_stop = false;
  while (!must_stop) {
    must_stop = look_at_all();
    mutex_lock(&lock);
    uint32_t period = period_ms;
    mutex_unlock(&lock);
    if (!must_stop)
      must_stop = wait_for(-1, period);
  }
  end_children();
  return arg;
}

int path_watch_start(void) {
  if (watches == NULL)
    return 0;
  monitor.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (monitor.wake_fd < 0)
    return -errno;
  int status = thread_start(&monitor.thread, "taskstats paths", run, NULL);
  if (status != 0) {
    close(monitor.wake_fd);
    return status;
  }
  monitor.runs = true;
  return 0;
}

void path_watch_stop(void) {
  if (!monitor.runs)
    return;
  uint64_t one = 1;
  if (write(monitor.wake_fd, &one, sizeof(one)) == sizeof(one))
    pthread_join(monitor.thread, NULL);
  close(monitor.wake_fd);
  monitor.runs = false;
  mutex_lock(&lock);
  last_read_ms = 0;
  period_ms = PERIOD_MIN_MS;
  mutex_unlock(&lock);
}

static bool was_each_looked_at(void) {
  bool was = true;
  mutex_lock(&lock);
  for (const struct path_watch *w = watches; w != NULL; w = w->next)
    was &= w->looks != w->awaited;
  mutex_unlock(&lock);
  return was;
}

void path_watch_wait(unsigned int most_ms) {
  uint64_t end_ms = clock_ms() + most_ms;
  mutex_lock(&lock);
  for (struct path_watch *w = watches; w != NULL; w = w->next)
    w->awaited = w->looks;
  mutex_unlock(&lock);
  while (monitor.runs && !was_each_looked_at() && clock_ms() < end_ms)
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

uint32_t path_watch_note_read(void) {
  uint64_t now = clock_ms();
  mutex_lock(&lock);
  uint64_t between = (now - last_read_ms) / LOOKS_PER_READ;
  if (last_read_ms == 0 || between < PERIOD_MIN_MS)
    period_ms = PERIOD_MIN_MS;
  else
    period_ms = between < PERIOD_MAX_MS ? (uint32_t)between : PERIOD_MAX_MS;
  last_read_ms = now;
  uint32_t count = changes;
  mutex_unlock(&lock);
  return count;
}

void path_watch_pids(struct path_watch *watch, struct pid_set *pids) {
  mutex_lock(&lock);
  *pids = watch->pids;
  mutex_unlock(&lock);
}

bool path_watch_has_pid(struct path_watch *watch, pid_t pid) {
  mutex_lock(&lock);
  bool has = pid_set_has(&watch->pids, pid);
  mutex_unlock(&lock);
  return has;
}

bool path_watch_has_path(struct path_watch *watch, const char *path) {
  if (strcmp(watch->path, path) == 0)
    return true;
  mutex_lock(&lock);
  bool has = executable_has_path(&watch->executable, path);
  mutex_unlock(&lock);
  return has;
}

bool path_watch_has_name(struct path_watch *watch, const char *name) {
  mutex_lock(&lock);
  bool has = executable_is_name(watch->path, name) ||
             executable_has_name(&watch->executable, name);
  mutex_unlock(&lock);
  return has;
}

enum path_is path_watch_is(struct path_watch *watch, uint64_t dev,
                           uint64_t inode) {
  mutex_lock(&lock);
  enum path_is answer = executable_is(
      &watch->executable, (struct file_id){dev, inode}, watch->error);
  mutex_unlock(&lock);
  return answer;
}

void path_watch_learn(struct path_watch *watch, uint64_t dev, uint64_t inode) {
  if (inode == 0)
    return;
  mutex_lock(&lock);
  executable_learn(&watch->executable, (struct file_id){dev, inode});
  mutex_unlock(&lock);
}

bool path_watch_take_change(struct path_change *change) {
  bool found = false;
  mutex_lock(&lock);
  for (struct path_watch *w = watches; w != NULL && !found; w = w->next) {
    if (w->error == w->told_error)
      continue;
    found = true;
    w->told_error = w->error;
    change->kind = w->kind;
    change->error = w->error;
    snprintf(change->path, sizeof(change->path), "%s", w->path);
  }
  mutex_unlock(&lock);
  return found;
}
