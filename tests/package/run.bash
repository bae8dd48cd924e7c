#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds and tests the packages on both releases of Debian, or on those named as
# arguments.
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

check_releases package "$@"
end_part
