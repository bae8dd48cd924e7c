#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [PART]...
#
# Measures the plugin's performance: runs bench.py with the settings that it needs,
# and restores the machine's settings at the end.
set -euo pipefail

# shellcheck source=../../contrib/make/script.bash
source "$(dirname "${BASH_SOURCE[0]}")/../../contrib/make/script.bash"

delayacct=/proc/sys/kernel/task_delayacct
pid_max=/proc/sys/kernel/pid_max

# The default pid_max is too small for the largest crowd.
prepare_machine() {
  if [ -e "$delayacct" ]; then
    keep_setting "$delayacct"
    echo 1 >"$delayacct" || say "Delay accounting stays as it is: $(<"$delayacct")."
  fi
  [ "$(<"$pid_max")" -lt 100000 ] || return 0
  keep_setting "$pid_max"
  echo 100000 2>/dev/null >"$pid_max" || true
}

for part; do
  case $part in
  members | threads | exits | events | memory | dispatch | hosts | lines) ;;
  *) misused "bench: unknown part: $part" ;;
  esac
done
need_root bench "for the bench (taskstats wants CAP_NET_ADMIN, /proc/<pid>/io CAP_SYS_PTRACE)"
need_packages build run bench
build_all
make_in tests bench CC=gcc || die "the bench does not compile; see the message above"
prepare_machine
start python3 -B "$root/tests/bench/bench.py" "$build" "$@"
wait "${pids[-1]}"
