#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The documents name what the code has, and nothing else.
#
# - collectd-taskstats(5) against the plugin's tables: options, where they may
#   stand and their defaults, metrics with their kinds and options, kinds of
#   delay, placeholders, meta data, keys of the exit log; and the failures that
#   the plugin logs
# - collectd.conf.example against the same options and defaults
# - the tools' manual pages against what their --help says
# - CHANGELOG.md and --version against the version
# - and that a comparison finds what is missing, and what is too much
set -euo pipefail

# shellcheck source=../support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/tally.bash"

tests=$root/tests/manual
man=$root/contrib/man
page=$man/collectd-taskstats.pod
work=$build/manual
kinds=(option default metric delay placeholder meta log line)

# Compares two sorted lists, and prints the differences. An empty one compares
# nothing.
same() { # CODE DOCUMENT
  if [ ! -s "$1" ]; then
    say "  the code's list is empty"
    return 1
  fi
  diff -U0 "$1" "$2" >"$work/diff" || {
    grep '^[-+][^-+]' "$work/diff" |
      sed 's/^-/  not in the document: /; s/^+/  not in the code: /'
    return 1
  }
}

document() { perl "$tests/documented.pl" "$@" | sort -u; }

# What the code has. Names that are in its source or in the page may be options.
list_code() {
  local names kind
  names=$({
    sed -nE 's/^ *\{"([A-Z][A-Za-z]+)", .*/\1/p' "$root/plugin/collectd/config.c"
    sed -nE 's/^=item B<([A-Z][A-Za-z]+)>.*/\1/p' "$page"
  } | sort -u)
  # shellcheck disable=SC2086 # words
  "$work/tables" $names >"$work/code" || return
  perl "$tests/logged.pl" "$root"/plugin/{report,collectd}/*.c >>"$work/code" || return
  for kind in "${kinds[@]}"; do
    grep "^$kind " "$work/code" | sort -u >"$work/code.$kind" || return
  done
}

page_has() { # KIND [PAGE]
  document page "${2:-$page}" | grep "^$1 " >"$work/page.$1" || true
  same "$work/code.$1" "$work/page.$1"
}

# Of the options, only another name and what is ignored are not in the example.
example_has_options() {
  sed -nE 's/^(option [A-Za-z]+).*/\1/p' "$work/code.option" |
    grep -vE ' (CollectDelayAccounting|CollectMemoryMaps|CollectSystemContextSwitch)$' >"$work/code.example"
  document example "$root/collectd.conf.example" | grep '^option' >"$work/example" || true
  same "$work/code.example" "$work/example"
}

example_has_defaults() {
  grep -vE '^default (CollectDelayAccounting|Descendants) ' "$work/code.default" >"$work/code.values"
  document example "$root/collectd.conf.example" | grep '^default' |
    grep -vE '^default Process(Match)? ' >"$work/example.values" || true
  same "$work/code.values" "$work/example.values"
}

# Each option of a command is in its --help and in the page.
page_has_switches() { # PAGE SECTION COMMAND...
  "${@:3}" --help | grep -oE '(^|  )-[a-zA-Z0-9], --[a-z-]+' | sed 's/^ *//' | sort -u >"$work/help"
  document switches "$man/$1.pod" "$2" >"$work/switches"
  same "$work/help" "$work/switches"
}

version_is_one() {
  local version newest tool status=0
  version=$(sed -n 's/^#define TASKSTATS_VERSION "\(.*\)"/\1/p' "$root/plugin/version.h")
  newest=$(sed -n 's/^## \[\([0-9][^]]*\)\].*/\1/p' "$root/CHANGELOG.md" | head -1)
  [ "${newest:-nothing}" = "$version" ] || {
    say "  CHANGELOG.md begins with ${newest:-nothing}, plugin/version.h has ${version:-nothing}"
    status=1
  }
  for tool in top explain probe; do
    [ "$("$build/taskstats-$tool" --version)" = "taskstats-$tool $version" ] || {
      say "  taskstats-$tool --version: $("$build/taskstats-$tool" --version)"
      status=1
    }
  done
  return "$status"
}

# A page that names an entry otherwise lacks one and has one too many: of each
# kind, both are found.
differences_found() {
  local kind change status=0
  while read -r kind change; do
    sed "$change" "$page" >"$work/changed.pod"
    if page_has "$kind" "$work/changed.pod" >"$work/found" ||
      ! grep -q 'not in the document' "$work/found" || ! grep -q 'not in the code' "$work/found"; then
      say "  not found: $kind $change"
      status=1
    fi
  done <<'EOF'
option s/^=item B<ProcessEvents>/=item B<ProcessEvent>/
option s/^=head2 Options of a group/=head2 Stanzas/
default s/Default: B<8388608>/Default: B<8388607>/
metric s/^=item B<ps_vm>/=item B<ps_wm>/
metric s/^=item B<uptime> (gauge; B<CollectUptime>)/=item B<uptime> (gauge; B<CollectCPU>)/
delay s/^=item B<irq>/=item B<irk>/
placeholder s/^=item B<%{exe}>/=item B<%{exo}>/
meta s/^=item B<peak_rss>/=item B<peak_vm>/
log s/^=item B<severity>/=item B<severe>/
line s/^=item Cannot list processes/=item Cannot list a process/
line s/^=item No group is configured/=item No groups are configured/
EOF
  return "$status"
}

need_packages test
(build_all)
mkdir -p "$work"
make_in tests tables
check "manual: the pages are valid POD" podchecker -nowarnings "$man"/*.pod
check "manual: what the code has can be listed" list_code
for kind in "${kinds[@]}"; do
  check "manual: collectd-taskstats(5), each $kind" page_has "$kind"
done
check "manual: collectd.conf.example, each option" example_has_options
check "manual: collectd.conf.example, each default" example_has_defaults
for tool in top explain; do
  check "manual: taskstats-$tool, each option" \
    page_has_switches "taskstats-$tool" OPTIONS "$build/taskstats-$tool"
done
for part in check get listen capture; do
  check "manual: taskstats-probe $part, each option" \
    page_has_switches taskstats-probe "$part" "$build/taskstats-probe" "$part"
done
check "manual: the version is the same everywhere" version_is_one
check "manual: what is missing or too much is found" differences_found
end_part
