#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [asan|tsan [SUITE [PATTERN]]]
#
# Runs the integration suites with both sanitizers, or with one; see suites.bash.
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

need_root test "for these tests, as for the integration tests"
need_packages build run test integration
export TASKSTATS_BUILD=$build TASKSTATS_TESTS=$root/tests
if [ $# -gt 0 ]; then
  check_tap "sanitized: $1" "$root/tests/sanitized/suites.bash" "$@"
else
  for sanitizer in asan tsan; do
    check_tap "sanitized: $sanitizer" "$root/tests/sanitized/suites.bash" "$sanitizer"
  done
fi
end_part
