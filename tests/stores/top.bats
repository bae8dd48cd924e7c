#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# taskstats-top, as a table and as JSON.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

TOP=$TASKSTATS_BUILD/taskstats-top

# The path of a socket must be short, hence the separate directory.
configure_top() {
  sockets=$(mktemp -d /tmp/taskstats.XXXXXX)
  remove_at_end "$sockets"
  configure <<CONF
    <Group "busy">
      Command "$me-busy"
    </Group>
    <Group "idle">
      Command "$me-idle"
    </Group>
    <Group "none">
      Command "$me-none"
    </Group>
CONF
  add_plugin unixsock <<CONF
  SocketFile "$sockets/s"
  DeleteSocket true
CONF
}

start_watched() {
  configure_top
  start_load "$me-busy" --limit 90 burn 90000 1
  start_load "$me-idle" --stay 90 idle
  start_collectd
  reads 3 busy
}

top() { timeout 30 "$TOP" --socket "$sockets/s" "$@"; }

# groups_by COLUMN
groups_by() { top --once --json --sort "$1" | jq -r '[.groups[].group] | join(" ")'; }

# on_terminal OPTION...: its output on a terminal, including control sequences.
on_terminal() {
  script -qec "$TOP --socket $sockets/s --once $*" /dev/null </dev/null
}

@test "top: sorted by any column, filtered, and as JSON" {
  start_watched
  assert_equal "$(groups_by group)" "busy idle none"
  assert_equal "$(groups_by cpu%)" "busy idle none"
  assert_equal "$(groups_by processes)" "busy idle none"
  [[ $(groups_by threads) == "busy idle none" ]]
  for column in cpu blkio swapin freepages thrashing disk_read disk_write \
    calls_read calls_write; do
    assert_equal "$(groups_by "$column" | wc -w)" 3 "$column"
  done

  top --once --json --group 'b*' >"$work/top.json"
  assert_equal "$(jq -r '.groups | length' "$work/top.json")" 1
  assert_equal "$(jq -r '.groups[0].host' "$work/top.json")" testhost
  assert_was_used "$(jq -r '.groups[0]["cpu%"]' "$work/top.json")"
  assert_equal "$(jq -r '.groups[0] | length' "$work/top.json")" 17
  [[ $(top --once --group '[in]*' | awk '/^(idle|none|busy) / { print $1 }' | xargs) == "idle none" ]]
}

# assert_was_used PERCENT: matches csv's counters in one of the intervals; their times
# have three decimals.
assert_was_used() {
  rows busy ps_cputime | awk -F, -v percent="$1" '
    NR > 1 && $1 > time {
      used = ($2 + $3 - last) / ($1 - time) / 1e4
      within = 0.5 + used * 0.001 / ($1 - time)
      if (used > 1 && (used - percent) ^ 2 < within ^ 2) found = 1
    }
    { time = $1; last = $2 + $3 }
    END { exit !found }' || fail "busy did not use $1 % of a CPU in any interval"
}

@test "top: what is wrong is said, and nothing waits for ever" {
  start_watched
  run -2 top --sort nonsense
  [[ $output == *'--sort "nonsense"'* ]]
  run -1 --separate-stderr top --once --seconds 2 --group nobody
  [[ -z $output && $stderr == *"no values"* ]]
  run -1 "$TOP" --once --socket "$sockets/none"
  [[ $output == *"cannot connect"* ]]
}

@test "top: colours on a terminal only" {
  start_watched
  load_prefix=(taskset -c 0)
  stop_load "$me-busy"
  start_load "$me-busy" --limit 90 burn 90000 4
  reads 3 busy
  [[ $(on_terminal) == *$'\e[1;31m'* ]] || fail "no colour: $(on_terminal | cat -v)"
  [[ $(NO_COLOR=1 on_terminal) != *$'\e[1;31m'* ]]
  [[ $(top --once) != *$'\e'* ]]
  [[ $(on_terminal --json) != *$'\e'* ]]
}

@test "top: survives a restart of collectd" {
  start_watched
  in_background top "$TOP" --socket "$sockets/s" --json --interval 0.5 --seconds 120 \
    >"$work/top.json"
  await "the first table" has_lines 2
  stop_collectd
  sleep 1
  seen=$(wc -l <"$work/top.json")
  rm -r "$work/csv" # counters restart
  start_collectd
  await "tables after the restart" has_lines "$((seen + 2))"
  stop_load top
  jq -e .groups "$work/top.json" >"$work/parsed"
}

has_lines() { (($(wc -l <"$work/top.json") >= $1)); }
