#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Alertmanager receives all details of a process that has ended and mails them; it also
# receives Prometheus's alarms.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

# A mail server that accepts all mail and appends it to a file.
start_mail_server() {
  mail_port=$(free_port)
  cat >"$server_dir/mail.py" <<'PYTHON'
import socketserver, sys

class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word = line.strip().upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.take_text()
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")

    def take_text(self):
        with open(sys.argv[2], "ab") as file:
            for line in self.rfile:
                if line == b".\r\n":
                    return
                file.write(line)
                file.flush()

socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Mail).serve_forever()
PYTHON
  start_server mail /usr/bin/python3 "$server_dir/mail.py" "$mail_port" "$work/mail"
  await "the mail server" tcp_is_bound "$mail_port"
}

start_alertmanager() {
  alert_port=$(free_port)
  recipe alertmanager/alertmanager.yml 127.0.0.1:25 "127.0.0.1:$mail_port" \
    "group_wait: 10s" "group_wait: 1s" >"$server_dir/alertmanager.yml"
  start_server alertmanager prometheus-alertmanager \
    --config.file="$server_dir/alertmanager.yml" --storage.path="$server_dir/alerts" \
    --web.listen-address="127.0.0.1:$alert_port" --cluster.listen-address=
  await "Alertmanager" ask "http://127.0.0.1:$alert_port/-/ready"
}

# alerts FILTER: the alerts that a jq filter selects.
alerts() { ask "http://127.0.0.1:$alert_port/api/v2/alerts" | jq -c ".[] | select($1)"; }

receivers() { alerts "$1" | jq -r '.receivers[].name'; }

has_alert() { [[ -n $(alerts "$1") ]]; }

# mailed PATTERN: a decoded mail contains PATTERN.
mailed() {
  [[ -e $work/mail ]] || return 1
  /usr/bin/python3 -c 'import quopri, sys
sys.stdout.buffer.write(quopri.decodestring(sys.stdin.buffer.read()))' <"$work/mail" |
    grep -qE -- "$1"
}

configure_ends() {
  configure <<CONF
    NotifyExit "all"
    $(for kind in crash fine; do
    echo "<Group \"$kind\">"
    echo "  Command \"$me-$kind\""
    echo "</Group>"
  done)
CONF
  forward alertmanager/collectd.conf 9093 "$alert_port"
}

@test "Alertmanager: the recipes are valid" {
  amtool check-config "$CONTRIB/alertmanager/alertmanager.yml"
  cat "$CONTRIB"/{prometheus,alertmanager}/prometheus.yml >"$work/prometheus.yml"
  promtool check config --syntax-only "$work/prometheus.yml"
}

@test "Alertmanager: a process that was killed, with all that is known of it" {
  start_mail_server
  start_alertmanager
  configure_ends
  start_collectd
  start_load "$me-crash" --stay 90 idle
  start_load "$me-fine" --wait --limit 90 burn 10 0
  reads 2 crash
  pid=${load_pid[$me-crash]}
  since=$(date +%s)
  kill -SEGV "$pid"
  perform "$me-fine"
  stop_load "$me-fine"
  await "the alert" has_alert '.labels.taskstats == "crash"'
  await "the other alert" has_alert '.labels.taskstats == "fine"'

  alerts '.labels.taskstats == "crash"' >"$work/alert"
  jq -e --arg pid "$pid" --arg command "$me-crash" --arg ppid "$BASHPID" --argjson since "$since" '
    (.labels | .alertname == "collectd_taskstats_exit" and .instance == "testhost" and
      .severity == "FAILURE") and
    (.annotations | .pid == $pid and .ppid == $ppid and .uid == "0" and
      .command == $command and .signal == "11" and .signal_name == "SIGSEGV" and
      (.core_dumped | IN("true", "false")) and (.elapsed | tonumber > 0) and
      (.cpu_user | tonumber >= 0) and (.delay_cpu | tonumber >= 0) and
      (.read_bytes | tonumber >= 0) and
      (.summary | startswith("\($command) (pid \($pid), uid 0) was killed by SIGSEGV"))) and
    (.startsAt | sub("\\..*"; "Z") | fromdate >= $since - 1)' "$work/alert" ||
    fail "$(cat "$work/alert")"
  await "a mail of it" mailed "pid = $pid\b"
  assert_no_complaints
  assert_not_logged 'write_http plugin'
  # A process that ended without a failure notifies nobody.
  assert_equal "$(receivers '.labels.taskstats == "crash"')" ends
  assert_equal "$(receivers '.labels.taskstats == "fine"')" nobody
}

@test "Alertmanager: an alarm of Prometheus" {
  start_mail_server
  start_alertmanager
  scrape_port=$(free_port)
  configure <<CONF
    <Group "web">
      Command "$me-web"
    </Group>
CONF
  forward prometheus/collectd.conf 9103 "$scrape_port"
  start_collectd
  more_configuration=$(recipe alertmanager/prometheus.yml 9093 "$alert_port")
  start_prometheus
  await "the alert" has_alert '.labels.alertname == "TaskstatsDead" and .labels.taskstats == "web"'
  await "a mail of it" mailed 'web on testhost is dead'
}
