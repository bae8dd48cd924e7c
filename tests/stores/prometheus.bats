#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Prometheus stores what collectd dispatches.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

@test "Prometheus: what it fetches is what was dispatched, of every metric" {
  compare_fetched start_prometheus
  # All values of the last seconds, except those in transit.
  assert_between "$(prometheus_query 'count_over_time(collectd_taskstats_ps_count_processes[1h])' |
    jq '.[0].value[1] | tonumber')" 4 "$(column service.one ps_count processes | wc -l)"
}
