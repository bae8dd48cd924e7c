#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# VictoriaMetrics has what collectd dispatched, by the names that Prometheus has.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

has_points() { prometheus_points | grep -q .; }

@test "VictoriaMetrics: what it fetches is what was dispatched, of every metric" {
  interval=1
  scrape_port=$(free_port)
  configure_service </dev/null
  forward prometheus/collectd.conf 9103 "$scrape_port"
  start_collectd
  start_victoriametrics
  start_service
  await "the first values" has_points
  reads 5 service.one
  prometheus_points >"$work/stored"
  stop_collectd
  assert_no_complaints

  in_prometheus_words >"$work/dispatched"
  compare_points some "$work/stored" 1
}

@test "VictoriaMetrics: vmalert takes the rules of Prometheus" {
  vmalert -dryRun -rule="$CONTRIB/prometheus/taskstats-rules.yml"
}
