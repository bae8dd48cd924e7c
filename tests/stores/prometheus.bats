#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Prometheus has what collectd dispatched.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

has_points() { prometheus_points | grep -q .; }

@test "Prometheus: what it fetches is what was dispatched, of every metric" {
  interval=1
  scrape_port=$(free_port)
  configure_service </dev/null
  forward prometheus/collectd.conf 9103 "$scrape_port"
  start_collectd
  start_prometheus
  start_service
  # It looks for what to fetch five seconds after its start.
  await "the first values" has_points
  reads 5 service.one
  prometheus_points >"$work/stored"
  stop_collectd
  assert_no_complaints

  in_prometheus_words >"$work/dispatched"
  compare_points some "$work/stored" 1
  # Of the last seconds, all but what was on its way.
  assert_between "$(prometheus_query 'count_over_time(collectd_taskstats_ps_count_processes[1h])' |
    jq '.[0].value[1] | tonumber')" 4 8
}
