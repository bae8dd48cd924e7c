/* SPDX-License-Identifier: MIT */
#include "kernel/exit_listener.h"

#include "kernel/clock.h"
#include "kernel/exit_registration.h"
#include "kernel/genl.h"
#include "kernel/mutex.h"
#include "kernel/netlink_inbox.h"
#include "kernel/proof_thread.h"
#include "kernel/thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  BATCH = 32,          /* messages in one system call */
  MESSAGE_SIZE = 2048, /* version 17 with two records needs 1440 */
  /* Rest after a drain if records come closer than that, so that they come in
   * batches: one at a time costs four times as much. */
  REST_NS = 2000000,
  PROOF_INTERVAL_MS = 100,
  PROOF_TRIES = 15,
  STOP_MS = 500,
};

/* Stand for the listener's lock, and for the turn to drain, which is not held
 * by a lock: who drains may be left behind. */
extern struct mutex listener_mutex, draining_turn;

struct exit_listener {
  int fd;
  int wake_fd; /* an eventfd: something else is to be done */
  uint16_t family;
  char *cpus;
  struct exit_listener_calls calls;
  pthread_t thread;
  bool is_started;

  atomic_bool must_stop;

  /* For exit_listener_status. */
  size_t buffer;
  atomic_bool is_proven;
  atomic_int error, rejection, untried;
  atomic_uint_fast64_t records, lost;

  atomic_int proof_tid; /* of the short-lived thread */
  atomic_int
      also_fd; /* calls.also_fd, or -1 since it is not looked at any more */

  struct mutex mutex; /* listener_mutex */
  pthread_cond_t changed;
  bool has_ended GUARDED_BY(listener_mutex);    /* the thread */
  bool is_draining GUARDED_BY(listener_mutex);  /* some thread */
  bool is_own_drain GUARDED_BY(listener_mutex); /* the listener's */
  bool was_left
      GUARDED_BY(listener_mutex); /* a drain was, in the middle of it */

  /* When the socket was last seen empty; its own count of drops. */
  uint64_t empty_ns GUARDED_BY(draining_turn);
  uint32_t drops GUARDED_BY(draining_turn);
  struct mmsghdr headers[BATCH] GUARDED_BY(draining_turn);
  struct iovec vectors[BATCH] GUARDED_BY(draining_turn);
  struct message messages[BATCH] GUARDED_BY(draining_turn);
  GUARDED_BY(draining_turn)
  _Alignas(struct nlmsghdr) unsigned char bytes[BATCH][MESSAGE_SIZE];
};

static uint64_t now_ns(void) { return clock_ns(CLOCK_BOOTTIME); }

static void lock(struct exit_listener *listener)
    ACQUIRES(listener_mutex) UNCHECKED {
  mutex_lock(&listener->mutex);
}

static void unlock(struct exit_listener *listener)
    RELEASES(listener_mutex) UNCHECKED {
  mutex_unlock(&listener->mutex);
}

/* Takes a datagram's messages; is it an exit record it is kept in messages.
 * Returns the number kept. */
static size_t parse_datagram(struct exit_listener *listener,
                             const struct mmsghdr *datagram, size_t kept)
    REQUIRES(draining_turn) {
  const struct nlmsghdr *header = datagram->msg_hdr.msg_iov->iov_base;
  struct message *message = &listener->messages[kept];

  int status = mnl_nlmsg_ok(header, (int)datagram->msg_len)
                   ? message_parse(header, message)
                   : -EBADMSG;
  if (status == 0 && (message->error != 0 || !message->has[MESSAGE_THREAD]))
    status = -EBADMSG;
  if (status != 0) {
    atomic_store(&listener->rejection, status);
    return kept;
  }
  if ((int)message->id[MESSAGE_THREAD] == atomic_load(&listener->proof_tid))
    atomic_store(&listener->is_proven, true);
  return kept + 1;
}

static void call_before(struct exit_listener *listener, uint64_t until_ns) {
  if (atomic_load(&listener->also_fd) >= 0 &&
      !listener->calls.before(listener->calls.context, until_ns))
    atomic_store(&listener->also_fd, -1);
}

/* Takes all that has arrived. Returns whether there was something, or a
 * negative errno. */
static int drain(struct exit_listener *listener) REQUIRES(draining_turn) {
  bool took = false;

  for (;;) {
    uint64_t before_ns = now_ns();
    int received =
        netlink_inbox_receive(listener->fd, listener->headers, BATCH);
    if (received < 0)
      return received;
    if (received == 0) {
      listener->empty_ns = before_ns;
      call_before(listener, before_ns);
      break;
    }
    uint64_t received_ns = now_ns();
    call_before(listener, received_ns);
    size_t kept = 0;
    for (int i = 0; i < received; i++)
      kept = parse_datagram(listener, &listener->headers[i], kept);
    atomic_fetch_add(&listener->records, kept);
    listener->calls.take(listener->calls.context, listener->messages, kept,
                         listener->empty_ns, received_ns);
    took = true;
  }

  atomic_fetch_add(&listener->lost,
                   netlink_inbox_take_drops(listener->fd, &listener->drops));
  return took;
}

/* Waits for its turn to drain. Returns whether the thread before was left
 * behind. */
static bool begin_drain(struct exit_listener *listener, bool is_own)
    ACQUIRES(draining_turn) EXCLUDES(listener_mutex) UNCHECKED {
  lock(listener);
  while (listener->is_draining)
    pthread_cond_wait(&listener->changed, &listener->mutex.pthread);
  bool was_left = listener->was_left;
  listener->is_draining = true;
  listener->is_own_drain = is_own;
  listener->was_left = false;
  unlock(listener);
  return was_left;
}

static void end_drain(struct exit_listener *listener, bool was_left)
    RELEASES(draining_turn) EXCLUDES(listener_mutex) UNCHECKED {
  lock(listener);
  listener->is_draining = false;
  listener->was_left = was_left;
  pthread_cond_broadcast(&listener->changed);
  unlock(listener);
}

static int drain_in_turn(struct exit_listener *listener, bool is_own) {
  if (begin_drain(listener, is_own))
    listener->calls.resume(listener->calls.context);
  int status = drain(listener);
  end_drain(listener, false);
  return status;
}

static void wake(struct exit_listener *listener) {
  uint64_t one = 1;
  if (write(listener->wake_fd, &one, sizeof(one)) < 0)
    return; /* it is full of wakes already */
}

void exit_listener_drain(struct exit_listener *listener) {
  /* An error comes again in the listener's thread; and so does its turn to look
   * at what is to be done later. */
  if (drain_in_turn(listener, false) > 0)
    wake(listener);
}

/* Waits for records or a wish. Returns whether there is something to read
 * beside. */
static bool wait_for_work(struct exit_listener *listener, int timeout_ms) {
  struct pollfd fds[] = {
      {.fd = listener->fd, .events = POLLIN},
      {.fd = listener->wake_fd, .events = POLLIN},
      {.fd = atomic_load(&listener->also_fd), .events = POLLIN}};
  uint64_t wishes;

  if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms) <= 0)
    return false;
  if ((fds[1].revents & POLLIN) != 0 &&
      read(listener->wake_fd, &wishes, sizeof(wishes)) < 0)
    return false; /* another wake came between: it will be read next time */
  return fds[2].revents != 0;
}

/* Listens until it must stop. Returns 0 or a negative errno. */
static int listen_on(struct exit_listener *listener) {
  int timeout_ms = -1;

  for (int tries = 0; !atomic_load(&listener->must_stop);) {
    if (!atomic_load(&listener->is_proven)) {
      if (tries == PROOF_TRIES) {
        int rejection = atomic_load(&listener->rejection);
        return rejection != 0 ? rejection : -ENODATA;
      }
      /* What cannot be tried has not failed: the kernel is believed. */
      int status = proof_thread_run(listener->cpus, &listener->proof_tid);
      atomic_store(&listener->untried, status);
      if (status != 0)
        atomic_store(&listener->is_proven, true);
      tries++;
      timeout_ms = PROOF_INTERVAL_MS;
    }
    uint64_t begin_ns = now_ns();
    bool has_more = wait_for_work(listener, timeout_ms);
    bool is_close = now_ns() - begin_ns < REST_NS;
    int status = drain_in_turn(listener, true);
    if (status < 0)
      return status;
    timeout_ms = listener->calls.drained(listener->calls.context);
    if (is_close && (status > 0 || has_more))
      nanosleep(&(struct timespec){.tv_nsec = REST_NS}, NULL);
  }
  return 0;
}

static void *run(void *arg) {
  struct exit_listener *listener = arg;
  atomic_store(&listener->error, listen_on(listener));
  lock(listener);
  listener->has_ended = true;
  pthread_cond_broadcast(&listener->changed);
  unlock(listener);
  return NULL;
}

static int start_thread(struct exit_listener *listener) {
  int status =
      thread_start(&listener->thread, "taskstats exits", run, listener);
  listener->is_started = status == 0;
  return status;
}

static void destroy(struct exit_listener *listener) {
  if (listener->fd >= 0)
    close(listener->fd);
  if (listener->wake_fd >= 0)
    close(listener->wake_fd);
  pthread_cond_destroy(&listener->changed);
  mutex_destroy(&listener->mutex);
  free(listener->cpus);
  free(listener);
}

int exit_listener_open(const char *cpus, size_t buffer,
                       struct exit_listener **listener) UNCHECKED {
  struct exit_listener *l = calloc(1, sizeof(*l));
  if (l == NULL)
    return -ENOMEM;

  atomic_store(&l->also_fd, -1);
  mutex_init(&l->mutex);
  thread_init_condition(&l->changed);
  l->cpus = strdup(cpus);
  l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  l->fd = genl_connect(&l->family);
  for (size_t i = 0; i < BATCH; i++) {
    l->vectors[i] = (struct iovec){l->bytes[i], MESSAGE_SIZE};
    l->headers[i].msg_hdr.msg_iov = &l->vectors[i];
    l->headers[i].msg_hdr.msg_iovlen = 1;
  }
  int status = l->fd < 0 ? l->fd : 0;
  if (status == 0 && (l->cpus == NULL || l->wake_fd < 0))
    status = l->cpus == NULL ? -ENOMEM : -errno;
  if (status == 0) {
    /* With the default buffer, since a small one might lose the answer. */
    status = exit_registration_set(l->fd, l->family, l->cpus, true);
  }
  if (status == 0) {
    l->buffer = netlink_inbox_set_buffer(l->fd, buffer);
    l->empty_ns = now_ns();
    netlink_inbox_take_drops(l->fd, &l->drops);
  }
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

/* Ends the turn of another thread. */
int exit_listener_leave_drain(struct exit_listener *listener,
                              bool *is_callers) UNCHECKED {
  lock(listener);
  *is_callers = !listener->is_own_drain;
  unlock(listener);
  if (!*is_callers)
    pthread_detach(listener->thread);
  end_drain(listener, true);
  int status = *is_callers ? 0 : start_thread(listener);
  if (status != 0)
    atomic_store(&listener->error, status);
  return status;
}

/* Waits for the thread's end. Returns false if it hangs. */
static bool end_thread(struct exit_listener *listener) {
  struct timespec deadline = thread_deadline(STOP_MS);
  int status = 0;
  atomic_store(&listener->must_stop, true);
  wake(listener);
  lock(listener);
  while (!listener->has_ended && status == 0)
    status = pthread_cond_timedwait(&listener->changed,
                                    &listener->mutex.pthread, &deadline);
  bool has_ended = listener->has_ended;
  unlock(listener);
  if (has_ended)
    pthread_join(listener->thread, NULL);
  return has_ended;
}

bool exit_listener_stop(struct exit_listener *listener) {
  if (listener == NULL)
    return true;
  if (listener->is_started && !end_thread(listener))
    return false;
  exit_registration_set(listener->fd, listener->family, listener->cpus, false);
  destroy(listener);
  return true;
}

void exit_listener_status(struct exit_listener *listener,
                          struct exit_listener_status *status) {
  *status = (struct exit_listener_status){
      .is_proven = atomic_load(&listener->is_proven),
      .error = atomic_load(&listener->error),
      .untried = atomic_load(&listener->untried),
      .rejection = atomic_load(&listener->rejection),
      .buffer = listener->buffer,
      .records = atomic_load(&listener->records),
      .lost = atomic_load(&listener->lost),
  };
}
