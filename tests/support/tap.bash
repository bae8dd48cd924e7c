# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Prints a line of TAP for each test. A test is a command; if it fails, its output
# follows as comments.

tests_done=0

check() { # NAME COMMAND...
  local log result=ok
  log=$(mktemp)
  "${@:2}" >"$log" 2>&1 || result='not ok'
  tests_done=$((tests_done + 1))
  echo "$result $tests_done - $1"
  [ "$result" = ok ] || sed 's/^/# /' "$log"
  rm "$log"
}
