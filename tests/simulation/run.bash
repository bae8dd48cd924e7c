#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The simulation, with other histories each day: the seed is the date, with room
# for a million histories.
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

need_packages build
if make_in tests simulation CC=gcc; then
  check "simulation: the totals of random histories are true" \
    "$build/simulation" --histories 250000 "$(date -u +%Y%m%d)000000"
else
  check "simulation: it compiles" false
fi
end_part
