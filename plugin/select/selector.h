/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SELECTOR_H
#define TASKSTATS_SELECTOR_H

#include "select/attributes.h"
#include "select/captures.h"
#include "select/selector_kind.h"

/*
 * A selector decides which processes belong to a group. It has conditions of
 * several kinds: all kinds must match; the values of one kind are alternatives.
 */

struct selector;

/* Returns NULL if out of memory. */
struct selector *selector_create(void);

/* selector may be NULL. */
void selector_destroy(struct selector *selector);

/* Adds an alternative. Returns 0; or a negative errno, with error saying what
 * is wrong with the value and what would be correct. */
int selector_add(struct selector *selector, enum selector_kind kind,
                 const char *value, char *error, size_t size);

/* Whether it has no condition at all. */
bool selector_is_empty(const struct selector *selector);

/* The number of captures of its regular expressions. */
unsigned int selector_captures(const struct selector *selector);

/* Whether it selects a process. SELECTOR_UNKNOWN, unless another condition
 * excludes the process: for a process that has ended, if an attribute that its
 * exit record lacks would decide; for a text that takes too long to match
 * (attributes.undecided and limit); and for a user who is not known yet
 * (attributes.is_pending). Any thread.
 *
 * captures may be NULL. Otherwise, for a selected process, it receives the
 * captures of the regular expressions that decided, numbered over all
 * expressions in the order in which they were added; of alternatives, the first
 * that matches decides, and the captures of the others are not set. */
enum selector_match selector_match(const struct selector *selector,
                                   struct attributes *a,
                                   struct captures *captures);

/* For explanations: the value number number, from 0, of a kind, as it was
 * added, or NULL; and whether the values of a kind, of which there must be at
 * least one, select a process, as in selector_match. */
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

/* Requests lookups of its users from the user cache. Returns whether it has any
 * users by name. */
bool selector_look_up_users(const struct selector *selector);

/* Calls changed for each process that a pid file has started or stopped naming
 * since the last call. */
void selector_refresh(struct selector *selector,
                      void (*changed)(void *context, pid_t pid), void *context);

#endif
