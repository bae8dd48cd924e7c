#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   exports.bash LIBRARY SYMBOL
#
# Fails with a message unless the library exports only this symbol, besides those
# of the compiler (__).
set -euo pipefail

exported=$(nm -D --defined-only "$1" | awk '$NF !~ /^__/ { print $NF }' | xargs)
[ "$exported" = "$2" ] || {
  printf '%s must export only %s, but exports: %s; %s\n' "$(basename "$1")" "$2" \
    "${exported:-nothing}" "give it __attribute__((visibility(\"default\")))\
 and make the others static or hidden" >&2
  exit 1
}
