#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Which configurations collectd -T accepts and rejects. unit/test_config covers the
# errors of each option.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

# check: runs collectd -T on the configuration in standard input. Sets $status and
# $output, to which it appends the log.
check() {
  configure
  run "$COLLECTD" -T -C "$work/collectd.conf"
  output+=$'\n'$(cat "$work/collectd.log" 2>/dev/null || true)
  rm -rf "$work/collectd.log" "$work/csv"
}

# accepts: standard input is the configuration.
accepts() {
  check
  [[ $status -eq 0 ]] || fail "refused: $output"
}

# refuses PATTERN...: one line of the output matches all patterns.
refuses() {
  local pattern lines

  check
  [[ $status -ne 0 ]] || fail "accepted: $(sed -n '/<Plugin taskstats>/,$p' \
    "$work/collectd.conf")" || return 1
  lines=$output
  for pattern in "$@"; do
    lines=$(grep -iE -- "$pattern" <<<"$lines") ||
      fail "no line has \"$pattern\" and what was before in: $*"$'\n'"$output" ||
      return 1
  done
}

@test "config: everything that is built is accepted" {
  accepts <<'EOF'
    Process "sshd"
    ProcessMatch "celery" "celery.*worker"
    <Process "postgres">
      CollectContextSwitch true
    </Process>
    <ProcessMatch "cron" "^/usr/sbin/cron( |$)">
      CollectIO false
    </ProcessMatch>
    <Group "web">
      Command "nginx" "php-fpm8.2"
      CommandLine "regex"
      Executable "/usr/sbin/nginx"
      User "www-data"
      User "0" "root"
      ControlGroup "^/system\\.slice/"
      PIDFile "/run/nginx.pid"
      Descendants true
      CollectDelay true
      CollectDelayAccounting false
      CollectCPU true
      CollectIO true
      CollectCount true
      CollectContextSwitch true
      CollectPageFaults true
      CollectMemory true
      CollectDelayLatency true
      CollectExits false
      NotifyExit "failure"
    </Group>
    <Group "%{user}, 100%%">
    </Group>
    <Group "pod-%{1}">
      ControlGroup "^/kubepods/(.*)/"
      Descendants false
      Top 5
    </Group>
    MaxGroups 500
    CollectDelay true
    CollectCPU true
    CollectIO true
    CollectCount true
    CollectContextSwitch false
    CollectPageFaults false
    CollectMemory false
    CollectDelayLatency false
    CollectExits true
    WatchCPUs "all"
    WatchBuffer 8388608
    NotifyExit "none"
    NotifyExitRate 10
    EnableDelayAccounting false
    ReportSelf true
EOF
}

# stanzas: only the contents of the plugin's block.
stanzas() { sed '/LoadPlugin/d; /Plugin taskstats/d; /^ *<\/Plugin/d'; }

# block HEADING: the configuration example below HEADING in the manual page.
block() {
  awk -v wanted="$1" '/^=head/ { inside = substr($0, 8) == wanted }
    inside && /^  /' "$TASKSTATS_TESTS/../contrib/man/collectd-taskstats.pod"
}

@test "config: the stanzas of the README and of the manual page load as they stand" {
  awk '/^```apache/ { inside = 1; next } /^```/ { inside = 0 } inside' \
    "$TASKSTATS_TESTS/../README.md" >"$work/readme"
  grep -q 'Group "%{unit}"' "$work/readme"
  stanzas <"$work/readme" | accepts
  block SYNOPSIS | grep -q 'Group "web"'
  block SYNOPSIS | stanzas | accepts
  block Examples | grep -q '<Exclude>'
  block Examples | grep -q 'Top 5 "rss"'
  block Examples | accepts
}

@test "config: the example loads as it stands" {
  example=$TASKSTATS_TESTS/../collectd.conf.example
  # The example has its own LoadPlugin line; the plugin's path is installation-specific.
  configure </dev/null
  sed -i '/^LoadPlugin taskstats/,$d' "$work/collectd.conf"
  echo "Include \"$example\"" >>"$work/collectd.conf"
  run "$COLLECTD" -T -C "$work/collectd.conf"

  [[ $status -eq 0 ]] || fail "$output$(cat "$work/collectd.log")"
  grep -q 'plugin "taskstats" successfully loaded' <(
    echo "$output"
    cat "$work/collectd.log"
  )
  assert_not_logged '\[(error|warning)\].*(option|config|unknown)'
}

@test "config: an error names the option, its value and what would be right" {
  refuses CollectFoo 'unknown' <<<'CollectFoo true'
  refuses Command '\b17\b' 'string in quotes' <<'EOF'
    <Group "g">
      Command 17
    </Group>
EOF
  refuses ProcessMatch 'celery\(' parenthesis <<<'ProcessMatch "celery" "celery("'
  refuses WatchCPUs 4000 "$(</sys/devices/system/cpu/possible)" <<<'WatchCPUs "4000"'
}

@test "config: options of the processes plugin that mean nothing here" {
  accepts <<'EOF'
    CollectMemoryMaps true
    CollectSystemContextSwitch true
    <Process "p">
      CollectMemoryMaps false
    </Process>
EOF

  ignored='CollectMemoryMaps|CollectSystemContextSwitch'
  warning=$(grep -E "$ignored" <<<"$output" | sort -u)
  assert_equal "$(wc -l <<<"$warning")" 1 "$warning"
  for option in ${ignored//|/ }; do
    grep -q "$option" <<<"$warning" || fail "$option is not named"
  done
}

@test "config: nothing half-configured runs" {
  configure <<'EOF'
    Process "collectd"
    CollectFoo true
EOF
  run timeout -s KILL 15 "$COLLECTD" -f -C "$work/collectd.conf"

  assert_between "$status" 1 127
  run ! ls "$work/csv/testhost/taskstats-collectd"
}
