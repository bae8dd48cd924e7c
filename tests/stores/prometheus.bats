#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Prometheus has what collectd dispatched.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

# in_prometheus_words: what was dispatched, by Prometheus's names. Of what has no
# plugin instance, write_prometheus makes the type instance that label.
in_prometheus_words() {
  dispatched testhost | awk '
    BEGIN {
      split("delay_rate latency ps_count ps_rss ps_vm ps_data ps_code file_handles uptime count duration", list, " ")
      for (i in list) gauge[list[i]]
    }
    {
      split($1, part, ":")
      at = index(part[1], "/")
      type = instance = substr(part[1], at + 1)
      sub(/-.*/, "", type)
      if (!sub(/^[^-]*-/, "", instance)) instance = ""
      source = part[2] == "value" ? "" : "_" part[2]
      name = "collectd_taskstats_" type source (type in gauge ? "" : "_total")
      group = substr(part[1], 1, at - 1)
      labels = group == "" ? instance "/" : group "/" instance
      print name "/" labels, $2, $3
    }'
}

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
