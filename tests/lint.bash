#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Checks the sources: format, warnings of two compilers, order of the layers,
# locks, hardening, scripts.
set -euo pipefail

# shellcheck source=support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/support/tally.bash"

c_files() { find "$root"/{plugin,contrib,tests} -name '*.[ch]' | sort; }

formatted() {
  local said
  said=$(c_files | xargs -d '\n' -n 16 -P "$jobs" clang-format --dry-run -Werror 2>&1) || {
    sed -n "s|^$root/\([^:]*\):[0-9:]* error: .*|\1 is not formatted; run: ./build.sh format|p" \
      <<<"$said" | sort -u
    return 1
  }
}

# Compiles every source by itself, where warnings are errors, into objects for the
# next check.
compiles() { # COMPILER
  local folder object status=0
  for folder in plugin contrib/taskstats-{top,probe,explain} tests; do
    make_in "$folder" -k objects VARIANT="lint/$1" CC="$1" CFLAGS=-Werror || status=1
  done
  # Of a source that is no more
  while read -r object; do
    [ -e "$root/${object%.o}.c" ] || rm -f "$build/lint/$1/obj/$object"
  done < <(find "$build/lint/$1/obj" -name '*.o' -printf '%P\n')
  return "$status"
}

# Compiles what calls collectd with the headers as they are in collectd's own tree,
# which was not configured: Debian's are the same but for the paths in them.
compiles_with_tree() {
  local tree=$build/lint/collectd
  rm -rf "$tree"
  mkdir -p "$tree/src"
  cp -r /usr/include/collectd/core/{daemon,utils} /usr/include/collectd/liboconfig "$tree/src"
  find "$tree" -name '*.h' -exec sed -i 's|"collectd/core/|"|' {} +
  make_in plugin module VARIANT=lint/tree CC=gcc CFLAGS=-Werror \
    COLLECTD_SRC=../build/lint/collectd
}

# Prints the functions of the plugin and the tools that no other file uses: they
# should be static, or not be there.
all_needed() {
  local objects=$build/lint/gcc/obj unneeded
  unneeded=$(comm -23 \
    <(find "$objects"/{plugin,contrib} -name '*.o' -exec nm --defined-only -g {} + |
      awk 'NF == 3 { print $3 }' | sort -u) \
    <({ find "$objects" -name '*.o' -exec nm -u {} + | awk 'NF == 2 { print $2 }'; say module_register main; } | sort -u))
  [ -z "$unneeded" ] || say "used by no other file: ${unneeded//$'\n'/, }"
  [ -z "$unneeded" ]
}

# What is longer than that has more than one thing to do.
lines_of_source=400
lines_of_function=60

# Prints the sources and functions of the plugin and the tools that are too long.
# clang-format has each function end at the next brace in the first column.
short_enough() {
  (cd "$root" && find plugin contrib -name '*.[ch]' -print0 | sort -z | xargs -0 awk \
    -v most="$lines_of_source" -v body="$lines_of_function" '
    FNR == 1 { first = inside = 0 }
    FNR == most + 1 {
      print FILENAME " has more than " most " lines"
      bad = 1
    }
    inside && /^}/ {
      if (FNR - first >= body) {
        print FILENAME ":" first ": this function has " FNR - first + 1 " lines, not at most " body
        bad = 1
      }
      first = inside = 0
      next
    }
    inside { next }
    /^$/ || /^}/ || /;$/ { first = 0 }
    /^[A-Za-z_]/ && !/;$/ && !first { first = FNR }
    /\) \{$/ && first { inside = 1 }
    END { exit bad }')
}

# The folders of the plugin, each of which uses itself and those before it.
layers=(kernel select track report collectd)

# Prints the includes of the plugin that go to a folder further on, or name no
# folder, and of collectd's headers outside of collectd/api.h.
layers_kept() {
  local allowed='version\.h' layer stray=()
  for layer in "${layers[@]}"; do
    allowed+="|$layer/[a-z_]+\.h"
    mapfile -t -O "${#stray[@]}" stray < <(grep -HnE '^ *# *include +"' "$root/plugin/$layer"/*.[ch] |
      grep -vE "\"($allowed)\"")
    mapfile -t -O "${#stray[@]}" stray < <(
      grep -HnE '^ *# *include +<(collectd|daemon|liboconfig|utils)/' "$root/plugin/$layer"/*.[ch] |
        grep -v '/collectd/api\.h:')
  done
  [ ${#stray[@]} -eq 0 ] || say "An include goes up (the order is ${layers[*]}):" "${stray[@]}"
  [ ${#stray[@]} -eq 0 ]
}

# A source and its header count as one.
includes_acyclic() {
  (cd "$root/plugin" && grep -oE '^ *# *include +"[^"]+' ./*/*.[ch]) |
    sed -E 's|^\./||; s|\.[ch]:.*"| |; s|\.h$||' | awk '$1 != $2' | tsort >/dev/null
}

# Checks sources for what the annotations of plugin/kernel/mutex.h say.
check_locks() { # SOURCE or OPTION...
  local compile
  read -ra compile < <(make_in plugin print-COMPILE VARIANT=lint/locks CC=clang CFLAGS=-Werror)
  cd "$root/plugin" && printf '%s\0' "$@" |
    xargs -0 -n 8 -P "$jobs" "${compile[@]}" -fsyntax-only -Wthread-safety -Wthread-safety-beta
}

# Prints the locks that have no annotations, too.
locks_kept() {
  ! grep -nE 'pthread_(mutex|rwlock|spin)' "$root"/plugin/*/*.[ch] | grep -v '/kernel/mutex\.h:' || return
  (check_locks "$root"/plugin/*/*.c)
}

# Whether the check of the locks accepts what a function does with a tracker.
accepts() { # STATEMENTS
  local source=$build/lint/locks/accepts.c
  mkdir -p "$(dirname "$source")"
  cat >"$source" <<EOF
#include "track/tracker.h"
void use(struct tracker *tracker);
void use(struct tracker *tracker) { $1 }
EOF
  (check_locks "$source") 2>/dev/null
}

# Prints the violations that the check of the locks does not find.
locks_checked() {
  local statements status=0
  accepts 'tracker_lock(tracker); tracker->exits++; tracker_unlock(tracker);' || status=1
  for statements in \
    'tracker->exits++;' \
    'tracker_age_groups(tracker);' \
    'tracker_lock(tracker);' \
    'tracker_lock(tracker); tracker_take_exits(tracker); tracker_unlock(tracker);'; do
    ! accepts "$statements" || {
      say "not found: $statements"
      status=1
    }
  done
  return "$status"
}

# Whether the program ends by SIGABRT, to which libc comes when it finds a fault.
is_aborted() { # COMMAND...
  local status=0
  { "$@"; } >/dev/null 2>&1 || status=$? # the shell says so, too
  [ "$status" -eq 134 ]
}

# Prints what the plugin and the probe lack that run as root; and says so if that
# would not be found, or if the flags do not do what they are for.
hardened() {
  local directory=$build/lint/hardening hardening source=$root/tests/hardening/overflow.c
  (build_all) || return
  "$root/tests/hardening/check.bash" "$build"/taskstats{.so,-top,-probe,-explain} || return
  rm -rf "$directory"
  mkdir -p "$directory"
  read -ra hardening < <(make_in plugin print-HARDENING VARIANT=lint/gcc CC=gcc CFLAGS=-Werror)
  gcc -O2 -g -w "${hardening[@]}" "$source" -o "$directory/hard" &&
    gcc -O2 -g -w -U_FORTIFY_SOURCE -fno-stack-protector -no-pie -Wl,-z,norelro,-z,lazy,-z,execstack \
      "$source" -o "$directory/soft" || return
  "$directory/hard" none >/dev/null || return
  if ! is_aborted "$directory/hard" heap || ! is_aborted "$directory/hard" stack; then
    say "a program with these flags writes beyond its memory: ${hardening[*]}"
    return 1
  fi
  "$root/tests/hardening/check.bash" "$directory/soft" >"$directory/soft.log" || true
  [ "$(wc -l <"$directory/soft.log")" -ge 7 ] || {
    say "not all is found that a program lacks:"
    cat "$directory/soft.log"
    return 1
  }
}

scripts_clean() {
  local scripts suites status=0
  mapfile -t scripts < <(find "$root"/{tests,contrib} -name '*.bash' -o -name '*.sh' | sort)
  mapfile -t suites < <(find "$root/tests" -name '*.bats' | sort)
  printf '%s\0' "$root/build.sh" "$root/.ci/run" "${scripts[@]}" |
    xargs -0 -n 8 -P "$jobs" shellcheck -s bash || status=1
  # bats runs each test in a subshell, and its files share variables by load.
  printf '%s\0' "${suites[@]}" |
    xargs -0 -n 8 -P "$jobs" shellcheck -s bats -e SC1091,SC2030,SC2031,SC2034,SC2154 || status=1
  return "$status"
}

pythons_clean() {
  local file status=0
  while read -r file; do
    python3 -c 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' \
      "$file" || status=1
  done < <(find "$root"/{tests,contrib} -name '*.py' | sort)
  return "$status"
}

need_packages build test
check "lint: clang-format" formatted
check "lint: gcc without warnings" compiles gcc
check "lint: clang without warnings" compiles clang
check "lint: gcc with the headers of a source tree of collectd" compiles_with_tree
check "lint: no function is global without need" all_needed
check "lint: no source has over $lines_of_source lines, no function over $lines_of_function" short_enough
check "lint: no include of the plugin goes up" layers_kept
check "lint: no includes of the plugin form a cycle" includes_acyclic
check "lint: what a lock guards is used with it" locks_kept
check "lint: what is used without its lock is found" locks_checked
check "lint: what runs as root is hardened" hardened
check "lint: shellcheck" scripts_clean
check "lint: Python compiles" pythons_clean
end_part
