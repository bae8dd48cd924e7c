#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# VictoriaMetrics stores what collectd dispatches, under the same names as Prometheus.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

@test "VictoriaMetrics: what it fetches is what was dispatched, of every metric" {
  compare_fetched start_victoriametrics
}

@test "VictoriaMetrics: vmalert takes the rules of Prometheus" {
  vmalert -dryRun -rule="$CONTRIB/prometheus/taskstats-rules.yml"
}
