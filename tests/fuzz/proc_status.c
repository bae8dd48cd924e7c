/* SPDX-License-Identifier: MIT */
#include "fuzz/proc_file.h"

#include <errno.h>

/*
 * <pid>/status: the input itself; and as the kernel writes it, with a user and
 * a name from the input; the name must not be parsed as the line of the
 * user.
 */

static void check_any(const struct proc_file *file, const void *data,
                      size_t size) {
  uid_t uid;
  proc_file_write(file, data, size);
  int status = procfs_uid(file->proc, PROC_FILE_PID, &uid);
  fuzz_check(status == 0 || status == -EBADMSG);
}

/* proc_task_name in the kernel: newlines and backslashes are escaped. */
static void escape_name(const char *name, char *escaped) {
  for (; *name != '\0'; name++) {
    if (*name == '\n' || *name == '\\')
      *escaped++ = '\\';
    *escaped++ = *name == '\n' ? 'n' : *name;
  }
  *escaped = '\0';
}

static void check_written(const struct proc_file *file,
                          struct fuzz_input *input) {
  char name[65], escaped[2 * sizeof(name)], text[1024];
  uint32_t wanted;
  uid_t uid;

  fuzz_take(input, &wanted, sizeof(wanted));
  proc_file_take_name(input, name, sizeof(name));
  escape_name(name, escaped);
  int length = snprintf(text, sizeof(text),
                        "Name:\t%s\nUmask:\t0022\nState:\tS (sleeping)\n"
                        "Tgid:\t12\nNgid:\t0\nPid:\t12\nPPid:\t1\n"
                        "TracerPid:\t0\nUid:\t%u\t%u\t7\t7\nGid:\t9\t9\t9\t9\n",
                        escaped, wanted, wanted ^ 1U);
  proc_file_write(file, text, (size_t)length);
  fuzz_check(procfs_uid(file->proc, PROC_FILE_PID, &uid) == 0);
  fuzz_check(uid == wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, size};
  const struct proc_file *file = proc_file_of("status");
  check_any(file, data, size);
  check_written(file, &input);
  return 0;
}
