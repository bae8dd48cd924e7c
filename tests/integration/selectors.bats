#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Members of a group, by each selector. unit/test_selector covers combinations of
# selectors and unusual processes.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

interval=0.2

# Container ID.
ID=4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d0123

@test "selectors: by command name and by command line" {
  configure <<EOF
    Process "$me-a"
    Process "$me"
    ProcessMatch "match" "/$me-[ab] .*--limit 9[01] idle\$"
    ProcessMatch "other" "--limit 90 park"
    <Group "command">
      Command "$me-a" "$me-b" "$me-none"
      Command "$me-c"
    </Group>
    <Group "line">
      CommandLine "$me-a --stay 60 --limit 90 idle\$" "$me-c .*park 1\$"
    </Group>
EOF
  start_load "$me-a" --stay 60 --limit 90 idle
  start_load "$me-b" --stay 60 --limit 91 idle
  start_load "$me-c" --stay 60 --limit 92 park 1
  start_collectd

  assert_members "$me-a" 1
  # The whole name has to match.
  assert_members "$me" 0
  assert_members match 2
  assert_members other 0
  assert_members command 3
  assert_members line 2
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

  await_members path 1 # another process looks at the files
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

  await_members name 1 # another thread looks the users up
  await_members root 2
  assert_members name 1
  assert_members number 1
  assert_members root 2
  assert_members both 3
}

@test "selectors: ControlGroup, entered while the plugin watches, too" {
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
  # An older process is matched only every 50 s.
  start_load "$me-a" --stay 100 idle
  start_load "$me-b" --wait --rounds 9 --stay 100 burn 50 0
  enter_cgroup "$me-cg.slice/a.service" "${load_pid[$me-a]}"
  start_collectd

  assert_members slice 1
  assert_members service 1
  assert_members other 0
  enter_cgroup "$me-cg.slice/a.service" "${load_pid[$me-b]}"
  perform "$me-b"
  await_members slice 2
  assert_members service 1
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

  # What this process used before it became a member does not count.
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

@test "selectors: Unit, as %{unit} names it, whichever hierarchy tells" {
  for cgroup in "$me.slice" "$me.slice/$me-a.service" \
    "$me.slice/user@4711.service" "$me.slice/user@4711.service/$me-a.service" \
    "$me.slice/docker-$ID.scope"; do
    make_cgroup "$cgroup"
  done
  configure <<EOF
    <Group "service">
      Unit "$me-a.service"
    </Group>
    <Group "wildcard">
      Unit "$me-none.service" "$me-[ab].serv*"
    </Group>
    <Group "user's">
      Unit "user-4711-$me-a.service"
    </Group>
    <Group "container">
      Unit "${ID:0:12}"
    </Group>
    <Group "in-%{unit}">
      Command "$me-1" "$me-2" "$me-3"
    </Group>
EOF
  for i in 1 2 3; do
    start_load "$me-$i" --stay 60 idle
  done
  enter_cgroup "$me.slice/$me-a.service" "${load_pid[$me-1]}"
  enter_cgroup "$me.slice/user@4711.service/$me-a.service" "${load_pid[$me-2]}"
  enter_cgroup "$me.slice/$me-a.service" "${load_pid[$me-3]}"
  # Only the last hierarchy shows the container: that of version 1, if it is mounted,
  # too.
  echo "${load_pid[$me-3]}" >"$(cgroup_roots | tail -n1)/$me.slice/docker-$ID.scope/cgroup.procs"
  start_collectd

  assert_members service 1
  assert_members wildcard 1
  assert_members "user's" 1
  assert_members container 1
  assert_equal "$(group_names 'in-.*' | sort | xargs)" \
    "$(printf 'in-%s\n' "${ID:0:12}" "$me-a.service" "user-4711-$me-a.service" | sort | xargs)"
}

@test "selectors: Exclude" {
  configure <<EOF
    <Group "all">
      Command "$me-a" "$me-b" "$me-c"
    </Group>
    <Group "but-b">
      Command "$me-a" "$me-b" "$me-c"
      <Exclude>
        Command "$me-b"
      </Exclude>
    </Group>
    <Group "but-two">
      Command "$me-a" "$me-b" "$me-c"
      <Exclude>
        Command "$me-b"
      </Exclude>
      <Exclude>
        CommandLine "--limit 92"
      </Exclude>
    </Group>
    <Group "but-both-at-once">
      Command "$me-a" "$me-b" "$me-c"
      <Exclude>
        Command "$me-b"
        CommandLine "--limit 92"
      </Exclude>
    </Group>
EOF
  start_load "$me-a" --stay 60 --limit 91 idle
  start_load "$me-b" --stay 60 --limit 91 idle
  start_load "$me-c" --stay 60 --limit 92 idle
  start_collectd

  assert_members all 3
  assert_members but-b 2
  assert_members but-two 1
  assert_members but-both-at-once 3
}

@test "selectors: PIDFile with several pids, and with wildcards" {
  mkdir "$work/run" "$work/run/a" "$work/run/b"
  configure <<EOF
    <Group "several">
      PIDFile "$work/run/several.pid"
    </Group>
    <Group "wildcards">
      PIDFile "$work/run/[ab]/*.pid"
    </Group>
EOF
  for i in a b c; do
    start_load "$me-$i" --stay 60 idle
  done
  printf '%s\n' "${load_pid[$me-a]}" "${load_pid[$me-b]}" "/a/directory" \
    "${load_pid[$me-c]}" >"$work/run/several.pid"
  echo "${load_pid[$me-a]}" >"$work/run/a/x.pid"
  start_collectd
  assert_members several 2
  assert_members wildcards 1

  echo "${load_pid[$me-c]} ${load_pid[$me-b]}" >"$work/run/several.pid"
  echo "${load_pid[$me-c]}" >"$work/run/b/y-1.pid"
  await_members wildcards 2
  : >"$work/run/b/y-1.pid"
  await_logged "Cannot read PIDFile .*it is empty"
  rm "$work/run/a/x.pid"
  settle several
  assert_members several 2
  assert_members wildcards 2 # unknown while a file is empty
  rm "$work/run/b/y-1.pid"
  await_members wildcards 0
}

# There is one ksoftirqd thread for each CPU that has ever been online.
@test "selectors: threads of the kernel, by their pools" {
  configure <<EOF
    <Group "user-%{comm}">
    </Group>
    <Group "kernel-%{comm}">
      CommandLine "^(kworker|ksoftirqd|migration|cpuhp)/"
    </Group>
EOF
  start_load "$me-a" --stay 60 idle
  start_collectd

  assert_members "user-$me-a" 1
  assert_equal "$(group_names 'user-(kworker|ksoftirqd|migration|cpuhp|kthreadd).*')" ""
  assert_members kernel-ksoftirqd "$(cat /proc/[0-9]*/comm 2>/dev/null | grep -c '^ksoftirqd/')"
  assert_equal "$(group_names 'kernel-.*' | grep -Ev '^kernel-(kworker|ksoftirqd|migration|cpuhp)$')" ""
  await "kernel workers" holds "$(members kernel-kworker) >= 2"
}
