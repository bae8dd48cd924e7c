/* SPDX-License-Identifier: MIT */
#include "track/read_worker.h"

#include "kernel/clock.h"
#include "kernel/mutex.h"
#include "kernel/procfs.h"
#include "kernel/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  TICK_MS = 10, /* interval of monitoring a read */
  STOP_MS = 500,
};

/* Represents the lock of any worker, for annotations only. */
extern struct mutex worker_mutex;

struct read_worker {
  struct reader *reader;
  struct tracker *tracker;

  struct mutex mutex; /* worker_mutex */
  pthread_cond_t changed;
  bool has_thread GUARDED_BY(worker_mutex);
  bool is_asked GUARDED_BY(worker_mutex);
  bool is_reading GUARDED_BY(worker_mutex);
  bool must_stop GUARDED_BY(worker_mutex);
  struct reader_report report GUARDED_BY(worker_mutex);

  /* Used by the caller: */
  pthread_t thread;
  uint64_t call, call_ms; /* the call that the read waits for, and since when */
  unsigned int hung;      /* number of threads abandoned in this read */
};

static void lock(struct read_worker *worker) ACQUIRES(worker_mutex) UNCHECKED {
  mutex_lock(&worker->mutex);
}

static void unlock(struct read_worker *worker)
    RELEASES(worker_mutex) UNCHECKED {
  mutex_unlock(&worker->mutex);
}

static void *run(void *context) {
  struct read_worker *worker = context;

  lock(worker);
  for (;;) {
    while (!worker->is_asked && !worker->must_stop)
      pthread_cond_wait(&worker->changed, &worker->mutex.pthread);
    if (worker->must_stop)
      break;
    worker->is_asked = false;
    unlock(worker);
    struct reader_report report;
    reader_read(worker->reader, clock_ns(CLOCK_BOOTTIME), &report);
    lock(worker);
    worker->report = report;
    worker->is_reading = false;
    pthread_cond_broadcast(&worker->changed);
  }
  worker->has_thread = false;
  pthread_cond_broadcast(&worker->changed);
  unlock(worker);
  return NULL;
}

static int start_thread(struct read_worker *worker) REQUIRES(worker_mutex) {
  int status = thread_start(&worker->thread, "taskstats reads", run, worker);
  worker->has_thread = status == 0;
  return status;
}

static void destroy(struct read_worker *worker) {
  pthread_cond_destroy(&worker->changed);
  mutex_destroy(&worker->mutex);
  free(worker);
}

int read_worker_start(struct reader *reader, struct tracker *tracker,
                      struct read_worker **worker) {
  struct read_worker *w = calloc(1, sizeof(*w));
  if (w == NULL)
    return -ENOMEM;
  w->reader = reader;
  w->tracker = tracker;
  mutex_init(&w->mutex);
  thread_init_condition(&w->changed);
  lock(w);
  int status = start_thread(w);
  unlock(w);
  if (status != 0) {
    destroy(w);
    return status;
  }
  *worker = w;
  return 0;
}

/* Lets another thread repeat the read. */
static int replace_thread(struct read_worker *worker, struct procfs *again,
                          pid_t hung) REQUIRES(worker_mutex) {
  pthread_detach(worker->thread);
  reader_abandon_read(worker->reader, again, hung);
  worker->is_asked = true;
  return start_thread(worker);
}

/* Abandons the thread that is in a call, and lets another one continue. */
static int leave_behind(struct read_worker *worker, struct procfs *proc)
    REQUIRES(worker_mutex) {
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

/* Ends the drains that the read waits for. */
static void end_drains(const struct read_worker *worker) {
  const struct drain *drain = &worker->tracker->drain;
  if (drain->take != NULL)
    drain->end(drain->context);
}

/* The call that the read waits for, either its own or that of the thread that
 * takes exit records; or 0. */
static uint64_t find_call(const struct read_worker *worker,
                          struct procfs **proc) {
  const struct drain *drain = &worker->tracker->drain;
  *proc = reader_proc(worker->reader);
  if (procfs_call(*proc) == 0 && drain->take != NULL)
    *proc = drain->busy(drain->context);
  return *proc != NULL ? procfs_call(*proc) : 0;
}

/* Monitors the thread that reads. Returns -ETIMEDOUT if it hangs and must not
 * be abandoned. */
static int look_after(struct read_worker *worker) REQUIRES(worker_mutex) {
  struct procfs *proc;
  uint64_t call = find_call(worker, &proc);
  uint64_t now_ms = clock_ms();
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

static int begin_read(struct read_worker *worker) REQUIRES(worker_mutex) {
  worker->hung = 0;
  hung_processes_begin_read(&worker->tracker->hung);
  if (worker->is_reading && worker->has_thread)
    return 0;
  worker->is_asked = worker->is_reading = true;
  worker->call = 0;
  pthread_cond_broadcast(&worker->changed);
  return worker->has_thread ? 0 : start_thread(worker);
}

bool read_worker_is_reading(struct read_worker *worker) {
  lock(worker);
  bool is_reading = worker->is_reading;
  unlock(worker);
  return is_reading;
}

int read_worker_read(struct read_worker *worker, unsigned int most_ms,
                     struct reader_report *report) {
  uint64_t begin_ms = clock_ms();
  lock(worker);
  int status = begin_read(worker);
  while (status == 0 && worker->is_reading) {
    struct timespec tick = thread_deadline(TICK_MS);
    if (pthread_cond_timedwait(&worker->changed, &worker->mutex.pthread,
                               &tick) == ETIMEDOUT)
      status = look_after(worker);
    if (status == 0 && worker->is_reading && clock_ms() - begin_ms >= most_ms)
      status = -EINPROGRESS;
  }
  *report = worker->report;
  unlock(worker);
  return status;
}

bool read_worker_stop(struct read_worker *worker) {
  if (worker == NULL)
    return true;
  struct timespec deadline = thread_deadline(STOP_MS);
  int status = 0;
  end_drains(worker);
  lock(worker);
  worker->must_stop = true;
  pthread_cond_broadcast(&worker->changed);
  while (worker->has_thread && status == 0)
    status = pthread_cond_timedwait(&worker->changed, &worker->mutex.pthread,
                                    &deadline);
  bool has_ended = !worker->has_thread;
  unlock(worker);
  if (!has_ended)
    return false;
  pthread_join(worker->thread, NULL);
  destroy(worker);
  return true;
}
