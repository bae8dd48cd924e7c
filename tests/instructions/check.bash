#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Tests compare.bash: that it fails, and says what, where it should.
set -euo pipefail

directory=$(mktemp -d)
trap 'rm -rf -- "$directory"' EXIT
compare=$(dirname "${BASH_SOURCE[0]}")/compare.bash
wrong=0

expect() { # STATUS NEEDLE LIMITS FIGURES
  local status=0 said
  printf '%b' "$3" >"$directory/limits"
  printf '%b' "$4" >"$directory/figures"
  said=$("$compare" "$directory/limits" "$directory/figures") || status=$?
  [[ $status == "$1" && $said == *"$2"* ]] && return
  printf 'limits "%s", figures "%s": status %s, and said: %s\n' "$3" "$4" "$status" "$said"
  wrong=1
}

expect 0 'ok 1 - a: 100.0 instructions' '# path\na 100.0 2.00\n' 'a 100.0 2.00\n'
expect 0 'ok 1 - a' 'a 100.0 2.00\n' 'a 109.9 2.19\n'
expect 0 'ok 1 - a' 'a 100.0 0.00\n' 'a 100.0 0.01\n'
expect 1 'not ok 1 - a: 110.2 instructions' 'a 100.0 2.00\n' 'a 110.2 2.00\n'
expect 1 'annotate build/instructions/a.callgrind' 'a 100.0 2.00\n' 'a 200.0 2.00\n'
expect 1 'not ok 1 - a: 3.00 system calls' 'a 100.0 2.00\n' 'a 100.0 3.00\n'
expect 1 'not ok 1 - a: 1.00 system calls' 'a 100.0 0.00\n' 'a 100.0 1.00\n'
expect 0 'could be lowered' 'a 100.0 2.00\n' 'a 79.0 2.00\n'
expect 0 'could be lowered' 'a 100.0 2.00\n' 'a 100.0 1.00\n'
expect 1 'not ok 2 - b: in the table' 'a 100.0 0.00\nb 1.0 0.00\n' 'a 100.0 0.00\n'
expect 1 'not ok 2 - b: measured' 'a 100.0 0.00\n' 'a 100.0 0.00\nb 1.0 0.00\n'
expect 1 '1..1' '' 'a 100.0 0.00\n'
expect 1 '1..0' '' ''
exit "$wrong"
