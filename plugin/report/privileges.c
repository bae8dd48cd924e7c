/* SPDX-License-Identifier: MIT */
#include "report/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool privileges_have(unsigned int capability) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

  return syscall(SYS_capget, &header, data) == 0 &&
         (data[capability / 32].effective & (1U << capability % 32)) != 0;
}

bool privileges_are_filtered(void) {
  int mode = prctl(PR_GET_SECCOMP);
  /* EINVAL: built without seccomp filters */
  return mode < 0 ? errno != EINVAL : mode > 0;
}
