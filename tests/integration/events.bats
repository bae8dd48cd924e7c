#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What process events report at once: the properties of a process after its exec, and
# changes of a living process. This needs no read, so the interval is long.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

interval=10
JOBS=$TASKSTATS_BUILD/tests/jobs
LOAD=$JOBS
bytes=65600 # not a multiple of 1024

# A user that no other process has.
uid=$((2000000000 + 2 * BATS_ROOT_PID))

# await_read GROUP...: waits until the values include a read that starts after the call.
await_read() {
  local since=$EPOCHREALTIME group

  await "a read" begin_of_read "$since"
  since=$(begin_of_read "$since")
  for group; do
    await "the values of $group" reads_since "$group" "$since" 1
  done
}

# begin_of_read TIME: when the last read that started after TIME did so.
begin_of_read() {
  rows "" duration-read | awk -F, -v since="$1" '
    $1 - $2 > since { begin = $1 - $2 }
    END { if (!begin) exit 1; printf "%.6f\n", begin }'
}

# assert_all COMMAND...: runs COMMAND with each line of standard input, split into
# arguments; continues after a failure.
assert_all() {
  local line words status=0

  while read -r line; do
    read -ra words <<<"$line"
    "$@" "${words[@]}" || status=1
  done
  return "$status"
}

# --- jobs ---

held_off=0
kinds=(line exe cgroup user)
placed=(line cgroup user) # also in groups that are named after the executable
strangers=(not-line not-exe not-cgroup not-user not-this not-that)

# Each kind has a separate executable, whose name is not the command's, and is selected
# by one property only. For the groups that are named after executables, sleeping
# processes make the group exist from the first read on.
prepare_kinds() {
  local kind

  open_work
  make_cgroup "$me-jobs.slice"
  for kind in "${kinds[@]}"; do
    mkdir "$work/$kind"
    cp "$JOBS" "$work/$kind/$me-$kind"
    ln -s "$me-$kind" "$work/$kind/$me-job"
  done
  cp "$JOBS" "$work/exe/$me-twin"
  for kind in "${placed[@]}"; do
    in_background "seed-$kind" "$work/$kind/$me-job" idle seed "$me"
  done
}

# configure_kinds [OPTION]: no job matches the groups in $strangers.
configure_kinds() {
  configure <<CONF
    ${1:-}
    <Group "line">
      CommandLine "/$me-job work [0-9]+ [0-9]+ line $me\$"
    </Group>
    <Group "exe">
      Executable "$work/exe/$me-exe"
    </Group>
    <Group "cgroup">
      ControlGroup "^/$me-jobs\\\\.slice\$"
    </Group>
    <Group "user">
      User "$uid"
    </Group>
    <Group "of-%{exe}">
      CommandLine " (line|cgroup|user|seed) $me\$"
    </Group>
    <Group "not-line">
      CommandLine "/$me-job work [0-9]+ [0-9]+ line\$"
    </Group>
    <Group "not-exe">
      Executable "$work/exe/$me-twin"
    </Group>
    <Group "not-cgroup">
      ControlGroup "^/$me-jobs\\\\.slice/."
    </Group>
    <Group "not-user">
      User "$((uid + 1))"
    </Group>
    <Group "not-this">
      CommandLine " line $me\$"
      Executable "$work/exe/$me-exe"
    </Group>
    <Group "not-that">
      ControlGroup "^/$me-jobs\\\\.slice\$"
      User "$uid"
    </Group>
    <Group "starter">
      CommandLine "/$me-watched .*brood"
    </Group>
CONF
}

# start_brood NAME COUNT US: NAME is to start COUNT jobs of US microseconds.
start_brood() {
  local root options=()

  for root in $(cgroup_roots); do
    options+=(--cgroup "$root/$me-jobs.slice")
  done
  start_load "$1" "${options[@]}" --user "$uid" \
    brood "$work" "$me" "$(IFS=, && echo "${kinds[*]}")" "$2" 2 "$3" "$bytes"
}

# read_held_off: sets held_off_ms to the time so far for which the thread that receives
# events and exit records was ready to run but did not: it waited, or its CPU was stolen.
read_held_off() {
  local thread name waited='' steal

  for thread in "/proc/$collectd_pid/task/"*; do
    read -r name <"$thread/comm" || continue
    [[ $name != 'taskstats exits' ]] || read -r _ waited _ <"$thread/schedstat"
  done
  [[ -n $waited ]] || fail "collectd has no thread for exits"
  read -r _ _ _ _ _ _ _ _ steal _ </proc/stat
  held_off_ms=$((waited / 1000000 + steal * 1000 / $(getconf CLK_TCK) / $(nproc --all)))
}

# perform_brood NAME: as perform; sets held_off to the percentage of the time for which
# that thread was held off.
perform_brood() {
  local before_ms from_ms=${EPOCHREALTIME/./}

  from_ms=$((from_ms / 1000))
  read_held_off
  before_ms=$held_off_ms
  perform "$1"
  read_held_off
  held_off=$(((held_off_ms - before_ms) * 100 / (${EPOCHREALTIME/./} / 1000 - from_ms)))
  # The kernel's sum of stolen time is not always monotone.
  ((held_off >= 0)) || held_off=0
  echo "# held off for $((held_off_ms - before_ms)) ms, $held_off % of the time"
}

# The groups of the jobs, each with its kind.
groups_of_kinds() {
  local kind

  for kind in "${kinds[@]}"; do
    echo "$kind $kind"
  done
  for kind in "${placed[@]}"; do
    echo "of-$me-$kind $kind"
  done
}

# assert_jobs NAME EXITS LOW HIGH since-fork|since-exec GROUP KIND: at least EXITS
# percent of the exits and LOW to HIGH percent of the CPU time of NAME's jobs; both may be
# lower by $held_off percent, but not below 50 and 40. Each missing exit is undecided.
# CPU time counts from the fork on if the parent is in no group; otherwise, time before
# exec may be in no group.
assert_jobs() {
  local name=$1 exits=$(($2 - held_off)) low=$(($3 - held_off)) high=$4 group=$6 kind=$7
  local count ok used before got tx status=0

  ((exits >= 50)) || exits=50
  ((low >= 40)) || low=40
  count=$(truth "$name" "${kind}_count")
  used=$(truth "$name" "${kind}_cpu_us")
  before=$(truth "$name" "${kind}_before_us")
  [[ $5 == since-exec ]] || before=0
  ok=$(value "$group" total_events-exit-ok)
  got=$(cpu_us "$group")
  tx=$(value "$group" io_octets tx)
  echo "# $group: $ok of $count exits, $(own exit-undecided) undecided;" \
    "$got of $used us, $before before exec; $tx of $((count * bytes)) bytes"
  assert_equal "$(truth "$name" "${kind}_ok")" "$count" || status=1
  assert_between "$ok" "$count * $exits / 100" "$count" || status=1
  assert_between "$count" 0 "$ok + $(own exit-undecided)" || status=1
  assert_exits "$group" "$ok" 0 0 || status=1
  assert_between "$got" "($used - $before) * $low / 100" \
    "$used * ($high / 100 + $(stolen_leeway))" || status=1
  assert_between "$tx" "$ok * ($bytes - 1024)" "$count * $bytes" || status=1
  return "$status"
}

# assert_stranger GROUP: nothing has been counted in it.
assert_stranger() {
  local status=0

  assert_exits "$1" 0 0 0 || status=1
  assert_equal "$(cpu_us "$1")" 0 "CPU time of $1" || status=1
  assert_equal "$(value "$1" io_octets tx)" 0 "bytes of $1" || status=1
  return "$status"
}

# assert_placed: of the groups "of-*", only those named after the files exist.
assert_placed() {
  diff -u <(printf "of-$me-%s\n" "${placed[@]}" | sort) <(group_names 'of-.*')
}

begin_kinds() { # [OPTION]
  local kind

  prepare_kinds
  configure_kinds "$@"
  start_collectd
  for kind in "${placed[@]}"; do
    await "the first read" has_rows "of-$me-$kind" io_octets
  done
}

# assert_kinds COMMAND...: checks each group of jobs, and that the others are empty.
assert_kinds() {
  local status=0

  groups_of_kinds | assert_all "$@" || status=1
  printf '%s\n' "${strangers[@]}" | assert_all assert_stranger || status=1
  assert_placed || status=1
  return "$status"
}

# brood_case COUNT US EXITS LOW HIGH [WEIGHT]: the percentage that the plugin was held off
# counts WEIGHT times.
brood_case() {
  local await_tries=2400 # on a busy machine, 20 s of CPU time may take long

  begin_kinds
  start_brood "$me-start" "$1" "$2"
  perform_brood "$me-start"
  held_off=$((held_off * ${6:-1}))
  await_read "${kinds[@]}" "${placed[@]/#/of-$me-}" "${strangers[@]}"

  assert_equal "$(own exit-records-lost)" 0
  assert_kinds assert_jobs "$me-start" "$3" "$4" "$5" since-fork
}

# The jobs, and perhaps other processes, keep all CPUs busy. A job that ends before the
# plugin gets a CPU is counted as undecided: at most one of 200 jobs of 1 ms, and more the
# longer the plugin waits for a CPU, or if a hypervisor stops one. Jobs of 1 ms often run
# just then, in its place.
@test "events: 800 jobs of 1 ms" {
  brood_case 800 1000 88 80 115 2
}

@test "events: 800 jobs of 5 ms" {
  brood_case 800 5000 94 90 103
}

@test "events: 80 jobs of 100 ms" {
  brood_case 80 100000 95 92 103
}

@test "events: jobs while 5000 others a second come and go" {
  begin_kinds
  start_load "$me-others" others 5000 60
  go "$me-others"
  start_brood "$me-watched" 200 5000
  perform_brood "$me-watched"
  go "$me-others"
  await_done "$me-others"
  await_read "${kinds[@]}" "${placed[@]/#/of-$me-}" "${strangers[@]}" starter

  own=$(truth "$me-watched" own_cpu_us)
  echo "# $(truth "$me-others" made) others, $(truth "$me-others" per_second) a second;" \
    "starter: $(cpu_us starter) of $own us"
  assert_equal "$(own exit-records-lost)" 0
  assert_kinds assert_jobs "$me-watched" 90 85 103 since-exec
  assert_exits starter 0 0 0
  assert_ended_cpu "$(cpu_us starter)" "$own" 3 2000
}

# --- too small a buffer ---

# assert_at_most NAME GROUP KIND: anything missing is counted as lost.
assert_at_most() {
  local count used ok got tx lost status=0

  count=$(truth "$1" "${3}_count")
  used=$(truth "$1" "${3}_cpu_us")
  ok=$(value "$2" total_events-exit-ok)
  got=$(cpu_us "$2")
  tx=$(value "$2" io_octets tx)
  lost=$(($(own exit-undecided) + $(own exit-records-lost) + $(own missed)))
  echo "# $2: $ok of $count exits, $lost lost; $got of $used us; $tx of $((count * bytes)) bytes"
  assert_between "$ok" "$count - $lost" "$count" || status=1
  assert_exits "$2" "$ok" 0 0 || status=1
  assert_between "$got" 0 "$used * (1.05 + $(stolen_leeway))" || status=1
  assert_between "$tx" 0 $((count * bytes)) || status=1
  return "$status"
}

@test "events: what a small buffer loses is counted, and nothing else is wrong" {
  interval=1
  begin_kinds "WatchBuffer 4096
    <Group \"late\">
      CommandLine \"/$me-late idle \"
    </Group>"
  start_load "$me-others" others 20000 60
  go "$me-others"
  start_brood "$me-start" 60 5000
  perform "$me-start"
  ln -s "$JOBS" "$work/bin/$me-late"
  in_background late "$work/bin/$me-late" idle "$me"
  go "$me-others"
  await_done "$me-others"
  # Whether or not its events were lost.
  await_members late 1
  await_read "${kinds[@]}" "${placed[@]/#/of-$me-}" "${strangers[@]}" ""

  has_identity "" total_events-missed || fail "total_events-missed is not dispatched"
  echo "# $(truth "$me-others" made) others, $(own exit-records-lost) records lost," \
    "$(own missed) missed, $(own exit-undecided) undecided"
  assert_logged_once 'Cannot receive all process events.*WatchBuffer 4096'
  assert_between $(($(own exit-records-lost) + $(own missed))) 1 1000000000
  assert_kinds assert_at_most "$me-start"
}

# --- without events ---

@test "events: without them, a read lists, and what ends between two reads is told by its record" {
  interval=1
  configure <<CONF
    ProcessEvents false
    <Group "name">
      Command "$me-job"
    </Group>
    <Group "line">
      CommandLine "/$me-job work [0-9]+ [0-9]+ line $me\$"
    </Group>
    <Group "alive">
      CommandLine "/$me-late idle "
    </Group>
CONF
  mkdir -p "$work/bin" "$work/line"
  ln -s "$JOBS" "$work/line/$me-job"
  ln -s "$JOBS" "$work/bin/$me-late"
  start_collectd
  await "the first read" has_rows name io_octets
  kinds=(line)
  in_background late "$work/bin/$me-late" idle "$me"
  start_brood "$me-start" 30 100000
  perform "$me-start"
  await_members alive 1
  await_read name line ""

  echo "# line: $(value line total_events-exit-ok) exits of $(seen line) seen," \
    "$(own exit-undecided) undecided"
  assert_jobs "$me-start" 100 97 103 since-fork name line
  # The command line decides only for processes that a read has seen.
  assert_between "$(value line total_events-exit-ok)" "30 - $(own exit-undecided)" 30
  assert_logged_once 'ProcessEvents is false'
}

# --- real programs ---

tools=(bash xargs make find python daemon cron)
many=8 # jobs of each
burn_us=60000

# How long a job sleeps before it works, so that it is looked at, however long the plugin
# waits for a CPU. find runs one after the other.
sleep_ms=1000
sleep_of_find_ms=400

# The command lines of each program and its jobs contain the same unique word.
configure_tools() {
  local tool

  for tool in "${tools[@]}"; do
    cat <<CONF
    <Group "$tool">
      CommandLine "$me@$tool( |/|\\\\.|\$)" "${me^^}@${tool^^}/"
    </Group>
    <Group "$tool-jobs">
      CommandLine "^[^ ]*/$me-job work-after [0-9]+ [0-9]+ [0-9]+ $me@$tool( |\$)"
    </Group>
    <Group "$tool-not">
      CommandLine "$me@${tool%?}( |/|\\\\.|\$)"
    </Group>
CONF
  done | configure
}

# command_of TOOL: one argument per line.
command_of() {
  local job=("$work/bin/$me-job" work-after "$sleep_ms" "$turns" "$bytes" "$me@$1")

  [[ $1 != find ]] || job[2]=$sleep_of_find_ms
  # shellcheck disable=SC2016 # for the inner shell
  case $1 in
  bash) printf '%s\n' bash -c 'for i in 1 2 3 4; do "$@" & "$@"; wait; done' bash "${job[@]}" ;;
  xargs) printf '%s\n' xargs -a "$work/numbers" -P 4 -n 1 "${job[@]}" ;;
  make) printf '%s\n' make -s -j 4 -f "$work/$me@make.mk" ;;
  find) printf '%s\n' find "$work/$me@find" -type f -exec "${job[@]}" '{}' ';' ;;
  python) printf '%s\n' /usr/bin/python3 "$work/$me@python.py" "${job[@]}" ;;
  daemon) printf '%s\n' "$JOBS" daemons "$many" "${job[@]}" ;;
  cron) printf '%s\n' "$work/$me@cron/cron" -f ;;
  esac
}

write_makefile() {
  cat <<EOF
jobs := $(seq -s ' ' "$many")
.PHONY: all \$(jobs)
all: \$(jobs)
\$(jobs):
	$work/bin/$me-job work-after $sleep_ms $turns $bytes $me@make
EOF
}

write_pool() {
  cat <<EOF
import subprocess, sys
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda _: subprocess.run(sys.argv[1:], check=True), range($many)))
EOF
}

# Debian's cron with a private crontab, in a separate mount namespace. Its children have
# its name in capitals.
prepare_cron() {
  local i cron

  cron=$(command -v cron) || fail "no cron; run: apt-get install cron"
  mkdir "$work/$me@cron"
  ln -s "$cron" "$work/$me@cron/cron"
  for ((i = 0; i < many; i++)); do
    echo "@reboot echo >>$work/cron.ran;" \
      "exec $work/bin/$me-job work-after $sleep_ms $turns $bytes $me@cron"
  done >"$work/crontab"
  cat >"$work/with-crontab" <<EOF
set -e
for path in /run /var/spool /etc/cron.d /etc/pam.d; do
  mount -t tmpfs -o mode=755 none "\$path"
done
[ ! -e /etc/crontab ] || mount --bind /dev/null /etc/crontab
printf '%s required pam_permit.so\n' auth account session >/etc/pam.d/cron
mkdir -p /var/spool/cron/crontabs
install -m 600 "$work/crontab" /var/spool/cron/crontabs/root
exec "\$@"
EOF
}

prepare_tools() {
  turns=$("$JOBS" turns "$burn_us")
  mkdir -p "$work/bin" "$work/$me@find"
  ln -s "$JOBS" "$work/bin/$me-job"
  seq "$many" >"$work/numbers"
  seq "$many" | (cd "$work/$me@find" && xargs touch)
  write_makefile >"$work/$me@make.mk"
  write_pool >"$work/$me@python.py"
  prepare_cron
}

has_started_all() { [[ $(wc -l <"$work/cron.ran") -eq $many ]]; }
has_no_children() { ! pgrep -P "$1"; }

end_cron() { # PID
  await "cron's jobs" has_started_all
  await "their ends" has_no_children "$1"
  kill "$1"
}

# run_tool TOOL: runs it to its end; cron has to be stopped.
run_tool() {
  load_prefix=()
  [[ $1 != cron ]] || load_prefix=(unshare --mount bash "$work/with-crontab")
  command_of "$1" >"$work/$1.command"
  start_load "$me-$1" run "$work/$1.command"
  go "$me-$1"
  if [[ $1 == cron ]]; then
    await "cron's start" said "$me-cron" 'pid=.*'
    end_cron "$(truth "$me-cron" pid)"
  fi
  await_done "$me-$1"
}

# assert_tool TOOL OTHERS: checks the program, its jobs and OTHERS other processes.
assert_tool() {
  local all jobs own got_all got_jobs exits status=0

  all=$(truth "$me-$1" cpu_us)
  own=$(truth "$me-$1" program_us)
  jobs=$((all - own))
  got_all=$(cpu_us "$1")
  got_jobs=$(cpu_us "$1-jobs")
  exits=$(($(value "$1" total_events-exit-ok) + $(value "$1" total_events-exit-signal)))
  echo "# $1: $exits of $((1 + many + $2)) exits, $got_all of $all us;" \
    "jobs: $(value "$1-jobs" total_events-exit-ok) of $many exits, $got_jobs of $jobs us"
  assert_equal "$(truth "$me-$1" status)" "$([[ $1 == cron ]] && echo 15 || echo 0)" \
    "how $1 ended" || status=1
  assert_equal "$exits" $((1 + many + $2)) "exits of $1" || status=1
  assert_equal "$(value "$1" total_events-exit-error)" 0 "failures of $1" || status=1
  assert_ended_cpu "$got_all" "$all" 3 8000 || status=1
  assert_exits "$1-jobs" "$many" 0 0 || status=1
  # The children of cron that start the jobs use CPU time, too.
  [[ $1 == cron ]] || assert_ended_cpu "$got_jobs" "$jobs" 3 8000 || status=1
  assert_between "$got_jobs" 0 "$jobs * (1.03 + $(stolen_leeway)) + 8000" || status=1
  assert_between "$(value "$1-jobs" io_octets tx)" $((many * (bytes - 1024))) \
    $((many * bytes)) || status=1
  assert_stranger "$1-not" || status=1
  return "$status"
}

@test "events: jobs of bash, xargs, make, find, a pool of Python's, daemons and cron" {
  configure_tools
  prepare_tools
  start_collectd
  await "the first read" has_rows cron-not io_octets
  for tool in "${tools[@]}"; do
    run_tool "$tool"
  done
  await_read "${tools[@]}" "${tools[@]/%/-jobs}" "${tools[@]/%/-not}"

  assert_all assert_tool <<EOF
bash 0
xargs 0
make 0
find 0
python 0
daemon $many
cron $many
EOF
}

# --- changes of living processes ---

configure_changes() {
  configure <<CONF
    <Group "name-before">
      Command "$me-name"
    </Group>
    <Group "name-after">
      Command "$me-renamed"
    </Group>
    <Group "user-before">
      Command "$me-user"
      User "root"
    </Group>
    <Group "user-after">
      User "$uid"
    </Group>
    <Group "exec-before">
      CommandLine "/$me-exec change exec app "
    </Group>
    <Group "exec-after">
      CommandLine "/$me-exec changed app "
    </Group>
    <Group "bare-after">
      CommandLine "/$me-bare changed app "
    </Group>
CONF
}

# assert_change NAME PART: usage before or after the change is in the group for PART.
assert_change() {
  local name=$me-$1 group=$1-$2 cpu tx waited got_waited living=0 status=0

  cpu=$(truth "$name" "$2_cpu_us")
  tx=$(truth "$name" "$2_tx_bytes")
  waited=$(truth "$name" "$2_waited_us")
  got_waited=$(integral "$group" delay_rate-delay-cpu)
  [[ $2 == before ]] || living=1
  echo "# $group: $(cpu_us "$group") of $cpu us; $(value "$group" io_octets tx) of $tx bytes;" \
    "waited $got_waited s of $waited us"
  assert_ended_cpu "$(cpu_us "$group")" "$cpu" 3 2000 || status=1
  assert_equal "$(value "$group" io_octets tx)" "$tx" "bytes of $group" || status=1
  assert_near "$got_waited" "($waited / 1e6)" 3 0.05 || status=1
  assert_equal "$(members "$group")" "$living.000000" "members of $group" || status=1
  return "$status"
}

@test "events: a change of name, user or command line counts from that moment on" {
  # The plugin looks at a limited number of changes, of all processes of the machine.
  alone
  configure_changes
  start_collectd
  await "the first read" has_rows bare-after io_octets
  # On one CPU, so that they wait for each other.
  load_prefix=(taskset -c "$(a_cpu)")
  start_load "$me-name" change name "$me-renamed" 200000 123457
  start_load "$me-user" change user "$uid" 200000 123457
  start_load "$me-exec" change exec app 200000 123457
  start_load "$me-bare" change exec app 200000 123457
  for round in 1 2 3; do
    for name in name user exec bare; do
      go "$me-$name"
    done
    for name in name user exec bare; do
      await_done "$me-$name" "$round"
    done
  done
  await_read {name,user,exec}-{before,after} bare-after

  assert_all assert_change <<EOF
name before
name after
user before
user after
exec before
exec after
bare after
EOF
}

@test "events: what a script has used stays there if it ends before its exec is noticed" {
  interval=1
  configure <<CONF
    <Group "script">
      CommandLine "/$me-script\$"
    </Group>
    <Group "end">
      Command "$me-end"
    </Group>
CONF
  ln -s "$(type -P true)" "$work/$me-end"
  cat >"$work/$me-script" <<SCRIPT
#!/bin/bash
read -r _ <"$work/hold"
for ((i = 0; i < 1200000; i++)); do :; done
exec "$work/$me-end"
SCRIPT
  chmod +x "$work/$me-script"
  mkfifo "$work/hold"
  echo "$work/$me-script" >"$work/script.command"
  start_collectd
  await "the first read" has_rows end io_octets
  start_load "$me-run" run "$work/script.command"
  go "$me-run"
  await_members script 1
  kill -STOP "$collectd_pid"
  echo >"$work/hold"
  await_done "$me-run"
  kill -CONT "$collectd_pid"
  await_exits end 1
  settle script

  used=$(truth "$me-run" cpu_us)
  echo "# script: $(cpu_us script) of $used us, end: $(cpu_us end)"
  assert_exits script 0 0 0
  assert_exits end 1 0 0
  # Nothing tells whether it ran or waited since then.
  assert_between "$(cpu_us script)" "$used * 0.9 - 50000" "$used * (1.01 + $(stolen_leeway))"
  assert_ended_cpu "($(cpu_us script) + $(cpu_us end))" "$used" 2 5000
}
