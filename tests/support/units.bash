# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Builds and runs the unit tests with one compiler; for the parts unit and arch.

# shellcheck source=tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/tally.bash"

runner=() # the command that runs programs of another architecture

# Runs a program, which ends with this script, and leaves its output and its exit status
# beside it.
run_unit() { # BINARY
  local status=0
  CMOCKA_MESSAGE_OUTPUT=TAP setpriv --pdeathsig TERM "${runner[@]}" "$1" >"$1.log" 2>&1 ||
    status=$?
  say "$status" >"$1.status"
}

tally_unit() { # TITLE BINARY
  local log=$2.log status
  status=$(<"$2.status")
  [ "$status" -eq 0 ] || cat "$log"
  # Tests of features that the emulator lacks
  grep '^# skipped' "$log" | sort | uniq -c | sed 's/^ *\([0-9]*\) # /# \1 /' || true
  tally "unit, $1: $(basename "$2")" "$status" "$log"
}

# Runs all tests, or those with these names. VARIANT is make's: a folder of build/.
unit_tests() { # TITLE VARIANT [NAME]... -- MAKE'S ARGUMENT...
  local title=$1 directory=${2:-unit/gcc} variant=VARIANT=$2 name names=() all_made=yes binary made=()
  shift 2
  while [ "$1" != -- ]; do
    names+=("test_$1")
    shift
  done
  shift
  [ ${#names[@]} -gt 0 ] ||
    mapfile -t names < <(basename -s .c -a "$root"/tests/unit/test_*.c)
  make_in tests libraries "$variant" "$@" ||
    die "the plugin or a tool does not compile ($title); see the message above"
  make_in tests -k "${names[@]/#/../build/$directory/}" "$variant" "$@" || all_made=no
  for name in "${names[@]}"; do
    binary=$build/$directory/$name
    if [ "$all_made" = yes ] || make_in tests -q "../build/$directory/$name" "$variant" "$@"; then
      made+=("$binary")
      say 1 >"$binary.status" # in case it is killed
      await_cpu
      run_unit "$binary" &
      pids+=($!)
    else
      check "unit, $title: $name compiles" false
    fi
  done
  wait
  pids=()
  for binary in "${made[@]}"; do
    tally_unit "$title" "$binary"
  done
}
