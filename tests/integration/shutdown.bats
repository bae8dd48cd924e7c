#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Shutdown of collectd while processes end and plugins receive notifications: it is
# fast, even with slow consumers, and no consumer is called after its own shutdown.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"
# shellcheck source=../support/exits.bash
source "$BATS_TEST_DIRNAME/../support/exits.bash"

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

# After its fork, the exec plugin calls functions that are unsafe in a child of a
# process with threads, so that such a child sometimes hangs for ever.
end_forked() {
  local pid

  for pid in $(pgrep -f "collectd -f -C $work/collectd.conf") $(hung_programs); do
    kill -KILL "$pid" 2>/dev/null || true
  done
}

# load_consumer before|after PLUGIN [DIRECTORY]: loads PLUGIN before or after taskstats.
# Its configuration comes from standard input.
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
    printf 'PluginDir "%s"\n%s\n' "${3:-$COLLECTD_PLUGINS}" "$consumer" >>"$work/collectd.conf"
  fi
}

# start_storm COUNT: processes end until the test does; waits for COUNT notifications.
start_storm() {
  start_exits "$me-storm" storm "$me-kid" 100000 2
  start_load "$me-other" --stay 100 idle
  reads 2 "$me-other"
  go "$me-storm"
  await "what is told" has_notifications "$me-kid" "$1"
}

# make_program SECONDS: the program of the exec plugin, in a directory that its user can
# access. It reads its notification and then sleeps, under a name of this test.
make_program() {
  program=$(mktemp -d /tmp/taskstats.XXXXXX)
  remove_at_end "$program"
  chmod 755 "$program"
  ln -s "$(command -v sleep)" "$program/sleep"
  printf '#!/bin/sh\ncat >/dev/null\necho $$ >>%q\nexec %q %s\n' \
    "$program/pids" "$program/sleep" "$1" >"$program/run"
  chmod 755 "$program/run"
  install -m 666 /dev/null "$program/pids"
}

# The pids of the started programs that still run: other processes may have the pids of
# those that have ended.
hung_programs() {
  [[ -z ${program:-} ]] || pgrep -u nobody -f "^(/bin/sh )?$program/(run|sleep)" || true
}

has_programs() { (($(wc -l <"$program/pids") >= $1)); }

exec_part() {
  cat <<CONF
<Plugin exec>
  NotificationExec "nobody" "$program/run"
</Plugin>
CONF
}

# perl_part SECONDS: Perl code that sleeps for each notification.
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

# Notifications that still wait for a slow consumer are counted.
drops_in_a_storm() {
  ends_in_a_storm
  assert_logged_once "[1-9][0-9]* notifications of ended processes were dropped"
}

# exec_case WHERE SECONDS
exec_case() {
  make_program "$2"
  exec_part | load_consumer "$1" exec
  start_collectd
  start_storm 20
  await "the programs" has_programs 10
  stop_collectd
}

@test "shutdown: exec, loaded before the plugin" {
  exec_case before 0
}

@test "shutdown: exec, loaded after the plugin" {
  exec_case after 0
}

@test "shutdown: exec with programs that hang, loaded before the plugin" {
  exec_case before 300
}

@test "shutdown: exec with programs that hang, loaded after the plugin" {
  exec_case after 300
}

@test "shutdown: perl, loaded before the plugin" {
  perl_part 0.001 | load_consumer before perl
  ends_in_a_storm
}

@test "shutdown: perl, loaded after the plugin" {
  perl_part 0.001 | load_consumer after perl
  ends_in_a_storm
}

# Not slower: at its shutdown, collectd's perl plugin waits only briefly for a thread in
# Perl, kills it, and may then crash, with or without this plugin.
@test "shutdown: a slow consumer, loaded before the plugin" {
  perl_part 0.05 | load_consumer before perl
  drops_in_a_storm
}

@test "shutdown: a slow consumer, loaded after the plugin" {
  perl_part 0.05 | load_consumer after perl
  drops_in_a_storm
}

# A mail server that accepts connections, but never sends anything.
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

# assert_hangs: collectd has received SIGTERM and stopped its threads, but does not
# exit.
assert_hangs() {
  kill "$collectd_pid"
  await "collectd's threads to stop" grep -q 'Stopping .* write threads' "$work/collectd.log"
  ! await_tries=60 await "collectd's end" is_gone "$collectd_pid" 2>/dev/null ||
    fail "collectd ends: then this plugin must not hold it up either"
}

has_connected() { grep -q connected "$work/server"; }

# without_plugin PLUGIN [DIRECTORY]: collectd with PLUGIN, configured from standard
# input, and with unixsock, through which notifications arrive.
without_plugin() {
  local part

  part=$(cat)
  configure </dev/null
  sed -i '/LoadPlugin taskstats/d; /<Plugin taskstats>/,/<.Plugin>/d' "$work/collectd.conf"
  cat >>"$work/collectd.conf" <<CONF
PluginDir "${2:-$COLLECTD_PLUGINS}"
LoadPlugin $1
$part
PluginDir "$COLLECTD_PLUGINS"
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "$work/socket"
</Plugin>
CONF
}

put_notification() {
  /usr/bin/python3 -c '
import socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
client.send(b"PUTNOTIF severity=failure time=1 message=x\n")
client.settimeout(0.5)
try:
    client.recv(100)
except socket.timeout:
    pass
' "$work/socket"
}

@test "shutdown: notify_email waits for its server, without the plugin" {
  start_silent_server
  email_part | without_plugin notify_email
  start_collectd
  await "collectd's socket" put_notification
  await "a mail" has_connected
  assert_hangs
}

# build_two MS: a plugin with two consumers: "slow", which sleeps for MS, or, for 0, until
# the shutdown callback of the other one has been called, and "next", which logs whether
# it is called after its shutdown callback; not if the sleep took over 200 ms too long, on
# a busy machine. The shutdown callbacks take 2 s in total.
build_two() {
  cat >"$work/two.c" <<C
#include <collectd/core/daemon/collectd.h>

#include <collectd/core/daemon/plugin.h>

static _Atomic int has_ended;
static _Atomic cdtime_t began;
static int slow(const notification_t *n, user_data_t *u) {
  const struct timespec some = {0, ($1 == 0 ? 10 : $1) * 1000000};
  began = cdtime();
  plugin_log(LOG_INFO, "slow is called");
  for (int times = $1 == 0 ? 3000 : 1; times > 0 && ($1 > 0 || !has_ended); times--)
    nanosleep(&some, NULL);
  return 0;
}
static int next(const notification_t *n, user_data_t *u) {
  int is_late = $1 > 0 && CDTIME_T_TO_MS(cdtime() - began) > $1 + 200;
  plugin_log(LOG_INFO, "next is called%s", has_ended && !is_late ? " after its end" : "");
  return 0;
}
static int end(void) { has_ended = 1; return 0; }
static int wait_for_it(void) { sleep(2); return 0; }
void module_register(void) {
  plugin_register_notification("slow", slow, NULL);
  plugin_register_notification("next", next, NULL);
  plugin_register_shutdown("next", end);
  plugin_register_shutdown("wait", wait_for_it);
}
C
  gcc -shared -fPIC -DHAVE_CONFIG_H -w -isystem /usr/include/collectd \
    -isystem /usr/include/collectd/core -isystem /usr/include/collectd/core/daemon \
    -o "$work/two.so" "$work/two.c"
}

# collectd walks the list of consumers without a lock, and this cannot be interrupted.
@test "shutdown: a consumer is called after its end, without the plugin" {
  build_two 0
  without_plugin two "$work" </dev/null
  start_collectd
  await "collectd's socket" put_notification
  await_logged "slow is called"
  stop_collectd
  assert_logged_once "next is called after its end"
}

@test "shutdown: no consumer is called after its end if those before take 0.2 s" {
  build_two 200
  load_consumer after two "$work" </dev/null
  start_collectd
  start_storm 2
  stop_collectd
  grep -q 'next is called' "$work/collectd.log"
  if grep 'next is called after its end' "$work/collectd.log"; then
    fail "a consumer is called after its end"
  fi
}

@test "shutdown: notify_email that waits does not keep the plugin from its end" {
  start_silent_server
  email_part | load_consumer after notify_email
  start_collectd
  start_storm 1
  await "a mail" has_connected
  reads 2 "$me-other" # values still arrive
  kill "$collectd_pid"
  await_tries=200 await "the plugin's end" \
    grep -q "notifications of ended processes were dropped" "$work/collectd.log"
}

# notify_email shuts down first here, once its server is gone.
@test "shutdown: notify_email that waits, loaded before the plugin, is told nothing more" {
  local before

  start_silent_server
  email_part | load_consumer before notify_email
  start_collectd
  start_storm 1
  await "a mail" has_connected
  assert_hangs
  before=$(count_notifications "$me-kid")
  kill "$server_pid"
  server_pid=
  await "collectd's end" is_gone "$collectd_pid"
  assert_logged_once "[1-9][0-9]* notifications of ended processes were dropped"
  assert_equal "$(count_notifications "$me-kid")" "$before"
}
