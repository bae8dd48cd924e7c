#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What fails is said once, with its cause; what still works goes on.

# shellcheck source=common.bash
source "$BATS_TEST_DIRNAME/common.bash"

# Everything where another user reaches it.
public_work() {
  work=$(mktemp -d /tmp/taskstats.XXXXXX)
  remove_at_end "$work"
  chmod 755 "$work"
  mkdir "$work/plugin" "$work/bin"
  cp "$TASKSTATS_BUILD/taskstats.so" "$work/plugin"
  plugin_dir=$work/plugin
}

configure_group() {
  configure <<EOF
    CollectDelayLatency true
    CollectExits false
    <Group "cpu">
      Command "$me-cpu"
    </Group>
EOF
}

# A member that works and rests by turns, from the first read on.
run_load() {
  local round

  for round in 1 2 3; do
    settle cpu
    perform "$me-cpu" "$round"
  done
  settle cpu
}

start_member() { start_load "$me-cpu" --wait --rounds 3 --stay 60 burn 700 0; }

@test "failures: without CAP_NET_ADMIN: no delays, but CPU, I/O and count" {
  configure_group
  collectd_prefix=(setpriv --inh-caps -net_admin --bounding-set -net_admin)
  start_collectd
  reads 1 cpu
  start_member
  run_load

  assert_near "$(cpu_us cpu)" "$(truth "$me-cpu" cpu_us)" 3
  assert_equal "$(value cpu io_octets tx)" "$(truth "$me-cpu" tx_bytes)"
  assert_identities cpu ps_cputime io_octets io_ops disk_octets ps_count
  # Told as something to act on, not as a detail; of exit records besides.
  assert_logged_once 'Delays and context switches.*CAP_NET_ADMIN'
  assert_logged_once '\[(warning|error)\].*Delays.*CAP_NET_ADMIN'
  assert_between "$(log_count CAP_NET_ADMIN)" 1 2
}

@test "failures: as a user without CAP_SYS_PTRACE: no I/O of others" {
  public_work
  configure <<EOF
    CollectExits false
    <Group "cpu">
      Command "$me-cpu"
    </Group>
    <Group "own">
      Command "$me-own"
    </Group>
EOF
  chown nobody "$work"
  cp "$LOAD" "$work/bin/$me-own"
  collectd_prefix=(setpriv --reuid nobody --regid nogroup --clear-groups
    --inh-caps "-all,+net_admin" --ambient-caps "-all,+net_admin"
    --bounding-set "-all,+net_admin")
  start_member
  start_collectd
  reads 1 own
  load_prefix=(setpriv --reuid nobody --regid nogroup --clear-groups)
  start_load "$me-own" --wait --stay 60 write /dev/null 54321 3 plain
  run_load
  perform "$me-own"
  settle own

  assert_near "$(cpu_us cpu)" "$(truth "$me-cpu" cpu_us)" 3
  # shellcheck disable=SC2046 # words
  assert_identities cpu ps_cputime ps_count \
    $(delay_kinds | sed 's/^/delay_rate-delay-/')
  assert_equal "$(value own io_octets tx)" "$(truth "$me-own" tx_bytes)"
  assert_logged_once 'CAP_SYS_PTRACE'
}

@test "failures: members that come and go, whose I/O cannot be read, are logged once" {
  interval=0.25
  public_work
  configure <<EOF
    <Group "guests">
      Command "$me-guest"
    </Group>
EOF
  collectd_prefix=(setpriv --inh-caps -sys_ptrace --bounding-set -sys_ptrace)
  load_prefix=(setpriv --reuid nobody --regid nogroup --clear-groups)
  start_collectd
  reads 1 guests
  for _ in {1..4}; do
    start_load "$me-guest" --stay 60 idle
    await_members guests 1
    stop_load "$me-guest"
    await_members guests 0
  done

  assert_logged_once 'I/O of some processes cannot be read'
  assert_not_logged 'All I/O can be read again'
}

@test "failures: nothing to complain about as root" {
  configure_group
  start_member
  start_collectd
  run_load

  assert_no_complaints
}

@test "failures: vanished processes are no errors" {
  configure <<EOF
    CollectMemory true
    CollectPageFaults true
    <Group "swarm">
      Command "$me-swarm"
    </Group>
EOF
  start_collectd
  reads 1 swarm
  start_load "$me-swarm" --wait swarm 4000 20 1
  go "$me-swarm"
  await_done "$me-swarm"
  settle swarm

  assert_equal "$(members swarm)" 0.000000
  assert_no_complaints
}
