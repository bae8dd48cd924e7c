#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The query of each panel, with Grafana's variables filled in, returns the expected
# series from the real server.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

# queries FILE FIELD: "id TAB query" of each panel, as Grafana would send it.
queries() {
  jq -r --arg field "$2" \
    '.panels[] | .id as $id | .targets[] | "\($id)\t\(.[$field])"' \
    "$CONTRIB/grafana/$1" |
    sed "s/\\\$host/testhost/g; s/\\\$group/service.one/g
      s/\\\$timeFilter/time > now() - 5m/g; s/\\\$__interval/2s/g
      s/\\\$__rate_interval/10s/g"
}

# promised ID CPU_SERIES: number of series of a panel, for one group on one host.
promised() {
  case $1 in
  1) delay_kinds | wc -l ;;
  2) echo "$2" ;;
  3 | 4 | 6 | 7 | 9) echo 2 ;;
  5) identities service.one | grep -c '^total_events-exit-' ;;
  8) echo 1 ;;
  *) fail "panel $1: nothing is known of it" ;;
  esac
}

# assert_panels CPU_SERIES: standard input has lines "panel series points".
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

  # The purpose of the dashboard: the two share a CPU, and therefore wait.
  waited=$(influx "$(queries influxdb.json query | sed -n '1s/.*\t//p')" |
    jq '[.results[0].series[] | select(.tags.type_instance == "delay-cpu").values[-2][1]] | first')
  assert_between "$waited" 0.5 4
  for variable in 1 2; do
    influx "$(jq -r ".templating.list[$variable].query" "$CONTRIB/grafana/influxdb.json" |
      sed "s/\\\$host/testhost/")" | jq -e '.results[0].series[0].values | length > 0'
  done
}

has_rates() { [[ $(ask_prometheus 'rate(collectd_taskstats_ps_cputime_user_total[10s])') == "2 2" ]]; }

# assert_panels_of START: for a server with Prometheus's query API.
assert_panels_of() {
  scrape_port=$(free_port)
  dashboard_configure
  forward prometheus/collectd.conf 9103 "$scrape_port"
  start_collectd
  "$1"
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

@test "dashboards: each panel of Prometheus's gives its series" {
  assert_panels_of start_prometheus
}

@test "dashboards: each panel of Prometheus's gives its series with VictoriaMetrics" {
  assert_panels_of start_victoriametrics
}

# imported FILE: the result of an import into Grafana, with all __inputs filled in.
imported() {
  jq '[.__inputs[] | {("${" + .name + "}"): ("given-" + .pluginId)}] | add as $given |
    input | walk(if type == "string" and $given[.] then $given[.] else . end) |
    del(.__inputs, .__elements, .__requires)' "$1" "$1"
}

@test "dashboards: each can be imported, and asks for its store" {
  for dashboard in "$CONTRIB"/grafana/*.json; do
    store=$(basename "$dashboard" .json)
    jq -e --arg store "$store" '
      ([.__inputs[] | .type, .pluginId] == ["datasource", $store]) and
      any(.__requires[]; .type == "datasource" and .id == $store) and
      ([.__requires[] | select(.type == "panel").id] == ([.panels[].type] | unique))' \
      "$dashboard"
    imported "$dashboard" >"$work/imported"
    ! grep -F "\${DS_" "$work/imported" || fail "$store: not asked for"
    # All use the data source of the variable, which is the one that was given.
    jq -e --arg store "$store" '
      .templating.list[0] as $variable |
      $variable.type == "datasource" and $variable.query == $store and
      $variable.current.value == ("given-" + $store) and
      ([.. | objects | select(has("datasource")).datasource] | length > 20 and
        all(. == {type: $store, uid: ("${" + $variable.name + "}")}))' "$work/imported"
    # Panels have different ids and do not overlap.
    jq -e '.panels | length == 9 and (map(.id) | unique | length == 9) and
      ([.[].gridPos | range(.x; .x + .w) as $x | range(.y; .y + .h) as $y | [$x, $y]] |
        length == (unique | length) and all(.[0] < 24))' "$work/imported"
  done
}

# install_schema: installs Grafana's types, and the compiler that checks them, into
# build/. This needs npm and its registry, unlike all other tests.
schema=$TASKSTATS_BUILD/grafana-schema
install_schema() {
  [[ ! -e $schema/complete ]] || return 0
  type -P node npm >/dev/null || skip "no npm, which has Grafana's schema"
  mkdir -p "$schema"
  timeout 120 npm install --prefix "$schema" --ignore-scripts --no-audit --no-fund --no-save \
    --fetch-retries=1 --fetch-retry-mintimeout=2000 --fetch-retry-maxtimeout=2000 \
    @grafana/schema@13.2.3 typescript@5.9.3 >"$work/npm.log" 2>&1 ||
    skip "npm does not get Grafana's schema: $(grep -m1 'npm error' "$work/npm.log")"
  touch "$schema/complete"
}

# typescript NAME: a program that compiles if standard input fits the schema. In a file,
# the members of an enumeration are their values. Keys that the schema lacks are errors,
# also in a time series panel.
typescript() {
  cat >"$schema/$1.ts" <<TYPESCRIPT
import type { Dashboard, FieldConfigSource, GraphFieldConfig, Panel } from '@grafana/schema';
import type { Options } from
  '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
type InFile<T> = T extends string ? \`\${T}\`
  : T extends object ? { [K in keyof T]: InFile<T[K]> } : T;
type Fields = Omit<FieldConfigSource, 'defaults'> & {
  defaults: Omit<FieldConfigSource['defaults'], 'custom'> & { custom: GraphFieldConfig } };
type TimeSeries = Omit<Panel, 'type' | 'options' | 'fieldConfig'> & {
  type: 'timeseries'; options: Options; fieldConfig: Fields };
type Ours = Omit<Dashboard, 'panels'> & { panels: TimeSeries[] };
export const dashboard: InFile<Ours> = $(cat);
TYPESCRIPT
}

# misfits NAME...: the compiler's errors for these programs.
misfits() {
  "$schema/node_modules/.bin/tsc" --strict --noEmit --skipLibCheck --pretty false \
    --target es2022 --module esnext --moduleResolution bundler "${@/%/.ts}"
}

@test "dashboards: they fit Grafana's schema" {
  install_schema
  cd "$schema"
  for dashboard in "$CONTRIB"/grafana/*.json; do
    imported "$dashboard" >"$work/imported"
    typescript "$(basename "$dashboard" .json)" <"$work/imported"
  done
  misfits influxdb prometheus

  # Errors are found: a wrong word, type or key, and a missing key.
  wrong=('.panels[0].options.tooltip.mode = "several"' '.panels[0].gridPos.w = "12"'
    '.panels[0].fieldConfig.defaults.custom.linewidth = 1' '.panelz = []'
    'del(.panels[0].options.legend.showLegend)' '.templating.list[1].refresh = "2"')
  for i in "${!wrong[@]}"; do
    jq "${wrong[i]}" "$work/imported" | typescript "wrong$i"
  done
  run ! misfits wrong{0..5}
  for i in {0..5}; do
    grep -q "^wrong$i\.ts" <<<"$output" || fail "not found: ${wrong[i]}"
  done
}
