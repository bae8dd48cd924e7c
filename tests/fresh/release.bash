#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   release.bash SUITE DIRECTORY
#
# Runs build.sh's first commands in a new root that is made in the directory: a
# minimal system of Debian's SUITE, whose host name does not resolve. Prints TAP.
set -euo pipefail

export LC_ALL=C

suite=$1
directory=$(realpath -m "$2")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
export HOST=nowhere-known
mkdir -p "$directory"
work=$(mktemp -d "$directory/$suite.XXXXXX")
system=$work/system
trap 'leave_machine; end_root "$system"; rm -rf --one-file-system "$work"' EXIT

# shellcheck source=../support/machine.bash
source "$root/tests/support/machine.bash"
# shellcheck source=../support/roots.bash
source "$root/tests/support/roots.bash"
# shellcheck source=../support/tap.bash
source "$root/tests/support/tap.bash"

is_unknown() { ! in_root "$system" getent hosts "$HOST"; }

# Executes "build.sh run" on a terminal that is wide enough for all columns. What
# it shows is in $shown.raw and, without escape sequences, in $shown.log, the
# settings of delay accounting meanwhile in $shown.settings, and that afterwards
# in $after.
run() { # [OPTION]...
  local status=0
  shown=$work/run$1
  delay_accounting 0 || return # as on a new machine
  in_root "$system" script -qec "stty cols 160 rows 60 && /src/build.sh run $*" \
    /dev/null >"$shown.raw" 2>&1 </dev/null {lock}>&- &
  while kill -0 $! 2>/dev/null; do
    cat "$DELAYACCT"
    sleep 0.2
  done >"$shown.settings"
  wait $! || status=$?
  after=$(<"$DELAYACCT")
  leave_machine
  sed -E 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r//g' "$shown.raw" >"$shown.log"
  [ "$status" -eq 0 ] || tail -n 30 "$shown.log"
  return "$status"
}

says() { # PATTERN
  grep -qE "$1" "$shown.log" || {
    echo "It does not say: $1"
    head -n 40 "$shown.log"
    return 1
  }
}

# The columns after the name: processes, threads, CPU, and the waits for a CPU and
# the disk.
shows_waits() {
  says '^load-cpu +2 +2 +[0-9.]+ +[1-9][0-9]* +[0-9]' &&
    says '^load-disk +1 +1 +[0-9.]+ +[0-9.]+ +[^ ]*[1-9]'
}

explains_itself() {
  says 'Waits in ms/s of all threads' && grep -q $'\e\\[1;31m1000+' "$shown.raw"
}

restores_delay_accounting() {
  grep -qx 1 "$shown.settings" && [ "$after" = 0 ] &&
    says 'Delay accounting .* was off. It is on while' && says 'Delay accounting is off again'
}

leaves_files() {
  compgen -G "$system/src/build/run/csv/localhost/taskstats-load-cpu/*" &&
    compgen -G "$system/src/build/run/charts/*.png"
}

# Waits for the disk are unknown then.
runs_as_is() {
  run --as-is --seconds 5 && [ "$after" = 0 ] && ! grep -vx 0 "$shown.settings" &&
    says 'Delay accounting is off \(kernel.task_delayacct is 0\)' &&
    says '^load-disk +1 +1 +[0-9.]+ +[0-9.]+ +- '
}

tests_pass() { # PART NAME
  in_root "$system" /src/build.sh test "$@" 2>&1 | tail -n 40 | tee "$work/test.log"
  tail -n 1 "$work/test.log" | grep -qE '^[1-9][0-9]* passed, 0 failed$'
}

echo 1..9
make_root "$root/build/roots/$suite"
cp -a "$root/build/roots/$suite" "$system"
copy_tree "$system"
check "$suite: the host name does not resolve" is_unknown
check "$suite: run succeeds" run --seconds 15
check "$suite: run explains itself" explains_itself
check "$suite: run shows what its load waits for" shows_waits
check "$suite: run leaves values and charts" leaves_files
check "$suite: run switches delay accounting on, and off again" restores_delay_accounting
check "$suite: run --as-is leaves delay accounting alone" runs_as_is
check "$suite: a unit test" tests_pass unit record
check "$suite: an integration suite" tests_pass integration config
