#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [SUITE]...
#
# What collectd dispatches, against what is known: all suites, or these.
set -euo pipefail

# shellcheck source=../support/suites.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/suites.bash"

run_suites integration "$@"
