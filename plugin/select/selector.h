/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SELECTOR_H
#define TASKSTATS_SELECTOR_H

#include "select/attributes.h"
#include "select/captures.h"
#include "select/selector_kind.h"

/*
 * A selector decides which processes belong to a group. It has conditions of
 * several kinds: the kinds must all hold, the values of one kind are
 * alternatives.
 */

struct selector;

/* Returns NULL if memory is short. */
struct selector *selector_create(void);

/* Takes NULL. */
void selector_destroy(struct selector *selector);

/* Adds an alternative. Returns 0; or a negative errno and, in error, what is
 * wrong with the value and what would be right. */
int selector_add(struct selector *selector, enum selector_kind kind,
                 const char *value, char *error, size_t size);

/* Whether it has no condition at all. */
bool selector_is_empty(const struct selector *selector);

/* How many parenthesised parts its regular expressions have. */
unsigned int selector_captures(const struct selector *selector);

/* Whether it selects a process. UNKNOWN, unless another condition excludes the
 * process, is for one that has ended, if what its exit record does not tell
 * would decide; for a text that takes too long to match (attributes.undecided
 * and limit); and for a user who is not known yet (attributes.is_pending). Any
 * thread.
 *
 * captures may be NULL. Otherwise, of a process that is selected, it has the
 * parenthesised parts of the regular expressions that decided, numbered over
 * all in the order in which they were added; of alternatives, the first that
 * matches decides, and the others' parts are not set. */
enum selector_match selector_match(const struct selector *selector,
                                   struct attributes *a,
                                   struct captures *captures);

/* What explains it: the value of a kind with this number, from 0, as it was
 * added, or NULL; and whether the values of a kind, of which there is one at
 * least, select a process, as selector_match. */
const char *selector_value(const struct selector *selector,
                           enum selector_kind kind, size_t number);
enum selector_match selector_match_kind(const struct selector *selector,
                                        enum selector_kind kind,
                                        struct attributes *a);

/* Whether it selects processes by their pids. */
bool selector_wants_pid(const struct selector *selector);

/* Whether it selects processes by their command names. */
bool selector_wants_name(const struct selector *selector);

/* Whether one of its pid files names a process. */
bool selector_names_pid(const struct selector *selector, pid_t pid);

/* Asks the user cache for its users, so that they are known soon. Returns
 * whether it has any by name. */
bool selector_look_up_users(const struct selector *selector);

/* Calls changed for each process that a pid file has begun or ceased to name
 * since the last call. */
void selector_refresh(struct selector *selector,
                      void (*changed)(void *context, pid_t pid), void *context);

#endif
