#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Bytes and calls: exactly those of read and write, and the bytes that reached the disk.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

start_group() {
  configure <<EOF
    <Group "io">
      Command "$me-io"
    </Group>
EOF
  start_collectd
  reads 1 io
  start_load "$me-io" --wait --stay 60 "$@"
  settle io
  # The plugin may see the load only after it has written "ready".
  missed_bytes=$((6 - $(value io io_octets tx)))
  missed_calls=$((1 - $(value io io_ops write)))
  [[ $missed_bytes,$missed_calls == @(0,0|6,1) ]]
}

run_group() {
  start_group "$@"
  perform "$me-io"
  settle io
}

# fill FILE BYTES: a file that has been written to disk, with no dirty pages.
fill() { "$LOAD" write "$1" "$2" 16 fsync >"$work/fill.out"; }

assert_written() {
  assert_equal "$(value io io_octets tx)" $(($(truth "$me-io" tx_bytes) - missed_bytes))
  assert_equal "$(value io io_ops write)" $(($(truth "$me-io" tx_calls) - missed_calls))
}

@test "io: bytes and calls written" {
  run_group write /dev/null 10000003 7 plain

  # The load's own output is part of its total.
  assert_between "$(truth "$me-io" tx_bytes)" 10000003 10001000
  assert_written
  # Only the load's own output reaches a disk.
  assert_between "$(value io disk_octets write)" 0 65536
}

@test "io: bytes and calls read" {
  fill "$work/file" 3000000
  start_group read "$work/file" 2999999 123
  # The start of the program is I/O, too, of an unknown size.
  octets=$(value io io_octets rx)
  calls=$(value io io_ops read)
  perform "$me-io"
  settle io

  assert_equal $(($(value io io_octets rx) - octets)) 2999999
  assert_equal $(($(value io io_ops read) - calls)) 123
}

@test "io: octets to the disk, past the page cache" {
  disk_dir
  run_group write "$disk/file" 8388608 16 direct

  # A new file adds metadata.
  assert_between "$(value io disk_octets write)" 8388608 8650752
  assert_written
}

@test "io: octets from the disk, past the page cache" {
  disk_dir
  fill "$disk/file" 8388608
  start_group direct "$disk/file" 65536 500
  octets=$(value io io_octets rx)
  from_disk=$(value io disk_octets read)
  perform "$me-io"
  settle io

  assert_between "$(truth "$me-io" rx_bytes)" 65536 1e12
  assert_equal $(($(value io io_octets rx) - octets)) \
    "$(truth "$me-io" rx_bytes)"
  assert_equal $(($(value io disk_octets read) - from_disk)) \
    "$(truth "$me-io" rx_bytes)"
}

@test "io: context switches and page faults" {
  disk_dir
  fill "$disk/file" 4194304
  configure <<EOF
    CollectContextSwitch true
    CollectPageFaults true
    <Group "switch">
      Command "$me-switch"
    </Group>
    <Group "touch">
      Command "$me-touch"
    </Group>
    <Group "major">
      Command "$me-major"
    </Group>
EOF
  start_collectd
  reads 1 switch
  start_load "$me-switch" --wait --stay 60 switch 1000 0 0
  start_load "$me-touch" --wait --stay 60 touch 10000
  start_load "$me-major" --wait --stay 60 major "$disk/file" 1000
  for name in switch touch major; do
    perform "$me-$name"
  done
  for name in switch touch major; do
    settle "$name"
  done

  # The load goes to sleep after it has read its counters; that is another switch.
  switches=$(truth "$me-switch" voluntary)
  assert_between "$switches" 800 2000 # a sleep may be over before it begins
  assert_between "$(value switch contextswitch-voluntary)" "$switches" \
    "$((switches + 3))"
  involuntary=$(truth "$me-switch" involuntary)
  assert_between "$(value switch contextswitch-involuntary)" "$involuntary" \
    "$((involuntary + 3))"
  faults=$(truth "$me-touch" minor_faults)
  assert_between "$faults" 10000 11000
  assert_between "$(value touch ps_pagefaults minflt)" "$faults" \
    "$((faults + 10))"
  assert_between "$(truth "$me-major" major_faults)" 1000 1100
  assert_equal "$(value major ps_pagefaults majflt)" \
    "$(truth "$me-major" major_faults)"
}

@test "io: context switches and page faults of threads that come and go" {
  configure <<EOF
    CollectContextSwitch true
    CollectPageFaults true
    <Group "io">
      Command "$me-io"
    </Group>
EOF
  start_collectd
  reads 1 io
  start_load "$me-io" --wait --stay 60 churn 3000 500 4
  perform "$me-io"
  settle io

  voluntary=$(truth "$me-io" voluntary)
  involuntary=$(truth "$me-io" involuntary)
  faults=$(truth "$me-io" minor_faults)
  assert_between "$voluntary" 100 100000
  # A thread can be switched once more after the kernel has saved its counters.
  assert_near "$(value io contextswitch-voluntary)" "$voluntary" 1 10
  assert_near "$(value io contextswitch-involuntary)" "$involuntary" 1 10
  assert_between "$(value io ps_pagefaults minflt)" "$faults" $((faults + 20))
}

@test "io: memory, processes and threads" {
  configure <<EOF
    CollectMemory true
    <Group "memory">
      Command "$me-mem" "$me-park"
    </Group>
EOF
  start_collectd
  reads 1 memory
  start_load "$me-mem" --stay 60 touch 25600
  await_done "$me-mem"
  start_load "$me-park" --stay 60 park 6
  await_done "$me-park"
  settle memory

  # 100 MiB were touched; two small programs need little more.
  assert_between "$(value memory ps_rss)" 104857600 125829120
  assert_between "$(value memory ps_vm)" "$(value memory ps_rss)" 1e10
  assert_equal "$(members memory)" 2.000000
  assert_equal "$(value memory ps_count threads)" 8.000000
  resident=$(awk '/^VmRSS/ { sum += $2 } END { print sum * 1024 }' \
    "/proc/${load_pid[$me-mem]}/status" "/proc/${load_pid[$me-park]}/status")
  assert_near "$(value memory ps_rss)" "$resident" 1
}

# age PID: seconds since it started.
age() {
  awk -v hz="$(getconf CLK_TCK)" '
    FNR == NR { uptime = $1; next }
    { sub(/.*\) /, ""); printf "%.2f\n", uptime - $20 / hz }' /proc/uptime "/proc/$1/stat"
}

# from_status KEY...: sum over all loads, in bytes.
from_status() {
  local pid

  for pid in "${load_pid[@]}"; do
    grep -E "^($(tr ' ' '|' <<<"$*")):" "/proc/$pid/status"
  done | awk '{ sum += $2 } END { printf "%.0f\n", sum * 1024 }'
}

@test "io: open files, code, data and uptime, as the processes plugin has them" {
  configure <<EOF
    CollectFileDescriptor true
    CollectMemory true
    CollectUptime true
    <Group "parity">
      Command "$me-files" "$me-young"
    </Group>
    <Group "none">
      Command "$me-none"
    </Group>
EOF
  start_collectd
  start_load "$me-files" --wait --stay 100 files 300
  await_members parity 1
  start_load "$me-young" --stay 100 touch 5000
  await_done "$me-young"
  settle parity
  before=$(value parity file_handles)
  perform "$me-files"
  from=$(age "${load_pid[$me-files]}")
  settle parity

  assert_equal "$(value parity file_handles)" "$(find "/proc/${load_pid[$me-files]}/fd" \
    "/proc/${load_pid[$me-young]}/fd" -mindepth 1 | wc -l).000000"
  holds "$(value parity file_handles) - $before == 300" || fail "$before files before"
  assert_equal "$(value parity ps_code)" "$(from_status VmExe).000000"
  assert_near "$(value parity ps_data)" "$(from_status VmData VmStk)" 1
  assert_between "$(value parity uptime)" "$from - 0.02" \
    "$(age "${load_pid[$me-files]}") + 0.02"
  assert_equal "$(value none file_handles)" 0.000000
  run ! has_identity none uptime
  assert_not_logged 'Cannot (count the open files|read the (memory|I/O))'
}
