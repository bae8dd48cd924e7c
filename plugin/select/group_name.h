/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_GROUP_NAME_H
#define TASKSTATS_GROUP_NAME_H

#include "select/captures.h"
#include "select/selector.h"

/*
 * A template is the name of a group, with placeholders for what differs between
 * the processes that it selects: %{comm}, %{exe}, %{user}, %{pid}, %{unit},
 * %{cgroup} and, for the captures, %{1} to %{9}. %% is a percent sign.
 */
struct group_name;

/* Returns 0, and a template that the caller destroys; or -EINVAL or -ENOMEM
 * and, in error, what is wrong with the text and what would be right. */
int group_name_parse(const char *text, struct group_name **template,
                     char *error, size_t size);

/* Takes NULL. */
void group_name_destroy(struct group_name *template);

/* Whether it has no placeholder, so that the name is always the same. */
bool group_name_is_fixed(const struct group_name *template);

/* Whether it has %{user}. */
bool group_name_wants_user(const struct group_name *template);

/* Whether it has %{pid}. */
bool group_name_wants_pid(const struct group_name *template);

/* The highest n of its %{n}, or 0. */
unsigned int group_name_captures(const struct group_name *template);

/* Writes the name for a process into size bytes, filtered as a name by text.h.
 * "none" stands for what a process does not have, and for an empty name.
 * captures may be NULL if the template has none.
 *
 * Returns SELECTOR_YES; or SELECTOR_UNKNOWN, and no name, for a process that
 * has ended if what its exit record does not tell is wanted, and where the
 * user's name is not known yet (attributes.is_pending). Any thread. */
enum selector_match group_name_expand(const struct group_name *template,
                                      struct attributes *a,
                                      const struct captures *captures,
                                      char *name, size_t size);

#endif
