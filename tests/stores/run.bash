#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [SUITE]...
#
# What contrib/ has, with the real servers: all suites, or these.
set -euo pipefail

# shellcheck source=../support/suites.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/suites.bash"

run_suites stores "$@"
