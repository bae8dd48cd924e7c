#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# When a process begins to count, and what happens when its pid changes hands.

# shellcheck source=common.bash
source "$BATS_TEST_DIRNAME/common.bash"

configure_group() {
  configure <<EOF
    CollectContextSwitch true
    CollectPageFaults true
    <Group "rule">
      Command "$me-rule"
    </Group>
EOF
}

# What the process did in its first round is not counted, its second one is.
assert_counts_from_now() {
  local used

  assert_between "$(cpu_us rule)" 0 10000
  perform "$me-rule" 2
  settle rule
  used=$(($(truth "$me-rule" cpu_us 2) - $(truth "$me-rule" cpu_us 1)))
  assert_near "$(cpu_us rule)" "$used" 3
}

@test "rules: the first value is 0, whatever was used before" {
  configure_group
  start_load "$me-rule" --stay 60 write /dev/null 100000 100 plain
  await_done "$me-rule"
  start_collectd
  reads 1 rule

  for identity in ps_cputime io_octets io_ops disk_octets ps_pagefaults \
    contextswitch-voluntary contextswitch-involuntary; do
    first=$(rows rule "$identity" | head -n1 | cut -d, -f2-)
    assert_equal "${first//[0,]/}" "" "$identity begins with $first"
  done
}

@test "rules: a process from before the start counts from then" {
  configure_group
  start_load "$me-rule" --wait --rounds 2 --stay 60 burn 1000 0
  perform "$me-rule" 1
  start_collectd
  settle rule
  assert_counts_from_now
}

@test "rules: waits from before the start do not count" {
  configure_group
  cpu=$(taskset -pc $$ | grep -oE '[0-9]+$')
  load_prefix=(taskset -c "$cpu")
  start_load "$me-other" --wait --stay 60 burn 2000 0
  start_load "$me-rule" --wait --stay 60 burn 2000 0
  go "$me-other"
  perform "$me-rule"
  start_collectd
  reads 3 rule

  assert_between "$(integral rule delay_rate-delay-cpu)" 0 0.1
}

@test "rules: what a new process used before its first read counts whole" {
  interval=2
  configure_group
  start_collectd
  reads 1 rule
  # Right after a read: the next one finds the work done.
  start_load "$me-rule" --stay 60 burn 600 1
  await_done "$me-rule"
  settle rule

  assert_near "$(cpu_us rule)" "$(truth "$me-rule" cpu_us)" 3
  assert_equal "$(value rule io_octets tx)" "$(truth "$me-rule" tx_bytes)"
}

@test "rules: a new process counts whole, whenever it begins" {
  interval=0.1
  configure_group
  start_collectd
  reads 1 rule
  # Their times and those of the reads have no common measure.
  start_load "$me-parent" --wait --stay 60 births "$me-rule" 60 37 1000
  perform "$me-parent"
  settle rule

  assert_near "$(cpu_us rule)" "$(truth "$me-parent" births_cpu_us)" 3
  assert_equal "$(value rule io_octets tx)" 60000
  assert_equal "$(members rule)" 60.000000
}

@test "rules: a process that becomes a member counts from then" {
  configure <<EOF
    <Group "rule">
      PIDFile "$work/pid"
    </Group>
EOF
  start_collectd
  reads 1 rule
  start_load "$me-rule" --wait --rounds 2 --stay 60 burn 600 0
  perform "$me-rule" 1
  settle rule
  echo "${load_pid[$me-rule]}" >"$work/pid"
  await_members rule 1
  settle rule
  assert_counts_from_now
}

@test "rules: a member that ends leaves neither a hole nor a spike" {
  configure_group
  start_collectd
  reads 1 rule
  start_load "$me-rule" --wait burn 1800 0
  go "$me-rule"
  await_done "$me-rule"
  settle rule
  after=$(cpu_us rule)
  settle rule

  # Nobody saw what it did after the last read: an interval and a bit.
  used=$(truth "$me-rule" cpu_us)
  assert_between "$after" "$((used - 700000))" "$((used * 101 / 100))"
  assert_equal "$(cpu_us rule)" "$after"
  assert_equal "$(members rule)" 0.000000
}

@test "rules: a process that takes long to die does not count twice" {
  free_kb=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
  ((free_kb > 3000000)) || skip "too little memory"
  interval=0.05
  configure_group
  start_collectd
  reads 1 rule
  # Its memory takes the kernel some while to free, and so some reads see it
  # between its accounting and its end.
  start_load "$me-rule" --wait --stay 60 switch 1000 1 400000
  perform "$me-rule"
  settle rule
  before=$(value rule contextswitch-voluntary)
  assert_between "$before" 2000 3000
  stop_load "$me-rule"
  settle rule

  assert_between "$(value rule contextswitch-voluntary)" "$before" \
    $((before + 100))
}

# reuse NAME MS NAME2 MS2: a member of "first" dies, and a member of "second"
# at once has its pid. Each writes so many bytes.
bytes=123456
tick_us=10000

reuse() {
  configure <<EOF
    <Group "first">
      Command "$1"
    </Group>
    <Group "second">
      Command "$3"
    </Group>
EOF
  start_collectd
  reads 1 first
  start_load "$me-par" --wait --stay 60 reuse "$1" "$2" "$3" "$4" "$bytes"
  go "$me-par"
  await "the first" said "$me-par" 'first_cpu_us=[0-9]+'
  settle first
  assert_equal "$(members first)" 1.000000
  perform "$me-par"
  settle first
  settle second

  first=$(truth "$me-par" child_cpu_us)
  second=$(truth "$me-par" second_cpu_us)
  assert_equal "$(truth "$me-par" first)" "$(truth "$me-par" second)"
}

# The record of one that was reaped may be too high by a tick, of 4 ms or 10.
assert_reused() {
  assert_near "$(cpu_us first)" "$first" 3 "$tick_us"
  assert_near "$(cpu_us second)" "$second" 3
  assert_equal "$(value first io_octets tx)" "$bytes"
  assert_equal "$(value second io_octets tx)" "$bytes"
  assert_equal "$(members first)" 0.000000
  assert_equal "$(members second)" 1.000000
}

@test "rules: a pid used again at once, by one that uses less" {
  reuse "$me-a" 900 "$me-b" 200
  assert_reused
}

@test "rules: a pid used again at once, by one that uses more" {
  reuse "$me-a" 200 "$me-b" 900
  assert_reused
}

@test "rules: a pid used again at once, in the same group" {
  reuse "$me-a" 600 "$me-a" 700

  assert_near "$(cpu_us first)" $((first + second)) 3 "$tick_us"
  assert_equal "$(cpu_us second)" "$(cpu_us first)"
  assert_equal "$(value first io_octets tx)" $((2 * bytes))
  assert_equal "$(members first)" 1.000000
}
