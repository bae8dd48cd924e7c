#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Graphite stores what collectd dispatches.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

# in_graphites_words: what was dispatched, under Graphite's names.
in_graphites_words() {
  dispatched testhost | awk '{
    split($1, part, ":")
    at = index(part[1], "/")
    group = substr(part[1], 1, at - 1)
    type = substr(part[1], at + 1)
    gsub(/\./, "_", group)
    name = "collectd.testhost.taskstats" (group == "" ? "" : "-" group) "." type
    if (part[2] != "value" && part[2] != "seconds") name = name "." part[2]
    print name, $2, $3
  }'
}

# Graphite's resolution is a second; it keeps the last value of each. collectd rounds
# the times that it sends: now and then differently than csv's, which are rounded already.
in_seconds() {
  awk '{ $2 = int($2 / 1000 + 0.5) } { last[$1 " " $2] = $3 }
    END { for (key in last) print key, last[key] }'
}

@test "Graphite: every value of every metric is read back as it was dispatched" {
  interval=1
  start_graphite
  configure_service </dev/null
  forward graphite/collectd.conf 2003 "$carbon_port"
  start_collectd
  begin=$(date +%s)
  start_service
  reads 5 service.one
  stop_collectd
  assert_no_complaints

  in_graphites_words | in_seconds >"$work/dispatched"
  await_tries=20 await "the last values" all_are_stored ||
    compare_points all "$work/stored" 1
}

all_are_stored() {
  graphite_points "$((begin - 5))" >"$work/stored"
  compare_points all "$work/stored" 1
}
