#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Ends of processes, as waitpid reports them: counts and immediate notifications.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

# route_to_program: each notification becomes a file in $told, with its metadata as
# header lines. collectd does not run programs as root.
route_to_program() {
  told=$(mktemp -d /tmp/taskstats.XXXXXX)
  remove_at_end "$told"
  cat >"$told/tell" <<SCRIPT
#!/bin/sh
file=\$(mktemp "$told/XXXXXXXX") && cat >"\$file" && mv "\$file" "\$file.told"
SCRIPT
  chmod 755 "$told/tell"
  chown nobody "$told"
  add_plugin exec <<<"NotificationExec \"nobody\" \"$told/tell\""
}

has_told() { [[ $(find "$told" -name '*.told' | wc -l) -eq $1 ]]; }

# told_of PID: the file with its notification.
told_of() { grep -lx "pid: $1" "$told"/*.told; }

# read_told PID: sets file, and meta, the header lines of its notification.
declare -gA meta=()
read_told() {
  local line

  file=$(told_of "$1") || fail "nothing was told of $1" || return 1
  assert_equal "$(wc -l <<<"$file")" 1 "$file" || return 1
  meta=()
  while IFS= read -r line && [[ -n $line ]]; do
    meta[${line%%: *}]=${line#*: }
  done <"$file"
}

# The pids of $me-parent's children.
children() {
  sed -n 's/^child_\([0-9]*\)=.*/\1/p' "$work/$me-parent.out.load"
}

# signal_of STATUS, code_of STATUS, has_core STATUS: parts of a wait status.
signal_of() { echo $(($1 & 127)); }
code_of() { echo $(($1 >> 8)); }
has_core() { (($1 & 128)); }

# expected_end STATUS: the wording of the message.
expected_end() {
  local core=

  if (($(signal_of "$1") == 0)); then
    echo "exited with status $(code_of "$1") after "
  else
    ! has_core "$1" || core=", core dumped,"
    echo "was killed by SIG$(kill -l "$(signal_of "$1")")$core after "
  fi
}

expected_severity() {
  if (($(signal_of "$1") != 0)); then
    echo FAILURE
  elif (($(code_of "$1") != 0)); then
    echo WARNING
  else
    echo OKAY
  fi
}

# assert_told PID: its notification is correct in all details.
assert_told() {
  local status file signal='' name='' code='' core=false

  status=$(truth "$me-parent" "child_$1")
  read_told "$1" || return 1
  grep -qF "$me-kid (pid $1, uid 0) $(expected_end "$status")" "$file" ||
    fail "$(truth "$me-parent" "end_$1"), $status: $(cat "$file")" || return 1
  if (($(signal_of "$status") != 0)); then
    signal=$(signal_of "$status")
    name=SIG$(kill -l "$signal")
  else
    code=$(code_of "$status")
  fi
  ! has_core "$status" || core=true
  assert_equal "${meta[Severity]}" "$(expected_severity "$status")" &&
    assert_equal "${meta[signal]:-}" "$signal" &&
    assert_equal "${meta[signal_name]:-}" "$name" &&
    assert_equal "${meta[exit_status]:-}" "$code" &&
    assert_equal "${meta[core_dumped]}" "$core"
}

# All ends are notified, also to the program.
configure_kids() {
  configure <<CONF
    NotifyExit "all"
    NotifyExitRate 1000
    <Group "kids">
      Command "$me-kid"
    </Group>
CONF
  route_to_program
}

@test "notify: each way to end, of several threads" {
  interval=0.5
  configure_kids
  load_prefix=(env -C "$work" prlimit --core=67108864)
  start_collectd
  start_exits "$me-parent" brood "$me-kid" 12 3 2 \
    exit0,exit3,_exit5,abort,segv,kill,term,together,crash,worker4,headless,headless6 5000 100
  reads 1 kids
  perform "$me-parent"
  await "what is told" has_told 12
  settle kids

  assert_exits_of kids "$me-parent"
  assert_equal "$(count_notifications kids)" 12
  for pid in $(children); do
    assert_told "$pid"
  done
  assert_no_complaints
  assert_equal "$(count_notifications kids 'severity = FAILURE')" 5
  assert_equal "$(count_notifications kids 'severity = WARNING')" 4
  assert_equal "$(count_notifications kids 'severity = OKAY')" 3
}

@test "notify: with a core and without" {
  interval=0.5
  configure_kids
  start_collectd
  # A limit of 1 means no core dump, even if the core pattern is a program.
  load_prefix=(env -C "$work" prlimit --core=1)
  start_exits "$me-parent" brood "$me-kid" 6 1 1 segv,abort,crash 0 0
  perform "$me-parent"
  await "what is told" has_told 6
  run ! grep -l "core dumped" "$told"/*.told
  for pid in $(children); do
    assert_told "$pid"
  done
  stop_load "$me-parent"
  rm "$told"/*.told

  load_prefix=(env -C "$work" prlimit --core=67108864)
  start_exits "$me-parent" brood "$me-kid" 6 1 1 segv,abort,crash 0 0
  perform "$me-parent"
  await "what is told" has_told 6
  for pid in $(children); do
    assert_told "$pid"
  done
  dumped=$(children | while read -r pid; do
    ! has_core "$(truth "$me-parent" "child_$pid")" || echo "$pid"
  done | wc -l)
  ((dumped > 0)) || skip "this machine dumps no core, with any limit"
  assert_equal "$(cat "$told"/*.told | grep -c "core dumped, after")" "$dumped"
}

@test "notify: what is told of a process: its name, its use, its waits" {
  interval=0.5
  configure <<CONF
    NotifyExit "all"
    <Group "kids">
      Command "$me-kid"
      User "nobody"
    </Group>
CONF
  route_to_program
  open_work
  start_collectd
  load_prefix=(taskset -c "$(a_cpu)" "${as_nobody[@]}")
  start_exits "$me-parent" brood "$me-kid" 2 2 0 exit3 600000 1000000
  reads 1 kids
  perform "$me-parent"
  await "what is told" has_told 2

  used=0
  for pid in $(children); do
    read_told "$pid"
    assert_equal "${meta[command]}" "$me-kid"
    assert_equal "${meta[ppid]}" "${load_pid[$me-parent]}"
    assert_equal "${meta[uid]}" "$NOBODY"
    # Doubles, in the format of the exec plugin.
    for key in elapsed cpu_user cpu_system delay_cpu delay_blkio; do
      [[ ${meta[$key]} =~ ^[0-9]\.[0-9]{6}e[-+][0-9]{2}$ ]] ||
        fail "$key is ${meta[$key]}"
    done
    for key in read_chars write_chars read_bytes write_bytes; do
      [[ ${meta[$key]} =~ ^[0-9]+$ ]] ||
        fail "$key is ${meta[$key]}"
    done
    assert_near "${meta[write_chars]}" 1000000 0 1024
    used=$(awk "BEGIN { print $used + \
      ${meta[cpu_user]} + ${meta[cpu_system]} }")
    # They shared a CPU: each waited during most of the other's CPU time.
    assert_between "${meta[delay_cpu]}" 0.25 20
    assert_between "${meta[elapsed]}" \
      "$(awk "BEGIN { print $(truth "$me-parent" "cpu_us_$pid") * 0.9e-6 + \
        ${meta[delay_cpu]} }")" 40
    grep -Eq "^$me-kid \(pid $pid, uid $NOBODY\) exited with status 3 after [0-9.]+ (s|min); used [0-9]\.[0-9]{3} s CPU; peak memory [0-9.]+ (KiB|MiB)(; longest wait [0-9.]+ s for [a-z]+)?; waited for cpu [0-9.]+ s.*; read [0-9.]+ (bytes|KiB), wrote 97[67] KiB$" \
      "$file" || fail "$(cat "$file")"
  done
  assert_cpu "$(awk "BEGIN { print $used * 1e6 }")" "$me-parent"
  for line in "Host: testhost" "Plugin: taskstats" "PluginInstance: kids" \
    "Type: exit"; do
    grep -qx "$line" "$file" || fail "no $line"
  done
}

@test "notify: none, failure and all, of the plugin and of a group" {
  interval=0.5
  configure <<CONF
    NotifyExit "failure"
    <Group "default">
      Command "$me-kid"
    </Group>
    <Group "all">
      Command "$me-kid"
      NotifyExit "all"
    </Group>
    <Group "none">
      Command "$me-kid"
      NotifyExit "none"
    </Group>
CONF
  start_collectd
  start_exits "$me-parent" brood "$me-kid" 5 1 0 exit0,exit3,kill,exit0,_exit5 1000 0
  reads 1 all
  perform "$me-parent"
  await "what is told" has_notifications all 5
  await "what is told" has_notifications default 3
  settle all

  assert_equal "$(count_notifications all)" 5
  assert_equal "$(count_notifications default)" 3
  assert_equal "$(count_notifications default 'severity = OKAY')" 0
  assert_equal "$(count_notifications none)" 0
  for group in all default none; do
    assert_exits "$group" 2 2 1
  done
}

@test "notify: at once, not at the next read" {
  interval=20
  configure <<CONF
    NotifyExit "failure"
    Process "$me-kid"
    Process "$me-seen"
CONF
  start_load "$me-seen" --stay 60 idle
  start_collectd
  start_exits "$me-parent" brood "$me-kid" 1 1 0 kill 0 0
  await "the first read" has_rows "$me-seen" ps_cputime
  perform "$me-parent"
  kill -KILL "${load_pid[$me-seen]}"
  await_tries=60 await "what is told" has_notifications "$me-kid" 1
  await_tries=60 await "what is told" has_notifications "$me-seen" 1

  # No read has happened since.
  assert_between "$(rows "$me-seen" ps_cputime | wc -l)" 0 1
}

# The sum of the numbers before WORDS in the summaries.
summed_up() { # GROUP WORDS
  notifications "$1" 'more process' | grep -oE "[0-9]+ $2" |
    awk '{ sum += $1 } END { print sum + 0 }'
}

told_in_all() { # GROUP
  echo $(($(notifications "$1" '\(pid ' | wc -l) +
    $(summed_up "$1" 'more process(es)? ended')))
}

has_told_in_all() { [[ $(told_in_all "$1") -ge $2 ]]; }

@test "notify: past NotifyExitRate they are summed up" {
  interval=0.5
  configure <<CONF
    NotifyExit "all"
    NotifyExitRate 7
    <Group "kids">
      Command "$me-kid"
    </Group>
    <Group "failures">
      Command "$me-kid"
      NotifyExit "failure"
    </Group>
CONF
  start_collectd
  start_exits "$me-parent" brood "$me-kid" 51 4 0 exit0,exit3,kill 0 0
  reads 1 kids
  begin=$EPOCHREALTIME
  perform "$me-parent"
  await "what is told" has_told_in_all kids 51
  await "what is told" has_told_in_all failures 34
  # A burst extends over two seconds, or more on a machine that pauses.
  most=$(awk "BEGIN { print int($EPOCHREALTIME - $begin) + 2 }")
  settle kids

  assert_exits kids 17 17 17
  assert_between "$(count_notifications kids '\(pid ')" 7 $((7 * most))
  assert_between "$(count_notifications failures '\(pid ')" 7 $((7 * most))
  assert_between "$(count_notifications kids 'more process')" 1 "$most"
  assert_equal "$(told_in_all kids)" 51
  assert_equal "$(told_in_all failures)" 34
  signals=$(summed_up kids 'killed by a signal')
  errors=$(summed_up kids 'exited with an error')
  okays=$(summed_up kids 'exited with status 0')
  assert_equal $((signals + $(count_notifications kids 'was killed by SIGKILL'))) 17
  assert_equal $((errors + $(count_notifications kids '\) exited with status 3'))) 17
  assert_equal $((okays + $(count_notifications kids '\) exited with status 0'))) 17
  # A summary has the highest severity of its processes.
  assert_equal "$(count_notifications kids 'more process.*killed by a signal')" \
    "$(count_notifications kids 'severity = FAILURE.*more process')"

  # The next second has a separate limit.
  perform "$me-parent" 2
  await "what is told" has_told_in_all kids 102
  assert_between "$(count_notifications kids '\(pid ')" 14 101
}

@test "notify: what was not sent when collectd ends is counted" {
  local dropped

  interval=0.5
  configure <<CONF
    NotifyExit "all"
    NotifyExitRate 1
    Process "$me-kid"
CONF
  start_collectd
  start_exits "$me-parent" brood "$me-kid" 20 4 0 exit3 0 0
  reads 1 "$me-kid"
  perform "$me-parent"
  await_exits "$me-kid" 20
  stop_collectd

  dropped=$(sed -n 's/.* \([0-9]*\) notifications of ended processes were dropped.*/\1/p' \
    "$work/collectd.log")
  assert_equal $(($(told_in_all "$me-kid") + dropped)) 20
}

# Processes that take these names, given as Python strings, and exit with status 3.
@test "notify: a name adds no line to what a program is handed, nor to the log" {
  local names=(
    'x\nHost: other' '\nSeverity: OKAY\n' '\n\nmessage' 'a\r\nb' '\x1b[2J\x07'
    '%n%s%x' 'Stra\xc3' '\xff\xfe' 'a\xe2\x80\xa8b' '\x80\x85' 'caf\xc3\xa9')

  interval=0.5
  configure <<CONF
    NotifyExit "all"
    NotifyExitRate 1000
    <Group "named-%{comm}">
      CommandLine "$me-named"
    </Group>
CONF
  route_to_program
  start_collectd
  for name in "${names[@]}"; do
    /usr/bin/python3 -c '
import ctypes, sys, time
name = sys.argv[1].encode().decode("unicode_escape").encode("latin-1")
ctypes.CDLL(None).prctl(15, name, 0, 0, 0)
time.sleep(1.2)
sys.exit(3)' "$name" "$me-named" 3>&- {lock}>&- &
  done
  await "what is told" has_told "${#names[@]}"

  # Header lines, an empty line and the message.
  for file in "$told"/*.told; do
    assert_equal "$(grep -c '' "$file")" "$(($(sed '/^$/,$d' "$file" | wc -l) + 2))" "$file"
    assert_equal "$(grep -Evc '^[A-Za-z_]+: |^$' <(sed '/^$/,$d' "$file"))" 0
    assert_equal "$(grep -c '^Host: ' "$file")" 1
    assert_equal "$(grep -x 'Host: .*' "$file")" "Host: testhost"
    assert_equal "$(grep -x 'Severity: .*' "$file")" "Severity: WARNING"
    iconv -f UTF-8 -t UTF-32 "$file" >/dev/null
    ! grep -P '[\x00-\x09\x0b-\x1f\x7f]' "$file" || fail "control characters in $file"
  done
  ! LC_ALL=C grep -P '[\x00-\x09\x0b-\x1f\x7f]' "$work/collectd.log" ||
    fail "control characters in the log"
  iconv -f UTF-8 -t UTF-32 "$work/collectd.log" >/dev/null
  grep -qx 'command: x_Host: other' "$told"/*.told
  grep -qx $'PluginInstance: named-caf\xc3\xa9' "$told"/*.told
}
