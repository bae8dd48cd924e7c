#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs lint, unit and simulation on the supported Debian releases other than this
# system's, which the other parts test.
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

releases=(bookworm trixie)

need_root test "for this test (it makes systems, and enters them)"
need_packages releases
for release in "${releases[@]}"; do
  ! grep -qx "VERSION_CODENAME=$release" /etc/os-release || continue
  for part in lint unit simulation; do
    check "$release: $part" "$root/tests/releases/enter.bash" "$release" \
      "$build/releases/$release" test "$part"
  done
done
end_part
