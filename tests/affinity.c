// SPDX-License-Identifier: MIT
/*
 * A kernel for more than 1,024 CPUs.
 *
 *   affinity COMMAND ARGUMENT...
 *
 * Runs the command with a seccomp filter under which sched_getaffinity fails as
 * it does there if the set has room for no more CPUs than that.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LARGE = 256 }; /* bytes, for 2,048 CPUs */

/* The lower half of an argument on a little-endian machine. */
#define ARGUMENT(n) offsetof(struct seccomp_data, args[n])

int main(int argc, char **argv) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_getaffinity, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(1)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, LARGE, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
  };
  const struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};

  if (argc < 2)
    return EXIT_FAILURE;
  /* Root needs no PR_SET_NO_NEW_PRIVS. */
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0)
    execvp(argv[1], argv + 1);
  fprintf(stderr, "affinity: %s: %s\n", argv[1], strerror(errno));
  return EXIT_FAILURE;
}
