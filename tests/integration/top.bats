#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# taskstats-top on a terminal, controlled by keys, with known values.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

TOP=$TASKSTATS_BUILD/taskstats-top

# Needs neither collectd nor loads.
setup() {
  work=$BATS_TEST_TMPDIR
  exec {lock}</dev/null # in_background closes it
  sockets=$(mktemp -d /tmp/taskstats.XXXXXX) # the path of a socket must be short
  cat >"$work/values" <<'VALUES'
testhost/taskstats-db/delay_rate-delay-cpu value=0.5
testhost/taskstats-db/ps_count processes=1 threads=90
testhost/taskstats-db/total_time_in_ms-delay-blkio value=900
testhost/taskstats-db/total_time_in_ms-delay-cpu value=10
testhost/taskstats-old/delay_rate-delay-cpu value=0.02
testhost/taskstats-old/ps_count processes=2 threads=4
testhost/taskstats-web/delay_rate-delay-cpu value=0.5
testhost/taskstats-web/ps_count processes=3 threads=30
testhost/taskstats-web/total_time_in_ms-delay-cpu value=5000
VALUES
  in_background server python3 "$TASKSTATS_TESTS/support/unixsock.py" "$sockets/s" "$work/values"
  await "the server" test -S "$sockets/s"
}

teardown() {
  stop_loads
  rm -rf "$sockets"
}

# on_terminal [OPTION...]: runs the commands in standard input; see terminal.py. It sets
# TERM, which may be unset in the shell.
on_terminal() {
  TERM=${terminal:-xterm} timeout 100 python3 "$TASKSTATS_TESTS/support/terminal.py" \
    "${size[@]:-100}" 24 "$TOP" --socket "$sockets/s" --interval 0.2 "$@"
}

# shown_groups: the names in the tables that were shown, in order.
shown_groups() { awk '/^(db|old|web) / { print $1 }' | xargs; }

# json NAME KEY: the value for a group, from a line of JSON.
json() {
  python3 -c 'import json, sys
for group in json.load(sys.stdin)["groups"]:
    if group["group"] == sys.argv[1]:
        print(group[sys.argv[2]])' "$@"
}

top_once() { timeout 30 "$TOP" --socket "$sockets/s" --once "$@"; }

@test "top: waits are the counters' where there are any, and else the rate's" {
  assert_equal "$(top_once --json | json web cpu)" 5000.0
  assert_equal "$(top_once --json | json db cpu)" 10.0
  assert_equal "$(top_once --json | json db blkio)" 900.0
  assert_equal "$(top_once --json | json old cpu)" 20.0
  assert_equal "$(top_once --json | json old blkio)" None
}

@test "top: < and > choose the column to sort by" {
  run -0 on_terminal <<'KEYS'
await web
await < > sort: group   / filter: none   q: quit
show
send >
await sort: processes
show
send >>>
await sort: cpu   /
show
send >
await sort: blkio
show
send <<<<<<
await sort: disk_write
send >
await sort: group
show
send q
end
KEYS
  assert_equal "$(shown_groups <<<"$output")" \
    "db old web web old db web old db db old web db old web"
}

@test "top: / filters by the group's name until Esc" {
  run -0 on_terminal <<'KEYS'
await web
send /
await filter: _   Enter: keep it   Esc: clear it
send wx\x7fEq
await filter: wEq_
gone web
send \x7fB
await filter: wEB_
gone db
show
send \r
await / filter: wEB   Esc: clear it   q: quit
send \x1b
await filter: none
await db
send /O
await filter: O_
gone web
send \x1b
await filter: none
await web
show
send \x1b[A\x1b[5~\x1bOQ>
await sort: processes
send q
end
KEYS
  assert_equal "$(shown_groups <<<"$output")" "web db old web"
}

@test "top: every end leaves the terminal as it was" {
  local end

  for end in 'send q' 'send \x03' 'send \x1c' 'signal TERM' 'signal HUP' 'signal INT'; do
    on_terminal <<<"await sort: group
$end
end"
  done
  on_terminal --seconds 0.5 <<<'end'
  on_terminal <<<'await sort: group
send /a
await filter: a_
signal TERM
end'
  on_terminal <<<'await sort: group
send \x1a
go-on
send >
await sort: processes
send q
end'
}

@test "top: survives collectd's end, and keys work meanwhile" {
  run -0 on_terminal <<KEYS
await web
send >
await sort: processes
run kill ${load_pid[server]}
await the connection to collectd is lost
send /w\r
run rm "$sockets/s"; (setsid python3 "$TASKSTATS_TESTS/support/unixsock.py" "$sockets/s" "$work/values" >/dev/null 2>&1 3>&- & echo \$! >"$work/server")
await sort: processes   / filter: w
gone db
await web
show
run kill \$(cat "$work/server")
await the connection to collectd is lost
send q
end
KEYS
  assert_equal "$(shown_groups <<<"$output")" "web"
}

@test "top: follows the terminal's size, and sorts by what is shown" {
  size=160
  on_terminal <<'KEYS'
await calls, B/s
send <
await sort: calls_write
resize 60 24
gone calls, B/s
await sort: calls_write
send >
await sort: group
send <
await sort: disk_write
resize 40 7
await ... and 2 more
send qq
end
KEYS
}

@test "top: a line says what the table shows, in the colours that it may have" {
  size=80
  on_terminal <<'KEYS'
await Waits in ms/s of all threads (1000: one waits always; -: unknown)  100+ 1000+
raw \x1b[1m100+\x1b[0m \x1b[1;31m1000+
send q
end
KEYS
  NO_COLOR=1 on_terminal <<'KEYS'
await Waits in ms/s of all threads
never \x1b[1
send q
end
KEYS
  timeout 30 "$TOP" --socket "$sockets/s" --seconds 3 --interval 0.2 >"$work/out" </dev/null
  assert_equal "$(grep -c 'Waits in ms/s' "$work/out")" 1
}

@test "top: shows the machine's pressure" {
  [[ -n $(cat /proc/pressure/cpu 2>/dev/null) ]] || skip "this kernel does not tell"
  on_terminal <<'KEYS'
await pressure, some, 10 s:  cpu
send q
end
KEYS
}

@test "top: no keys, no colours and no cursor on a pipe or a dumb terminal" {
  timeout 30 "$TOP" --socket "$sockets/s" --seconds 3 --interval 0.2 >"$work/out" </dev/null
  assert_equal "$(shown_groups <"$work/out" | cut -d ' ' -f -6)" "db old web db old web"
  run -1 grep $'\e\|sort:\|pressure' "$work/out"
  terminal=dumb on_terminal <<<'await web
never \x1b
never sort:
send q
send \x03
end'
}
