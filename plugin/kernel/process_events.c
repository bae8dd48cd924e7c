/* SPDX-License-Identifier: MIT */
#include "kernel/process_events.h"

#include "kernel/clock.h"
#include "kernel/connector.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stdlib.h>

/* The offsets of an event's parts in its message. */
#define EVENT_AT (sizeof(struct nlmsghdr) + sizeof(struct cn_msg))
#define AT(member) (EVENT_AT + offsetof(struct proc_event, member))

/* One of the two sockets. */
struct source {
  struct connector *connector;
  struct connector_event event; /* the first event that was not taken */
  bool has_event;
  bool is_empty; /* nothing had arrived at the last look */
};

struct process_events {
  struct source changes, forks;
  uint64_t namespace_ns; /* clock_namespace_ns */
  /* The difference between the machine's CLOCK_MONOTONIC and this process's
   * CLOCK_BOOTTIME. */
  uint64_t ahead_ns;
};

/* BPF loads words in network byte order. */
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define IS(kind, yes, no)                                                      \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(kind), yes, no)
#define KEEP_X BPF_STMT(BPF_MISC | BPF_TAX, 0)
#define IS_X(yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, yes, no)
#define ACCEPT BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)
#define REJECT BPF_STMT(BPF_RET | BPF_K, 0)

/* Passes exec events, and events of main threads. The ids have the same offset
 * in all events. */
static int open_changes(size_t buffer, struct connector **connector) {
  struct sock_filter program[] = {
      LOAD(AT(what)),
      IS(PROC_EVENT_NONE, 7, 0),
      IS(PROC_EVENT_EXEC, 6, 0),
      IS(PROC_EVENT_COMM, 1, 0),
      IS(PROC_EVENT_UID, 0, 5),
      LOAD(AT(event_data.comm.process_pid)),
      KEEP_X,
      LOAD(AT(event_data.comm.process_tgid)),
      IS_X(0, 1),
      ACCEPT,
      REJECT,
  };
  const struct connector_filter filter = {
      .program =
          &(struct sock_fprog){.len = sizeof(program) / sizeof(program[0]),
                               .filter = program},
      .kinds = PROC_EVENT_EXEC | PROC_EVENT_COMM | PROC_EVENT_UID,
  };
  return connector_open(buffer, &filter, connector);
}

/* Passes forks: the id of a new thread differs from that of its process. */
static int open_forks(size_t buffer, bool has_threads,
                      struct connector **connector) {
  struct sock_filter program[] = {
      LOAD(AT(what)),
      IS(PROC_EVENT_NONE, 5, 0),
      IS(PROC_EVENT_FORK, 0, 5),
      LOAD(AT(event_data.fork.child_pid)),
      KEEP_X,
      LOAD(AT(event_data.fork.child_tgid)),
      IS_X(0, has_threads ? 0 : 1),
      ACCEPT,
      REJECT,
  };
  const struct connector_filter filter = {
      .program =
          &(struct sock_fprog){.len = sizeof(program) / sizeof(program[0]),
                               .filter = program},
      .kinds = PROC_EVENT_FORK,
  };
  return connector_open(buffer, &filter, connector);
}

int process_events_open(size_t buffer, bool has_threads,
                        struct process_events **events) {
  struct process_events *e = calloc(1, sizeof(*e));
  if (e == NULL)
    return -ENOMEM;
  e->namespace_ns = clock_namespace_ns();
  int status = open_changes(buffer, &e->changes.connector);
  if (status == 0)
    status = open_forks(buffer, has_threads, &e->forks.connector);
  if (status != 0) {
    process_events_close(e);
    return status;
  }
  *events = e;
  return 0;
}

void process_events_close(struct process_events *events) {
  if (events == NULL)
    return;
  connector_close(events->changes.connector);
  connector_close(events->forks.connector);
  free(events);
}

int process_events_fd(const struct process_events *events) {
  return connector_fd(events->changes.connector);
}

bool process_events_has_more(const struct process_events *events) {
  return events->changes.has_event || events->forks.has_event;
}

static bool is_wanted(const struct connector_event *event) {
  return connector_event_is(event, PROC_EVENT_FORK,
                            sizeof(event->process.event_data.fork)) ||
         connector_event_is(event, PROC_EVENT_EXEC,
                            sizeof(event->process.event_data.exec)) ||
         connector_event_is(event, PROC_EVENT_COMM,
                            sizeof(event->process.event_data.comm)) ||
         connector_event_is(event, PROC_EVENT_UID,
                            sizeof(event->process.event_data.id));
}

/* Receives what has arrived at a socket, unless the last look found it empty.
 * Returns 1 if there is something, 0, or a negative errno. */
static int receive(struct process_events *events, struct source *source) {
  if (source->is_empty)
    return 0;
  int status = connector_receive(source->connector);
  if (status < 0)
    return status;
  source->is_empty = status < CONNECTOR_BATCH;
  if (status > 0)
    events->ahead_ns = clock_ahead_ns() + events->namespace_ns;
  /* A fork that happened before a change must not be missed: so forks are
   * received again after changes have arrived. */
  if (status > 0 && source == &events->changes)
    events->forks.is_empty = false;
  return status > 0;
}

/* Finds the first event of a socket that was not taken, if there is one.
 * Returns 0 or a negative errno. */
static int look_at(struct process_events *events, struct source *source) {
  while (!source->has_event) {
    if (connector_peek(source->connector, &source->event)) {
      source->has_event = is_wanted(&source->event);
      if (!source->has_event)
        connector_drop(source->connector);
      continue;
    }
    int status = receive(events, source);
    if (status <= 0)
      return status;
  }
  return 0;
}

static void describe(const struct connector_event *from, uint64_t time_ns,
                     struct process_event *event) {
  const struct proc_event *process = &from->process;

  *event = (struct process_event){.time_ns = time_ns};
  switch ((uint32_t)process->what) {
  case PROC_EVENT_FORK:
    event->tid = process->event_data.fork.child_pid;
    event->pid = process->event_data.fork.child_tgid;
    event->kind = event->tid == event->pid ? PROCESS_FORKED : PROCESS_THREAD;
    event->parent = process->event_data.fork.parent_tgid;
    event->is_by_thread = process->event_data.fork.parent_pid != event->parent;
    break;
  case PROC_EVENT_EXEC:
    event->kind = PROCESS_EXECED;
    event->pid = process->event_data.exec.process_tgid;
    break;
  case PROC_EVENT_COMM:
    event->kind = PROCESS_RENAMED;
    event->pid = process->event_data.comm.process_tgid;
    break;
  default:
    event->kind = PROCESS_REOWNED;
    event->pid = process->event_data.id.process_tgid;
  }
}

/* The socket with the earliest event; or NULL. */
static struct source *find_first(struct process_events *events) {
  struct source *changes = &events->changes, *forks = &events->forks;
  if (!changes->has_event || !forks->has_event)
    return changes->has_event ? changes : forks->has_event ? forks : NULL;
  return forks->event.process.timestamp_ns <=
                 changes->event.process.timestamp_ns
             ? forks
             : changes;
}

int process_events_next(struct process_events *events, uint64_t until_ns,
                        struct process_event *event, uint64_t *lost) {
  int status = look_at(events, &events->changes);
  if (status == 0)
    status = look_at(events, &events->forks);
  struct source *first = status == 0 ? find_first(events) : NULL;
  if (first != NULL) {
    uint64_t time_ns = first->event.process.timestamp_ns + events->ahead_ns;
    if (time_ns > until_ns) {
      /* It stays, with all events after it. */
      events->changes.is_empty = events->forks.is_empty = false;
      return 0;
    }
    describe(&first->event, time_ns, event);
    connector_drop(first->connector);
    first->has_event = false;
    return 1;
  }
  events->changes.is_empty = events->forks.is_empty = false;
  *lost += connector_take_losses(events->changes.connector) +
           connector_take_losses(events->forks.connector);
  return status;
}
