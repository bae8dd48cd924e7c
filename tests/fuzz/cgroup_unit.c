/* SPDX-License-Identifier: MIT */
#include "select/cgroup_unit.h"

#include "fuzz/fuzz.h"

#include <limits.h>

/*
 * The path of a cgroup: the input itself, and that of a service whose name is
 * the input.
 */

enum { NAME_SIZE = NAME_MAX + 64 };

/* Writes the unit's name into a buffer of exactly this size, which the caller
 * frees; NULL if there is no unit. */
static char *name_of(const char *path, size_t size) {
  char *name = malloc(size);
  fuzz_check(name != NULL);
  memset(name, 'x', size);
  if (!cgroup_unit_name(path, name, size)) {
    free(name);
    return NULL;
  }
  fuzz_check(memchr(name, '\0', size) != NULL);
  return name;
}

static void check_any(const char *path, size_t size) {
  char *name = name_of(path, NAME_SIZE);
  char *cut = name_of(path, size);

  fuzz_check((name == NULL) == (cut == NULL));
  if (name != NULL) {
    fuzz_check(name[0] != '\0' && strchr(name, '/') == NULL);
    fuzz_check(strncmp(cut, name, strlen(cut)) == 0);
    fuzz_check(strlen(cut) == strlen(name) || strlen(cut) == size - 1);
  }
  free(name);
  free(cut);
}

/* Whether a name may be that of a container, which has an id for a name, or any
 * name after LXC's prefix. */
static bool may_be_container(const char *name) {
  return strpbrk(name, "0123456789") != NULL || strchr(name, ':') != NULL ||
         strncmp(name, "lxc.", 4) == 0;
}

static void check_service(const char *input) {
  char service[200], path[sizeof(service) + 64];
  snprintf(service, sizeof(service), "%.180s.service", input);
  if (strchr(service, '/') != NULL || may_be_container(service) ||
      service[0] == '_' || service[0] == '.')
    return;
  snprintf(path, sizeof(path), "/system.slice/%s", service);
  char *name = name_of(path, NAME_SIZE);
  fuzz_check(name != NULL);
  fuzz_check(strcmp(name, service) == 0);
  free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, size};
  size_t room = 1 + fuzz_take_u8(&input) % 64;
  char *path = fuzz_take_string(&input);
  if (strlen(path) < PATH_MAX)
    check_any(path, room);
  check_service(path);
  free(path);
  return 0;
}
