#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each target for 10 seconds.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/fuzz.bash" 10
