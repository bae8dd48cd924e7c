#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [--full] [FILTER]
#
# Each call that may fail fails in turn (faults.c): with one of its errors; or, with
# --full, with each of them, and several calls in a row. FILTER is a pattern of the
# names of tests.
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

full=''
if [ "${1:-}" = --full ]; then
  full=--full
  shift
fi
need_packages build test faults
make_in tests faults VARIANT=faults CC=gcc HARDEN=no \
  CFLAGS="-O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
check_tap faults "$build/faults/bin/faults" "$full" "$@"
end_part
