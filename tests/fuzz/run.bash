#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each target for 5 seconds.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/fuzz.bash" 5
