#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The packages, on the releases of Debian (or those that are named).
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

[ $# -gt 0 ] || set -- bookworm trixie

need_root test "for this test (it makes systems, and enters them)"
need_packages releases
for suite; do
  check_tap "package: $suite" "$root/tests/package/release.bash" "$suite" "$build/package"
done
end_part
