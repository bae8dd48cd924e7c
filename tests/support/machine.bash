# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The machine's delay accounting, which tests change, and which those of other
# suites share at the same time.
#
# A test holds a lock, most of them a shared one, on a file with the setting that
# the first of them found. The last one restores it and deletes the file. Whoever
# waits for the lock holds another one, for which the next must wait: a test that
# wants to be alone is not overtaken for ever by those that share.

DELAYACCT=/proc/sys/kernel/task_delayacct
machine_file=/run/lock/collectd-taskstats-tests
lock=''     # its descriptor, which no process must inherit that may outlive the test
is_alone='' # whether nobody shares it

# lock_machine OPTION...: of flock. Fails if others have it for 10 minutes.
lock_machine() {
  local queue status=0

  exec {queue}</run/lock
  flock -w 600 "$queue" || status=1
  while [[ $status -eq 0 ]]; do
    exec {lock}<>"$machine_file"
    if [[ -e $DELAYACCT ]] && flock -n "$lock"; then
      cat "$DELAYACCT" >"/proc/self/fd/$lock"
    fi
    flock -w 600 "$@" "$lock" || status=1
    # Otherwise it was deleted meanwhile.
    [[ ! $machine_file -ef /proc/self/fd/$lock ]] || break
    exec {lock}>&-
    lock=''
  done
  exec {queue}>&-
  [[ $status -eq 0 ]] || echo "Other tests have had $machine_file for 10 minutes." >&2
  return "$status"
}

leave_machine() {
  [[ -n $lock ]] || return 0
  if flock -n "$lock"; then
    [[ ! -e $DELAYACCT ]] || cat "/proc/self/fd/$lock" >"$DELAYACCT"
    rm -f "$machine_file"
  fi
  exec {lock}>&-
  lock='' is_alone=''
}

# share_machine: with other tests; delay accounting is on.
share_machine() {
  lock_machine -s || return 1
  delay_accounting 1
}

# lock_others_out: until the test leaves the machine.
lock_others_out() {
  [[ -z $is_alone ]] || return 0
  # First, or two of them would wait for each other.
  leave_machine
  lock_machine || return 1
  is_alone=yes
}

# alone: for a test that would disturb others, or be disturbed by them.
alone() {
  lock_others_out
  delay_accounting 1
}

# Before Linux 5.14, the kernel always counts all delays.
delay_accounting() {
  if [[ ! -e $DELAYACCT ]]; then
    [[ $1 == 1 ]] || skip "delay accounting is always on"
    return
  fi
  [[ $1 == 1 ]] || lock_others_out
  echo "$1" >"$DELAYACCT"
}
