#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Counts anew what the hot paths may take, into the table of limits.
set -euo pipefail

# shellcheck source=../../contrib/make/script.bash
source "$(dirname "${BASH_SOURCE[0]}")/../../contrib/make/script.bash"
# shellcheck source=count.bash
source "$root/tests/instructions/count.bash"

need_root renew-limits "to count instructions (that wants a pid namespace and taskstats)"
count_instructions || die "the hot paths could not be measured; see above"
{
  cat <<TABLE
# How many instructions and system calls an operation of each hot path (hot.c)
# takes; more is an error, but for a margin. Written by ./build.sh renew-limits.
# Counted with $(counted_with)
TABLE
  cat "$build/instructions/figures"
} | tee "$root/tests/instructions/limits"
