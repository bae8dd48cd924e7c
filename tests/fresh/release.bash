#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   release.bash SUITE DIRECTORY
#
# Enters build.sh's first commands in a root that is made anew in the directory: a
# minimal system of Debian's SUITE, and a machine whose name nobody knows. Prints
# TAP.
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

# On a terminal that is wide enough for all columns
runs() {
  local status=0
  # As on a new machine
  delay_accounting 0
  in_root "$system" script -qec 'stty cols 160 rows 60 && /src/build.sh run --seconds 15' \
    /dev/null >"$work/run.raw" 2>&1 </dev/null {lock}>&- || status=$?
  after=$(<"$DELAYACCT")
  leave_machine
  sed -E 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r//g' "$work/run.raw" >"$work/run.log"
  [ "$status" -eq 0 ] || tail -n 30 "$work/run.log"
  return "$status"
}

says() { # PATTERN
  grep -qE "$1" "$work/run.log" || {
    echo "It does not say: $1"
    head -n 40 "$work/run.log"
    return 1
  }
}

# The columns after the name: processes, threads, CPU, and the waits for a CPU and
# the disk, which have been counted.
shows_waits() {
  says '^load-cpu +2 +2 +[0-9.]+ +[1-9][0-9]* +[0-9]' &&
    says '^load-disk +1 +1 +[0-9.]+ +[0-9.]+ +[^ ]*[1-9]'
}

explains_itself() {
  says 'Waits in ms/s of all threads' && grep -q $'\e\\[1;31m1000+' "$work/run.raw"
}

restores_delay_accounting() {
  [ "$after" = 0 ] &&
    says 'Delay accounting .* was off. It is on while' && says 'Delay accounting is off again'
}

leaves_files() {
  compgen -G "$system/src/build/run/csv/localhost/taskstats-load-cpu/*" &&
    compgen -G "$system/src/build/run/charts/*.png"
}

tests_pass() { # PART NAME
  in_root "$system" /src/build.sh test "$@" 2>&1 | tail -n 40 | tee "$work/test.log"
  tail -n 1 "$work/test.log" | grep -qE '^[1-9][0-9]* passed, 0 failed$'
}

echo 1..8
make_root "$root/build/roots/$suite"
cp -a "$root/build/roots/$suite" "$system"
copy_tree "$system"
check "$suite: the machine's name is unknown" is_unknown
check "$suite: run ends well" runs
check "$suite: run explains itself" explains_itself
check "$suite: run shows what its load waits for" shows_waits
check "$suite: run leaves values and charts" leaves_files
check "$suite: run switches delay accounting on, and off again" restores_delay_accounting
check "$suite: a unit test" tests_pass unit record
check "$suite: an integration suite" tests_pass integration config
