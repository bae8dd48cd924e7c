#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# How collectd ends while processes end and plugins take notifications: soon,
# whoever is slow, and without a call of a plugin that is gone.

# shellcheck source=common.bash
source "$BATS_TEST_DIRNAME/common.bash"
# shellcheck source=exits.bash
source "$BATS_TEST_DIRNAME/exits.bash"

server_pid=

teardown() {
  local status=0

  [[ -z $server_pid ]] || kill "$server_pid" 2>/dev/null || true
  [[ $BATS_TEST_DESCRIPTION != *notify_email* ]] || collectd_pid= # it hangs
  stop_collectd || status=1
  end_forked
  common_teardown || status=1
  return "$status"
}

# The exec plugin forks, and does more before it executes the program than a
# process with threads may: now and then such a child waits for ever.
end_forked() {
  local pid

  for pid in $(pgrep -f "collectd -f -C $work/collectd.conf"); do
    kill -KILL "$pid" 2>/dev/null || true
  done
}

# load_consumer WHERE PLUGIN: "before" or "after" the plugin. Its own part comes
# from standard input.
load_consumer() {
  local consumer

  consumer=$(printf 'LoadPlugin %s\n' "$2" && cat)
  interval=0.5
  configure <<CONF
    NotifyExit "all"
    NotifyExitRate 20
    Process "$me-kid"
    <Process "$me-other">
    </Process>
CONF
  if [[ $1 == before ]]; then
    consumer="$consumer" awk '/^LoadPlugin csv/ { print ENVIRON["consumer"] } { print }' \
      "$work/collectd.conf" >"$work/new.conf"
    mv "$work/new.conf" "$work/collectd.conf"
  else
    printf 'PluginDir "%s"\n%s\n' "$COLLECTD_PLUGINS" "$consumer" >>"$work/collectd.conf"
  fi
}

# start_storm COUNT: processes end, and go on to end until the test does; so many
# notifications have arrived.
start_storm() {
  start_exits "$me-storm" storm "$me-kid" 100000 2
  start_load "$me-other" --stay 100 idle
  reads 2 "$me-other"
  go "$me-storm"
  await "what is told" has_notifications "$me-kid" "$1"
}

exec_part() {
  printf '#!/bin/sh\ncat >/dev/null\nexec sleep %s\n' "$1" >"$work/program"
  chmod 755 "$work" "$work/program"
  cat <<CONF
<Plugin exec>
  NotificationExec "nobody" "$work/program"
</Plugin>
CONF
}

# Perl code that takes SECONDS for each notification.
perl_part() {
  mkdir -p "$work/perl/Collectd/Plugins"
  cat >"$work/perl/Collectd/Plugins/Slow.pm" <<PERL
package Collectd::Plugins::Slow;
use Collectd qw(:all);
sub take { select(undef, undef, undef, $1); return 1; }
plugin_register(TYPE_NOTIF, "slow", "take");
1;
PERL
  cat <<CONF
<Plugin perl>
  IncludeDir "$work/perl"
  BaseName "Collectd::Plugins"
  LoadPlugin "Slow"
</Plugin>
CONF
}

ends_in_a_storm() {
  start_collectd
  start_storm 20
  stop_collectd
}

# What waited for a slow consumer is counted.
drops_in_a_storm() {
  ends_in_a_storm
  assert_logged_once "[1-9][0-9]* notifications of ended processes were dropped"
}

@test "shutdown: exec, loaded before the plugin" {
  exec_part 0 | load_consumer before exec
  ends_in_a_storm
}

@test "shutdown: exec, loaded after the plugin" {
  exec_part 0 | load_consumer after exec
  ends_in_a_storm
}

@test "shutdown: perl, loaded before the plugin" {
  perl_part 0.001 | load_consumer before perl
  ends_in_a_storm
}

@test "shutdown: perl, loaded after the plugin" {
  perl_part 0.001 | load_consumer after perl
  ends_in_a_storm
}

@test "shutdown: a slow consumer, loaded before the plugin" {
  perl_part 0.2 | load_consumer before perl
  drops_in_a_storm
}

@test "shutdown: a slow consumer, loaded after the plugin" {
  perl_part 0.2 | load_consumer after perl
  drops_in_a_storm
}

# A mail server that takes connections and never says a word.
start_silent_server() {
  /usr/bin/python3 -c '
import socket, sys, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
clients = []
server.settimeout(300)
while True:
    clients.append(server.accept())
    print("connected", flush=True)
' >"$work/server" 3>&- {lock}>&- &
  server_pid=$!
  await "the server" test -s "$work/server"
}

email_part() {
  cat <<CONF
<Plugin notify_email>
  SMTPServer "127.0.0.1"
  SMTPPort $(head -n 1 "$work/server")
  From "collectd@localhost"
  Recipient "root@localhost"
</Plugin>
CONF
}

# assert_hangs: collectd is asked to end, has stopped all threads of its own, and
# is there yet.
assert_hangs() {
  kill "$collectd_pid"
  await "collectd's threads to stop" grep -q 'Stopping 5 write threads' "$work/collectd.log"
  ! await_tries=60 await "collectd's end" is_gone "$collectd_pid" 2>/dev/null ||
    fail "collectd ends: then this plugin must not hold it up either"
}

has_connected() { grep -q connected "$work/server"; }

@test "shutdown: notify_email waits for its server, without the plugin" {
  start_silent_server
  configure </dev/null
  sed -i '/LoadPlugin taskstats/d; /<Plugin taskstats>/,/<.Plugin>/d' "$work/collectd.conf"
  cat >>"$work/collectd.conf" <<CONF
PluginDir "$COLLECTD_PLUGINS"
LoadPlugin notify_email
$(email_part)
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "$work/socket"
</Plugin>
CONF
  start_collectd
  /usr/bin/python3 -c '
import socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
client.send(b"PUTNOTIF severity=failure time=1 message=x\n")
client.settimeout(1)
try:
    client.recv(100)
except socket.timeout:
    pass
' "$work/socket"
  await "a mail" has_connected
  assert_hangs
}

@test "shutdown: notify_email that waits does not keep the plugin from its end" {
  start_silent_server
  email_part | load_consumer after notify_email
  start_collectd
  start_storm 1
  await "a mail" has_connected
  reads 2 "$me-other" # values go on
  kill "$collectd_pid"
  await_tries=200 await "the plugin's end" \
    grep -q "notifications of ended processes were dropped" "$work/collectd.log"
}
