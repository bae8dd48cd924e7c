/* SPDX-License-Identifier: MIT */
#include "fuzz/proc_file.h"

#include <errno.h>
#include <inttypes.h>

/*
 * <pid>/statm: the input itself; and as the kernel writes it, with numbers from
 * the input.
 */

static void check_any(const struct proc_file *file, const void *data,
                      size_t size) {
  struct procfs_memory memory;
  proc_file_write(file, data, size);
  int status = procfs_memory(file->proc, PROC_FILE_PID, &memory);
  /* Without memory, the threads are read, which do not exist. */
  fuzz_check(status == 0 || status == -EBADMSG || status == -ENOENT);
}

static void check_written(const struct proc_file *file,
                          struct fuzz_input *input) {
  char text[256];
  uint64_t n[7], page = (uint64_t)sysconf(_SC_PAGESIZE);
  struct procfs_memory memory;

  for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++)
    n[i] = fuzz_take_u64(input) >> fuzz_take_u8(input) % 64;
  int length = snprintf(text, sizeof(text),
                        "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                        " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                        n[0], n[1], n[2], n[3], n[4], n[5], n[6]);
  if (n[0] * page == 0)
    return;
  proc_file_write(file, text, (size_t)length);
  fuzz_check(procfs_memory(file->proc, PROC_FILE_PID, &memory) == 0);
  fuzz_check(memory.vm_bytes == n[0] * page);
  fuzz_check(memory.rss_bytes == n[1] * page);
  fuzz_check(memory.code_bytes == n[3] * page);
  fuzz_check(memory.data_bytes == n[5] * page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, size};
  const struct proc_file *file = proc_file_of("statm");
  check_any(file, data, size);
  check_written(file, &input);
  return 0;
}
