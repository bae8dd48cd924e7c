#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# collectd runs as in contrib/systemd: as an unprivileged user with exactly the
# documented capabilities and the mounts of systemd's Protect* options.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

drop_in=$TASKSTATS_TESTS/../contrib/systemd/collectd-taskstats.conf
sysctl=$TASKSTATS_TESTS/../contrib/sysctl.d/60-taskstats.conf

# setting KEY: its value in the drop-in.
setting() { sed -n "s/^$1=//p" "$drop_in"; }

# capabilities WITHOUT: those of the drop-in except WITHOUT, in setpriv's format.
capabilities() {
  local name list=-all

  for name in $(setting AmbientCapabilities); do
    name=${name#CAP_}
    [[ $name == "$1" ]] || list+=,+${name,,}
  done
  echo "$list"
}

# Sets up the mounts for the options that the drop-in sets.
protect() {
  local path

  while read -r key value path; do
    [[ $(setting "$key") == "$value" && -e $path ]] || continue
    mount --rbind "$path" "$path"
    mount -o remount,ro,bind "$path"
  done <<PATHS
ProtectKernelTunables yes /proc/sys
ProtectKernelTunables yes /proc/irq
ProtectKernelTunables yes /sys
ProtectControlGroups yes /sys/fs/cgroup
ProtectSystem full /usr
ProtectSystem full /etc
ProtectHome read-only /root
ProtectHome read-only /home
PATHS
  if [[ $(setting ProtectKernelModules) == yes && -d /usr/lib/modules ]]; then
    mount -t tmpfs -o mode=0 none /usr/lib/modules
  fi
}

# run_as_service WITHOUT: collectd will run as in the drop-in, but without this
# capability (may be ""). It runs as another user, who needs access to all files.
run_as_service() {
  local caps
  caps=$(capabilities "$1")

  work=$(mktemp -d /tmp/taskstats.XXXXXX)
  remove_at_end "$work"
  chmod 755 "$work"
  mkdir "$work/plugin" "$work/bin"
  cp "$TASKSTATS_BUILD/taskstats.so" "$work/plugin"
  cp "$LOAD" "$work/bin/$me-file"
  chown nobody "$work"
  plugin_dir=$work/plugin
  cat >"$work/service" <<SERVICE
#!/bin/bash
set -euo pipefail
drop_in=$drop_in
$(declare -f setting protect)
protect
exec setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs \\
  --inh-caps "$caps" --ambient-caps "$caps" --bounding-set "$caps" -- "\$@"
SERVICE
  chmod 755 "$work/service"
  collectd_prefix=(unshare --mount --uts --propagation private "$work/service")
}

# has_capabilities MASK: collectd has exactly these, in all sets.
has_capabilities() {
  assert_equal "$(sed -nE 's/^Cap(Prm|Eff|Bnd|Amb):\t//p' "/proc/$collectd_pid/status" |
    sort -u)" "$(printf '%016x' "$1")"
}

# Groups for root's process, another user's process, and both.
configure_members() {
  configure <<CONF
    CollectContextSwitch true
    CollectPageFaults true
    CollectMemory true
    CollectFileDescriptor true
    <Group "all">
      Command "$me-root" "$me-other"
    </Group>
    <Group "of-root">
      Command "$me-root"
    </Group>
    <Group "of-other">
      Command "$me-other"
    </Group>
    <Group "exe-%{exe}">
      Command "$me-root" "$me-other"
      Executable "$work/bin/$me-file"
    </Group>
CONF
}

# The processes start after collectd, so all of their usage counts.
start_members() {
  ln -s "$me-file" "$work/bin/$me-root"
  ln -s "$me-file" "$work/bin/$me-other"
  start_load "$me-root" --wait --stay 100 write /dev/null 54321 3 plain
  load_prefix=(setpriv --reuid daemon --regid daemon --clear-groups)
  start_load "$me-other" --wait --stay 100 write /dev/null 12345 2 plain
  load_prefix=()
}

# work_seen: both processes work between two reads.
work_seen() {
  settle all
  perform "$me-root"
  perform "$me-other"
  settle all
}

# All identities of a group with the options of configure_members.
all_identities() {
  printf '%s\n' ps_cputime io_octets io_ops disk_octets ps_count ps_pagefaults \
    ps_{rss,vm,data,code} file_handles contextswitch-{in,}voluntary total_events-exit-{ok,error,signal,oom}
  delay_kinds | sed 's/^/delay_rate-delay-/'
  delay_kinds | sed 's/^/total_time_in_ms-delay-/'
}

@test "privileges: the drop-in's capabilities are those of the README and the manual page" {
  local page=$TASKSTATS_TESTS/../contrib/man/collectd-taskstats.pod readme

  readme=$(sed -n 's/^AmbientCapabilities=//p' "$TASKSTATS_TESTS/../README.md")
  assert_equal "$(setting AmbientCapabilities)" "$readme"
  assert_equal "$(setting CapabilityBoundingSet)" "$readme"
  assert_equal "$(sed -n '/^Restrictions of systemd/q; s/^=item B<\(CAP_[A-Z_]*\)>.*/\1/p' "$page" | sort)" \
    "$(tr ' ' '\n' <<<"$readme" | sort)"
}

@test "privileges: systemd understands the drop-in" {
  command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
  mkdir -p "$work/units/collectd.service.d"
  cp "$drop_in" "$work/units/collectd.service.d/"
  # A user that exists, and no other unit.
  sed -i 's/^\(User\|Group\)=.*/\1=root/' "$work/units/collectd.service.d"/*
  printf '[Service]\nExecStart=/bin/true\n' >"$work/units/collectd.service"
  run -0 systemd-analyze verify --man=no "$work/units/collectd.service"
  assert_equal "$(grep -F collectd <<<"$output" || true)" ""
}

@test "privileges: the sysctl file turns delay accounting on" {
  delay_accounting 0
  sysctl -q -p "$sysctl"
  assert_equal "$(<"$DELAYACCT")" 1
}

@test "privileges: with the documented capabilities everything arrives" {
  run_as_service ""
  configure_members
  start_collectd
  has_capabilities $((1 << 34 | 1 << 12 | 1 << 19 | 1 << 2))
  reads 1 all
  start_members
  work_seen

  # shellcheck disable=SC2046 # words
  assert_identities all $(all_identities)
  assert_equal "$(value of-root io_octets tx)" "$(truth "$me-root" tx_bytes)"
  assert_equal "$(value of-other io_octets tx)" "$(truth "$me-other" tx_bytes)"
  assert_equal "$(members "exe-$me-file")" 2.000000
  stop_load "$me-other"
  settle all
  assert_equal "$(value of-other total_events-exit-signal)" 1
  assert_no_complaints
}

@test "privileges: without CAP_NET_ADMIN: neither delays, switches nor exits" {
  run_as_service NET_ADMIN
  configure_members
  start_collectd
  has_capabilities $((1 << 34 | 1 << 19 | 1 << 2))
  reads 1 all
  start_members
  work_seen

  # shellcheck disable=SC2046 # words
  assert_identities all $(all_identities | grep -Ev '^(delay_rate|total_time_in_ms|contextswitch|total_events)-')
  # If a read saw one between its fork and its exec, "ready" is not counted.
  for name in root other; do
    bytes=$(truth "$me-$name" tx_bytes)
    assert_between "$(value "of-$name" io_octets tx)" $((bytes - 6)) "$bytes"
  done
  assert_equal "$(members "exe-$me-file")" 2.000000
  assert_logged_once 'Cannot read delays and context switches.*lacks CAP_NET_ADMIN'
  assert_logged_once 'Cannot receive exit records.*lacks CAP_NET_ADMIN'
}

@test "privileges: without CAP_SYS_PTRACE: no I/O of others, nor executables" {
  run_as_service SYS_PTRACE
  configure_members
  cat >>"$work/collectd.conf" <<CONF
<Plugin taskstats>
  Process "$me-own"
</Plugin>
CONF
  start_members
  start_collectd
  has_capabilities $((1 << 34 | 1 << 12 | 1 << 2))
  reads 1 "$me-own"
  ln -s "$me-file" "$work/bin/$me-own"
  load_prefix=("${as_nobody[@]}")
  start_load "$me-own" --stay 60 write /dev/null 54321 3 plain
  await_done "$me-own"
  work_seen

  # shellcheck disable=SC2046 # words
  assert_identities all $(all_identities | grep -Ev '^(io|disk)_')
  assert_equal "$(group_names 'exe-.*')" ""
  assert_equal "$(value "$me-own" io_octets tx)" "$(truth "$me-own" tx_bytes)"
  assert_logged_once 'Cannot read the I/O of some processes.*lacks CAP_SYS_PTRACE\.'
  assert_logged_once 'Cannot read the executables of some processes.*lacks CAP_SYS_PTRACE\.'
}

@test "privileges: without CAP_DAC_READ_SEARCH: no I/O of others" {
  run_as_service DAC_READ_SEARCH
  configure_members
  start_members
  start_collectd
  has_capabilities $((1 << 34 | 1 << 12 | 1 << 19))
  work_seen

  kernel_has 6.2 || unreadable='|file_handles'
  # shellcheck disable=SC2046 # words
  assert_identities all $(all_identities | grep -Ev "^(io|disk)_${unreadable:-}")
  assert_equal "$(members "exe-$me-file")" 2.000000
  assert_logged_once 'Cannot read the I/O of some processes.*lacks CAP_DAC_READ_SEARCH\.'
}

@test "privileges: members that come and go, whose I/O cannot be read, are logged once" {
  interval=0.25
  run_as_service SYS_PTRACE
  configure_members
  start_collectd
  reads 1 all
  ln -s "$me-file" "$work/bin/$me-other"
  load_prefix=(setpriv --reuid daemon --regid daemon --clear-groups)
  for _ in {1..4}; do
    start_load "$me-other" --stay 60 idle
    await_members of-other 1
    stop_load "$me-other"
    await_members of-other 0
  done

  assert_logged_once 'Cannot read the I/O of some processes'
  assert_not_logged 'I/O of all processes can be read again'
}

# run_with MOUNTS: collectd will run in a separate mount namespace, after these
# commands. They mount a new procfs for other options of /proc, since a remount would
# affect the whole machine.
run_with() {
  collectd_prefix=(unshare --mount --propagation private sh -c "$1"' && exec "$@"' sh)
}

configure_kid() {
  configure <<CONF
    <Group "kid">
      Command "$me-kid"
    </Group>
CONF
}

assert_exit_counts() {
  start_load "$me-kid" --stay 60 idle
  stop_load "$me-kid"
  settle kid
  assert_equal "$(value kid total_events-exit-signal)" 1
}

@test "privileges: processes that are hidden are not none" {
  run_as_service SYS_PTRACE
  sed -i 's/^protect$/mount -t proc -o hidepid=2 proc \/proc; protect/' "$work/service"
  configure_members
  start_members
  start_collectd
  await_logged "Cannot list processes.*Give collectd CAP_SYS_PTRACE"
  stop_load "$me-root"
  await "the exit" has_identity of-root total_events-exit-signal
  reads 3 of-root

  # Exits still arrive from the listener.
  assert_identities of-root total_events-exit-{ok,error,signal,oom}
  assert_equal "$(value of-root total_events-exit-signal)" 1
  assert_identities "" count-groups duration-read total_events-missed \
    total_events-exit-{records,records-lost,undecided}
}

# Includes reads without members.
count_reads() { rows "" duration-read | wc -l; }
has_read() { (($(count_reads) >= $1)); }

# remount_proc OPTIONS: in the mount namespace of the running collectd.
remount_proc() { nsenter --mount --target "$collectd_pid" mount -o "remount,$1" /proc; }

# least_intervals: "epoch,seconds" of each read but the first, which has started at least
# so long after the previous one: the time of values is between a read's start and its end.
least_intervals() {
  rows "" duration-read | awk -F, -v OFS=, '
    NR > 1 { print $1, ($1 - $2 > last ? $1 - $2 - last : 0) }
    { last = $1 }'
}

@test "privileges: processes that were hidden for a while wait no longer than they can" {
  run_as_service SYS_PTRACE
  sed -i 's/^protect$/mount -t proc proc \/proc; protect/' "$work/service"
  configure <<CONF
    CollectIO false
    <Group "all">
      Command "$me-root" "$me-other"
    </Group>
CONF
  start_collectd
  reads 1 all
  load_prefix=(taskset -c 0)
  start_load "$me-root" --limit 60 burn 60000 0
  start_load "$me-other" --limit 60 burn 60000 0
  await_members all 2
  reads 3 all
  remount_proc hidepid=2
  await_logged "Cannot list processes"
  since=$EPOCHREALTIME
  await "ten reads" has_read $(($(count_reads) + 10))
  waited=$(schedstat "${load_pid[@]}")
  till=$EPOCHREALTIME
  remount_proc hidepid=0
  reads 4 all

  # Nothing was dispatched meanwhile, and later rates do not include the waits of that
  # time, which were some 5 s. A wait counts when it ends, here and in schedstat.
  assert_equal "$(rows all ps_cputime |
    awk -F, -v since="$since" -v till="$till" '$1 > since && $1 < till')" ""
  waited=$(awk "BEGIN { print $(schedstat "${load_pid[@]}") - $waited }")
  join -t, <(rows all delay_rate-delay-cpu) <(least_intervals) |
    awk -F, -v till="$till" -v most="$waited" '
    $2 == "nan" { next }
    $1 > till { sum += $2 * $3 }
    $2 > 0.1 { found = 1 }
    END {
      if (sum > most + 0.01) print "# " sum " s of waits, not " most " s"
      exit sum > most + 0.01 || !found
    }'
  assert_equal "$(members all)" 2.000000
}

@test "privileges: a hidden /proc/sys does not mean that all delays are counted" {
  run_with 'mount -t proc -o subset=pid proc /proc'
  delay_accounting 0
  configure <<CONF
    EnableDelayAccounting true
    <Group "member">
      Command "$me-member"
    </Group>
CONF
  start_collectd
  reads 1 member
  start_load "$me-member" --stay 60 idle
  reads 3 member
  assert_equal "$(identities member | grep delay)" \
    delay_rate-delay-cpu$'\n'total_time_in_ms-delay-cpu
  assert_logged_once 'Cannot determine whether delay accounting is on.*ProcSubset=pid'
  assert_logged_once 'Cannot set kernel.task_delayacct.*ProcSubset=pid'
}

@test "privileges: what keeps kernel.task_delayacct from being set is named" {
  run_with 'mount --rbind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys'
  delay_accounting 0
  configure <<CONF
    EnableDelayAccounting true
CONF
  start_collectd
  assert_logged_once 'Cannot set kernel.task_delayacct.*Read-only.*ProtectKernelTunables='
  assert_equal "$(<"$DELAYACCT")" 0
}

@test "privileges: control groups outside of a cgroup namespace are told" {
  make_cgroup "$me-outside.slice"
  make_cgroup "$me-inside.slice"
  configure <<CONF
    <Group "member">
      ControlGroup "$me-outside"
    </Group>
    <Group "named">
      Command "$me-member"
    </Group>
CONF
  start_load "$me-member" --stay 60 idle
  enter_cgroup "$me-outside.slice" "${load_pid[$me-member]}"
  # The root of the namespace is collectd's own cgroup.
  collectd_prefix=(sh -c "for root in $(cgroup_roots | xargs); do
      echo \$\$ >\$root/$me-inside.slice/cgroup.procs || exit
    done
    exec unshare --cgroup \"\$@\"" sh)
  start_collectd
  reads 2 named
  assert_equal "$(members named)" 1.000000
  assert_logged_once 'Cannot see the cgroups of some processes.*--cgroupns=host'
}

@test "privileges: without /sys the CPUs that are online are watched" {
  run_with 'umount -R -l /sys'
  configure_kid
  start_collectd
  reads 1 ""
  assert_logged_once "Cannot read .*/possible .*online now: $(</sys/devices/system/cpu/online)\\."
  assert_exit_counts
}

@test "privileges: a kernel for more than 1,024 CPUs" {
  collectd_prefix=("$FILTER" affinity)
  configure_kid
  start_collectd
  reads 1 ""
  assert_exit_counts
  assert_no_complaints
}

# Start times and ends use the same clocks, whatever their offsets.
@test "privileges: in a time namespace all counts, and it is told" {
  local shift

  configure <<CONF
    <Group "kid">
      Command "$me-kid"
    </Group>
CONF
  for shift in 1000000 -100; do
    collectd_prefix=(unshare --time --monotonic "$shift" --boottime "$shift")
    start_collectd
    reads 2 kid
    start_load "$me-kid" --wait --stay 60 write /dev/null 54321 3 plain
    settle kid
    perform "$me-kid"
    settle kid
    stop_load "$me-kid"
    settle kid
    assert_equal "$(value kid io_octets tx)" "$(truth "$me-kid" tx_bytes)"
    assert_equal "$(value kid total_events-exit-signal)" 1
    assert_logged_once 'collectd runs in a time namespace'
    stop_collectd
    rm -rf "$work/csv" "$work/collectd.log"
  done
}

@test "privileges: a service without netlink sockets is told which option it is" {
  collectd_prefix=("$FILTER" netlink)
  configure_kid
  start_load "$me-kid" --stay 60 idle
  start_collectd
  reads 2 kid
  assert_equal "$(members kid)" 1.000000
  assert_logged_once 'Cannot read delays and context switches.*AF_NETLINK to RestrictAddressFamilies='
  assert_logged_once 'Cannot receive exit records.*AF_NETLINK to RestrictAddressFamilies='
}

@test "privileges: without /proc nothing is counted, and that is told" {
  run_with 'mount -t tmpfs none /proc'
  configure_kid
  start_collectd
  reads 2 ""
  assert_logged_once 'Cannot list processes.*there is no procfs in /proc'
  assert_identities kid total_events-exit-{ok,error,signal,oom}
}
