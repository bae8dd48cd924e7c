#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Real stores accept all process names: none is rejected, changed or confused with
# another, and none prevents other values from being stored.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

# Names that the kernel allows, except those with "/". It truncates the long ones in the
# middle of a character.
# shellcheck disable=SC2016 # none is to be expanded
names=(plain 'a b' 'dot.ted' 'semi;colon=1' 'com,ma' '{braces}' '%{pid}' '$HOME' '~' '#hash'
  'quo"te' "apo'strophe" 'back\slash' 'käse' $'new\nline' $'tab\tulator'
  $'\e[31mred' $'\xff\xfe' 'x日本語サービス' 'metric{a="b"} 1' $'# HELP x\n'
  # Unicode spaces and line separators, bidirectional control characters.
  $'no-break\xc2\xa0b' $'ogham\xe1\x9a\x80b' $'en\xe2\x80\x82b' $'hair\xe2\x80\x8ab' $'narrow\xe2\x80\xafb'
  $'math\xe2\x81\x9fb' $'ideo\xe3\x80\x80b' $'nel\xc2\x85b' $'line\xe2\x80\xa8b' $'para\xe2\x80\xa9b'
  $'alm\xd8\x9cb' $'old\xe2\x81\xaab' $'non\xef\xb7\x90b')

# start_names: a process for each name, in a separate group.
start_names() {
  local name

  mkdir -p "$work/bin"
  for name in "${names[@]}"; do
    ln -s "$LOAD" "$work/bin/$name"
    in_background "$name" "$work/bin/$name" --stay 100 idle >/dev/null
  done
}

configure_names() {
  interval=1
  configure <<CONF
    <Group "%{comm}">
      CommandLine "^$work/bin/"
    </Group>
CONF
}

has_all_groups() { (($(group_names | wc -l) == ${#names[@]})); }

# has_same FILE COMMAND...: COMMAND prints exactly the groups' names.
has_same() {
  "${@:2}" | sort -u >"$1"
  diff -u --label dispatched <(group_names | sort -u) --label stored "$1" >"$1.diff"
}

assert_same() {
  await_tries=400 await "all names" has_same "$work/stored" "$@" || {
    cat "$work/stored.diff"
    return 1
  }
}

@test "names: Prometheus takes them all" {
  scrape_port=$(free_port)
  configure_names
  forward prometheus/collectd.conf 9103 "$scrape_port"
  start_collectd
  start_prometheus
  start_names
  await "a group for each name" has_all_groups
  assert_same prometheus_names
  await "a scrape without errors" is_up
  assert_no_complaints
}

is_up() { [[ $(prometheus_query 'up{job="collectd"}' | jq -r '.[0].value[1]') == 1 ]]; }

prometheus_names() {
  prometheus_query 'collectd_taskstats_ps_count_processes{taskstats!=""}' |
    jq -r '.[].metric.taskstats'
}

@test "names: InfluxDB takes them all" {
  start_influxdb
  configure_names
  forward influxdb/collectd.conf 25826 "$influx_udp"
  start_collectd
  start_names
  await "a group for each name" has_all_groups
  assert_same influx_names
  assert_no_complaints
}

influx_names() {
  influx 'SHOW TAG VALUES FROM taskstats_processes WITH KEY = instance' |
    jq -r '.results[].series[].values[][1]'
}

# A dot in a path would start another component, and a space would end the path.
# write_graphite replaces these, and what its protocol treats specially, with "_".
@test "names: Graphite takes them all" {
  start_graphite
  configure_names
  forward graphite/collectd.conf 2003 "$carbon_port"
  start_collectd
  start_names
  await "a group for each name" has_all_groups
  await_tries=400 await "all names" has_all_paths || {
    graphite_paths
    return 1
  }
  assert_no_complaints
}

graphite_paths() {
  find "$carbon_dir/whisper/collectd/testhost" -mindepth 1 -maxdepth 1 \
    -name 'taskstats-*' -printf '%f\n'
}

has_all_paths() { (($(graphite_paths | wc -l) == ${#names[@]})); }
