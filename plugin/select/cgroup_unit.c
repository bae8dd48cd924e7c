/* SPDX-License-Identifier: MIT */
#include "select/cgroup_unit.h"

#include <stdio.h>
#include <string.h>

/* The length of a container's id, how many of its digits are shown, and the
 * length of an ECS task's id. */
enum { ID_LENGTH = 64, SHORT_ID_LENGTH = 12, TASK_ID_LENGTH = 32 };

/* A part of a path, between two slashes. */
struct component {
  const char *text;
  size_t length;
};

/* The types of units that have cgroups, except slices: systemd.unit(5) */
static const char *const unit_suffixes[] = {".service", ".scope", ".socket",
                                            ".mount", ".swap"};

/* The prefixes of a container's id: none with the cgroupfs driver of docker and
 * kubelet. Monitors have other prefixes, libpod-conmon- and crio-conmon-. */
static const char *const container_prefixes[] = {
    "",      "docker-",  "libpod-", "libpod-payload-", "cri-containerd-",
    "crio-", "nerdctl-",
};

/* The parents of LXC containers' cgroups, which have the containers' names
 * (lxc.cgroup.pattern); since 4.0 this is a prefix of the name. Monitors are in
 * lxc.monitor. */
static const char *const lxc_parents[] = {"lxc", "lxc.payload"};
static const char lxc_prefix[] = "lxc.payload.";

/* Moves to the next component of a path. Returns false if there is none. */
static bool take_component(const char **path, const char *end,
                           struct component *c) {
  while (*path < end && **path == '/')
    (*path)++;
  c->text = *path;
  while (*path < end && **path != '/')
    (*path)++;
  c->length = (size_t)(*path - c->text);
  return c->length > 0;
}

static bool is_text(struct component c, const char *text) {
  return strlen(text) == c.length && memcmp(c.text, text, c.length) == 0;
}

static bool starts_with(struct component c, const char *prefix) {
  size_t length = strlen(prefix);
  return c.length > length && memcmp(c.text, prefix, length) == 0;
}

static bool ends_with(struct component c, const char *suffix) {
  size_t length = strlen(suffix);
  return c.length > length &&
         memcmp(c.text + c.length - length, suffix, length) == 0;
}

/* The number of leading characters that are in a set. */
static size_t span(struct component c, const char *set) {
  size_t length = 0;
  while (length < c.length && strchr(set, c.text[length]) != NULL)
    length++;
  return length;
}

static struct component skip(struct component c, size_t length) {
  return (struct component){c.text + length, c.length - length};
}

/* Containers */

/* Returns the id at the end of the component, optionally before ".scope", or
 * NULL. */
static const char *find_id(struct component c) {
  if (ends_with(c, ".scope"))
    c.length -= strlen(".scope");
  if (c.length < ID_LENGTH)
    return NULL;
  struct component id = skip(c, c.length - ID_LENGTH);
  return span(id, "0123456789abcdef") == ID_LENGTH ? id.text : NULL;
}

static bool is_container_prefix(struct component c) {
  /* containerd's slice:prefix:id, without systemd's driver */
  if (c.length > 0 && c.text[c.length - 1] == ':')
    return true;
  size_t count = sizeof(container_prefixes) / sizeof(container_prefixes[0]);
  for (size_t i = 0; i < count; i++)
    if (is_text(c, container_prefixes[i]))
      return true;
  return false;
}

/* Whether it is <32 digits>-<number>. */
static bool is_ecs_id(struct component c) {
  if (span(c, "0123456789abcdef") != TASK_ID_LENGTH ||
      c.length <= TASK_ID_LENGTH + 1 || c.text[TASK_ID_LENGTH] != '-')
    return false;
  struct component number = skip(c, TASK_ID_LENGTH + 1);
  return span(number, "0123456789") == number.length;
}

static bool is_lxc_parent(struct component c) {
  for (size_t i = 0; i < sizeof(lxc_parents) / sizeof(lxc_parents[0]); i++)
    if (is_text(c, lxc_parents[i]))
      return true;
  return false;
}

/* The container that the component c, below another one, belongs to; its length
 * is 0 if there is none. */
static struct component name_container(struct component above,
                                       struct component c) {
  const char *id = find_id(c);
  if (id != NULL) {
    struct component prefix = {c.text, (size_t)(id - c.text)};
    return is_container_prefix(prefix) ? (struct component){id, SHORT_ID_LENGTH}
                                       : (struct component){c.text, 0};
  }
  bool is_named = is_ecs_id(c) || is_lxc_parent(above) ||
                  ends_with(c, ".libvirt-lxc") || ends_with(c, ".libvirt-qemu");
  if (starts_with(c, lxc_prefix))
    return skip(c, strlen(lxc_prefix));
  return is_named ? c : (struct component){c.text, 0};
}

/* The last container in a path; its length is 0 if there is none. */
static struct component find_container(const char *path, const char *end) {
  struct component above = {path, 0}, c, last = above;
  for (; take_component(&path, end, &c); above = c) {
    struct component container = name_container(above, c);
    if (container.length > 0)
      last = container;
  }
  return last;
}

/* Units */

static bool is_unit(struct component c) {
  for (size_t i = 0; i < sizeof(unit_suffixes) / sizeof(unit_suffixes[0]); i++)
    if (ends_with(c, unit_suffixes[i]))
      return true;
  return false;
}

/* Finds the first unit of a path, or else the last slice, and moves past it.
 * Returns false if there is neither. */
static bool take_unit(const char **path, const char *end,
                      struct component *unit) {
  struct component c;
  bool has_slice = false;
  for (const char *at = *path; take_component(&at, end, &c);) {
    bool is_slice = ends_with(c, ".slice");
    if (is_slice || is_unit(c)) {
      *unit = c;
      *path = at;
    }
    if (is_unit(c))
      return true;
    has_slice |= is_slice;
  }
  return has_slice;
}

/* Whether a unit is a user's systemd. Sets user to the user id in its name. */
static bool is_user_manager(struct component unit, struct component *user) {
  static const char prefix[] = "user@", suffix[] = ".service";
  if (!starts_with(unit, prefix) || !ends_with(unit, suffix))
    return false;
  *user = skip(unit, strlen(prefix));
  user->length -= strlen(suffix);
  return user->length > 0;
}

static void write_unit(struct component unit, char *name, size_t size) {
  const char *id = find_id(unit); /* a container's monitor */
  /* systemd prefixes names that could be the kernel's files, such as
   * cpu.service, with "_" (cg_escape in its cgroup-util.c). */
  if (unit.text[0] == '_')
    unit = skip(unit, 1);
  if (id != NULL)
    snprintf(name, size, "%.*s.scope", (int)(id - unit.text) + SHORT_ID_LENGTH,
             unit.text);
  else
    snprintf(name, size, "%.*s", (int)unit.length, unit.text);
}

bool cgroup_unit_name(const char *path, char *name, size_t size) {
  const char *end = path + strlen(path);
  struct component unit, user, container = find_container(path, end);

  if (container.length > 0) {
    snprintf(name, size, "%.*s", (int)container.length, container.text);
    return true;
  }
  if (!take_unit(&path, end, &unit))
    return false;
  if (is_user_manager(unit, &user) && take_unit(&path, end, &unit)) {
    int used = snprintf(name, size, "user-%.*s-", (int)user.length, user.text);
    if (used > 0 && (size_t)used < size)
      write_unit(unit, name + used, size - (size_t)used);
    return true;
  }
  write_unit(unit, name, size);
  return true;
}

static bool has_container(const char *path, size_t length) {
  return find_container(path, path + length).length > 0;
}

int cgroup_unit_read_path(struct procfs *proc, pid_t pid, char *path,
                          size_t size) {
  return procfs_cgroup(proc, pid, has_container, path, size);
}

int cgroup_unit_read_cgroups(struct procfs *proc, pid_t pid,
                             struct procfs_cgroups *cgroups) {
  return procfs_cgroups(proc, pid, has_container, cgroups);
}
