/* SPDX-License-Identifier: MIT */
#include "track/thread_owners.h"

#include <stddef.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 256 };

struct owner {
  pid_t tid; /* 0: none */
  pid_t process;
};

/* A table with open addressing; ids are assigned in sequence, and spread
 * evenly. */
struct thread_owners {
  struct owner *places;
  size_t capacity; /* a power of 2 */
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

/* The place of a thread, or where it would be inserted. */
static struct owner *find_place(const struct thread_owners *owners, pid_t tid) {
  size_t i = (size_t)tid & (owners->capacity - 1);
  while (owners->places[i].tid != 0 && owners->places[i].tid != tid)
    i = (i + 1) & (owners->capacity - 1);
  return &owners->places[i];
}

static void put(struct thread_owners *owners, pid_t tid, pid_t process) {
  struct owner *place = find_place(owners, tid);
  owners->count += place->tid == 0;
  *place = (struct owner){tid, process};
}

/* Moves all to a table of this capacity. Returns false if out of memory. */
static bool resize(struct thread_owners *owners, size_t capacity) {
  struct owner *places = calloc(capacity, sizeof(places[0]));
  if (places == NULL)
    return false;
  struct thread_owners former = *owners;
  *owners = (struct thread_owners){.places = places, .capacity = capacity};
  for (size_t i = 0; i < former.capacity; i++)
    if (former.places[i].tid != 0)
      put(owners, former.places[i].tid, former.places[i].process);
  free(former.places);
  return true;
}

void thread_owners_add(struct thread_owners *owners, pid_t tid, pid_t process) {
  /* Two: the main thread is then known to be one of several. */
  if (owners->count + 2 > owners->capacity / 2 &&
      !resize(owners, owners->capacity * 2))
    return;
  put(owners, process, process);
  put(owners, tid, process);
}

pid_t thread_owners_find(const struct thread_owners *owners, pid_t tid) {
  return find_place(owners, tid)->process;
}

void thread_owners_remove(struct thread_owners *owners, pid_t tid) {
  struct owner *place = find_place(owners, tid);
  if (place->tid == 0)
    return;
  *place = (struct owner){0};
  owners->count--;
  /* Moves up those that were displaced by it. */
  size_t i = (size_t)(place - owners->places);
  for (;;) {
    i = (i + 1) & (owners->capacity - 1);
    const struct owner next = owners->places[i];
    if (next.tid == 0)
      return;
    owners->places[i] = (struct owner){0};
    owners->count--;
    put(owners, next.tid, next.process);
  }
}

void thread_owners_sweep(struct thread_owners *owners,
                         bool (*gone)(void *context, pid_t process),
                         void *context) {
  for (size_t i = 0; i < owners->capacity; i++)
    while (owners->places[i].tid != 0 &&
           gone(context, owners->places[i].process))
      thread_owners_remove(owners, owners->places[i].tid);
  if (owners->capacity > CAPACITY_MIN && owners->count < owners->capacity / 8)
    resize(owners, owners->capacity / 2);
}
