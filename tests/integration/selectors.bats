#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Who belongs to a group.

# shellcheck source=common.bash
source "$BATS_TEST_DIRNAME/common.bash"

@test "selectors: Process, by command name" {
  configure <<EOF
    Process "$me-a"
    <Process "$me-b">
      CollectMemory true
    </Process>
    Process "$me"
EOF
  start_load "$me-a" --stay 60 idle
  start_load "$me-b" --stay 60 idle
  start_collectd

  assert_members "$me-a" 1
  assert_members "$me-b" 1
  # A name is the whole name.
  assert_members "$me" 0
}

@test "selectors: a name that is longer than the kernel's" {
  long=$me-longer-than-15
  configure <<EOF
    Process "$long"
    <Group "command">
      Command "$long"
    </Group>
EOF
  start_load "$long" --stay 60 idle
  start_collectd

  assert_members "$long" 1
  assert_members command 1
}

@test "selectors: ProcessMatch, by command line" {
  configure <<EOF
    ProcessMatch "match" "/$me-[ab] .*--limit 9[01] idle\$"
    ProcessMatch "other" "--limit 90 park"
    <ProcessMatch "block" "$me-b .*(idle|park)">
      CollectMemory true
    </ProcessMatch>
EOF
  start_load "$me-a" --stay 60 --limit 90 idle
  start_load "$me-b" --stay 60 --limit 91 idle
  start_load "$me-c" --stay 60 --limit 90 idle
  start_collectd

  assert_members match 2
  assert_members other 0
  assert_members block 1
}

@test "selectors: Command, any of several" {
  configure <<EOF
    <Group "line">
      Command "$me-a" "$me-b" "$me-none"
    </Group>
    <Group "lines">
      Command "$me-a"
      Command "$me-b"
    </Group>
    <Group "one">
      Command "$me-c"
    </Group>
EOF
  for name in a b c; do
    start_load "$me-$name" --stay 60 idle
  done
  start_collectd

  assert_members line 2
  assert_members lines 2
  assert_members one 1
}

@test "selectors: CommandLine, the arguments joined by spaces" {
  configure <<EOF
    <Group "joined">
      CommandLine "$me-a --stay 60 idle\$"
    </Group>
    <Group "any">
      CommandLine "$me-b .*idle" "$me-c .*park 1\$"
    </Group>
EOF
  start_load "$me-a" --stay 60 idle
  start_load "$me-b" --stay 60 idle
  start_load "$me-c" --stay 60 park 1
  start_collectd

  assert_members joined 1
  assert_members any 2
}

@test "selectors: CommandLine, the name in place of an empty command line" {
  [[ $(</proc/2/comm) == kthreadd ]] || skip "no kernel thread in sight"
  configure <<EOF
    <Group "kernel">
      CommandLine "^kthreadd\$"
    </Group>
EOF
  start_collectd

  assert_members kernel 1
}

@test "selectors: Executable, by the path of the file, also through a link" {
  mkdir "$work/exe"
  cp "$LOAD" "$work/exe/real"
  ln -s real "$work/exe/link"
  ln -s exe "$work/dirlink"
  configure <<EOF
    <Group "path">
      Executable "$work/exe/real"
    </Group>
    <Group "link">
      Executable "$work/exe/link"
    </Group>
    <Group "dirlink">
      Executable "$work/dirlink/real"
    </Group>
    <Group "either">
      Executable "$work/exe/none" "$work/exe/real"
    </Group>
    <Group "other">
      Executable "$work/exe"
    </Group>
EOF
  start_load "$me-no" --stay 60 idle
  mkdir -p "$work/bin"
  ln -s "$work/exe/link" "$work/bin/$me-exe"
  start_load "$me-exe" --stay 60 idle
  start_collectd

  for group in path link dirlink either; do
    assert_members "$group" 1
  done
  assert_members other 0
}

@test "selectors: User, by name and by number, the real one" {
  configure <<EOF
    <Group "name">
      Command "$me-real" "$me-eff" "$me-root"
      User "nobody"
    </Group>
    <Group "number">
      Command "$me-real" "$me-eff" "$me-root"
      User "$NOBODY"
    </Group>
    <Group "root">
      Command "$me-real" "$me-eff" "$me-root"
      User "root"
    </Group>
    <Group "both">
      Command "$me-real" "$me-eff" "$me-root"
      User "root" "nobody"
    </Group>
EOF
  start_load "$me-real" --ruid "$NOBODY" --stay 60 idle
  start_load "$me-eff" --euid "$NOBODY" --stay 60 idle
  start_load "$me-root" --stay 60 idle
  start_collectd

  assert_members name 1
  assert_members number 1
  assert_members root 2
  assert_members both 3
}

@test "selectors: ControlGroup, by its path" {
  make_cgroup "$me-cg.slice"
  make_cgroup "$me-cg.slice/a.service"
  configure <<EOF
    <Group "slice">
      ControlGroup "^/$me-cg\\\\.slice/"
    </Group>
    <Group "service">
      ControlGroup "/[ab]\\\\.service\$"
      Command "$me-a"
    </Group>
    <Group "other">
      ControlGroup "^/$me-cg\\\\.slice/b"
    </Group>
EOF
  start_load "$me-a" --stay 60 idle
  start_load "$me-b" --stay 60 idle
  enter_cgroup "$me-cg.slice/a.service" "${load_pid[$me-a]}"
  start_collectd

  assert_members slice 1
  assert_members service 1
  assert_members other 0
}

@test "selectors: ControlGroup, entered while the plugin watches" {
  make_cgroup "$me-cg.slice"
  configure <<EOF
    <Group "slice">
      ControlGroup "^/$me-cg\\\\.slice"
    </Group>
EOF
  start_load "$me-a" --wait --rounds 9 --stay 60 burn 50 0
  start_collectd
  assert_members slice 0
  enter_cgroup "$me-cg.slice" "${load_pid[$me-a]}"
  perform "$me-a"

  await_members slice 1
}

@test "selectors: PIDFile" {
  start_load "$me-a" --stay 60 idle
  start_load "$me-b" --stay 60 idle
  echo "${load_pid[$me-a]}" >"$work/a.pid"
  printf '%s' "${load_pid[$me-b]}" >"$work/b.pid"
  echo "not a pid" >"$work/bad.pid"
  : >"$work/empty.pid"
  configure <<EOF
    <Group "one">
      PIDFile "$work/a.pid"
    </Group>
    <Group "two">
      PIDFile "$work/a.pid" "$work/b.pid"
    </Group>
    <Group "bad">
      PIDFile "$work/bad.pid" "$work/empty.pid" "$work/none.pid"
    </Group>
EOF
  start_collectd

  assert_members one 1
  assert_members two 2
  assert_members bad 0
}

@test "selectors: PIDFile that appears and changes later" {
  start_load "$me-a" --wait --stay 60 burn 500 0
  start_load "$me-b" --wait --rounds 2 --stay 60 burn 500 0
  perform "$me-b"
  configure <<EOF
    <Group "file">
      PIDFile "$work/late.pid"
    </Group>
EOF
  start_collectd
  assert_members file 0
  before=$(cpu_so_far "$me-a")
  echo "${load_pid[$me-a]}" >"$work/late.pid"
  await_members file 1
  perform "$me-a"
  settle file
  first=$(cpu_us file)
  assert_near "$first" "$(truth "$me-a" cpu_us)" 3 "$before"

  # What the other has used before it belonged to the group does not count.
  echo "${load_pid[$me-b]}" >"$work/late.pid"
  settle file
  perform "$me-b" 2
  settle file
  assert_members file 1
  second=$(($(truth "$me-b" cpu_us 2) - $(truth "$me-b" cpu_us 1)))
  assert_near "$(cpu_us file)" $((first + second)) 3
  rm "$work/late.pid"
  await_members file 0
}

@test "selectors: different ones must all hold" {
  configure <<EOF
    <Group "all">
      Command "$me-a" "$me-b"
      CommandLine "park 1\$" "park 2\$"
      User "nobody"
      Executable "$LOAD"
    </Group>
    <Group "not-all">
      Command "$me-a"
      Executable "/bin/sh"
    </Group>
EOF
  start_load "$me-a" --ruid "$NOBODY" --stay 60 park 1
  start_load "$me-b" --ruid "$NOBODY" --stay 60 park 3
  start_load "$me-c" --ruid "$NOBODY" --stay 60 park 1
  stop_load "$me-c"
  start_load "$me-d" --stay 60 park 2
  start_collectd

  assert_members all 1
  assert_members not-all 0
}

@test "selectors: a process counts in every group that it matches" {
  configure <<EOF
    <Group "one">
      Command "$me-a"
    </Group>
    <Group "two">
      CommandLine "/$me-[ab] "
    </Group>
EOF
  start_collectd
  reads 1 one
  reads 1 two
  start_load "$me-a" --wait --stay 60 burn 600 0
  start_load "$me-b" --wait --stay 60 burn 300 0
  perform "$me-a"
  perform "$me-b"
  settle one
  settle two

  assert_members one 1
  assert_members two 2
  a=$(truth "$me-a" cpu_us)
  b=$(truth "$me-b" cpu_us)
  assert_near "$(cpu_us one)" "$a" 3
  assert_near "$(cpu_us two)" $((a + b)) 3
}

@test "selectors: a group without members is told" {
  configure <<EOF
    <Group "none">
      Command "$me-none"
    </Group>
EOF
  start_collectd
  reads 3 none

  assert_equal "$(members none)" 0.000000
  assert_equal "$(value none ps_count threads)" 0.000000
  assert_equal "$(cpu_us none)" 0
}

@test "selectors: every process there is" {
  configure <<EOF
    CollectMemory true
    CollectPageFaults true
    <Group "all">
      CommandLine "."
    </Group>
    <Group "root">
      User "root"
    </Group>
EOF
  start_collectd
  settle all
  settle root

  there=$(ps -e -o stat= | awk '!/^Z/' | wc -l)
  assert_near "$(members all)" "$there" 5 5
  there=$(ps -e -o stat=,ruid= | awk '!/^Z/ && $2 == 0' | wc -l)
  assert_near "$(members root)" "$there" 5 5
  # There may be some whose I/O is hidden even from root.
  assert_between "$(complaints | wc -l)" 0 1
}

@test "selectors: a service that dies and comes back" {
  configure <<EOF
    Process "$me-a"
EOF
  start_load "$me-a" --stay 60 idle
  start_collectd
  assert_members "$me-a" 1
  stop_load "$me-a"
  assert_members "$me-a" 0
  start_load "$me-a" --stay 60 idle
  assert_members "$me-a" 1
}

@test "selectors: a process that takes another program" {
  configure <<EOF
    Process "$me-exec"
EOF
  mkdir -p "$work/bin"
  ln -s "$LOAD" "$work/bin/$me-exec"
  bash -c "until [ -e '$work/now' ]; do sleep 0.1; done
    exec '$work/bin/$me-exec' --stay 60 burn 300 0" \
    >"$work/$me-exec.out.load" 3>&- {lock}>&- &
  load_pid[$me-exec]=$!
  start_collectd
  assert_members "$me-exec" 0
  touch "$work/now"
  await_done "$me-exec"

  assert_members "$me-exec" 1
}

@test "selectors: a process that takes another name" {
  configure <<EOF
    Process "$me-old"
    Process "$me-new"
EOF
  start_load "$me-old" --rename "$me-new" --wait --stay 60 burn 400 0
  start_collectd
  assert_members "$me-old" 1
  kill -USR2 "${load_pid[$me-old]}"
  await_members "$me-new" 1
  perform "$me-old"

  assert_members "$me-new" 1
  assert_members "$me-old" 0
  # But for what it used before it had the name.
  assert_near "$(cpu_us "$me-new")" "$(truth "$me-old" cpu_us)" 3 30000
}
