#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [SUITE]...
#
# What collectd dispatches, against what is known: all suites, or these.
set -euo pipefail

# shellcheck source=../support/suites.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/suites.bash"

for suite; do
  [ -e "$root/tests/integration/$suite.bats" ] ||
    misused "integration: there is no tests/integration/$suite.bats"
done
need_root test "for these tests (taskstats wants CAP_NET_ADMIN, /proc/<pid>/io CAP_SYS_PTRACE)"
need_packages build test integration
bats_tests integration "$@"
end_part
