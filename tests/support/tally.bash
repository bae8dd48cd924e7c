# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Counts the checks of a part of the tests. A part sources this file, runs checks, and
# writes its counts when it ends, for tests/run.bash; without that, it prints them.

# shellcheck source=../../contrib/make/script.bash
source "$(dirname "${BASH_SOURCE[0]}")/../../contrib/make/script.bash"

passed=0
failed=0
skipped=0
failures=() # lines about what failed

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then
    say "ok - $name"
    passed=$((passed + 1))
  else
    say "not ok - $name"
    failed=$((failed + 1))
    failures+=("not ok - $name")
  fi
}

# The failed tests in a TAP log, each with the first lines of its explanation
first_lines() { # LOG
  awk '/^not ok / { left = 60 } !/^(not ok |#)/ { left = 0 } left-- > 0 { print "  " $0 }' "$1"
}

# Adds the results in a TAP log. A test that was planned but not reported counts as
# failed. A program that fails without a failed test, or that has no tests, counts as
# one failure.
tally() { # NAME STATUS LOG
  local plan ok not_ok skip bad
  read -r plan ok not_ok skip < <(awk '
    /^1\.\.[0-9]+/ { plan += substr($1, 4) }
    /^(not )?ok [0-9]+ .*# *[Ss][Kk][Ii][Pp]/ { skip++; next }
    /^ok [0-9]+/ { ok++ }
    /^not ok [0-9]+/ { not_ok++ }
    END { print plan + 0, ok + 0, not_ok + 0, skip + 0 }' "$3")
  bad=$((plan > ok + skip ? plan - ok - skip : 0))
  ((bad >= not_ok)) || bad=$not_ok
  ((bad > 0 || ($2 == 0 && plan > 0))) || bad=1
  passed=$((passed + ok))
  failed=$((failed + bad))
  skipped=$((skipped + skip))
  if ((bad > 0)); then
    failures+=("not ok - $1: $ok passed, $bad failed (exit status $2)")
    say "${failures[-1]}"
    mapfile -t -O ${#failures[@]} failures < <(first_lines "$3")
  else
    say "ok - $1: $ok passed"
  fi
}

# Counts the tests of a program that prints TAP.
check_tap() { # NAME COMMAND...
  local log=$build/tests/${1//[^A-Za-z0-9]/-}.log status=0
  mkdir -p "$build/tests"
  "${@:2}" >"$log" || status=$?
  cat "$log"
  tally "$1" "$status" "$log"
}

# Runs release.bash of a part, which prints TAP, for these Debian releases; the default
# is both.
check_releases() { # PART [SUITE]...
  local part=$1 suite
  shift
  [ $# -gt 0 ] || set -- bookworm trixie
  need_root test "for this test (it makes systems, and enters them)"
  need_packages releases
  for suite; do
    check_tap "$part: $suite" "$root/tests/$part/release.bash" "$suite" "$build/$part"
  done
}

# What failed, again, since much may have been printed after it, and the counts
say_counts() {
  [ "$failed" -eq 0 ] || printf '%s\n' "" "Failed:" "${failures[@]}" ""
  [ "$skipped" -eq 0 ] || say "$skipped skipped"
  say "$passed passed, $failed failed"
}

# The last command of a part.
end_part() {
  if [ -n "${TASKSTATS_COUNTS:-}" ]; then
    printf '%s\n' "$passed $failed $skipped" "${failures[@]}" >"$TASKSTATS_COUNTS"
  else
    say_counts
  fi
  [ "$failed" -eq 0 ]
}
