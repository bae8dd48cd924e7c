#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Delays as counters: a store that misses values still has the correct sums. They are
# compared with the scheduler's statistics, which the plugin does not read.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

configure_hogs() {
  configure <<CONF
    <Group "hogs">
      Command "$me-one" "$me-two"
    </Group>
CONF
}

# Time for which both have waited for a CPU: "ms value", as stored.
prometheus_waited() {
  prometheus_points |
    sed -n 's|^collectd_taskstats_total_time_in_ms_total/hogs/delay-cpu ||p'
}

influx_waited() {
  influx_points testhost | sed -n 's|^hogs/total_time_in_ms-delay-cpu:value ||p'
}

# stored_since TIME COMMAND: a newer value is stored.
stored_since() { "$2" | awk -v since="$1" '$1 > since * 1000 { found = 1 } END { exit !found }'; }

# assert_nothing_lost COMMAND: although values were missed, the increase over the run is
# the wait of two processes that share a CPU.
assert_nothing_lost() {
  local name increase waited

  await "the first value" stored_since 0 "$1"
  load_prefix=(taskset -c "$(a_cpu)")
  for name in "$me-one" "$me-two"; do
    start_load "$name" --wait --stay 100 burn 2500 0
  done
  go "$me-one"
  go "$me-two"
  await_done "$me-one"
  await_done "$me-two"
  settle hogs
  await "the last value" stored_since "$EPOCHREALTIME" "$1"

  "$1" | sort -n >"$work/stored"
  increase=$(awk 'NR == 1 { first = $2 } END { print $2 - first }' "$work/stored")
  waited=$(awk "BEGIN { print $(schedstat "${load_pid[@]}") * 1000 }")
  holds "$waited > 1000" || fail "they waited for $waited ms only"
  assert_near "$increase" "$waited" 0 1
  assert_near "$increase" "$waited" 1
  assert_no_complaints
}

# assert_missed SHARE: at least this share of the dispatched values is not stored.
assert_missed() {
  local dispatched stored

  dispatched=$(column hogs total_time_in_ms-delay-cpu | wc -l)
  stored=$(wc -l <"$work/stored")
  holds "$stored <= $dispatched * (1 - $1)" || fail "$stored of $dispatched are stored"
}

@test "counters: a Prometheus that fetches every third value" {
  scrape_port=$(free_port)
  scrape_interval=1500ms
  configure_hogs
  forward prometheus/collectd.conf 9103 "$scrape_port"
  start_collectd
  start_prometheus
  assert_nothing_lost prometheus_waited
  assert_missed 0.5
}

# start_lossy_link PORT: forwards half of the datagrams to InfluxDB, chosen at random.
start_lossy_link() {
  cat >"$server_dir/link.py" <<'PYTHON'
import random, socket, sys
lot = random.Random(4711)
link = socket.socket(type=socket.SOCK_DGRAM)
link.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    datagram = link.recv(65536)
    if lot.random() < 0.5:
        link.sendto(datagram, ("127.0.0.1", int(sys.argv[2])))
PYTHON
  start_server link /usr/bin/python3 "$server_dir/link.py" "$1" "$influx_udp"
  await "the lossy link" udp_is_bound "$1"
}

@test "counters: an InfluxDB for which half of the datagrams are lost" {
  start_influxdb
  link_port=$(free_port)
  start_lossy_link "$link_port"
  configure_hogs
  forward influxdb/collectd.conf 25826 "$link_port"
  start_collectd
  assert_nothing_lost influx_waited
  assert_missed 0.05
}
