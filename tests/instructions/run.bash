#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the hot paths take, against limits.
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"
# shellcheck source=count.bash
source "$root/tests/instructions/count.bash"

tests=$root/tests/instructions

compare_with_limits() {
  local status=0
  "$tests/compare.bash" "$tests/limits" "$build/instructions/figures" || status=$?
  [ "$status" -eq 0 ] ||
    say "The limits were counted with $(sed -n 's/^# Counted with //p' "$tests/limits")," \
      "and this with $(counted_with)."
  return "$status"
}

need_root test "for this test (it wants a pid namespace and taskstats)"
check "instructions: the comparison fails where it should" "$tests/check.bash"
if count_instructions; then
  check_tap instructions compare_with_limits
else
  check "instructions: what the hot paths take can be counted" false
fi
end_part
