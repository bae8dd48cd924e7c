/* SPDX-License-Identifier: MIT */
#include "fuzz/proc_file.h"

#include <errno.h>
#include <inttypes.h>

/*
 * <pid>/stat: the input itself; and as the kernel writes it, with numbers and a
 * name from the input.
 */

enum { NUMBERS = 21 }; /* from the ppid, field 4, on */

static void check_any(const struct proc_file *file, const void *data,
                      size_t size) {
  struct procfs_stat stat;
  proc_file_write(file, data, size);
  int status = procfs_stat(file->proc, PROC_FILE_PID, &stat);
  fuzz_check(status == 0 || status == -EBADMSG);
  if (status != 0)
    return;
  fuzz_check(memchr(stat.comm, '\0', sizeof(stat.comm)) != NULL);
  fuzz_check(stat.state != '\0');
  fuzz_check(!procfs_stat_has_ended(&stat) || stat.is_exiting);
}

/* do_task_stat in the kernel */
static size_t write_stat(char *text, size_t size, const char *comm, char state,
                         const uint64_t numbers[NUMBERS]) {
  size_t used =
      (size_t)snprintf(text, size, "%d (%s) %c", PROC_FILE_PID, comm, state);
  for (size_t i = 0; i < NUMBERS; i++) {
    bool is_signed = i == 4 || (i >= 12 && i <= 15); /* tty's group, nice … */
    used +=
        (size_t)snprintf(text + used, size - used,
                         is_signed ? " -%" PRIu64 : " %" PRIu64, numbers[i]);
  }
  return used + (size_t)snprintf(text + used, size - used, " 0 0 0\n");
}

static void check_written(const struct proc_file *file,
                          struct fuzz_input *input) {
  static const char states[] = "RSDTtXZI";
  char comm[PROCFS_COMM_SIZE], text[1024];
  uint64_t n[NUMBERS];
  struct procfs_stat stat;

  char state = states[fuzz_take_u8(input) % (sizeof(states) - 1)];
  for (size_t i = 0; i < NUMBERS; i++)
    n[i] = fuzz_take_u64(input) >> fuzz_take_u8(input) % 64;
  proc_file_take_name(input, comm, sizeof(comm));
  proc_file_write(file, text, write_stat(text, sizeof(text), comm, state, n));
  fuzz_check(procfs_stat(file->proc, PROC_FILE_PID, &stat) == 0);
  fuzz_check(strcmp(stat.comm, comm) == 0);
  fuzz_check(stat.state == state);
  fuzz_check(stat.ppid == (pid_t)n[0]);
  fuzz_check(stat.is_exiting ==
             ((n[5] & 4) != 0 || state == 'Z' || state == 'X'));
  fuzz_check(stat.is_forked == ((n[5] & 0x40) != 0));
  fuzz_check(stat.is_kernel_thread == ((n[5] & 0x200000) != 0));
  fuzz_check(stat.faults_minor == n[6] && stat.faults_major == n[8]);
  fuzz_check(stat.children_faults == n[7] + n[9]);
  fuzz_check(stat.user_ticks == n[10] && stat.system_ticks == n[11]);
  fuzz_check(stat.threads == (uint32_t)n[16]);
  fuzz_check(stat.start_ticks == n[18]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, size};
  const struct proc_file *file = proc_file_of("stat");
  check_any(file, data, size);
  check_written(file, &input);
  return 0;
}
