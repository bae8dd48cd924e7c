/* SPDX-License-Identifier: MIT */
#include "track/read_worker.h"

#include "kernel/clock.h"
#include "kernel/procfs.h"
#include "kernel/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  TICK_MS = 10, /* how often a read is looked after */
  STOP_MS = 500,
};

struct read_worker {
  struct reader *reader;
  struct tracker *tracker;

  pthread_mutex_t lock; /* of what follows */
  pthread_cond_t changed;
  pthread_t thread;
  bool has_thread;
  bool is_asked, is_reading, must_stop;
  struct reader_report report;

  uint64_t call, call_ms; /* what the read waits for, and since when */
  unsigned int hung;      /* threads that were left behind in this read */
};

static void *run(void *context) {
  struct read_worker *worker = context;

  pthread_mutex_lock(&worker->lock);
  for (;;) {
    while (!worker->is_asked && !worker->must_stop)
      pthread_cond_wait(&worker->changed, &worker->lock);
    if (worker->must_stop)
      break;
    worker->is_asked = false;
    pthread_mutex_unlock(&worker->lock);
    struct reader_report report;
    reader_read(worker->reader, clock_ns(CLOCK_BOOTTIME), &report);
    pthread_mutex_lock(&worker->lock);
    worker->report = report;
    worker->is_reading = false;
    pthread_cond_broadcast(&worker->changed);
  }
  worker->has_thread = false;
  pthread_cond_broadcast(&worker->changed);
  pthread_mutex_unlock(&worker->lock);
  return NULL;
}

/* With the lock. */
static int start_thread(struct read_worker *worker) {
  int status = thread_start(&worker->thread, "taskstats reads", run, worker);
  worker->has_thread = status == 0;
  return status;
}

static void destroy(struct read_worker *worker) {
  pthread_cond_destroy(&worker->changed);
  pthread_mutex_destroy(&worker->lock);
  free(worker);
}

int read_worker_start(struct reader *reader, struct tracker *tracker,
                      struct read_worker **worker) {
  struct read_worker *w = calloc(1, sizeof(*w));
  if (w == NULL)
    return -ENOMEM;
  w->reader = reader;
  w->tracker = tracker;
  pthread_mutex_init(&w->lock, NULL);
  thread_init_condition(&w->changed);
  pthread_mutex_lock(&w->lock);
  int status = start_thread(w);
  pthread_mutex_unlock(&w->lock);
  if (status != 0) {
    destroy(w);
    return status;
  }
  *worker = w;
  return 0;
}

/* Has another thread repeat the read. With the lock. */
static int replace_thread(struct read_worker *worker, struct procfs *again,
                          pid_t hung) {
  pthread_detach(worker->thread);
  reader_abandon_read(worker->reader, again, hung);
  worker->is_asked = true;
  return start_thread(worker);
}

/* Leaves the thread behind that is in a call, and has another one go on. With
 * the lock. */
static int leave_behind(struct read_worker *worker, struct procfs *proc) {
  const struct drain *drain = &worker->tracker->drain;
  pid_t pid = procfs_call_pid(worker->call);
  bool is_own = proc == reader_proc(worker->reader), is_readers;
  struct procfs *again;

  int status = procfs_reopen(proc, &again);
  if (status != 0)
    return status;
  if (!procfs_abandon(proc, worker->call)) {
    procfs_close(again);
    return 0;
  }
  hung_processes_add(&worker->tracker->hung, pid, proc);
  worker->hung++;
  if (is_own)
    return replace_thread(worker, again, pid);
  status = drain->leave(drain->context, proc, again, &is_readers);
  return is_readers ? replace_thread(worker, NULL, pid) : status;
}

/* The call that the read waits for, its own or that of the thread that takes
 * exit records; or 0. With the lock. */
static uint64_t find_call(const struct read_worker *worker,
                          struct procfs **proc) {
  const struct drain *drain = &worker->tracker->drain;
  *proc = reader_proc(worker->reader);
  if (procfs_call(*proc) == 0 && drain->take != NULL)
    *proc = drain->busy(drain->context);
  return *proc != NULL ? procfs_call(*proc) : 0;
}

/* Looks after the thread that reads. Returns -ETIMEDOUT if it hangs and must
 * not be left behind. With the lock. */
static int look_after(struct read_worker *worker) {
  struct procfs *proc;
  uint64_t call = find_call(worker, &proc);
  uint64_t now_ms = clock_ns(CLOCK_MONOTONIC) / 1000000;
  if (call == 0 || call != worker->call) {
    worker->call = call;
    worker->call_ms = now_ms;
    return 0;
  }
  uint64_t patience_ms =
      worker->hung > 0 ? READ_SHORT_PATIENCE_MS : READ_PATIENCE_MS;
  if (now_ms - worker->call_ms < patience_ms || procfs_call_runs(proc))
    return 0;
  return worker->hung < READ_HUNG_AT_ONCE &&
                 hung_processes_has_room(&worker->tracker->hung)
             ? leave_behind(worker, proc)
             : -ETIMEDOUT;
}

/* With the lock. */
static int begin_read(struct read_worker *worker) {
  worker->hung = 0;
  hung_processes_begin_read(&worker->tracker->hung);
  if (worker->is_reading && worker->has_thread)
    return 0;
  worker->is_asked = worker->is_reading = true;
  worker->call = 0;
  pthread_cond_broadcast(&worker->changed);
  return worker->has_thread ? 0 : start_thread(worker);
}

int read_worker_read(struct read_worker *worker, struct reader_report *report) {
  pthread_mutex_lock(&worker->lock);
  int status = begin_read(worker);
  while (status == 0 && worker->is_reading) {
    struct timespec tick = thread_deadline(TICK_MS);
    if (pthread_cond_timedwait(&worker->changed, &worker->lock, &tick) ==
        ETIMEDOUT)
      status = look_after(worker);
  }
  *report = worker->report;
  pthread_mutex_unlock(&worker->lock);
  return status;
}

bool read_worker_stop(struct read_worker *worker) {
  if (worker == NULL)
    return true;
  struct timespec deadline = thread_deadline(STOP_MS);
  int status = 0;
  pthread_mutex_lock(&worker->lock);
  worker->must_stop = true;
  pthread_cond_broadcast(&worker->changed);
  while (worker->has_thread && status == 0)
    status = pthread_cond_timedwait(&worker->changed, &worker->lock, &deadline);
  bool has_ended = !worker->has_thread;
  pthread_mutex_unlock(&worker->lock);
  if (!has_ended)
    return false;
  pthread_join(worker->thread, NULL);
  destroy(worker);
  return true;
}
