/* SPDX-License-Identifier: MIT */
#include "select/group_name.h"

#include "fuzz/clean.h"

/*
 * A template and the attributes of a process, each terminated by a NUL: its
 * name, the paths of its cgroup and its file, and the captures of the
 * expressions. Whatever these are, collectd and the stores accept the group's
 * name.
 */

enum { PID = 4711, ROOM = 128 };

/* The caller frees the strings. */
struct process {
  struct attributes attributes;
  struct captures captures;
  char *comm, *cgroup, *exe, *parts[CAPTURES];
};

static void take_process(struct process *p, struct fuzz_input *input) {
  bool has_exe = fuzz_take_u8(input) % 2 != 0;
  bool has_cgroup = fuzz_take_u8(input) % 2 != 0;
  p->comm = fuzz_take_string(input);
  p->cgroup = fuzz_take_string(input);
  p->exe = fuzz_take_string(input);
  for (size_t i = 0; i < CAPTURES; i++) {
    p->parts[i] = fuzz_take_string(input);
    p->captures.part[i].text = p->parts[i];
    p->captures.part[i].length = strlen(p->parts[i]);
  }
  attributes_init_exited(&p->attributes, PID, p->comm, 0, 1, 2);
  if (has_cgroup)
    attributes_set_cgroup(&p->attributes, p->cgroup);
  p->attributes.exe = has_exe ? p->exe : NULL;
}

static void free_process(struct process *p) {
  attributes_clear(&p->attributes);
  free(p->comm);
  free(p->cgroup);
  free(p->exe);
  for (size_t i = 0; i < CAPTURES; i++)
    free(p->parts[i]);
}

/* Expands into a buffer of exactly this size, which the caller frees; NULL if
 * the name is unknown. */
static char *expand(const struct group_name *template, struct process *p,
                    size_t room) {
  char *name = malloc(room);
  fuzz_check(name != NULL);
  enum selector_match match =
      group_name_expand(template, p != NULL ? &p->attributes : NULL,
                        p != NULL ? &p->captures : NULL, name, room);
  if (match == SELECTOR_YES) {
    fuzz_check(strlen(name) > 0 && strlen(name) < room);
    fuzz_check(clean_is_name(name));
    return name;
  }
  fuzz_check(match == SELECTOR_UNKNOWN);
  free(name);
  return NULL;
}

static void check_names(const struct group_name *template, struct process *p,
                        size_t enough) {
  char *name = expand(template, p, ROOM);
  char *whole = expand(template, p, enough);

  fuzz_check((name == NULL) == (whole == NULL));
  if (name != NULL && strlen(whole) < ROOM)
    fuzz_check(strcmp(name, whole) == 0);
  if (group_name_is_fixed(template)) {
    fuzz_check(name != NULL);
    fuzz_check(group_name_captures(template) == 0);
    fuzz_check(!group_name_wants_user(template));
    fuzz_check(!group_name_wants_pid(template));
    char *fixed = expand(template, NULL, ROOM);
    fuzz_check(strcmp(fixed, name) == 0);
    free(fixed);
  }
  fuzz_check(group_name_captures(template) <= CAPTURES);
  free(name);
  free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct process process;
  struct fuzz_input input = {data, size};
  struct group_name *template = NULL;
  char error[256] = "";

  char *text = fuzz_take_string(&input);
  int status = group_name_parse(text, &template, error, sizeof(error));
  fuzz_check((status == 0) == (template != NULL));
  fuzz_check((status == 0) == (error[0] == '\0'));
  if (status == 0) {
    take_process(&process, &input);
    check_names(template, &process, (strlen(text) + 1) * (size + ROOM));
    free_process(&process);
  }
  group_name_destroy(template);
  free(text);
  return 0;
}
