#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [SUITE]...
#
# What contrib/ has, with the real servers: all suites, or these.
set -euo pipefail

# shellcheck source=../support/suites.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/suites.bash"

for suite; do
  [ -e "$root/tests/stores/$suite.bats" ] ||
    misused "stores: there is no tests/stores/$suite.bats"
done
need_root test "for these tests (taskstats wants CAP_NET_ADMIN, /proc/<pid>/io CAP_SYS_PTRACE)"
need_packages build test stores
bats_tests stores "$@"
end_part
