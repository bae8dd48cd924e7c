/* SPDX-License-Identifier: MIT */
/*
 * The least that a listener has to do, without any accounting:
 *
 *   listener execs     receives exec events, and reads each command line
 *   listener records   receives exit records
 *
 * It prints "ready 0" and then answers each line:
 *
 *   cpu     the CPU time that it has used so far, in ns
 *   count   how many command lines it has read, or records it has received
 *   quit    ends it
 *
 * It shares no code with the plugin.
 */
#include "pace.h"
#include "support/workload.h"
#include "taskstats_socket.h"

#include <arpa/inet.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/taskstats.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
  BATCH = 64,
  MESSAGE_SIZE = 2048,
  BUFFER_SIZE = 8 << 20, /* the default WatchBuffer */
  CMDLINE_SIZE = 4096,
  REST_NS = 20000000, /* records arrive in batches, as for the plugin */
  NICE = -10,
};

static int proc_fd;
static unsigned int count;
static struct mmsghdr headers[BATCH];
static struct iovec vectors[BATCH];
static _Alignas(struct nlmsghdr) unsigned char messages[BATCH][MESSAGE_SIZE];

static void enlarge_buffer(int fd) {
  int size = BUFFER_SIZE;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
    die("SO_RCVBUFFORCE");
}

/* Exec events */

#define EVENT_AT (sizeof(struct nlmsghdr) + sizeof(struct cn_msg))

/* The filter passes exec events only; BPF loads words in network byte order. */
static void attach_filter(int fd) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
               EVENT_AT + offsetof(struct proc_event, what)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(PROC_EVENT_EXEC), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const struct sock_fprog filter = {sizeof(program) / sizeof(program[0]),
                                    program};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) !=
      0)
    die("SO_ATTACH_FILTER");
}

/* Starts or stops the events. Before Linux 6.6, the kernel only counts its
 * listeners, so each start needs a stop. */
static void send_operation(const struct mnl_socket *socket,
                           uint32_t operation) {
  _Alignas(struct nlmsghdr) unsigned char bytes[256];
  const struct cn_msg message = {.id = {CN_IDX_PROC, CN_VAL_PROC},
                                 .len = sizeof(operation)};
  struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);

  header->nlmsg_type = NLMSG_DONE;
  memcpy(mnl_nlmsg_put_extra_header(header, sizeof(message)), &message,
         sizeof(message));
  memcpy(mnl_nlmsg_put_extra_header(header, sizeof(operation)), &operation,
         sizeof(operation));
  if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
    die("process events");
}

static struct mnl_socket *open_events(void) {
  struct mnl_socket *socket = mnl_socket_open(NETLINK_CONNECTOR);

  if (socket == NULL ||
      mnl_socket_bind(socket, CN_IDX_PROC, MNL_SOCKET_AUTOPID) != 0)
    die("process events");
  attach_filter(mnl_socket_get_fd(socket));
  enlarge_buffer(mnl_socket_get_fd(socket));
  send_operation(socket, PROC_CN_MCAST_LISTEN);
  return socket;
}

static void read_cmdline(const struct nlmsghdr *header) {
  char name[32], cmdline[CMDLINE_SIZE];
  struct proc_event event;

  memcpy(&event, (const unsigned char *)header + EVENT_AT, sizeof(event));
  snprintf(name, sizeof(name), "%d/cmdline",
           event.event_data.exec.process_tgid);
  int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return; /* it has ended */
  count += read(fd, cmdline, sizeof(cmdline)) > 0;
  close(fd);
}

/* Exit records */

static struct mnl_socket *open_records(void) {
  _Alignas(struct nlmsghdr) unsigned char bytes[256];
  char cpus[128] = "";
  uint16_t family;
  struct mnl_socket *socket = taskstats_socket_open(&family);
  FILE *possible = fopen("/sys/devices/system/cpu/possible", "re");

  if (socket == NULL || possible == NULL ||
      fgets(cpus, sizeof(cpus), possible) == NULL)
    die("exit records");
  fclose(possible);
  cpus[strcspn(cpus, "\n")] = '\0';
  enlarge_buffer(mnl_socket_get_fd(socket));
  struct nlmsghdr *header = taskstats_socket_put(
      bytes, family, TASKSTATS_CMD_GET, TASKSTATS_GENL_VERSION);
  mnl_attr_put_strz(header, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, cpus);
  if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
    die("exit records");
  return socket;
}

/* Both */

static void count_record(const struct nlmsghdr *header) {
  count += header->nlmsg_type >= NLMSG_MIN_TYPE;
}

static void receive(int fd, void (*take)(const struct nlmsghdr *header)) {
  int got;

  do {
    got = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++)
      take((const void *)messages[i]);
  } while (got == BATCH);
  if (got < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
    die("recvmmsg");
}

static void say_cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  say("cpu %lld", t.tv_sec * 1000000000LL + t.tv_nsec);
}

/* Returns false at the end. */
static bool obey(void) {
  char line[64];
  if (fgets(line, sizeof(line), stdin) == NULL || strcmp(line, "quit\n") == 0)
    return false;
  if (strcmp(line, "count\n") == 0)
    say("count %u", count);
  else
    say_cpu();
  return true;
}

int main(int argc, char **argv) {
  bool is_of_execs = argc == 2 && strcmp(argv[1], "execs") == 0;

  if (argc != 2 || (!is_of_execs && strcmp(argv[1], "records") != 0)) {
    fprintf(stderr, "usage: listener execs|records\n");
    return 2;
  }
  setpriority(PRIO_PROCESS, 0, NICE);
  proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc_fd < 0)
    die("/proc");
  for (size_t i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){messages[i], MESSAGE_SIZE};
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  setvbuf(stdin, NULL, _IONBF, 0); /* poll does not show what is in a buffer */
  struct mnl_socket *socket = is_of_execs ? open_events() : open_records();
  struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                         {.fd = mnl_socket_get_fd(socket), .events = POLLIN}};
  say("ready 0");
  for (;;) {
    if (poll(fds, 2, -1) < 0)
      die("poll");
    if (fds[1].revents != 0) {
      receive(fds[1].fd, is_of_execs ? read_cmdline : count_record);
      if (!is_of_execs)
        sleep_ns(REST_NS);
    }
    if (fds[0].revents != 0 && !obey())
      break;
  }
  if (is_of_execs)
    send_operation(socket, PROC_CN_MCAST_IGNORE);
  return 0;
}
