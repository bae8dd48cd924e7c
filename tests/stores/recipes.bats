#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Each recipe for collectd loads as it stands, and each dashboard is JSON.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

@test "recipes: each loads as it stands, and nothing is complained of" {
  echo "fleet: change me" >"$work/users"
  for recipe in thresholds.conf {influxdb,graphite,prometheus}/collectd.conf \
    fleet/{client,server}.conf; do
    recipe "$recipe" /etc/collectd/fleet-users "$work/users" >"$work/recipe.conf"
    run -0 "$COLLECTD" -T -C "$work/recipe.conf"
    # write_graphite connects even then, and there is no server.
    ! grep -v 'Connecting to' <<<"$output" | grep -iE 'error|unknown|ignored|failed' ||
      fail "$recipe"
  done
  for dashboard in "$CONTRIB"/grafana/*.json; do
    jq -e '.panels | length == 9' "$dashboard"
  done
}
