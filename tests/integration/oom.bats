#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Kills by the OOM killer, because of the limit of a cgroup that the test creates.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

# mounts TYPE: mount points and options of cgroup hierarchies.
mounts() { awk -v type="$1" '$3 == type { print $2, $4 }' /proc/mounts; }

# memory_root: the hierarchy of the memory controller.
memory_root() {
  local mount

  mounts cgroup | awk '$2 ~ /(^|,)memory(,|$)/ { print $1 }' | grep . && return
  mounts cgroup2 | while read -r mount _; do
    ! grep -qw memory "$mount/cgroup.controllers" || echo "$mount"
  done | grep .
}

# make_cgroup DIRECTORY
make_cgroup() {
  mkdir -p "$1"
  remove_at_end "$1"
}

# make_limit: a cgroup with a limit of 16 MiB, and one for a unit if systemd has a
# different hierarchy. Sets cgroup, unit_cgroup, events, and procs, the files to enter.
make_limit() {
  local root systemd

  root=$(memory_root) || skip "needs the memory controller"
  cgroup=/$me-oom
  make_cgroup "$root$cgroup"
  if [[ -e $root$cgroup/memory.max ]]; then
    echo 16M >"$root$cgroup/memory.max"
    events=$root$cgroup/memory.events
    ! [[ -e $root$cgroup/memory.swap.max ]] || echo 0 >"$root$cgroup/memory.swap.max"
  elif [[ -e $root$cgroup/memory.limit_in_bytes ]]; then
    echo 16M >"$root$cgroup/memory.limit_in_bytes"
    events=$root$cgroup/memory.oom_control
  else
    skip "needs the memory controller in $root"
  fi
  procs=$root$cgroup/cgroup.procs
  unit_cgroup=$cgroup
  systemd=$(mounts cgroup | awk '$2 ~ /name=systemd/ { print $1 }')
  if [[ -n $systemd ]]; then
    unit_cgroup=/$me-oom/web.service
    make_cgroup "$systemd/$me-oom"
    make_cgroup "$systemd$unit_cgroup"
    procs+=,$systemd$unit_cgroup/cgroup.procs
  fi
}

# start_kills NAME [OPTION] COUNT ENDS: starts a load whose children are killed in the
# cgroup.
start_kills() {
  local LOAD=$TASKSTATS_BUILD/tests/oom options=()

  make_limit
  if [[ $2 == --* ]]; then
    options=("$2")
    set -- "$1" "${@:3}"
  fi
  start_load "$1" "${options[@]}" "$procs" "$me-kid" "$2" "$3"
}

# kernel_kills: number of kills that the cgroup has counted.
kernel_kills() { awk '$1 == "oom_kill" { print $2 }' "$events"; }

# children END
children() {
  sed -n "s/^end_\([0-9]*\)=$1\$/\1/p" "$work/$me-killer.out.load"
}

# told FILTER: its result for each line of the exit log.
told() { jq -r "$1" "$work/exits.json"; }

has_told() { [[ $(wc -l <"$work/exits.json") -ge $1 ]]; }

configure_kids() { # [LINE]
  configure <<CONF
    ${1:-}
    ExitLog "$work/exits.json"
    NotifyExitRate 1000
    <Group "kids">
      Command "$me-kid"
      NotifyExit "oom"
    </Group>
CONF
}

# assert_told_of FILTER PID...: FILTER holds for exactly these.
assert_told_of() {
  diff <(told "select($1) | .pid" | sort -n) <(printf '%s\n' "${@:2}" | sort -n)
}

# assert_told_as FILTER END: FILTER holds for exactly the children with this end.
assert_told_as() {
  local pids

  mapfile -t pids < <(children "$2")
  assert_told_of "$1" "${pids[@]}"
}

# start_in_limit NAME COMMAND...: a load in the cgroup, whose process is one of the kids.
start_in_limit() {
  # shellcheck disable=SC2016 # the inner shell's variables
  local load_prefix=(bash -c 'for file in ${1//,/ }; do echo 0 >"$file"; done; exec "${@:2}"'
    enter "$procs")

  start_load "$1" --name "$me-kid" "${@:2}"
}

# Fewer on an emulated machine (kernels/init.bash)
@test "oom: all of them, and none of those that are killed right afterwards" {
  local kills=${OOM_KILLS:-100} unnamed

  configure_kids
  start_collectd
  start_kills "$me-killer" $((2 * kills)) oom,kill
  reads 1 kids
  perform "$me-killer"
  await "what is told" has_told $((2 * kills))
  settle kids

  assert_equal "$(kernel_kills)" "$kills"
  assert_equal "$(children oom | wc -l)" "$kills"
  assert_told_as .oom_killed oom
  assert_told_as '.oom_killed == false' kill
  assert_told_as '.message | contains("was killed by SIGKILL after")' kill
  assert_told_as ".message | test(\"was killed by the OOM killer .limit of ($cgroup|a cgroup). after\")" oom
  assert_told_as ".oom_killed and (.oom_cgroup // \"$cgroup\") == \"$cgroup\"" oom
  # The kernel's log names the cgroups of ten kills in 5 s. For others, collectd must have
  # read that of the process, which lives for some milliseconds: in how many cases it has
  # depends on the machine.
  unnamed=$(told 'select(.oom_killed and (has("oom_cgroup") | not)) | .pid' | wc -l)
  ((unnamed < kills)) || fail "no cgroup is named for $unnamed of $kills"
  assert_told_as "has(\"oom_probable\") | not" '.*'
  # With version 1, the cgroup of a process that has ended is known only if it was read
  # before.
  assert_told_as "(.cgroup // \"$unit_cgroup\") == \"$unit_cgroup\"" '.*'
  assert_equal "$(value kids total_events-exit-oom)" "$kills"
  assert_exits kids 0 0 $((2 * kills))
  assert_equal "$(count_notifications kids)" "$kills"
  assert_equal "$(count_notifications kids 'was killed by the OOM killer')" "$kills"
  assert_no_complaints

  # The peak memory, compared with wait4.
  diff <(told '"\(.pid) \(.peak_rss)"' | sort -n) \
    <(sed -n 's/^peak_kib_\([0-9]*\)=\([0-9]*\)$/\1 \2/p' "$work/$me-killer.out.load" |
      awk '{ printf "%d %d\n", $1, $2 * 1024 }' | sort -n)
}

@test "oom: a process with the pid of one that was killed" {
  local LOAD=$TASKSTATS_BUILD/tests/oom

  # There is room for the ends of others' processes while collectd is stopped.
  configure_kids "WatchBuffer 134217728"
  start_collectd
  start_kills "$me-killer" --same-pid 12 oom,kill
  start_load "$me-first" --apart "$procs" "$me-kid" 5 oom
  reads 1 kids
  # The ends of processes show how the clock of the kernel's log differs.
  perform "$me-first"
  await "what is told" has_told 5
  # Nobody asks before all have ended.
  kill -STOP "$collectd_pid"
  perform "$me-killer" || { kill -CONT "$collectd_pid" && false; }
  kill -CONT "$collectd_pid"
  await "what is told" has_told 17
  settle kids

  assert_equal "$(kernel_kills)" 11
  assert_equal "$(told .oom_killed | tail -n +6 | uniq | wc -l)" 12
  assert_equal "$(told 'select(.oom_killed) | .pid' | wc -l)" 11
  assert_equal "$(value kids total_events-exit-oom)" 11
}

@test "oom: without the kernel's log it is probable" {
  local i killed=()

  [[ $(</proc/sys/kernel/dmesg_restrict) == 1 ]] || skip "anybody may read the kernel's log"
  configure_kids
  collectd_prefix=(setpriv "--inh-caps=-syslog,-sys_admin" "--bounding-set=-syslog,-sys_admin")
  start_collectd
  assert_logged_once "Cannot read the kernel's log .Operation not permitted.: give collectd CAP_SYSLOG"
  # A kill is recognised only if the cgroup of the process was read before.
  make_limit
  for i in {1..5}; do
    start_in_limit "$me-oom$i" --wait touch 20000
    start_in_limit "$me-kill$i" --wait idle
  done
  settle kids
  # Which of two processes that end within some milliseconds it was is unknown.
  for i in {1..5}; do
    killed+=("${load_pid[$me-oom$i]}")
    go "$me-oom$i"
    await "what is told" has_told $((2 * i - 1))
    kill -KILL "${load_pid[$me-kill$i]}"
    await "what is told" has_told $((2 * i))
  done
  settle kids

  assert_equal "$(kernel_kills)" 5
  assert_told_of .oom_killed "${killed[@]}"
  assert_told_of .oom_probable "${killed[@]}"
  assert_told_of '.message | contains("was probably killed by the OOM killer")' "${killed[@]}"
  assert_equal "$(value kids total_events-exit-oom)" 5
  assert_logged_once "Cannot read the kernel's log"
}

@test "oom: in which cgroup and unit a process was, is known of one that has lived" {
  configure_kids
  start_collectd
  make_limit
  start_in_limit "$me-kid" --stay 60 idle
  reads 2 kids
  kill -KILL "${load_pid[$me-kid]}"
  await "what is told" has_told 1
  assert_equal "$(told .cgroup)" "$unit_cgroup"
  [[ $unit_cgroup != */web.service ]] || assert_equal "$(told .unit)" web.service
  assert_equal "$(told .oom_killed)" false
}
