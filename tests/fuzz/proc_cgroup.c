/* SPDX-License-Identifier: MIT */
#include "fuzz/proc_file.h"

#include "select/attributes.h"

/*
 * <pid>/cgroup: the input itself; and as the kernel writes it, with names of
 * cgroups, which may contain any byte except "/" and the newline, and the
 * length of a path from the input.
 */

static const char *read_path(const struct proc_file *file) {
  static struct attributes a;
  attributes_init(&a, file->proc, PROC_FILE_PID, "x");
  const char *path = attributes_cgroup(&a);
  attributes_clear(&a);
  return path;
}

static void check_any(const struct proc_file *file, const void *data,
                      size_t size) {
  proc_file_write(file, data, size);
  const char *path = read_path(file);
  if (path == NULL)
    return;
  size_t length = strlen(path);
  fuzz_check(length < PATH_MAX);
  fuzz_check(strchr(path, '\n') == NULL);
  fuzz_check(length == 0 || memmem(data, size, path, length) != NULL);
  fuzz_check(strncmp(path, "/../", 4) != 0 && strcmp(path, "/..") != 0);
}

/* A name in version 2's hierarchy, after others of version 1. */
static void check_written(const struct proc_file *file,
                          struct fuzz_input *input) {
  static const char deleted[] = " (deleted)";
  char name[256], text[2048];
  proc_file_take_name(input, name, sizeof(name));
  for (char *at = name; *at != '\0'; at++)
    if (*at == '/' || *at == '\n')
      *at = ':';
  size_t length = strlen(name);
  bool is_deleted = length >= strlen(deleted) &&
                    strcmp(name + length - strlen(deleted), deleted) == 0;
  if (length == 0 || strcmp(name, "..") == 0 || is_deleted)
    return;

  int size = snprintf(text, sizeof(text),
                      "4:cpu,cpuacct:/x\n1:name=systemd:/init.scope/%s\n"
                      "0::/system.slice/%s\n",
                      name, name);
  proc_file_write(file, text, (size_t)size);
  const char *path = read_path(file);
  fuzz_check(path != NULL);
  fuzz_check(strncmp(path, "/system.slice/", 14) == 0 &&
             strcmp(path + 14, name) == 0);
}

/* A path about as long as the buffer. */
static void check_long(const struct proc_file *file, struct fuzz_input *input) {
  char text[PATH_MAX + 128], wanted[PATH_MAX + 128];
  size_t length = PATH_MAX - 64 + fuzz_take_u8(input) % 128;
  for (size_t i = 0; i < length; i++)
    wanted[i] = i % 200 == 0 ? '/' : 'a';
  wanted[length] = '\0';
  int size = snprintf(text, sizeof(text), "0::%s\n", wanted);
  proc_file_write(file, text, (size_t)size);
  const char *path = read_path(file);
  fuzz_check((path != NULL) == (length < PATH_MAX));
  fuzz_check(path == NULL || strcmp(path, wanted) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, size};
  const struct proc_file *file = proc_file_of("cgroup");
  check_any(file, data, size);
  check_long(file, &input);
  check_written(file, &input);
  return 0;
}
