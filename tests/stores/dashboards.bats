#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The query of each panel, with Grafana's variables filled in, asked of the real
# server: it gives the series that the panel promises.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

# queries FILE FIELD: "panel id TAB query" of each, as Grafana would send it.
queries() {
  jq -r --arg field "$2" \
    '.panels[] | .id as $id | .targets[] | "\($id)\t\(.[$field])"' \
    "$CONTRIB/grafana/$1" |
    sed "s/\\\$host/testhost/g; s/\\\$group/service.one/g
      s/\\\$timeFilter/time > now() - 5m/g; s/\\\$__interval/2s/g
      s/\\\$__rate_interval/10s/g"
}

# Panel id: how many series, for one group on one host.
promised() {
  case $1 in
  1) delay_kinds | wc -l ;;
  2) echo "$2" ;;
  3 | 4 | 6 | 7 | 9) echo 2 ;;
  5) echo 3 ;;
  8) echo 1 ;;
  *) fail "panel $1: nothing is known of it" ;;
  esac
}

# assert_panels CPU_SERIES: "panel series points" lines come from standard input.
assert_panels() {
  local sums id series status=0

  sums=$(awk '{ series[$1] += $2; if ($3 < 1) bad[$1] = 1 }
    END { for (id in series) print id, (id in bad) ? "empty" : series[id] }')
  assert_equal "$(wc -l <<<"$sums")" 9 "panels"
  while read -r id series; do
    assert_equal "$series" "$(promised "$id" "$1")" "panel $id's series" || status=1
  done <<<"$sums"
  return "$status"
}

ask_influx() { # QUERY: "series points"
  influx "$1" | jq -r '[.results[].series[]?] |
    "\(length) \([.[].values | length] | min // 0)"'
}

ask_prometheus() { # QUERY
  prometheus_query "$1" | jq -r '"\(length) \([.[] | select(.value[1] != "NaN")] | length)"'
}

dashboard_configure() {
  interval=1
  configure <<CONF
    <Group "service.one">
      Command "$me-one" "$me-two"
    </Group>
    <Group "other">
      Command "$me-other"
    </Group>
CONF
}

@test "dashboards: each panel of InfluxDB's gives its series" {
  start_influxdb
  dashboard_configure
  forward influxdb/collectd.conf 25826 "$influx_udp"
  start_collectd
  start_service
  reads 6 service.one
  queries influxdb.json query | while IFS=$'\t' read -r id query; do
    echo "$id $(ask_influx "$query")"
  done >"$work/panels"
  assert_panels 2 <"$work/panels" || fail "$(cat "$work/panels")"

  # What it is all about: the two share a CPU, and so wait.
  waited=$(influx "$(queries influxdb.json query | sed -n '1s/.*\t//p')" |
    jq '[.results[0].series[] | select(.tags.type_instance == "delay-cpu").values[-2][1]] | first')
  assert_between "$waited" 0.5 4
  for variable in 1 2; do
    influx "$(jq -r ".templating.list[$variable].query" "$CONTRIB/grafana/influxdb.json" |
      sed "s/\\\$host/testhost/")" | jq -e '.results[0].series[0].values | length > 0'
  done
}

has_rates() { [[ $(ask_prometheus 'rate(collectd_taskstats_ps_cputime_user_total[10s])') == "2 2" ]]; }

@test "dashboards: each panel of Prometheus's gives its series" {
  scrape_port=$(free_port)
  dashboard_configure
  forward prometheus/collectd.conf 9103 "$scrape_port"
  start_collectd
  start_prometheus
  start_service
  await "two values of each" has_rates
  reads 3 service.one
  queries prometheus.json expr | while IFS=$'\t' read -r id query; do
    echo "$id $(ask_prometheus "$query")"
  done >"$work/panels"
  assert_panels 1 <"$work/panels" || fail "$(cat "$work/panels")"

  waited=$(prometheus_query "$(queries prometheus.json expr | sed -n '1s/.*\t//p')" |
    jq -r '.[] | select(.metric.kind == "cpu").value[1]')
  assert_between "$waited" 0.5 4
}
