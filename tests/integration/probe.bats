#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# taskstats-probe: every command, option and exit status, and agreement with the plugin.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

PROBE=$TASKSTATS_BUILD/taskstats-probe
MEDDLE=$TASKSTATS_BUILD/tests/meddle

# A stopped process does not act on SIGTERM until it continues.
teardown() {
  local pid

  for pid in "${load_pid[@]}"; do
    kill -CONT "$pid" 2>/dev/null || true
  done
  common_teardown
}

# probe STATUS ARGUMENT...: expects exit status STATUS; sets $output and $stderr.
probe() {
  local status=$1
  shift

  run --separate-stderr -"$status" "$PROBE" "$@" 3>&- {lock}>&-
}

assert_says() { [[ $output == *"$1"* ]] || fail "not said: $1, but: $output"; }

assert_complains() {
  [[ $stderr == *"$1"* ]] || fail "no complaint of $1, but: $stderr"
}

# meddled STATUS TRICK ARGUMENT...: as probe, but its requests to the kernel are
# altered; see support/meddle.c.
meddled() {
  local status=$1 trick=$2
  shift 2

  run --separate-stderr -"$status" "$MEDDLE" "$trick" "$PROBE" "$@" 3>&- {lock}>&-
}

# field ID NAME: value of a field for a process.
field() { "$PROBE" get --fields "$2" "$1"; }

# json FILE KEY...: the values of the keys in each line, parsed by Python.
json() {
  python3 -c '
import json, sys
for line in open(sys.argv[1]):
    record = json.loads(line)
    print(*[record.get(key, record.get("record", {}).get(key)) for key in sys.argv[2:]])
' "$@"
}

# start_listen [OPTION]...: writes to $work/listened; returns when it receives records.
start_listen() {
  local tries=200

  : >"$work/listened" # the child's redirection may be late
  "$PROBE" listen "$@" >"$work/listened" 2>"$work/listen.err" 3>&- {lock}>&- &
  listen_pid=$!
  until hears; do
    ((tries-- > 0)) || fail "listen does not begin: $(<"$work/listen.err")"
    sleep 0.05
  done
}

# Unless an option filters it out, the exit of a process appears in the output.
hears() {
  "$BASH" -c 'exit 0'
  [[ -s $work/listened ]]
}

end_listen() {
  kill -"${1:-INT}" "$listen_pid"
  wait "$listen_pid"
}

# A load that is stopped after its work, so that its record does not change.
start_stopped() { # NAME COMMAND...
  start_load "$1" --stay 60 "${@:2}"
  await_done "$1"
  stop_at_work "$1"
}

stop_at_work() {
  kill -STOP "${load_pid[$1]}"
  await "$1 to stop" all_stopped "${load_pid[$1]}"
}

# all_stopped PID: all of its threads.
all_stopped() { ! grep -L '^State:.T' /proc/"$1"/task/*/status | grep -q .; }

@test "probe check: all is good" {
  probe 0 check --plugin-dir "$TASKSTATS_BUILD"
  assert_equal "$(grep -vc '^good ' <<<"$output")" 0 "$output"
  assert_says "exit records"
  assert_says "collectd loads it"
  assert_says "waits for cpu blkio swapin"

  probe 0 check --json --plugin-dir "$TASKSTATS_BUILD"
  echo "$output" >"$work/checked"
  assert_equal "$(json "$work/checked" state | sort -u)" good
}

@test "probe check: delay accounting off, no plugin, one that does not load" {
  delay_accounting 0
  probe 1 check --plugin-dir "$TASKSTATS_BUILD"
  assert_says "degraded  delay accounting"
  assert_says "sysctl kernel.task_delayacct=1"

  delay_accounting 1
  probe 1 check --plugin-dir "$work"
  assert_says "taskstats.so: No such file"
  echo nothing >"$work/taskstats.so"
  probe 2 check --plugin-dir "$work"
  assert_says "bad       plugin"
}

@test "probe check: what is hidden, and what is not there" {
  local check="'$PROBE' check --plugin-dir '$TASKSTATS_BUILD'"
  local nobody="setpriv --reuid nobody --regid nogroup --clear-groups"

  run unshare --mount sh -c "mount -t proc -o hidepid=2 proc /proc && $nobody $check"
  assert_says "bad       processes          processes of other users are hidden"
  run -2 unshare --mount sh -c "mount -t tmpfs none /proc && $check"
  assert_says "bad       processes          there is no procfs"
  run -1 unshare --mount sh -c "mount -t proc -o subset=pid proc /proc && $check"
  assert_says "degraded  delay accounting   unknown: /proc/sys is hidden"
  run -1 unshare --mount sh -c "umount -R -l /sys && $check"
  assert_says "degraded  possible CPUs      /sys does not list them"
  run -1 unshare --cgroup sh -c "$check"
  assert_says "degraded  cgroup namespace"
  run -1 unshare --time sh -c "$check"
  assert_says "degraded  time namespace"
  run -0 "$FILTER" affinity "$PROBE" check --plugin-dir "$TASKSTATS_BUILD"
  assert_says "a filter applies"
  assert_says "exit records       self-test record received"
  delay_accounting 0
  run -1 unshare --mount sh -c "mount --rbind /proc/sys /proc/sys &&
    mount -o remount,ro,bind /proc/sys && $check"
  assert_says "/proc/sys is read-only here"
}

@test "probe check: no capability, other namespaces" {
  run -2 setpriv --reuid nobody --clear-groups "$PROBE" check
  assert_says "bad       CAP_NET_ADMIN"
  run -2 unshare --user --map-root-user "$PROBE" check
  assert_says "bad       user namespace"
  run -1 unshare --net "$PROBE" check --plugin-dir "$TASKSTATS_BUILD"
  assert_says "accepts the listener, but sends nothing"
  run -1 unshare --pid --fork --mount-proc "$PROBE" check --plugin-dir "$TASKSTATS_BUILD"
  assert_says "degraded  pid namespace"
}

@test "probe: what is wrong on the command line" {
  probe 3
  probe 3 nonsense
  assert_complains 'no command "nonsense"'
  probe 3 get
  assert_complains "a process id is required"
  probe 3 get --nonsense 1
  probe 3 get --fields nonsense 1
  assert_complains 'unknown field "nonsense"'
  probe 3 get --count 3 1
  probe 3 get --interval 0 1
  probe 3 get --json --delays 1
  probe 3 get --pid --threads 1
  probe 3 listen extra
  probe 3 listen --count 0
  probe 3 listen --buffer x
  probe 3 listen --seconds -1
  probe 3 capture
  probe 3 capture "$work/file"
  probe 3 capture "$work/file" --listen 1 1
  probe 3 check extra
  probe 3 get 12x
  assert_complains '"12x" is not the id'
  probe 3 get 0
  probe 3 get 99999999
  probe 3 capture "$work/file" x
}

@test "probe: each failure says its cause and cure" {
  probe 4 get 4194303
  assert_complains "there is no process 4194303"
  probe 4 get --pid 4194303
  assert_complains "there is no thread"
  probe 4 get --threads 4194303
  probe 4 get --fields id 4194303 $$
  assert_equal "$output" $$
  probe 3 listen --cpus 8000
  assert_complains "cannot exist"
  probe 3 listen --cpus 0-nonsense
  assert_complains "is not a list of CPUs"
  # The kernel accepts an empty list, but sends nothing.
  for cpus in "" "," " "; do
    probe 3 listen --cpus "$cpus"
    assert_complains "a list of CPUs such as 0-3,8"
    probe 3 capture --listen 1 --cpus "$cpus" "$work/tape"
    assert_complains "a list of CPUs such as 0-3,8"
  done
  run --separate-stderr -2 setpriv --reuid nobody --clear-groups "$PROBE" get 1
  assert_complains "CAP_NET_ADMIN is missing"
  run --separate-stderr -2 unshare --user --map-root-user "$PROBE" listen
  assert_complains "only within a user namespace"
  run --separate-stderr -2 unshare --pid --fork --mount-proc "$PROBE" listen
  assert_complains "pid namespace"
  run --separate-stderr -2 unshare --net "$PROBE" listen
  assert_complains "sends nothing"
  probe 2 capture "$work/nowhere/file" 1
  assert_complains "cannot write to "
  run --separate-stderr -2 bash -c "'$PROBE' get 1 >/dev/full"
  assert_complains "cannot write to standard output"
}

@test "probe: a kernel without taskstats, one that answers wrongly, or not at all" {
  meddled 2 family get 1
  assert_complains "no taskstats family"
  meddled 2 family listen
  meddled 2 family capture "$work/file" 1
  meddled 2 family check
  assert_says "bad       kernel"

  meddled 2 stranger get $$
  assert_complains "cannot decode the kernel's answer"
  meddled 2 stranger capture "$work/file" $$
  meddled 2 stranger check
  assert_says "bad       query"

  meddled 2 silence get 1
  assert_complains "has not answered within two seconds"
  meddled 2 silence listen
  assert_equal "$output" ""
}

@test "probe: a system that has no files left, or no /proc" {
  run --separate-stderr -2 bash -c "ulimit -n 4; exec '$PROBE' get --threads $$" 3>&- {lock}>&-
  assert_complains "Too many open files"
  run --separate-stderr -2 unshare --mount bash -c "
    mount -t tmpfs none /proc && exec '$PROBE' get --threads $$" 3>&- {lock}>&-
  assert_complains "check that /proc is mounted"
}

@test "probe: every option has a test, and every option and status is documented" {
  local command option status page=$TASKSTATS_TESTS/../contrib/man/taskstats-probe.pod

  for command in check get listen capture; do
    "$PROBE" "$command" --help | grep -oE -- '--[a-z-]+' | sort -u >"$work/options"
    while read -r option; do
      grep -qE -- "(^[^#]*$command|\"\$command\") .*$option\b" "$BATS_TEST_FILENAME" ||
        fail "$command $option has no test"
    done <"$work/options"
  done
  assert_equal "$("$PROBE" --help | grep -cE "^ +[0-9]+  [a-z]")" 5
  for status in {0..4}; do
    "$PROBE" --help | grep -qE "^ +$status  [a-z]" || fail "$status is not in --help"
    grep -q "^=item B<$status>" "$page" || fail "$status is not in the manual"
    grep -qE "^[^#]*(probe|meddled|run.*) -?$status " "$BATS_TEST_FILENAME" ||
      fail "$status has no test"
  done
}

@test "probe: every command has help" {
  local command

  probe 0 --help
  assert_says "Exit status:"

  for command in check get listen capture; do
    probe 0 "$command" --help
    assert_says "Usage: taskstats-probe $command"
  done
  probe 0 get --fields help
  assert_says "irq_delay_total"
}

@test "probe get: what a stopped process has used is what it says itself" {
  local pid

  # The CPU time of a stopped thread is up to date. That of an exited thread may lack up
  # to a tick.
  start_stopped "$me-stopped" burn 200 0
  pid=${load_pid[$me-stopped]}
  assert_near "$(field "$pid" cpu_run_virtual_total)" \
    "$(truth "$me-stopped" cpu_us)000" 1 2000000
  assert_between "$(field "$pid" nivcsw)" "$(truth "$me-stopped" involuntary)" 100000
  assert_equal "$(field "$pid" nvcsw)" \
    "$(awk '/^voluntary/ { print $2 }' "/proc/$pid/status")"
  assert_equal "$(field "$pid" read_char,ac_comm,cpu_delay_max)" \
    "unknown	unknown	unknown"

  probe 0 get --pid --fields ac_comm,ac_pid,ac_uid,ac_ppid,ac_exitcode "$pid"
  assert_equal "$output" "$me-stopped	$pid	0	$$	unknown"
  assert_equal "$("$PROBE" get --pid --fields ac_minflt "$pid")" \
    "$(cut -d' ' -f10 "/proc/$pid/task/$pid/stat")"
}

@test "probe get: as text, as a table, as JSON" {
  local pid

  start_stopped "$me-stopped" burn 20 3
  pid=${load_pid[$me-stopped]}
  probe 0 get "$pid"
  assert_says "process $pid, taskstats version"
  [[ $output =~ read_char\ +unknown ]]
  probe 0 get --tgid --fields id,kind "$pid"
  assert_equal "$output" "$pid	process"
  probe 0 get --delays "$pid"
  [[ $output =~ cpu\ +[0-9]+\ +[0-9.]+\ [mun]?s\ .*unknown ]]
  [[ $output != *read_char* ]]

  "$PROBE" get --json "$pid" >"$work/json"
  assert_equal "$(json "$work/json" id kind read_char nvcsw)" \
    "$pid process None $(field "$pid" nvcsw)"
  delay_accounting 0
  assert_equal "$(field "$pid" blkio_count)" unknown
}

@test "probe get: every thread, whose sum is the process's" {
  local pid sum

  start_load "$me-threads" --stay 60 park 3
  pid=${load_pid[$me-threads]}
  await_done "$me-threads"
  stop_at_work "$me-threads"
  probe 0 get --threads --fields id "$pid"
  assert_equal "$output" "$(ls "/proc/$pid/task")"
  sum=$("$PROBE" get --threads --fields nvcsw "$pid" | awk '{ sum += $1 } END { print sum }')
  assert_equal "$(field "$pid" nvcsw)" "$sum"
}

@test "probe get: rates" {
  local pid

  start_load "$me-burner" --wait burn 30000 1
  pid=${load_pid[$me-burner]}
  go "$me-burner"
  probe 0 get --interval 0.5 --count 2 --fields cpu_run_virtual_total,id "$pid"
  assert_equal "$(wc -l <<<"$output")" 2
  # The kernel updates it at ticks, which may be late, and others may have the CPUs.
  assert_between "$(head -n1 <<<"$output" | cut -f1)" 1e6 2.1e9
  probe 0 get --interval 0.1 --count 1 --delays "$pid"
  assert_says "waited"
  probe 0 get --interval 0.1 --count 1 --json "$pid"
  assert_says '"per_second"'
  probe 0 get --interval 0.1 --count 1 "$pid"
  [[ $output =~ cpu_run_virtual_total\ +[0-9.]+\ ms/s ]]
  (sleep 0.3 && kill -KILL "$pid") 3>&- {lock}>&- &
  probe 4 get --interval 0.2 --fields id "$pid"
}

# has_ends TGID THREADS: the lines of the process and of all its threads.
has_ends() {
  grep -q "\"kind\":\"process\",\"tgid\":$1," "$work/listened" &&
    (($(grep -c "\"kind\":\"thread\",\"tgid\":$1," "$work/listened") == $2))
}

@test "probe listen: each way to end, of processes and threads" {
  local tgid name

  start_listen --json --buffer 67108864
  bash -c 'exit 7' &
  wait $! || true
  bash -c 'kill -KILL $$' &
  local killed=$!
  wait $! || true
  start_load "$me-park" --stay 60 park 2
  await_done "$me-park"
  tgid=${load_pid[$me-park]}
  stop_load "$me-park"
  await "its end" has_ends "$tgid" 3
  end_listen INT
  grep -q 'receive buffer of 67108864 bytes' "$work/listen.err"
  grep -q 'messages, 0 lost' "$work/listen.err"
  json "$work/listened" kind tgid pid comm exit_status signal ac_exitcode >"$work/ends"
  grep -qx "process [0-9]* [0-9]* bash 7 None 1792" "$work/ends"
  grep -qx "process $killed $killed bash None SIGKILL 9" "$work/ends"
  assert_equal "$(grep -c "^thread $tgid " "$work/ends")" 3
  # The name is the main thread's, whose record may arrive after the process's.
  name=None
  ! sed "/^process $tgid /q" "$work/ends" | grep -q "^thread $tgid $tgid " || name=$me-park
  grep -qx "process $tgid None $name None SIGTERM None" "$work/ends"
}

# crash LIMIT THREADS: a process that SIGSEGV ends, with this core size limit and
# THREADS additional threads. Prints its pid and whether wait reports a core dump, as
# json prints it.
crash() {
  (cd "$work" && ulimit -c "$1" && python3 -c '
import os, signal, sys, threading, time
pid = os.fork()
if pid == 0:
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    for _ in range(int(sys.argv[1])):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    os.kill(os.getpid(), signal.SIGSEGV)
print(pid, os.WCOREDUMP(os.waitpid(pid, 0)[1]))' "$2")
}

# crashes: the lines of the processes in $crashed, as crash prints them.
crashes() {
  json "$work/listened" kind signal tgid core_dumped | sed -n 's/^process SIGSEGV //p' |
    awk 'NR == FNR { ours[$1]; next } $1 in ours' <(echo "$crashed") -
}

has_crashes() { (($(crashes | wc -l) >= $1)); }

@test "probe listen: a core dump is what wait calls one" {
  local crashed='' limit threads

  start_listen --json --buffer 67108864
  for limit in 0 65536; do
    for threads in 0 3; do
      crashed+=$(crash "$limit" "$threads")$'\n'
    done
  done
  await "all ends" has_crashes 4
  end_listen INT || assert_equal $? 1 # records of others were lost
  crashes >"$work/dumped"
  assert_equal "$(<"$work/dumped")" "${crashed%$'\n'}"
  assert_equal "$(head -n 1 "$work/dumped" | cut -d ' ' -f 2)" False
}

@test "probe listen: a filter, a number, a time, a CPU" {
  ln -s "$(type -P sleep)" "$work/$me-sleep"
  (for _ in {1..100}; do
    "$BASH" -c 'exit 3' || "$work/$me-sleep" 0.2
  done) 3>&- {lock}>&- &
  loop=$!
  probe 0 listen --filter "$me-sleep" --count 1 --cpus "$(</sys/devices/system/cpu/possible)"
  [[ $output =~ ^[0-9:.]+\ process\ +[0-9]+\ +[0-9]+\ $me-sleep\ +exit\ 0,\ after ]]
  kill "$loop"
  assert_equal "$(wc -l <<<"$output")" 1
  probe 0 listen --filter "$me-nobody" --seconds 0.3
  assert_equal "$output" ""
}

@test "probe listen: says what was lost" {
  local i status=0

  start_listen --buffer 4000
  kill -STOP "$listen_pid"
  for ((i = 0; i < 100; i++)); do
    "$BASH" -c 'exit 0'
  done
  kill -CONT "$listen_pid"
  end_listen || status=$?
  assert_equal "$status" 1
  grep -Eq 'messages, [1-9][0-9]* lost' "$work/listen.err"
}

# They all end at once, while the listener does not receive.
@test "probe listen: 500 processes that end at once all have room by default" {
  local seen lost status=0

  alone # the ends of others take room, too
  start_listen --json
  end_many_unheard
  end_listen TERM
  grep -q 'messages, 0 lost' "$work/listen.err"
  assert_equal "$(count_many)" 500

  # With the system's default buffer size, lost records are reported.
  start_listen --json --buffer "$(</proc/sys/net/core/rmem_default)"
  end_many_unheard
  end_listen TERM || status=$?
  assert_equal "$status" 1
  lost=$(sed -n 's/.* messages, \([0-9]*\) lost/\1/p' "$work/listen.err")
  seen=$(count_many)
  ((seen < 500 && seen + lost >= 500)) || fail "$seen seen, $lost lost"
}

end_many_unheard() {
  stop_listening
  python3 - "$me-many" <<'END'
import ctypes, os, signal, sys
os.setpgid(0, 0)
ready, write = os.pipe()
for _ in range(500):
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)
        os.write(write, b".")
        signal.pause()
for _ in range(500):
    os.read(ready, 1)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.killpg(0, signal.SIGTERM)
for _ in range(500):
    os.wait()
END
  kill -CONT "$listen_pid"
}

stop_listening() {
  kill -STOP "$listen_pid"
  await "listen to stop" grep -q '^State:.T' "/proc/$listen_pid/status"
}

count_many() {
  json "$work/listened" comm kind |
    awk -v name="$me-many" '$1 == name && $2 == "process" { count++ } END { print count + 0 }'
}

@test "probe listen: beside the plugin's listener, the same exits" {
  interval=0.5
  configure <<CONF
    <Group "kid">
      Command "$me-kid"
    </Group>
CONF
  start_collectd
  start_listen --json --buffer 67108864
  start_exits "$me-parent" brood "$me-kid" 60 2 0 exit0,exit3,kill 2000 65536
  await "the first read" has_rows kid ps_cputime
  perform "$me-parent"
  settle kid
  end_listen TERM
  json "$work/listened" comm kind exit_status signal |
    awk -v name="$me-kid" '$1 == name && $2 == "process" { print $3, $4 }' |
    sort | uniq -c | awk '{ $1 = $1; print }' >"$work/statuses"
  assert_equal "$(<"$work/statuses")" "20 0 None
20 3 None
20 None SIGKILL"
  assert_exits kid 20 20 20
  assert_equal "$(json "$work/listened" comm write_char |
    awk -v name="$me-kid" '$1 == name { sum += $2 } END { print sum }')" \
    "$(value kid io_octets tx | cut -d. -f1)"
}

# start_various THREADS: a load that does everything once the plugin has read it, and is
# then stopped and read again. It starts to wait before the plugin starts, so both count
# the same, however long its start takes.
start_various() {
  disk_dir
  configure <<CONF
    CollectContextSwitch true
    CollectPageFaults true
    CollectDelayLatency true
    <Group "various">
      Command "$me-various"
    </Group>
CONF
  start_load "$me-various" --wait --stay 60 various "$disk/file" 1048576 256 300 "$1"
  note_begin "${load_pid[$me-various]}"
  start_collectd
  reads 1 various
  perform "$me-various"
  stop_at_work "$me-various"
  settle various
}

declare -gA at_begin=()

# note_begin ID: saves the usage of a waiting process.
note_begin() {
  local kind field value values fields=(nvcsw nivcsw ac_minflt ac_majflt
    cpu_run_virtual_total ac_utime ac_stime)

  for kind in $(delay_kinds); do
    fields+=("${kind}_delay_total" "${kind}_count")
  done
  await "the load to wait" grep -q '^State:.S' "/proc/$1/status"
  read -ra values < <("$PROBE" get --pid --fields "$(IFS=, && echo "${fields[*]}")" "$1")
  for field in "${!fields[@]}"; do
    at_begin[${fields[field]}]=${values[field]}
  done
  # Exact values; a record has them rounded down to a multiple of 1024.
  while IFS=': ' read -r field value; do
    at_begin[$field]=$value
  done <"/proc/$1/io"
}

# used FIELD ID [OPTION]: usage since then, according to its record.
used() { echo $(($("$PROBE" get "${@:3}" --fields "$1" "$2") - at_begin[$1])); }

# periods: "epoch,seconds,doubt" for each read but the first: seconds between the starts
# of this read and the previous one, and their maximum error.
periods() {
  rows "" duration-read | awk -F, -v OFS=, '
    { begin = $1 - $2 / 2; doubt = $2 / 2 + 0.0005 }
    NR > 1 { printf "%s,%.6f,%.6f\n", $1, begin - last, doubt + last_doubt }
    { last = begin; last_doubt = doubt }'
}

# waited KIND: the least and the greatest time in microseconds, and number, of the waits
# that the plugin has dispatched. A rate refers to the time between the starts of two
# reads. A read starts no later than the time of its values, which the files have to half
# a millisecond, and at most duration-read earlier. Rates and means have six decimals, so
# a mean below half a microsecond says nothing about the number.
waited() {
  join -t, <(rows various "delay_rate-delay-$1") <(rows various "latency-delay-$1") |
    join -t, - <(periods) | awk -F, -v half=0.5e-6 '
    function above_0(x) { return x > 0 ? x : 0 }
    $2 != "nan" {
      least = above_0($2 - half) * above_0($4 - $5)
      most = ($2 + half) * ($4 + $5)
      least_s += least
      most_s += most
      if ($3 != "nan") {
        least_waits += least / ($3 + half)
        most_waits += $3 > half ? most / ($3 - half) : 1e9
      } else if ($2 > 0)
        most_waits += 1e9
    }
    END { printf "%.1f %.1f %.1f %.1f\n", least_s * 1e6, most_s * 1e6, least_waits, most_waits }'
}

# assert_waits ID [OPTION]: for every kind that the kernel counts. The plugin drops
# waits for a disk that are longer than possible.
assert_waits() {
  local id=$1 kind least_us most_us least_waits most_waits ns count us most
  shift

  most=$(($(truth "$me-various" wall_us) * 4)) # of four threads
  for kind in $(delay_kinds); do
    read -r least_us most_us least_waits most_waits < <(waited "$kind")
    read -r ns count < <(
      "$PROBE" get "$@" --fields "${kind}_delay_total,${kind}_count" "$id"
    )
    us=$(((ns - at_begin[${kind}_delay_total]) / 1000))
    count=$((count - at_begin[${kind}_count]))
    if [[ $kind == blkio ]] && ((us > most)); then
      assert_between "$least_us" 0 $((2 * most)) "delay_rate-delay-$kind"
    else
      assert_between "$us" "($least_us - 1)" "($most_us + 1)" "delay_rate-delay-$kind"
    fi
    assert_between "$count" "($least_waits - 0.1)" "($most_waits + 0.1)" \
      "latency-delay-$kind"
  done
}

whole() { value various "$@" | cut -d. -f1; }

# assert_switches ID: exact match.
assert_switches() {
  assert_equal "$(whole contextswitch-voluntary),$(whole contextswitch-involuntary)" \
    "$(used nvcsw "$1"),$(used nivcsw "$1")"
}

# assert_parts ID: user and system time. The plugin splits the exact CPU time in the
# proportion of the kernel's ticks. Neither part ever decreases, so one may be ahead by
# a tick (10 ms at most) and by time that no tick has sampled: a busy host delays the
# ticks of an emulated machine.
assert_parts() {
  local user system us missed

  user=$(used ac_utime "$1")
  system=$(used ac_stime "$1")
  us=$(cpu_us various)
  missed=$((us > user + system ? us - user - system : 0))
  assert_near "$(whole ps_cputime user)" "($us * $user / ($user + $system))" \
    0 $((10000 + missed))
}

# assert_kib IDENTITY FIELD RECORD'S_FIELD FIELD_OF_PROC ID
assert_kib() {
  assert_equal $((($(whole "$1" "$2") + at_begin[$4]) / 1024 * 1024)) \
    "$("$PROBE" get --pid --fields "$3" "$5")" "$1, $2"
}

@test "probe get: the plugin dispatched the same of a stopped process, field by field" {
  local pid us

  start_various 0
  pid=${load_pid[$me-various]}
  assert_switches "$pid"
  assert_equal "$(whole ps_pagefaults minflt),$(whole ps_pagefaults majflt)" \
    "$(used ac_minflt "$pid" --pid),$(used ac_majflt "$pid" --pid)"
  # A thread's record has its I/O, including calls, rounded down to 1024.
  assert_kib io_octets rx read_char rchar "$pid"
  assert_kib io_octets tx write_char wchar "$pid"
  assert_kib io_ops read read_syscalls syscr "$pid"
  assert_kib io_ops write write_syscalls syscw "$pid"
  assert_kib disk_octets read read_bytes read_bytes "$pid"
  assert_kib disk_octets write write_bytes write_bytes "$pid"
  # For a single thread, both use the scheduler's sum. The plugin truncates each part to
  # a microsecond.
  us=$(($(used cpu_run_virtual_total "$pid") / 1000))
  assert_between "$(cpu_us various)" $((us - 2)) "$us"
  assert_parts "$pid"
  assert_waits "$pid"
  assert_waits "$pid" --pid
}

@test "probe get: the plugin dispatched the same of stopped threads, field by field" {
  local pid

  start_various 3
  pid=${load_pid[$me-various]}
  assert_switches "$pid"
  # The plugin reads the CPU clock; the record lacks up to a tick for each of the three
  # threads that have exited.
  assert_between "$(cpu_us various) - $(used cpu_run_virtual_total "$pid") / 1000" \
    -2 30000
  assert_parts "$pid"
  assert_waits "$pid"
}

@test "probe capture: what was captured can be read again" {
  probe 0 capture "$work/living" $$
  probe 0 capture --tgid "$work/same" $$
  assert_equal "$(stat -c %s "$work/same")" "$(stat -c %s "$work/living")"
  assert_equal "$(head -c 8 "$work/living")" TSPROBE1
  assert_equal "$(stat -c %s "$work/living")" \
    $((32 + $(od -An -tu4 -j28 -N4 "$work/living")))
  probe 0 capture --pid "$work/thread" $$
  assert_equal "$(od -An -tu4 -j16 -N8 "$work/thread" | xargs)" "0 $$"
  (sleep 0.5 && "$BASH" -c 'exit 0') 3>&- {lock}>&- &
  probe 0 capture --cpus "$(</sys/devices/system/cpu/possible)" --buffer 1048576 \
    --listen 1 "$work/end"
  assert_complains "receive buffer of 1048576 bytes"
  assert_equal "$(od -An -tu4 -j16 -N4 "$work/end" | xargs)" 2
  probe 4 capture "$work/none" 4194303
}
