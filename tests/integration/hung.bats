#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Processes whose files in /proc block because a file system does not answer: every
# reader hangs, ps included. Reads of other processes must go on.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

teardown() {
  common_teardown
  [[ ! -d $work/mount ]] || umount -l "$work/mount" 2>/dev/null || true
}

# hang exec|mmap: starts a hung process named $me-hung, and another process.
hang() {
  [[ -c /dev/fuse ]] || skip "no /dev/fuse"
  alone # ps and the like hang, too
  mkdir "$work/mount"
  "$TASKSTATS_BUILD/tests/hung_process" "$1" "$work/mount" "$me-hung" \
    >"$work/hung.out.load" 2>"$work/hung.err.load" 3>&- {lock}>&- &
  load_pid[hung]=$!
  await "the process" said hung 'ready=[0-9]+'
  start_load "$me-other" --stay 100 idle
}

# configure_hung [OPTION]
configure_hung() {
  interval=0.5
  configure <<CONF
    ${1:-}
    <Group "hung">
      Command "$me-hung"
    </Group>
    <Group "line">
      CommandLine "^$me-hung 120\$"
    </Group>
    <Group "other">
      Command "$me-other"
    </Group>
    <Group "lines">
      CommandLine "--stay 100 idle"
      Command "$me-other"
    </Group>
CONF
}

assert_others_go_on() {
  reads 4 other
  assert_members other 1
  assert_members lines 1
  assert_logged_once "Cannot read the /proc files of 1 process, such as $(truth hung ready): they do not answer"
}

# The process is a member again once its files can be read.
assert_answers_again() {
  go hung
  await_members line 1
  await_members other 1
}

@test "hung: a process in exec holds up nobody else" {
  hang exec
  configure_hung 'ProcessEvents false' # otherwise, reads look at members only
  start_collectd
  assert_others_go_on
  assert_answers_again
}

@test "hung: a process in mmap, whose children end, holds up nobody else" {
  hang mmap
  configure_hung 'ProcessEvents false'
  start_collectd
  assert_others_go_on
  # The children's name is known, but not their command line.
  await_exits hung 10
  assert_members line 0
  go hung
  reads 2 other
}

@test "hung: collectd ends beside a process in exec" {
  hang exec
  configure_hung
  start_collectd
  assert_others_go_on
  stop_collectd # long before the process does
}

@test "hung: collectd ends beside a process in mmap" {
  hang mmap
  configure_hung
  start_collectd
  reads 1 other
  stop_collectd # long before the process does
}
