#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   exports.bash LIBRARY SYMBOL
#
# Fails, and says why, unless the library exports this symbol alone; but for what
# is the compiler's own (__).
set -euo pipefail

exported=$(nm -D --defined-only "$1" | awk '$NF !~ /^__/ { print $NF }' | xargs)
[ "$exported" = "$2" ] || {
  printf '%s must export %s alone, but exports: %s; %s\n' "$(basename "$1")" "$2" \
    "${exported:-nothing}" "give that one __attribute__((visibility(\"default\")))\
 and make the others static or hidden" >&2
  exit 1
}
