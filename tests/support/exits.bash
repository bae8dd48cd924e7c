# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Starts processes of support/exits.c that end, and checks the counted exits.
# Source this after collectd.bash.

# Set in collectd.bash.
: "${collectd_pid=}" "${work=}" "${me=}"

EXITS=$TASKSTATS_BUILD/tests/exits

# start_exits NAME [OPTION...] COMMAND ARGUMENT...: like start_load. It works once per
# call of go.
start_exits() {
  # shellcheck disable=SC2034 # for start_load
  local LOAD=$EXITS

  start_load "$@"
}

# own_executable: makes EXITS a copy, for a test that selects by Executable.
own_executable() {
  cp "$EXITS" "$work/exits"
  EXITS=$work/exits
}

# assert_exits GROUP OK ERROR SIGNAL: exactly.
assert_exits() {
  local kind wanted=("${@:2}") status=0

  for kind in ok error signal; do
    assert_equal "$(value "$1" "total_events-exit-$kind")" "${wanted[0]}" \
      "exit-$kind of $1" || status=1
    wanted=("${wanted[@]:1}")
  done
  return "$status"
}

# assert_exits_of GROUP NAME: exactly those in the ground truth of NAME.
assert_exits_of() {
  assert_exits "$1" "$(truth "$2" ok)" "$(truth "$2" error)" \
    "$(truth "$2" signal)"
}

# assert_decided_exits_of GROUP NAME: the same if a group's name cannot always be
# determined in time; the process is then counted as undecided.
assert_decided_exits_of() {
  local kind truth

  for kind in ok error signal; do
    truth=$(truth "$2" "$kind")
    assert_between "$(value "$1" "total_events-exit-$kind")" \
      $((truth - $(own exit-undecided))) "$truth"
  done
}

# assert_cpu GOT NAME [PERCENT]: the CPU time of the children of NAME.
assert_cpu() {
  assert_cpu_of_ended "$1" "$(truth "$2" cpu_us)" "$(truth "$2" counted)" "${3:-3}"
}

# assert_cpu_of_ended GOT TRUTH COUNT [PERCENT [US]]: the CPU time of COUNT
# processes, in microseconds. What a process uses for its teardown after its record
# was written is in no record. That time is measured once per test; three times that
# and half a millisecond (or US) are allowed for each process.
assert_cpu_of_ended() {
  local lost percent=${4:-3}

  teardown_us=${teardown_us:-$("$TASKSTATS_BUILD/tests/teardown")}
  lost=$(($3 * (3 * teardown_us + ${5:-500})))
  assert_between "$1" "$2 * (1 - $percent / 100) - $lost" \
    "$2 * (1 + $percent / 100 + $(stolen_leeway))"
}

# seen GROUP: the sum of the processes in all reads, an upper bound of the number of
# processes that reads have seen.
seen() {
  column "$1" ps_count processes | awk '{ sum += $1 } END { printf "%d\n", sum }'
}

# assert_unseen GROUP MOST: reads have seen at most MOST processes. On a busy machine,
# there are many reads: MOST is half of all processes.
assert_unseen() { assert_between "$(seen "$1")" 0 "$2"; }

# own IDENTITY: the value of one of the plugin's own metrics.
own() { value "" "total_events-$1"; }

# The number of processes and threads created since boot, on the whole machine.
forks() { awk '$1 == "processes" { print $2 }' /proc/stat; }

needs_two_cpus() {
  [[ $(taskset -pc $$) =~ :\ 0[-,]1 ]] || skip "needs CPUs 0 and 1"
}

# The names of collectd's threads.
thread_names() { cat "/proc/$collectd_pid/task/"*/comm; }

has_listener() { thread_names | grep -qx 'taskstats exits'; }

# start_churn NAME: creates 20000 processes per call of go. Reads see some of them;
# some have threads, and some stay zombies for a while.
start_churn() {
  start_exits "$me-storm" storm "$1" 19400 2
  start_exits "$me-brood" brood "$1" 600 20 2 exit0,kill,headless 500 100
}

# churn ROUND
churn() {
  go "$me-storm"
  perform "$me-brood" "$1"
  await_done "$me-storm" "$1"
}

# figure KEY: a value in /proc/<pid>/status of collectd.
figure() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$collectd_pid/status"; }

has_as_before() {
  [[ $(lasting_files) -le $files && $(figure Threads) -eq $threads ]]
}

# assert_flat COMMAND...: churning leaks no files, threads or memory. The command
# waits until the reads are finished. The allocator keeps the memory of the largest
# read so far, and any round may be the largest; but a leak grows in every round, by
# 640 kB if it is malloc's smallest piece per process.
assert_flat() {
  local files threads memory round

  churn 1
  "$@"
  files=$(lasting_files) threads=$(figure Threads)
  for round in 2 3 4 5; do
    memory=$(figure VmRSS)
    churn "$round"
    "$@"
    [[ $(figure VmRSS) -gt $((memory + 400)) ]] || break
  done
  await "files and threads as before" has_as_before ||
    fail "$(lasting_files) files, $(figure Threads) threads; were $files and $threads"
  assert_between "$(figure VmRSS)" 0 $((memory + 400))
}

# notifications GROUP [PATTERN]: the lines in the log.
notifications() {
  grep -F "plugin_instance = $1, type = exit," "$work/collectd.log" |
    grep -E -- "${2:-.}"
}

count_notifications() { notifications "$@" | wc -l; }

has_notifications() { [[ $(count_notifications "$1") -ge $2 ]]; }

# has_rows GROUP IDENTITY: whether any values have arrived.
has_rows() { rows "$@" | grep -q .; }

# await_exits GROUP COUNT: waits for exits of any kind; other values may arrive later.
await_exits() { await "$2 ends of $1" has_exits "$1" "$2"; }

has_exits() {
  local kind sum=0

  for kind in ok error signal; do
    sum=$((sum + $(value "$1" "total_events-exit-$kind")))
  done
  ((sum >= $2))
}
