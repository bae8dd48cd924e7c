#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The log of all exits.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

lines() { cat "$work"/exits.json* | wc -l; }

has_lines() { [[ $(lines) -ge $1 ]]; }

# told FILTER: its result for each line of the log.
told() { jq -r "$1" "$work/exits.json"; }

# assert_no_complaints_about_it: others, for example about an overload, may be due to the
# tests of other suites.
assert_no_complaints_about_it() {
  assert_not_logged '\[(warning|error)\] taskstats.*([Ee]xit ?[Ll]og|exits\.json)'
}

# truths: each child's pid, exit status or "-", signal or "-", and core dump flag.
truths() {
  sed -n 's/^child_\([0-9]*\)=\([0-9]*\)$/\1 \2/p' "$work/$me-parent.out.load" |
    while read -r pid status; do
      if ((status & 127)); then
        echo "$pid - $((status & 127)) $((status >> 7 & 1))"
      else
        echo "$pid $((status >> 8)) - 0"
      fi
    done | sort -n
}

configure_log() {
  configure <<CONF
    ExitLog "$work/exits.json"
    <Group "kids">
      Command "$me-kid"
    </Group>
    <Group "all of %{user}">
      Command "$me-kid" "$me-parent"
    </Group>
CONF
}

@test "exit log: each way to end, as wait4 says it" {
  configure_log
  load_prefix=(env -C "$work" prlimit --core=0)
  start_collectd
  before=$(date +%s)
  start_exits "$me-parent" brood "$me-kid" 9 3 2 \
    exit0,exit3,_exit5,abort,segv,kill,term,worker4,headless6 5000 100000
  reads 1 kids
  perform "$me-parent"
  await "the lines" has_lines 9
  settle kids

  assert_equal "$(lines)" 9
  diff <(told '[.pid, .exit_status // "-", .signal // "-",
    if .core_dumped then 1 else 0 end] | map(tostring) | join(" ")' | sort -n) <(truths)
  assert_equal "$(told '.groups | tostring' | sort -u)" '["kids","all of root"]'
  assert_equal "$(told .host | sort -u)" testhost
  assert_equal "$(told .command | sort -u)" "$me-kid"
  assert_equal "$(told .ppid | sort -u)" "${load_pid[$me-parent]}"
  assert_equal "$(told 'select(.oom_killed != false)')" ""
  # Three threads write it, and each total is rounded down to a KiB.
  assert_equal "$(told 'select(.write_chars < 297000 or .write_chars > 300000)')" ""
  while read -r time; do
    [[ $time =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$ ]] ||
      fail "the time is $time"
    assert_between "$(date -d "$time" +%s)" "$before" "$(date +%s)"
  done < <(told .time)
  # No group asks for notifications.
  assert_equal "$(count_notifications kids)" 0
  assert_no_complaints_about_it
}

@test "exit log: a file that was moved is made anew" {
  configure_log
  start_collectd
  start_exits "$me-parent" brood "$me-kid" 5 1 0 exit0 0 0
  perform "$me-parent"
  await "the lines" has_lines 5
  mv "$work/exits.json" "$work/exits.json.1"
  perform "$me-parent" 2
  await "the lines" has_lines 10
  assert_equal "$(wc -l <"$work/exits.json")" 5
  rm "$work/exits.json"
  perform "$me-parent" 3
  await "the lines" has_lines 10
  assert_equal "$(wc -l <"$work/exits.json")" 5
  assert_no_complaints_about_it
}

@test "exit log: a FIFO that nobody reads holds up nothing" {
  configure_log
  mkfifo "$work/exits.json"
  start_collectd
  start_exits "$me-parent" brood "$me-kid" 50 4 0 exit3 0 0
  reads 1 kids
  perform "$me-parent"
  settle kids
  assert_exits kids 0 50 0
  await_logged "Cannot write exits to ExitLog \(No such device or address\): it is a FIFO that nobody reads"
  perform "$me-parent" 2
  settle kids
  assert_exits kids 0 100 0
  stop_collectd
  assert_logged_once "Cannot write exits to ExitLog"
  assert_equal "$(sed -n 's/.* \([0-9]*\) exits were not written to ExitLog.*/\1/p' \
    "$work/collectd.log" | awk '{ sum += $1 } END { print sum }')" 100
}
