# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What runs in the background, a job a CPU, and is tallied when all have ended:
# bats suites, and machines.

# shellcheck source=tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/tally.bash"

delayacct=/proc/sys/kernel/task_delayacct

build_helpers() { make_in tests support CC=gcc; }

# In the background, where bash ignores SIGINT. Prints at its end what it said.
run_job() { # LOG COMMAND...
  local status=0
  say 1 >"$1.status" # if it does not come to its end
  TASKSTATS_BUILD=$build TASKSTATS_TESTS=$root/tests \
    setpriv --pdeathsig TERM env --default-signal=INT "${@:2}" >"$1.log" 2>&1 &
  # It ends no sooner than the command.
  trap 'kill "$!"; wait "$!"; exit 143' TERM
  wait "$!" || status=$?
  say "$status" >"$1.status"
  flock "$(dirname "$1")" cat "$1.log"
}

# Its log is NAME.log in the folder.
start_job() { # FOLDER NAME COMMAND...
  await_cpu
  run_job "$1/$2" "${@:3}" &
  pids+=($!)
}

# Waits for all, and tallies those of these names.
tally_jobs() { # PART FOLDER NAME...
  local name
  wait
  pids=()
  for name in "${@:3}"; do
    tally "$1: $name" "$(cat "$2/$name.status")" "$2/$name.log"
  done
}

bats_tests() { # PART [SUITE]...: all suites, or these
  local part=$1 logs=$build/tests/$1 suites suite
  shift
  build_all
  build_helpers
  suites=("${@/%/.bats}")
  # The long ones first
  [ $# -gt 0 ] || mapfile -t suites < <(cd "$root/tests/$part" && ls -S ./*.bats)
  suites=("${suites[@]#./}")
  rm -rf "$logs"
  mkdir -p "$logs"
  keep_setting "$delayacct"
  for suite in "${suites[@]}"; do
    start_job "$logs" "${suite%.bats}" \
      bats --tap --timing --print-output-on-failure "$root/tests/$part/$suite"
  done
  tally_jobs "$part" "$logs" "${suites[@]%.bats}"
}

# A part that consists of bats suites: all, or these.
run_suites() { # PART [SUITE]...
  local part=$1 suite
  for suite in "${@:2}"; do
    [ -e "$root/tests/$part/$suite.bats" ] ||
      misused "$part: there is no tests/$part/$suite.bats"
  done
  need_root test "for these tests (taskstats wants CAP_NET_ADMIN, /proc/<pid>/io CAP_SYS_PTRACE)"
  need_packages build test "$part"
  bats_tests "$@"
  end_part
}
