#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Which values arrive, by name: none missing, none too many.

# shellcheck source=common.bash
source "$BATS_TEST_DIRNAME/common.bash"

all_options=(CollectDelay CollectCPU CollectIO CollectCount
  CollectContextSwitch CollectPageFaults CollectMemory CollectDelayLatency
  CollectExits)

default_options=(CollectDelay CollectCPU CollectIO CollectCount CollectExits)

# The plugin's own figures, while exit records arrive.
self_identities=(count-processes count-groups duration-read
  total_events-exit-records total_events-exit-records-lost
  total_events-exit-undecided)

# option_identities OPTION: what it is answerable for.
option_identities() {
  case $1 in
  CollectDelay) delay_kinds | sed 's/^/delay_rate-delay-/' ;;
  CollectDelayLatency) delay_kinds | sed 's/^/latency-delay-/' ;;
  CollectCPU) echo ps_cputime ;;
  CollectIO) printf '%s\n' io_octets io_ops disk_octets ;;
  CollectCount) echo ps_count ;;
  CollectContextSwitch)
    printf '%s\n' contextswitch-voluntary contextswitch-involuntary
    ;;
  CollectPageFaults) echo ps_pagefaults ;;
  CollectMemory) printf '%s\n' ps_rss ps_vm ;;
  CollectExits) printf 'total_events-exit-%s\n' ok error signal ;;
  esac
}

# set_all true|false: a line for each option.
set_all() { printf "%s $1\n" "${all_options[@]}"; }

# expected OPTION...: the identities of all of these.
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

# except OPTION: all the others.
except() { printf '%s\n' "${all_options[@]}" | grep -vx "$1"; }

# run_with_member: collectd, and two whole reads of one live process.
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

@test "identities: what collectd does not allow in a name becomes _" {
  configure <<EOF
    <Group "a/b">
      Command "$me-id"
    </Group>
EOF
  run_with_member a_b

  run ls "$work/csv/testhost"
  assert_equal "$output" "taskstats"$'\n'"taskstats-a_b"
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
  assert_between "$(value "" duration-read seconds)" 0 "$interval"
}

@test "identities: one option on in a group, all off before" {
  {
    set_all false
    for option in "${all_options[@]}"; do
      echo "<Group \"$option\">"
      echo "  Command \"$me-id\""
      echo "  $option true"
      echo "</Group>"
    done
  } | configure
  run_with_member CollectCount

  for option in "${all_options[@]}"; do
    reads 1 "$option"
    assert_options "$option" "$option"
  done
}

@test "identities: one option off in a group, all on before" {
  {
    set_all true
    for option in "${all_options[@]}"; do
      echo "<Group \"$option\">"
      echo "  Command \"$me-id\""
      echo "  $option false"
      echo "</Group>"
    done
  } | configure
  run_with_member CollectCPU

  for option in "${all_options[@]}"; do
    mapfile -t others < <(except "$option")
    reads 1 "$option"
    assert_options "$option" "${others[@]}"
  done
}

@test "identities: an option counts for groups that stand before it too" {
  configure <<EOF
    <Group "before">
      Command "$me-id"
    </Group>
    CollectContextSwitch true
    <Group "after">
      Command "$me-id"
    </Group>
EOF
  run_with_member before
  reads 1 after

  assert_equal "$(identities before)" "$(identities after)"
  has_identity before contextswitch-voluntary
}

@test "identities: a group's options in the processes plugin's stanzas" {
  configure <<EOF
    <Process "$me-id">
      CollectContextSwitch true
      CollectIO false
    </Process>
    <ProcessMatch "match" "$me-id">
      CollectDelay false
      CollectPageFaults true
    </ProcessMatch>
EOF
  run_with_member "$me-id"
  reads 1 match

  assert_options "$me-id" CollectDelay CollectCPU CollectCount CollectExits \
    CollectContextSwitch
  assert_options match CollectCPU CollectIO CollectCount CollectExits \
    CollectPageFaults
}

@test "identities: CollectDelayAccounting is CollectDelay" {
  configure <<EOF
    CollectDelayAccounting false
    <Process "$me-id">
      CollectDelayAccounting true
    </Process>
    <Group "off">
      Command "$me-id"
    </Group>
EOF
  run_with_member "$me-id"
  reads 1 off

  assert_options "$me-id" "${default_options[@]}"
  assert_options off CollectCPU CollectIO CollectCount CollectExits
}
