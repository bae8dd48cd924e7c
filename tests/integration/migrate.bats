#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# contrib/migrate-from-processes: its output loads, selects the same processes as the
# processes plugin and reports the same values; it names options without a counterpart.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

interval=0.5
MIGRATE=$BATS_TEST_DIRNAME/../../contrib/migrate-from-processes

# Four stanzas that report different values, in two included files.
write_old() {
  mkdir -p "$work/conf.d"
  cat >"$work/old.conf" <<EOF
# Process "$me-comment"
<Include "$work/conf.d">
  Filter "*.conf"
</Include>
EOF
  cat >"$work/conf.d/a.conf" <<EOF
LoadPlugin processes
<Plugin processes>
  Process "$me-a"   # with a comment
  CollectContextSwitch true
  ProcessMatch "$me-\\"match\\"" "/$me-[ab] \\
    .*--limit 9[01] idle\$"
</Plugin>
<Plugin cpu>
  ReportByCpu true
</Plugin>
EOF
  cat >"$work/conf.d/b.conf" <<EOF
<Plugin "processes">
  CollectFileDescriptor yes
  <Process "$me-c">
    CollectContextSwitch false
    CollectDelayAccounting true
  </Process>
  <ProcessMatch "$me-none" \\
                "$me-[xyz]\\\\.service">
    CollectFileDescriptor false
  </ProcessMatch>
  Process "$me-a"
</Plugin>
EOF
  printf '<Plugin processes>\n  Process "%s"\n</Plugin>\n' "$me-filtered" \
    >"$work/conf.d/c.conf.bak"
  groups=("$me-a" "$me-\"match\"" "$me-c" "$me-none")
}

# migrate: creates new.conf, and a configuration of collectd that contains it.
migrate() {
  "$MIGRATE" "$work/old.conf" >"$work/new.conf"
  configure </dev/null
  sed -i '/^LoadPlugin taskstats/,$d' "$work/collectd.conf"
  cat "$work/new.conf" >>"$work/collectd.conf"
}

# last_counts PLUGIN GROUP: processes and threads; fails if there are none yet.
last_counts() {
  # shellcheck disable=SC2086 # the pattern is to be expanded
  grep -hv '^epoch' "$work/csv/testhost/$1-$2"/ps_count-$date_glob | tail -n 1 |
    cut -d, -f2- | grep .
}

# types_of PLUGIN GROUP
types_of() {
  find "$work/csv/testhost/$1-$2" -type f -printf '%f\n' |
    sed -E 's/-[0-9]{4}-[0-9]{2}-[0-9]{2}$//' | sort -u
}

# reports GROUP TYPE: the new stanza reports it.
reports() { types_of taskstats "$1" | grep -qx -- "$2"; }

# assert_loads: collectd does not complain about the new configuration.
assert_loads() {
  run -0 "$COLLECTD" -T -C "$work/collectd.conf"
  assert_no_complaints
  assert_not_logged '\[(error|warning)\].*(option|config|unknown)'
  rm -rf "$work/collectd.log" "$work/csv"
}

@test "migrate: groups have the processes and the values that the processes plugin has" {
  write_old
  start_load "$me-a" --stay 60 --limit 90 idle
  start_load "$me-b" --stay 60 --limit 91 idle
  start_load "$me-c" --stay 60 --limit 92 park 3
  migrate
  run ! grep -q "$me-filtered\|$me-comment" "$work/new.conf"
  assert_loads
  printf 'PluginDir "%s"\nInclude "%s"\n' "$COLLECTD_PLUGINS" "$work/conf.d/*.conf" \
    >>"$work/collectd.conf"
  start_collectd
  settle "$me-a"
  settle "$me-c"
  await "values of the processes plugin" last_counts processes "$me-none"

  for group in "${groups[@]}"; do
    assert_equal "$group: $(last_counts taskstats "$group")" \
      "$group: $(last_counts processes "$group")"
    # All values of the processes plugin but two exist under the same names.
    assert_equal "$(comm -23 <(types_of processes "$group") <(types_of taskstats "$group") |
      grep -vxE 'ps_stacksize|file_handles-mapped' || true)" "" "$group"
  done
  assert_equal "$(last_counts processes "$me-\"match\"" | cut -d. -f1)" 2
  assert_equal "$(members "$me-c")" 1.000000
  # Options apply as before: from their line on, and within their block.
  run ! reports "$me-a" contextswitch-voluntary
  reports "$me-\"match\"" contextswitch-voluntary
  run ! reports "$me-\"match\"" file_handles
  run ! reports "$me-c" contextswitch-voluntary
  reports "$me-c" file_handles
  run ! reports "$me-none" file_handles
}

@test "migrate: what has no counterpart is named, with the nearest option" {
  cat >"$work/old.conf" <<'EOF'
<LoadPlugin processes>
  Interval 7
</LoadPlugin>
<Plugin processes>
  CollectSystemContextSwitch true
  <Process "a-name-of-20-letters">
    CollectMemoryMaps true
    CollectDelayAccounting false
  </Process>
  ProcessMatch "lazy" "a+?b"
  ProcessMatch "brackets" "[\\.]x"
  ProcessMatch "plain" "^/usr/bin/(a|b)\\.sh\\+? [^ ]+ \\w+$"
  ProcessMatch "plain" "again"
  ProcessMatch "asterisks" "a**"
  <ProcessMatch "class" "[[=x=]]">
    CollectContextSwitch true
  </ProcessMatch>
  CollectFoo 1
</Plugin>
EOF
  migrate
  assert_loads
  grep -q '^  Interval 7' "$work/new.conf"
  grep -q 'CollectDelayTotal false' "$work/new.conf"
  assert_equal "$(grep -c '^  #<ProcessMatch' "$work/new.conf")" 2
  notes=$(sed -n '/^# No counterpart/,$p' "$work/new.conf")
  assert_equal "$(grep -cv '^\(#.*\)\?$' <<<"$notes" || true)" 0
  for pattern in CollectSystemContextSwitch 'contextswitch plugin' 'never matches this one' \
    CollectMemoryMaps ps_stacksize 'ps_state-\*' '"lazy"' 'makes the first lazy' '"brackets"' 'asterisks in a row' 'do not exist' \
    '"plain": duplicate name' 'CollectFoo: not an option' 'HOST/taskstats-NAME'; do
    grep -q -- "$pattern" <<<"$notes" || fail "$pattern is not in: $notes"
  done
  assert_equal "$(grep -c '"plain"' <<<"$notes")" 1
}

@test "migrate: a configuration that cannot be read, or has nothing of it" {
  echo 'LoadPlugin cpu' >"$work/none.conf"
  run -1 "$MIGRATE" "$work/none.conf"
  printf '<Plugin processes>\n  Process "a"\n' >"$work/open.conf"
  run -2 "$MIGRATE" "$work/open.conf"
  run -2 "$MIGRATE" "$work/no-such-file"
  run -2 "$MIGRATE" --no-such-option
  run -0 "$MIGRATE" --help
}
