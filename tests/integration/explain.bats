#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# taskstats-explain names the groups for which collectd, with the plugin and the same
# configuration, dispatches a process.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

EXPLAIN=$TASKSTATS_BUILD/taskstats-explain

# explain STATUS ARGUMENT...: expects exit status STATUS; sets $output and $stderr.
explain() {
  local status=$1
  shift

  run --separate-stderr -"$status" "$EXPLAIN" "$@" 3>&- {lock}>&-
}

# explain_load STATUS NAME
explain_load() { explain "$1" --config "$work/collectd.conf" "${load_pid[$2]}"; }

assert_says() {
  grep -qxF -- "$1" <<<"$output" || fail "not said: $1, but: $output $stderr"
}

assert_complains() {
  [[ $stderr == *"$1"* ]] || fail "no complaint of $1, but: $stderr"
}

# said_groups PID...: the groups of these processes, each with its number of members.
said_groups() {
  local pid

  for pid; do
    "$EXPLAIN" --config "$work/collectd.conf" "$pid" |
      sed -nE 's/^yes .*: group "([^"]*)".*/\1/p' | sort -u
  done | sort | uniq -c | awk '{ print $2, $1 }' | sort
}

# dispatched_groups: the same for all of collectd's groups, from their last values.
dispatched_groups() {
  local directory group count

  for directory in "$work"/csv/testhost/taskstats-*; do
    group=${directory##*/taskstats-}
    count=$(value "$group" ps_count processes)
    [[ $count == 0* ]] || echo "$group ${count%%.*}"
  done | sort
}

# start_family NAME KID: a process and its child.
start_family() {
  mkdir -p "$work/bin"
  ln -sf "$LOAD" "$work/bin/$2"
  cp "$BASH" "$work/bin/$1"
  # shellcheck disable=SC2016 # for the shell that it starts
  in_background "$1" "$work/bin/$1" -c '
    "$0" --stay 90 idle >"$1" &
    trap "kill \$!; exit" TERM
    wait' "$work/bin/$2" "$work/$2.out.load"
  await "$2 to be ready" said "$2" ready
  load_pid[$2]=$(pgrep -P "${load_pid[$1]}" -x "$2")
}

@test "explain: says the groups that collectd has dispatched, for each selector" {
  open_work
  make_cgroup "$me-explain.slice"
  start_load "$me-a" --stay 90 idle
  load_prefix=("${as_nobody[@]}")
  start_load "$me-b" --stay 90 idle
  load_prefix=()
  start_family "$me-c" "$me-d"
  enter_cgroup "$me-explain.slice" "${load_pid[$me-a]}"
  echo "${load_pid[$me-b]}" >"$work/pid"
  configure <<CONF
    Process "$me-a"
    ProcessMatch "match" "$work/bin/$me-[ab] "
    <Group "user">
      Command "$me-a" "$me-b"
      User "nobody"
    </Group>
    <Group "number">
      CommandLine "^[^ ]*/$me-"
      User 0
    </Group>
    <Group "executable">
      Executable "$work/bin/$me-c" "/nowhere"
    </Group>
    <Group "slice-%{1}">
      ControlGroup "/($me)-explain[.]slice$"
      CommandLine "/$me-"
    </Group>
    <Group "pidfile">
      PIDFile "$work/pid"
    </Group>
    <Group "family-%{comm}">
      Command "$me-c" "$me-d"
      Descendants true
    </Group>
    <Group "unit-%{unit}">
      CommandLine "$work/bin/$me-"
    </Group>
    <Group "all-%{user}-%{comm}-%{exe}-%{pid}">
      CommandLine "$work/bin/$me-"
    </Group>
CONF
  start_collectd
  await "all members" is_settled
  assert_equal "$(said_groups "${load_pid[@]}")" "$(dispatched_groups)"
  assert_equal "$(dispatched_groups | grep -Ev '^(all|unit)-')" "executable 1
family-$me-c 2
$me-a 1
match 2
number 3
pidfile 1
slice-$me 1
user 1"
}

is_settled() {
  [[ $(value number ps_count processes) == 3* ]] &&
    [[ $(dispatched_groups | wc -l) -eq $(said_groups "${load_pid[@]}" | wc -l) ]]
}

@test "explain: names the first selector that does not match, and what the process has" {
  local pid

  start_load "$me-a" --stay 90 idle
  start_family "$me-c" "$me-d"
  pid=${load_pid[$me-a]}
  configure <<CONF
    Process "nginx"
    <Group "two">
      User "nobody"
      Command "$me-a"
    </Group>
    <Group "regex">
      CommandLine "^/usr" "nginx"
      Command "$me-a"
    </Group>
    <Group "executable">
      Executable "/usr/bin/false"
    </Group>
    <Group "cgroup">
      ControlGroup "^/nowhere"
    </Group>
    <Group "pidfile">
      PIDFile "$work/none"
    </Group>
    <Group "users">
      User "$me-nobody"
    </Group>
    <Group "family">
      Command "$me-c"
      Descendants true
    </Group>
    <Group "all-%{comm}">
    </Group>
CONF
  explain_load 0 "$me-a"
  assert_says "no   \"nginx\": Command \"nginx\": its name is \"$me-a\""
  assert_says "no   \"two\": User \"nobody\": its user is \"root (0)\""
  assert_says "no   \"regex\": CommandLine \"^/usr\" \"nginx\": its command line is \"$(
    tr '\0' ' ' <"/proc/$pid/cmdline" | sed 's/ $//')\""
  assert_says "no   \"executable\": Executable \"/usr/bin/false\": its executable is \"$LOAD\""
  assert_says "no   \"cgroup\": ControlGroup \"^/nowhere\": its cgroup is \"$(own_cgroup "$pid")\""
  assert_says "no   \"pidfile\": PIDFile \"$work/none\": its pid is \"$pid\""
  assert_says "no   \"users\": User \"$me-nobody\": its user is \"root (0)\""
  assert_complains "User \"$me-nobody\" does not exist"
  assert_says "yes  \"all-%{comm}\": group \"all-$me-a\""

  explain_load 0 "$me-d"
  assert_says "yes  \"family\": group \"family\", inherited from its ancestor ${load_pid[$me-c]} \"$me-c\""
  explain_load 0 "$me-c"
  assert_says 'yes  "family": group "family"'

  explain 1 --config "$work/collectd.conf" 2
  assert_says 'no   "all-%{comm}": it is a kernel thread; only groups with a selector contain kernel threads'
}

own_cgroup() {
  sed -nE 's/^0:://p; s/^[0-9]+:name=systemd://p' "/proc/$1/cgroup" | tail -n 1
}

@test "explain: what cannot be read is said" {
  open_work
  start_load "$me-a" --stay 90 idle
  configure <<CONF
    <Group "executable">
      Executable "$LOAD"
    </Group>
CONF
  chmod 644 "$work/collectd.conf"
  explain_load 0 "$me-a"
  cp "$EXPLAIN" "$work/explain"
  run --separate-stderr -1 "${as_nobody[@]}" "$work/explain" \
    --config "$work/collectd.conf" "${load_pid[$me-a]}"
  assert_says "  executable    cannot be read: Permission denied"
  assert_says "no   \"executable\": Executable \"$LOAD\": its executable cannot be read: Permission denied"
  assert_complains "run this command as root"
}

# names_said: the names of all stanzas; they do not depend on the process.
names_said() { "$EXPLAIN" --config "$work/collectd.conf" $$ | sed -nE 's/^(no |yes|\?  )  "(.*)": Command .*/\2/p' | sort; }

names_dispatched() {
  find "$work/csv/testhost" -name 'taskstats-*' -printf '%f\n' | sed 's/^taskstats-//' | sort
}

@test "explain: reads a configuration as collectd does" {
  mkdir -p "$work/"{conf.d,dir/below,globbed}
  configure <<'CONF'
    Process "quoted \"so\""   # a comment
    Process back\slash bare
CONF
  sed -i '/back/d' "$work/collectd.conf"
  {
    printf '  <Plugin taskstats>\n Process "a\\\\b"\n pRocess bare_word\n'
    printf 'Process "con\\\n    tinued"\r\nProcess "next" \\\n\n'
    printf '<Group "in # it">\nCommand "x" \\\n   "y"\n</Group> # that was it\n</Plugin>\n'
    printf 'Include "%s/conf.d/*.conf"\nInclude "%s/nowhere/*"\n' "$work" "$work"
    printf '<Include "%s/dir">\nFilter "*.conf"\n</Include>\n' "$work"
    printf '<Plugin "TaskStats">\nProcess "last"\n</Plugin>\n'
  } >>"$work/collectd.conf"
  printf '<Plugin taskstats>\nProcess "first"\n</Plugin>\n' >"$work/conf.d/1.conf"
  printf 'Include "%s/globbed"\n' "$work" >"$work/conf.d/2.conf"
  printf '<Plugin taskstats>\nProcess "globbed"\n</Plugin>\n' >"$work/globbed/any"
  printf '<Plugin taskstats>\nProcess "hidden"\n</Plugin>\n' >"$work/globbed/.hidden"
  printf '<Plugin taskstats>\nProcess "wrong"\n</plugin>\n' >"$work/globbed/wrong"
  printf '<Plugin taskstats>\nProcess "filtered"\n</Plugin>\n' >"$work/dir/a.conf"
  printf '<Plugin taskstats>\nProcess "below"\n</Plugin>\n' >"$work/dir/below/b.conf"
  printf '<Plugin taskstats>\nProcess "not"\n</Plugin>\n' >"$work/dir/c.txt"
  start_collectd
  reads 1 last
  assert_equal "$(names_said)" "$(names_dispatched)"
  assert_equal "$(names_dispatched | wc -l)" 11
  explain 1 --config "$work/collectd.conf" $$
  assert_complains "collectd skips $work/globbed/wrong: line 3: </plugin> does not close <Plugin>"
  assert_complains "collectd skips $work/nowhere/*: No such file or directory"
}

# refusal: collectd's error message about the configuration.
refusal() {
  "$COLLECTD" -T -C "$work/collectd.conf" 2>&1 >/dev/null |
    sed -n 's/.*taskstats plugin: \(option .*\)\.$/\1/p'
}

@test "explain: says of a wrong configuration what collectd says" {
  local values

  for values in '1 0x10 010 +5 -.5 1.5e+3 1.5e3 1e3' 'true yes on false off no True' \
    '"\"a\\b\nc" 1.2.3.4 ::1 [::1]:25826 12:34' 'x-y.z;a#b' '"not ended' '"a" \ "b"'; do
    configure <<<"Nonsense $values"
    sed -i '/^LoadPlugin logfile/,/^LoadPlugin csv/d' "$work/collectd.conf"
    explain 2 --config "$work/collectd.conf" $$
    [[ -n $(refusal) ]]
    assert_equal "${stderr#taskstats-explain: }" "$(refusal)"
  done

  configure <<<'Process "a"'
  printf '<Plugin\n' >>"$work/collectd.conf"
  run -1 "$COLLECTD" -T -C "$work/collectd.conf"
  explain 2 --config "$work/collectd.conf" $$
  assert_complains "collectd.conf: line $(wc -l <"$work/collectd.conf"): expected \">\""
  printf '<Plugin taskstats>\nProcess "early"\n</Plugin>\nLoadPlugin taskstats\n' >"$work/early.conf"
  explain 1 --config "$work/early.conf" $$
  assert_complains "stands before LoadPlugin taskstats"
  [[ $output != *early* ]]
}

@test "explain: no such process, no such file, no id" {
  configure <<<'Process "a"'
  start_load "$me-a" --stay 90 park 1
  await_done "$me-a" # it has its thread
  explain 2 --config "$work/collectd.conf" 99999999
  assert_complains "process 99999999: no such process"
  explain 2 --config "$work/collectd.conf" "$(pgrep -w -P $$ -x "$me-a" | tail -n 1)"
  assert_complains "is a thread of process ${load_pid[$me-a]}"
  explain 2 --config "$work/none" 1
  assert_complains "$work/none: No such file"
  explain 2
  explain 2 12x
  assert_complains '"12x" is not a process id'
  explain 2 --nonsense
  explain 0 --help
  [[ $output == Usage:* ]]
}
