/* SPDX-License-Identifier: MIT */

/*
 * hung_process exec|mmap DIRECTORY NAME: a process with this name. Reads of its
 * files in /proc block, because the server of a file system does not reply.
 * This program is the server, and mounts the file system at the directory.
 *
 *   exec  blocks in exec while it closes a file: stat, io and exe block
 *   mmap  blocks in mmap while it waits for a page: cmdline blocks. It first
 *         forks 40 children, which do not call exec, and which end one by one
 *         within 10 seconds
 *
 * Prints "ready" and the pid just before the process blocks. From SIGUSR1 on,
 * the server replies to all requests, also pending ones. Both end at SIGTERM,
 * or after two minutes.
 */

#include "fuse_server.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
  SIZE = ANSWER_MAX,
  WAITING_MAX = 64,
  FILE_NODE = 2,
  CHILDREN = 40,
  CHILD_MS = 250,
};

struct request {
  uint64_t unique, node;
  uint32_t opcode;
};

/* Whether a request waits for its reply; shared by both processes. */
static atomic_bool *has_waiting;

static struct fuse_attr attributes_of(uint64_t node) {
  return (struct fuse_attr){
      .ino = node,
      .size = SIZE,
      .nlink = 1,
      .mode = node == FILE_NODE ? S_IFREG | 0644 : S_IFDIR | 0755,
  };
}

static void serve_request(int fd, const struct request *request) {
  static const char text[SIZE];
  static int opened;

  switch (request->opcode) {
  case FUSE_INIT:
    answer_init(fd, request->unique);
    break;
  case FUSE_LOOKUP:
    answer(fd, request->unique, 0,
           &(struct fuse_entry_out){.nodeid = FILE_NODE,
                                    .entry_valid = SERVER_LIFE_S,
                                    .attr_valid = SERVER_LIFE_S,
                                    .attr = attributes_of(FILE_NODE)},
           sizeof(struct fuse_entry_out));
    break;
  case FUSE_GETATTR:
    answer(fd, request->unique, 0,
           &(struct fuse_attr_out){.attr_valid = SERVER_LIFE_S,
                                   .attr = attributes_of(request->node)},
           sizeof(struct fuse_attr_out));
    break;
  case FUSE_OPEN: /* a mapping in the second process waits for what the first
                     reads */
    answer(fd, request->unique, 0,
           &(struct fuse_open_out){
               .open_flags = FOPEN_KEEP_CACHE |
                             (opened++ > 0 ? (uint32_t)FOPEN_DIRECT_IO : 0)},
           sizeof(struct fuse_open_out));
    break;
  case FUSE_READ:
    answer(fd, request->unique, 0, text, sizeof(text));
    break;
  case FUSE_FORGET:
  case FUSE_INTERRUPT:
    break;
  default:
    answer(fd, request->unique, request->opcode == FUSE_FLUSH ? 0 : ENOSYS,
           NULL, 0);
  }
}

/* Serves until the end; delays replies to requests with the opcode hangs until
 * SIGUSR1. */
static void serve(int fd, uint32_t hangs) {
  static char bytes[1 << 17];
  struct request waiting[WAITING_MAX];
  size_t count = 0;

  while (!must_end) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    while (answers && count > 0)
      serve_request(fd, &waiting[--count]);
    if (poll(&poll_fd, 1, 100) <= 0 || read(fd, bytes, sizeof(bytes)) <= 0)
      continue;
    const struct fuse_in_header *in = (const void *)bytes;
    const struct request request = {in->unique, in->nodeid, in->opcode};
    if (request.opcode != hangs || answers || count == WAITING_MAX) {
      serve_request(fd, &request);
    } else {
      waiting[count++] = request;
      atomic_store(has_waiting, true);
    }
  }
}

static int open_file(const char *directory) {
  char path[4096];
  snprintf(path, sizeof(path), "%s/file", directory);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    die(path);
  return fd;
}

static void *read_page(void *fd) {
  char byte;
  if (read(*(int *)fd, &byte, 1) < 0)
    perror("read");
  return NULL;
}

static void have_children(void) {
  for (int i = 0; i < CHILDREN; i++)
    if (fork() == 0) {
      usleep((unsigned int)(1 + i) * CHILD_MS * 1000);
      _exit(0);
    }
}

static void hang_in_mmap(const char *directory) {
  int first = open_file(directory);
  pthread_t thread;
  have_children();
  pthread_create(&thread, NULL, read_page, &first);
  while (!atomic_load(has_waiting))
    usleep(1000);
  if (mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, open_file(directory), 0) ==
      MAP_FAILED)
    die("mmap");
  for (;;)
    pause();
}

_Noreturn static void hang(bool in_exec, const char *directory,
                           const char *name) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, name);
  printf("ready=%d\n", getpid());
  fflush(stdout);
  if (!in_exec)
    hang_in_mmap(directory);
  open_file(directory);
  execl("/bin/sleep", name, "120", (char *)NULL);
  die("exec");
}

int main(int argc, char **argv) {
  if (argc != 4 ||
      (strcmp(argv[1], "exec") != 0 && strcmp(argv[1], "mmap") != 0)) {
    fputs("usage: hung_process exec|mmap DIRECTORY NAME\n", stderr);
    return EXIT_FAILURE;
  }
  bool in_exec = strcmp(argv[1], "exec") == 0;
  int fd = mount_server(argv[2]);
  has_waiting = mmap(NULL, sizeof(*has_waiting), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (has_waiting == MAP_FAILED)
    die("mmap");
  pid_t pid = fork();
  if (pid == 0) {
    close(fd);
    hang(in_exec, argv[2], argv[3]);
  }
  serve(fd, in_exec ? FUSE_FLUSH : FUSE_READ);
  kill(pid, SIGKILL);
  unmount_server(argv[2], fd);
  waitpid(pid, NULL, 0);
  return EXIT_SUCCESS;
}
