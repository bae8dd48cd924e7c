#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [--seconds N] [--config FILE] [--as-is]
#
# Shows the plugin at work: starts a separate collectd with the built plugin, and
# taskstats-top, which shows its values. Leaves CSV files and charts in build/run.
set -euo pipefail

# shellcheck source=../make/script.bash
source "$(dirname "${BASH_SOURCE[0]}")/../make/script.bash"
# shellcheck source=load.bash
source "$(dirname "${BASH_SOURCE[0]}")/load.bash"

run=$build/run
delayacct=/proc/sys/kernel/task_delayacct
run_config=$root/collectd.conf.example
run_options=() # for taskstats-top
as_is=no       # yes: leave delay accounting alone
switched_on=no # yes: delay accounting was off, and is switched off again at the end

has_stanzas() { # FILE
  grep -qiE '^[[:space:]]*<Plugin[[:space:]]+"?taskstats"?[[:space:]]*>' "$1"
}

parse_options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --seconds)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] ||
        misused "run: --seconds needs a whole number, not \"${2:-}\""
      run_options=(--seconds "$2")
      ;;
    --config)
      [ -r "${2:-}" ] || die "run: --config needs a file, and cannot read \"${2:-}\""
      has_stanzas "$2" ||
        die "$2 has no <Plugin taskstats> block, so there is nothing to show;" \
          "collectd.conf.example has one"
      run_config=$(realpath -- "$2")
      ;;
    --as-is)
      as_is=yes
      shift
      continue
      ;;
    *) misused "run: unknown option $1" ;;
    esac
    shift 2
  done
}

# --- the separate collectd ---

# Loads the taskstats.so that was built before the stanzas can load another:
# collectd ignores a second LoadPlugin of the same name. With one write thread, csv
# writes its rows in the order of the reads.
write_config() { # SOCKET
  local stock
  stock=$("$root/contrib/make/plugindir.bash") || exit
  cat <<EOF
Hostname "localhost"
FQDNLookup false
BaseDir "$run"
PIDFile "$run/collectd.pid"
Interval 1
WriteThreads 1

PluginDir "$build"
LoadPlugin taskstats
PluginDir "$stock"

LoadPlugin logfile
<Plugin logfile>
  LogLevel "info"
  File "$run/collectd.log"
  Timestamp true
  PrintSeverity true
</Plugin>
LoadPlugin csv
<Plugin csv>
  DataDir "$run/csv"
  StoreRates false
</Plugin>
LoadPlugin rrdtool
<Plugin rrdtool>
  DataDir "$run/rrd"
  RRATimespan 3600
</Plugin>
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "$1"
  SocketGroup "root"
  SocketPerms "0600"
  DeleteSocket true
</Plugin>

Include "stanzas.conf"
EOF
}

prepare_run() { # SOCKET CONFIG
  cp "$2" "$run/stanzas.conf"
  write_config "$1" >"$run/collectd.conf"
  [ "$2" != "$root/collectd.conf.example" ] || load_groups >>"$run/collectd.conf"
}

# A socket's path has at most 107 bytes.
socket_path() {
  local directory=$run
  if [ ${#directory} -gt 95 ]; then
    directory=$(mktemp -d /tmp/taskstats.XXXXXX)
  fi
  say "$directory/unixsock"
}

collectd_failed() { # WHAT
  {
    say "build.sh: collectd $1. Its messages:"
    cat "$run/collectd.err" "$run/collectd.log" 2>/dev/null |
      grep -viE '\[info\]|successfully loaded' | tail -n 15 || true
    say "The configuration is $run/collectd.conf, the stanzas are in stanzas.conf beside it;" \
      "collectd numbers the lines of the latter on from the $(wc -l <"$run/collectd.conf") of the former."
  } >&2
  exit 1
}

start_collectd() { # SOCKET
  local tries
  cd "$run" # collectd does not accept a path with spaces, so it gets a relative one
  start collectd -f -C collectd.conf >"$run/collectd.err" 2>&1
  collectd_pid=${pids[-1]}
  for ((tries = 0; tries < 100; tries++)); do
    kill -0 "$collectd_pid" 2>/dev/null || collectd_failed "ended at its start"
    [ ! -S "$1" ] || return 0
    sleep 0.1
  done
  collectd_failed "did not open its socket within 10 seconds"
}

# --- delay accounting: off by default, when the kernel counts only waits for a CPU ---

is_counting() { [ ! -e "$delayacct" ] || [ "$(<"$delayacct")" != 0 ]; }

# Only processes that start afterwards count all their waits.
switch_on_delay_accounting() {
  ! is_counting && [ "$as_is" = no ] || return 0
  { echo 1 >"$delayacct"; } 2>/dev/null || return 0
  kept+=("$delayacct" 0)
  switched_on=yes
}

tell_delay_accounting() {
  if [ "$switched_on" = yes ]; then
    cat <<'EOF'

Delay accounting (kernel.task_delayacct) was off. It is on while this runs, and is
switched off again at the end; --as-is leaves it alone. Processes that were already
running still count only their waits for a CPU.
EOF
  elif ! is_counting; then
    cat <<'EOF'

Delay accounting is off (kernel.task_delayacct is 0): the kernel counts only the
waits for a CPU; the others stay "-". To count them all now:
    sudo sysctl kernel.task_delayacct=1
and at every boot:
    echo 'kernel.task_delayacct = 1' | sudo tee /etc/sysctl.d/60-taskstats.conf
Processes that are already running count them after a restart.
EOF
  fi
}

# --- output ---

tell_complaints() {
  local complaints
  complaints=$(grep -E '\[(error|warning)\]' "$run/collectd.log" |
    grep -v "Delay accounting is off" | head -n 10) || return 0
  say "" "collectd says:" "$complaints"
}

watch_table() { # SOCKET [TOP'S OPTION]...
  local ended='' status=0
  # Like start, but with the terminal as input, which bash withholds from background jobs
  setpriv --pdeathsig TERM "$build/taskstats-top" --socket "$@" <&0 &
  pids+=($!)
  wait -n -p ended "${pids[-1]}" "$collectd_pid" || status=$?
  [ "$ended" != "$collectd_pid" ] || collectd_failed "ended (status $status)"
  return "$status"
}

# Covers at least half a minute, so that the chart of a short run has a readable axis.
draw_charts() {
  local seconds=$((SECONDS - started)) log=$run/charts.log
  ((seconds >= 30)) || seconds=30
  ((seconds <= 3600)) || seconds=3600
  if "$root/contrib/charts.bash" "$run/rrd/localhost" "$run/charts" "$seconds" \
    >"$log" 2>&1; then
    say "The charts, three for each group:" "$(sed 's/^/  /' "$log")"
  else
    say "The charts could not be drawn:" "$(tail -n 3 "$log")"
  fi
}

end_run() {
  at_exit
  if [ "$switched_on" = yes ]; then
    say "" "Delay accounting is off again (kernel.task_delayacct is $(<"$delayacct"))."
  fi
  say "" "The values are under $run/csv," "the log is $run/collectd.log."
  draw_charts
  give_back_build
}

parse_options "$@"
need_root run "to run the plugin (taskstats needs CAP_NET_ADMIN, /proc/<pid>/io CAP_SYS_PTRACE)"
need_packages build run
build_all
exec {lock}>"$build/run.lock" # also held by any process that run leaves behind
flock -n "$lock" || die "another run is under way in $build; end it first"
rm -rf "$run"
mkdir -p "$run"
socket=$(socket_path)
scratch+=("$socket")
[ "${socket%/*}" = "$run" ] || scratch+=("${socket%/*}")
prepare_run "$socket" "$run_config"
trap 'exit 0' INT
switch_on_delay_accounting
if [ "$run_config" = "$root/collectd.conf.example" ]; then
  start_cpu_load
  start_disk_load "$run"
fi
start_collectd "$socket"
tell_delay_accounting
tell_complaints
say ""
started=$SECONDS
trap 'end_run' EXIT
watch_table "$socket" "${run_options[@]}"
