#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A member that ends and stays a zombie of its parent, a live member. The expected
# values are from wait4, and from getrusage for the parent.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

bytes=100000

start_parent() {
  configure <<EOF
    CollectContextSwitch true
    CollectPageFaults true
    CollectDelayLatency true
    <Group "zombies">
      Command "$me-zom"
    </Group>
EOF
  start_collectd
  reads 1 zombies
  start_load "$me-zom" --wait --stay 60 zombie "$@"
  settle zombies
  assert_equal "$(members zombies)" 1.000000
}

await_zombie() { await "the zombie" said "$me-zom" 'zombie=[0-9]+'; }

# What both processes have used, as far as it is known by now.
total_truth() {
  echo $(($(truth "$me-zom" cpu_us) + $(truth "$me-zom" child_cpu_us)))
}

# assert_plausible_delays THREADS: each waits at most a second per second. Two seconds are
# added for what a read sees later, and for waits that began before: they count at the end.
assert_plausible_delays() {
  rates zombies delay_rate-delay-cpu | awk -F, -v threads="$1" '
    $2 != "nan" && $2 * $3 > threads * ($3 + 2) {
      print $2 " s a second, in " $3 " s"
      bad = 1
    }
    END { exit bad }'
}

# assert_switches KIND SLACK: a thread can be switched after the kernel has saved its
# counters, and the parent goes to sleep after it has reported its own.
assert_switches() {
  local truth

  truth=$(($(truth "$me-zom" "$1") + $(truth "$me-zom" "child_$1")))
  assert_between "$(value zombies "contextswitch-$1")" \
    $((truth - $2)) $((truth + $2))
}

# has_seen_both: some read has seen both processes.
has_seen_both() { column zombies ps_count processes | grep -qx 2.000000; }

# zombie_case HOW THREADS: reads see the child alive, then as a zombie; then it is
# reaped.
zombie_case() {
  start_parent "$1" "$2" 2500 "$bytes"
  go "$me-zom"
  await "a read of the living child" has_seen_both
  await_zombie
  settle zombies
  as_zombie=$(cpu_us zombies)
  written=$(value zombies io_octets tx)
  assert_equal "$(members zombies)" 1.000000
  assert_equal "$(value zombies ps_count threads)" 1.000000

  perform "$me-zom"
  settle zombies
  assert_near "$as_zombie" "$(total_truth)" 3
  assert_near "$(cpu_us zombies)" "$(total_truth)" 3
  # Meanwhile, the parent writes some 30 bytes of output.
  assert_between "$written" "$bytes" "$((bytes + 100))"
  assert_switches voluntary $((5 * ($2 + 1)))
  assert_switches involuntary $((5 * ($2 + 1)))
  assert_plausible_delays "$(($2 + 2))"
}

@test "zombies: single-threaded" {
  zombie_case joined 0
}

@test "zombies: multi-threaded, its threads ended before" {
  zombie_case joined 3
}

@test "zombies: multi-threaded, all threads ended together" {
  zombie_case together 3
}

@test "zombies: multi-threaded, with delay accounting off" {
  delay_accounting 0
  zombie_case together 3
}

@test "zombies: a process lives on without its main thread" {
  zombie_case headless 2
}

@test "zombies: its waits until its end" {
  load_prefix=(taskset -c "$(a_cpu)")
  start_load "$me-hog" --stay 60 --wait burn 30000 0
  go "$me-hog"
  start_parent joined 0 1800 "$bytes"
  go "$me-zom"
  await_zombie
  settle zombies

  # The scheduler's statistics, which are independent of taskstats.
  child=$(truth "$me-zom" child)
  waited=$(awk '{ sum += $2 } END { printf "%.6f\n", sum / 1e9 }' \
    "/proc/$child/schedstat" "/proc/${load_pid[$me-zom]}/schedstat")
  assert_between "$waited" 0.3 10
  assert_near "$(integral zombies delay_rate-delay-cpu)" "$waited" 5 0.02
}

@test "zombies: what a reaped child wrote counts once" {
  start_parent joined 0 2500 "$bytes"
  go "$me-zom"
  await "a read of the living child" has_seen_both
  await_zombie
  settle zombies
  perform "$me-zom"
  settle zombies

  # The kernel adds a reaped child's I/O to its parent's /proc/<pid>/io.
  assert_equal "$(value zombies io_octets tx)" \
    "$((bytes + $(truth "$me-zom" tx_bytes)))"
}
