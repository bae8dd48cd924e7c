#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# When a process starts to count, and what happens when its pid is reused.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

configure_group() {
  configure <<EOF
    CollectContextSwitch true
    CollectPageFaults true
    <Group "rule">
      Command "$me-rule"
    </Group>
EOF
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

@test "rules: a new process counts whole, whenever it begins" {
  interval=0.1
  configure_group
  start_collectd
  reads 1 rule
  # The start times of processes and reads are not aligned.
  start_load "$me-parent" --wait --stay 60 births "$me-rule" 60 37 1000
  perform "$me-parent"
  settle rule

  assert_ended_cpu "$(cpu_us rule)" "$(truth "$me-parent" births_cpu_us)" 3
  assert_equal "$(value rule io_octets tx)" 60000
  assert_equal "$(members rule)" 60.000000
}

@test "rules: a process that takes long to die does not count twice" {
  free_kb=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
  ((free_kb > 3000000)) || skip "too little memory"
  interval=0.05
  configure_group
  start_collectd
  reads 1 rule
  # The kernel takes a while to free its memory, so some reads see it between its
  # accounting and its end.
  start_load "$me-rule" --wait --stay 60 switch 1000 1 400000
  perform "$me-rule"
  settle rule
  before=$(value rule contextswitch-voluntary)
  # It has switched before it had its name, and since; but nothing counts twice.
  assert_near "$before" "$(truth "$me-rule" voluntary)" 0 100
  stop_load "$me-rule"
  settle rule

  assert_between "$(value rule contextswitch-voluntary)" "$before" \
    $((before + 100))
}

# A member of "first" ends, and its pid is reused at once for a member of "second".
@test "rules: a pid used again at once, by one that uses more" {
  local bytes=123456 first second

  configure <<EOF
    <Group "first">
      Command "$me-a"
    </Group>
    <Group "second">
      Command "$me-b"
    </Group>
EOF
  start_collectd
  reads 1 first
  start_load "$me-par" --wait --stay 60 reuse "$me-a" 200 "$me-b" 900 "$bytes"
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
  # The record of a reaped process may be too high by a tick, which is 4 or 10 ms.
  assert_ended_cpu "$(cpu_us first)" "$first" 3 10000
  assert_near "$(cpu_us second)" "$second" 3
  assert_equal "$(value first io_octets tx)" "$bytes"
  assert_equal "$(value second io_octets tx)" "$bytes"
  assert_equal "$(members first)" 0.000000
  assert_equal "$(members second)" 1.000000
}
