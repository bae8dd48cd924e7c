#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The packages, on the releases of Debian (or those that are named).
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

check_releases package "$@"
end_part
