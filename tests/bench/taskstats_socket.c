/* SPDX-License-Identifier: MIT */
#include "taskstats_socket.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/taskstats.h>

enum { MESSAGE_SIZE = 2048 };

struct nlmsghdr *taskstats_socket_put(void *buffer, uint16_t type,
                                      uint8_t command, uint8_t version) {
  struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

  header->nlmsg_type = type;
  header->nlmsg_flags = NLM_F_REQUEST;
  struct genlmsghdr *generic =
      mnl_nlmsg_put_extra_header(header, sizeof(*generic));
  generic->cmd = command;
  generic->version = version;
  return header;
}

static int take_family(const struct nlattr *attribute, void *data) {
  if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID)
    *(uint16_t *)data = mnl_attr_get_u16(attribute);
  return MNL_CB_OK;
}

/* Returns the id, or 0 with errno set. */
static uint16_t find_family(const struct mnl_socket *socket) {
  _Alignas(struct nlmsghdr) unsigned char bytes[MESSAGE_SIZE];
  uint16_t family = 0;
  struct nlmsghdr *header =
      taskstats_socket_put(bytes, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);

  mnl_attr_put_strz(header, CTRL_ATTR_FAMILY_NAME, TASKSTATS_GENL_NAME);
  if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
    return 0;
  ssize_t got = mnl_socket_recvfrom(socket, bytes, sizeof(bytes));
  if (got < 0)
    return 0;
  if (mnl_nlmsg_ok(header, (int)got) && header->nlmsg_type == GENL_ID_CTRL)
    mnl_attr_parse(header, sizeof(struct genlmsghdr), take_family, &family);
  if (family == 0)
    errno = EPROTONOSUPPORT;
  return family;
}

struct mnl_socket *taskstats_socket_open(uint16_t *family) {
  struct mnl_socket *socket = mnl_socket_open(NETLINK_GENERIC);

  if (socket == NULL)
    return NULL;
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
      (*family = find_family(socket)) != 0)
    return socket;
  int error = errno;
  mnl_socket_close(socket);
  errno = error;
  return NULL;
}
