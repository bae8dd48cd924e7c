#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A store that is down, hangs or has a full disk: collectd queues values, and the plugin
# continues to read.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

write_threads=5 # the default: a single one empties a queue too slowly

# configure_much GROUPS: the same service in GROUPS groups.
configure_much() {
  local i

  configure <<CONF
$(for ((i = 0; i < $1; i++)); do
    echo "<Group \"copy$i\">"
    echo "  Command \"$me-one\""
    echo "</Group>"
  done)
CONF
}

# assert_steady BEGIN END: in this interval of several seconds, at least half of the
# reads took place, and none was delayed for long. The times are those of reads, not of
# writes.
assert_steady() {
  rows "" duration-read |
    awk -F, -v interval="$interval" -v begin="$1" -v end="$2" '
    NR > 1 {
      gap = ($1 < end ? $1 : end) - (last > begin ? last : begin)
      if (gap > interval + 2.5) { print "a gap: " gap " s"; bad = 1 }
    }
    $2 > 2 { print "a read of " $2 " s"; bad = 1 }
    { last = $1 }
    $1 >= begin && $1 <= end { count++ }
    END {
      if (count < (end - begin) / interval / 2) {
        print count + 0 " reads in " end - begin " s"
        bad = 1
      }
      exit bad
    }'
}

# send_queue PORT: bytes that the other end has not accepted.
send_queue() { ss -Hnt "dport = :$1" | awk '{ sum += $3 } END { print sum + 0 }'; }

is_full() { # PORT: it takes no more
  local before

  before=$(send_queue "$1")
  sleep 1
  ((before > 0 && $(send_queue "$1") == before))
}

@test "trouble: stores that are down hold up nothing" {
  port=$(free_port)
  configure_much 3
  forward graphite/collectd.conf 2003 "$port"
  forward influxdb/collectd.conf 25826 "$(free_port)"
  start_collectd
  begin=$EPOCHREALTIME
  start_load "$me-one" --limit 60 burn 60000 1
  reads 8 copy0
  assert_steady "$begin" "$EPOCHREALTIME"
  assert_no_complaints
}

@test "trouble: Graphite comes, goes, and comes back" {
  interval=1
  start_graphite
  configure_much 1
  forward graphite/collectd.conf 2003 "$carbon_port"
  start_collectd
  start_load "$me-one" --limit 60 burn 60000 1
  reads 3 copy0
  stop_server carbon
  gone=$(date +%s)
  reads 3 copy0
  start_carbon
  back=$(date +%s)
  await "values after its return" graphite_has_since "$back"
  assert_steady "$gone" "$back"

  # The stored counter is correct and includes the usage during the outage, however
  # little that is on a busy machine.
  graphite 'collectd.testhost.taskstats-copy0.ps_cputime.user' "$back" |
    jq -r '[.[0].datapoints[] | select(.[0] != null)][-1][0]' | cut -d. -f1 >"$work/counter"
  column copy0 ps_cputime user | grep -qx -- "$(<"$work/counter")"
  before=$(rows copy0 ps_cputime | awk -F, -v gone="$gone" '$1 < gone { used = $2 } END { print used }')
  assert_between "$(($(<"$work/counter") - before))" 50000 1e9
}

graphite_has_since() {
  graphite 'collectd.testhost.taskstats-copy0.ps_cputime.user' "$1" |
    jq -e '[.[0].datapoints[] | select(.[0] != null)] | length > 1'
}

# The server only accepts the connection, like one whose disk hangs.
start_hanging() {
  cat >"$server_dir/hang.py" <<'PYTHON'
import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
kept = s.accept()
time.sleep(90)
PYTHON
  start_server hanging /usr/bin/python3 "$server_dir/hang.py" "$1"
  await "the hanging server" tcp_is_bound "$1"
}

@test "trouble: a server that hangs fills collectd's queue, and reads go on" {
  port=$(free_port)
  start_hanging "$port"
  configure_much 250
  forward graphite/collectd.conf 2003 "$port"
  start_load "$me-one" --limit 90 burn 90000 1
  start_collectd
  begin=$EPOCHREALTIME
  await "a full connection" is_full "$port"
  blocked=$EPOCHREALTIME
  sleep 4
  freed=$EPOCHREALTIME
  # Nothing is written, not even by csv; later, everything is, with its original times.
  assert_between "$(rows "" duration-read | awk -F, -v since="$blocked" \
    '$1 > since { count++ } END { print count + 0 }')" 0 2
  stop_server hanging
  reads 3 ""
  assert_steady "$begin" "$freed"
  assert_no_complaints
}

@test "trouble: the recipe's limit keeps a queue that grows from taking all memory" {
  port=$(free_port)
  start_hanging "$port"
  configure_much 250
  forward graphite/collectd.conf 2003 "$port" 200000 4000
  sed -i '1i CollectInternalStats true' "$work/collectd.conf"
  start_load "$me-one" --limit 90 burn 90000 1
  start_collectd
  await "a full connection" is_full "$port"
  sleep 2
  rss=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$collectd_pid/status")
  sleep 3
  assert_between "$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$collectd_pid/status")" \
    0 "$((rss + 2048))"
  stop_server hanging
  await "the count of what was dropped" has_dropped
  reads 2 ""
  assert_no_complaints
}

has_dropped() {
  local dir=$work/csv/testhost/collectd-write_queue

  # shellcheck disable=SC2086 # the pattern is to be expanded
  awk -F, '$2 > 0 { found = 1 } END { exit !found }' "$dir"/derive-dropped-$date_glob
}

@test "trouble: InfluxDB's disk is full, and after it nothing is missing from sums" {
  influx_dir=$work/small
  mkdir "$influx_dir"
  mount -t tmpfs -o size=24m tmpfs "$influx_dir"
  small_mounted=1
  start_influxdb
  configure_much 2
  forward influxdb/collectd.conf 25826 "$influx_udp"
  start_collectd
  start_load "$me-one" --limit 60 burn 60000 1
  await "the first values" influx_has_since 0
  begin=$EPOCHREALTIME
  dd if=/dev/zero of="$influx_dir/filler" bs=64k status=none 2>/dev/null || true
  await "a full disk" grep -q "no space left" "$server_dir/influxdb.log"
  reads 4 copy0
  assert_steady "$begin" "$EPOCHREALTIME"
  # InfluxDB keeps in memory what it cannot write, until it is restarted.
  rm "$influx_dir/filler"
  stop_server influxdb
  start_influxdb
  await "values again" influx_has_since "$(date +%s%3N)"
  influx_points testhost >"$work/stored"
  dispatched testhost >"$work/dispatched"
  compare_points some "$work/stored" 1
  assert_no_complaints
}

influx_has_since() { # MILLISECONDS
  influx "SELECT value FROM taskstats_user WHERE instance = 'copy0' AND time > $1ms" |
    jq -e '.results[0].series[0].values | length > 1'
}

teardown() {
  local status=0

  common_teardown || status=1
  stop_servers
  [[ -z ${small_mounted:-} ]] || umount "$work/small"
  return "$status"
}
