#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a new user does first, in minimal systems of both releases of Debian, or of
# those named as arguments.
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

check_releases fresh "$@"
end_part
