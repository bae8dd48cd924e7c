// SPDX-License-Identifier: MIT
/*
 * Provokes replies that this machine's kernel would not send.
 *
 *   meddle family|stranger|silence COMMAND ARGUMENT...
 *
 * Runs the command and, like a debugger, changes the netlink messages that it
 * sends, so that the kernel replies to a different request.
 *
 *   family    requests a family that no kernel has
 *   stranger  requests the record of this program instead of another process
 *   silence   sends messages that require no reply
 *
 * Ends with the status of the command.
 */
#include "workload.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum { REQUEST_MAX = 4096 };

struct request {
  struct nlmsghdr *header;
  size_t size;
  char bytes[REQUEST_MAX];
};

struct trick {
  const char *name;
  void (*change)(struct request *request);
};

/* Requests to the controller look up a family; all others are for taskstats. */
static bool is_lookup(const struct request *request) {
  return request->header->nlmsg_type == GENL_ID_CTRL;
}

static void change_family(struct request *request) {
  char *name = memmem(request->bytes, request->size, TASKSTATS_GENL_NAME,
                      sizeof(TASKSTATS_GENL_NAME));

  if (is_lookup(request) && name != NULL)
    name[0] = '?';
}

/* The id is the value of the only attribute. */
static void change_id(struct request *request) {
  const size_t at = sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr) +
                    sizeof(struct nlattr);
  uint32_t id = (uint32_t)getpid();

  if (!is_lookup(request))
    memcpy(request->bytes + at, &id, sizeof(id));
}

/* The kernel silently ignores a message that is not a request. */
static void change_flags(struct request *request) {
  if (!is_lookup(request))
    request->header->nlmsg_flags = 0;
}

static const struct trick tricks[] = {{"family", change_family},
                                      {"stranger", change_id},
                                      {"silence", change_flags}};

static const struct trick *find_trick(const char *name) {
  for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++)
    if (strcmp(tricks[i].name, name) == 0)
      return &tricks[i];
  errno = EINVAL;
  die(name);
}

static void get(pid_t pid, uint64_t address, void *copy, size_t size) {
  struct iovec here = {copy, size};
  struct iovec there = {(void *)(uintptr_t)address, size};

  if (process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)size)
    die("reading the command's memory");
}

static void put(pid_t pid, const struct iovec *there, void *copy) {
  struct iovec here = {copy, there->iov_len};

  if (process_vm_writev(pid, &here, 1, there, 1, 0) != (ssize_t)there->iov_len)
    die("writing the command's memory");
}

static void meddle(pid_t pid, uint64_t address, const struct trick *trick) {
  struct request request = {.header = (void *)request.bytes};
  struct msghdr message;
  struct iovec part;

  get(pid, address, &message, sizeof(message));
  get(pid, (uintptr_t)message.msg_iov, &part, sizeof(part));
  if (part.iov_len < NLMSG_HDRLEN || part.iov_len > sizeof(request.bytes))
    return;
  request.size = part.iov_len;
  get(pid, (uintptr_t)part.iov_base, request.bytes, request.size);
  trick->change(&request);
  put(pid, &part, request.bytes);
}

static void on_call(pid_t pid, const struct trick *trick) {
  struct __ptrace_syscall_info call;

  if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call) < 0)
    die("PTRACE_GET_SYSCALL_INFO");
  if (call.op == PTRACE_SYSCALL_INFO_ENTRY && call.entry.nr == SYS_sendmsg)
    meddle(pid, call.entry.args[1], trick);
}

/* Returns the command's wait status. */
static int follow(pid_t pid, const struct trick *trick) {
  int status = 0;

  if (waitpid(pid, &status, 0) != pid ||
      ptrace(PTRACE_SETOPTIONS, pid, 0,
             PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
    die("following the command");
  for (;;) {
    int signal_number = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
    if (WIFEXITED(status) || WIFSIGNALED(status))
      return status;
    if (signal_number == (SIGTRAP | 0x80))
      on_call(pid, trick);
    if ((signal_number & 0x7f) == SIGTRAP)
      signal_number = 0;
    if (ptrace(PTRACE_SYSCALL, pid, 0, signal_number) < 0 ||
        waitpid(pid, &status, 0) != pid)
      die("following the command");
  }
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fputs("usage: meddle family|stranger|silence COMMAND ARGUMENT...\n",
          stderr);
    return EXIT_FAILURE;
  }
  const struct trick *trick = find_trick(argv[1]);
  pid_t pid = fork();
  if (pid < 0)
    die("fork");
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execv(argv[2], argv + 2);
    die(argv[2]);
  }
  int status = follow(pid, trick);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
