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

/* Returns 0 and a template that the caller destroys; or -EINVAL or -ENOMEM,
 * with error saying what is wrong and what would be correct. */
int group_name_parse(const char *text, struct group_name **template,
                     char *error, size_t size);

/* template may be NULL. */
void group_name_destroy(struct group_name *template);

/* Whether the template has no placeholder, so that the name is constant. */
bool group_name_is_fixed(const struct group_name *template);

/* Whether the template has %{user}. */
bool group_name_wants_user(const struct group_name *template);

/* Whether the template has %{pid}. */
bool group_name_wants_pid(const struct group_name *template);

/* The highest n of its placeholders %{n}, or 0. */
unsigned int group_name_captures(const struct group_name *template);

/* Writes the name for a process into size bytes, filtered as a name by text.h.
 * "none" replaces an attribute that the process lacks, and an empty name.
 * captures may be NULL if the template uses none.
 *
 * Returns SELECTOR_YES; or SELECTOR_UNKNOWN, without a name, if the process has
 * ended and its exit record lacks an attribute, or if the user's name is not
 * known yet (attributes.is_pending). Any thread. */
enum selector_match group_name_expand(const struct group_name *template,
                                      struct attributes *a,
                                      const struct captures *captures,
                                      char *name, size_t size);

#endif
