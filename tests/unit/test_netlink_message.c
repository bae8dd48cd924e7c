/* SPDX-License-Identifier: MIT */
#include "kernel/netlink_message.h"

#include "support/test.h"

#include <stdio.h>

/* Also where int has no room for the length: libmnl accepts those. */
static void fits_with_its_length(void **state) {
  (void)state;
  static const struct {
    uint32_t length;
    size_t size;
    bool fits;
  } cases[] = {
      {16, 16, true},          {16, 20, true},          {20, 20, true},
      {20, 19, false},         {15, 20, false},         {0, 20, false},
      {16, 15, false},         {16, 0, false},          {0x7fffffff, 20, false},
      {0x80000000, 20, false}, {0xfffffffc, 20, false}, {0xffffffff, 20, false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char name[64];
    const struct nlmsghdr header = {.nlmsg_len = cases[i].length};
    snprintf(name, sizeof(name), "%u of %zu", cases[i].length, cases[i].size);
    assert_case_int(name, netlink_message_fits(&header, cases[i].size),
                    cases[i].fits);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fits_with_its_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
