# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The servers that receive values: real ones on loopback, with separate ports and
# directories; and the recipes of contrib/, adapted to those ports.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

CONTRIB=$TASKSTATS_TESTS/../contrib
GRAPHITE_MANAGE=/usr/bin/graphite-manage

# The servers' directory for configuration, data and logs.
server_dir=
declare -gA server_pid=()
server_prefix=()

setup() {
  common_setup
  server_dir=$work/servers
  mkdir -p "$server_dir"
}

teardown() {
  local status=0

  common_teardown || status=1
  stop_servers
  if [[ -z ${BATS_TEST_COMPLETED:-} || $status -ne 0 ]]; then
    tail -n 15 "$server_dir"/*.log 2>/dev/null || true
  fi
  return "$status"
}

# --- servers ---

# free_port: a port that neither TCP nor UDP uses, outside the kernel's ephemeral range,
# and different from those of suites that run at the same time.
free_port() {
  local port file=$TASKSTATS_BUILD/tests/next_port claim

  exec {claim}<>"$file"
  flock "$claim"
  read -r port <"$file" || port=$((20000 + RANDOM % 12000))
  while [[ -n $(ss -Hlntu "sport = :$port") ]]; do
    port=$((20000 + (port - 19999) % 12000))
  done
  echo $((20000 + (port - 19999) % 12000)) >"$file"
  exec {claim}>&-
  echo "$port"
}

# start_server NAME COMMAND...
start_server() {
  local name=$1
  shift

  "${server_prefix[@]}" "$@" >>"$server_dir/$name.log" 2>&1 3>&- {lock}>&- &
  server_pid[$name]=$!
}

stop_server() {
  local pid=${server_pid[$1]}

  unset "server_pid[$1]"
  is_running "$pid" || return 0
  kill -CONT "$pid" 2>/dev/null || true
  kill "$pid" 2>/dev/null || true
  # InfluxDB sometimes hangs while it closes its listeners.
  if ! await_tries=40 await "the end of $1" is_gone "$pid" 2>/dev/null; then
    kill -KILL "$pid"
  fi
  wait "$pid" 2>/dev/null || true
}

stop_servers() {
  local name

  for name in "${!server_pid[@]}"; do
    stop_server "$name"
  done
}

# ask URL [OPTION...]: sends a GET request, with the options' data in the URL.
ask() { "${server_prefix[@]}" curl -sfG --max-time 10 "$@"; }

# recipe FILE [OLD NEW]...: the file in contrib/, with each OLD replaced by NEW, such as
# ports.
recipe() {
  local file=$1 script=
  shift

  while (($# > 0)); do
    script+="s|$1|$2|g;"
    shift 2
  done
  sed "$script" "$CONTRIB/$file"
}

# forward FILE [OLD NEW]...: collectd sends values as in the recipe.
forward() {
  {
    echo "PluginDir \"$COLLECTD_PLUGINS\""
    recipe "$@"
  } >>"$work/collectd.conf"
}

# InfluxDB

configure_influxdb() {
  influx_dir=${influx_dir:-$server_dir/influx}
  influx_port=$(free_port)
  influx_udp=$(free_port)
  mkdir -p "$influx_dir"
  {
    cat <<CONF
reporting-disabled = true
bind-address = "127.0.0.1:$(free_port)"
[meta]
  dir = "$influx_dir/meta"
[data]
  dir = "$influx_dir/data"
  wal-dir = "$influx_dir/wal"
[http]
  bind-address = "127.0.0.1:$influx_port"
  log-enabled = false
CONF
    recipe influxdb/influxdb.conf 25826 "$influx_udp"
  } >"$server_dir/influxdb.conf"
}

# start_influxdb: starts or restarts it. Its collectd listener is at $influx_udp.
start_influxdb() {
  [[ -e $server_dir/influxdb.conf ]] || configure_influxdb
  start_server influxdb influxd -config "$server_dir/influxdb.conf"
  await "InfluxDB" ask "http://127.0.0.1:$influx_port/ping"
  await "InfluxDB's collectd listener" udp_is_bound "$influx_udp"
}

udp_is_bound() { [[ -n $("${server_prefix[@]}" ss -Hlnu "sport = :$1") ]]; }

# influx QUERY: the answer as JSON, with times in milliseconds.
influx() {
  ask "http://127.0.0.1:$influx_port/query" --data-urlencode db=collectd \
    --data-urlencode epoch=ms --data-urlencode "q=$1"
}

# influx_points HOST: "identity:source ms value" of all of the plugin's values.
influx_points() {
  local source

  for source in value user syst rx tx read write processes threads minflt majflt seconds; do
    influx "SELECT * FROM taskstats_$source WHERE host = '$1'" |
      jq -r --arg source "$source" '
        .results[].series[]? | .columns as $columns | .values[] |
        [$columns, .] | transpose | map({(.[0]): .[1]}) | add |
        "\(.instance // "")/\(.type)\(.type_instance |
          if . then "-" + . else "" end):\($source) \(.time) \(.value)"'
  done
}

# Graphite

configure_carbon() {
  carbon_dir=$server_dir/carbon
  carbon_port=$(free_port)
  cache_port=$(free_port)
  mkdir -p "$carbon_dir/whisper"
  cat >"$server_dir/carbon.conf" <<CONF
[cache]
STORAGE_DIR = $carbon_dir
LOCAL_DATA_DIR = $carbon_dir/whisper
CONF_DIR = $server_dir
LOG_DIR = $server_dir
PID_DIR = $server_dir
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = $carbon_port
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = 0
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = $cache_port
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = 5000
CARBON_METRIC_INTERVAL = 0
CONF
  recipe graphite/storage-schemas.conf 10s:1d 1s:1d \
    >"$server_dir/storage-schemas.conf"
  recipe graphite/storage-aggregation.conf \
    >"$server_dir/storage-aggregation.conf"
}

# start_carbon: starts or restarts it.
start_carbon() {
  [[ -e $server_dir/carbon.conf ]] || configure_carbon
  start_server carbon carbon-cache --config="$server_dir/carbon.conf" \
    --nodaemon --pidfile="$server_dir/carbon.pid" start
  await "carbon-cache" tcp_is_bound "$carbon_port"
  await "carbon-cache's queries" tcp_is_bound "$cache_port"
}

tcp_is_bound() { [[ -n $("${server_prefix[@]}" ss -Hlnt "sport = :$1") ]]; }

start_graphite() {
  start_carbon
  web_port=$(free_port)
  cat >"$server_dir/graphite_settings.py" <<CONF
SECRET_KEY = "a test's"
TIME_ZONE = "UTC"
CONF_DIR = "$server_dir"
STORAGE_DIR = "$carbon_dir"
WHISPER_DIR = "$carbon_dir/whisper"
LOG_DIR = "$server_dir"
INDEX_FILE = "$server_dir/index"
CARBONLINK_HOSTS = ["127.0.0.1:$cache_port"]
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": {"NAME": "$server_dir/graphite.db",
                         "ENGINE": "django.db.backends.sqlite3"}}
CONF
  export PYTHONPATH=$server_dir GRAPHITE_SETTINGS_MODULE=graphite_settings
  "$GRAPHITE_MANAGE" migrate --run-syncdb >"$server_dir/migrate.log" 2>&1
  start_server graphite-web "$GRAPHITE_MANAGE" runserver --noreload \
    "127.0.0.1:$web_port"
  await "graphite-web" ask "http://127.0.0.1:$web_port/metrics/index.json"
}

# graphite TARGET FROM: the answer as JSON.
graphite() {
  ask "http://127.0.0.1:$web_port/render" --data-urlencode "target=$1" \
    --data-urlencode "from=$2" --data-urlencode format=json \
    --data-urlencode noCache=true
}

# graphite_points FROM: "name s value"
graphite_points() {
  {
    graphite 'collectd.testhost.*.*' "$1"
    graphite 'collectd.testhost.*.*.*' "$1"
  } | jq -r '.[] | .target as $name | .datapoints[] | select(.[0] != null) |
    "\($name) \(.[1]) \(.[0])"'
}

# Prometheus

# start_prometheus: scrapes $scrape_port every second, or every $scrape_interval.
# Appends $more_configuration to its configuration.
start_prometheus() {
  : "${scrape_port:?}"
  {
    recipe prometheus/prometheus.yml 9103 "$scrape_port" 10s "${scrape_interval:-1s}"
    echo "${more_configuration:-}"
  } >"$server_dir/prometheus.yml"
  recipe prometheus/taskstats-rules.yml "for: 1m" "for: 6s" "for: 20s" "for: 2s" \
    '\[1m]' '[6s]' >"$server_dir/taskstats-rules.yml"
  run_prometheus
}

# run_prometheus: runs it with the configuration in $server_dir.
run_prometheus() {
  prometheus_port=$(free_port)
  start_server prometheus prometheus --config.file="$server_dir/prometheus.yml" \
    --storage.tsdb.path="$server_dir/tsdb" \
    --web.listen-address="127.0.0.1:$prometheus_port"
  await "Prometheus" ask "http://127.0.0.1:$prometheus_port/-/ready"
}

# prometheus_query QUERY: the result as JSON.
prometheus_query() {
  ask "http://127.0.0.1:$prometheus_port/api/v1/query" \
    --data-urlencode "query=$1" | jq -c .data.result
}

# prometheus_points: "metric{labels} ms value" for the last hour.
prometheus_points() {
  prometheus_query '{__name__=~"collectd_taskstats_.*"}[1h]' | jq -r '
    .[] | .metric as $m | .values[] |
    select(.[1] != "NaN") |
    "\($m.__name__)/\($m.taskstats // "")/\($m.type // "") \(.[0] * 1000 | round) \(.[1])"'
}

has_prometheus_points() { prometheus_points | grep -q .; }

# compare_fetched START: what the server that START runs scrapes from collectd is what
# was dispatched, for every metric.
compare_fetched() {
  interval=1
  scrape_port=$(free_port)
  configure_service </dev/null
  forward prometheus/collectd.conf 9103 "$scrape_port"
  start_collectd
  "$1"
  start_service
  # Some servers discover their targets only five seconds after their start.
  await "the first values" has_prometheus_points
  reads 5 service.one
  prometheus_points >"$work/stored"
  stop_collectd
  assert_no_complaints

  in_prometheus_words >"$work/dispatched"
  compare_points some "$work/stored" 1
}

# in_prometheus_words: what was dispatched, under Prometheus's names. Without a plugin
# instance, write_prometheus uses the type instance for that label.
in_prometheus_words() {
  dispatched testhost | awk '
    BEGIN {
      split("delay_rate latency ps_count ps_rss ps_vm ps_data ps_code file_handles uptime" \
        " count duration", list, " ")
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

# VictoriaMetrics, which has the same query API as Prometheus

# start_victoriametrics: as start_prometheus; the same functions query it.
start_victoriametrics() {
  : "${scrape_port:?}"
  prometheus_port=$(free_port)
  recipe victoriametrics/scrape.yml 9103 "$scrape_port" 10s "${scrape_interval:-1s}" >"$server_dir/scrape.yml"
  start_server victoria-metrics victoria-metrics \
    -promscrape.config="$server_dir/scrape.yml" \
    -storageDataPath="$server_dir/victoria" -search.latencyOffset=0s \
    -httpListenAddr="127.0.0.1:$prometheus_port"
  await "VictoriaMetrics" ask "http://127.0.0.1:$prometheus_port/health"
}

# --- what collectd dispatched ---

# dispatched HOST: "identity:source ms value" from csv's files, without NaN, which no
# store keeps.
dispatched() {
  local dir=$work/csv/$1

  find "$dir" -path '*/taskstats*' -type f | while read -r file; do
    awk -F, -v name="${file#"$dir/taskstats"}" '
      BEGIN { sub(/-[0-9]+-[0-9]+-[0-9]+$/, "", name); sub(/^-/, "", name) }
      /^epoch/ { for (i = 2; i <= NF; i++) source[i] = $i; next }
      {
        for (i = 2; i <= NF; i++)
          if ($i != "nan")
            printf "%s:%s %.0f %s\n", name, source[i], $1 * 1000, $i
      }' "$file"
  done
}

# compare_points all|some SERVER SLACK: each point in the file SERVER was dispatched, to
# within SLACK, in the unit of its time, and every source with at least three values is
# stored; with "all", every value is. csv has six decimals.
compare_points() {
  awk -v whole="$1" -v slack="$3" '
    function near(a, b) { return (a - b) ^ 2 <= (1e-6 + 1e-9 * b) ^ 2 }
    function is(key, value) {
      return (key in truth) && near(value, truth[key])
    }
    FILENAME == ARGV[1] { truth[$1 " " $2] = $3; names[$1]++; count++; next }
    {
      # The nearest one first, and one that no other point has been found to be.
      found = is_new = 0
      for (i = 0; i <= 2 * slack && !is_new; i++) {
        off = i % 2 ? (i + 1) / 2 : -i / 2
        key = sprintf("%s %.0f", $1, $2 + off)
        if (is(key, $3)) {
          found = 1
          is_new = !(key in seen)
          seen[key]
        }
      }
      matched += is_new
      if (found) stored[$1]
      else { print "never dispatched: " $0; bad = 1 }
    }
    END {
      for (name in names)
        if (!(name in stored) && names[name] >= 3) { print "not stored: " name; bad = 1 }
      if (whole == "all" && matched < count) {
        for (key in truth) if (!(key in seen) && lost++ < 10) print "lost: " key
        print count - matched " of " count " values are not there"
        bad = 1
      }
      print matched + 0 " of " count " values, " length(names) " sources"
      exit bad || !count
    }' "$work/dispatched" "$2"
}

# --- a service with values of all kinds ---

# configure_service: a group that waits, reads, writes and ends.
configure_service() {
  configure <<CONF
    CollectContextSwitch true
    CollectPageFaults true
    CollectMemory true
    CollectFileDescriptor true
    CollectUptime true
    CollectDelayLatency true
    $(cat)
    <Group "service.one">
      Command "$me-one" "$me-two"
    </Group>
CONF
}

# start_service: two loads that share a CPU, one of which writes.
start_service() {
  load_prefix=(taskset -c 0)
  start_load "$me-one" --limit 90 burn 60000 2
  start_load "$me-two" --limit 90 --rounds 100000 write "$work/data" 1048576 16 fsync
}
