#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Each alarm is raised for its purpose, in collectd and in Prometheus; an idle machine
# raises none.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

# memory_group BYTES: creates a cgroup with this memory limit, in $cgroup.
memory_group() {
  local limit=memory.max

  cgroup=/sys/fs/cgroup/$me
  if [[ -d /sys/fs/cgroup/memory ]]; then
    cgroup=/sys/fs/cgroup/memory/$me
    limit=memory.limit_in_bytes
  else
    echo +memory >/sys/fs/cgroup/cgroup.subtree_control
  fi
  mkdir "$cgroup" || skip "no memory controller"
  remove_at_end "$cgroup"
  echo "$1" >"$cgroup/$limit"
}

# Its file is larger than its memory, so it reads pages that were evicted before.
start_thrashing() {
  memory_group 16M
  dd if=/dev/urandom of="$disk/thrash" bs=1M count=22 conv=fsync status=none
  # Cached pages are charged to the process that wrote them, which has no limit.
  dd of="$disk/thrash" oflag=nocache conv=notrunc,fdatasync count=0 status=none
  # shellcheck disable=SC2016 # the inner shell's
  load_prefix=(bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$cgroup")
  start_load "$me-thrash" --limit 90 --rounds 1000000 \
    read "$disk/thrash" 23068672 5632
  load_prefix=()
}

# Four threads on one CPU: three wait at any time.
start_starving() {
  load_prefix=(taskset -c 0)
  start_load "$me-starved" --limit 90 burn 600000 4
  load_prefix=()
}

start_stuck() {
  local i

  dd if=/dev/urandom of="$disk/direct" bs=1M count=16 conv=fsync status=none
  # Many, since each also waits for a CPU between its reads.
  for i in {1..12}; do
    ln -sf "$LOAD" "$work/stuck$i"
    start_server "stuck$i" "$work/stuck$i" --name "$me-stuck" --limit 90 \
      direct "$disk/direct" 4096 60000
  done
}

configure_groups() {
  local kind

  configure <<CONF
$(for kind in starved stuck thrash crash calm; do
    echo "<Group \"$kind\">"
    echo "  Command \"$me-$kind\""
    echo "</Group>"
  done)
<Group "web">
  Command "$me-web"
</Group>
<Group "%{comm}">
  Command "$me-brief"
</Group>
CONF
  forward thresholds.conf
  forward prometheus/collectd.conf 9103 "$scrape_port"
}

# Minutes in production are seconds here.
start_everything() {
  interval=1
  scrape_port=$(free_port)
  configure_groups
  start_load "$me-web" --stay 90 idle
  start_load "$me-calm" --stay 90 idle
  start_collectd
  start_prometheus
}

# alarm GROUP PATTERN: lines of collectd's alarm.
alarm() {
  grep -E "Notification: severity = (WARNING|FAILURE)" "$work/collectd.log" |
    grep -F "plugin_instance = $1," | grep -E -- "$2"
}

# firing: Prometheus's alarms, as "name group".
firing() {
  prometheus_query 'ALERTS{alertstate="firing"}' |
    jq -r '.[].metric | "\(.alertname) \(.taskstats // .instance)"' | sort -u
}

fires() { firing | grep -qx "$1"; }

raised() { # GROUP PATTERN RULE
  await "collectd's alarm of $1" alarm "$1" "$2"
  await "Prometheus's alarm of $1" fires "$3 $1"
}

@test "alarms: the rules are valid, and do as they say" {
  promtool check rules "$CONTRIB/prometheus/taskstats-rules.yml"
  promtool check config --syntax-only "$CONTRIB/prometheus/prometheus.yml"
  cp "$CONTRIB/prometheus/taskstats-rules.yml" "$work"
  cp "$BATS_TEST_DIRNAME/rules-test.yml" "$work"
  promtool test rules "$work/rules-test.yml"
}

@test "alarms: a service starved, stuck, thrashing, crashed, dead" {
  disk_dir
  start_everything
  start_starving
  start_stuck
  start_thrashing
  start_load "$me-crash" --stay 90 idle
  await "the first fetch" prometheus_knows_of crash
  reads 2 crash
  kill -SEGV "${load_pid[$me-crash]}"
  raised crash "type_instance = exit-signal" TaskstatsCrashed
  stop_load "$me-web"
  raised web "type = ps_count" TaskstatsDead
  raised starved "type_instance = delay-cpu" TaskstatsStarvedOfCPU
  raised stuck "type_instance = delay-blkio" TaskstatsStuckOnDisk
  raised thrash "type_instance = delay-(thrashing|swapin|freepages)" TaskstatsThrashing

  # Healthy groups raise no alarm, and alarms end with their cause.
  [[ -z $(alarm calm .) ]] || fail "$(alarm calm .)"
  [[ $(firing) != *" calm"* ]] || fail "$(firing)"
  stop_load "$me-starved"
  await "the end of the alarm" grep -E \
    "severity = OKAY.*plugin_instance = starved,.*delay-cpu" "$work/collectd.log"
  await "the end of Prometheus's alarm" no_longer_fires "TaskstatsStarvedOfCPU starved"
}

no_longer_fires() { ! fires "$1"; }

prometheus_knows_of() { prometheus_points | grep -q "/$1/"; }

@test "alarms: none on an idle machine, not even when a group is forgotten" {
  start_everything
  start_load "$me-brief" --stay 8 idle
  await "the brief one's values" prometheus_knows_of "$me-brief"
  reads 10 web
  reads 10 web
  has_members "$me-brief" 0 || fail "$me-brief is still there"
  # collectd notifies once for each value that it is okay.
  ! grep -E "Notification: severity = [WF]" "$work/collectd.log" || fail "an alarm"
  assert_equal "$(firing)" ""
  # The rules are evaluated without errors.
  ask "http://127.0.0.1:$prometheus_port/api/v1/rules" |
    jq -e --argjson count "$(grep -cE '^ +- (alert|record):' "$server_dir/taskstats-rules.yml")" \
      '[.data.groups[].rules[].health] | length == $count and all(. == "ok")'
}
