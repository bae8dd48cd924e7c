#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check.bash [BUILD]: the documents name what the code has, and nothing else.
#
# - collectd-taskstats(5) against the plugin's tables: options, where they may
#   stand and their defaults, metrics with their kinds and options, kinds of
#   delay, placeholders, meta data, keys of the exit log, and what it logs that it
#   cannot do
# - collectd.conf.example against the same options and defaults
# - the tools' manual pages against what their --help says
# - CHANGELOG.md against the version
# - and that a comparison finds what is missing, and what is too much
#
# BUILD (build/) has the tools; what is compiled here is left there, in manual/.
set -euo pipefail
export LC_ALL=C

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
root=$(dirname "$tests")
build=${1:-$root/build}
man=$root/contrib/man
page=$man/collectd-taskstats.pod
work=$build/manual
failures=0

fail() {
  printf 'not ok - manual: %s\n' "$*"
  failures=$((failures + 1))
}

# Compares two sorted lists, and prints the differences.
same() { # WHAT CODE DOCUMENT
  [ -s "$2" ] || {
    fail "$1: the code's list is empty"
    return
  }
  if diff -U0 --label code --label document "$2" "$3" >"$work/diff"; then
    printf 'ok - manual: %s\n' "$1"
  else
    grep '^[-+][^-+]' "$work/diff" |
      sed 's/^-/  not in the document: /; s/^+/  not in the code: /'
    fail "$1"
  fi
}

compile() {
  local objects=$work/objects libs
  mkdir -p "$objects"
  read -ra libs <<<"$(pkg-config --cflags --libs libmnl libpcre2-8 yajl)"
  local compiler=("${CC:-gcc}" -std=c11 -O0 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
    -pthread -DHAVE_CONFIG_H -isystem /usr/include/collectd -isystem /usr/include/collectd/core
    -isystem /usr/include/collectd/core/daemon -I"$root/plugin" -I"$tests")
  # All of the plugin that needs no collectd, and what hands it the values
  { grep -L '^#include <collectd/core/' "$root"/plugin/*/*.c &&
    printf '%s\n' "$root/plugin/collectd/values.c" "$tests/manual/tables.c"; } |
    (cd "$objects" && rm -f ./*.o && xargs -n 16 -P "$(nproc)" "${compiler[@]}" -c)
  "${compiler[@]}" "$objects"/*.o "${libs[@]}" -lcmocka -o "$work/tables"
}

document() { perl "$tests/manual/documented.pl" "$@" | sort -u; }

# What the code has. Names that are in its source or in the page may be options.
list_code() {
  local names
  names=$({
    sed -nE 's/^ *\{"([A-Z][A-Za-z]+)", .*/\1/p' "$root/plugin/collectd/config.c"
    sed -nE 's/^=item B<([A-Z][A-Za-z]+)>.*/\1/p' "$page"
  } | sort -u)
  # shellcheck disable=SC2086 # words
  { "$work/tables" $names && perl "$tests/manual/logged.pl" "$root"/plugin/{report,collectd}/*.c; } |
    sort -u >"$work/code"
}

check_page() {
  local kind
  podchecker -warnings -warnings "$man"/*.pod >"$work/podchecker" 2>&1 ||
    fail "podchecker: $(cat "$work/podchecker")"
  for kind in option default metric delay placeholder meta log line; do
    grep "^$kind " "$work/code" >"$work/code.$kind" || true
    document page "$page" | grep "^$kind " >"$work/page.$kind" || true
    same "collectd-taskstats(5): each $kind" "$work/code.$kind" "$work/page.$kind"
  done
}

# Of the options, only another name and what is ignored are not in the example.
check_example() {
  local example=$root/collectd.conf.example
  sed -nE 's/^(option [A-Za-z]+).*/\1/p' "$work/code" |
    grep -vE ' (CollectDelayAccounting|CollectMemoryMaps|CollectSystemContextSwitch)$' >"$work/code.example"
  document example "$example" | grep '^option' >"$work/example"
  same "collectd.conf.example: options" "$work/code.example" "$work/example"
  grep -vE '^default (CollectDelayAccounting|Descendants) ' "$work/code.default" >"$work/code.values"
  document example "$example" | grep '^default' |
    grep -vE '^default Process(Match)? ' >"$work/example.values"
  same "collectd.conf.example: defaults" "$work/code.values" "$work/example.values"
}

# Each option of a command is in its --help and in the page.
check_switches() { # PAGE SECTION COMMAND...
  "${@:3}" --help | grep -oE '(^|  )-[a-zA-Z0-9], --[a-z-]+' | sed 's/^ *//' | sort -u >"$work/help"
  document switches "$man/$1.pod" "$2" >"$work/switches"
  same "$1: what --help has for $2" "$work/help" "$work/switches"
}

check_tools() {
  local command
  for command in top explain; do
    check_switches "taskstats-$command" OPTIONS "$build/taskstats-$command"
  done
  for command in check get listen capture; do
    check_switches taskstats-probe "$command" "$build/taskstats-probe" "$command"
  done
}

check_version() {
  local version newest tool
  version=$(sed -n 's/^#define TASKSTATS_VERSION "\(.*\)"/\1/p' "$root/plugin/version.h")
  newest=$(sed -n 's/^## \[\([0-9][^]]*\)\].*/\1/p' "$root/CHANGELOG.md" | head -1)
  [ "${newest:-nothing}" = "$version" ] ||
    fail "CHANGELOG.md begins with ${newest:-nothing}, plugin/version.h has ${version:-nothing}"
  for tool in top explain probe; do
    [ "$("$build/taskstats-$tool" --version)" = "taskstats-$tool $version" ] ||
      fail "taskstats-$tool --version: $("$build/taskstats-$tool" --version), not $version"
  done
  printf 'ok - manual: the version is %s everywhere\n' "$version"
}

# A page that names an entry otherwise lacks one and has one too many: of each
# kind, both are found.
check_comparison() {
  local kind change
  while read -r kind change; do
    sed "$change" "$page" >"$work/changed.pod"
    ! cmp -s "$page" "$work/changed.pod" || fail "nothing to change: $change"
    document page "$work/changed.pod" | grep "^$kind " >"$work/changed" || true
    [ -n "$(comm -23 "$work/code.$kind" "$work/changed")" ] || fail "not found to be missing: $change"
    [ -n "$(comm -13 "$work/code.$kind" "$work/changed")" ] || fail "not found to be too much: $change"
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
EOF
  printf 'ok - manual: what is missing or too much is found\n'
}

mkdir -p "$work"
compile
list_code
check_page
check_example
check_tools
check_version
check_comparison
[ "$failures" -eq 0 ] || exit 1
