/* SPDX-License-Identifier: MIT */
#include "track/read_end.h"

#include "track/listed_process.h"

#include <string.h>

struct read_end {
  struct selection *selection;
  struct reader_report *report; /* NULL after an incomplete listing */
};

/* Keeps and counts processes that exist; keeps those for which records may
 * follow. */
static bool keep_process(void *context, struct process *process)
    REQUIRES(tracker_mutex) {
  const struct read_end *end = context;
  struct member *member = process->member;
  uint32_t read = end->selection->tracker->read;

  /* The listener may have entered it after this read had passed its pid. */
  if (!process_is_listed(process) && process->seen == read)
    return true;
  if (process->seen != read || (member != NULL && member->is_gone))
    return listed_process_note_unlisted(end->selection, process);
  int error = process_select_error(process);
  if (selection_is_undecided(error))
    end->report->undecided++;
  else if (error != 0)
    end->report->select = error;
  if (member != NULL && !process_has_exited(process)) {
    member_add_gauges(member, process->start_ns);
    end->report->members += member_counts(member);
    if (member->io_error != 0)
      end->report->io = member->io_error;
    if (member->gauges != NULL)
      member_gauges_note_errors(member->gauges, &end->report->memory,
                                &end->report->files);
  }
  return true;
}

/* The same after an incomplete listing: processes not seen may exist. */
static bool keep_unless_ended(void *context, struct process *process)
    REQUIRES(tracker_mutex) {
  const struct read_end *end = context;
  bool is_fresh = !process_is_listed(process) &&
                  process->seen == end->selection->tracker->read;
  bool is_gone =
      process_has_exited(process) || listed_process_has_vanished(process);
  return !is_gone || is_fresh ||
         listed_process_note_unlisted(end->selection, process);
}

void read_end_complete(struct selection *selection, bool lists,
                       struct reader_report *report) {
  struct tracker *tracker = selection->tracker;
  struct read_end end = {selection, report};

  for (struct group *g = tracker->groups; g != NULL; g = g->next)
    memset(g->gauges, 0, sizeof(g->gauges));
  process_table_sweep(tracker->table, keep_process, &end);
  if (report->undecided > 0) {
    report->undecided_rule = selection->undecided_rule;
    report->undecided_expression = selection->undecided_expression;
    report->undecided_limit = selection->undecided_limit;
  }
  unmet_parents_forget(&tracker->unmet_parents);
  if (lists)
    listed_process_forget_threads(selection);
  tracker->since_ns = selection->begin_ns;
  tracker->has_read = true;
}

void read_end_incomplete(struct selection *selection) {
  struct read_end end = {.selection = selection};
  process_table_sweep(selection->tracker->table, keep_unless_ended, &end);
}
