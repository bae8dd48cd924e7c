#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   compiler.bash COMPILER [FLAG]...
#
# Prints, for make, the hardening flags that this compiler accepts, and the library
# of 64-bit atomics if the processor has none. An older libc or compiler treats
# _FORTIFY_SOURCE=3 as 2.
set -euo pipefail

export LC_ALL=C

compiler=("$@")

# Whether the compiler accepts these flags without a warning.
takes_flags() { # FLAG...
  "${compiler[@]}" -Werror -O2 -x c - "$@" -o /dev/null 2>/dev/null <<'SOURCE'
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
_Atomic uint64_t number;
int main(void) { return (int)atomic_fetch_add(&number, 1); }
SOURCE
}

hardening=(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
atomics=()
takes_flags || atomics=(-latomic)
for flag in -fstack-protector-strong -fstack-clash-protection -fcf-protection \
  -mbranch-protection=standard; do
  ! takes_flags "$flag" "${atomics[@]}" || hardening+=("$flag")
done
printf 'HARDENING := %s\nATOMICS := %s\n' "${hardening[*]}" "${atomics[*]}"
