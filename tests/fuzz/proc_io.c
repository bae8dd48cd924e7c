/* SPDX-License-Identifier: MIT */
#include "fuzz/proc_file.h"

#include <errno.h>
#include <inttypes.h>

/*
 * <pid>/io: the input itself, by name and by descriptor; and as the kernel
 * writes it, with numbers from the input.
 */

static void check_any(const struct proc_file *file, const void *data,
                      size_t size) {
  struct procfs_io io, again;
  proc_file_write(file, data, size);
  int status = procfs_io_read(file->proc, PROC_FILE_PID, -1, &io);
  fuzz_check(status == 0 || status == -EBADMSG);
  fuzz_check(procfs_io_read(file->proc, PROC_FILE_PID, file->fd, &again) ==
             status);
  if (status == 0)
    fuzz_check(memcmp(&io, &again, sizeof(io)) == 0);
}

/* do_io_accounting in the kernel */
static void check_written(const struct proc_file *file,
                          struct fuzz_input *input) {
  char text[512];
  uint64_t n[7];
  struct procfs_io io;

  for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++)
    n[i] = fuzz_take_u64(input);
  int length = snprintf(text, sizeof(text),
                        "rchar: %" PRIu64 "\nwchar: %" PRIu64
                        "\nsyscr: %" PRIu64 "\nsyscw: %" PRIu64
                        "\nread_bytes: %" PRIu64 "\nwrite_bytes: %" PRIu64
                        "\ncancelled_write_bytes: %" PRIu64 "\n",
                        n[0], n[1], n[2], n[3], n[4], n[5], n[6]);
  proc_file_write(file, text, (size_t)length);
  fuzz_check(procfs_io_read(file->proc, PROC_FILE_PID, file->fd, &io) == 0);
  fuzz_check(io.read_chars == n[0] && io.write_chars == n[1]);
  fuzz_check(io.read_calls == n[2] && io.write_calls == n[3]);
  fuzz_check(io.read_bytes == n[4] && io.write_bytes == n[5]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, size};
  const struct proc_file *file = proc_file_of("io");
  check_any(file, data, size);
  check_written(file, &input);
  return 0;
}
