# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Runs a real collectd in a separate directory and loads whose ground truth is known,
# and queries the dispatched values. These are read from the files of collectd's csv
# plugin, which writes every dispatched value unchanged.
#
# The runner sets TASKSTATS_BUILD (with taskstats.so and tests/load) and
# TASKSTATS_TESTS (the directory above this one).

bats_require_minimum_version 1.5.0

# shellcheck source=machine.bash
source "$(dirname "${BASH_SOURCE[0]}")/machine.bash"

export LC_ALL=C

COLLECTD=${COLLECTD:-/usr/sbin/collectd}
COLLECTD_PLUGINS=${COLLECTD_PLUGINS:-/usr/lib/collectd}
TYPES_DB=${TYPES_DB:-/usr/share/collectd/types.db}
TASKSTATS_TESTS=${TASKSTATS_TESTS:-$BATS_TEST_DIRNAME/..}
TASKSTATS_BUILD=$(cd "$TASKSTATS_BUILD" && pwd)
LOAD=$(realpath -m "$TASKSTATS_BUILD/tests/load") # the path that the kernel reports
# shellcheck disable=SC2034 # for the tests
FILTER=$TASKSTATS_BUILD/tests/filter
# shellcheck disable=SC2034 # for the tests
NOBODY=$(id -u nobody)

# in_base_36 NUMBER: sets digits.
in_base_36() {
  local rest=$1 all=0123456789abcdefghijklmnopqrstuvwxyz

  digits=
  for (( ; rest > 0; rest /= 36)); do
    digits=${all:rest%36:1}$digits
  done
}

# The prefix of command names, which prevents interference between suites that run at
# the same time: at most six characters.
in_base_36 "$BATS_ROOT_PID"
# shellcheck disable=SC2034 # for the tests
me=i$digits

interval=0.5
write_threads=1
collectd_pid=
declare -gA load_pid=() # -g: bats sources this within a function
removable=()

# --- before and after a test ---

common_setup() {
  [[ $EUID -eq 0 ]] || skip "needs root"
  [[ -x $LOAD ]] || fail "no $LOAD"
  work=$BATS_TEST_TMPDIR
  plugin_dir=$TASKSTATS_BUILD
  share_machine
  read_times
  busy_at_begin=$busy stolen_at_begin=$stolen
}

common_teardown() {
  local status=0

  stop_loads
  stop_collectd || status=1
  if [[ -d $work/csv ]]; then
    assert_monotone || status=1
    assert_no_refusals || status=1
  fi
  if [[ -z ${BATS_TEST_COMPLETED:-} || $status -ne 0 ]]; then
    show_evidence
  fi
  remove_leftovers
  leave_machine
  return "$status"
}

setup() { common_setup; }
teardown() { common_teardown; }

show_evidence() {
  local file

  for file in "$work"/collectd.{log,out} "$work"/*.{err,out}.load; do
    [[ -s $file ]] || continue
    echo "--- ${file##*/}"
    tail -n 40 "$file"
  done | head -n 200
  [[ -d $work/csv/testhost/taskstats ]] || return 0
  echo "--- the plugin's own counters"
  (cd "$work/csv/testhost/taskstats" && awk -F, '
    { last[FILENAME] = $2 }
    END { for (name in last) print name, last[name] }' total_events-*) || true
}

# Deletes paths when the test ends, the last one first; also cgroups, which only
# rmdir can delete.
remove_at_end() { removable=("$1" "${removable[@]}"); }

remove_leftovers() {
  local path

  for path in "${removable[@]}"; do
    if [[ $path == /sys/fs/cgroup/* ]]; then
      await "the end of $path" rmdir "$path"
    else
      rm -rf -- "$path"
    fi
  done
}

# --- waiting and failing ---

fail() {
  echo "$*" >&2
  return 1
}

# await WHAT COMMAND...: waits until the command succeeds; fails after about a minute.
await() {
  local what=$1 tries=${await_tries:-1200}
  shift

  until "$@" >/dev/null 2>&1; do
    ((tries-- > 0)) || fail "waited in vain for $what" || return 1
    sleep "${await_pause_s:-0.05}"
  done
}

# --- collectd ---

# Writes the whole configuration; the plugin's part is read from standard input. With
# one write thread, collectd writes the values in the order of the reads. Two write
# threads can corrupt a new csv file: the header from the thread that creates it
# overwrites the start of a row that the other thread has written meanwhile. The buffer
# holds what ends in the tests of other suites, even if collectd gets no CPU for seconds.
configure() {
  cat >"$work/collectd.conf" <<EOF
Hostname "testhost"
FQDNLookup false
Interval $interval
WriteThreads $write_threads
BaseDir "$work"
PIDFile "$work/collectd.pid"
TypesDB "$TYPES_DB"
PluginDir "$COLLECTD_PLUGINS"
LoadPlugin logfile
<Plugin logfile>
  File "$work/collectd.log"
  LogLevel info
  PrintSeverity true
</Plugin>
LoadPlugin csv
<Plugin csv>
  DataDir "$work/csv"
  StoreRates false
</Plugin>
PluginDir "$plugin_dir"
LoadPlugin taskstats
<Plugin taskstats>
  WatchBuffer 67108864
$(cat)
</Plugin>
EOF
}

# add_plugin NAME: adds another plugin, whose configuration is read from standard input.
add_plugin() {
  printf 'PluginDir "%s"\nLoadPlugin %s\n<Plugin %s>\n%s\n</Plugin>\n' \
    "$COLLECTD_PLUGINS" "$1" "$1" "$(cat)" >>"$work/collectd.conf"
}

# A command that starts collectd or a load, such as setpriv and its options.
collectd_prefix=()
load_prefix=()

start_collectd() {
  "${collectd_prefix[@]}" "$COLLECTD" -f -C "$work/collectd.conf" >"$work/collectd.out" 2>&1 \
    3>&- {lock}>&- &
  collectd_pid=$!
  await "collectd's start" grep -q "entering read-loop" "$work/collectd.log"
}

stop_collectd() {
  local pid=$collectd_pid

  [[ -n $pid ]] || return 0
  collectd_pid=
  if ! is_running "$pid"; then
    wait "$pid" || fail "collectd is gone, with status $?"
    return 1
  fi
  kill "$pid"
  if ! await "collectd's end" is_gone "$pid"; then
    kill -KILL "$pid"
    wait "$pid"
    return 1
  fi
  wait "$pid" || fail "collectd ended with status $?"
}

is_gone() { ! is_running "$1"; }

# is_running PID: a child of this shell, which reaps those that end: their pids may
# belong to other processes soon after.
is_running() {
  local running

  running=$(jobs -rp)
  [[ $'\n'$running$'\n' == *$'\n'"$1"$'\n'* ]]
}

# lasting_files: the number of files that collectd keeps open; during a read or a
# write, it temporarily opens more.
lasting_files() {
  for _ in {1..20}; do
    find "/proc/$collectd_pid/fd" -mindepth 1 | wc -l
    sleep 0.02
  done | sort -n | head -n 1
}

# The number of matching lines in the log.
log_count() { grep -Ec -- "$1" "$work/collectd.log"; }

assert_logged_once() {
  local count

  count=$(log_count "$1") || true
  [[ $count -eq 1 ]] || fail "the log says \"$1\" $count times, not once"
}

assert_not_logged() {
  ! grep -E -- "$1" "$work/collectd.log"
}

# await_logged PATTERN: waits for a log line.
await_logged() { await "the log to say \"$1\"" grep -qE -- "$1" "$work/collectd.log"; }

# complaints: the plugin's warnings and errors in the log. Those of collectd, for
# example about a slow read, depend on the machine.
complaints() {
  grep -E '\[(warning|error)\] taskstats' "$work/collectd.log" || true
}

assert_no_complaints() { assert_equal "$(complaints)" ""; }

# --- loads ---

# in_background NAME COMMAND...: starts a load, which is ended with the test.
in_background() {
  "${@:2}" 3>&- {lock}>&- &
  load_pid[$1]=$!
}

# start_load NAME [OPTION...] COMMAND ARGUMENT...: see support/load.c. The
# command's name (comm) is NAME. Returns when it is ready.
start_load() {
  local name=$1
  shift

  mkdir -p "$work/bin"
  [[ -e $work/bin/$name ]] || ln -s "$LOAD" "$work/bin/$name"
  in_background "$name" "${load_prefix[@]}" "$work/bin/$name" "$@" \
    >"$work/$name.out.load" 2>"$work/$name.err.load"
  await "$name to be ready" said "$name" ready
}

said() { grep -Eqx -- "$2" "$work/$1.out.load"; }

# a_cpu: a CPU that the test may use.
a_cpu() { taskset -pc $$ | grep -oE '[0-9]+$'; }

# The prefix of a command that runs a load as another user.
# shellcheck disable=SC2034 # for the tests
as_nobody=(setpriv --reuid nobody --regid nogroup --clear-groups)

# open_work: lets other users access the work directory.
open_work() {
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* "$work" 2>/dev/null || true
}

# go NAME: starts the work.
go() { kill -USR1 "${load_pid[$1]}"; }

# await_done NAME [ROUND]
await_done() { await "$1's work" said "$1" "done=${2:-1}"; }

# perform NAME [ROUND]: starts the work and waits for it.
perform() {
  go "$1"
  await_done "$@"
}

# truth NAME KEY [ROUND]: the last value that a load printed, or that of the round.
truth() {
  awk -F= -v key="$2" -v round="${3:-}" '
    $1 == key { value = $2; found = 1 }
    $1 == "done" && $2 == round { exit }
    END { if (!found) exit 1; print value }' "$work/$1.out.load"
}

# cpu_so_far NAME: microseconds, from the scheduler's statistics of its only
# thread, which may be a tick old.
cpu_so_far() {
  awk '{ printf "%.0f\n", $1 / 1000 }' "/proc/${load_pid[$1]}/schedstat"
}

# schedstat PID...: seconds that single-threaded processes waited for a CPU, from
# the scheduler's statistics.
schedstat() {
  local pid

  for pid in "$@"; do
    cat "/proc/$pid/schedstat"
  done | awk '{ sum += $2 } END { printf "%.6f\n", sum / 1e9 }'
}

stop_load() {
  local pid=${load_pid[$1]} start

  unset "load_pid[$1]"
  start=$(start_of "$pid")
  is_running "$pid" || grep -qsaF "$work/bin/" "/proc/$pid/cmdline" || return 0
  kill "$pid" 2>/dev/null || true
  if ! await "the end of $1" has_other_start "$pid" "$start"; then
    kill -KILL "$pid"
  fi
  wait "$pid" 2>/dev/null || true
}

# start_of PID: when a process started, in ticks; of one that has ended, nothing. A load
# need not be a child of this shell, which would know whether it runs.
start_of() { sed -n 's/.*) //p' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

has_other_start() { [[ $(start_of "$1") != "$2" ]]; }

stop_loads() {
  local name

  for name in "${!load_pid[@]}"; do
    stop_load "$name"
  done
}

# --- values ---

# The files of one identity: csv starts a new one at midnight.
date_glob='[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'

# directory GROUP: the csv directory of a group; "" for the plugin's own metrics.
directory() { echo "$work/csv/testhost/taskstats${1:+-$1}"; }

# These start few programs: an emulated machine takes 20 ms for each.

# rows GROUP IDENTITY: "epoch,value…" sorted by time. Write threads may overtake
# each other.
rows() {
  # shellcheck disable=SC2086 # the pattern is to be expanded
  grep -hv '^epoch' "$work/csv/testhost/taskstats${1:+-$1}/$2"-$date_glob |
    sort -t, -k1,1n
}

# find_index GROUP IDENTITY FIELD: sets index to the data source's column.
find_index() {
  local file names

  # shellcheck disable=SC2086
  for file in "$work/csv/testhost/taskstats${1:+-$1}/$2"-$date_glob; do
    IFS=, read -ra names <"$file" || return 1
  done
  for ((index = 1; index <= ${#names[@]}; index++)); do
    [[ ${names[index - 1]} != "$3" ]] || return 0
  done
  return 1
}

# column GROUP IDENTITY [FIELD]
column() {
  local index

  find_index "$1" "$2" "${3:-value}" || return 1
  rows "$1" "$2" | cut -d, -f"$index"
}

# value GROUP IDENTITY [FIELD]: the last one.
value() {
  local index

  find_index "$1" "$2" "${3:-value}" || return 1
  rows "$1" "$2" | awk -F, -v i="$index" '{ last = $i } END { if (NR > 0) print last }'
}

# cpu_us GROUP: user and system.
cpu_us() {
  rows "$1" ps_cputime | tail -n1 | awk -F, '{ print $2 + $3 }'
}

# rates GROUP IDENTITY: "epoch,rate,seconds"; seconds is the interval of the rate,
# from the start of the previous read to that of this one. Two reads may end within a
# millisecond: the n-th row of a time belongs to the n-th read of that time. So the rows
# stay in the order of the files, which is that of the reads if there is one write thread.
rates() {
  local files="$work/csv/testhost/taskstats"

  # shellcheck disable=SC2086 # the patterns are to be expanded
  awk -F, -v OFS=, '
    /^epoch/ { next }
    { key = $1 OFS seen[is_read, $1]++ }
    is_read { begin = $1 - $2 }
    is_read && last { seconds[key] = sprintf("%.6f", begin - last) }
    is_read { last = begin; next }
    key in seconds { print $0, seconds[key] }' \
    is_read=1 "$files/duration-read"-$date_glob \
    is_read= "$files${1:+-$1}/$2"-$date_glob
}

# integral GROUP IDENTITY: a rate, integrated over time.
integral() {
  rates "$1" "$2" | awk -F, '
    $2 != "nan" { sum += $2 * $3 }
    END { printf "%.6f\n", sum }'
}

# reads_since GROUP TIME COUNT: each identity has COUNT values after TIME.
reads_since() {
  local dir

  dir=$(directory "$1")
  # shellcheck disable=SC2086
  awk -F, -v since="$2" -v wanted="$3" '
    FNR == 1 { name = FILENAME; sub(/-....-..-..$/, "", name); seen[name] += 0 }
    FNR > 1 && $1 > since { seen[name]++ }
    END {
      for (name in seen) if (seen[name] < wanted) exit 1
      exit length(seen) == 0
    }' "$dir"/*-$date_glob
}

# reads COUNT GROUP: waits for COUNT more reads.
reads() { await "$1 reads of $2" reads_since "$2" "$EPOCHREALTIME" "$1"; }

# settle GROUP: waits until the values, also those of other groups, include everything
# that has happened. The first read that ends from now on may have started earlier; the
# second one has not. The plugin's own values are the last ones of a read.
settle() {
  local since=$EPOCHREALTIME

  await "2 reads of $1" reads_since "$1" "$since" 2
  [[ ! -d $(directory "") ]] || await "2 reads" reads_since "" "$since" 2
}

# identities GROUP: the dispatched identities, sorted.
identities() {
  find "$(directory "$1")" -type f -printf '%f\n' |
    sed -E 's/-[0-9]{4}-[0-9]{2}-[0-9]{2}$//' | sort -u
}

has_identity() { identities "$1" | grep -qx -- "$2"; }

# assert_identities GROUP IDENTITY...: exactly these were dispatched.
assert_identities() {
  local group=$1
  shift

  diff -u --label expected <(printf '%s\n' "$@" | sort) \
    --label "dispatched for \"$group\"" <(identities "$group")
}

# kernel_has VERSION: a major and a minor number
kernel_has() {
  local major minor

  IFS=.- read -r major minor _ </proc/sys/kernel/osrelease
  ((major > ${1%.*} || (major == ${1%.*} && ${minor%%[!0-9]*} >= ${1#*.})))
}

# The kinds of delay that the running kernel counts.
delay_kinds() {
  printf '%s\n' cpu blkio swapin freepages thrashing
  ! kernel_has 5.17 || echo compact
  ! kernel_has 6.0 || echo wpcopy
  ! kernel_has 6.4 || echo irq
}

# members GROUP: living processes at the last read.
members() { value "$1" ps_count processes; }

has_members() { [[ $(members "$1") == "$2.000000" ]]; }

await_members() {
  await "$2 members of $1" has_members "$1" "$2" ||
    fail "$1 has $(members "$1") members, not $2"
}

# assert_members GROUP COUNT: at a future read whose values have all arrived.
assert_members() {
  settle "$1"
  has_members "$1" "$2" || fail "$1 has $(members "$1") members, not $2"
}

# group_names [PATTERN]: the groups with dispatched values.
group_names() {
  find "$work/csv/testhost" -maxdepth 1 -name 'taskstats-*' -printf '%f\n' |
    sed 's/^taskstats-//' | grep -Ex -- "${1:-.*}" | sort
}

# sum_up PATTERN IDENTITY FIELD: the sum of the last values of all these groups.
sum_up() {
  local group paths=()

  for group in $(group_names "$1"); do
    # shellcheck disable=SC2206 # the pattern is to be expanded
    paths+=("$work/csv/testhost/taskstats-$group/$2"-$date_glob)
  done
  awk -F, -v field="$3" '
    FNR == 1 {
      for (i = 2; i <= NF; i++) if ($i == field) column = i
      group = FILENAME
      sub(/\/[^\/]*$/, "", group)
      next
    }
    $1 > latest[group] { latest[group] = $1; last[group] = $column }
    END { for (group in last) sum += last[group]; printf "%.0f\n", sum }' \
    /dev/null "${paths[@]}"
}

# sum_cpu_us PATTERN: user and system, of all these groups.
sum_cpu_us() {
  echo $(($(sum_up "$1" ps_cputime user) + $(sum_up "$1" ps_cputime syst)))
}

# --- control groups ---

# cgroup_roots: the mount points of the hierarchies that define a process's cgroup path.
cgroup_roots() {
  findmnt -rn -t cgroup2 -o TARGET
  findmnt -rn -t cgroup -O name=systemd -o TARGET
}

# make_cgroup PATH: creates the cgroup in each of these hierarchies.
make_cgroup() {
  local root

  for root in $(cgroup_roots); do
    mkdir -p "$root/$1"
    remove_at_end "$root/$1"
  done
  ((${#removable[@]} > 0)) || skip "no cgroup hierarchy"
}

# enter_cgroup PATH PID: moves the process to the cgroup.
enter_cgroup() {
  local root

  for root in $(cgroup_roots); do
    echo "$2" >"$root/$1/cgroup.procs"
  done
}

# --- assertions ---

# holds EXPRESSION: whether a numeric expression, also with fractions, is true.
holds() { awk "BEGIN { exit !($1) }"; }

# assert_near GOT TRUTH PERCENT [SLACK]: SLACK is in the unit of the values.
assert_near() {
  holds "($1 - $2) ^ 2 <= ($2 * $3 / 100 + ${4:-0}) ^ 2" ||
    fail "$1 is not within $3 %${4:+ and $4} of the truth, $2"
}

# assert_ended_cpu GOT TRUTH PERCENT [SLACK]: the CPU time of processes that have ended.
assert_ended_cpu() {
  assert_between "$1" "$2 * (1 - $3 / 100) - ${4:-0}" \
    "$2 * (1 + $3 / 100 + $(stolen_leeway)) + ${4:-0}"
}

# read_times: sets busy and stolen, sums of all CPUs since boot, in ticks. What
# interrupts take is stolen, too.
read_times() {
  local user nice system irq softirq steal

  read -r _ user nice system _ _ irq softirq steal _ </proc/stat
  stolen=$((irq + softirq + steal))
  busy=$((user + nice + system + stolen))
}

# stolen_leeway: the part by which the CPU time of processes that have ended may be too
# high. What was stolen from a thread after its last tick is in no counter of it, and the
# plugin takes it as used: twice the share that was stolen from the machine in this test,
# but at most 0.3.
stolen_leeway() {
  local busy stolen

  read_times
  busy=$((busy - busy_at_begin)) stolen=$((stolen - stolen_at_begin))
  # The kernel's sum of stolen time is not always monotone.
  awk "BEGIN { part = ($busy > 0 ? 2 * $stolen / $busy : 0)
    print (part < 0 ? 0 : part > 0.3 ? 0.3 : part) }"
}

assert_between() {
  holds "$1 >= $2 && $1 <= $3" || fail "$1 is not between $2 and $3${4:+: $4}"
}

assert_equal() { [[ $1 == "$2" ]] || fail "$1 is not $2${3:+: $3}"; }

# Rule 1: no derive of any group decreases. CPU time must also not exceed its limit. A
# group that was discarded starts again at 0, but only after collectd has discarded its
# values, too.
assert_monotone() {
  local derives='total_time_in_ms|ps_cputime|io_octets|io_ops|disk_octets|ps_pagefaults|contextswitch|total_events'
  local longest_s

  # A process is sampled at any time of a read.
  longest_s=$(find "$(directory "")" -name 'duration-read-*' -exec cat {} + 2>/dev/null |
    cut -d, -f2 | sort -g | tail -n 1)
  # All files at once. The order of two reads within a millisecond is unknown:
  # their rows are sorted by their values.
  # shellcheck disable=SC2016 # for awk
  find "$work/csv" -path '*/taskstats*' -type f | grep -E "/($derives)-" |
    xargs -r -d '\n' awk '!/^epoch/ { gsub(/,/, "\t"); print FILENAME "\t" $0 }' |
    sort -t $'\t' -k 1,1 -k 2,2n -k 3,3n -k 4,4n |
    awk -F '\t' -v cpus="$(nproc --all)" -v interval="$interval" -v read="${longest_s:-0}" '
      function blame(what) {
        print $1 ": " what
        bad = 1
      }
      $1 == file && $2 - last[2] > 3 * interval && $3 + $4 == 0 { file = "" }
      $1 == file {
        for (i = 3; i <= NF; i++)
          if ($i + 0 < last[i]) blame(last[i] " is followed by " $i)
        used = $3 + $4 - last[3] - last[4]
        if (file ~ /ps_cputime/ && used > cpus * ($2 - last[2] + read + 1) * 1e6)
          blame(used " us within " $2 - last[2] " s")
      }
      {
        file = $1
        for (i = 2; i <= NF; i++) last[i] = $i + 0
      }
      END { exit bad }'
}

# collectd refuses a value that is not newer than the last one of its identity, and
# suspends a plugin whose read fails. With several write threads, a value may be
# overtaken in collectd's queue by that of the next read.
assert_no_refusals() {
  assert_not_logged 'plugin_dispatch_|parse_value|read-function .*failed'
  ((write_threads > 1)) ||
    assert_not_logged 'Value too old: name = testhost/taskstats'
}

# disk_dir: sets $disk to a directory on a file system with a disk.
disk_dir() {
  local dir

  for dir in "$work" "$TASKSTATS_BUILD" /var/tmp; do
    case $(stat -f -c %T "$dir") in
    tmpfs | ramfs | overlayfs) ;;
    *)
      disk=$(mktemp -d "$dir/taskstats.XXXXXX")
      remove_at_end "$disk"
      return
      ;;
    esac
  done
  skip "no file system with a disk"
}
