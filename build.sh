#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The one front door: builds, runs, tests and installs the taskstats plugin.
set -euo pipefail

# An unprepared shell may lack sbin, where collectd lives, and /usr/local.
export PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
build=$root/build
run=$build/run
delayacct=/proc/sys/kernel/task_delayacct
pid_max=/proc/sys/kernel/pid_max

# The Debian packages, by purpose
build_packages=(gcc libc6-dev pkgconf libmnl-dev libpcre2-dev libyajl-dev collectd-core collectd-dev
  libcollectdclient-dev libnl-genl-3-dev libjansson-dev)
run_packages=(collectd-core coreutils util-linux rrdtool fonts-dejavu-core)
test_packages=(clang clang-format libclang-rt-dev libcmocka-dev bats shellcheck
  procps util-linux python3 valgrind perl libesmtp6)
integration_packages=(cron make)
arch_packages=(gcc-arm-linux-gnueabihf gcc-s390x-linux-gnu qemu-user musl-tools
  debian-archive-keyring)
release_packages=(debootstrap debian-archive-keyring util-linux)
kernel_packages=(qemu-system-x86 cpio e2fsprogs jq mount debian-archive-keyring)
store_packages=(influxdb graphite-carbon graphite-web prometheus prometheus-alertmanager
  victoria-metrics kafkacat libmicrohttpd12 libprotobuf-c1 libyajl2 librdkafka1
  curl jq iproute2 mount python3 python3-yaml)
bench_packages=(prometheus-process-exporter python3 util-linux)
# Those of them that bring a service
server_packages=(cron influxdb prometheus prometheus-alertmanager victoria-metrics
  graphite-carbon prometheus-process-exporter)

# They are errors in lint alone: a later compiler has others.
warnings=(-Wall -Wextra -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wformat=2 -Wconversion -Wvla -Wundef
  # A counter for each kind of delay is COUNTER_DELAY + kind.
  -Wno-enum-enum-conversion -Wno-enum-float-conversion)
# 64 bits of a file's size and of the time, on 32-bit machines too
cflags=(-std=c11 -O2 -g -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
  -pthread "${warnings[@]}"
  -DHAVE_CONFIG_H -isystem /usr/include/collectd
  -isystem /usr/include/collectd/core -isystem /usr/include/collectd/core/daemon
  -isystem /usr/include/libnl3)
plugin_flags=(-fPIC -fvisibility=hidden)
top=$root/contrib/taskstats-top
probe=$root/contrib/taskstats-probe
explain=$root/contrib/taskstats-explain
tools=("$top" "$probe" "$explain")
probe_libs=(-lnl-genl-3 -lnl-3 -ljansson -lm)
read -ra extra_cflags <<<"${CFLAGS:-}"
# For code that runs as root; adapt_to adds what the compiler knows of.
link_hardening=("-Wl,-z,relro,-z,now,-z,noexecstack")

usage() {
  cat <<'EOF'
Usage: ./build.sh COMMAND [OPTION]...

  deps         install the Debian packages that the other commands need
  build        make build/taskstats.so (the plugin), build/taskstats-top,
               build/taskstats-probe and build/taskstats-explain
  run          show the plugin at work: a live table in this terminal (root)
  test [PART]  run the tests (root); PART is lint, unit, simulation (random
               histories of processes), integration, kernels (the core of
               integration on Debian's 5.10, 6.1, 6.12 and newest kernel, in
               emulated machines), stores (what is in contrib/, with InfluxDB,
               Graphite, Prometheus, Alertmanager, VictoriaMetrics), fuzz (each
               target for 10 seconds), instructions (what the hot paths take,
               against limits), arch (unit and simulation on 32-bit arm and
               s390x, emulated), or releases (lint, unit and simulation on the
               other Debian release)
  simulate [--seconds N] [--histories N] [SEED]
               run histories of the simulation from this seed on
  simulate --replay SEED
               run one, and print what happens in it
  fuzz [SECONDS] [TARGET]...
               run the fuzz targets, or these, each for so long (60)
  renew-limits count anew what the hot paths may take (root)
  bench [PART]...
               measure how fast the plugin is (root, some 25 minutes): a table,
               also in build/bench.md and build/bench.json; PART is members,
               threads, exits, events, memory, dispatch, hosts or lines
  install      install the plugin, taskstats-top, taskstats-explain,
               taskstats-probe with its manual page, and the example
               configuration, service and sysctl
  uninstall    remove what install installed
  lint         check the sources: format, warnings of two compilers, locks,
               shellcheck
  format       format the sources
  clean        remove build/
  help         show this

Each command does first what it needs; missing packages are installed if it
runs as root, and named if not.

run starts a collectd of its own with the stanzas of collectd.conf.example and
a small load that waits for a CPU and for the disk. It ends by q or Ctrl-C and
leaves CSV files of all values under build/run/csv, and charts of each group
as PNG under build/run/charts.
  --seconds N    end by itself after N seconds
  --config FILE  your own stanzas instead, and no load. FILE is what you would
                 put into /etc/collectd/collectd.conf.d: <Plugin taskstats>
                 blocks; "LoadPlugin taskstats" may stand there or not

bench compares in each round, on the same processes, the plugin with a loop that
only asks the kernel (the yardstick), with the processes plugin of collectd and
with prometheus-process-exporter. It makes up to 50,000 processes; other work on
the machine shows in the figures.

Environment:
  CC, CFLAGS     the compiler (gcc), and what to add to its flags
  DESTDIR        put in front of every path that install and uninstall use
  PREFIX         where the tools and the example go (/usr/local)
  PLUGINDIR      collectd's plugin directory (default: ask collectd)
EOF
}

say() { printf '%s\n' "$@"; } # a line an argument

die() {
  printf 'build.sh: %s\n' "$*" >&2
  exit 1
}

misused() {
  printf 'build.sh: %s; see ./build.sh help\n' "$*" >&2
  exit 2
}

need_root() { # WHY
  [ "$EUID" -eq 0 ] || die "must be root $1; run: sudo ./build.sh $command"
}

# At the end, however it comes: what was started ends, what was changed returns.

pids=()            # of children, ended in reverse
scratch=()         # files and directories to remove
saved_delayacct='' # what the tests found
saved_pid_max=''

at_exit() {
  local i
  trap '' HUP INT TERM
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    end_process "${pids[i]}"
  done
  [ ${#scratch[@]} -eq 0 ] || rm -rf -- "${scratch[@]}"
  [ -z "$saved_delayacct" ] || echo "$saved_delayacct" >"$delayacct"
  [ -z "$saved_pid_max" ] || echo "$saved_pid_max" >"$pid_max"
  # What root made under sudo belongs to the owner of the tree.
  if [ "$EUID" -eq 0 ] && [ -d "$build" ]; then
    chown -R --reference="$root" "$build"
  fi
}

end_process() { # PID of a child
  kill -TERM "$1" 2>/dev/null || return 0
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

# Packages

is_installed() {
  [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null) == ?i* ]]
}

need_packages() { # PACKAGE...
  local package missing=()
  command -v dpkg-query >/dev/null || return 0 # not Debian: let it be tried
  for package; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$EUID" -eq 0 ] ||
    die "must be root to install missing packages: ${missing[*]};" \
      "run: sudo ./build.sh deps"
  say "Installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if ! apt-get update -qq ||
    ! apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
    die "apt-get could not install ${missing[*]};" \
      "see its messages above, and check the network and /etc/apt"
  fi
}

# Debian starts a server as soon as it is installed. The tests want only what is
# in the package, so that no service may start meanwhile; at the next boot it
# would, unless it is disabled.
need_servers() { # PACKAGE...: as need_packages does
  local policy=/usr/sbin/policy-rc.d package new=() forbidden=''
  for package in "${server_packages[@]}"; do
    [[ " $* " != *" $package "* ]] || is_installed "$package" || new+=("$package")
  done
  if [ ${#new[@]} -gt 0 ] && [ "$EUID" -eq 0 ] && [ ! -e "$policy" ]; then
    forbidden=$policy
    scratch+=("$policy") # if it is not installed after all
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  need_packages "$@"
  [ -z "$forbidden" ] || rm -f "$forbidden"
  if [ ${#new[@]} -gt 0 ] && command -v systemctl >/dev/null; then
    systemctl disable "${new[@]/graphite-carbon/carbon-cache}" >/dev/null 2>&1 || true
  fi
}

do_deps() {
  need_packages "${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}" \
    "${kernel_packages[@]}" "${arch_packages[@]}" "${release_packages[@]}"
  need_servers "${integration_packages[@]}" "${store_packages[@]}" "${bench_packages[@]}"
  say "All packages are installed."
}

# Build

# Runs COMMAND, which makes OUTPUT, if it or what it reads is newer.
make_output() { # OUTPUT DIRECTORY[:DIRECTORY]... COMMAND...
  local output=$1 directories
  IFS=: read -ra directories <<<"$2"
  shift 2
  if [ -e "$output" ] && [ "$(cat "$output.cmd" 2>/dev/null)" = "$*" ] &&
    [ -z "$(find "${directories[@]}" -name '*.[ch]' -newer "$output" -print -quit)" ]; then
    return
  fi
  say "Building ${output#"$root"/}"
  mkdir -p "$(dirname "$output")"
  rm -f "$output"
  "$@" || die "${output#"$root"/} could not be built; see the compiler's message above"
  printf '%s\n' "$*" >"$output.cmd"
}

# What of the plugin taskstats-explain is built on: all that decides about groups,
# and reads the configuration.
selecting=("$root"/plugin/{kernel,select}/*.c "$root"/plugin/collectd/config*.c
  "$root/plugin/report/lookup.c")

# collectd loads every symbol into its own namespace, so there may be but one.
check_exports() { # PLUGIN
  local exported
  exported=$(nm -D --defined-only "$1" | awk '{ print $NF }' | xargs)
  if [ "$exported" != module_register ]; then
    rm -f "$1"
    die "taskstats.so must export module_register alone, but exports:" \
      "${exported:-nothing}; give that one __attribute__((visibility(\"default\")))" \
      "and make the others static or hidden"
  fi
}

# Whether the compiler takes these flags, without a warning.
takes_flags() { # COMPILER FLAG...
  "$1" -Werror -O2 "${extra_cflags[@]}" -x c - "${@:2}" -o /dev/null 2>/dev/null <<'EOF'
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
_Atomic uint64_t number;
int main(void) { return (int)atomic_fetch_add(&number, 1); }
EOF
}

# Sets hardening, and atomics: the library of atomics of 64 bits, for processors
# that have none. An older libc or compiler takes _FORTIFY_SOURCE=3 for 2.
adapt_to() { # COMPILER
  local flag
  hardening=(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  atomics=()
  takes_flags "$1" || atomics=(-latomic)
  for flag in -fstack-protector-strong -fstack-clash-protection -fcf-protection \
    -mbranch-protection=standard; do
    ! takes_flags "$1" "$flag" "${atomics[@]}" || hardening+=("$flag")
  done
}

do_build() {
  need_packages "${build_packages[@]}"
  local client libs hardening atomics programs
  adapt_to "${CC:-gcc}"
  programs=("${cflags[@]}" "${hardening[@]}" -fPIE "${extra_cflags[@]}" -pie
    "${link_hardening[@]}")
  read -ra libs <<<"$(pkg-config --cflags --libs libmnl libpcre2-8 yajl)"
  read -ra client <<<"$(pkg-config --cflags --libs libcollectdclient)"
  make_output "$build/taskstats.so" "$root/plugin" "${CC:-gcc}" "${cflags[@]}" \
    "${hardening[@]}" "${plugin_flags[@]}" -I"$root/plugin" "${extra_cflags[@]}" -shared \
    "${link_hardening[@]}" "$root"/plugin/*/*.c "${libs[@]}" "${atomics[@]}" -o "$build/taskstats.so"
  check_exports "$build/taskstats.so"
  make_output "$build/taskstats-top" "$top" "${CC:-gcc}" "${programs[@]}" \
    "$top"/*.c "${client[@]}" -ljansson -o "$build/taskstats-top"
  make_output "$build/taskstats-probe" "$probe" "${CC:-gcc}" "${programs[@]}" \
    -I"$root/plugin" "$probe"/*.c "${probe_libs[@]}" -o "$build/taskstats-probe"
  make_output "$build/taskstats-explain" "$explain:$root/plugin" "${CC:-gcc}" "${programs[@]}" \
    -I"$root/plugin" "$explain"/*.c "${selecting[@]}" "${libs[@]}" "${atomics[@]}" \
    -o "$build/taskstats-explain"
}

do_clean() { rm -rf "$build"; }

# Test: everything is counted, and the counts stand in the last line.

passed=0
failed=0
skipped=0

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then
    say "ok - $name"
    passed=$((passed + 1))
  else
    say "not ok - $name"
    failed=$((failed + 1))
  fi
}

# Adds up a TAP log. A test that was planned and never reported has failed; so
# has a program that ends badly without a failed test, or without any test.
tally() { # NAME STATUS LOG
  local plan ok not_ok skip bad
  read -r plan ok not_ok skip < <(awk '
    /^1\.\.[0-9]+/ { plan += substr($1, 4) }
    /^(not )?ok [0-9]+ .*# *[Ss][Kk][Ii][Pp]/ { skip++; next }
    /^ok [0-9]+/ { ok++ }
    /^not ok [0-9]+/ { not_ok++ }
    END { print plan + 0, ok + 0, not_ok + 0, skip + 0 }' "$3")
  bad=$((plan > ok + skip ? plan - ok - skip : 0))
  ((bad >= not_ok)) || bad=$not_ok
  ((bad > 0 || ($2 == 0 && plan > 0))) || bad=1
  passed=$((passed + ok))
  failed=$((failed + bad))
  skipped=$((skipped + skip))
  if ((bad > 0)); then
    say "not ok - $1: $ok passed, $bad failed (exit status $2)"
  else
    say "ok - $1: $ok passed"
  fi
}

runner=() # what runs a program of another architecture

unit_test() { # VARIANT BINARY
  local log=$2.log status=0
  CMOCKA_MESSAGE_OUTPUT=TAP "${runner[@]}" "$2" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || cat "$log"
  # What the emulator does not have
  grep '^# skipped' "$log" | sort | uniq -c | sed 's/^ *\([0-9]*\) # /# \1 /' || true
  tally "unit, $1: $(basename "$2")" "$status" "$log"
}

# What takes long runs a job a CPU.
jobs=$(nproc)

# Waits while all CPUs have jobs. What they return is lost.
await_cpu() {
  while (($(jobs -rp | wc -l) >= jobs)); do
    wait -n || true
  done
}

# Compiles each source, into an object here.
compile_each() { # COMPILER [FLAG]... -- SOURCE...
  local compile=()
  while [ "$1" != -- ]; do
    compile+=("$1")
    shift
  done
  shift
  printf '%s\0' "$@" | xargs -0 -n 8 -P "$jobs" "${compile[@]}" -c
}

# The sources of the plugin that do not call collectd, and so link without it;
# and the others.
core_sources() { grep -L '^#include <collectd/core/' "$root"/plugin/*/*.c; }
module_sources() { grep -l '^#include <collectd/core/' "$root"/plugin/*/*.c; }

compile_tool() { # DIRECTORY SOURCES COMPILER [FLAG]...: all but main.c
  local sources=()
  mkdir -p "$1"
  mapfile -t sources < <(find "$2" -name '*.c' ! -name main.c | sort)
  (cd "$1" && compile_each "${@:3}" -- "${sources[@]}")
}

# The core is compiled once a variant. Tests of a tool have its sources, too, and
# that of the module the rest of the plugin and what stands for collectd.
# Tests whose names do not match the pattern in only, if it is set, are left out.
unit_tests() { # VARIANT COMPILER [FLAG]...
  local variant=$1 directory=$build/unit/$1 test name objects
  local core=() module=() tool names=()
  local compile=("$2" "${cflags[@]}" -I"$root/plugin" -I"$root/tests" "${extra_cflags[@]}" "${@:3}")
  mapfile -t core < <(core_sources)
  mapfile -t module < <(module_sources)
  rm -rf "$directory"
  mkdir -p "$directory/core" "$directory/module"
  (cd "$directory/core" && compile_each "${compile[@]}" -- "${core[@]}") ||
    die "the core does not compile with $2; see the message above"
  (cd "$directory/module" &&
    compile_each "${compile[@]}" -- "${module[@]}" "$root/tests/unit/daemon.c") ||
    die "the module does not compile with $2; see the message above"
  for tool in probe explain top; do
    compile_tool "$directory/$tool" "$root/contrib/taskstats-$tool" "${compile[@]}" ||
      die "taskstats-$tool does not compile with $2; see the message above"
  done
  for test in "$root"/tests/unit/test_*.c; do
    [ -e "$test" ] || continue
    name=$(basename "$test" .c)
    [[ $name =~ ^test_(${only:-.*})$ ]] || continue
    names+=("$name")
    objects=("$directory"/core/*.o -lmnl -lpcre2-8 -lyajl)
    [[ $name != test_module ]] || objects+=("$directory"/module/*.o)
    [[ $name != test_probe_* ]] || objects+=("$directory"/probe/*.o "${probe_libs[@]}")
    [[ $name != test_explain_* ]] || objects+=("$directory"/explain/*.o)
    [[ $name != test_screen_* ]] || objects+=("$directory"/top/*.o -lcollectdclient -ljansson)
    await_cpu
    "${compile[@]}" -DFIXTURES="\"$root/tests/fixtures\"" "${tools[@]/#/-I}" "$test" \
      "${objects[@]}" -lcmocka -o "$directory/$name" &
  done
  wait
  for name in "${names[@]}"; do
    if [ -e "$directory/$name" ]; then
      unit_test "$variant" "$directory/$name"
    else
      check "unit, $variant: $name compiles" false
    fi
  done
}

test_unit() {
  need_packages "${build_packages[@]}" "${test_packages[@]}"
  unit_tests gcc gcc
  unit_tests clang-sanitizers clang -O1 -fno-omit-frame-pointer \
    -fsanitize=address,undefined -fno-sanitize-recover=all
  local only='exit_listener|exit_log|exit_monitor|module|notifier|path_watch|publication|race|read_worker|user_cache'
  unit_tests clang-tsan clang -O1 -fno-omit-frame-pointer -fsanitize=thread
}

# What the hot paths take, into build/instructions/figures. They are compiled as
# the plugin is, but whatever CC and CFLAGS say: the limits are those of this code.
measure_instructions() {
  need_packages "${build_packages[@]}" "${test_packages[@]}"
  local directory=$build/instructions core=() hardening atomics
  mapfile -t core < <(core_sources)
  mkdir -p "$directory"
  adapt_to gcc
  gcc "${cflags[@]}" "${hardening[@]}" "${plugin_flags[@]}" -I"$root/plugin" -I"$root/tests" \
    "$root/tests/instructions/hot.c" "${core[@]}" -lmnl -lpcre2-8 -lyajl -lcmocka \
    -Wl,--wrap=query_counts_ended_threads -o "$directory/hot" || return
  "$root/tests/instructions/measure.bash" "$directory/hot" "$directory" \
    >"$directory/figures"
}

# The whole of select/ and track/ over a kernel that is simulated, but for what
# decodes its messages.
build_simulation() { # OUTPUT COMPILER [FLAG]...
  local core=()
  need_packages "${build_packages[@]}"
  mapfile -t core < <(find "$root"/plugin/{select,track} -name '*.c' \
    ! -name read_worker.c | sort)
  mkdir -p "$(dirname "$1")"
  "$2" "${cflags[@]}" "${@:3}" -I"$root/plugin" "$root"/tests/simulation/*.c "${core[@]}" \
    "$root"/plugin/kernel/{clock,record,thread}.c -lmnl -lpcre2-8 -o "$1"
}

# Others each day: the seed is the date, with room for a million histories.
test_simulation() {
  local seed
  seed=$(date -u +%Y%m%d)000000
  if ! build_simulation "$build/simulation" gcc; then
    check "simulation: it compiles" false
    return
  fi
  check "simulation: the totals of random histories are true" \
    "$build/simulation" --histories 250000 "$seed"
}

do_simulate() {
  build_simulation "$build/simulation" gcc || die "the simulation does not compile; see the message above"
  exec "$build/simulation" "$@"
}

# Fuzz: libFuzzer makes inputs for each target of tests/fuzz, under ASan and
# UBSan. Those that reach something new stay in build/fuzz/TARGET/corpus.

fuzz=$build/fuzz

fuzz_targets() { basename -a -s .c "$root"/tests/fuzz/*.c; }

# Compiles sources into a library, of which a target takes what it does not have
# itself: it may stand in for what is below its parser.
archive() { # LIBRARY COMPILER [FLAG]... -- SOURCE...
  local directory=$1.o
  rm -rf "$directory"
  mkdir -p "$directory"
  (cd "$directory" && compile_each "${@:2}") && ar rcs "$1" "$directory"/*.o
}

build_fuzz() { # TARGET...
  need_packages "${build_packages[@]}" "${test_packages[@]}"
  local target core=() probes=()
  local compile=(clang "${cflags[@]}" -I"$root/plugin" -I"$root/tests" -I"$probe"
    -O1 -fno-omit-frame-pointer -fsanitize=address -fsanitize=undefined
    -fno-sanitize-recover=all)
  mapfile -t core < <(core_sources)
  mapfile -t probes < <(find "$probe" -name '*.c' ! -name main.c | sort)
  make_output "$fuzz/core.a" "$root/plugin" archive "$fuzz/core.a" "${compile[@]}" \
    -fsanitize=fuzzer-no-link -- "${core[@]}"
  make_output "$fuzz/probe.a" "$probe" archive "$fuzz/probe.a" "${compile[@]}" \
    -fsanitize=fuzzer-no-link -- "${probes[@]}"
  mkdir -p "$fuzz/bin"
  for target; do
    await_cpu
    "${compile[@]}" -fsanitize=fuzzer "$root/tests/fuzz/$target.c" "$fuzz/core.a" \
      "$fuzz/probe.a" -lmnl -lpcre2-8 -lcmocka "${probe_libs[@]}" -o "$fuzz/bin/$target" ||
      rm -f "$fuzz/bin/$target" &
  done
  wait
}

# In the background, as run_suite.
fuzz_target() { # SECONDS TARGET
  local directory=$fuzz/$2 status=0
  mkdir -p "$directory/corpus" "$root/tests/fuzz/corpus/$2"
  say 1 >"$directory/status" # if it does not come to its end
  TMPDIR=$directory setpriv --pdeathsig TERM "$fuzz/bin/$2" -max_total_time="$1" -timeout=60 \
    -print_final_stats=1 -artifact_prefix="$directory/" \
    "$directory/corpus" "$root/tests/fuzz/corpus/$2" >"$directory/log" 2>&1 || status=$?
  say "$status" >"$directory/status"
}

# What a run reached: "123 executions, 45 edges, 6 inputs". Fails if it executed
# nothing but what there was before.
fuzz_figures() { # LOG
  awk '
    / INITED / { first = substr($1, 2) }
    / cov: / { for (i = 2; i < NF; i++) { if ($i == "cov:") edges = $(i + 1)
                                          if ($i == "corp:") split($(i + 1), corpus, "/") } }
    /^stat::number_of_executed_units:/ { executions = $2 }
    END { printf "%d executions, %d edges, %d inputs", executions, edges, corpus[1]
          exit executions <= first || edges == 0 }' "$1"
}

check_fuzz() { # SECONDS TARGET
  local directory=$fuzz/$2 figures
  if [ "$(cat "$directory/status")" = 0 ] && figures=$(fuzz_figures "$directory/log"); then
    check "fuzz: $2, $1 s: $figures" true
    return
  fi
  grep -vE '^#[0-9]+' "$directory/log" | tail -n 60
  say "Once more: ${fuzz#"$root"/}/bin/$2 ${directory#"$root"/}/crash-..."
  check "fuzz: $2" false
}

run_fuzz() { # SECONDS TARGET...
  local seconds=$1 target
  shift
  build_fuzz "$@"
  for target; do
    rm -rf "${fuzz:?}/$target"/{log,status,taskstats-fuzz.*}
    if [ -e "$fuzz/bin/$target" ]; then
      await_cpu
      fuzz_target "$seconds" "$target" &
      pids+=($!)
    fi
  done
  wait
  pids=()
  for target; do
    if [ -e "$fuzz/$target/log" ]; then
      check_fuzz "$seconds" "$target"
    else
      check "fuzz: $target compiles" false
    fi
  done
}

test_fuzz() {
  local targets
  mapfile -t targets < <(fuzz_targets)
  run_fuzz 10 "${targets[@]}"
}

do_fuzz() { # [SECONDS] [TARGET]...
  local seconds=60 target targets
  if [[ ${1:-} =~ ^[1-9][0-9]*$ ]]; then
    seconds=$1
    shift
  fi
  mapfile -t targets < <(fuzz_targets)
  for target; do
    [[ " ${targets[*]} " == *" $target "* ]] ||
      misused "fuzz: no target \"$target\"; there are ${targets[*]}"
  done
  [ $# -gt 0 ] || set -- "${targets[@]}"
  run_fuzz "$seconds" "$@"
  say "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}

counted_with() {
  printf '%s, %s, Linux %s' "$(gcc --version | head -n 1)" "$(uname -m)" \
    "$(uname -r | cut -d . -f -2)"
}

test_instructions() {
  local tests=$root/tests/instructions log=$build/instructions/tests.log status=0
  need_root "for this test (it wants a pid namespace and taskstats)"
  check "instructions: the comparison fails where it should" "$tests/check.bash"
  if ! measure_instructions; then
    check "instructions: what the hot paths take can be counted" false
    return
  fi
  "$tests/compare.bash" "$tests/limits" "$build/instructions/figures" >"$log" || status=$?
  cat "$log"
  [ "$status" -eq 0 ] ||
    say "The limits were counted with $(sed -n 's/^# Counted with //p' "$tests/limits")," \
      "and this with $(counted_with)."
  tally instructions "$status" "$log"
}

do_renew_limits() {
  local limits=$root/tests/instructions/limits
  need_root "to count instructions (that wants a pid namespace and taskstats)"
  measure_instructions || die "the hot paths could not be measured; see above"
  {
    cat <<EOF
# How many instructions and system calls an operation of each hot path (hot.c)
# takes; more is an error, but for a margin. Written by ./build.sh renew-limits.
# Counted with $(counted_with)
EOF
    cat "$build/instructions/figures"
  } | tee "$limits"
}

build_helpers() {
  local source
  for source in "$root"/tests/support/*.c; do
    [ -e "$source" ] || continue
    make_output "$build/tests/$(basename "$source" .c)" "$root/tests/support" gcc \
      "${cflags[@]}" "${extra_cflags[@]}" "$source" \
      -o "$build/tests/$(basename "$source" .c)"
  done
}

bats_tests() { # PART
  need_root "for these tests (taskstats wants CAP_NET_ADMIN, /proc/<pid>/io CAP_SYS_PTRACE)"
  need_packages "${build_packages[@]}" "${test_packages[@]}"
  do_build
  build_helpers
  local logs=$build/tests/$1 suites suite
  mapfile -t suites < <(ls -S "$root/tests/$1"/*.bats) # the long ones first
  rm -rf "$logs"
  mkdir -p "$logs"
  [ ! -e "$delayacct" ] || saved_delayacct=$(<"$delayacct")
  for suite in "${suites[@]}"; do
    await_cpu
    run_suite "$suite" "$logs/$(basename "$suite" .bats)" &
    pids+=($!)
  done
  wait
  pids=()
  for suite in "${suites[@]}"; do
    suite=$(basename "$suite" .bats)
    tally "$1: $suite" "$(cat "$logs/$suite.status")" "$logs/$suite.log"
  done
}

# In the background, where bash ignores SIGINT. Prints at its end what it said.
run_suite() { # SUITE LOG
  local status=0
  say 1 >"$2.status" # if it does not come to its end
  TASKSTATS_BUILD=$build TASKSTATS_TESTS=$root/tests \
    setpriv --pdeathsig TERM env --default-signal=INT bats --tap --timing --print-output-on-failure "$1" \
    >"$2.log" 2>&1 || status=$?
  say "$status" >"$2.status"
  flock "$(dirname "$2")" cat "$2.log"
}

test_integration() {
  need_servers "${integration_packages[@]}"
  bats_tests integration
}

test_stores() {
  need_servers "${store_packages[@]}"
  bats_tests stores
}

# The kernels that an emulated machine boots, see tests/kernels/download.bash
kernels=(5.10 6.1 6.12 newest)

# In the background, as run_suite. Ends no sooner than its machine.
run_kernel() { # KERNEL LOG
  local status=0
  say 1 >"$2.status" # if it does not come to its end
  TASKSTATS_BUILD=$build TASKSTATS_TESTS=$root/tests \
    setpriv --pdeathsig TERM env --default-signal=INT "$root/tests/kernels/boot.bash" "$1" \
    >"$2.log" 2>&1 &
  trap 'kill "$!"; wait "$!"; exit 143' TERM
  wait "$!" || status=$?
  say "$status" >"$2.status"
  flock "$(dirname "$2")" cat "$2.log"
}

# Two machines at a time: each waits half of its time, and has two CPUs.
test_kernels() {
  need_packages "${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}" \
    "${kernel_packages[@]}"
  do_build
  build_helpers
  local logs=$build/tests/kernels kernel jobs=2
  rm -rf "$logs"
  mkdir -p "$logs"
  for kernel in "${kernels[@]}"; do
    await_cpu
    run_kernel "$kernel" "$logs/$kernel" &
    pids+=($!)
  done
  wait
  pids=()
  for kernel in "${kernels[@]}"; do
    tally "kernels: $kernel" "$(cat "$logs/$kernel.status")" "$logs/$kernel.log"
  done
}

test_arch() {
  need_packages "${build_packages[@]}" "${test_packages[@]}" "${arch_packages[@]}"
  # shellcheck source=tests/arch/run.bash disable=SC1091 # looked at by itself
  source "$root/tests/arch/run.bash"
  arch_tests
}

# The releases of Debian on which the plugin is built. The system's own is tested
# here.
releases=(bookworm trixie)

test_releases() {
  local release part
  need_root "for this test (it makes systems, and enters them)"
  need_packages "${release_packages[@]}"
  for release in "${releases[@]}"; do
    ! grep -qx "VERSION_CODENAME=$release" /etc/os-release || continue
    for part in lint unit simulation; do
      check "$release: $part" "$root/tests/releases/enter.bash" "$release" \
        "$build/releases/$release" test "$part"
    done
  done
}

c_files() { find "$root"/{plugin,contrib,tests} -name '*.[ch]' 2>/dev/null | sort; }

pythons_clean() {
  local file status=0
  while read -r file; do
    python3 -c 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' \
      "$file" || status=1
  done < <(find "$root"/{tests,contrib} -name '*.py' | sort)
  return "$status"
}

compiles() { # COMPILER: every source by itself, into objects for the next check
  local directory=$build/lint/$1 source object hardening atomics
  rm -rf "$directory"
  mkdir -p "$directory"
  adapt_to "$1"
  while read -r source; do
    object=${source#"$root"/}
    await_cpu
    "$1" "${cflags[@]}" "${hardening[@]}" -Werror -DFIXTURES='""' -I"$root/plugin" \
      -I"$root/tests" "${tools[@]/#/-I}" -c "$source" \
      -o "$directory/${object//\//_}.o" || : >"$directory/failed" &
  done < <(c_files | grep '\.c$')
  wait
  [ ! -e "$directory/failed" ]
}

# The folders of the plugin, each of which uses itself and those before it.
layers=(kernel select track report collectd)

# Prints the includes of the plugin that go to a folder further on, or name no
# folder, and of collectd's headers outside of collectd/.
layers_kept() {
  local allowed='' layer stray=()
  for layer in "${layers[@]}"; do
    allowed+=${allowed:+|}$layer
    mapfile -t -O "${#stray[@]}" stray < <(grep -HnE '^ *# *include +"' "$root/plugin/$layer"/*.[ch] |
      grep -vE "\"($allowed)/[a-z_]+\\.h\"")
    [ "$layer" = collectd ] || mapfile -t -O "${#stray[@]}" stray < <(
      grep -HnE '^ *# *include +<(collectd|oconfig|plugin)' "$root/plugin/$layer"/*.[ch])
  done
  [ ${#stray[@]} -eq 0 ] || say "An include goes up (the order is ${layers[*]}):" "${stray[@]}"
  [ ${#stray[@]} -eq 0 ]
}

# A source and its header count as one.
includes_acyclic() {
  (cd "$root/plugin" && grep -oE '^ *# *include +"[^"]+' ./*/*.[ch]) |
    sed -E 's|^\./||; s|\.[ch]:.*"| |; s|\.h$||' | awk '$1 != $2' | tsort >/dev/null
}

# Checks what the annotations of plugin/kernel/mutex.h say.
check_locks=(clang "${cflags[@]}" -Werror -I"$root/plugin" -fsyntax-only
  -Wthread-safety -Wthread-safety-beta)

# Prints the locks that have no annotations, too.
locks_kept() {
  ! grep -nE 'pthread_(mutex|rwlock|spin)' "$root"/plugin/*/*.[ch] | grep -v '/kernel/mutex\.h:' || return
  printf '%s\0' "$root"/plugin/*/*.c | xargs -0 -n 8 -P "$jobs" "${check_locks[@]}"
}

# Whether the check of the locks accepts what a function does with a tracker.
accepts() { # STATEMENTS
  "${check_locks[@]}" -x c - 2>/dev/null <<EOF
#include "track/tracker.h"
void use(struct tracker *tracker);
void use(struct tracker *tracker) { $1 }
EOF
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

# Prints the functions of the plugin and the tools that no other file uses: they
# should be static, or not be there.
all_needed() {
  local compiled=$build/lint/gcc unneeded
  unneeded=$(comm -23 \
    <(nm --defined-only -g "$compiled"/{plugin,contrib}_*.o |
      awk 'NF == 3 { print $3 }' | sort -u) \
    <({ nm -u "$compiled"/*.o | awk 'NF == 2 { print $2 }'; say module_register main; } | sort -u))
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

# Whether the program ends by SIGABRT, to which libc comes when it finds a fault.
is_aborted() { # COMMAND...
  local status=0
  { "$@"; } >/dev/null 2>&1 || status=$? # the shell says so, too
  [ "$status" -eq 134 ]
}

# Prints what the plugin and the probe lack that run as root; and says so if that
# would not be found, or if the flags do not do what they are for.
hardened() {
  local directory=$build/lint/hardening hardening atomics source=$root/tests/hardening/overflow.c
  (do_build) || return
  "$root/tests/hardening/check.bash" "$build"/taskstats{.so,-top,-probe,-explain} || return
  rm -rf "$directory"
  mkdir -p "$directory"
  adapt_to gcc
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

formatted() {
  local file status=0
  while read -r file; do
    clang-format --dry-run -Werror "$file" 2>/dev/null && continue
    say "${file#"$root"/} is not formatted; run: ./build.sh format"
    status=1
  done < <(c_files)
  return "$status"
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

test_lint() {
  need_packages "${build_packages[@]}" "${test_packages[@]}"
  check "lint: clang-format" formatted
  check "lint: gcc without warnings" compiles gcc
  check "lint: clang without warnings" compiles clang
  check "lint: no function is global without need" all_needed
  check "lint: no source has over $lines_of_source lines, no function over $lines_of_function" short_enough
  check "lint: no include of the plugin goes up" layers_kept
  check "lint: no includes of the plugin form a cycle" includes_acyclic
  check "lint: what a lock guards is used with it" locks_kept
  check "lint: what is used without its lock is found" locks_checked
  check "lint: what runs as root is hardened" hardened
  check "lint: shellcheck" scripts_clean
  check "lint: Python compiles" pythons_clean
}

do_test() { # [PART]
  case ${1:-all} in
  all)
    need_root "for the integration tests (or run one part: ./build.sh test unit)"
    test_lint
    test_unit
    test_simulation
    test_fuzz
    test_instructions
    test_integration
    test_stores
    test_kernels
    ;;
  unit | simulation | fuzz | instructions | integration | stores | kernels | arch | releases | lint)
    "test_$1"
    ;;
  *) misused "unknown part of the tests: $1" ;;
  esac
  [ "$skipped" -eq 0 ] || say "$skipped skipped"
  say "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}

# Bench

# Processes beyond what a stock kernel numbers need more numbers; all is set back
# at the end.
prepare_machine() {
  if [ -e "$delayacct" ]; then
    saved_delayacct=$(<"$delayacct")
    echo 1 >"$delayacct" || say "Delay accounting stays as it is: $saved_delayacct."
  fi
  [ "$(<"$pid_max")" -lt 100000 ] || return 0
  local before
  before=$(<"$pid_max")
  if echo 100000 2>/dev/null >"$pid_max"; then
    saved_pid_max=$before
  fi
}

do_bench() { # [PART]...
  local part mnl
  for part; do
    case $part in
    members | threads | exits | events | memory | dispatch | hosts | lines) ;;
    *) misused "bench: unknown part: $part" ;;
    esac
  done
  need_root "for the bench (taskstats wants CAP_NET_ADMIN, /proc/<pid>/io CAP_SYS_PTRACE)"
  need_packages "${build_packages[@]}" "${run_packages[@]}"
  need_servers "${bench_packages[@]}"
  do_build
  read -ra mnl <<<"$(pkg-config --cflags --libs libmnl)"
  make_output "$build/bench/crowd" "$root/tests/bench" gcc "${cflags[@]}" "${extra_cflags[@]}" \
    "$root"/tests/bench/{crowd,yardstick}.c "${mnl[@]}" -o "$build/bench/crowd"
  make_output "$build/bench/storm" "$root/tests" gcc "${cflags[@]}" "${extra_cflags[@]}" \
    -I"$root/tests" "$root/tests/bench/storm.c" -o "$build/bench/storm"
  make_output "$build/bench/job" "$root/tests/bench" gcc "${cflags[@]}" "${extra_cflags[@]}" \
    -static "$root/tests/bench/job.c" -o "$build/bench/job"
  prepare_machine
  start python3 -B "$root/tests/bench/bench.py" "$build" "$@"
  wait "${pids[-1]}"
}

do_format() {
  need_packages clang-format
  local files
  mapfile -t files < <(c_files)
  clang-format -i "${files[@]}"
}

# Install

stock_plugindir() {
  local directory
  directory=$(collectd -h 2>/dev/null |
    sed -n 's/^ *Plugin directory  *//p') || true
  [ -d "$directory" ] ||
    directory=$(dirname "$(dpkg -L collectd-core 2>/dev/null | grep '/logfile\.so$')")
  [ -e "$directory/logfile.so" ] ||
    die "collectd's plugin directory is nowhere to be found;" \
      "install collectd-core, or give it as PLUGINDIR=..."
  say "$directory"
}

# Sets installed, an array of all files, and a variable for each.
installed_paths() {
  local prefix=${PREFIX:-/usr/local} plugindir
  plugindir=${PLUGINDIR:-$(stock_plugindir)}
  plugin_path=${DESTDIR:-}$plugindir/taskstats.so
  top_path=${DESTDIR:-}$prefix/bin/taskstats-top
  probe_path=${DESTDIR:-}$prefix/sbin/taskstats-probe
  explain_path=${DESTDIR:-}$prefix/sbin/taskstats-explain
  manual_path=${DESTDIR:-}$prefix/share/man/man8/taskstats-probe.8
  document_dir=${DESTDIR:-}$prefix/share/doc/collectd-taskstats
  example_path=$document_dir/collectd.conf.example
  service_path=$document_dir/systemd/collectd-taskstats.conf
  sysctl_path=$document_dir/sysctl.d/60-taskstats.conf
  installed=("$plugin_path" "$top_path" "$probe_path" "$explain_path" "$manual_path"
    "$example_path" "$service_path" "$sysctl_path")
}

do_install() {
  [ -n "${DESTDIR:-}" ] || need_root "to install into the system (or set DESTDIR)"
  do_build
  installed_paths
  install -D -m 0644 "$build/taskstats.so" "$plugin_path"
  install -D -m 0755 "$build/taskstats-top" "$top_path"
  install -D -m 0755 "$build/taskstats-probe" "$probe_path"
  install -D -m 0755 "$build/taskstats-explain" "$explain_path"
  install -D -m 0644 "$root/contrib/taskstats-probe.8" "$manual_path"
  install -D -m 0644 "$root/collectd.conf.example" "$example_path"
  install -D -m 0644 "$root/contrib/systemd/collectd-taskstats.conf" "$service_path"
  install -D -m 0644 "$root/contrib/sysctl.d/60-taskstats.conf" "$sysctl_path"
  say "Installed:" "${installed[@]/#/  }"
  cat <<EOF

1. Add to collectd's configuration, for example as
   /etc/collectd/collectd.conf.d/taskstats.conf:

     LoadPlugin taskstats
     <Plugin taskstats>
       Process "sshd"
       <Group "web">
         Command "nginx" "apache2"
       </Group>
     </Plugin>

   Every option: ${example_path#"${DESTDIR:-}"}

2. Let the kernel count all delays. While this is 0, only the wait for a CPU
   is counted; processes that already run count the rest after a restart:

     cp ${sysctl_path#"${DESTDIR:-}"} /etc/sysctl.d/
     sysctl -p /etc/sysctl.d/60-taskstats.conf

   To run collectd as a user of its own, with no more capabilities than it
   needs, see ${service_path#"${DESTDIR:-}"}

3. Check the configuration (-T; -t checks nothing) and restart collectd:

     collectd -T -C /etc/collectd/collectd.conf
     systemctl restart collectd

4. Look at it; this needs "LoadPlugin unixsock" in the configuration:

     taskstats-top

What does not work, and why; and which group a process is in, and why not:

     taskstats-probe check
     taskstats-explain PID
EOF
}

do_uninstall() {
  [ -n "${DESTDIR:-}" ] || need_root "to uninstall from the system (or set DESTDIR)"
  installed_paths
  rm -f "${installed[@]}"
  rmdir --ignore-fail-on-non-empty "$document_dir"/{systemd,sysctl.d} \
    "$document_dir" 2>/dev/null || true
  say "Removed:" "${installed[@]/#/  }"
}

# Run

# Every process that run starts is ended by the kernel when this script is gone,
# however it died.
start() { # COMMAND...: in the background; its pid is the last in pids
  setpriv --pdeathsig TERM "$@" &
  pids+=($!)
}

# Two loops that may run on one CPU only: together they wait a second a second.
start_cpu_load() {
  local cpu
  cpu=$(awk '/^Cpus_allowed_list:/ { print $2 }' /proc/self/status)
  cpu=${cpu##*[,-]}
  start taskset -c "$cpu" bash -c 'while :; do :; done' taskstats-load-cpu
  start taskset -c "$cpu" bash -c 'while :; do :; done' taskstats-load-cpu
}

# One reader that the page cache does not help, in requests as small as the disk
# takes: a reader that lives for seconds is seen by more than one read.
start_disk_load() {
  local file=$run/load-disk.data flags=(iflag=direct bs=512)
  scratch+=("$file")
  dd if=/dev/urandom of="$file" bs=1M count=256 conv=fsync status=none ||
    die "the load's file of 256 MiB could not be written; is there room under $run?"
  if ! dd if="$file" of=/dev/null "${flags[@]}" count=1 status=none 2>/dev/null; then
    flags=(iflag=direct bs=4096)
  fi
  if ! dd if="$file" of=/dev/null "${flags[@]}" count=1 status=none 2>/dev/null; then
    say "The file system of $run refuses direct I/O: load-disk reads from memory and waits for no disk."
    flags=(bs=4096)
  fi
  # shellcheck disable=SC2016 # the inner shell's variables
  start bash -c 'trap "kill \$!; wait; exit" TERM
    while :; do
      setpriv --pdeathsig KILL dd if="$@" of=/dev/null status=none &
      wait "$!" || exit
    done' taskstats-load-disk "$file" "${flags[@]}"
}

# The taskstats.so of the build is loaded before any other can be: a later
# LoadPlugin of the same name is without effect.
write_config() { # SOCKET
  local stock
  stock=$(stock_plugindir)
  cat <<EOF
Hostname "localhost"
FQDNLookup false
BaseDir "$run"
PIDFile "$run/collectd.pid"
Interval 1

PluginDir "$build"
LoadPlugin taskstats
PluginDir "$stock"

LoadPlugin logfile
<Plugin logfile>
  LogLevel "info"
  File "$run/collectd.log"
  Timestamp true
  PrintSeverity true
</Plugin>
LoadPlugin csv
<Plugin csv>
  DataDir "$run/csv"
  StoreRates false
</Plugin>
LoadPlugin rrdtool
<Plugin rrdtool>
  DataDir "$run/rrd"
  RRATimespan 3600
</Plugin>
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "$1"
  SocketGroup "root"
  SocketPerms "0600"
  DeleteSocket true
</Plugin>

Include "stanzas.conf"
EOF
}

load_groups() {
  cat <<'EOF'

<Plugin taskstats>
  <Group "load-cpu">
    CommandLine "taskstats-load-cpu$"
  </Group>
  <Group "load-disk">
    CommandLine "^dd if=.*/load-disk\\.data "
  </Group>
</Plugin>
EOF
}

prepare_run() { # SOCKET CONFIG
  cp "$2" "$run/stanzas.conf"
  write_config "$1" >"$run/collectd.conf"
  [ "$2" != "$root/collectd.conf.example" ] || load_groups >>"$run/collectd.conf"
}

# A socket's path may have 107 bytes.
socket_path() {
  local directory=$run
  if [ ${#directory} -gt 95 ]; then
    directory=$(mktemp -d /tmp/taskstats.XXXXXX)
  fi
  say "$directory/unixsock"
}

collectd_failed() { # WHAT
  {
    say "build.sh: collectd $1. It said:"
    cat "$run/collectd.err" "$run/collectd.log" 2>/dev/null |
      grep -viE '\[info\]|successfully loaded' | tail -n 15 || true
    say "The configuration is $run/collectd.conf, the stanzas are in stanzas.conf beside it;" \
      "collectd counts their lines on from the $(wc -l <"$run/collectd.conf") of the former."
  } >&2
  exit 1
}

start_collectd() { # SOCKET
  local tries
  cd "$run" # collectd cannot take a path with a blank, but a relative one
  start collectd -f -C collectd.conf >"$run/collectd.err" 2>&1
  collectd_pid=${pids[-1]}
  for ((tries = 0; tries < 100; tries++)); do
    kill -0 "$collectd_pid" 2>/dev/null || collectd_failed "ended at its start"
    [ ! -S "$1" ] || return 0
    sleep 0.1
  done
  collectd_failed "did not open its socket within 10 seconds"
}

tell_delay_accounting() {
  [ -e "$delayacct" ] && [ "$(<"$delayacct")" = 0 ] || return 0
  cat <<'EOF'

Delay accounting is off (kernel.task_delayacct is 0): of the waits, the kernel
counts only those for a CPU; the others stay "-". To have them all, now
    sudo sysctl kernel.task_delayacct=1
and at every boot
    echo 'kernel.task_delayacct = 1' | sudo tee /etc/sysctl.d/60-taskstats.conf
Processes that already run count them only after a restart.
EOF
}

tell_complaints() {
  local complaints
  complaints=$(grep -E '\[(error|warning)\]' "$run/collectd.log" |
    grep -v "Delay accounting is off" | head -n 10) || return 0
  say "" "collectd says:" "$complaints"
}

watch_table() { # SOCKET [TOP'S OPTION]...
  local ended='' status=0
  # As start does, but with the keys, which bash takes from what runs in the background
  setpriv --pdeathsig TERM "$build/taskstats-top" --socket "$@" <&0 &
  pids+=($!)
  wait -n -p ended "${pids[-1]}" "$collectd_pid" || status=$?
  [ "$ended" != "$collectd_pid" ] || collectd_failed "ended (status $status)"
  return "$status"
}

# At least half a minute, so that a chart of a short run has an axis worth reading.
draw_charts() {
  local seconds=$((SECONDS - started)) log=$run/charts.log
  ((seconds >= 30)) || seconds=30
  ((seconds <= 3600)) || seconds=3600
  if "$root/contrib/charts.bash" "$run/rrd/localhost" "$run/charts" "$seconds" \
    >"$log" 2>&1; then
    say "The charts, three for each group:" "$(sed 's/^/  /' "$log")"
  else
    say "The charts could not be drawn:" "$(tail -n 3 "$log")"
  fi
}

end_run() {
  at_exit
  say "" "The values are under $run/csv," "the log is $run/collectd.log."
  draw_charts
}

run_config=$root/collectd.conf.example
run_options=()

has_stanzas() { # FILE
  grep -qiE '^[[:space:]]*<Plugin[[:space:]]+"?taskstats"?[[:space:]]*>' "$1"
}

parse_run() {
  while [ $# -gt 0 ]; do
    case $1 in
    --seconds)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] ||
        misused "run: --seconds wants a whole number, not \"${2:-}\""
      run_options=(--seconds "$2")
      ;;
    --config)
      [ -r "${2:-}" ] || die "run: --config wants a file, and cannot read \"${2:-}\""
      has_stanzas "$2" ||
        die "$2 has no <Plugin taskstats> block, so there is nothing to show;" \
          "collectd.conf.example has one"
      run_config=$(realpath -- "$2")
      ;;
    *) misused "run: unknown option $1" ;;
    esac
    shift 2
  done
}

do_run() {
  parse_run "$@"
  need_root "to run the plugin (taskstats wants CAP_NET_ADMIN, /proc/<pid>/io CAP_SYS_PTRACE)"
  need_packages "${build_packages[@]}" "${run_packages[@]}"
  do_build
  exec {lock}>"$build/run.lock" # held by whatever run leaves behind, too
  flock -n "$lock" || die "another run is under way in $build; end it first"
  rm -rf "$run"
  mkdir -p "$run"
  local socket
  socket=$(socket_path)
  scratch+=("$socket")
  [ "${socket%/*}" = "$run" ] || scratch+=("${socket%/*}")
  prepare_run "$socket" "$run_config"
  trap 'exit 0' INT
  if [ "$run_config" = "$root/collectd.conf.example" ]; then
    start_cpu_load
    start_disk_load
  fi
  start_collectd "$socket"
  tell_delay_accounting
  tell_complaints
  say ""
  started=$SECONDS
  trap 'end_run' EXIT
  watch_table "$socket" "${run_options[@]}"
}

trap at_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
run | test | bench | simulate | fuzz) "do_$command" "$@" ;;
deps | build | install | uninstall | format | clean | renew-limits)
  [ $# -eq 0 ] || misused "$command takes no arguments"
  "do_${command//-/_}"
  ;;
lint) do_test lint ;;
help | -h | --help) usage ;;
*) misused "unknown command: $command" ;;
esac
