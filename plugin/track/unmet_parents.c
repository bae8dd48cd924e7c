/* SPDX-License-Identifier: MIT */
#include "track/unmet_parents.h"

static void set_bit(uint64_t bits[], pid_t pid) {
  unsigned int bit = (unsigned int)pid % UNMET_PARENTS_BITS;
  bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

static bool has_bit(const uint64_t bits[], pid_t pid) {
  unsigned int bit = (unsigned int)pid % UNMET_PARENTS_BITS;
  return (bits[bit / 64] >> bit % 64 & 1) != 0;
}

void unmet_parents_note(struct unmet_parents *parents, pid_t pid, bool has_io) {
  set_bit(parents->now.have_ended, pid);
  if (has_io)
    set_bit(parents->now.have_io, pid);
}

bool unmet_parents_have_ended(const struct unmet_parents *parents, pid_t pid) {
  return has_bit(parents->now.have_ended, pid) ||
         has_bit(parents->before.have_ended, pid);
}

bool unmet_parents_have_io(const struct unmet_parents *parents, pid_t pid) {
  return has_bit(parents->now.have_io, pid) ||
         has_bit(parents->before.have_io, pid);
}

void unmet_parents_forget(struct unmet_parents *parents) {
  parents->before = parents->now;
  parents->now = (struct unmet_parents_set){0};
}
