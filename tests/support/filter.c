// SPDX-License-Identifier: MIT
/*
 * Runs a command with a seccomp filter that makes one system call fail.
 *
 *   filter affinity COMMAND ARGUMENT...
 *     sched_getaffinity rejects small buffers, as on a kernel for more than
 *     1,024 CPUs
 *   filter netlink COMMAND ARGUMENT...
 *     there are no netlink sockets, as with RestrictAddressFamilies= of a
 *     systemd service
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LARGE = 256 }; /* the minimum buffer in bytes: 2,048 CPUs */

/* The lower half of an argument on a little-endian machine. */
#define ARGUMENT(n) offsetof(struct seccomp_data, args[n])

enum { FILTER_LENGTH = 6 };

int main(int argc, char **argv) {
  static struct sock_filter affinity[FILTER_LENGTH] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_getaffinity, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(1)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, LARGE, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  static struct sock_filter netlink[FILTER_LENGTH] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(0)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  if (argc < 3)
    return EXIT_FAILURE;
  const struct sock_fprog filter = {
      FILTER_LENGTH, strcmp(argv[1], "affinity") == 0 ? affinity : netlink};

  /* Root needs no PR_SET_NO_NEW_PRIVS. */
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0)
    execvp(argv[2], argv + 2);
  fprintf(stderr, "filter: %s: %s\n", argv[2], strerror(errno));
  return EXIT_FAILURE;
}
