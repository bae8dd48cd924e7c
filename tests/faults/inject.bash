#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   inject.bash [--full] [FILTER]
#
# Makes each call that may fail do so, in turn (faults.c): with one of its errors;
# or with each of them, and several calls in a row. FILTER is a pattern of the names
# of tests. Prints TAP. TASKSTATS_BUILD is where it builds (build/ of the tree).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
out=${TASKSTATS_BUILD:-$root/build}/faults
# shellcheck disable=SC2054 # a comma in an option
compile=(gcc -std=c11 -O1 -g -D_GNU_SOURCE -pthread -fno-omit-frame-pointer
  -fsanitize=address,undefined -fno-sanitize-recover=all
  -DHAVE_CONFIG_H -isystem /usr/include/collectd
  -isystem /usr/include/collectd/core -isystem /usr/include/collectd/core/daemon
  -I"$root/plugin" -I"$root/tests")

# The names of the functions that may fail.
injected() {
  grep -oP '^(?:ALLOCATION|CALL|SOCKET)\([^,]*, \K\w+|^INJECT\(INJECT_CALLS, [^,]*, \K\w+|inject_\K\w+(?=\()' \
    "$root/tests/faults/inject.c" | grep -vxE 'begin|end|ways|what' | sort -u
}

# All of the plugin but what calls collectd.
core() {
  find "$root/plugin" -name '*.c' |
    grep -vE 'collectd/(module|notification|values|exit_watch|log|oom_setup)\.c$' | sort
}

build() {
  rm -rf "$out"
  mkdir -p "$out/core"
  injected | sed 's/.*/& inject_&/' >"$out/names"
  (
    cd "$out/core"
    core | xargs -n 8 -P "$(nproc)" "${compile[@]}" -c
  )
  ld -r -o "$out/core.o" "$out"/core/*.o
  objcopy --redefine-syms="$out/names" "$out/core.o"
  "${compile[@]}" "$root"/tests/faults/{faults,inject}.c "$out/core.o" \
    -lmnl -lpcre2-8 -lyajl -lcmocka -o "$out/faults"
}

full=()
if [[ ${1:-} == --full ]]; then
  full=(--full)
  shift
fi
build
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
exec "$out/faults" "${full[0]:-}" "$@"
