/* SPDX-License-Identifier: MIT */
#include "yardstick.h"

#include "taskstats_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/taskstats.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  BATCH = 32,
  REQUEST_SIZE = 64,  /* two headers and a number */
  ANSWER_SIZE = 2048, /* version 17 needs 740 */
  IO_SIZE = 512,
  LIST_SIZE = 32768, /* the size that readdir uses */
  SPARE_FDS = 64,
  MAX_SHARE = 65536,
};

/*
 * A share of the processes, handled by a thread with its own descriptor table,
 * because the number of descriptors is limited. Shares work one after the
 * other.
 */
struct share {
  pthread_t thread;
  sem_t go, done;
  bool is_over;
  int64_t result; /* of the last run: ns, or a negative errno */

  const pid_t *pids;
  int *io_fds;
  size_t count;
  struct mnl_socket *socket;
  uint16_t family;
  struct mmsghdr headers[BATCH];
  struct iovec vectors[BATCH];
  _Alignas(struct nlmsghdr) unsigned char requests[BATCH * REQUEST_SIZE];
  _Alignas(struct nlmsghdr) unsigned char answers[BATCH][ANSWER_SIZE];
};

struct yardstick {
  struct share **shares;
  size_t count;
};

static int64_t cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int open_io(pid_t pid) {
  char path[32];

  snprintf(path, sizeof(path), "/proc/%d/io", pid);
  return open(path, O_RDONLY | O_CLOEXEC);
}

static int open_all(struct share *s) {
  s->io_fds = calloc(s->count, sizeof(*s->io_fds));
  s->socket = taskstats_socket_open(&s->family);
  if (s->io_fds == NULL || s->socket == NULL)
    return -errno;
  for (size_t i = 0; i < BATCH; i++) {
    s->vectors[i] = (struct iovec){s->answers[i], ANSWER_SIZE};
    s->headers[i].msg_hdr.msg_iov = &s->vectors[i];
    s->headers[i].msg_hdr.msg_iovlen = 1;
  }
  for (size_t i = 0; i < s->count; i++) {
    s->io_fds[i] = open_io(s->pids[i]);
    if (s->io_fds[i] < 0)
      return -errno;
  }
  return 0;
}

static int send_queries(struct share *s, const pid_t *pids, size_t count) {
  unsigned char *end = s->requests;

  for (size_t i = 0; i < count; i++) {
    struct nlmsghdr *header = taskstats_socket_put(
        end, s->family, TASKSTATS_CMD_GET, TASKSTATS_GENL_VERSION);
    mnl_attr_put_u32(header, TASKSTATS_CMD_ATTR_TGID, (uint32_t)pids[i]);
    end += NLMSG_ALIGN(header->nlmsg_len);
  }
  return mnl_socket_sendto(s->socket, s->requests,
                           (size_t)(end - s->requests)) < 0
             ? -errno
             : 0;
}

/* The kernel has put all answers there when sendto returns. */
static int take_answers(struct share *s, size_t count) {
  for (size_t taken = 0; taken < count;) {
    int got = recvmmsg(mnl_socket_get_fd(s->socket), s->headers,
                       (unsigned int)(count - taken), MSG_DONTWAIT, NULL);
    if (got <= 0)
      return got < 0 ? -errno : -EIO;
    for (int i = 0; i < got; i++) {
      const struct nlmsghdr *header = (const void *)s->answers[i];
      if (header->nlmsg_type != s->family)
        return -ESRCH;
    }
    taken += (size_t)got;
  }
  return 0;
}

static int lay_on_batch(struct share *s, size_t first, size_t count) {
  char io[IO_SIZE];

  int status = send_queries(s, s->pids + first, count);
  if (status == 0)
    status = take_answers(s, count);
  for (size_t i = first; status == 0 && i < first + count; i++)
    if (pread(s->io_fds[i], io, sizeof(io), 0) < 0)
      status = -errno;
  return status;
}

static int64_t lay_on_share(struct share *s) {
  int64_t begin = cpu_ns();

  for (size_t first = 0; first < s->count; first += BATCH) {
    size_t left = s->count - first;
    int status = lay_on_batch(s, first, left < BATCH ? left : BATCH);
    if (status < 0)
      return status;
  }
  return cpu_ns() - begin;
}

/* --- Threads --- */

static void await(sem_t *semaphore) {
  while (sem_wait(semaphore) != 0)
    ;
}

/* The io files are closed with its table of descriptors, when it ends. */
static void *work(void *data) {
  struct share *s = data;

  s->result = unshare(CLONE_FILES) == 0 ? open_all(s) : -errno;
  sem_post(&s->done);
  for (;;) {
    await(&s->go);
    if (s->is_over)
      break;
    s->result = lay_on_share(s);
    sem_post(&s->done);
  }
  if (s->socket != NULL)
    mnl_socket_close(s->socket);
  return NULL;
}

static void destroy_share(struct share *s) {
  s->is_over = true;
  sem_post(&s->go);
  pthread_join(s->thread, NULL);
  sem_destroy(&s->go);
  sem_destroy(&s->done);
  free(s->io_fds);
  free(s);
}

/* Returns NULL, with errno set, if it cannot open what it needs. */
static struct share *create_share(const pid_t *pids, size_t count) {
  struct share *s = calloc(1, sizeof(*s));

  if (s == NULL)
    return NULL;
  s->pids = pids;
  s->count = count;
  sem_init(&s->go, 0, 0);
  sem_init(&s->done, 0, 0);
  errno = pthread_create(&s->thread, NULL, work, s);
  if (errno != 0) {
    free(s);
    return NULL;
  }
  await(&s->done);
  if (s->result == 0)
    return s;
  int error = (int)-s->result;
  destroy_share(s);
  errno = error;
  return NULL;
}

/* The number of descriptors that a thread may open for processes. */
static size_t share_size(void) {
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 512;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit); /* requires no privilege */
  return limit.rlim_max < MAX_SHARE ? limit.rlim_max - SPARE_FDS : MAX_SHARE;
}

struct yardstick *yardstick_create(const pid_t *pids, size_t count) {
  size_t size = share_size();
  struct yardstick *y = calloc(1, sizeof(*y));

  if (y == NULL)
    return NULL;
  y->shares = calloc(count / size + 1, sizeof(struct share *));
  for (size_t first = 0; y->shares != NULL && first < count; first += size) {
    size_t left = count - first;
    y->shares[y->count] = create_share(pids + first, left < size ? left : size);
    if (y->shares[y->count] == NULL) {
      int error = errno;
      yardstick_destroy(y);
      errno = error;
      return NULL;
    }
    y->count++;
  }
  return y;
}

void yardstick_destroy(struct yardstick *y) {
  if (y == NULL)
    return;
  for (size_t i = 0; i < y->count; i++)
    destroy_share(y->shares[i]);
  free(y->shares);
  free(y);
}

int64_t yardstick_lay(struct yardstick *y) {
  int64_t ns = 0;

  for (size_t i = 0; i < y->count; i++) {
    struct share *s = y->shares[i];
    sem_post(&s->go);
    await(&s->done);
    if (s->result < 0)
      return s->result;
    ns += s->result;
  }
  return ns;
}

int64_t yardstick_read_clocks(const pid_t *pids, size_t count) {
  int64_t begin = cpu_ns();

  for (size_t i = 0; i < count; i++) {
    struct timespec t;
    clockid_t clock = (clockid_t)(~(unsigned int)pids[i] << 3 | 2);
    if (clock_gettime(clock, &t) != 0)
      return -errno;
  }
  return cpu_ns() - begin;
}

int64_t yardstick_list(void) {
  static _Alignas(8) unsigned char buffer[LIST_SIZE];
  int64_t begin = cpu_ns();
  long got;
  int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return -errno;
  do {
    got = syscall(SYS_getdents64, fd, buffer, sizeof(buffer));
  } while (got > 0);
  int error = errno;
  close(fd);
  return got < 0 ? -error : cpu_ns() - begin;
}
