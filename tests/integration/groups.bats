#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Group name templates: placeholders create one group for each name that matching
# processes have.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

nameless=54321 # a user without a name
bytes=65600    # not a multiple of 1024
container=c0ffee123456$(printf '%052d' 7)

# make_units: a service and a container in a slice.
make_units() {
  slice=$me-groups.slice
  service=$slice/$me-web.service
  scope=$slice/docker-$container.scope
  make_cgroup "$slice"
  make_cgroup "$service"
  make_cgroup "$scope"
}

# configure_each PLACEHOLDER...: a stanza for each placeholder, whose name starts with
# the placeholder's letters. Standard input contains the selectors.
configure_each() {
  local placeholder selectors

  selectors=$(cat)
  for placeholder; do
    echo "<Group \"$placeholder-%{$placeholder}\">"
    echo "$selectors"
    echo "</Group>"
  done | configure
}

# assert_groups PATTERN GROUP...: exactly these groups have names that match PATTERN.
assert_groups() {
  diff -u --label expected <(printf '%s\n' "${@:2}" | sort) \
    --label "groups named $1" <(group_names "$1")
}

# --- names ---

@test "groups: each placeholder, of processes that live" {
  interval=0.2
  make_units
  configure_each comm exe user pid cgroup unit <<CONF
    Command "$me-a" "$me-b"
CONF
  mkdir "$work/bin"
  cp "$LOAD" "$work/bin/$me-b"
  start_load "$me-a" --ruid "$NOBODY" --stay 60 idle
  start_load "$me-b" --ruid "$nameless" --stay 60 idle
  enter_cgroup "$service" "${load_pid[$me-a]}"
  enter_cgroup "$scope" "${load_pid[$me-b]}"
  start_collectd
  settle "comm-$me-a"

  groups=("comm-$me-a" "comm-$me-b" exe-load "exe-$me-b" user-nobody
    "user-$nameless" "pid-${load_pid[$me-a]}" "pid-${load_pid[$me-b]}"
    "cgroup-_${service/\//_}" "cgroup-_${scope/\//_}"
    "unit-$me-web.service" "unit-${container::12}")
  # Another thread looks up the names of users.
  await "the groups" assert_groups '.*' "${groups[@]}" || assert_groups '.*' "${groups[@]}"
  for group in "${groups[@]}"; do
    await_members "$group" 1
  done
}

@test "groups: parts of regular expressions, and a percent sign" {
  interval=0.2
  make_units
  configure <<CONF
    <Group "%{2}-of-%{1}-100%%">
      CommandLine "/$me-(a|b) .*(idle|park)"
    </Group>
    <Group "%{3}:%{1}">
      ControlGroup "^/(.*)-groups\\\\.(slice)/(docker|lxc)-"
      Command "$me-a" "$me-b"
    </Group>
    <Group "100%%">
      Command "$me-a"
    </Group>
CONF
  start_load "$me-a" --stay 60 idle
  start_load "$me-b" --stay 60 park 2
  enter_cgroup "$service" "${load_pid[$me-a]}"
  enter_cgroup "$scope" "${load_pid[$me-b]}"
  start_collectd
  settle 100%

  assert_groups '.*' idle-of-a-100% park-of-b-100% "docker:$me" 100%
  assert_members park-of-b-100% 1
  assert_equal "$(value park-of-b-100% ps_count threads)" 3.000000
}

@test "groups: what collectd does not allow in a name" {
  interval=0.2
  configure <<CONF
    <Group "a/%{comm}">
      Command "$me/a" "$me"$'\\t'"b"
      User "nobody"
    </Group>
CONF
  # A quoted string in collectd's configuration cannot contain a tab.
  sed -i "s/\"$me\".*b\"/\"$me\tb\"/" "$work/collectd.conf"
  start_load "$me-a" --name "$me/a" --ruid "$NOBODY" --stay 60 idle
  start_load "$me-b" --name "$me"$'\t'b --ruid "$NOBODY" --stay 60 idle
  start_collectd
  reads 2 ""

  assert_groups '.*' "a_${me}_a" "a_${me}_b"
}

# Except for kernel threads, which have to be selected.
@test "groups: without a selector, every process" {
  configure <<CONF
    <Group "all-%{user}">
    </Group>
    <Group "name-%{comm}">
    </Group>
    <Group "kernel">
      Command "kthreadd"
    </Group>
CONF
  start_load "$me-a" --ruid "$nameless" --stay 60 idle
  start_collectd

  assert_members "all-$nameless" 1
  settle all-root # collectd at least
  assert_between "$(members all-root)" 1 100000
  assert_members "name-$me-a" 1
  assert_members kernel 1
  assert_equal "$(group_names "name-k(threadd|worker.*)")" ""
}

# --- processes that no read saw ---

@test "groups: each placeholder, of processes that no read saw" {
  interval=1
  make_units
  open_work
  configure_each comm user unit cgroup <<CONF
    Command "$me-a" "$me-b" "$me-c"
CONF
  start_collectd
  load_prefix=("${as_nobody[@]}")
  start_exits "$me-parent" brood "$me-a,$me-b,$me-c" 300 2 0 exit0,exit3,kill \
    5000 "$bytes"
  enter_cgroup "$scope" "${load_pid[$me-parent]}"
  reads 1 ""
  perform "$me-parent"
  reads 3 ""

  assert_groups '.*' "comm-$me-a" "comm-$me-b" "comm-$me-c" user-nobody \
    "unit-${container::12}" "cgroup-_${scope/\//_}"
  used=$(truth "$me-parent" cpu_us)
  for group in user-nobody "unit-${container::12}" "cgroup-_${scope/\//_}"; do
    assert_decided_exits_of "$group" "$me-parent"
    assert_cpu "$(cpu_us "$group")" "$me-parent"
  done
  assert_exits "comm-$me-a" 100 0 0
  assert_exits "comm-$me-b" 0 100 0
  assert_exits "comm-$me-c" 0 0 100
  assert_cpu "$(sum_cpu_us 'comm-.*')" "$me-parent"
  # CPU time of other groups' processes is not counted here.
  for group in "comm-$me-"{a,b,c}; do
    assert_cpu_of_ended "$(cpu_us "$group")" $((used / 3)) 100 40
  done
}

# --- lifetime ---

# listed GROUP: number of its values in collectd's cache.
listed() {
  perl -MIO::Socket::UNIX -e '
    my $socket = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$!";
    print $socket "LISTVAL\n";
    my ($count) = split " ", <$socket>;
    print scalar <$socket> while $count-- > 0' "$work/sock" |
    grep -cF "/taskstats-$1/" || true
}

is_listed() { [[ $(listed "$1") -gt 0 ]]; }

is_forgotten() { [[ $(listed "$1") -eq 0 ]]; }

# final_zeros GROUP: number of reads since the last member ended.
final_zeros() {
  column "$1" ps_count processes |
    awk '{ zeros = $1 == 0 ? zeros + 1 : 0 } END { print zeros }'
}

# reads_after GROUP TIME: number of reads that have reported the group since then.
reads_after() { rows "$1" ps_count | awk -F, -v since="$2" '$1 > since' | wc -l; }

@test "groups: a life from the first member to ten reads after the last" {
  interval=0.2
  configure_each comm <<CONF
    Command "$me-kid"
CONF
  add_plugin unixsock <<<"SocketFile \"$work/sock\"" # for listed
  start_collectd
  reads 2 ""
  start_exits "$me-parent" brood "$me-kid" 8 2 0 exit0,exit3,kill 150000 "$bytes"
  go "$me-parent"
  await "the group" is_listed "comm-$me-kid"
  await_done "$me-parent"
  ended=$EPOCHREALTIME
  reads 14 ""
  await "collectd to forget it" is_forgotten "comm-$me-kid"

  assert_groups '.*' "comm-$me-kid"
  for identity in ps_cputime io_octets total_events-exit-{ok,error,signal}; do
    assert_equal "$(rows "comm-$me-kid" "$identity" | head -n1 |
      cut -d, -f2- | tr -d 0,)" "" "the first $identity"
  done
  assert_exits_of "comm-$me-kid" "$me-parent"
  assert_cpu "$(cpu_us "comm-$me-kid")" "$me-parent"
  assert_near "$(value "comm-$me-kid" io_octets tx)" \
    "$(truth "$me-parent" tx_bytes)" 1
  # A read may have been under way at the end.
  (($(final_zeros "comm-$me-kid") >= 10))
  (($(reads_after "comm-$me-kid" "$ended") <= 11))
}

@test "groups: one that is born again as soon as it was forgotten" {
  interval=0.5
  configure_each comm <<CONF
    Command "$me-kid"
CONF
  start_collectd
  reads 1 ""
  start_exits "$me-parent" brood "$me-kid" 20 2 0 exit0 5000 "$bytes"
  perform "$me-parent" 1
  await "its end" was_left_out "comm-$me-kid"
  perform "$me-parent" 2
  reads 4 ""

  # Its values must not decrease while collectd still has the former ones; this is
  # checked when the test ends.
  assert_equal "$(column "comm-$me-kid" total_events-exit-ok | tail -n1)" \
    "$(column "comm-$me-kid" total_events-exit-ok | sort -n | tail -n1)"
}

# was_left_out GROUP: reads report other groups, but no longer this one.
was_left_out() {
  local last latest

  [[ $(final_zeros "$1") -ge 10 ]]
  latest=$(rows "" count-groups | tail -n1 | cut -d, -f1)
  last=$(rows "$1" ps_count | tail -n1 | cut -d, -f1)
  holds "$last < $latest - 0.1"
}

# --- limits ---

# 300 processes at a time, each with a different name.
@test "groups: MaxGroups is the number of groups" {
  interval=0.5
  own_executable
  configure <<CONF
    CollectDelay false
    MaxGroups 100
    <Group "%{comm}">
      Executable "$EXITS"
    </Group>
CONF
  start_collectd
  reads 1 ""
  # At normal priority, so many processes would delay collectd's reads.
  load_prefix=(nice -n 5)
  start_exits "$me-parent" brood "$me-#" 300 300 0 exit0,exit3,kill 8000 "$bytes"
  # The parent's group is one of the hundred.
  reads 2 "$me-parent"
  perform "$me-parent"
  reads 3 ""

  # Meanwhile, some groups may be removed and make room for others.
  assert_between "$(group_names "$me-.*" | wc -l)" 100 299
  assert_equal "$(column "" count-groups | sort -n | tail -n1)" 101.000000
  assert_logged_once 'MaxGroups'
  for kind in ok error signal; do
    assert_equal "$(sum_up '.*' "total_events-exit-$kind" value)" \
      "$(truth "$me-parent" "$kind")" "exit-$kind"
  done
  used=$(($(truth "$me-parent" cpu_us) + $(truth "$me-parent" own_cpu_us)))
  assert_cpu_of_ended "$(sum_cpu_us '.*')" "$used" "$(truth "$me-parent" counted)"
  assert_near "$(sum_up '.*' io_octets tx)" "$(truth "$me-parent" tx_bytes)" 1 100
}

# --- the top of many ---

# reported_at_once PATTERN: maximum number of these groups that one read reported.
reported_at_once() {
  local group

  for group in $(group_names "$1"); do
    rows "$group" ps_count
  done | cut -d, -f1 | sort | uniq -c | sort -n | awk 'END { print $1 }'
}

@test "groups: Top, of processes that wait for one CPU" {
  interval=0.5
  configure <<CONF
    <Group "%{pid}-hog">
      Command "$me-hog"
      Top 2
    </Group>
CONF
  start_collectd
  reads 1 ""
  load_prefix=(taskset -c "$(a_cpu)")
  for i in 1 2 3 4 5; do
    start_load "$me-h$i" --name "$me-hog" --wait --stay 60 burn $((800 + 400 * i)) 0
  done
  reads 2 ""
  for i in 1 2 3 4 5; do
    go "$me-h$i"
  done
  for i in 1 2 3 4 5; do
    await_done "$me-h$i"
  done
  reads 3 ""

  used=0
  for i in 1 2 3 4 5; do
    used=$((used + $(truth "$me-h$i" cpu_us)))
  done
  assert_equal "$(reported_at_once '.*-hog')" 2
  assert_cpu_of_ended "$(sum_cpu_us '.*')" "$used" 5
  assert_equal "$(group_names 'other')" other
}

# told_since SINCE PATTERN: the groups that reads since then have reported.
told_since() {
  local group

  for group in $(group_names "$2"); do
    # Within some milliseconds, one that has no CPU does nothing.
    rates "$group" ps_count | awk -F, -v since="$1" -v name="$group" \
      '$1 > since && $NF > 0.1 { found = 1 } END { if (found) print name }'
  done
}

# One burns CPU time, one writes, one uses memory: each is first by one criterion.
@test "groups: Top by CPU time, by I/O and by memory" {
  configure <<CONF
    <Group "io-%{comm}">
      Command "$me-burn" "$me-write" "$me-fat"
      Top 1 "io"
    </Group>
    <Group "cpu-%{comm}">
      Command "$me-burn" "$me-fat"
      Top 1 "cpu"
    </Group>
    <Group "rss-%{comm}">
      Command "$me-burn" "$me-fat"
      Top 1 "rss"
    </Group>
CONF
  start_load "$me-fat" --stay 100 touch 20000
  await_done "$me-fat"
  start_collectd
  start_load "$me-burn" burn 100000 1
  start_load "$me-write" --rounds 1000000 write /dev/null 1000 1000 plain
  reads 3 "io-$me-write"
  from=$EPOCHREALTIME
  reads 4 ""

  # In a read before which none has written, the first by name is reported.
  assert_equal "$(told_since "$from" "((cpu|rss)-.*|io-$me-write)" | xargs)" \
    "cpu-$me-burn io-$me-write rss-$me-fat"
  # The other groups have written nothing.
  assert_equal "$(rows other io_octets | awk -F, -v since="$from" '$1 > since' |
    cut -d, -f2- | uniq | wc -l)" 1
  run ! ls "$work"/csv/testhost/*/ps_rss-*
}

@test "groups: Top by I/O: the sum of all is right at each read" {
  configure <<CONF
    <Group "%{pid}-io">
      Command "$me-io"
      Top 1 "io"
    </Group>
CONF
  start_collectd
  reads 1 ""
  for i in 1 2 3; do
    start_load "$me-$i" --name "$me-io" --wait --stay 60 \
      write /dev/null $((i * 1000)) $((i * 1000)) plain
  done
  reads 2 ""
  for i in 1 2 3; do
    perform "$me-$i"
    reads 2 ""
  done
  reads 2 ""

  assert_equal "$(reported_at_once '.*-io')" 1
  written=0
  for i in 1 2 3; do
    written=$((written + $(truth "$me-$i" tx_bytes)))
  done
  assert_equal "$(sum_up '.*' io_octets tx)" "$written"
  # Each read reports one of them and adds the others to "other".
  rows other ps_count | tail -n 3 | cut -d, -f2 | while read -r count; do
    assert_equal "$count" 2.000000
  done
}

# Both stanzas have a group for each process and report the same processes.
@test "groups: Top in two stanzas counts a process once in other" {
  interval=0.5
  configure <<CONF
    <Group "a-%{pid}">
      Command "$me-kid" "$me-idle"
      Top 3
    </Group>
    <Group "b-%{pid}">
      Command "$me-kid" "$me-idle"
      Top 3
    </Group>
CONF
  start_collectd
  reads 1 ""
  start_exits "$me-parent" brood "$me-kid" 150 4 0 exit0 5000 "$bytes"
  perform "$me-parent"
  for i in {1..8}; do
    start_load "$me-i$i" --name "$me-idle" --stay 60 idle
  done
  reads 14 ""

  for letter in a b; do
    assert_equal "$(reported_at_once "$letter-.*")" 3
    assert_equal $(($(sum_up "$letter-.*" total_events-exit-ok value) + \
      $(sum_up other total_events-exit-ok value))) 150
    assert_near "$(sum_up "($letter-.*|other)" io_octets tx)" \
      "$(truth "$me-parent" tx_bytes)" 1 $((5 * bytes))
  done
  assert_equal "$(members other)" 5.000000
}

# --- processes that change ---

# assert_left OLD NEW LOAD BEFORE: what the load used in its first round stays in OLD,
# and the rest is in NEW. BEFORE, what it used before it was in OLD, may be in no group.
assert_left() {
  local first all before=$4

  first=$(truth "$3" cpu_us 1)
  all=$(truth "$3" cpu_us 2)
  assert_near "$(cpu_us "$1")" "$first" 3 "$before"
  assert_near "$(cpu_us "$2")" $((all - first)) 3
  assert_near "$(sum_cpu_us '.*')" "$all" 3 "$before"
  assert_equal "$(members "$1")" 0.000000
  assert_equal "$(members "$2")" 1.000000
}

# change_case OLD NEW COMMAND...: COMMAND changes the load between its rounds. The
# process is young, so it must be in NEW after two reads.
change_case() {
  local old=$1 new=$2 before
  shift 2

  before=$(cpu_so_far "$me-a")
  await_members "$old" 1
  perform "$me-a" 1
  settle "$old"
  "$@"
  reads 2 ""
  await_members "$new" 1
  perform "$me-a" 2
  settle "$new"
  assert_left "$old" "$new" "$me-a" "$before"
}

@test "groups: a process that takes another name" {
  interval=0.2
  cp "$LOAD" "$work/load"
  LOAD=$work/load
  configure_each comm <<CONF
    Executable "$LOAD"
CONF
  start_collectd
  reads 1 ""
  start_load "$me-a" --rename "$me-b" --wait --rounds 2 --stay 60 burn 400 0
  change_case "comm-$me-a" "comm-$me-b" kill -USR2 "${load_pid[$me-a]}"
}

@test "groups: a process that becomes another user's" {
  interval=0.2
  configure_each user <<CONF
    Command "$me-a"
CONF
  start_collectd
  reads 1 ""
  start_load "$me-a" --next "$NOBODY" --wait --rounds 2 --stay 60 burn 400 0
  change_case user-root user-nobody kill -USR2 "${load_pid[$me-a]}"
}

@test "groups: a sleeping process that is moved to another cgroup" {
  interval=0.2
  make_units
  configure_each unit <<CONF
    Command "$me-a"
    ControlGroup "^/$slice/"
CONF
  start_collectd
  reads 1 ""
  start_load "$me-a" --wait --rounds 2 --stay 60 burn 400 0
  enter_cgroup "$service" "${load_pid[$me-a]}"
  change_case "unit-$me-web.service" "unit-${container::12}" \
    enter_cgroup "$scope" "${load_pid[$me-a]}"
}

@test "groups: a process that takes another program" {
  interval=0.2
  configure_each exe <<CONF
    CommandLine "^$work/bin/"
CONF
  mkdir "$work/bin"
  cp "$LOAD" "$work/bin/$me-b"
  cp "$(command -v bash)" "$work/bin/$me-a"
  mkfifo "$work/now"
  start_collectd
  reads 1 ""
  in_background "$me-a" "$work/bin/$me-a" -c "for ((i = 0; i < 200000; i++)); do :; done
    echo burned; read -r <'$work/now'
    exec '$work/bin/$me-b' --wait --rounds 2 --stay 60 burn 300 0" \
    >"$work/$me-a.out.load"
  await "the first program's work" said "$me-a" burned
  settle "exe-$me-a"
  echo >"$work/now"
  await "the second program" said "$me-a" ready
  await_members "exe-$me-b" 1
  first=$(cpu_so_far "$me-a")
  for round in 1 2; do
    perform "$me-a" "$round"
    settle "exe-$me-b"
  done

  # Everything before the rounds belongs to the first program, except the start.
  all=$(truth "$me-a" cpu_us 2)
  assert_near "$(sum_cpu_us '.*')" "$all" 3
  assert_near "$(cpu_us "exe-$me-b")" "$((all - first))" 3 20000
  assert_equal "$(members "exe-$me-a")" 0.000000
}

# --- resources ---

@test "groups: they leave no files, threads or memory behind" {
  interval=0.2
  own_executable
  mkdir "$work/bin"
  cp "$EXITS" "$work/bin/$me-brood"
  configure <<CONF
    CollectDelay false
    CollectIO false
    CollectExits false
    MaxGroups 50
    <Group "%{comm}-%{pid}">
      Executable "$EXITS"
    </Group>
    <Group "top-%{comm}-%{pid}">
      Executable "$work/bin/$me-brood"
      Top 3
    </Group>
CONF
  start_collectd
  # Each process has a separate group until that is removed.
  start_churn "$me-#"
  reads 2 ""

  assert_flat reads 14 ""
  # Only the parents, the three top groups and "other" are left.
  assert_between "$(value "" count-groups)" 1 6
}
