#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Processes that try to delay a read or to be taken for another process. Any user of the
# machine can start them.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

hostile=()
deep=() # control groups
pid_max_before=

teardown() {
  local pid cgroup status=0

  for pid in "${hostile[@]}"; do
    ! is_running "$pid" || kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  for cgroup in "${deep[@]}"; do
    # shellcheck disable=SC2046,SC2086 # its name and length; the hierarchies
    await "the end of $cgroup" python3 -c "$deep_cgroup" remove $cgroup $(cgroup_roots)
  done
  common_teardown || status=1
  [[ -z $pid_max_before ]] || echo "$pid_max_before" >"$PID_MAX"
  return "$status"
}

# start_hostile NAME SCRIPT [ARGUMENT...]: runs SCRIPT in Python as nobody and waits
# until it is ready. It ends after two minutes at the latest.
start_hostile() {
  local name=$1 script=$2
  shift 2

  # setpriv execs Python, so $! is its pid.
  setpriv --reuid nobody --clear-groups \
    /usr/bin/python3 -c "$script" "$@" >"$work/$name.out.load" 3>&- {lock}>&- &
  hostile+=($!)
  await "$name to be ready" said "$name" ready
}

wait_for_ever='
import signal, sys
signal.alarm(120)
print("ready", flush=True)
signal.pause()
'

# Peak memory of collectd, in KiB.
peak_memory() { awk '$1 == "VmHWM:" { print $2 }' "/proc/$collectd_pid/status"; }

@test "hostile: a command line of 1.5 MB that an expression backtracks on" {
  interval=0.5
  configure <<CONF
    ProcessMatch "celery" "celery.*worker"
    ProcessMatch "words" "^([^ ]+ )*foo\$"
    ProcessMatch "some" "celery( .*)?worker"
    ProcessMatch "many" "[a-z]*[a-z]*[a-z]*[a-z]*[a-z]*[a-z]*1z"
    <Process "$me-load">
    </Process>
CONF
  # A process can have 2 MB of arguments, of at most 128 KiB each.
  # shellcheck disable=SC2046 # many arguments
  start_hostile backtrack "$wait_for_ever" \
    $(yes "$(printf 'celery%.0s' {1..2000})" | head -n 120) z1z
  start_load "$me-load" --stay 100 idle
  start_collectd
  reads 4 "$me-load"
  assert_members "$me-load" 1
  assert_members celery 0
  assert_logged_once 'Cannot match [0-9]+ process(es)? within'
  stop_collectd
}

@test "hostile: arguments that point to gigabytes of untouched memory" {
  local before point='
import ctypes, mmap, struct
libc = ctypes.CDLL(None, use_errno=True)
size = 6 << 30
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int,
                      ctypes.c_int, ctypes.c_int, ctypes.c_long]
start = libc.mmap(None, size, 3, 0x4022, -1, 0)  # private, untouched
libc.sbrk.restype = ctypes.c_void_p
stat = open("/proc/self/stat").read().rsplit(")", 1)[1].split()
code, end_code, stack = (int(stat[i - 3]) for i in (26, 27, 28))
data, end_data, brk = (int(stat[i - 3]) for i in (45, 46, 47))
fields = [code, end_code, data, end_data, brk, libc.sbrk(0), stack,
          start, start + size, stack, stack]
arguments = struct.pack("11QQIi", *fields, 0, 0, -1)
PR_SET_MM, PR_SET_MM_MAP = 35, 14
if libc.prctl(PR_SET_MM, PR_SET_MM_MAP, arguments, len(arguments), 0) != 0:
    sys.exit("unsupported: %d" % ctypes.get_errno())
'
  interval=0.5
  configure <<CONF
    ProcessMatch "any" "any[0-9]thing"
    <Process "$me-load">
    </Process>
CONF
  start_load "$me-load" --stay 100 idle
  start_collectd
  reads 2 "$me-load"
  before=$(peak_memory)
  for i in 1 2 3; do
    start_hostile "point$i" "import sys$point$wait_for_ever"
    # Reading the command lines in full would allocate all of that memory.
    [[ $(head -c 4000000 "/proc/${hostile[-1]}/cmdline" | wc -c) -eq 4000000 ]]
  done
  reads 4 "$me-load"
  assert_members "$me-load" 1
  assert_between "$(peak_memory)" 1 $((before + 8192))
}

# start_forks NAME USER COUNT STAY_MS SECONDS ARGUMENT...: see tests/support/forks.c.
start_forks() {
  local name=$1 user=$2
  shift 2

  setpriv --reuid "$user" --clear-groups "$TASKSTATS_BUILD/tests/forks" "$@" \
    >"$work/$name.out.load" 3>&- {lock}>&- &
  hostile+=($!)
  await "$name to be ready" said "$name" ready
}

# "celery" repeated, in arguments of up to 128 KiB.
celery_arguments() {
  printf 'celery %.0s' {1..17000}
}

# Another user's processes, many of them new at each read, have command lines that use
# up the steps that a match may take. The service's expression needs more steps than
# every process is granted, and a read matches in the order in which it meets processes:
# the service starts among the others.
@test "hostile: expensive command lines keep no other user's service out" {
  local i classpath

  interval=1
  configure <<CONF
    ProcessMatch "kafka" "java.*-cp.*kafka\\\\.Kafka"
    ProcessMatch "celery" "celery( .*)?worker"
    ProcessMatch "other" "cel[a-z]*y( .*)?worker"
CONF
  start_collectd
  start_forks renew nobody 100 1500 40 "$(celery_arguments)"
  reads 6 celery
  classpath=$(printf '/opt/kafka/libs/some-library-%d.jar:' {1..900})
  for i in 1 2 3; do
    (exec -a /usr/bin/java /usr/bin/python3 -c 'import signal
signal.alarm(60)
signal.pause()' -cp "$classpath" kafka.Kafka server.properties) >/dev/null 3>&- {lock}>&- &
    hostile+=($!)
    sleep 0.3
  done
  reads 2 celery
  assert_members kafka 3
}

lost_records() { value '' total_events-exit-records-lost | cut -d. -f1; }

# Each child that does not exec has its parent's command line, which is read and matched
# for its exit record. On it, the expressions take more steps than every living process
# is granted.
@test "hostile: a fork storm with 120 KB of arguments loses no exit records" {
  local i before

  alone
  interval=1
  {
    for i in {1..20}; do
      printf 'ProcessMatch "m%d" "(celery )+%d|x%d y"\n' "$i" "$i" "$i"
    done
    echo 'ReportSelf true'
  } | configure
  start_collectd
  reads 2 ""
  before=$(lost_records)
  start_forks storm nobody 40 0 6 "$(celery_arguments)"
  await "the storm's end" said storm 'forked=[0-9]+'
  # The plugin's own values are the last ones of a read, but are those of its begin.
  reads 3 ""
  assert_equal "$(lost_records)" "$before"
  (($(value '' total_events-exit-records | cut -d. -f1) >= $(truth storm forked)))
}

# top_table: number of processes and name of each group, from taskstats-top.
top_table() {
  timeout 30 "$TASKSTATS_BUILD/taskstats-top" --socket "$sockets/s" --once --json |
    python3 -c 'import json, sys
for group in json.load(sys.stdin)["groups"]:
    print(group["processes"], group["group"])' | sed 's/~[0-9a-f]*$/~/' | sort
}

top_shows() { diff <(top_table) "$work/expected" >&2; }

# Users choose file names, and these become group names: names with long common
# prefixes, and names that collectd's protocol has to quote.
@test "hostile: taskstats-top tells groups with long and odd names apart" {
  local same name i=0

  same=$(printf 'long-%.0s' {1..13}) # 65 bytes
  interval=0.5
  sockets=$(mktemp -d /tmp/taskstats.XXXXXX) # the path of a socket must be short
  remove_at_end "$sockets"
  configure <<CONF
    <Group "%{exe}">
      CommandLine "^$work/exe/"
    </Group>
CONF
  add_plugin unixsock <<<"SocketFile \"$sockets/s\""
  mkdir "$work/exe"
  for name in "$same-a" "$same-b" "$same-b" "$same$same" 'a "quoted" \ name'; do
    [[ -e $work/exe/$name ]] || cp "$LOAD" "$work/exe/$name"
    in_background "$((i++))" "$work/exe/$name" --stay 100 idle >/dev/null
  done
  start_collectd
  # In a name of 127 bytes, the last nine distinguish it from other truncated names.
  printf '%s.0 %s\n' 1 'a "quoted" \ name' 1 "$same-a" 1 "${same}${same:0:53}~" \
    2 "$same-b" >"$work/expected"
  await_tries=100 await "the right table" top_shows || top_shows
}

# A load that runs beside a hostile process: collectd's values for it stay correct.
start_bystander() {
  start_load "$me-load" --wait --rounds 2 --stay 100 burn 100 1
}

# assert_bystander ROUND: its values are correct after this round.
assert_bystander() {
  perform "$me-load" "$1"
  settle "$me-load"
  assert_members "$me-load" 1
  assert_near "$(cpu_us "$me-load")" "$(truth "$me-load" cpu_us)" 2 5000
}

# collectd_cpu_us: CPU time that collectd has used so far.
collectd_cpu_us() {
  awk '{ sum += $1 } END { printf "%d\n", sum / 1000 }' "/proc/$collectd_pid/task/"*/schedstat
}

# run_restless NAMES RENAMES EXECS SECONDS: see tests/support/restless.c. Sets
# $truth_us, its CPU time from wait4, and $cost_us, what collectd used meanwhile.
run_restless() {
  local before

  before=$(collectd_cpu_us)
  python3 -c 'import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print("cpu_us=%d" % round((usage.ru_utime + usage.ru_stime) * 1e6))
sys.exit(status)' "$work/bin/$me-rest" "$@" >"$work/restless.out.load"
  truth_us=$(truth restless cpu_us)
  cost_us=$(($(collectd_cpu_us) - before))
  echo "# $(xargs <"$work/restless.out.load"), collectd used $cost_us us" >&3
}

# prepare_restless: groups for it, by each property that is read when it changes.
prepare_restless() {
  interval=0.5
  configure <<CONF
    ProcessMatch "line" "^$work/bin/$me-rest "
    <Group "executable">
      Executable "$work/bin/$me-rest"
    </Group>
    <Group "name">
      Command "$me-rest" "$me-a" "$me-b"
    </Group>
    <Group "%{comm}">
      Command "$me-a" "$me-b"
    </Group>
    <Process "$me-load">
    </Process>
CONF
  mkdir -p "$work/bin"
  cp "$TASKSTATS_BUILD/tests/restless" "$work/bin/$me-rest"
  start_collectd
  start_bystander
  assert_bystander 1
  memory_before=$(peak_memory) files_before=$(lasting_files)
}

has_files_as_before() { (($(lasting_files) <= files_before)); }

# assert_restless: each group counts all of it once, but for what its record lacks (up to
# a tick) and what it used while it ended; collectd's CPU time is at most a few times that
# of the process, and its memory is bounded.
assert_restless() {
  local group

  settle name
  for group in name line executable; do
    assert_ended_cpu "$(cpu_us "$group")" "$truth_us" 2 12000
    assert_equal "$(value "$group" total_events-exit-ok)" 1
  done
  assert_bystander 2
  assert_between "$cost_us" 0 $((5 * truth_us + 1000000))
  assert_between "$(peak_memory)" 1 $((memory_before + 8192))
  # The bystander's files make up for a socket that is opened on demand.
  stop_load "$me-load"
  await "files as before" has_files_as_before
}

@test "hostile: a process that renames itself 10,000 times a second" {
  prepare_restless
  run_restless "$me-a,$me-b" 10000 0 4
  (($(truth restless renames) > 10000))
  assert_restless
  # The plugin cannot see the process under each name, so there is only an upper limit.
  assert_between "$(sum_cpu_us "$me-[ab]")" 0 "$truth_us * (1.02 + $(stolen_leeway)) + 12000"
}

@test "hostile: a process that calls exec on itself each millisecond" {
  prepare_restless
  run_restless "$me-rest" 0 1000 4
  (($(truth restless execs) > 100))
  assert_restless
}

# Each byte that a name may contain, in a name that looks like the rest of a line in
# /proc, and names that end early or that the kernel truncates. Each process writes the
# same number of bytes.
name_bytes='
import ctypes, os, signal, sys, time
libc = ctypes.CDLL(None)
names = [b"%c) R 1 (%c" % (byte, byte) for byte in range(1, 256)]
names += [b"", b" ", b")", b"(", b"a) S 1 2 3 4", b"15 bytes-------", b"16 bytes-------x",
          b"\xe6\x97\xa5" * 5, b"%n%s%d%{pid}", b"\n" * 15, b"/../../..", b"-", b"a-b", b"a/b"]
signal.alarm(100)
are_done, done = os.pipe()
for name in names:
    if os.fork() == 0:
        libc.prctl(1, signal.SIGKILL)  # it does not outlive its parent
        libc.prctl(15, name)
        with open("/dev/null", "wb", buffering=0) as file:
            file.write(b"x" * 4096)
        os.write(done, b"x")
        signal.sigwait({signal.SIGUSR1})
        os._exit(3)
written = 0
while written < len(names):
    written += len(os.read(are_done, 4096))
print("names=%d\nready" % len(names), flush=True)
signal.sigwait({signal.SIGUSR1})
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
os.killpg(0, signal.SIGUSR1)
error = sum(os.waitstatus_to_exitcode(os.wait()[1]) == 3 for _ in names)
print("error=%d\ndone=1" % error, flush=True)
signal.pause()
'

# unclean FILE...: lines that are not UTF-8 or contain a control character.
unclean() {
  python3 -c 'import sys
for path in sys.argv[1:]:
    for line in open(path, "rb").read().split(b"\n"):
        text = line.decode("utf-8")  # fails otherwise
        if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
            print(path, line)' "$@"
}

# sum_of_names IDENTITY COLUMN: sum of the last values of all groups "of-…", whose
# names may contain any byte but "/".
sum_of_names() {
  # shellcheck disable=SC2016 # for awk
  find "$work/csv/testhost" -path "*/taskstats-of-*/$1-$date_glob" -print0 |
    xargs -0 awk -F, -v column="$2" '
      FNR == 1 {
        group = FILENAME
        sub(/\/[^\/]*$/, "", group)
        next
      }
      $1 > latest[group] { latest[group] = $1; last[group] = $column }
      END { for (group in last) sum += last[group]; print sum + 0 }' /dev/null
}

# has_logged COUNT: whether ExitLog has so many lines.
has_logged() { [[ $(wc -l <"$work/exits.json") -ge $1 ]]; }

@test "hostile: names of every byte" {
  interval=0.5
  configure <<CONF
    ExitLog "$work/exits.json"
    NotifyExit "all"
    NotifyExitRate 1000
    ReportSelf true
    ProcessMatch "all" "hostile-names\$"
    <Group "of-%{comm}">
      CommandLine "hostile-names\$"
      NotifyExit "none"
    </Group>
CONF
  start_collectd
  setsid python3 -c "import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
$name_bytes" hostile-names >"$work/names.out.load" 3>&- {lock}>&- &
  hostile+=($!)
  await "the names" said names ready
  assert_members all $(($(truth names names) + 1))
  assert_equal "$(sum_of_names ps_count 2)" $(($(truth names names) + 1))
  assert_between "$(value all io_octets tx)" $(($(truth names names) * 4096)) \
    $(($(truth names names) * 4096 + 4096))
  kill -USR1 "${hostile[-1]}"
  await "their ends" said names done=1
  settle all
  assert_equal "$(truth names error)" "$(truth names names)"
  assert_equal "$(value all total_events-exit-error)" "$(truth names names)"
  assert_equal "$(sum_of_names total_events-exit-error 2)" "$(truth names names)"
  await "the log of exits" has_logged "$(truth names names)"
  python3 -c 'import json, sys
for line in open(sys.argv[1]):
    json.loads(line)' "$work/exits.json"
  find "$work/csv" -printf '%P\n' >"$work/paths"
  assert_equal "$(unclean "$work/exits.json" "$work/collectd.log" "$work/paths")" ""
}

PID_MAX=/proc/sys/kernel/pid_max

# raise_pid_max COUNT: to at least COUNT, until the test ends.
raise_pid_max() {
  (($(<"$PID_MAX") < $1)) || return 0
  pid_max_before=$(<"$PID_MAX")
  echo "$1" >"$PID_MAX" || skip "kernel.pid_max is $pid_max_before"
}

# deep_cgroup make|remove NAME LENGTH ROOT...: nested control groups in each hierarchy,
# whose path has LENGTH bytes. They are entered one by one, since no system call accepts
# a path of that length with the mount point before it. "make" moves itself into the
# last one, prints "ready" and waits.
deep_cgroup='
import os, signal, sys
action, name, length = sys.argv[1], sys.argv[2], int(sys.argv[3])
parts = [name]
left = length - len(name) - 1
while left > 0:
    take = min(255, left - 1) if left != 257 else 254
    parts.append("0" * take)
    left -= take + 1
assert len("/" + "/".join(parts)) == length
for root in sys.argv[4:]:
    os.chdir(root)
    for part in parts:
        if action == "make" and not os.path.exists(part):
            os.mkdir(part)
        os.chdir(part)
    if action == "make":
        with open("cgroup.procs", "w") as procs:
            procs.write("0")
    else:
        for part in reversed(parts):
            os.chdir("..")
            os.rmdir(part)
if action == "make":
    try:
        with open("/proc/self/cgroup") as file:
            print("length=%d" % max(len(line.split(":", 2)[2]) - 1 for line in file))
    except OSError as error:
        print("error=%d" % error.errno)
    signal.alarm(120)
    print("ready", flush=True)
    signal.pause()
'

# start_in_deep_cgroup NAME CGROUP LENGTH
start_in_deep_cgroup() {
  local name=$1
  shift

  deep+=("$*")
  # shellcheck disable=SC2046 # the hierarchies
  python3 -c "$deep_cgroup" make "$@" $(cgroup_roots) \
    >"$work/$name.out.load" 2>"$work/$name.err.load" 3>&- {lock}>&- &
  hostile+=($!)
  await "$name to be ready" said "$name" ready
}

# A user to whom a control group is delegated can create any number of nested ones. The
# kernel reports paths of up to 4,095 bytes. Of longer ones, it reports the first 4,095
# bytes, or nothing, not even the process's other hierarchies.
@test "hostile: a control group whose path has 4,095 bytes, and one of more" {
  interval=0.5
  configure <<CONF
    <Group "unit">
      Unit "$me-deep.service"
    </Group>
    <Group "cgroup">
      ControlGroup "^/$me-deep\\.service/.*0\$"
    </Group>
    <Group "of-%{unit}">
      Unit "$me-*.service"
    </Group>
    <Process "$me-load">
    </Process>
    <Group "any-%{cgroup}">
      Command "python3"
      ControlGroup "$me"
    </Group>
CONF
  start_collectd
  start_bystander
  assert_bystander 1
  start_in_deep_cgroup named "$me-deep.service" 4095
  start_in_deep_cgroup cut "$me-over.service" 4400
  assert_equal "$(truth named length)" 4095
  reads 3 "$me-load"
  assert_members unit 1
  assert_members cgroup 1
  assert_members "of-$me-deep.service" 1
  if [[ -n $(truth cut length) ]]; then
    assert_members "of-$me-over.service" 1
  fi
  kill -KILL "${hostile[@]}"
  wait "${hostile[@]}" 2>/dev/null || true
  hostile=()
  settle unit
  assert_equal "$(value unit total_events-exit-signal)" 1
  assert_equal "$(value cgroup total_events-exit-signal)" 1
  assert_members unit 0
  assert_bystander 2
}

# A process may have as many threads as there are thread IDs.
@test "hostile: a process of 30,000 threads" {
  local threads

  alone
  raise_pid_max 65536
  interval=1
  configure <<CONF
    ReportSelf true
    Process "threads"
    ProcessMatch "line" "tests/threads 30000"
    <Process "$me-load">
    </Process>
CONF
  start_collectd
  start_bystander
  assert_bystander 1
  files_before=$(lasting_files)
  in_background threads "$TASKSTATS_BUILD/tests/threads" 30000 >"$work/threads.out.load"
  await "its threads" said threads ready
  threads=$(truth threads threads)
  echo "# $threads threads; $(grep 'no more' "$work/threads.out.load" || echo 'no limit was hit')" >&3
  settle threads
  assert_equal "$(value threads ps_count threads)" "$threads.000000"
  assert_members line 1
  assert_bystander 2
  kill -USR1 "${load_pid[threads]}"
  await "its end" is_gone "${load_pid[threads]}"
  settle threads
  assert_members threads 0
  # A record may be lost; the plugin then counts and logs it.
  (($(value threads total_events-exit-ok) == 1 || $(lost_records) > 0))
  assert_equal "$(value line total_events-exit-ok)" "$(value threads total_events-exit-ok)"
  reads 2 "$me-load"
  assert_members "$me-load" 1
  await "files as before" has_files_as_before
}
