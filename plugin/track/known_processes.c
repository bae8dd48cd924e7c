/* SPDX-License-Identifier: MIT */
#include "track/known_processes.h"

#include "track/listed_process.h"

#include <sys/mman.h>

struct choice {
  struct known_processes *known;
  struct selection *selection;
};

enum { SPARE = 256 }; /* for processes that are entered meanwhile */

/* The size of the memory for both, in bytes. */
static size_t size_of(const struct known_processes *known) {
  return known->room * (sizeof(known->met[0]) + sizeof(known->announced[0]));
}

void known_processes_clear(struct known_processes *known) {
  if (known->met != NULL)
    munmap(known->met, size_of(known));
  *known = (struct known_processes){0};
}

/* Makes room for all processes, unless memory is short. free would leave the
 * memory of a read after a storm in the heap; munmap returns it to the kernel.
 * Without the lock, because mmap may have to wait. */
static void make_room(struct known_processes *known, struct tracker *tracker)
    EXCLUDES(tracker_mutex) {
  tracker_lock(tracker);
  known->room = process_table_size(tracker->table) + SPARE;
  tracker_unlock(tracker);
  void *memory = mmap(NULL, size_of(known), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return;
  known->met = memory;
  known->announced = (pid_t *)(known->met + known->room);
}

/* Returns false if there is no room. */
static bool add_process(struct known_processes *known,
                        struct process *process) {
  bool is_listed = process_is_listed(process);
  size_t count = is_listed ? known->met_count : known->announced_count;
  if (known->met == NULL || count == known->room)
    return false;
  if (is_listed)
    known->met[known->met_count++] = process;
  else
    known->announced[known->announced_count++] = process->pid;
  return true;
}

static bool must_visit(const struct selection *selection,
                       const struct process *process) REQUIRES(tracker_mutex) {
  if (process->member != NULL || process->due == PROCESS_DUE_NOW ||
      !process->groups_resolved)
    return true;
  /* It may have been moved to a cgroup that a group selects. */
  return process->cgroup != 0 && selection_is_due(selection, process);
}

/* Whether nothing more can be found out about a process: it has exited, and has
 * no member for which a last sample would be of use. */
static bool is_done(const struct tracker *tracker,
                    const struct process *process) REQUIRES(tracker_mutex) {
  bool is_old = process_is_listed(process) || process->seen != tracker->read;
  return process_has_exited(process) && process->member == NULL && is_old;
}

/* Whether its pid was reused. */
static bool has_successor(const struct tracker *tracker,
                          const struct process *process)
    REQUIRES(tracker_mutex) {
  return process_table_find(tracker->table, process->pid) != process;
}

/* Returns whether to keep the process. */
static bool choose_process(void *context, struct process *process)
    REQUIRES(tracker_mutex) {
  const struct choice *choice = context;
  struct selection *selection = choice->selection;
  struct tracker *tracker = selection->tracker;
  const struct member *member = process->member;

  if (member != NULL && member->group_count == 0 && process_is_listed(process))
    selection_drop_member(selection, process);
  if (is_done(tracker, process))
    return listed_process_note_unlisted(selection, process);
  bool must_look = must_visit(selection, process) &&
                   !hung_processes_has(&tracker->hung, process->pid);
  bool may_be_there =
      process_is_listed(process) || !process_has_exited(process);
  /* Once its records have been taken, this read removes it. */
  if (must_look && may_be_there && has_successor(tracker, process))
    return true;
  if (!must_look || !add_process(choice->known, process))
    process->seen = tracker->read;
  return true;
}

void known_processes_choose(struct known_processes *known,
                            struct selection *selection) {
  struct choice choice = {known, selection};

  known_processes_clear(known); /* left by a read that was abandoned */
  make_room(known, selection->tracker);
  tracker_lock(selection->tracker);
  process_table_sweep(selection->tracker->table, choose_process, &choice);
  tracker_unlock(selection->tracker);
}
