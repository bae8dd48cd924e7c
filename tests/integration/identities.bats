#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Names of the dispatched values: none is missing, and there are no others.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

all_options=(CollectDelay CollectDelayTotal CollectCPU CollectIO CollectCount
  CollectContextSwitch CollectPageFaults CollectMemory CollectDelayLatency
  CollectFileDescriptor CollectUptime CollectExits)

default_options=(CollectDelay CollectDelayTotal CollectCPU CollectIO CollectCount
  CollectExits)

# The plugin's metrics about itself, while exit records arrive.
self_identities=(count-processes count-groups duration-read
  total_events-exit-records total_events-exit-records-lost
  total_events-exit-undecided total_events-missed)

# option_identities OPTION: the identities that it enables.
option_identities() {
  case $1 in
  CollectDelay) delay_kinds | sed 's/^/delay_rate-delay-/' ;;
  CollectDelayTotal) delay_kinds | sed 's/^/total_time_in_ms-delay-/' ;;
  CollectDelayLatency) delay_kinds | sed 's/^/latency-delay-/' ;;
  CollectCPU) echo ps_cputime ;;
  CollectIO) printf '%s\n' io_octets io_ops disk_octets ;;
  CollectCount) echo ps_count ;;
  CollectContextSwitch)
    printf '%s\n' contextswitch-voluntary contextswitch-involuntary
    ;;
  CollectPageFaults) echo ps_pagefaults ;;
  CollectMemory) printf '%s\n' ps_rss ps_vm ps_data ps_code ;;
  CollectFileDescriptor) echo file_handles ;;
  CollectUptime) echo uptime ;;
  CollectExits) printf 'total_events-exit-%s\n' ok error signal oom ;;
  esac
}

# set_all true|false: one line for each option.
set_all() { printf "%s $1\n" "${all_options[@]}"; }

# expected OPTION...: the identities of all these options.
expected() {
  local option

  for option in "$@"; do
    option_identities "$option"
  done
}

assert_options() {
  local group=$1
  shift

  mapfile -t names < <(expected "$@")
  assert_identities "$group" "${names[@]}"
}

# except OPTION: all other options.
except() { printf '%s\n' "${all_options[@]}" | grep -vx "$1"; }

# run_with_member GROUP: collectd, and at least two complete reads of a live process.
run_with_member() {
  start_load "$me-id" --stay 60 idle
  start_collectd
  reads 3 "$1"
}

@test "identities: every option on" {
  configure <<EOF
    $(set_all true)
    Process "$me-id"
EOF
  run_with_member "$me-id"

  assert_options "$me-id" "${all_options[@]}"
  assert_identities "" "${self_identities[@]}"
  run ls "$work/csv/testhost"
  assert_equal "$output" "taskstats"$'\n'"taskstats-$me-id"
}

@test "identities: the defaults" {
  configure <<EOF
    Process "$me-id"
EOF
  run_with_member "$me-id"

  assert_options "$me-id" "${default_options[@]}"
  assert_identities "" "${self_identities[@]}"
}

@test "identities: a group without a member has the same" {
  configure <<EOF
    Process "$me-id"
    Process "$me-none"
EOF
  run_with_member "$me-id"
  reads 1 "$me-none"

  assert_options "$me-none" "${default_options[@]}"
}

@test "identities: ReportSelf off" {
  configure <<EOF
    ReportSelf false
    Process "$me-id"
EOF
  run_with_member "$me-id"

  run ls "$work/csv/testhost"
  assert_equal "$output" "taskstats-$me-id"
}

@test "identities: ReportSelf's figures" {
  configure <<EOF
    Process "$me-id"
    Process "$me-none"
EOF
  run_with_member "$me-id"
  reads 2 ""

  assert_equal "$(value "" count-processes)" 1.000000
  assert_equal "$(value "" count-groups)" 2.000000
  # A single read may be held up by the rest of the machine.
  assert_between "$(column "" duration-read seconds | sort -g | head -n 1)" 0 "$interval"
}
