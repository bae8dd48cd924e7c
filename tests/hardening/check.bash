#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   check.bash FILE...
#
# Prints what built programs and libraries lack of what makes a fault in code
# that runs as root hard to use, whatever the flags of the build say. Returns 1
# if that is anything.
set -euo pipefail

export LC_ALL=C

status=0

lacks() { # WHAT
  printf '%s %s\n' "$file" "$1"
  status=1
}

check_layout() {
  local headers dynamic
  headers=$(readelf -Wl "$file")
  dynamic=$(readelf -Wd "$file")
  grep -qE '^ *GNU_STACK .* RW +0x' <<<"$headers" || lacks "has an executable stack"
  ! grep -qE '^ *LOAD .* RWE +0x' <<<"$headers" || lacks "has memory that is written and executed"
  grep -qE '^ *GNU_RELRO ' <<<"$headers" || lacks "does not protect its relocations (RELRO)"
  grep -qE '\((FLAGS|FLAGS_1)\).*NOW' <<<"$dynamic" || lacks "binds its symbols late"
  ! grep -qF '(TEXTREL)' <<<"$dynamic" || lacks "has code that is relocated"
  ! grep -qE '\((RPATH|RUNPATH)\)' <<<"$dynamic" || lacks "names directories for its libraries"
  ! grep -qE '^ *INTERP ' <<<"$headers" || grep -qE '\(FLAGS_1\).* PIE' <<<"$dynamic" ||
    lacks "cannot be loaded anywhere (PIE)"
}

# What the compiler put in shows by the functions of libc that are called.
check_calls() {
  local symbols
  symbols=$(readelf -W --dyn-syms "$file")
  grep -qE ' UND __stack_chk_(fail|guard)' <<<"$symbols" || lacks "has no stack protector"
  grep -qE ' UND __[a-z]+_chk\b' <<<"$symbols" || lacks "does not check sizes (_FORTIFY_SOURCE)"
}

# Each source, by what gcc notes of its flags.
check_units() {
  local flags=(-fstack-protector-strong -fstack-clash-protection) flag
  [ "$(uname -m)" != x86_64 ] || flags+=(-fcf-protection)
  local all few
  all=$(readelf -W --debug-dump=info --dwarf-depth=1 "$file" 2>/dev/null |
    grep 'DW_AT_producer .*GNU C' || true)
  [ -n "$all" ] || lacks "does not tell how gcc compiled it"
  for flag in "${flags[@]}"; do
    few=$(grep -cv -e "$flag" <<<"$all" || true)
    [ "$few" -eq 0 ] || lacks "has $few sources that are compiled without $flag"
  done
}

for file; do
  check_layout
  check_calls
  check_units
done
exit "$status"
