#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# measure.bash PROGRAM DIRECTORY: runs the hot paths (hot.c) under callgrind.
# Prints of each path its name and, for one operation, how many instructions and
# system calls it takes. Instructions are those of user space; the kernel's work
# is the number of calls. Leaves DIRECTORY/PATH.callgrind for callgrind_annotate.
set -euo pipefail

program=$1
directory=$2

fail() {
  printf 'measure.bash: %s\n' "$*" >&2
  exit 1
}

# Pids begin at 1, and the processes end with the first one, however it ends.
contained() { unshare --pid --fork --kill-child --mount-proc "$@"; }

# What is kept open for members has descriptors above 1024.
ulimit -n 4096 || fail "wants 4096 open files; raise the hard limit (ulimit -Hn)"
command -v valgrind >/dev/null || fail "there is no valgrind; install it"
contained true ||
  fail "no pid namespace can be had (see above): this needs root, with CAP_SYS_ADMIN"

mkdir -p "$directory"
rm -f "$directory"/out* "$directory"/*.callgrind
# Symbols are resolved before, as the plugin's are that is linked with -z now.
LD_BIND_NOW=1 contained valgrind --quiet --tool=callgrind --instr-atstart=no \
  --collect-systime=yes --callgrind-out-file="$directory/out" \
  "$program" "$directory/operations" >"$directory/log" 2>&1 || {
  cat "$directory/log" >&2
  fail "$program failed under valgrind (see above)"
}

for dump in "$directory"/out.*; do
  path=$(sed -n 's/^desc: Trigger: Client Request: //p' "$dump")
  mv "$dump" "$directory/$path.callgrind"
done
while read -r path operations; do
  awk -v path="$path" -v operations="$operations" '
    /^totals:/ { found = 1; instructions = $2; calls = $3 }
    END {
      if (!found) exit 1
      printf "%-30s %8.1f %6.2f\n", path, instructions / operations, calls / operations
    }' "$directory/$path.callgrind" || fail "callgrind left no figures of $path"
done <"$directory/operations"
