#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Delays of processes, compared with values that the plugin does not use: those of the
# scheduler (schedstat) and of /proc/<pid>/stat.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

# blkio_s PID: seconds for which its main thread waited for the disk.
blkio_s() {
  sed 's/.*) //' "/proc/$1/stat" |
    awk -v hz="$(getconf CLK_TCK)" '{ printf "%.6f\n", $40 / hz }'
}

# mean_since GROUP IDENTITY TIME: of a rate. Reads may be late, and then follow each
# other closely.
mean_since() {
  rates "$1" "$2" | awk -F, -v since="$3" '
    $1 > since { sum += $2 * $3; time += $3 }
    END { if (time == 0) exit 1; printf "%.6f\n", sum / time }'
}

# assert_never_over GROUP IDENTITY RATE SLACK: the integral of a rate is never more than
# at this RATE, from the first read on, by over SLACK. A wait counts when it ends, so that
# a single rate may be higher.
assert_never_over() {
  rates "$1" "$2" | awk -F, -v most="$3" -v slack="$4" '
    $2 != "nan" { sum += $2 * $3; limit += most * $3 }
    sum > limit + slack { print "# " $0 ": " sum " is over " limit; failed = 1 }
    END { exit failed }'
}

# waits GROUP KIND: number of waits, computed from their sum and their mean.
waits() {
  join -t, <(rates "$1" "delay_rate-delay-$2") \
    <(rows "$1" "latency-delay-$2") | awk -F, '
    $2 != "nan" && $4 != "nan" && $4 > 0 { sum += $2 * $3 / $4 }
    END { printf "%.0f\n", sum }'
}

# start_hogs MS: two processes that compete for one CPU.
start_hogs() {
  local cpu hog

  cpu=$(a_cpu)
  for hog in "$me-hog1" "$me-hog2"; do
    start_load "$hog" --wait --stay 60 burn "$1" 0
    taskset -pc "$cpu" "${load_pid[$hog]}" >/dev/null
  done
}

configure_hogs() {
  configure <<EOF
    $*
    CollectExits false
    CollectDelayLatency true
    <Group "hogs">
      Command "$me-hog1" "$me-hog2"
    </Group>
EOF
}

# run_hogs MS: reads see the processes before they start to work.
run_hogs() {
  configure_hogs
  start_collectd
  reads 1 hogs
  start_hogs "$1"
  settle hogs
  go "$me-hog1"
  go "$me-hog2"
}

# hogs_wait: sets $rate, the group's delay rate over some reads, and $truth, the
# scheduler's value. One of the two always waits. When other processes use this CPU,
# both wait and the sum exceeds 1; only the scheduler's statistics show by how much.
hogs_wait() {
  local from=$EPOCHREALTIME before

  before=$(schedstat "${load_pid[@]}")
  reads 6 hogs
  truth=$(awk "BEGIN { print ($(schedstat "${load_pid[@]}") - $before) / \
    ($EPOCHREALTIME - $from) }")
  rate=$(mean_since hogs delay_rate-delay-cpu "$from")
}

assert_hogs_wait() {
  assert_between "$rate" 0.9 2.5
  assert_near "$rate" "$truth" 10
}

@test "delays: two hogs on one CPU wait a second in a second" {
  run_hogs 8000
  settle hogs
  hogs_wait
  assert_hogs_wait
  await_done "$me-hog1"
  await_done "$me-hog2"
  settle hogs

  assert_near "$(integral hogs delay_rate-delay-cpu)" \
    "$(schedstat "${load_pid[@]}")" 5 0.02
  # The counter accumulates no error from time or rounding.
  assert_near "$(value hogs total_time_in_ms-delay-cpu)" \
    "($(schedstat "${load_pid[@]}") * 1000)" 0 1
}

# A process cannot wait longer than it lives, so the rate of a group with one thread is
# at most 1 from the first read that sees it.
@test "delays: the rates of a new group are those of its time" {
  interval=1
  configure <<EOF
    <Group "%{comm}">
      Command $(printf "\"$me-n%d\" " {1..6})
    </Group>
EOF
  load_prefix=(taskset -c "$(a_cpu)")
  start_collectd
  reads 1 ""
  for i in {1..6}; do
    start_load "$me-n$i" burn 5000 0
  done
  reads 4 ""

  for i in {1..6}; do
    assert_between "$(column "$me-n$i" delay_rate-delay-cpu | sort -n | tail -n 1)" \
      0.3 100
    assert_never_over "$me-n$i" delay_rate-delay-cpu 1 0.25
    # The rates start at the same time as the other metrics.
    assert_equal "$(rows "$me-n$i" delay_rate-delay-cpu | head -n 1 | cut -d, -f1)" \
      "$(rows "$me-n$i" ps_count | head -n 1 | cut -d, -f1)"
  done
}

# cpu_waits PID...: how often they waited for a CPU, according to the scheduler.
cpu_waits() {
  local pid

  for pid; do
    cat "/proc/$pid/schedstat"
  done | awk '{ sum += $3 } END { print sum }'
}

@test "delays: the mean wait for a CPU, by the number of waits" {
  run_hogs 3000
  await_done "$me-hog1"
  await_done "$me-hog2"
  settle hogs

  assert_near "$(waits hogs cpu)" "$(cpu_waits "${load_pid[@]}")" 10 5
}

# idle_s LOAD: how long its only thread neither ran nor waited for a CPU while it worked.
idle_s() {
  awk -v wall="$(truth "$1" wall_us)" -v cpu="$(truth "$1" cpu_us)" '
    { printf "%.6f\n", (wall - cpu - $2 / 1000) / 1e6 }' "/proc/${load_pid[$1]}/schedstat"
}

smaller() { printf '%s\n' "$@" | sort -g | head -n 1; }

@test "delays: a direct-I/O reader waits for the disk" {
  disk_dir
  "$LOAD" write "$disk/file" 33554432 16 fsync >/dev/null
  configure <<EOF
    CollectDelayLatency true
    <Group "disk">
      Command "$me-disk"
    </Group>
EOF
  start_collectd
  reads 1 disk
  start_load "$me-disk" --wait --stay 60 direct "$disk/file" 262144 3000
  settle disk
  perform "$me-disk"
  settle disk

  waited=$(integral disk delay_rate-delay-blkio)
  wall_s=$(($(truth "$me-disk" wall_us) / 1000000 + 1))
  kernels=$(blkio_s "${load_pid[$me-disk]}")
  if awk "BEGIN { exit !($kernels > $wall_s) }"; then
    # The kernel has counted a false wait that began at boot. The plugin drops it and
    # the waits that were reported with it.
    assert_between "$waited" 0 "$wall_s"
    return
  fi
  assert_between "$waited" 0.01 "$wall_s"
  # The kernel may also have counted false waits since its previous one. The plugin drops
  # what it cannot have waited.
  assert_between "$waited" "$(smaller "$kernels" "$(idle_s "$me-disk")") * 0.95 - 0.03" \
    "$kernels * 1.05 + 0.03"
  # Each wait is one voluntary context switch; this load has no others.
  assert_near "$(waits disk blkio)" "$(truth "$me-disk" voluntary)" 10
}

# A process that only reads waits for the disk whenever it neither runs nor waits for a
# CPU. Since Linux 6.12, the kernel reports some false waits, which are as long as the
# uptime or as the time since the thread's previous wait.

# directs_case PROCESSES THREADS BLOCKS: each process reads for 4 s with THREADS
# threads. All but the main one are replaced after BLOCKS blocks (0: never).
directs_case() {
  local name names=() truth=0

  mapfile -t names < <(printf "$me-d%d\n" $(seq "$1"))
  disk_dir
  "$LOAD" write "$disk/file" 33554432 16 fsync >/dev/null
  interval=1
  configure <<EOF
    <Group "disk">
      Command $(printf '"%s" ' "${names[@]}")
    </Group>
EOF
  start_collectd
  reads 1 disk
  # They only read, from start to end.
  for name in "${names[@]}"; do
    start_load "$name" directs "$disk/file" "$2" "$3" 4000
  done
  for name in "${names[@]}"; do
    await_done "$name"
    truth=$((truth + $(truth "$name" blocked_us)))
  done
  settle disk

  assert_near "$(integral disk delay_rate-delay-blkio)" \
    "$(awk "BEGIN { print $truth / 1e6 }")" 25 0.3
  assert_never_over disk delay_rate-delay-blkio $(($1 * $2)) 0.5
}

@test "delays: four processes that only read wait whenever they do not run" {
  directs_case 4 1 0
}

@test "delays: of a server with eight threads" {
  directs_case 1 8 0
}

@test "delays: of threads that come and go" {
  directs_case 1 8 60
}

@test "delays: copies on write" {
  kernel_has 6.0 || skip "this kernel does not count them"
  configure <<EOF
    <Group "copy">
      Command "$me-copy"
    </Group>
EOF
  start_collectd
  reads 1 copy
  start_load "$me-copy" --wait --stay 60 cow 20000 20
  settle copy
  perform "$me-copy"
  settle copy

  # Copying a page takes at least 0.1 us; all copies are part of the CPU time, except for
  # waits for a CPU in between.
  assert_between "$(integral copy delay_rate-delay-wpcopy)" 0.04 \
    "$(truth "$me-copy" cpu_us)e-6 + $(schedstat "${load_pid[$me-copy]}") + 0.2"
}

@test "delays: the mean of no waits is not a number" {
  configure <<EOF
    CollectDelayLatency true
    <Group "idle">
      Command "$me-idle"
    </Group>
    <Group "none">
      Command "$me-none"
    </Group>
EOF
  start_load "$me-idle" --stay 60 idle
  start_collectd
  reads 3 idle
  reads 1 none

  for kind in $(delay_kinds); do
    assert_equal "$(value idle "delay_rate-delay-$kind")" 0.000000 "$kind"
    assert_equal "$(value idle "latency-delay-$kind")" nan "$kind"
    assert_equal "$(value none "latency-delay-$kind")" nan "$kind"
  done
}

@test "delays: accounting off: only the wait for a CPU, and the log says so once" {
  delay_accounting 0
  run_hogs 15000
  settle hogs
  hogs_wait
  assert_hogs_wait

  assert_identities hogs {delay_rate,total_time_in_ms,latency}-delay-cpu ps_cputime \
    io_octets io_ops disk_octets ps_count
  assert_logged_once 'kernel\.task_delayacct=1'
  assert_equal "$(<"$DELAYACCT")" 0
}

@test "delays: EnableDelayAccounting sets kernel.task_delayacct" {
  delay_accounting 0
  configure_hogs EnableDelayAccounting true
  start_collectd
  assert_equal "$(<"$DELAYACCT")" 1
  start_hogs 1000
  reads 3 hogs

  mapfile -t rates < <(delay_kinds | sed 's/^/delay_rate-delay-/')
  mapfile -t totals < <(delay_kinds | sed 's/^/total_time_in_ms-delay-/')
  mapfile -t means < <(delay_kinds | sed 's/^/latency-delay-/')
  assert_identities hogs "${rates[@]}" "${totals[@]}" "${means[@]}" ps_cputime \
    io_octets io_ops disk_octets ps_count
}

@test "delays: accounting that is switched on later is noticed" {
  delay_accounting 0
  configure_hogs
  start_collectd
  reads 2 hogs
  delay_accounting 1
  start_hogs 1000
  await "delay-blkio" has_identity hogs delay_rate-delay-blkio
  reads 2 hogs

  for kind in $(delay_kinds); do
    has_identity hogs "delay_rate-delay-$kind"
  done
}

# The groups "old" and "mixed" contain only processes that started while delay
# accounting was off.
start_uncounted() {
  delay_accounting 0
  configure <<EOF
    $1
    CollectExits false
    <Group "old">
      Command "$me-old"
    </Group>
    <Group "mixed">
      Command "$me-old" "$me-new"
    </Group>
EOF
  start_load "$me-old" --stay 60 idle
}

# For these processes, all kinds but cpu are unknown, not 0. A group with a process that
# started later has all kinds.
assert_uncounted_unknown() {
  reads 3 old
  assert_identities old {delay_rate,total_time_in_ms}-delay-cpu ps_cputime io_octets io_ops \
    disk_octets ps_count
  start_load "$me-new" --stay 60 idle
  await "delay-blkio" has_identity mixed delay_rate-delay-blkio
  stop_load "$me-new"
  reads 3 mixed
  assert_equal "$(value mixed delay_rate-delay-blkio)" 0.000000
  assert_identities old {delay_rate,total_time_in_ms}-delay-cpu ps_cputime io_octets io_ops \
    disk_octets ps_count
}

@test "delays: unknown of what started before EnableDelayAccounting" {
  start_uncounted "EnableDelayAccounting true"
  start_collectd
  assert_equal "$(<"$DELAYACCT")" 1
  assert_uncounted_unknown
}

@test "delays: unknown of what started before accounting was on, by whomever" {
  start_uncounted ""
  delay_accounting 1
  start_collectd
  assert_uncounted_unknown
}
