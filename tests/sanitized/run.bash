#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [asan|tsan [SUITE [PATTERN]]]
#
# The integration suites with both sanitizers, or with one, see suites.bash.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
export TASKSTATS_BUILD=${TASKSTATS_BUILD:-$root/build} TASKSTATS_TESTS=$root/tests

[ $# -eq 0 ] || exec "$root/tests/sanitized/suites.bash" "$@"
status=0
for sanitizer in asan tsan; do
  "$root/tests/sanitized/suites.bash" "$sanitizer" || status=1
done
exit "$status"
