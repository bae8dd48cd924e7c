#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [SUITE]...
#
# Tests contrib/ with real servers: all suites, or the given ones.
set -euo pipefail

# shellcheck source=../support/suites.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/suites.bash"

run_suites stores "$@"
