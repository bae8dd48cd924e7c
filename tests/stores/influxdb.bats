#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# InfluxDB stores what collectd dispatches.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

@test "InfluxDB: every value of every metric is stored as it was dispatched" {
  start_influxdb
  configure_service </dev/null
  forward influxdb/collectd.conf 25826 "$influx_udp"
  start_collectd
  start_service
  reads 8 service.one
  stop_collectd
  assert_no_complaints

  dispatched testhost >"$work/dispatched"
  await_tries=20 await "the last values" all_are_stored ||
    compare_points all "$work/stored" 1
}

all_are_stored() {
  influx_points testhost >"$work/stored"
  compare_points all "$work/stored" 1
}
