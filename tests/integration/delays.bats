#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What a process waited for. The scheduler and /proc/<pid>/stat have books of
# their own, which the plugin does not read.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

# blkio_s PID: seconds that its main thread waited for the disk.
blkio_s() {
  sed 's/.*) //' "/proc/$1/stat" |
    awk -v hz="$(getconf CLK_TCK)" '{ printf "%.6f\n", $40 / hz }'
}

# mean_since GROUP IDENTITY TIME
mean_since() {
  rows "$1" "$2" | awk -F, -v since="$3" '
    $1 > since { sum += $2; count++ }
    END { if (count == 0) exit 1; printf "%.6f\n", sum / count }'
}

# waits GROUP KIND: how many there were, from their sum and their mean.
waits() {
  join -t, <(rates "$1" "delay_rate-delay-$2") \
    <(rows "$1" "latency-delay-$2") | awk -F, '
    $2 != "nan" && $4 != "nan" && $4 > 0 { sum += $2 * $3 / $4 }
    END { printf "%.0f\n", sum }'
}

# start_hogs MS: two processes that want the same CPU.
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

# run_hogs MS: reads have seen them before they begin.
run_hogs() {
  configure_hogs
  start_collectd
  reads 1 hogs
  start_hogs "$1"
  settle hogs
  go "$me-hog1"
  go "$me-hog2"
}

# hogs_wait: their rate of waits over some reads, in $rate, and what the
# scheduler says, in $truth. At each moment one of the two waits. Whoever else
# needs this CPU lets both wait: the sum is more than 1 by what the rest of the
# machine takes, and nothing but the scheduler's own books can tell that.
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
  run_hogs 5000
  settle hogs
  hogs_wait
  assert_hogs_wait
  await_done "$me-hog1"
  await_done "$me-hog2"
  settle hogs

  assert_near "$(integral hogs delay_rate-delay-cpu)" \
    "$(schedstat "${load_pid[@]}")" 5 0.02
  # The counter has no error that time or rounding adds up.
  assert_near "$(value hogs total_time_in_ms-delay-cpu)" \
    "($(schedstat "${load_pid[@]}") * 1000)" 0 1
}

# A process waits no longer than it lives, so the rate of a group of one thread
# is 1 at most, from the first read that sees it. Reads do not begin exactly an
# interval apart from the samples that they take.
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
      0.3 1.25
    # They begin when the metrics begin that are no rates.
    assert_equal "$(rows "$me-n$i" delay_rate-delay-cpu | head -n 1 | cut -d, -f1)" \
      "$(rows "$me-n$i" ps_count | head -n 1 | cut -d, -f1)"
  done
}

# cpu_waits PID...: how often they waited for a CPU, says the scheduler.
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
    # The kernel has counted a wait from boot: that, and what it came with, is
    # left out.
    assert_between "$waited" 0 "$wall_s"
    return
  fi
  assert_between "$waited" 0.01 "$wall_s"
  assert_near "$waited" "$kernels" 5 0.03
  # Each wait is a voluntary switch, and this load has no other.
  assert_near "$(waits disk blkio)" "$(truth "$me-disk" voluntary)" 10
}

# How long a process waits for the disk, between its waits for a CPU, is what is
# left of the time. Since Linux 6.12 some waits are false, as long as the machine
# has been up, or as it was since the thread's wait before.

# directs_case PROCESSES THREADS BLOCKS: so many threads of each read for 4 s,
# and each thread so many blocks, if that is not 0, before it is replaced.
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
  # They do nothing else in all their lives.
  for name in "${names[@]}"; do
    start_load "$name" directs "$disk/file" "$2" "$3" 4000
  done
  for name in "${names[@]}"; do
    await_done "$name"
    truth=$((truth + $(truth "$name" blocked_us)))
  done
  settle disk

  assert_near "$(integral disk delay_rate-delay-blkio)" \
    "$(awk "BEGIN { print $truth / 1e6 }")" 15 0.1
  # One more for reads that follow each other closely.
  column disk delay_rate-delay-blkio | while read -r rate; do
    [[ $rate == nan ]] || assert_between "$rate" 0 $(($1 * $2 + 1))
  done
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

  # A page takes a tenth of a microsecond at least; all are part of the CPU time.
  assert_between "$(integral copy delay_rate-delay-wpcopy)" 0.04 \
    "$(truth "$me-copy" cpu_us)e-6"
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
  run_hogs 4500
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

# In the groups "old" and "mixed" only processes that started while delay
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

# Of them all kinds but one are unknown, and not 0; but not of a group that has
# one that started later.
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
