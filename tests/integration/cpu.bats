#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# CPU time, compared with getrusage. The loads do not read CPU clocks while they work:
# reading one would update the kernel's accounting.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

# The process starts after the first read, so all of its CPU time counts.
start_group() {
  configure <<EOF
    <Group "cpu">
      Command "$me-cpu"
    </Group>
EOF
  start_collectd
  reads 1 cpu
  start_load "$me-cpu" --wait --stay 60 "$@"
}

run_group() {
  start_group "$@"
  perform "$me-cpu"
  settle cpu
}

assert_truth() {
  assert_near "$(cpu_us cpu)" "$(truth "$me-cpu" cpu_us)" 3
}

@test "cpu: a busy process" {
  run_group burn 2000 0

  assert_truth
  assert_near "$(value cpu ps_cputime user)" "$(truth "$me-cpu" user_us)" 5
  assert_between "$(value cpu ps_cputime syst)" 0 100000
}

@test "cpu: by turns in the process and in the kernel" {
  interval=0.1
  run_group mixed 60 35

  assert_truth
  # The kernel splits CPU time into user and system by sampling, 250 times a second.
  assert_near "$(value cpu ps_cputime syst)" "$(truth "$me-cpu" system_us)" 10
  assert_near "$(value cpu ps_cputime user)" "$(truth "$me-cpu" user_us)" 10
}

@test "cpu: threads of 1 ms that come and go" {
  run_group churn 1500 1000 1

  assert_truth
}

@test "cpu: it is told while it is used, not at the end" {
  start_group burn 3000 0
  go "$me-cpu"
  settle cpu
  before=$(cpu_so_far "$me-cpu")
  reads 2 cpu
  told=$(cpu_us cpu)
  assert_between "$told" "$((before - 20000))" \
    "$(($(cpu_so_far "$me-cpu") + 20000))"
  await_done "$me-cpu"
  settle cpu

  assert_truth
}

@test "cpu: with delay accounting off" {
  delay_accounting 0
  run_group churn 1000 1000 2

  assert_truth
}
