#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a new user does first, on the releases of Debian (or those that are named):
# minimal systems, on which nothing is installed.
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

[ $# -gt 0 ] || set -- bookworm trixie

need_root test "for this test (it makes systems, and enters them)"
need_packages releases
for suite; do
  check_tap "fresh: $suite" "$root/tests/fresh/release.bash" "$suite" "$build/fresh"
done
end_part
