/* SPDX-License-Identifier: MIT */
#include "select/cgroup_unit.h"

#include <stdio.h>
#include <string.h>

/* The digits of a container's id, and how many of them are shown. */
enum { ID_LENGTH = 64, SHORT_ID_LENGTH = 12 };

/* A part of a path, between slashes. */
struct component {
  const char *text;
  size_t length;
};

/* Of the types of units, those that have cgroups: systemd.unit(5) */
static const char *const unit_suffixes[] = {".service", ".scope", ".slice",
                                            ".socket",  ".mount", ".swap"};

/* What stands before a container's id: nothing with docker's and kubelet's
 * cgroupfs driver. A monitor's libpod-conmon- and crio-conmon- are others. */
static const char *const container_prefixes[] = {
    "", "docker-", "libpod-", "cri-containerd-", "crio-", "nerdctl-"};

static bool ends_with(struct component c, const char *suffix) {
  size_t length = strlen(suffix);
  return c.length > length &&
         memcmp(c.text + c.length - length, suffix, length) == 0;
}

static bool is_unit(struct component c) {
  for (size_t i = 0; i < sizeof(unit_suffixes) / sizeof(unit_suffixes[0]); i++)
    if (ends_with(c, unit_suffixes[i]))
      return true;
  return false;
}

/* Returns the id that it ends with, perhaps before ".scope", or NULL. */
static const char *find_id(struct component c) {
  if (ends_with(c, ".scope"))
    c.length -= strlen(".scope");
  if (c.length < ID_LENGTH)
    return NULL;
  const char *id = c.text + c.length - ID_LENGTH;
  return strspn(id, "0123456789abcdef") == ID_LENGTH ? id : NULL;
}

static bool is_container_prefix(const char *text, size_t length) {
  /* containerd's slice:prefix:id, where it runs without systemd's driver */
  if (length > 0 && text[length - 1] == ':')
    return true;
  size_t count = sizeof(container_prefixes) / sizeof(container_prefixes[0]);
  for (size_t i = 0; i < count; i++)
    if (strlen(container_prefixes[i]) == length &&
        memcmp(container_prefixes[i], text, length) == 0)
      return true;
  return false;
}

static bool name_container(struct component c, char *name, size_t size) {
  const char *id = find_id(c);
  if (id == NULL || !is_container_prefix(c.text, (size_t)(id - c.text)))
    return false;
  snprintf(name, size, "%.*s", SHORT_ID_LENGTH, id);
  return true;
}

static bool name_unit(struct component c, char *name, size_t size) {
  if (!is_unit(c))
    return false;

  const char *id = find_id(c); /* of a container's monitor */
  /* systemd marks a name that could be one of the kernel's files, such as
   * cpu.service (cg_escape in its cgroup-util.c). */
  if (c.text[0] == '_') {
    c.text++;
    c.length--;
  }
  if (id != NULL)
    snprintf(name, size, "%.*s.scope", (int)(id - c.text) + SHORT_ID_LENGTH,
             c.text);
  else
    snprintf(name, size, "%.*s", (int)c.length, c.text);
  return true;
}

/* Names the last component that can be named so. */
static bool name_last(const char *path,
                      bool (*name_it)(struct component c, char *name,
                                      size_t size),
                      char *name, size_t size) {
  for (size_t end = strlen(path); end > 0;) {
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
      start--;
    struct component c = {path + start, end - start};
    if (name_it(c, name, size))
      return true;
    end = start > 0 ? start - 1 : 0;
  }
  return false;
}

bool cgroup_unit_name(const char *path, char *name, size_t size) {
  return name_last(path, name_container, name, size) ||
         name_last(path, name_unit, name, size);
}
