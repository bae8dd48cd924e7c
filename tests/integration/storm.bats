#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# More exits than can be read: each is counted, or counted as lost.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

# configure_storm [OPTION]
configure_storm() {
  configure <<CONF
    ${1:-}
    CollectContextSwitch true
    <Group "storm">
      Command "$me-drop"
    </Group>
CONF
}

# The number of processes and threads on the whole machine.
tasks() { sed -E 's|.*/([0-9]+) .*|\1|' /proc/loadavg; }

# Saves the number of processes and threads, and of those ever created; then the
# plugin's counters: other suites run at the same time, and may end a crowd.
take_figures() {
  tasks_before=$(tasks)
  forks_before=$(forks)
  reads 2 storm
  records_before=$(own exit-records)
  lost_before=$(own exit-records-lost)
}

# assert_balance TRUTH: counted and lost exits add up to TRUTH, allowing for exits of
# other processes.
assert_balance() {
  local others records lost counted

  settle storm
  reads 1 ""
  records=$(($(own exit-records) - records_before))
  lost=$(($(own exit-records-lost) - lost_before))
  # No more than these can have ended.
  others=$((tasks_before + $(forks) - forks_before - $1))
  counted=$(value storm total_events-exit-ok)
  echo "# truth $1, records $records, lost $lost, others $others, counted $counted"
  assert_between $((records + lost)) "$1" $(($1 + others))
  assert_between $((counted + lost)) "$1" $(($1 + others))
  assert_between "$counted" 0 "$1"
  assert_equal "$(value storm total_events-exit-error)" 0
  assert_equal "$(value storm total_events-exit-signal)" 0
}

# assert_logged_seldom LEAST PATTERN: at least LEAST times, and at most once a minute,
# however often something is lost.
assert_logged_seldom() {
  assert_between "$(log_count "$2")" "$1" $((1 + SECONDS / 60)) "lines with \"$2\""
}

assert_empty() {
  await_members storm 0
  reads 1 ""
  assert_equal "$(value "" count-processes)" 0.000000
}

@test "storm: 200000 ends as fast as the machine makes them" {
  configure_storm
  start_collectd
  start_exits "$me-storm" storm "$me-drop" 200000 2
  take_figures
  perform "$me-storm"

  assert_balance 200000
  assert_empty
  assert_logged_seldom 0 'Cannot receive all exit records'
  assert_logged_seldom 0 'Cannot receive all process events'
}

@test "storm: with a buffer of 4096 bytes" {
  interval=0.2
  configure_storm 'WatchBuffer 4096'
  start_collectd
  start_exits "$me-storm" storm "$me-drop" 100000 2
  take_figures
  perform "$me-storm"

  assert_balance 100000
  assert_between "$(own exit-records-lost)" 1000 1000000
  assert_empty
  assert_logged_seldom 1 'Cannot receive all exit records.*WatchBuffer 4096'
}

@test "storm: members whose records were lost leave the table" {
  interval=0.2
  configure_storm 'WatchBuffer 4096'
  start_collectd
  start_exits "$me-storm" crowd "$me-drop" 500
  go "$me-storm"
  await "a crowd" said "$me-storm" crowd=500
  await_members storm 500
  lost_before=$(own exit-records-lost)
  perform "$me-storm"
  settle storm

  assert_empty
  # The counters are from the same read, and may include exits of other processes.
  lost=$(($(own exit-records-lost) - lost_before))
  assert_between "$lost" 100 1000000
  assert_between "$(value storm total_events-exit-signal)" $((500 - lost)) 500
}

@test "storm: forks that are lost are told" {
  interval=0.2
  configure <<CONF
    WatchBuffer 4096
    <Group "storm">
      Command "$me-drop"
      Descendants true
    </Group>
CONF
  start_collectd
  start_exits "$me-storm" storm "$me-drop" 20000 2
  reads 1 storm
  perform "$me-storm"
  settle storm

  assert_logged_seldom 1 'Cannot receive all process events.*WatchBuffer 4096'
}

@test "storm: 50 starts and ends, in a storm" {
  configure_storm 'NotifyExit "failure"'
  start_exits "$me-storm" storm "$me-drop" 100000000 1
  go "$me-storm"
  for ((i = 0; i < 50; i++)); do
    rm -rf "$work/collectd.log" "$work/csv"
    # collectd may be stopped at any moment, even before its first read.
    start_collectd
    sleep "0.0$((i % 10))"
    stop_collectd
    # The plugin logs these if the storm is too fast for the machine.
    assert_equal "$(complaints | grep -vE 'Cannot (finish a read in time|receive all)')" ""
  done
}

# With so many expressions, exits arrive faster than they can be matched.
@test "storm: 500 groups, and collectd's end does not wait for that of the storm" {
  local i forks_before

  for ((i = 0; i < 500; i++)); do
    printf 'ProcessMatch "group-%d" "%s-.*%d|drop"\n' "$i" "$me" "$i"
  done | configure
  start_exits "$me-storm" storm "$me-drop" 100000000 2
  start_collectd
  reads 1 group-0
  go "$me-storm"
  sleep 3 # a backlog exists by then, and a read waits
  stop_collectd
  forks_before=$(forks)
  await "the storm, which goes on" has_forked_since "$forks_before" 1000
}

has_forked_since() { (($(forks) > $1 + $2)); }

has_ended() { (($(value "$1" total_events-exit-ok) >= $2)); }

# No process of this test's collectd, nor of its forks, is left.
has_no_processes() { ! pgrep -f "collectd -f -C $work/collectd.conf"; }

@test "storm: a collectd that is killed leaves nothing behind, and the next one counts" {
  own_executable
  configure <<CONF
    ExitLog "$work/exits.json"
    <Group "storm">
      Command "$me-drop"
    </Group>
    <Group "file">
      Executable "$EXITS"
    </Group>
CONF
  start_exits "$me-storm" storm "$me-drop" 100000000 1
  go "$me-storm"
  start_collectd
  await "some ends" has_ended storm 100
  kill -KILL "$collectd_pid"
  wait "$collectd_pid" 2>/dev/null || true
  collectd_pid=
  await "the end of what it has forked" has_no_processes

  rm -rf "$work/csv" "$work/collectd.log"
  start_collectd
  await "some ends" has_ended storm 100
  stop_collectd
  assert_not_logged '\[error\]'
}

@test "storm: it leaves no files, threads or memory behind" {
  interval=0.2
  configure_storm
  start_collectd
  start_churn "$me-drop"
  reads 1 storm

  assert_flat settle storm
  assert_empty
}
