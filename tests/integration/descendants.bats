#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Descendants: everything that a process of the group starts.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

# configure_tree: besides the tree, a group for its root alone, one for its leaves and
# one for unrelated processes.
configure_tree() {
  configure <<CONF
    <Group "tree">
      Command "$me-root"
      Descendants true
    </Group>
    <Group "root">
      Command "$me-root"
    </Group>
    <Group "leaf">
      Command "$me-3"
    </Group>
    <Group "bystander">
      Command "$me-by"
      Descendants true
    </Group>
CONF
}

# At normal priority, so many processes would delay collectd's reads.
politely=(nice -n 5)

# assert_tree GROUP: exits and CPU time are those of the trees of $me-gardener.
assert_tree() {
  assert_equal "$(own exit-records-lost)" 0
  assert_exits_of "$1" "$me-gardener"
  assert_cpu "$(cpu_us "$1")" "$me-gardener"
}

# A root whose children die first stays so long that its name is read, however long the
# plugin waits for a CPU.
root_waits=(--orphans --but-root --linger 1000)

# --- trees of processes that no read saw ---

# tree_case OPTION...: a tree of 1 + 6 + 36 + 216 processes, and unrelated ones.
tree_case() {
  interval=1
  configure_tree
  start_collectd
  load_prefix=("${politely[@]}")
  start_exits "$me-gardener" "$@" \
    tree "$me-root,$me-1,$me-2,$me-3" 3 6 5000
  start_exits "$me-parent" brood "$me-by" 200 1 0 exit0,exit3 5000 0
  reads 1 tree
  go "$me-parent"
  perform "$me-gardener"
  await_done "$me-parent"
  settle tree
  settle bystander

  assert_tree tree
  assert_exits root 1 0 0
  # A read may have seen a leaf while it still had its parent's name.
  assert_between "$(value leaf total_events-exit-ok)" $((216 - $(seen tree))) 216
  assert_between "$(cpu_us leaf)" 1000 "$(cpu_us tree)"
  assert_exits_of bystander "$me-parent"
  assert_cpu "$(cpu_us bystander)" "$me-parent"
  assert_equal "$(members tree)" 0.000000
}

@test "descendants: a tree three deep" {
  tree_case
}

@test "descendants: a tree three deep whose parents die first" {
  tree_case "${root_waits[@]}"
}

@test "descendants: of roots that no read saw" {
  interval=5 # longer than the roots live, all together
  configure_tree
  start_collectd
  start_exits "$me-gardener" --linger 300 tree "$me-root,$me-1" 1 6 20000
  reads 1 tree
  for round in {1..10}; do
    perform "$me-gardener" "$round"
  done
  settle tree

  assert_tree tree
}

# Excluded processes start others, which are not excluded.
@test "descendants: but for those that are left out" {
  interval=1
  configure <<CONF
    <Group "tree">
      Command "$me-root"
      Descendants true
    </Group>
    <Group "but-two">
      Command "$me-root"
      Descendants true
      <Exclude>
        Command "$me-2"
      </Exclude>
    </Group>
    <Group "two">
      Command "$me-2"
    </Group>
CONF
  start_collectd
  start_exits "$me-gardener" tree "$me-root,$me-1,$me-2,$me-3" 3 6 5000
  reads 1 tree
  perform "$me-gardener"
  settle two

  assert_tree tree
  assert_exits but-two 223 0 0
  assert_exits two 36 0 0
  assert_near $(($(cpu_us but-two) + $(cpu_us two))) "$(cpu_us tree)" 2
  assert_equal "$(members but-two)" 0.000000
}

# The kernel reports fork times by the machine's clocks, start times by the namespace's.
@test "descendants: in a time namespace" {
  local monotonic boottime

  interval=1
  configure_tree
  while read -r monotonic boottime; do
    collectd_prefix=(unshare --time --monotonic "$monotonic" --boottime "$boottime")
    start_collectd
    load_prefix=("${politely[@]}")
    start_exits "$me-gardener" "${root_waits[@]}" \
      tree "$me-root,$me-1,$me-2,$me-3" 3 4 5000
    load_prefix=()
    reads 1 tree
    perform "$me-gardener"
    settle tree
    assert_tree tree
    assert_exits bystander 0 0 0
    stop_load "$me-gardener"
    stop_collectd
    rm -rf "$work/csv" "$work/collectd.log"
  done <<SHIFTS
1000000 1000000
-100 -100
5000 -10
-10 5000
SHIFTS
}

@test "descendants: trees whose parents die, while reads look on" {
  interval=0.2
  configure_tree
  start_collectd
  load_prefix=("${politely[@]}")
  start_exits "$me-gardener" "${root_waits[@]}" \
    tree "$me-root,$me-1,$me-2,$me-3" 3 6 5000
  reads 2 tree
  for round in 1 2 3 4; do
    perform "$me-gardener" "$round"
  done
  settle tree

  # A read may see a child before its fork event arrives and after its parent exited.
  assert_tree tree
}

# --- living descendants ---

# plant ROOT NAME LOAD...: starts a load as the child of a shell named ROOT, which waits
# for it to end.
plant() {
  # shellcheck disable=SC2016 # for the shell that is planted
  plant_by '"$@" & wait' "$@"
}

# plant_daemon ROOT NAME LOAD...: as a daemon: its parent exits at once, while the shell
# keeps running.
plant_daemon() {
  # shellcheck disable=SC2016
  plant_by '(setsid "$@" &); read -r _ <"$HOLD"' "$@"
}

plant_by() { # SCRIPT ROOT NAME LOAD...
  local script=$1 root=$2 name=$3

  mkdir -p "$work/bin"
  cp "$(command -v bash)" "$work/bin/$root"
  mkfifo "$work/hold-$root"
  load_prefix=(env "HOLD=$work/hold-$root" "$work/bin/$root" -c "$script" "$root")
  start_load "${@:3}"
  load_prefix=()
  load_pid[$root]=${load_pid[$name]}
  load_pid[$name]=$(pgrep -x "$name")
}

# Maximum CPU time of the shell and of starting its child on a slow machine; the load
# uses ten times as much.
own_us=60000

configure_root() { # GROUP...
  local group

  for group; do
    echo "<Group \"$group\">"
    echo "  Command \"$me-$group\""
    echo "  Descendants true"
    echo "</Group>"
  done | configure
}

# round ROUND [LOAD]: runs a round of work and waits until the values include it.
round() {
  perform "${2:-$me-kid}" "$1"
  settle root
}

# used LOAD FROM TO: CPU time between the ends of rounds FROM and TO.
used() { echo $(($(truth "$1" cpu_us "$3") - $(truth "$1" cpu_us "$2"))); }

@test "descendants: they exec and take another name" {
  interval=0.2
  configure_root root new
  start_collectd
  reads 1 root
  plant "$me-root" "$me-kid" --rename "$me-new" --wait --rounds 2 --stay 60 burn 300 0
  round 1
  assert_members root 2
  kill -USR2 "${load_pid[$me-kid]}"
  await_members new 1
  round 2

  # The group that matches the new name counts it from the change on.
  assert_members root 2
  assert_near "$(cpu_us root)" "$(truth "$me-kid" cpu_us 2)" 3 "$own_us"
  assert_near "$(cpu_us new)" "$(used "$me-kid" 1 2)" 3
}

@test "descendants: a daemon that forked twice" {
  interval=0.2
  configure_root root
  start_collectd
  reads 1 root
  plant_daemon "$me-root" "$me-kid" --wait --rounds 2 --stay 60 burn 300 0
  [[ $(ps -o ppid= -p "${load_pid[$me-kid]}") -ne ${load_pid[$me-root]} ]]
  round 1

  assert_members root 2
  assert_near "$(cpu_us root)" "$(truth "$me-kid" cpu_us 1)" 3 "$own_us"
  stop_load "$me-kid"
  assert_members root 1
}

@test "descendants: what is older than the plugin" {
  interval=0.2
  configure_root root
  plant "$me-root" "$me-sub" --wait --stay 60 burn 1 0
  plant "$me-top" "$me-kid" --wait --rounds 2 --stay 60 burn 300 0
  perform "$me-kid" 1
  start_collectd
  assert_members root 2
  round 2
  # The other tree is in no group.
  assert_equal "$(cpu_us root)" 0

  stop_load "$me-sub"
  stop_load "$me-root"
  assert_members root 0
}

@test "descendants: of an old root, which starts others later" {
  interval=0.2
  configure_root root
  start_exits "$me-root" brood "$me-kid" 100 2 0 exit0,exit3,kill 5000 0
  start_collectd
  assert_members root 1
  before=$(cpu_us root)
  own=$(cpu_so_far "$me-root")
  perform "$me-root"
  settle root

  used=$(($(truth "$me-root" cpu_us) + $(truth "$me-root" own_cpu_us) - own))
  assert_cpu_of_ended $(($(cpu_us root) - before)) "$used" "$(truth "$me-root" counted)"
  assert_exits_of root "$me-root"
}

@test "descendants: in groups that name themselves after the root" {
  interval=0.5
  configure <<CONF
    <Group "by-%{comm}">
      Command "$me-a" "$me-b"
      Descendants true
    </Group>
CONF
  start_collectd
  reads 1 ""
  for name in a b; do
    start_exits "$me-g$name" "${root_waits[@]}" \
      tree "$me-$name,$me-1,$me-2,$me-3" 3 4 5000
  done
  go "$me-ga"
  perform "$me-gb"
  await_done "$me-ga"
  reads 3 ""

  for name in a b; do
    assert_exits_of "by-$me-$name" "$me-g$name"
    assert_cpu "$(cpu_us "by-$me-$name")" "$me-g$name"
  done
  assert_equal "$(group_names | wc -l)" 2
}

# Neither process events nor exit records arrive there. The kernel does not answer a
# request for events; it refuses one for exit records at once.
@test "descendants: in a pid namespace of its own no read waits for an answer" {
  configure <<EOF
    <Group "tree">
      Command "$me-tree"
      Descendants true
    </Group>
EOF
  # shellcheck disable=SC2016 # for the inner shell
  collectd_prefix=(bash -c 'unshare --pid --fork --mount-proc "$@" & unshared=$!
    trap "kill \$(cat /proc/$unshared/task/$unshared/children)" TERM
    until wait "$unshared" || ! kill -0 "$unshared" 2>/dev/null; do :; done
    wait "$unshared"' bash)
  start_collectd
  reads 5 ""

  assert_between "$(rows "" duration-read | cut -d, -f2 | sort -n | head -n 1)" 0 0.9
  assert_logged_once 'Cannot receive exit records.*pid namespace'
}
