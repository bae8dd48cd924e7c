#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What a process uses counts until its end, even if no read saw the process.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

bytes=65600 # not a multiple of 1024

configure_names() { # NAME...
  local name

  for name; do
    echo "<Group \"$name\">"
    echo "  Command \"$me-$name\""
    echo "  CollectPageFaults true"
    echo "  CollectContextSwitch true"
    echo "</Group>"
  done | configure
}

# The threads' name differs from that of their process.
configure_threads() {
  configure <<CONF
    <Group "kid">
      Command "$me-kid"
    </Group>
    <Group "thread">
      Command "worker"
    </Group>
CONF
}

# run_brood GROUP OPTION...: runs it after the first read.
run_brood() {
  local group=$1
  shift

  start_exits "$me-parent" "$@"
  await "the first read" has_rows "$group" ps_cputime
  perform "$me-parent"
  settle "$group"
}

# assert_complete GROUP PERCENT [CPU]: CPU time to within PERCENT; the other values
# exactly, or as exactly as they are known.
assert_complete() {
  assert_cpu_of_ended "$(cpu_us "$1")" "${3:-$(truth "$me-parent" cpu_us)}" \
    "$(truth "$me-parent" counted)" "$2"
  assert_near "$(value "$1" io_octets tx)" "$(truth "$me-parent" tx_bytes)" 1 100
  assert_exits_of "$1" "$me-parent"
  assert_equal "$(own exit-records-lost)" 0
}

@test "exits: 600 processes of 5 ms that no read saw" {
  interval=1
  configure_names kid
  start_collectd
  run_brood kid brood "$me-kid" 600 2 0 exit0,exit3,kill 5000 "$bytes"

  assert_unseen kid 300
  assert_complete kid 3
  assert_exits kid 200 200 200
  assert_equal "$(members kid)" 0.000000
}

@test "exits: the same with a read every 0.2 s" {
  interval=0.2
  configure_names kid
  start_collectd
  run_brood kid brood "$me-kid" 600 2 0 exit0,exit3,kill 5000 "$bytes"

  assert_complete kid 3
}

# The bursts are a millisecond apart. Exit records do not include the last one.
@test "exits: 300 processes of 5 bursts of 0.2 ms that no read saw" {
  interval=1
  configure_names kid
  start_collectd
  run_brood kid --bursts 5 brood "$me-kid" 300 2 0 exit0 200 0

  assert_unseen kid 150
  assert_exits kid 300 0 0
  assert_cpu_of_ended "$(cpu_us kid)" "$(truth "$me-parent" cpu_us)" 300 5 100
}

@test "exits: processes that called exec" {
  interval=1
  configure_names kid
  start_collectd
  mkdir "$work/bin"
  ln -s "$EXITS" "$work/bin/$me-kid"
  run_brood kid --exec brood "$me-kid" 200 2 0 exit0,exit3 5000 "$bytes"

  assert_complete kid 6
}

@test "exits: forked workers of a parent that its command line selects" {
  interval=1
  configure <<CONF
    ProcessMatch "pool" "/$me-parent brood"
    ProcessMatch "none" "/$me-nobody brood"
CONF
  start_collectd
  start_exits "$me-parent" brood - 600 2 0 exit0,exit3,kill 5000 "$bytes"
  forked=$(forks)
  reads 2 pool
  undecided=$(own exit-undecided)
  perform "$me-parent"
  settle pool

  assert_unseen pool 300
  used=$(($(truth "$me-parent" cpu_us) + $(truth "$me-parent" own_cpu_us)))
  assert_complete pool 3 "$used"
  assert_exits none 0 0 0
  # Processes other than these 600 may have come and gone.
  assert_between "$(own exit-undecided)" "$undecided" \
    $((undecided + $(forks) - forked - 600 + 100))
}

@test "exits: what a CommandLine cannot decide without events is counted" {
  interval=1
  configure <<CONF
    ProcessEvents false
    ProcessMatch "none" "/$me-nobody brood"
CONF
  start_collectd
  mkdir "$work/bin"
  ln -s "$EXITS" "$work/bin/$me-kid"
  start_exits "$me-parent" --exec brood "$me-kid" 60 2 0 exit0 1000 0
  forked=$(forks)
  reads 2 none
  undecided=$(own exit-undecided)
  reads=$(rows none ps_count | wc -l)
  perform "$me-parent"
  settle none
  reads=$(($(rows none ps_count | wc -l) - reads))

  # Those that a read saw, at most two at a time, are decided.
  ((reads < 20)) || fail "$reads reads: the processes are too slow"
  assert_between "$(own exit-undecided)" $((undecided + 60 - 2 * reads)) \
    $((undecided + $(forks) - forked))
  assert_exits none 0 0 0
}

@test "exits: a user's, an executable's, a cgroup's" {
  interval=1
  root=$(findmnt -rn -t cgroup2 -o TARGET | head -n1)
  [[ -n $root ]] || skip "no cgroup hierarchy of version 2"
  cgroup=$root/$me-exits.slice
  remove_at_end "$cgroup"
  mkdir "$cgroup"
  open_work
  configure <<CONF
    <Group "user">
      User "$NOBODY"
      Command "$me-kid"
    </Group>
    <Group "executable">
      Executable "$EXITS"
      Command "$me-kid"
    </Group>
    <Group "cgroup">
      ControlGroup "^/$me-exits\\\\.slice\$"
      Command "$me-kid"
    </Group>
    <Group "stranger">
      User "root"
      ControlGroup "^/$me-exits\\\\.slice\$"
      Command "$me-kid"
    </Group>
CONF
  start_collectd
  load_prefix=("${as_nobody[@]}")
  start_exits "$me-parent" brood "$me-kid" 200 2 0 exit0,exit3,kill 5000 "$bytes"
  echo "${load_pid[$me-parent]}" >"$cgroup/cgroup.procs"
  reads 1 user
  perform "$me-parent"
  settle user

  for group in user executable cgroup; do
    assert_complete "$group" 3
  done
  assert_exits stranger 0 0 0
}

# For a process that is exiting, the kernel shows the root of the version 1 hierarchy.
@test "exits: of a control group of version 1" {
  interval=1
  root=$(findmnt -rn -t cgroup -O name=systemd -o TARGET | head -n1)
  [[ -n $root ]] || skip "systemd has no hierarchy of version 1"
  slice=$root/$me-exits.slice
  remove_at_end "$slice"
  mkdir "$slice"
  configure <<CONF
    <Group "cgroup">
      ControlGroup "^/$me-exits\\\\.slice\$"
      Command "$me-kid"
    </Group>
    <Group "root">
      ControlGroup "^/\$"
      Command "$me-kid" "$me-2"
    </Group>
CONF
  start_collectd
  start_exits "$me-parent" brood "$me-kid" 200 2 0 exit0,exit3,kill 5000 "$bytes"
  start_exits "$me-gardener" --orphans --but-root tree "$me-root,$me-1,$me-2" 2 6 5000
  echo "${load_pid[$me-parent]}" >"$slice/cgroup.procs"
  echo "${load_pid[$me-gardener]}" >"$slice/cgroup.procs"
  reads 1 root
  perform "$me-parent"
  perform "$me-gardener"
  settle root

  assert_complete cgroup 3
  assert_exits root 0 0 0
}

@test "exits: processes that reads meet while they die" {
  interval=0.1
  configure <<CONF
    <Group "name">
      Command "$me-parent"
    </Group>
    <Group "line">
      CommandLine "/$me-parent brood"
    </Group>
    <Group "executable">
      Executable "$EXITS"
      Command "$me-parent"
    </Group>
CONF
  start_collectd
  # They keep their parent's name: a read may have seen them before they change it.
  start_exits "$me-parent" brood - 4000 4 0 exit0 100 0
  reads 3 line
  perform "$me-parent"
  await_exits name 4000
  settle line

  for group in name line executable; do
    assert_exits "$group" 4000 0 0 || missing+=" $group"
  done
  [[ -z ${missing:-} ]]
}

@test "exits: short-lived processes of several threads" {
  interval=1
  configure_threads
  start_collectd
  run_brood kid brood "$me-kid" 150 2 3 exit0,exit3,kill 2000 "$bytes"

  assert_unseen kid 75
  assert_exits thread 0 0 0
  assert_complete kid 6
}

@test "exits: a main thread that leaves first" {
  interval=1
  configure_threads
  start_collectd
  run_brood kid brood "$me-kid" 100 2 2 headless,headless6 2000 "$bytes"

  assert_complete kid 6
  assert_exits thread 0 0 0
}

@test "exits: a main thread that leaves first, while reads look on" {
  interval=0.2
  configure_names kid
  start_collectd
  run_brood kid brood "$me-kid" 4 4 2 headless,headless6 150000 "$bytes"

  assert_complete kid 3
  assert_exits kid 2 2 0
  assert_equal "$(members kid)" 0.000000
}

@test "exits: threads that are torn from their work" {
  interval=0.2
  configure_threads
  start_collectd
  run_brood kid brood "$me-kid" 200 2 3 together 5000 0

  # How many bytes the threads wrote is unknown.
  assert_cpu "$(cpu_us kid)" "$me-parent"
  assert_exits thread 0 0 0
  assert_exits_of kid "$me-parent"
}

@test "exits: a process from before the plugin's start" {
  configure_names old
  start_load "$me-old" --wait --rounds 2 burn 700 2
  perform "$me-old" 1
  start_collectd
  settle old
  perform "$me-old" 2
  await_exits old 1 # it ends after its work
  settle old

  used=$(($(truth "$me-old" cpu_us 2) - $(truth "$me-old" cpu_us 1)))
  assert_ended_cpu "$(cpu_us old)" "$used" 4
  assert_between "$(value old io_octets tx)" 0 1024
  assert_exits old 1 0 0
}

@test "exits: processes that reads saw and that end between two" {
  interval=1
  configure_names seen
  start_collectd
  reads 1 seen
  for i in 1 2 3 4; do
    start_load "$me-s$i" --name "$me-seen" --wait --rounds 2 burn 300 1
  done
  for round in 1 2; do
    settle seen
    for i in 1 2 3 4; do
      perform "$me-s$i" "$round"
    done
  done
  await_exits seen 4
  settle seen

  used=0
  sent=0
  for i in 1 2 3 4; do
    used=$((used + $(truth "$me-s$i" cpu_us)))
    sent=$((sent + $(truth "$me-s$i" tx_bytes)))
  done
  assert_cpu_of_ended "$(cpu_us seen)" "$used" 4
  # Bytes after the last read of each process are known to a KiB.
  assert_near "$(value seen io_octets tx)" "$sent" 0 4096
  assert_exits seen 4 0 0
  assert_equal "$(members seen)" 0.000000
}

@test "exits: waits until the end, of what no read saw" {
  interval=1
  configure_names kid
  load_prefix=(taskset -c "$(a_cpu)")
  start_collectd
  await "the first rate" has_rows kid delay_rate-delay-cpu
  # Two at a time on one CPU.
  run_brood kid --waits brood "$me-kid" 100 2 0 exit0 20000 0

  waited=$(awk "BEGIN { print $(truth "$me-parent" waited_us) / 1e6 }")
  assert_between "$waited" 0.5 60
  assert_near "$(integral kid delay_rate-delay-cpu)" "$waited" 3 0.05
}

@test "exits: zombies that had threads" {
  interval=0.2
  configure_names kid
  start_collectd
  start_exits "$me-parent" --hold brood "$me-kid" 4 4 2 exit0,exit3,kill,worker4 300000 "$bytes"
  reads 1 kid
  go "$me-parent"
  await "the zombies" said "$me-parent" 'zombies=4'
  settle kid
  as_zombie=$(cpu_us kid)
  assert_equal "$(members kid)" 0.000000
  reads 3 kid
  assert_equal "$(cpu_us kid)" "$as_zombie"
  perform "$me-parent"
  reads 3 kid

  assert_cpu "$as_zombie" "$me-parent"
  assert_complete kid 3
}

@test "exits: zombies that no read saw alive" {
  interval=1
  configure_names kid
  start_collectd
  start_exits "$me-parent" --hold brood "$me-kid" 100 100 0 exit0,kill 3000 "$bytes"
  reads 1 kid
  go "$me-parent"
  await "the zombies" said "$me-parent" 'zombies=100'
  settle kid
  perform "$me-parent"
  reads 2 kid

  assert_complete kid 3
}

@test "exits: a pid that is used again and again within an interval" {
  interval=1
  configure_names one two
  start_collectd
  run_brood one --same-pid brood "$me-one,$me-two" 40 1 0 exit0,exit3 20000 "$bytes"

  # All processes have the same pid.
  assert_equal "$(grep -c '^end_' "$work/$me-parent.out.load")" 40
  assert_equal "$(grep -o '^end_[0-9]*' "$work/$me-parent.out.load" | sort -u | wc -l)" 1
  assert_exits one 20 0 0
  assert_exits two 0 20 0
  used=$(awk "BEGIN { print $(cpu_us one) + $(cpu_us two) }")
  assert_cpu "$used" "$me-parent"
  for name in one two; do
    assert_near "$(value "$name" io_octets tx)" $((20 * bytes)) 1
  done
}

@test "exits: a pid that is used again while reads look on" {
  interval=0.1
  configure_names one two
  start_collectd
  run_brood one --same-pid brood "$me-one,$me-two" 20 1 0 kill,exit3 150000 "$bytes"

  assert_equal "$(grep -o '^end_[0-9]*' "$work/$me-parent.out.load" | sort -u | wc -l)" 1
  assert_exits one 0 0 10
  assert_exits two 0 10 0
  used=$(awk "BEGIN { print $(cpu_us one) + $(cpu_us two) }")
  assert_cpu "$used" "$me-parent"
}
