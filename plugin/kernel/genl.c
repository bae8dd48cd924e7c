/* SPDX-License-Identifier: MIT */
#include "kernel/genl.h"

#include "kernel/netlink_message.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { BUFFER_SIZE = 2048 };

static int family_attr(const struct nlattr *attr, void *data) {
  uint16_t *family = data;
  if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
      mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
    *family = mnl_attr_get_u16(attr);
  return MNL_CB_OK;
}

static int family_answer(const struct nlmsghdr *header, void *data) {
  return mnl_attr_parse(header, sizeof(struct genlmsghdr), family_attr, data);
}

/* Asks the generic netlink controller for the id of "TASKSTATS". */
static int find_family(int fd, uint16_t *family) {
  _Alignas(struct nlmsghdr) unsigned char buffer[BUFFER_SIZE];
  struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
  header->nlmsg_type = GENL_ID_CTRL;
  header->nlmsg_flags = NLM_F_REQUEST;
  header->nlmsg_seq = 1;
  struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(header, sizeof(*genl));
  genl->cmd = CTRL_CMD_GETFAMILY;
  genl->version = 1;
  mnl_attr_put_strz(header, CTRL_ATTR_FAMILY_NAME, TASKSTATS_GENL_NAME);

  struct timeval timeout = {.tv_sec = 1};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) != 0 ||
      send(fd, header, header->nlmsg_len, MSG_NOSIGNAL) < 0)
    return -errno;
  ssize_t received = recv(fd, buffer, sizeof(buffer), 0);
  if (received < 0)
    return errno == EAGAIN ? -ETIMEDOUT : -errno;

  if (!netlink_message_fits(header, (size_t)received))
    return -EBADMSG;

  *family = 0;
  if (mnl_cb_run(buffer, header->nlmsg_len, 1, 0, family_answer, family) < 0)
    return -errno;
  return *family != 0 ? 0 : -ENOENT;
}

int genl_connect(uint16_t *family) {
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
  if (fd < 0)
    return -errno;

  int status = connect(fd, (struct sockaddr *)&kernel, sizeof(kernel)) == 0
                   ? find_family(fd, family)
                   : -errno;
  if (status != 0) {
    close(fd);
    return status;
  }
  return fd;
}
