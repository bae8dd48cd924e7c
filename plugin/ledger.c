/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include "ended.h"
#include "member.h"

#include <stdlib.h>

static int make_groups(struct ledger *ledger, const struct rule *rules) {
  for (const struct rule *r = rules; r != NULL; r = r->next)
    ledger->group_count++;

  ledger->groups = calloc(ledger->group_count + 1, sizeof(struct group));
  if (ledger->groups == NULL)
    return -1;
  struct group *group = ledger->groups;
  for (const struct rule *r = rules; r != NULL; r = r->next, group++) {
    group->rule = r;
    group->name = r->name;
  }
  return 0;
}

struct ledger *ledger_create(const struct rule *rules, uint64_t boot_ns) {
  struct ledger *ledger = calloc(1, sizeof(*ledger));
  if (ledger == NULL)
    return NULL;

  ledger->since_ns = boot_ns;
  pthread_mutex_init(&ledger->lock, NULL);
  ledger->table = proctable_create();
  if (ledger->table == NULL || make_groups(ledger, rules) != 0) {
    ledger_destroy(ledger);
    return NULL;
  }
  return ledger;
}

static bool forget(void *context, struct process *process) {
  (void)context;
  member_destroy(process->member);
  ended_destroy(process->ended);
  return false;
}

void ledger_destroy(struct ledger *ledger) {
  if (ledger == NULL)
    return;
  if (ledger->table != NULL)
    proctable_sweep(ledger->table, forget, NULL);
  proctable_destroy(ledger->table);
  free(ledger->groups);
  pthread_mutex_destroy(&ledger->lock);
  free(ledger);
}

bool ledger_counts_from_zero(const struct ledger *ledger, uint64_t latest_ns) {
  /* fork(2) takes the start time first, and only later, maybe after a wait for
   * a CPU, does the process appear. */
  static const uint64_t fork_ns = 100000000;
  return latest_ns + (ledger->has_read ? fork_ns : 0) >= ledger->since_ns;
}

bool ledger_knows_as_unused(const struct ledger *ledger,
                            const struct process *process) {
  static const uint64_t youth_ns = LEDGER_YOUTH_S * UINT64_C(1000000000);
  static const uint64_t unused_ns = 1000000;
  return process->clock_ns < unused_ns &&
         process->start_ns + youth_ns > ledger->since_ns;
}

void ledger_lock(struct ledger *ledger) { pthread_mutex_lock(&ledger->lock); }

void ledger_unlock(struct ledger *ledger) {
  pthread_mutex_unlock(&ledger->lock);
}
