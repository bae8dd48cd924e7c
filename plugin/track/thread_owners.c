/* SPDX-License-Identifier: MIT */
#include "track/thread_owners.h"

#include <stddef.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 256 };

/* A table with open addressing. */
struct thread_owners {
  struct thread_owner *places; /* unused: tid is 0 */
  size_t capacity;             /* a power of 2 */
  size_t count;
};

struct thread_owners *thread_owners_create(void) {
  struct thread_owners *owners = calloc(1, sizeof(*owners));
  if (owners == NULL)
    return NULL;
  owners->capacity = CAPACITY_MIN;
  owners->places = calloc(owners->capacity, sizeof(owners->places[0]));
  if (owners->places == NULL) {
    free(owners);
    return NULL;
  }
  return owners;
}

void thread_owners_destroy(struct thread_owners *owners) {
  if (owners == NULL)
    return;
  free(owners->places);
  free(owners);
}

/* Ids are assigned in sequence: in adjacent places, each search would have to
 * pass all of them, since there may be several with one id. */
static size_t home_of(const struct thread_owners *owners, pid_t tid) {
  uint64_t hash = (uint64_t)tid * UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci */
  return (size_t)(hash >> 32) & (owners->capacity - 1);
}

static size_t next_of(const struct thread_owners *owners, size_t place) {
  return (place + 1) & (owners->capacity - 1);
}

static void put(struct thread_owners *owners,
                const struct thread_owner *thread) {
  size_t i = home_of(owners, thread->tid);
  while (owners->places[i].tid != 0)
    i = next_of(owners, i);
  owners->places[i] = *thread;
  owners->count++;
}

/* Moves all to a table of this capacity. Returns false if out of memory. */
static bool resize(struct thread_owners *owners, size_t capacity) {
  struct thread_owner *places = calloc(capacity, sizeof(places[0]));
  if (places == NULL)
    return false;
  struct thread_owners former = *owners;
  *owners = (struct thread_owners){.places = places, .capacity = capacity};
  for (size_t i = 0; i < former.capacity; i++)
    if (former.places[i].tid != 0)
      put(owners, &former.places[i]);
  free(former.places);
  return true;
}

/* Empties a place, and moves up what it displaced. */
static void clear(struct thread_owners *owners, size_t place) {
  owners->places[place] = (struct thread_owner){0};
  owners->count--;
  for (size_t i = next_of(owners, place); owners->places[i].tid != 0;
       i = next_of(owners, i)) {
    const struct thread_owner moved = owners->places[i];
    owners->places[i] = (struct thread_owner){0};
    owners->count--;
    put(owners, &moved);
  }
}

/* The place of the thread that had the id and started first, of those that
 * started between these times; or the capacity. */
static size_t find_first(const struct thread_owners *owners, pid_t tid,
                         uint64_t earliest_ns, uint64_t latest_ns) {
  size_t first = owners->capacity;
  for (size_t i = home_of(owners, tid); owners->places[i].tid != 0;
       i = next_of(owners, i)) {
    const struct thread_owner *thread = &owners->places[i];
    if (thread->tid == tid && thread->earliest_ns <= latest_ns &&
        thread->latest_ns >= earliest_ns &&
        (first == owners->capacity ||
         thread->latest_ns < owners->places[first].latest_ns))
      first = i;
  }
  return first;
}

void thread_owners_add(struct thread_owners *owners,
                       const struct thread_owner *thread) {
  if (owners->count + 1 > owners->capacity / 2 &&
      !resize(owners, owners->capacity * 2))
    return;
  put(owners, thread);
}

bool thread_owners_has(const struct thread_owners *owners, pid_t tid,
                       pid_t process) {
  for (size_t i = home_of(owners, tid); owners->places[i].tid != 0;
       i = next_of(owners, i))
    if (owners->places[i].tid == tid && owners->places[i].process == process)
      return true;
  return false;
}

bool thread_owners_find(const struct thread_owners *owners, pid_t tid,
                        uint64_t earliest_ns, uint64_t latest_ns,
                        struct thread_owner *thread) {
  size_t place = find_first(owners, tid, earliest_ns, latest_ns);
  if (place == owners->capacity)
    return false;
  *thread = owners->places[place];
  return true;
}

void thread_owners_remove(struct thread_owners *owners,
                          const struct thread_owner *thread) {
  for (size_t i = home_of(owners, thread->tid); owners->places[i].tid != 0;
       i = next_of(owners, i)) {
    const struct thread_owner *other = &owners->places[i];
    if (other->tid == thread->tid && other->process == thread->process &&
        other->earliest_ns == thread->earliest_ns &&
        other->latest_ns == thread->latest_ns) {
      clear(owners, i);
      return;
    }
  }
}

void thread_owners_forget(struct thread_owners *owners, pid_t tid,
                          uint64_t before_ns) {
  size_t place;
  while ((place = find_first(owners, tid, 0, UINT64_MAX)) != owners->capacity &&
         owners->places[place].latest_ns < before_ns)
    clear(owners, place);
}

void thread_owners_sweep(struct thread_owners *owners,
                         bool (*gone)(void *context,
                                      const struct thread_owner *thread),
                         void *context) {
  for (size_t i = 0; i < owners->capacity; i++)
    while (owners->places[i].tid != 0 && gone(context, &owners->places[i]))
      clear(owners, i);
  if (owners->capacity > CAPACITY_MIN && owners->count < owners->capacity / 8)
    resize(owners, owners->capacity / 2);
}
