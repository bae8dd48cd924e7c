/* SPDX-License-Identifier: MIT */
#include "select/pattern_memo.h"

#include <stdlib.h>

const struct pattern_finding *pattern_memo_find(const struct pattern_memo *memo,
                                                const struct pattern *pattern) {
  for (size_t i = 0; i < memo->count; i++)
    if (memo->findings[i].pattern == pattern)
      return &memo->findings[i];
  return NULL;
}

void pattern_memo_add(struct pattern_memo *memo,
                      const struct pattern_finding *finding) {
  struct pattern_finding *larger =
      realloc(memo->findings, (memo->count + 1) * sizeof(*larger));
  if (larger == NULL)
    return;
  memo->findings = larger;
  memo->findings[memo->count++] = *finding;
}

void pattern_memo_clear(struct pattern_memo *memo) {
  free(memo->findings);
  *memo = (struct pattern_memo){0};
}
