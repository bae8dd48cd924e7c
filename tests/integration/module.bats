#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The module, loaded into collectd.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

@test "module: it needs nothing that collectd or its libraries do not have" {
  configure <<<'Process "x"'
  run env LD_BIND_NOW=1 "$COLLECTD" -T -C "$work/collectd.conf"

  assert_equal "$status" 0 "$output"
  grep -q 'plugin "taskstats" successfully loaded' "$work/collectd.log"
}

@test "module: its first line in the log has the version, which the tools print" {
  local version tool

  version=$(sed -n 's/^#define TASKSTATS_VERSION "\(.*\)"/\1/p' "$TASKSTATS_TESTS/../plugin/version.h")
  configure <<<'CollectMemoryMaps true'
  run -0 "$COLLECTD" -T -C "$work/collectd.conf"
  assert_equal "$(grep -m 1 -o 'taskstats plugin: .*' "$work/collectd.log")" \
    "taskstats plugin: Version $version."
  for tool in top probe explain; do
    assert_equal "$("$TASKSTATS_BUILD/taskstats-$tool" --version)" "taskstats-$tool $version"
  done
}

# File descriptors of collectd that are open on a process's /proc/<pid>/io.
io_files() {
  find "/proc/$collectd_pid/fd" -lname '/proc/*/io' -printf '%f\n' | sort -n
}

@test "module: with few file descriptors, what many processes do is known" {
  local i round bytes calls many=40

  configure <<EOF
    <Group "many">
      CommandLine "/$me-m[0-9]+ "
    </Group>
EOF
  collectd_prefix=(prlimit --nofile=48)
  start_collectd
  reads 1 many
  for ((i = 0; i < many; i++)); do
    start_load "$me-m$i" --wait --rounds 2 --stay 60 write /dev/null 100003 9 plain
  done
  # If a read saw a load between its fork and its exec, "ready" is not counted.
  settle many
  bytes=$(($(value many io_octets tx) - 6 * many))
  calls=$(($(value many io_ops write) - many))
  for round in 1 2; do
    for ((i = 0; i < many; i++)); do
      perform "$me-m$i" "$round"
    done
    settle many
  done

  for ((i = 0; i < many; i++)); do
    bytes=$((bytes + $(truth "$me-m$i" tx_bytes)))
    calls=$((calls + $(truth "$me-m$i" tx_calls)))
  done
  assert_equal "$(members many)" "$many.000000"
  assert_equal "$(value many io_octets tx)" "$bytes"
  assert_equal "$(value many io_ops write)" "$calls"
  assert_between "$(io_files | wc -l)" 0 12
  assert_no_complaints
}

@test "module: a storm of everything" {
  interval=0.1
  configure <<EOF
    CollectContextSwitch true
    CollectPageFaults true
    CollectMemory true
    CollectDelayLatency true
    <Group "storm">
      CommandLine "/$me-"
    </Group>
    <Group "reuse">
      Command "$me-a" "$me-b"
    </Group>
EOF
  start_collectd
  reads 1 storm
  start_load "$me-churn" --wait churn 2000 1000 4
  start_load "$me-swarm" --wait swarm 5000 50 20
  start_load "$me-zombie" --wait --stay 60 zombie together 3 1000 5000
  start_load "$me-reuse" --wait --stay 60 reuse "$me-a" 700 "$me-b" 500 5000
  for name in churn swarm zombie reuse; do
    go "$me-$name"
  done
  await "the zombie" said "$me-zombie" 'zombie=[0-9]+'
  await "the first" said "$me-reuse" 'first_cpu_us=[0-9]+'
  perform "$me-zombie"
  perform "$me-reuse"
  await_done "$me-churn"
  await_done "$me-swarm"
  settle storm

  # Each test checks at its end that nothing jumps or decreases.
  assert_no_complaints
}

@test "module: a program that collectd starts inherits no descriptor" {
  local fd flags

  configure <<EOF
    ExitLog "$work/exits.json"
    <Group "load">
      CommandLine "$me-load"
    </Group>
    <Group "file">
      Executable "$LOAD"
      User "root"
    </Group>
EOF
  program=$(mktemp -d /tmp/taskstats.XXXXXX)
  remove_at_end "$program"
  chmod 777 "$program"
  cat >"$program/run" <<EOF
#!/usr/bin/python3
import os, time
descriptors = os.listdir("/proc/self/fd")  # and that of the directory itself, which is closed
links = [fd + " " + os.readlink("/proc/self/fd/" + fd)
         for fd in descriptors if os.path.exists("/proc/self/fd/" + fd)]
with open("$program/new", "w") as file:
    print("\n".join(links), file=file)
os.rename("$program/new", "$program/open")
time.sleep(1000)
EOF
  chmod 755 "$program/run"
  start_load "$me-load" --stay 100 idle
  add_plugin exec <<<"Exec \"nobody\" \"$program/run\""
  start_collectd
  reads 2 load
  await "what it has open" test -s "$program/open"
  cat "$program/open"
  assert_equal "$(cut -d ' ' -f 1 "$program/open" | sort -n | xargs)" "0 1 2"

  # For any other program that collectd starts, the plugin's descriptors are
  # close-on-exec.
  for fd in /proc/"$collectd_pid"/fdinfo/*; do
    flags=$(awk '$1 == "flags:" { print $2 }' "$fd" 2>/dev/null) || continue
    if [[ -n $flags ]] && (((8#$flags & 8#2000000) == 0)); then
      readlink "/proc/$collectd_pid/fd/${fd##*/}" || true
    fi
  done >"$work/inherited"
  run ! grep -E 'socket:|anon_inode|^/proc/|exits.json|kmsg' "$work/inherited"
}

@test "module: it ends when collectd does" {
  interval=10
  configure <<EOF
    <Group "any">
      CommandLine "."
    </Group>
EOF
  start_collectd
  reads 1 any
  began=$EPOCHREALTIME
  stop_collectd

  holds "$EPOCHREALTIME - $began < 7"
  assert_not_logged '\[error\]'
}
