#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Executable and PIDFile on file systems that do not answer, cannot be read, or hide
# the device of a file.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

mounted=

teardown() {
  local status=0

  stop_collectd || status=1 # while the mount hangs
  unmount
  common_teardown || status=1
  return "$status"
}

unmount() {
  [[ -n $mounted ]] || return 0
  umount -l "$mounted" || true
  mounted=
}

# mount_hung: mounts a file system that does not answer at $hung; its server is the load
# "hung".
mount_hung() {
  [[ -c /dev/fuse ]] || skip "no /dev/fuse"
  hung=$work/hung
  mkdir "$hung"
  in_background hung "$TASKSTATS_BUILD/tests/hung_mount" "$hung" \
    >"$work/hung.out.load" 2>"$work/hung.err.load"
  mounted=$hung
  await "the mount" said hung ready
}

# Lets collectd run as nobody.
open_to_nobody() {
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$work"
  mkdir -p "$work/csv"
  touch "$work"/collectd.{log,out,pid}
  chown -R nobody "$work/csv" "$work"/collectd.{log,out,pid}
}

start_other() { start_load "$me-other" --stay 100 idle; }

configure_hung() {
  configure <<CONF
    <Group "hung">
      PIDFile "$hung/x.pid"
    </Group>
    <Group "program">
      Executable "$hung/sbin/nginx"
    </Group>
    <Group "pid">
      PIDFile "$work/other.pid"
    </Group>
    <Group "exe">
      Executable "$(realpath "$LOAD")"
      Command "$me-other"
    </Group>
CONF
}

@test "paths: a mount that does not answer holds up only what is on it" {
  mount_hung
  configure_hung
  start_other
  echo "${load_pid[$me-other]}" >"$work/other.pid"
  start_collectd
  assert_members exe 1
  await_members pid 1
  assert_members hung 0
  await_logged "Cannot read PIDFile \"$hung/x.pid\" \(Connection timed out\)"
  await_logged "Cannot read Executable \"$hung/sbin/nginx\""
  reads 4 exe
  stop_collectd
  assert_logged_once "Cannot read PIDFile \"$hung/x.pid\""

  # collectd can be restarted while its old helper process still waits for the mount.
  rm -r "$work/collectd.log" "$work/csv"
  start_collectd
  assert_members exe 1
  await_members pid 1
}

@test "paths: a mount that answers again is looked at again" {
  mount_hung
  configure_hung
  start_collectd
  await_logged "Cannot read Executable \"$hung/sbin/nginx\" \(Connection timed out\)"
  await_logged "Cannot read PIDFile \"$hung/x.pid\" \(Connection timed out\)"
  go hung
  await_logged "Cannot read Executable \"$hung/sbin/nginx\" \(No such file"
  await_logged "PIDFile \"$hung/x.pid\" can be read again"
}

@test "paths: a pid file that cannot be read or understood is told, and is not none" {
  configure <<CONF
    <Group "bad">
      PIDFile "$work/bad.pid"
    </Group>
    <Group "directory">
      PIDFile "$work/directory.pid"
    </Group>
    <Group "other">
      Command "$me-other"
    </Group>
CONF
  start_other
  mkdir "$work/directory.pid"
  echo "PID=${load_pid[$me-other]}" >"$work/bad.pid"
  start_collectd
  await_logged "Cannot read PIDFile \"$work/bad.pid\""
  await_logged "Cannot read PIDFile \"$work/directory.pid\""
  reads 2 other
  assert_logged_once "Cannot read PIDFile \"$work/bad.pid\" \(no process id\)"
  assert_logged_once "Cannot read PIDFile \"$work/directory.pid\" \(Is a directory\)"
  echo "${load_pid[$me-other]}" >"$work/bad.pid"
  await_members bad 1
  assert_logged_once "PIDFile \"$work/bad.pid\" can be read again"
  echo "PID=1" >"$work/bad.pid"
  reads 6 other
  assert_members bad 1
}

@test "paths: a pid file that collectd may not read is told" {
  collectd_prefix=(setpriv --reuid nobody --clear-groups --inh-caps=-all
    --ambient-caps=-all)
  configure <<CONF
    <Group "secret">
      PIDFile "$work/secret.pid"
    </Group>
    <Group "own">
      Command "$me-other"
    </Group>
CONF
  start_other
  install -m 600 /dev/null "$work/secret.pid"
  open_to_nobody
  start_collectd
  await_logged "Cannot read PIDFile"
  reads 2 own
  assert_logged_once "Cannot read PIDFile \"$work/secret.pid\" \(Permission denied\): give"
}

# exits_of GROUP: number of counted exits.
exits_of() { column "$1" total_events-exit-ok | tail -n 1 | cut -d. -f1; }

# run_short COUNT COMMAND...: processes that are too short for a read to see.
run_short() {
  local i

  for ((i = 0; i < $1; i++)); do
    "${@:2}" 3>&- {lock}>&-
  done
}

@test "paths: an Executable on an overlay, by what a process that runs it has shown" {
  local dir before counted

  mkdir "$work/over" "$work/layers"
  mount -t tmpfs none "$work/layers"
  mounted=$work/layers
  mkdir "$work"/layers/{lower,upper,work}
  cp "$(type -P sleep)" "$work/layers/lower/sleep"
  cp "$(type -P true)" "$work/layers/lower/true"
  if ! mount -t overlay none "$work/over" \
    -o "lowerdir=$work/layers/lower,upperdir=$work/layers/upper,workdir=$work/layers/work"; then
    skip "no overlayfs"
  fi
  interval=0.5
  configure <<CONF
    <Group "over">
      Executable "$work/over/sleep"
    </Group>
    <Group "never">
      Executable "$work/over/true"
    </Group>
CONF
  in_background sleep "$work/over/sleep" 100
  await "the program" test "/proc/${load_pid[sleep]}/exe" -ef "$work/over/sleep"
  start_collectd
  await_members over 1
  run_short 100 "$work/over/sleep" 0
  settle over
  assert_equal "$(exits_of over)" 100

  # Exits of a program that no read has seen running are at least counted as undecided.
  before=$(value "" total_events-exit-undecided | cut -d. -f1)
  run_short 50 "$work/over/true"
  settle over
  reads 1 ""
  counted=$(exits_of never)
  assert_between "$(($(value "" total_events-exit-undecided | cut -d. -f1) - before + counted))" 50 100000
  stop_load sleep
  stop_collectd
  umount "$work/over"
}

@test "paths: an Executable that is upgraded" {
  cp "$(type -P sleep)" "$work/program"
  interval=0.5
  configure <<CONF
    <Group "upgraded">
      Executable "$work/program"
    </Group>
CONF
  in_background program "$work/program" 100
  start_collectd
  await_members upgraded 1
  run_short 20 "$work/program" 0
  cp "$(type -P sleep)" "$work/program.new"
  mv "$work/program.new" "$work/program"
  reads 3 upgraded
  run_short 20 "$work/program" 0
  settle upgraded
  assert_equal "$(exits_of upgraded)" 40
  assert_members upgraded 1
}

# The file system gives the inode of a deleted file to the next one.
@test "paths: an Executable that is gone is no other program with its inode" {
  local i inode

  disk_dir
  cp "$(type -P true)" "$disk/gone"
  interval=0.5
  configure <<CONF
    <Group "gone">
      Executable "$disk/gone"
    </Group>
CONF
  start_collectd
  reads 2 gone
  "$disk/gone"
  inode=$(stat -c %i "$disk/gone")
  rm "$disk/gone"
  for i in {1..20}; do
    cp "$(type -P true)" "$disk/other$i"
    [[ $(stat -c %i "$disk/other$i") -ne $inode ]] || break
  done
  [[ $(stat -c %i "$disk/other$i") -eq $inode ]] || skip "the inode is not used again"
  await "what is told" grep -q "Cannot read Executable \"$disk/gone\" (No such file" \
    "$work/collectd.log"
  run_short 20 "$disk/other$i"
  settle gone
  assert_equal "$(exits_of gone)" 1
}

@test "paths: an Executable that is a symbolic link, which is changed" {
  mkdir "$work"/v{1,2}
  cp "$(type -P sleep)" "$work/v1/program"
  cp "$(type -P sleep)" "$work/v2/program"
  ln -s "$work/v1/program" "$work/program"
  configure <<CONF
    <Group "linked">
      Executable "$work/program"
    </Group>
CONF
  in_background first "$work/program" 100
  start_collectd
  await_members linked 1
  ln -s "$work/v2/program" "$work/program.new"
  mv -T "$work/program.new" "$work/program"
  reads 3 linked
  in_background second "$work/program" 100
  await_members linked 2
}

@test "paths: an Executable in many mount namespaces" {
  local i

  mkdir "$work/app"
  configure <<CONF
    <Group "app">
      Executable "$work/app/sleep"
    </Group>
CONF
  # shellcheck disable=SC2016 # the inner shell's variables
  for ((i = 0; i < 12; i++)); do
    in_background "namespace$i" unshare --mount --propagation private sh -c '
      mount -t tmpfs none "$1/app" && cp "$(command -v sleep)" "$1/app/sleep"
      "$1/app/sleep" 100 &
      trap "kill $!; exit" TERM
      until [ "/proc/$!/exe" -ef "$1/app/sleep" ]; do sleep 0.05; done
      touch "$1/up.$2"
      until [ -e "$1/go" ]; do sleep 0.05; done
      for i in 1 2 3 4 5 6 7 8 9 10; do "$1/app/sleep" 0; done
      touch "$1/done.$2"; wait' sh "$work" "$i"
  done
  for ((i = 0; i < 12; i++)); do
    await "the program" test -e "$work/up.$i"
  done
  start_collectd
  await_members app 12
  touch "$work/go"
  for ((i = 0; i < 12; i++)); do
    await "the programs" test -e "$work/done.$i"
  done
  settle app
  assert_equal "$(exits_of app)" 120
}

# A helper that does not answer in time is replaced by another one.
has_helper() {
  pgrep -P "$collectd_pid" >"$work/helper.pid"
  has_members helper 1
}

@test "paths: the process that looks at them does not count as collectd" {
  configure <<CONF
    ProcessMatch "line" "collectd -f -C $work"
    <Group "helper">
      CommandLine "^taskstats paths$"
      PIDFile "$work/none.pid" "$work/helper.pid"
    </Group>
CONF
  start_collectd
  await_members line 1
  await "the helper" has_helper
  settle line
  await_members line 1
}
