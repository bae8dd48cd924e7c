/* SPDX-License-Identifier: MIT */
#include "kernel/exit_listener.h"

#include "kernel/arithmetic.h"
#include "kernel/clock.h"
#include "kernel/drain_turn.h"
#include "kernel/exit_inbox.h"
#include "kernel/mutex.h"
#include "kernel/proof_thread.h"
#include "kernel/thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
  /* Pauses after a drain if records arrive at shorter intervals, so that they
   * arrive in batches: single ones cost four times as much. */
  REST_NS = 2000000,
  LONG_REST_NS = 20000000, /* if no recent record is urgent */
  FILL_NS = 5, /* how long a byte of the buffer lasts, in a storm of 80,000
                  records a second */
  GATHER_NS = 50000000, /* how long records may wait, after events last woke the
                           thread, for the next events to wake it for both */
  ALSO_MS = 1000,       /* how long events that wake nobody may wait */
  MORE_MS = 1,          /* and the rest of events that were not all taken */
  PROOF_INTERVAL_NS = 100000000,
  PROOF_TRIES = 15,
  STOP_MS = 500,
};

struct exit_listener {
  struct exit_inbox *inbox;
  int wake_fd; /* an eventfd: there is other work */
  struct exit_listener_calls calls;
  pthread_t thread;
  bool is_started;

  atomic_bool must_stop;

  /* For exit_listener_status. */
  atomic_int error, rejection, untried;
  atomic_uint_fast64_t records, lost;

  atomic_int also_fd; /* calls.also_fd, or -1 once it is not polled any more */
  atomic_bool has_more;  /* events that also_fd does not signal */
  atomic_bool is_urgent; /* some records of the last drain were */

  struct drain_turn turn;

  /* Used by the listener's thread: */
  uint64_t gather_until_ns; /* until then it takes no records */
  int tries;                /* self-tests that were begun */
  uint64_t next_try_ns;

  /* When the inbox was last found empty. */
  uint64_t empty_ns GUARDED_BY(draining_turn);
  /* Records of one call that were received but not taken yet. */
  bool has_batch GUARDED_BY(draining_turn);
  uint64_t received_ns GUARDED_BY(draining_turn);
  struct exit_inbox_batch batch GUARDED_BY(draining_turn);
};

static uint64_t now_ns(void) { return clock_ns(CLOCK_BOOTTIME); }

/* A lost record, too, is one that the kernel sent; but nothing shows that it
 * could have been parsed if others could not. If no self-test is possible, the
 * kernel's acceptance is trusted. */
static bool is_proven(const struct exit_listener *listener) {
  return atomic_load(&listener->records) > 0 ||
         (atomic_load(&listener->lost) > 0 &&
          atomic_load(&listener->rejection) == 0) ||
         atomic_load(&listener->untried) != 0;
}

/* Updates the listener's status from the received records. */
static void note_batch(struct exit_listener *listener) REQUIRES(draining_turn) {
  const struct exit_inbox_batch *batch = &listener->batch;

  if (batch->rejection != 0)
    atomic_store(&listener->rejection, batch->rejection);
  atomic_fetch_add(&listener->records, batch->count);
}

static enum exit_listener_found call_before(struct exit_listener *listener,
                                            uint64_t until_ns) {
  if (atomic_load(&listener->also_fd) < 0)
    return FOUND_NOTHING;
  enum exit_listener_found found =
      listener->calls.before(listener->calls.context, until_ns);
  atomic_store(&listener->has_more, found == FOUND_MORE);
  if (found == FOUND_END)
    atomic_store(&listener->also_fd, -1);
  return found;
}

/* Takes the received records, and before them the events: if the thread is
 * abandoned during the latter, another one takes the records. */
static void take_batch(struct exit_listener *listener) REQUIRES(draining_turn) {
  if (!listener->has_batch)
    return;
  call_before(listener, listener->received_ns);
  listener->has_batch = false;
  if (listener->calls.take(listener->calls.context, listener->batch.messages,
                           listener->batch.count, listener->empty_ns,
                           listener->received_ns))
    atomic_store(&listener->is_urgent, true);
}

/* Takes everything that has arrived, unless it must stop. Takes only events
 * that happened before the records; if no records have arrived, all events,
 * unless has_looked. Returns whether there was anything, or a negative errno.
 */
static int drain(struct exit_listener *listener, bool has_looked)
    REQUIRES(draining_turn) {
  bool took = false;

  atomic_store(&listener->is_urgent, false);
  exit_inbox_begin_drain(listener->inbox);
  while (exit_inbox_has_left(listener->inbox) &&
         !exit_listener_must_stop(listener)) {
    uint64_t before_ns = now_ns();
    int received = exit_inbox_receive(listener->inbox, &listener->batch);
    if (received < 0)
      return received;
    if (received > 0) {
      listener->received_ns = now_ns();
      listener->has_batch = true;
      note_batch(listener);
      take_batch(listener);
      took = has_looked = true;
    }
    if (received < EXIT_INBOX_BATCH)
      listener->empty_ns = before_ns;
  }
  if (!has_looked || atomic_load(&listener->has_more))
    call_before(listener, now_ns());
  atomic_fetch_add(&listener->lost, exit_inbox_take_losses(listener->inbox));
  return took;
}

/* Continues where the abandoned thread stopped. */
static void resume_drain(struct exit_listener *listener)
    REQUIRES(draining_turn) {
  listener->calls.resume(listener->calls.context);
  take_batch(listener);
}

static int drain_in_turn(struct exit_listener *listener, bool is_callers) {
  if (drain_turn_begin(&listener->turn, is_callers))
    resume_drain(listener);
  int status = drain(listener, false);
  if (is_callers && status > 0)
    call_before(listener, now_ns());
  drain_turn_end(&listener->turn);
  return status;
}

static void wake(struct exit_listener *listener) {
  uint64_t one = 1;
  if (write(listener->wake_fd, &one, sizeof(one)) < 0)
    return; /* the counter is at its maximum already */
}

void exit_listener_drain(struct exit_listener *listener) {
  /* The listener's thread will get the same error; it must also look at what is
   * to be done later. */
  if (drain_in_turn(listener, true) > 0 || atomic_load(&listener->has_more))
    wake(listener);
}

/* What is to be done. */
enum { WORK_RECORDS = 1, WORK_ALSO = 2 };

static int min_ms(int a, int b) { return b < 0 || (a >= 0 && a < b) ? a : b; }

/* Waits for records, a wake-up or events; for records only once they had time
 * to accumulate. */
static unsigned int wait_for_work(struct exit_listener *listener,
                                  int timeout_ms) {
  struct pollfd fds[] = {
      {.fd = exit_inbox_fd(listener->inbox), .events = POLLIN},
      {.fd = listener->wake_fd, .events = POLLIN},
      {.fd = atomic_load(&listener->also_fd), .events = POLLIN}};
  uint64_t wishes, time_ns = now_ns();

  if (fds[2].fd >= 0)
    timeout_ms = min_ms(timeout_ms,
                        atomic_load(&listener->has_more) ? MORE_MS : ALSO_MS);
  if (time_ns < listener->gather_until_ns) {
    fds[0].fd = -1;
    uint64_t left_ns = listener->gather_until_ns - time_ns;
    timeout_ms = min_ms(timeout_ms, (int)(left_ns / 1000000) + 1);
  }
  if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms) <= 0)
    return WORK_RECORDS;
  if ((fds[1].revents & POLLIN) != 0 &&
      read(listener->wake_fd, &wishes, sizeof(wishes)) < 0)
    return 0; /* another thread has read the wake-up; the next read succeeds */
  return ((fds[0].revents | fds[1].revents) != 0 ? WORK_RECORDS : 0) |
         (fds[2].revents != 0 ? WORK_ALSO : 0);
}

/* Takes the events, but not the records that have arrived. */
static enum exit_listener_found
call_before_in_turn(struct exit_listener *listener) {
  if (drain_turn_begin(&listener->turn, false))
    resume_drain(listener);
  enum exit_listener_found found = call_before(listener, now_ns());
  drain_turn_end(&listener->turn);
  return found;
}

/* Takes the events, which cannot wait, and the records that have arrived
 * meanwhile. Returns 0 or a negative errno. */
static int take_also_in_turn(struct exit_listener *listener,
                             enum exit_listener_found *found) {
  if (drain_turn_begin(&listener->turn, false))
    resume_drain(listener);
  *found = call_before(listener, now_ns());
  int status = drain(listener, true);
  drain_turn_end(&listener->turn);
  if (is_proven(listener))
    listener->gather_until_ns = now_ns() + GATHER_NS;
  return status < 0 ? status : 0;
}

/* How long records may accumulate while the buffer has room for them. */
static uint64_t find_rest_ns(const struct exit_listener *listener) {
  uint64_t room_ns = exit_inbox_buffer(listener->inbox) * FILL_NS;
  return atomic_load(&listener->is_urgent)
             ? REST_NS
             : max(REST_NS, min(room_ns, LONG_REST_NS));
}

/* Lets records accumulate, while events are still taken. */
static void rest(struct exit_listener *listener) {
  uint64_t end_ns = now_ns() + find_rest_ns(listener);
  for (uint64_t time_ns = now_ns(); time_ns < end_ns; time_ns = now_ns()) {
    struct pollfd also = {.fd = atomic_load(&listener->also_fd),
                          .events = POLLIN};
    struct timespec left = {.tv_nsec = (long)(end_ns - time_ns)};
    if (ppoll(&also, 1, &left, NULL) > 0)
      call_before_in_turn(listener);
  }
}

/* Begins a self-test if none has succeeded and none began a moment ago. Returns
 * 0, or a negative errno if none of them did. */
static int prove(struct exit_listener *listener) {
  if (is_proven(listener) || now_ns() < listener->next_try_ns)
    return 0;
  if (listener->tries++ == PROOF_TRIES) {
    int rejection = atomic_load(&listener->rejection);
    return rejection != 0 ? rejection : -ENODATA;
  }
  listener->next_try_ns = now_ns() + PROOF_INTERVAL_NS;
  atomic_store(&listener->untried,
               proof_thread_run(exit_inbox_cpus(listener->inbox)));
  return 0;
}

/* Listens until the listener must stop. Returns 0 or a negative errno. */
static int listen_on(struct exit_listener *listener) {
  int timeout_ms = -1;

  while (!exit_listener_must_stop(listener)) {
    int proof = prove(listener);
    if (proof != 0)
      return proof;
    if (!is_proven(listener))
      timeout_ms = PROOF_INTERVAL_NS / 1000000;
    uint64_t begin_ns = now_ns();
    unsigned int work = wait_for_work(listener, timeout_ms);
    bool is_close = now_ns() - begin_ns < REST_NS;
    enum exit_listener_found found = FOUND_SOMETHING;
    int status = work == WORK_ALSO ? take_also_in_turn(listener, &found)
                                   : drain_in_turn(listener, false);
    if (status < 0)
      return status;
    timeout_ms = listener->calls.drained(listener->calls.context);
    /* Limits the rate at which events that can wait wake the thread. */
    if (found == FOUND_NOTHING)
      nanosleep(&(struct timespec){.tv_nsec = REST_NS}, NULL);
    if (is_close && status > 0)
      rest(listener);
  }
  return 0;
}

static void *run(void *arg) {
  struct exit_listener *listener = arg;
  thread_raise_priority();
  atomic_store(&listener->error, listen_on(listener));
  return NULL;
}

static int start_thread(struct exit_listener *listener) {
  int status =
      thread_start(&listener->thread, "taskstats exits", run, listener);
  listener->is_started = status == 0;
  return status;
}

static void destroy(struct exit_listener *listener) {
  exit_inbox_close(listener->inbox);
  if (listener->wake_fd >= 0)
    close(listener->wake_fd);
  drain_turn_destroy(&listener->turn);
  free(listener);
}

int exit_listener_open(const char *cpus, size_t buffer,
                       struct exit_listener **listener) UNCHECKED {
  struct exit_listener *l = calloc(1, sizeof(*l));
  if (l == NULL)
    return -ENOMEM;

  atomic_store(&l->also_fd, -1);
  drain_turn_init(&l->turn);
  l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int status = l->wake_fd < 0 ? -errno : 0;
  if (status == 0)
    status = exit_inbox_open(cpus, buffer, &l->inbox);
  l->empty_ns = now_ns();
  if (status != 0) {
    destroy(l);
    return status;
  }
  *listener = l;
  return 0;
}

int exit_listener_start(struct exit_listener *listener,
                        const struct exit_listener_calls *calls) {
  listener->calls = *calls;
  atomic_store(&listener->also_fd, calls->also_fd);
  return start_thread(listener);
}

int exit_listener_leave_drain(struct exit_listener *listener,
                              bool *is_callers) {
  *is_callers = drain_turn_is_callers(&listener->turn);
  if (!*is_callers)
    pthread_detach(listener->thread);
  drain_turn_leave(&listener->turn);
  int status = *is_callers ? 0 : start_thread(listener);
  if (status != 0)
    atomic_store(&listener->error, status);
  return status;
}

void exit_listener_end_drains(struct exit_listener *listener) {
  atomic_store(&listener->must_stop, true);
  wake(listener);
}

bool exit_listener_must_stop(const struct exit_listener *listener) {
  return atomic_load(&listener->must_stop);
}

/* Waits for the end of the thread. Returns false if it hangs. */
static bool end_thread(struct exit_listener *listener) {
  exit_listener_end_drains(listener);
  return thread_join_within(listener->thread, STOP_MS);
}

bool exit_listener_stop(struct exit_listener *listener) {
  if (listener == NULL)
    return true;
  if (listener->is_started && !end_thread(listener))
    return false;
  destroy(listener);
  return true;
}

void exit_listener_status(struct exit_listener *listener,
                          struct exit_listener_status *status) {
  *status = (struct exit_listener_status){
      .is_proven = is_proven(listener),
      .error = atomic_load(&listener->error),
      .untried = atomic_load(&listener->untried),
      .rejection = atomic_load(&listener->rejection),
      .buffer = exit_inbox_buffer(listener->inbox),
      .records = atomic_load(&listener->records),
      .lost = atomic_load(&listener->lost),
  };
}
