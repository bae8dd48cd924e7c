/* SPDX-License-Identifier: MIT */
#include "select/executable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void executable_clear(struct executable *executable) {
  for (size_t i = 0; i < EXECUTABLE_FORMER; i++)
    free(executable->former[i]);
  free(executable->canonical);
  *executable = (struct executable){0};
}

static bool is_same(const struct file_id *a, const struct file_id *b) {
  return a->dev == b->dev && a->inode == b->inode;
}

/* Returns the index of the file, or EXECUTABLE_LEARNED. */
static size_t find_learned(const struct executable *executable,
                           const struct file_id *id) {
  size_t i = 0;
  while (i < EXECUTABLE_LEARNED && !is_same(&executable->learned[i].id, id))
    i++;
  return i;
}

void executable_learn(struct executable *executable, struct file_id id) {
  size_t i = find_learned(executable, &id);
  struct learned_file file = {.id = id};
  if (i < EXECUTABLE_LEARNED) {
    file = executable->learned[i];
  } else {
    i = EXECUTABLE_LEARNED - 1;
    executable->has_unlearned |= executable->learned[i].id.inode != 0;
  }
  memmove(&executable->learned[1], &executable->learned[0],
          i * sizeof(executable->learned[0]));
  executable->learned[0] = file;
}

/* Takes ownership of path, the former target of a symbolic link. */
static void keep_former(struct executable *executable, char *path) {
  size_t i = 0;
  while (i < EXECUTABLE_FORMER - 1 && executable->former[i] != NULL &&
         strcmp(executable->former[i], path) != 0)
    i++;
  free(executable->former[i]);
  memmove(&executable->former[1], &executable->former[0],
          i * sizeof(executable->former[0]));
  executable->former[0] = path;
}

static bool is_path(const char *a, const char *b) {
  return a != NULL && strcmp(a, b) == 0;
}

bool executable_store(struct executable *executable,
                      const struct path_answer *answer) {
  struct file_id file = {answer->dev, answer->inode};
  bool is_moved = !is_path(executable->canonical, answer->canonical);
  if (is_moved) {
    char *canonical = strdup(answer->canonical);
    if (canonical == NULL)
      return false; /* retried with the next answer */
    if (executable->canonical != NULL)
      keep_former(executable, executable->canonical);
    executable->canonical = canonical;
  }
  bool is_other = !is_same(&executable->file, &file);
  if (executable->file.inode != 0 && is_other) {
    executable_learn(executable, executable->file);
    executable->learned[0].is_replaced = true; /* by an upgrade */
  }
  executable->file = file;
  executable->is_dev_hidden = answer->is_dev_hidden;
  return is_moved || is_other;
}

bool executable_has_path(const struct executable *executable,
                         const char *path) {
  bool has = is_path(executable->canonical, path);
  for (size_t i = 0; i < EXECUTABLE_FORMER && !has; i++)
    has = is_path(executable->former[i], path);
  return has;
}

bool executable_is_name(const char *path, const char *name) {
  enum { COMM_LENGTH = 15 }; /* the length to which the kernel truncates comm */
  const char *slash = path != NULL ? strrchr(path, '/') : NULL;
  return slash != NULL && strncmp(slash + 1, name, COMM_LENGTH) == 0;
}

bool executable_has_name(const struct executable *executable,
                         const char *name) {
  bool has = executable_is_name(executable->canonical, name);
  for (size_t i = 0; i < EXECUTABLE_FORMER && !has; i++)
    has = executable_is_name(executable->former[i], name);
  return has;
}

/* Whether the error implies that no process can run what the path names. */
static bool is_no_program(int error) {
  return error == -ENOENT || error == -ENOTDIR || error == -EISDIR ||
         error == -ENOEXEC;
}

enum path_is executable_is(struct executable *executable, struct file_id id,
                           int error) {
  if (executable->file.inode != 0 && is_same(&executable->file, &id))
    return is_no_program(error) ? PATH_WAS : PATH_IS;
  if (id.inode != 0 && find_learned(executable, &id) < EXECUTABLE_LEARNED) {
    executable_learn(executable, id); /* most recently used first */
    return executable->learned[0].is_replaced ? PATH_WAS : PATH_IS;
  }
  bool is_told = is_no_program(error) ||
                 (executable->file.inode != 0 && !executable->is_dev_hidden);
  return is_told && !executable->has_unlearned ? PATH_IS_NOT : PATH_IS_UNKNOWN;
}
