#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Listeners for exit records: which CPUs they cover, and what happens without them.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

configure_kids() { # [OPTION]
  configure <<CONF
    ${1:-}
    <Group "zero">
      Command "$me-zero"
    </Group>
    <Group "one">
      Command "$me-one"
    </Group>
CONF
}

assert_no_exits() {
  identities zero | grep -q ps_cputime
  assert_identities "" count-processes count-groups duration-read
  run ! grep -q exit- <(identities zero)
}

# The CPU time of a live member is correct. Processes that end between reads count as
# far as reads saw them, and are no longer members.
assert_reads_alone() {
  start_load "$me-zero" --wait --stay 60 burn 600 1
  settle zero
  # If a read saw the load between its fork and its exec, "ready" is not counted.
  before=$(value zero io_octets tx)
  perform "$me-zero"
  # Long enough that a read sees them on any machine.
  start_exits "$me-parent" brood "$me-one" 3 3 0 exit0,exit3,kill 1500000 5000
  perform "$me-parent"
  settle zero
  settle one

  assert_near "$(cpu_us zero)" "$(truth "$me-zero" cpu_us)" 3
  assert_equal $(($(value zero io_octets tx) - before)) $(($(truth "$me-zero" tx_bytes) - 6))
  used=$(truth "$me-parent" cpu_us)
  assert_between "$(cpu_us one)" $((used / 10)) "$used * (1.03 + $(stolen_leeway))"
  assert_equal "$(members zero)" 1.000000
  assert_equal "$(members one)" 0.000000
  assert_no_exits
}

@test "watch: none" {
  configure_kids 'WatchCPUs "none"'
  start_collectd
  assert_reads_alone

  run ! has_listener
  assert_no_complaints
  assert_not_logged '[Ll]isten'
}

@test "watch: all, which is the default" {
  configure_kids
  start_collectd
  await "a listener" has_listener
  assert_logged_once "exit records of CPUs $(</sys/devices/system/cpu/possible)"
  start_exits "$me-parent" brood "$me-zero,$me-one" 20 2 0 exit0,exit3 0 0
  await "the first read" has_rows one ps_cputime
  perform "$me-parent"
  settle one
  assert_exits zero 10 0 0
  assert_exits one 0 10 0
  has_identity "" total_events-exit-records
}

@test "watch: CPU 0 alone" {
  needs_two_cpus
  interval=0.5
  configure_kids 'WatchCPUs "0"'
  start_collectd
  await "the first read" has_rows one ps_cputime
  for name in zero one; do
    load_prefix=(taskset -c "$([[ $name == one ]] && echo 1 || echo 0)")
    start_exits "$me-p$name" brood "$me-$name" 40 1 0 exit0,exit3 5000 65600
    perform "$me-p$name"
    start_exits "$me-l$name" brood "$me-$name" 2 2 0 kill 1000000 65600
    perform "$me-l$name"
  done
  settle zero
  settle one

  # Counted completely.
  used=$(($(truth "$me-pzero" cpu_us) + $(truth "$me-lzero" cpu_us)))
  assert_cpu_of_ended "$(cpu_us zero)" "$used" 42
  assert_near "$(value zero io_octets tx)" $((42 * 65600)) 1
  assert_exits zero 20 20 2
  # Counted as far as the reads saw them.
  used=$(($(truth "$me-pone" cpu_us) + $(truth "$me-lone" cpu_us)))
  assert_between "$(cpu_us one)" $((used / 5)) "$used * (1.01 + $(stolen_leeway))"
  assert_exits one 0 0 0
  assert_equal "$(members one)" 0.000000
  assert_no_complaints
}

@test "watch: a process whose threads end on different CPUs, of which one is watched" {
  needs_two_cpus
  configure_kids 'WatchCPUs "0"'
  start_collectd
  await "the first read" has_rows one ps_cputime
  start_exits "$me-parent" brood "$me-one" 40 4 3 exit0,together,headless 15000 0
  perform "$me-parent"
  settle one

  # Each test checks at its end that nothing decreases or jumps.
  used=$(truth "$me-parent" cpu_us)
  assert_between "$(cpu_us one)" 0 "$used * (1.05 + $(stolen_leeway))"
  assert_between "$(value one total_events-exit-ok)" 0 40
  await_members one 0
}

@test "watch: in a network namespace of its own" {
  configure_kids
  collectd_prefix=(unshare -n)
  start_collectd
  await_logged 'network namespace'
  # Until then, the plugin cannot know that no records arrive.
  reads 2 zero
  assert_reads_alone

  assert_logged_once '\[warning\].*Cannot receive exit records.*network namespace'
  run ! has_listener
}

@test "watch: the buffer that there is, and the one that is granted" {
  configure_kids 'WatchBuffer 1000000'
  start_collectd
  assert_logged_once 'a buffer of 1000000 bytes'
  assert_not_logged 'Cannot get a buffer'
}
