#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each call that may fail does so in turn, see inject.bash, which takes the arguments.
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

need_packages build test faults
check_tap faults "$root/tests/faults/inject.bash" "$@"
end_part
