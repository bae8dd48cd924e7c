/* SPDX-License-Identifier: MIT */
#include "track/process_table.h"

#include "kernel/arithmetic.h"

#include <stdlib.h>

enum {
  CAPACITY_FIRST = 256,
  LOAD_MAX = 1,    /* mean number of processes in a bucket */
  BLOCK_SIZE = 64, /* processes, a power of 2 */
  ROOM_FIRST = 8,
};

_Static_assert(sizeof(struct process) <= 80, "there are many");

/* It never shrinks: memory that was needed once may be needed again, and arrays
 * of other sizes in between would fragment the heap.
 *
 * Processes are in blocks, because malloc would add a fifth to each. They are
 * referred to by index, which is their place in the blocks, and half the size
 * of a pointer. 0 is none; that place is not used. */
struct process_table {
  uint32_t *buckets; /* the first process of each */
  size_t capacity;   /* number of buckets, a power of 2 */
  size_t size;
  struct process **blocks;  /* kept until the table is destroyed */
  size_t block_count, room; /* for blocks */
  uint32_t last;            /* the highest index ever used */
  uint32_t unused; /* the first free place that was used before; 0: none */
};

struct process_table *process_table_create(void) {
  struct process_table *table = calloc(1, sizeof(*table));
  if (table == NULL)
    return NULL;

  table->capacity = CAPACITY_FIRST;
  table->buckets = calloc(table->capacity, sizeof(uint32_t));
  if (table->buckets == NULL) {
    free(table);
    return NULL;
  }
  return table;
}

static bool keep_none(void *context, struct process *process) {
  (void)context;
  (void)process;
  return false;
}

void process_table_destroy(struct process_table *table) UNCHECKED {
  if (table == NULL)
    return;
  process_table_sweep(table, keep_none, NULL);
  for (size_t i = 0; i < table->block_count; i++)
    free(table->blocks[i]);
  free(table->blocks);
  free(table->buckets);
  free(table);
}

size_t process_table_size(const struct process_table *table) {
  return table->size;
}

/* The process with an index other than 0. */
static inline struct process *process_at(const struct process_table *table,
                                         uint32_t index) {
  return &table->blocks[index / BLOCK_SIZE][index % BLOCK_SIZE];
}

/* Pids are assigned in sequence, so their low bits spread them evenly. */
static uint32_t *bucket_of(const struct process_table *table, pid_t pid) {
  return &table->buckets[(size_t)pid & (table->capacity - 1)];
}

/* The processes with a pid, one after the other; NULL at the end. */
static inline struct process *find_from(const struct process_table *table,
                                        uint32_t index, pid_t pid)
    REQUIRES(tracker_mutex) {
  while (index != 0) {
    struct process *process = process_at(table, index);
    if (process->pid == pid)
      return process;
    index = process->next;
  }
  return NULL;
}

static inline struct process *first_of(const struct process_table *table,
                                       pid_t pid) REQUIRES(tracker_mutex) {
  return find_from(table, *bucket_of(table, pid), pid);
}

static inline struct process *next_of(const struct process_table *table,
                                      const struct process *process)
    REQUIRES(tracker_mutex) {
  return find_from(table, process->next, process->pid);
}

static void insert(struct process_table *table, uint32_t index)
    REQUIRES(tracker_mutex) {
  struct process *process = process_at(table, index);
  uint32_t *bucket = bucket_of(table, process->pid);
  process->next = *bucket;
  *bucket = index;
}

/* Doubles the buckets. If out of memory, changes nothing: the chains grow
 * instead. */
static void grow(struct process_table *table) REQUIRES(tracker_mutex) {
  struct process_table old = *table;
  uint32_t *buckets = calloc(2 * old.capacity, sizeof(uint32_t));
  if (buckets == NULL)
    return;

  table->buckets = buckets;
  table->capacity = 2 * old.capacity;
  for (size_t i = 0; i < old.capacity; i++) {
    uint32_t next;
    for (uint32_t index = old.buckets[i]; index != 0; index = next) {
      next = process_at(table, index)->next;
      insert(table, index);
    }
  }
  free(old.buckets);
}

uint64_t process_began_by(const struct process *process) {
  return process->start_ns + (uint64_t)process->start_width_us * 1000;
}

bool process_may_have_begun(const struct process *process, uint64_t earliest_ns,
                            uint64_t latest_ns) {
  return process->start_ns <= latest_ns &&
         process_began_by(process) >= earliest_ns;
}

uint64_t process_begin_before(const struct process *process,
                              uint64_t latest_ns) {
  uint64_t before_ns = process_began_by(process) - 1000;
  return min(before_ns, latest_ns);
}

uint64_t process_begin_after(const struct process *process,
                             uint64_t earliest_ns) {
  /* Otherwise it may have started long before it was known. */
  bool is_exact = process->parent != 0 || process_is_listed(process);
  uint64_t begin_ns = is_exact ? process_began_by(process) : process->start_ns;
  return max(begin_ns + 1000, earliest_ns);
}

/* Records that a process started before a time, if it may have. */
static void note_begin_before(struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex) {
  if (process_began_by(process) >= time_ns && process->start_ns < time_ns)
    process->start_width_us =
        (uint32_t)((time_ns - 1 - process->start_ns) / 1000);
}

void process_note_known(struct process *process, uint64_t time_ns) {
  process->known_us = (uint32_t)(time_ns / 1000);
}

bool process_is_known_after(const struct process *process, uint64_t time_ns) {
  return (int32_t)(process->known_us - (uint32_t)(time_ns / 1000)) >= 0;
}

uint64_t process_unread_for(const struct process *process, uint64_t time_ns) {
  static const uint32_t ahead_us = 10 * 1000 * 1000;
  uint32_t for_us = (uint32_t)(time_ns / 1000) - process->known_us;
  return for_us <= UINT32_MAX - ahead_us ? for_us * UINT64_C(1000) : 0;
}

uint32_t process_hash(const char *text) {
  uint32_t hash = 2166136261; /* FNV-1a */
  if (text == NULL)
    return 0;
  for (; *text != '\0'; text++)
    hash = (hash ^ (unsigned char)*text) * 16777619;
  return hash;
}

void process_note_identity(struct process *process, const char *comm,
                           bool is_forked) {
  process->comm = process_hash(comm);
  process->was_forked = is_forked;
  process->has_called_exec = process->is_unread = false;
}

bool process_has_called_exec(const struct process *process, bool is_forked) {
  return process->has_called_exec || (process->was_forked && !is_forked);
}

bool process_is_same_program(const struct process *process, bool is_forked) {
  return process->comm != 0 && !process_has_called_exec(process, is_forked);
}

bool process_has_changed(const struct process *process, const char *comm,
                         bool is_forked) {
  return process->comm != process_hash(comm) ||
         process_has_called_exec(process, is_forked);
}

enum process_action process_learn(struct process *process,
                                  enum process_fact fact) {
  enum process_state state = process->state;
  enum process_action action = lifecycle_advance(&state, fact);
  process->state = state;
  return action;
}

/* A process that was just added is first in its bucket, before it has a start
 * time. */
struct process *process_table_find(const struct process_table *table,
                                   pid_t pid) {
  struct process *last = NULL;
  for (struct process *p = first_of(table, pid); p != NULL;
       p = next_of(table, p))
    if (last == NULL || process_began_by(p) > process_began_by(last))
      last = p;
  return last;
}

/* Whether the fork event of a process is later than a time. Nothing can have
 * found it before. */
static bool was_forked_later(const struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex) {
  return process->parent != 0 && !process_is_listed(process) &&
         process_began_by(process) > time_ns;
}

/* Whether a process had certainly ended before a time. */
static bool was_gone_by(const struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex) {
  return process_has_exited(process) && time_ns != UINT64_MAX &&
         !process_is_known_after(process, time_ns);
}

struct process *process_table_find_at(const struct process_table *table,
                                      pid_t pid, uint64_t time_ns) {
  struct process *last = NULL;  /* of those that certainly started before it */
  struct process *first = NULL; /* of those that may have */
  for (struct process *p = first_of(table, pid); p != NULL;
       p = next_of(table, p)) {
    if (p->start_ns > time_ns || was_forked_later(p, time_ns) ||
        was_gone_by(p, time_ns))
      continue;
    if (process_began_by(p) <= time_ns &&
        (last == NULL || p->start_ns > last->start_ns))
      last = p;
    if (first == NULL || p->start_ns < first->start_ns)
      first = p;
  }
  return last != NULL ? last : first;
}

void process_table_note_successor(struct process_table *table, pid_t pid,
                                  uint64_t began_by_ns,
                                  const struct process *successor) {
  for (struct process *p = first_of(table, pid); p != NULL;
       p = next_of(table, p)) {
    if (p == successor || !(process_has_exited(p) || p->is_succeeded))
      continue;
    p->is_succeeded = true;
    note_begin_before(p, began_by_ns);
  }
}

/* Whether a record is more likely to belong to one process than to another.
 * Records with one pid arrive in the order of its processes; but before a
 * listing shows one, the records of former ones are taken, so that former ones
 * without a record have lost it. */
static bool comes_first(const struct process *one, const struct process *other)
    REQUIRES(tracker_mutex) {
  if (process_is_listed(one) != process_is_listed(other))
    return process_is_listed(one);
  bool is_older = process_began_by(one) < process_began_by(other);
  return process_is_listed(one) ? !is_older : is_older;
}

struct process *
process_table_find_exiting(const struct process_table *table,
                           const struct process_search *search) {
  struct process *first = NULL;
  for (struct process *p = first_of(table, search->pid); p != NULL;
       p = next_of(table, p))
    if (!process_has_exited(p) &&
        process_may_have_begun(p, search->earliest_ns, search->latest_ns) &&
        !(search->is_other != NULL && search->is_other(search->context, p)) &&
        (first == NULL || comes_first(p, first)))
      first = p;
  return first;
}

struct process *process_table_find_exited(const struct process_table *table,
                                          pid_t pid, uint64_t earliest_ns,
                                          uint64_t latest_ns) {
  struct process *last = NULL;
  for (struct process *p = first_of(table, pid); p != NULL;
       p = next_of(table, p))
    if (process_has_exited(p) &&
        process_may_have_begun(p, earliest_ns, latest_ns) &&
        (last == NULL || p->start_ns > last->start_ns))
      last = p;
  return last;
}

/* Returns false if out of memory. */
static bool add_block(struct process_table *table) {
  if (table->block_count == table->room) {
    size_t room = table->room == 0 ? ROOM_FIRST : 2 * table->room;
    struct process **blocks =
        realloc(table->blocks, room * sizeof(struct process *));
    if (blocks == NULL)
      return false;
    table->blocks = blocks;
    table->room = room;
  }
  struct process *block = malloc(BLOCK_SIZE * sizeof(struct process));
  if (block != NULL)
    table->blocks[table->block_count++] = block;
  return block != NULL;
}

/* Returns 0 if out of memory. */
static uint32_t take_unused(struct process_table *table)
    REQUIRES(tracker_mutex) {
  uint32_t index = table->unused;
  if (index != 0) {
    table->unused = process_at(table, index)->next;
    return index;
  }
  if (table->last == UINT32_MAX)
    return 0;
  index = table->last + 1;
  if (index / BLOCK_SIZE == table->block_count && !add_block(table))
    return 0;
  table->last = index;
  return index;
}

struct process *process_table_add(struct process_table *table, pid_t pid) {
  uint32_t index = take_unused(table);
  if (index == 0)
    return NULL;

  if (table->size >= table->capacity * LOAD_MAX)
    grow(table);
  struct process *process = process_at(table, index);
  *process = (struct process){.pid = pid};
  insert(table, index);
  table->size++;
  return process;
}

void process_table_remove(struct process_table *table,
                          struct process *process) {
  uint32_t *link = bucket_of(table, process->pid);
  while (process_at(table, *link) != process)
    link = &process_at(table, *link)->next;
  uint32_t index = *link;
  *link = process->next;
  process->next = table->unused;
  table->unused = index;
  table->size--;
}

void process_table_sweep(struct process_table *table,
                         bool (*keep)(void *context, struct process *process),
                         void *context) {
  for (size_t i = 0; i < table->capacity; i++) {
    uint32_t next;
    for (uint32_t index = table->buckets[i]; index != 0; index = next) {
      struct process *process = process_at(table, index);
      next = process->next;
      if (!keep(context, process))
        process_table_remove(table, process);
    }
  }
}
