#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Many machines send to a central one, over a link that can be cut.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

hosts=(alpha beta gamma)

setup() {
  common_setup
  server_dir=$work/servers
  mkdir -p "$server_dir"
  space=taskstats-$me
  make_link
}

teardown() {
  local status=0 host

  for host in "${!server_pid[@]}"; do
    stop_server "$host"
  done
  common_teardown || status=1
  ip netns del "$space" 2>/dev/null || true
  if [[ -z ${BATS_TEST_COMPLETED:-} || $status -ne 0 ]]; then
    tail -n 15 "$work"/*.log "$server_dir"/*.log
  fi
  return "$status"
}

# The central machine is a network namespace. The other end of the link is in the
# initial namespace, since only that receives exit records.
make_link() {
  near=${me}a
  far=${me}b
  net=10.213.$((RANDOM % 250))
  ip netns add "$space"
  ip link add "$near" type veth peer name "$far" netns "$space"
  ip addr add "$net.1/24" dev "$near"
  ip link set "$near" up
  ip -n "$space" addr add "$net.2/24" dev "$far"
  ip -n "$space" link set "$far" up
  ip -n "$space" link set lo up
  server_prefix=(ip netns exec "$space")
}

# start_central: a collectd that forwards to the InfluxDB beside it.
start_central() {
  start_influxdb
  echo "fleet: right" >"$server_dir/users"
  cat >"$work/central.conf" <<CONF
Hostname "central"
FQDNLookup false
BaseDir "$work"
PIDFile "$work/central.pid"
TypesDB "$TYPES_DB"
LoadPlugin logfile
<Plugin logfile>
  File "$work/central.log"
</Plugin>
$(recipe fleet/server.conf 0.0.0.0 "$net.2" \
    /etc/collectd/fleet-users "$server_dir/users" 25827 "$influx_udp")
CONF
  start_server central "$COLLECTD" -f -C "$work/central.conf"
  await "the central collectd" udp_is_bound 25826
}

# start_host NAME PASSWORD: a machine of the fleet, with its own service.
start_host() {
  local conf=$work/$1.conf

  configure <<CONF
    CollectDelayLatency false
    <Group "shop">
      Command "$me-$1"
    </Group>
CONF
  forward fleet/client.conf collectd.example.org "$net.2" "change me" "$2"
  sed "s/\"testhost\"/\"$1\"/; s|collectd.pid|$1.pid|; s|collectd.log|$1.log|" \
    "$work/collectd.conf" >"$conf"
  server_prefix=()
  start_server "$1" "$COLLECTD" -f -C "$conf"
  server_prefix=(ip netns exec "$space")
}

# cpu_of HOST: sum of the stored user and system time. dispatched_cpu_of HOST: the same,
# as dispatched.
cpu_of() {
  influx "SELECT last(value) FROM taskstats_user, taskstats_syst
    WHERE host = '$1' AND instance = 'shop' AND type = 'ps_cputime'" |
    jq '[.results[].series[]?.values[0][1]] | add // 0'
}

dispatched_cpu_of() { cpu_rows "$1" | awk -F, 'END { print $2 + $3 }'; }

cpu_rows() { # HOST
  # shellcheck disable=SC2086 # the pattern is to be expanded
  cat "$work/csv/$1/taskstats-shop/ps_cputime"-$date_glob | grep '^[0-9]' |
    sort -t, -k1,1n
}

# Sum of the increments of one source, computed as in a dashboard.
increments_of() { # HOST
  influx "SELECT sum(d) FROM (SELECT non_negative_difference(value) AS d
    FROM taskstats_user WHERE host = '$1' AND instance = 'shop'
    AND type = 'ps_cputime')" | jq '.results[0].series[0].values[0][1]'
}

points_of() { # HOST
  influx "SELECT count(value) FROM taskstats_user WHERE host = '$1'" |
    jq '.results[0].series[0].values[0][1] // 0'
}

has_more_points() { (($(points_of "$1") > $2)); }

counters_arrived() { # the last counters of every host
  local host

  for host in "${hosts[@]}"; do
    [[ $(cpu_of "$host") -eq $(dispatched_cpu_of "$host") ]] || return 1
  done
}

@test "fleet: one query over all hosts, and a cut link loses no increment" {
  start_central
  for host in "${hosts[@]}"; do
    start_host "$host" right
    load_prefix=(taskset -c 0)
    start_load "$me-$host" --limit 90 burn 600000 2
  done
  for host in "${hosts[@]}"; do
    await "the values of $host" has_more_points "$host" 3
  done

  # One query for the delays of the service by host. Six threads share one CPU.
  influx "SELECT median(value) FROM taskstats_value WHERE type = 'delay_rate' AND
    type_instance = 'delay-cpu' AND instance = 'shop' GROUP BY host" |
    jq -r '.results[0].series[] | "\(.tags.host) \(.values[0][1])"' >"$work/delays"
  assert_equal "$(cut -d' ' -f1 "$work/delays" | tr '\n' ' ')" "alpha beta gamma "
  while read -r host delay; do
    assert_between "$delay" 0.8 3
  done <"$work/delays"

  ip -n "$space" link set "$far" down
  sleep 3 # InfluxDB writes what it has got within a second
  points=$(points_of alpha)
  before=$(cpu_of alpha)
  sleep 3
  assert_equal "$(points_of alpha)" "$points" "points while the link was cut"
  ip -n "$space" link set "$far" up
  for host in "${hosts[@]}"; do
    await "$host to be back" has_more_points "$host" "$points"
    stop_load "$me-$host"
  done
  await "the last counters" counters_arrived

  # The cut lost points, but nothing of the sums.
  assert_between "$(cpu_of alpha)" "$((before + 500000))" 1e9
  for host in "${hosts[@]}"; do
    dispatched=$(cpu_rows "$host" | awk -F, 'END { print $2 }')
    first=$(influx "SELECT first(value) FROM taskstats_user
      WHERE host = '$host' AND instance = 'shop'" |
      jq '.results[0].series[0].values[0][1]')
    assert_equal "$(increments_of "$host")" "$((dispatched - first))"
    holds "$(points_of "$host") < $(cpu_rows "$host" | wc -l)" || fail "nothing was cut"
  done
}

@test "fleet: who has the wrong password is not heard" {
  start_central
  start_host alpha right
  start_host beta wrong
  await "the values of alpha" has_more_points alpha 5
  assert_equal "$(points_of beta)" 0
}
