# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Serializes access to the machine's delay accounting, which tests change, and which
# concurrent tests of other suites use.
#
# A test holds a lock, usually a shared one, on a file that contains the setting from
# before the first test. The last test restores the setting and deletes the file. A
# test that waits for the lock holds a second lock, for which the next one waits: tests
# that share the machine cannot starve one that requires it exclusively.

DELAYACCT=/proc/sys/kernel/task_delayacct
machine_file=/run/lock/collectd-taskstats-tests
lock=''     # its descriptor; processes that may outlive the test must not inherit it
is_alone='' # whether the lock is exclusive

# lock_machine OPTION...: options of flock. Fails after 10 minutes.
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
    # If they differ, the file was deleted meanwhile: try again.
    if [[ $status -eq 0 && $machine_file -ef /proc/self/fd/$lock ]]; then
      break
    fi
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

# share_machine: shares it with other tests; switches delay accounting on.
share_machine() {
  lock_machine -s || return 1
  delay_accounting 1
}

# lock_others_out: excludes other tests until leave_machine.
lock_others_out() {
  [[ -z $is_alone ]] || return 0
  # Before locking: otherwise two such tests would wait for each other.
  leave_machine
  lock_machine || return 1
  is_alone=yes
}

# alone: for a test that would interfere with other tests.
alone() {
  lock_others_out || return 1
  delay_accounting 1
}

# Before Linux 5.14, the kernel always counts all delays.
delay_accounting() {
  if [[ ! -e $DELAYACCT ]]; then
    [[ $1 == 1 ]] || skip "delay accounting is always on"
    return
  fi
  [[ $1 == 1 ]] || lock_others_out || return 1
  echo "$1" >"$DELAYACCT"
}
