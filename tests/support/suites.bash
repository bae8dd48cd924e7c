# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Runs jobs (bats suites and emulated machines) in the background, one per CPU, and
# tallies them when all have ended.

# shellcheck source=tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/tally.bash"

delayacct=/proc/sys/kernel/task_delayacct

build_helpers() { make_in tests support CC=gcc; }

# Runs a command, in a background process in which bash ignores SIGINT, and prints the
# log when the command has ended.
run_job() { # LOG COMMAND...
  local status=0
  say 1 >"$1.status" # in case the job is killed
  TASKSTATS_BUILD=$build TASKSTATS_TESTS=$root/tests \
    setpriv --pdeathsig TERM env --default-signal=INT "${@:2}" >"$1.log" 2>&1 &
  # The job must not end before the command.
  trap 'kill "$!"; wait "$!"; exit 143' TERM
  wait "$!" || status=$?
  say "$status" >"$1.status"
  flock "$(dirname "$1")" cat "$1.log"
}

# The log is FOLDER/NAME.log.
start_job() { # FOLDER NAME COMMAND...
  await_cpu
  run_job "$1/$2" "${@:3}" &
  pids+=($!)
}

# Waits for all jobs, and tallies those with these names.
tally_jobs() { # PART FOLDER NAME...
  local name
  wait
  pids=()
  for name in "${@:3}"; do
    tally "$1: $name" "$(cat "$2/$name.status")" "$2/$name.log"
  done
}

bats_tests() { # PART [SUITE]...: default: all suites
  local part=$1 logs=$build/tests/$1 suites suite
  local jobs=$((jobs + 1)) # since they wait most of the time
  shift
  build_all
  build_helpers
  suites=("${@/%/.bats}")
  # The largest ones first
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

# Runs a part that consists of bats suites; the default is all of them.
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
