#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   suites.bash asan|tsan [SUITE [PATTERN]]
#
# Runs the integration suites, or one of them, or its tests that match, in Debian's
# collectd, with the plugin built with AddressSanitizer and UndefinedBehaviorSanitizer
# or with ThreadSanitizer, and prints their TAP. Each suite has an additional test: that
# the sanitizer reported nothing.
#
# The runner sets TASKSTATS_BUILD and TASKSTATS_TESTS as for the suites.
set -euo pipefail

export LC_ALL=C

sanitizer=$1
suite=${2:-*}
pattern=${3:-.}
plain=$(cd "$TASKSTATS_BUILD" && pwd)
tests=$(cd "$TASKSTATS_TESTS" && pwd)
build=$plain/sanitized/$sanitizer
own=$tests/sanitized
work=$(mktemp -d "/tmp/taskstats-$sanitizer.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM

# A report ends collectd, so that the test that caused it fails. A leak that is found at
# the end does not change the exit status, because it may be a leak of collectd.
case $sanitizer in
asan)
  # gcc has separate libraries for the two sanitizers, and one of them ignores
  # log_path.
  compiler=clang
  flags=(-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all -shared-libasan)
  library=libclang_rt.asan-$(uname -m).so
  kinds=(heap undefined leak)
  # Debian's collectd and libraries are built without frame pointers.
  options=detect_stack_use_after_return=1:detect_leaks=1:exitcode=0
  options+=:fast_unwind_on_malloc=0:malloc_context_size=24
  ;;
tsan)
  # clang supports it only for programs, not for plugins.
  compiler=gcc
  flags=(-fsanitize=thread)
  library=libtsan.so
  kinds=(race)
  # In collectd and the libraries, only locks are intercepted, not atomics.
  options=exitcode=99:ignore_noninstrumented_modules=1:history_size=4
  # The plugin intentionally abandons a thread that does not end in time.
  options+=:report_thread_leaks=0:suppressions=$own/tsan.supp
  ;;
*)
  echo "suites.bash: no sanitizer \"$sanitizer\"; there are asan and tsan" >&2
  exit 2
  ;;
esac

# Each line of a stack trace names its module.
options+=':stack_trace_format="    #%n %p %F %S (%m)"'

# Tests that are left out: the start of their names
left_out=(
  # These measure collectd's memory, which a sanitizer multiplies. AddressSanitizer
  # itself finds leaks.
  'groups: they leave no files, threads or memory behind'
  'hostile: arguments that point to gigabytes'
  'storm: it leaves no files, threads or memory behind'
  # taskstats-probe loads the plugin without the sanitizer's library.
  'probe check: '
  # These demonstrate bugs of collectd, without the plugin.
  'shutdown: perl crashes with a consumer of 3 s, without the plugin'
  'shutdown: a consumer is called after its end, without the plugin'
)
[ "$sanitizer" != asan ] || left_out+=(
  # When collectd ends, LeakSanitizer needs /proc and stops all threads, so that it
  # waits for a thread that hangs.
  'privileges: without /proc nothing is counted'
  'hung: collectd ends beside'
)

# Tests that may fail because a sanitizer makes the plugin slow: they run, but count as
# skipped if they fail. Reports during them are still found.
paced=(
  'delays: the rates of a new group'
  'events: 800 jobs'
  'events: 200 jobs'
  'events: jobs'
  'module: a storm of everything'
  'storm: a collectd that is killed'
)

# --- the plugin ---

# Builds the plugin with loaded.c linked into it, and links the other programs of the
# plain build into the same directory.
build_plugin() {
  local tool loaded=../build/sanitized/$sanitizer/obj/tests/sanitized/loaded.o
  local arguments=(CC="$compiler" HARDEN=no VARIANT="sanitized/$sanitizer"
    CFLAGS="-O1 -fno-omit-frame-pointer ${flags[*]}")

  mkdir -p "$build"
  for tool in tests taskstats-top taskstats-probe taskstats-explain; do
    ln -sfn "$plain/$tool" "$build/$tool"
  done
  make -s -j "$(nproc)" -C "$tests" "$loaded" "${arguments[@]}"
  rm -f "$build/taskstats.so" # make does not know that it depends on loaded.o
  make -s -j "$(nproc)" -C "$tests/../plugin" "${arguments[@]}" LDFLAGS="$loaded"
}

# Writes a wrapper of collectd that preloads the sanitizer's library: it must be loaded
# from the start if a module uses it.
write_collectd() {
  local preload

  preload=$(realpath "$("$compiler" -print-file-name="$library")")
  cat >"$work/collectd" <<SCRIPT
#!/bin/sh
export ${sanitizer^^}_OPTIONS='$options:log_path=$work/reports/$sanitizer'
export UBSAN_OPTIONS=print_stacktrace=1
LD_PRELOAD='$preload' exec ${COLLECTD:-/usr/sbin/collectd} "\$@"
SCRIPT
  chmod 755 "$work" "$work/collectd"
  mkdir -m 1777 "$work/reports" # some collectds run as other users
}

# --- reports ---

# Prints and removes the reports, except leaks of collectd and its other modules: the
# stack of everything that the plugin allocates, also through a library, contains the
# plugin.
take_reports() {
  find "$work/reports" -type f -exec cat {} + | awk -v RS= '
    /^(Direct|Indirect) leak/ && !/taskstats\.so/ { next }
    # It sometimes cannot stop all threads when collectd ends.
    /LeakSanitizer has encountered a fatal error/ { next }
    /==ERROR: LeakSanitizer: detected memory leaks$/ || /^SUMMARY: .* leaked in/ { next }
    { print $0 "\n" }'
  find "$work/reports" -type f -delete
}

# Prints the reports of the sanitizer about a plugin with such a fault.
reports_of() { # KIND
  printf 'PluginDir "%s"\nLoadPlugin taskstats\n<Plugin taskstats>\nProcess "x"\n</Plugin>\n' \
    "$build" >"$work/collectd.conf"
  { TASKSTATS_FAULT=$1 "$work/collectd" -T -C "$work/collectd.conf" || true; } \
    >"$work/fault.out" 2>&1
  take_reports
}

# Checks that the sanitizer works: a broken one reports nothing.
check_sanitizer() {
  local kind found

  found=$(reports_of none)
  if [ -n "$found" ]; then
    echo "$found"
    return 1
  fi
  for kind in "${kinds[@]}"; do
    if ! reports_of "$kind" | grep -q '(.*taskstats\.so)'; then
      echo "# a fault of this kind is not found: $kind"
      cat "$work/fault.out"
      return 1
    fi
  done
}

# --- the suites ---

# Prints one pattern that matches names that start with one of these.
beginning_with() { # NAME...
  printf '%s\n' "$@" | sed 's/[][\.*^$+?(){}|]/\\&/g' | paste -sd '|' | sed 's/.*/^(&)/'
}

# Prints one pattern for the names of a suite's tests that are not left out.
chosen() { # SUITE
  local names

  mapfile -t names < <(grep -ohP '^@test "\K[^"]+' "$1" |
    grep -vE "$(beginning_with "${left_out[@]}")" | grep -E "$pattern")
  [ ${#names[@]} -eq 0 ] || echo "$(beginning_with "${names[@]}")\$"
}

forgive_slowness() { # a TAP
  sed -uE "s/^not (ok [0-9]+ )($(beginning_with "${paced[@]}" | tr -d ^).*)/\1\2 # skip the plugin is too slow with $sanitizer/"
}

run_suite() { # SUITE
  local name chosen found log=$work/suite.log

  chosen=$(chosen "$1")
  [ -n "$chosen" ] || return 0
  name=$(basename "$1" .bats)
  COLLECTD=$work/collectd TASKSTATS_BUILD=$build \
    bats --tap --timing --print-output-on-failure --filter "$chosen" "$1" 2>&1 |
    forgive_slowness | tee "$log" || true
  found=$(take_reports)
  echo 1..1
  if [ -z "$found" ]; then
    echo "ok 1 $name: $sanitizer reports nothing"
  else
    printf '%s\n' "$found" "not ok 1 $name: $sanitizer reports nothing" | tee -a "$log"
  fi
  ! grep -q '^not ok' "$log"
}

build_plugin
write_collectd
status=0
echo 1..1
if check_sanitizer; then
  echo "ok 1 $sanitizer finds faults in the plugin"
else
  echo "not ok 1 $sanitizer finds faults in the plugin"
  status=1
fi
for file in "$tests"/integration/$suite.bats; do
  run_suite "$file" || status=1
done
exit "$status"
