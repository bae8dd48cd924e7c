#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   names.bash OBJECT
#
# Prints for objcopy how the calls in an object of the functions in inject.c are
# renamed: NAME to inject_NAME. With 64-bit file offsets, glibc's headers have the
# object call NAME64 instead.
set -euo pipefail

names=$(grep -oP '^(?:ALLOCATION|CALL|SOCKET)\([^,]*, \K\w+|^INJECT\(INJECT_\w+, [^,]*, \K\w+|inject_\K\w+(?=\()' \
  "$(dirname "${BASH_SOURCE[0]}")/inject.c" | grep -vxE 'begin|end|ways|what|set_back' | sort -u)
nm -u "$1" | awk -v names="${names//$'\n'/ }" '
  BEGIN { split(names, list, " "); for (i in list) known[list[i]] }
  { name = $2; sub(/64$/, "", name) }
  name in known { print $2, "inject_" name }'
