# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Builds and runs the unit tests with one compiler; for the parts unit and arch.

# shellcheck source=tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/tally.bash"

runner=() # the command that runs programs of another architecture

unit_test() { # TITLE BINARY
  local log=$2.log status=0
  CMOCKA_MESSAGE_OUTPUT=TAP "${runner[@]}" "$2" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || cat "$log"
  # Tests of features that the emulator lacks
  grep '^# skipped' "$log" | sort | uniq -c | sed 's/^ *\([0-9]*\) # /# \1 /' || true
  tally "unit, $1: $(basename "$2")" "$status" "$log"
}

# Runs all tests, or those with these names. VARIANT is make's: a folder of build/.
unit_tests() { # TITLE VARIANT [NAME]... -- MAKE'S ARGUMENT...
  local title=$1 directory=${2:-unit/gcc} variant=VARIANT=$2 name names=() all_made=yes
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
    if [ "$all_made" = yes ] || make_in tests -q "../build/$directory/$name" "$variant" "$@"; then
      unit_test "$title" "$build/$directory/$name"
    else
      check "unit, $title: $name compiles" false
    fi
  done
}
