#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   fuzz.bash [SECONDS] [TARGET]...
#
# libFuzzer makes inputs for each target, or for these, for so long (60), under
# ASan and UBSan. Those that reach something new stay in build/fuzz/TARGET/corpus.
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

fuzz=$build/fuzz
flags="-O1 -fno-omit-frame-pointer -fsanitize=address -fsanitize=undefined"
flags+=" -fno-sanitize-recover=all -fsanitize=fuzzer-no-link"
make_fuzz=(CC=clang HARDEN=no VARIANT=fuzz CFLAGS="$flags")

# In the background
fuzz_target() { # SECONDS TARGET
  local directory=$fuzz/$2 status=0
  mkdir -p "$directory/corpus" "$root/tests/fuzz/corpus/$2"
  say 1 >"$directory/status" # if it does not come to its end
  TMPDIR=$directory setpriv --pdeathsig TERM "$fuzz/bin/$2" -max_total_time="$1" -timeout=60 \
    -print_final_stats=1 -artifact_prefix="$directory/" \
    "$directory/corpus" "$root/tests/fuzz/corpus/$2" >"$directory/log" 2>&1 || status=$?
  say "$status" >"$directory/status"
}

# What a run reached: "123 executions, 45 edges, 6 inputs". Fails if it executed
# nothing but what there was before.
fuzz_figures() { # LOG
  awk '
    / INITED / { first = substr($1, 2) }
    / cov: / { for (i = 2; i < NF; i++) { if ($i == "cov:") edges = $(i + 1)
                                          if ($i == "corp:") split($(i + 1), corpus, "/") } }
    /^stat::number_of_executed_units:/ { executions = $2 }
    END { printf "%d executions, %d edges, %d inputs", executions, edges, corpus[1]
          exit executions <= first || edges == 0 }' "$1"
}

check_fuzz() { # SECONDS TARGET
  local directory=$fuzz/$2 figures
  if [ "$(cat "$directory/status")" = 0 ] && figures=$(fuzz_figures "$directory/log"); then
    check "fuzz: $2, $1 s: $figures" true
    return
  fi
  grep -vE '^#[0-9]+' "$directory/log" | tail -n 60
  say "Once more: ${fuzz#"$root"/}/bin/$2 ${directory#"$root"/}/crash-..."
  check "fuzz: $2" false
}

seconds=60
if [[ ${1:-} =~ ^[1-9][0-9]*$ ]]; then
  seconds=$1
  shift
fi
mapfile -t targets < <(basename -a -s .c "$root"/tests/fuzz/*.c)
for target; do
  [[ " ${targets[*]} " == *" $target "* ]] ||
    misused "fuzz: no target \"$target\"; there are ${targets[*]}"
done
[ $# -eq 0 ] || targets=("$@")

need_packages build test
all_made=yes
make_in tests -k "${targets[@]/#/../build/fuzz/bin/}" "${make_fuzz[@]}" || all_made=no
# A short run shows little more than that the corpus passes: half of a CPU will do.
[ "$seconds" -ge 60 ] || jobs=$((2 * jobs))
for target in "${targets[@]}"; do
  rm -rf "${fuzz:?}/$target"/{log,status,taskstats-fuzz.*}
  if [ "$all_made" = yes ] || make_in tests -q "../build/fuzz/bin/$target" "${make_fuzz[@]}"; then
    await_cpu
    fuzz_target "$seconds" "$target" &
    pids+=($!)
  fi
done
wait
pids=()
for target in "${targets[@]}"; do
  if [ -e "$fuzz/$target/log" ]; then
    check_fuzz "$seconds" "$target"
  else
    check "fuzz: $target compiles" false
  fi
done
end_part
