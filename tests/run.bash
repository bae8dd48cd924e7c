#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [PART [ARGUMENT]...]
#
# Runs the tests, or one part of them. The last line has the counts.
#
# A part is a line in the table, and a script: tests/PART.bash or
# tests/PART/run.bash. It checks by what support/tally.bash has, and ends with
# end_part; if it does not, it counts as one test.
set -euo pipefail

# shellcheck source=support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/support/tally.bash"

# In the order in which all run, and whether they do without being named
parts=(
  lint:yes
  unit:yes
  simulation:yes
  manual:yes
  faults:yes
  fuzz:yes
  instructions:yes
  integration:yes
  stores:yes
  kernels:yes
  arch:no
  releases:no
  sanitized:no
  package:no
  fresh:no
  soak:no
)
patience_s=120 # a part ends what it has started, first

run_part() { # PART [ARGUMENT]...
  local script=$root/tests/$1.bash counts status=0 more begun=$SECONDS
  [ -e "$script" ] || script=$root/tests/$1/run.bash
  mkdir -p "$build/tests"
  counts=$(mktemp "$build/tests/$1.XXXXXX")
  scratch+=("$counts")
  # In the background, where bash ignores SIGINT and waits for signals meanwhile
  TASKSTATS_COUNTS=$counts start env --default-signal=INT "$script" "${@:2}"
  wait "${pids[-1]}" || status=$?
  pids=()
  read -ra more <"$counts" || more=()
  if [ ${#more[@]} -eq 3 ]; then
    passed=$((passed + more[0]))
    failed=$((failed + more[1]))
    skipped=$((skipped + more[2]))
    mapfile -t -O ${#failures[@]} failures < <(tail -n +2 "$counts")
  elif [ "$status" -eq 2 ]; then # misused, and said so
    exit 2
  else
    check "$1 (exit status $status)" [ "$status" -eq 0 ]
  fi
  say "# $1 took $((SECONDS - begun)) s"
}

part=${1:-all}
if [ "$part" = all ]; then
  need_root test "for the integration tests (or run one part: ./build.sh test unit)"
  for part in "${parts[@]}"; do
    [[ $part == *:no ]] || run_part "${part%:*}"
  done
else
  [[ " ${parts[*]%:*} " == *" $part "* ]] || misused "unknown part of the tests: $part"
  run_part "$@"
fi
say_counts
[ "$failed" -eq 0 ]
