#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [MINUTES]
#
# Runs Debian's collectd with build/taskstats.so and every option for MINUTES (30),
# while processes start and end; see soak.py. TASKSTATS_BUILD is another directory
# with taskstats.so. The exit status is 0 if all values are correct and collectd has
# not grown. Leaves no processes or files behind, and restores the sysctl.
set -euo pipefail

export LC_ALL=C
export PATH=$PATH:/usr/sbin:/sbin

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=${TASKSTATS_BUILD:-$root/build}
minutes=${1:-30}

# shellcheck source=../support/machine.bash
source "$root/tests/support/machine.bash"

fail() {
  printf 'soak: %s\n' "$*" >&2
  exit 1
}

[[ $minutes =~ ^[1-9][0-9]*$ ]] || fail "wants a number of minutes, not \"$minutes\""
[[ $EUID -eq 0 ]] || fail "must be root"
[[ -e $build/taskstats.so ]] || fail "there is no $build/taskstats.so; run ./build.sh build"

work=$(mktemp -d "${TMPDIR:-/tmp}/taskstats-soak.XXXXXX")
soak=''

# shellcheck disable=SC2317 # for the trap
at_exit() {
  trap '' HUP INT TERM
  if [[ -n $soak ]]; then
    kill "$soak" 2>/dev/null || true
    wait "$soak" 2>/dev/null || true
  fi
  leave_machine
  rm -rf -- "$work"
}

trap at_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

share_machine
for program in exits load restless teardown; do
  gcc -O1 -pthread -D_GNU_SOURCE -I"$root/tests" "$root/tests/support/$program.c" \
    -o "$work/$program" -lm
done
python3 -B "$root/tests/soak/soak.py" "$build" "$work" "$minutes" {lock}>&- &
soak=$!
status=0
wait "$soak" || status=$?
soak=''
[[ $status -eq 0 ]]
