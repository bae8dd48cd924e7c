#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a new user does first, on the releases of Debian (or those that are named):
# minimal systems, on which nothing is installed.
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

check_releases fresh "$@"
end_part
