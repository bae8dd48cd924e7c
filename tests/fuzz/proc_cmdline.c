/* SPDX-License-Identifier: MIT */
#include "fuzz/proc_file.h"

/*
 * <pid>/cmdline: the input, repeated as its first byte says. Arguments are
 * joined by spaces, without one at the end, and truncated to the limit.
 */

enum { REPEATS = 6, INPUT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static char expected[INPUT_MAX << REPEATS];
  struct fuzz_input input = {data, size};
  const struct proc_file *file = proc_file_of("cmdline");
  if (size > INPUT_MAX)
    return 0;

  size_t repeats = (size_t)1 << fuzz_take_u8(&input) % (REPEATS + 1);
  size_t length = 0;
  for (size_t i = 0; i < repeats; i++, length += input.left)
    if (input.left > 0)
      memcpy(expected + length, input.at, input.left);
  proc_file_write(file, expected, length);

  char *cmdline;
  fuzz_check(procfs_cmdline(file->proc, PROC_FILE_PID, &cmdline) == 0);
  if (length > PROCFS_CMDLINE_SIZE - 1)
    length = PROCFS_CMDLINE_SIZE - 1;
  for (size_t i = 0; i < length; i++)
    expected[i] = expected[i] == '\0' ? ' ' : expected[i];
  while (length > 0 && expected[length - 1] == ' ')
    length--;
  fuzz_check(strlen(cmdline) == length);
  fuzz_check(memcmp(cmdline, expected, length) == 0);
  free(cmdline);
  return 0;
}
