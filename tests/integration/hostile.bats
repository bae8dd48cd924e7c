#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Processes that are made to hold up a read, or to pass for another one. Any
# user of the machine can start them.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

hostile=()

teardown() {
  local pid

  for pid in "${hostile[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  common_teardown
}

# start_hostile NAME SCRIPT [ARGUMENT...]: Python, as nobody, until it says that
# it is ready. It ends by itself after two minutes.
start_hostile() {
  local name=$1 script=$2
  shift 2

  # setpriv becomes Python, so that $! is its pid.
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

# The most memory that collectd had, in KiB.
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
  # A process has 2 MB for its arguments, of at most 128 KiB each.
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
    # Reading all of them would allocate all of that memory.
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

# "celery" again and again, in arguments of up to 128 KiB.
celery_arguments() {
  printf 'celery %.0s' {1..17000}
}

# Another user's processes, of which many are new at each read, whose command
# lines take all the steps that a match may have. The service's expression needs
# more than what is always decided, and who comes first in a read is matched
# first: the service starts in the middle of them.
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

# Each child that calls no exec has its parent's command line, which is read and
# matched for its exit record. On that the expressions take what is always decided
# of a living process, and more.
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
  reads 2 m1
  before=$(lost_records)
  start_forks storm nobody 40 0 6 "$(celery_arguments)"
  await "the storm's end" said storm 'forked=[0-9]+'
  reads 2 m1
  assert_equal "$(lost_records)" "$before"
  (($(value '' total_events-exit-records | cut -d. -f1) >= $(truth storm forked)))
}

# top_table: processes and name of each group, by taskstats-top.
top_table() {
  timeout 30 "$TASKSTATS_BUILD/taskstats-top" --socket "$sockets/s" --once --json |
    python3 -c 'import json, sys
for group in json.load(sys.stdin)["groups"]:
    print(group["processes"], group["group"])' | sed 's/~[0-9a-f]*$/~/' | sort
}

top_shows() { diff <(top_table) "$work/expected" >&2; }

# Files are called what a user likes, and so are the groups: the same in more
# bytes than a client may expect, and what collectd's protocol has to quote.
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
  # Of 127 bytes, the last nine tell what is cut from others.
  printf '%s.0 %s\n' 1 'a "quoted" \ name' 1 "$same-a" 1 "${same}${same:0:53}~" \
    2 "$same-b" >"$work/expected"
  await_tries=100 await "the right table" top_shows || top_shows
}
