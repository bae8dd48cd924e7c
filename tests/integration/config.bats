#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What collectd -T says of a configuration.

# shellcheck source=common.bash
source "$BATS_TEST_DIRNAME/common.bash"

# check: the result is in $status and $output, with what was logged.
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

# refuses PATTERN...: with a line in which each pattern is found.
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

in_group() {
  echo '<Group "g">'
  echo '  Command "x"'
  printf '  %s\n' "$@"
  echo '</Group>'
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

@test "config: option names in any case, as collectd has them" {
  accepts <<'EOF'
    process "sshd"
    <group "g">
      command "x"
      collectio false
    </group>
    reportself FALSE
EOF
}

@test "config: a user who does not exist yet" {
  in_group 'User "root" "no-such-user"' | accepts
}

@test "config: a user by an unquoted number" {
  in_group 'User 0' | accepts
}

# block N: the README's n-th block of configuration.
block() {
  awk -v wanted="$1" '/^```apache/ { inside = ++n == wanted; next }
    /^```/ { inside = 0 }
    inside' "$TASKSTATS_TESTS/../README.md"
}

@test "config: the README's stanzas load as they stand" {
  block 1 | sed '/LoadPlugin/d; /Plugin taskstats/d; /^<\/Plugin/d' | accepts
  block 2 | grep -q 'Group "%{unit}"'
  block 2 | accepts
}

@test "config: the example loads as it stands" {
  example=$TASKSTATS_TESTS/../collectd.conf.example
  # It loads the plugin itself; where from is the installation's business.
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

@test "config: the example names every option" {
  for option in Process ProcessMatch Group Command CommandLine Executable \
    User ControlGroup PIDFile Descendants Top MaxGroups CollectDelay \
    CollectCPU CollectIO CollectCount CollectContextSwitch \
    CollectPageFaults CollectMemory CollectDelayLatency CollectExits WatchCPUs \
    WatchBuffer NotifyExit NotifyExitRate EnableDelayAccounting ReportSelf; do
    grep -Eq "^ *#? *<?${option}[ >]" "$TASKSTATS_TESTS/../collectd.conf.example" ||
      fail "$option is missing"
  done
}

@test "config: unknown options" {
  refuses CollectFoo 'not known|unknown|no such' <<<'CollectFoo true'
  in_group 'Comand "y"' | refuses Comand 'not known|unknown|no such'
  refuses Selector 'not known|unknown|no such' <<'EOF'
    <Process "p">
      Selector "x"
    </Process>
EOF
  refuses Grupp <<'EOF'
    <Grupp "g">
      Command "x"
    </Grupp>
EOF
}

@test "config: an option in the wrong place" {
  refuses Command <<<'Command "x"'
  in_group 'EnableDelayAccounting true' | refuses EnableDelayAccounting
  in_group 'ReportSelf true' | refuses ReportSelf
  refuses PIDFile <<'EOF'
    <Process "p">
      PIDFile "/run/x.pid"
    </Process>
EOF
}

@test "config: a switch that is neither true nor false" {
  for option in CollectDelay CollectCPU CollectIO CollectCount \
    CollectContextSwitch CollectPageFaults CollectMemory CollectDelayLatency \
    CollectExits EnableDelayAccounting ReportSelf; do
    refuses "$option" maybe 'true.*false|boolean' <<<"$option \"maybe\""
  done
  refuses CollectCPU '\b17\b' 'true.*false|boolean' <<<'CollectCPU 17'
  refuses CollectCPU 'true.*false|boolean|one' <<<'CollectCPU true false'
  in_group 'CollectIO "on-and-off"' |
    refuses CollectIO on-and-off 'true.*false|boolean'
}

@test "config: a selector that is not a string" {
  for option in Command CommandLine Executable ControlGroup PIDFile; do
    echo "<Group \"g\">
        $option 17
      </Group>" | refuses "\\b$option\\b" '\b17\b' 'string|quot|text'
    echo "<Group \"g\">
        $option true
      </Group>" | refuses "\\b$option\\b" 'true' 'string|quot|text'
  done
  refuses '\bProcess\b' '\b17\b' <<<'Process 17'
}

@test "config: a regular expression that is none" {
  refuses ProcessMatch 'celery\(' <<<'ProcessMatch "celery" "celery("'
  in_group 'CommandLine "a("' | refuses CommandLine 'a\('
  in_group 'ControlGroup "[a"' | refuses ControlGroup '\[a'
  # The second of two.
  in_group 'CommandLine "good" "bad("' | refuses CommandLine 'bad\('
}

@test "config: ProcessMatch without its regular expression" {
  refuses ProcessMatch celery 'expression|regex' <<<'ProcessMatch "celery"'
}

@test "config: what cannot be a user" {
  in_group 'User "no user"' | refuses User '"no user"' 'getent passwd'
  in_group 'User "root" "a:b"' | refuses User a:b
  in_group 'User "-1"' | refuses User '"-1"'
  in_group 'User "99999999999"' | refuses User 99999999999
  in_group 'User 1.5' | refuses User '1\.5'
}

@test "config: a group that is named twice" {
  refuses Group '"twin"' 'twice|already|second|once|two' <<'EOF'
    <Group "twin">
      Command "x"
    </Group>
    <Group "twin">
      Command "y"
    </Group>
EOF
  refuses '"twin"' 'twice|already|second|once|two' <<'EOF'
    Process "twin"
    Process "twin"
EOF
  refuses '"twin"' 'twice|already|second|once|two' <<'EOF'
    ProcessMatch "twin" "x"
    <Group "twin">
      Command "x"
    </Group>
EOF
}

@test "config: a group without a selector" {
  refuses '"bare"' 'selector|selects nothing' <<'EOF'
    <Group "bare">
      CollectIO true
    </Group>
EOF
  refuses '"bare"' 'selector|selects nothing' <<'EOF'
    <Group "bare">
    </Group>
EOF
}

@test "config: a group without a name, or with two" {
  refuses Group 'name|empty' <<'EOF'
    <Group "">
      Command "x"
    </Group>
EOF
  refuses Group name <<'EOF'
    <Group>
      Command "x"
    </Group>
EOF
  refuses Group name <<'EOF'
    <Group "a" "b">
      Command "x"
    </Group>
EOF
  refuses Process 'name|empty' <<<'Process ""'
}

@test "config: options of exit records, with values that make no sense" {
  refuses NotifyExit '"some"' 'none.*failure.*all' <<<'NotifyExit "some"'
  in_group 'NotifyExit "some"' | refuses NotifyExit '"some"' 'none.*failure.*all'
  refuses NotifyExit 'none.*failure.*all' <<<'NotifyExit true'
  refuses NotifyExit 'none.*failure.*all' <<<'NotifyExit "none" "all"'
  for value in -1 1.5 1e30 '"ten"' true; do
    for option in NotifyExitRate WatchBuffer; do
      refuses "$option" 'number' <<<"$option $value"
    done
  done
  refuses WatchBuffer '\b0\b' 'number' <<<'WatchBuffer 0'
}

@test "config: options of exit records that do not stand in a group" {
  for option in 'WatchCPUs "all"' 'WatchBuffer 8388608' 'NotifyExitRate 10'; do
    in_group "$option" | refuses "${option%% *}"
  done
}

@test "config: placeholders" {
  for name in '%{comm}' '%{exe}' '%{user}' '%{pid}' '%{unit}' '%{cgroup}' \
    'web-%{user}-%{unit}' '%%%{pid}%%'; do
    accepts <<<"<Group \"$name\">
      </Group>"
  done
  accepts <<'EOF'
    <Group "%{9}%{1}">
      CommandLine "(a)(b(c)(d)(e))" "(f)(g)"
      ControlGroup "(h)(i)"
    </Group>
EOF
}

@test "config: a placeholder that is none" {
  for name in '%{units}' '%{}' '%{0}' '%{10}' '%{Comm}' 'web-%{comm }'; do
    refuses Group "\"${name//[\{\}]/.}\"" 'unknown placeholder' '%\{unit\}.*%\{1\} to %\{9\}' \
      <<<"<Group \"$name\">
        </Group>"
  done
  in_group | sed 's/"g"/"100%"/' | refuses Group '"100%"' 'percent sign' '%%'
  in_group | sed 's/"g"/"%unit"/' | refuses Group '"%unit"' 'percent sign'
  in_group | sed 's/"g"/"%{unit"/' | refuses Group '"%\{unit"' 'does not end'
}

@test "config: a placeholder without its parenthesis" {
  refuses Group '"%\{1\}"' '0 parenthes' <<'EOF'
    <Group "%{1}">
      Command "(x)"
    </Group>
EOF
  refuses Group '%\{4\}' '3 parenthes' <<'EOF'
    <Group "%{1}-%{4}">
      CommandLine "(x)" "(y)"
      ControlGroup "(z)"
    </Group>
EOF
}

@test "config: Descendants, Top and MaxGroups, with values that make no sense" {
  in_group 'Descendants "some"' | refuses Descendants '"some"' 'true.*false|boolean'
  in_group 'Descendants 2' | refuses Descendants '\b2\b' 'true.*false|boolean'
  in_group 'Top 5' | refuses '"g"' 'Top 5' placeholder
  for value in 0 -1 1.5 1e30 '"ten"' true; do
    refuses MaxGroups 'whole number' <<<"MaxGroups $value"
    refuses '%\{comm\}' Top 'whole number' <<<"<Group \"%{comm}\">
        Top $value
      </Group>"
  done
}

@test "config: Descendants, Top and MaxGroups, in the wrong place" {
  refuses Descendants <<<'Descendants true'
  refuses Top <<<'Top 5'
  in_group 'MaxGroups 5' | refuses MaxGroups
  refuses Descendants <<'EOF'
    <Process "p">
      Descendants true
    </Process>
EOF
}

@test "config: a group that is called as what placeholders make too many of" {
  refuses Group '"other"' 'rename|name' <<'EOF'
    <Group "%{comm}">
    </Group>
    <Group "other">
      Command "x"
    </Group>
EOF
  refuses Group '%\{comm\}' '"other"' <<'EOF'
    Process "other"
    <Group "%{comm}">
    </Group>
EOF
  # It is a name as any other where there are no placeholders.
  in_group | sed 's/"g"/"other"/' | accepts
}

@test "config: options of the processes plugin that mean nothing here" {
  accepts <<'EOF'
    CollectFileDescriptor true
    CollectMemoryMaps true
    CollectSystemContextSwitch true
    <Process "p">
      CollectFileDescriptor true
      CollectMemoryMaps false
    </Process>
EOF

  ignored='CollectFileDescriptor|CollectMemoryMaps|CollectSystemContextSwitch'
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
