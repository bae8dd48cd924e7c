/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include "fuzz/fuzz.h"

#include <errno.h>
#include <netlink/msg.h>

/*
 * A message from the kernel to the probe: whether it is an exit record, and the
 * message.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct answer answer;
  struct fuzz_input input = {data, size};
  bool at_end = fuzz_take_u8(&input) % 2 != 0;
  struct nlmsghdr *header = fuzz_copy(input.at, input.left);
  if (!nlmsg_ok(header, (int)input.left)) {
    free(header);
    return 0;
  }
  int status = answer_parse(header, at_end, &answer);
  fuzz_check(status == 0 || status == -EBADMSG || status == -EPROTONOSUPPORT);
  for (int part = 0; part < ANSWER_PARTS && status == 0; part++) {
    if (!answer.parts[part].there)
      continue;
    const struct stats *stats = &answer.parts[part].stats;
    fuzz_check(answer.parts[part].size <= ANSWER_PAYLOAD_MAX);
    fuzz_check(memchr(stats->comm, '\0', sizeof(stats->comm)) != NULL);
    fuzz_check(stats_is_process(stats) == (part == ANSWER_PROCESS));
    fuzz_check(stats->values[FIELD_version] >= STATS_VERSION_OLDEST);
  }
  if (status == 0)
    fuzz_check(answer.parts[ANSWER_THREAD].there ||
               answer.parts[ANSWER_PROCESS].there);
  free(header);
  return 0;
}
