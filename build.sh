#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The entry point: builds, runs, tests and installs the taskstats plugin. What it
# calls also works by itself: the Makefiles in plugin/ and contrib/, and the
# scripts in contrib/make, contrib/demo and tests. The packages that these need
# are listed in contrib/make/packages.
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: ./build.sh COMMAND [OPTION]...

  deps         install the Debian packages that the other commands need
  build        build build/taskstats.so (the plugin), build/taskstats-top,
               build/taskstats-probe and build/taskstats-explain
  run          show a live table of this machine in this terminal (root)
  test [PART]  run the tests (root): all of these parts
                 lint, unit
                 simulation    random histories of processes
                 manual        the manual pages and the example match the code
                 faults        each call that may fail fails in turn
                 fuzz          each fuzz target for 5 seconds
                 instructions  the hot paths stay within instruction limits
                 integration   the plugin in Debian's collectd
                 stores        the files in contrib/ with the real servers
                 kernels       the core of integration on Debian's 5.10, 6.1,
                               6.12 and newest kernel, in emulated machines
               or only one of them, or one of these, which take long:
                 arch          unit and simulation on 32-bit arm and s390x, and
                               Debian's kernel for arm64, emulated
                 releases      lint, unit and simulation on the other Debian
                 sanitized     integration under ASan and UBSan, and under TSan
                 package       the packages on new systems, Debian 12 and 13
                 fresh         run and test on new systems, Debian 12 and 13
  test unit|integration|stores|kernels NAME...
               run only these: unit tests (record), with gcc only; suites
               (exits); kernels (6.1)
  soak [MINUTES]
               run collectd with every option for 30 minutes, or MINUTES, and
               check that it does not grow and that its numbers are right (root)
  simulate [--seconds N] [--histories N] [SEED]
               run random histories of processes, beginning with this seed
  simulate --replay SEED
               run one history, and print each event in it
  fuzz [SECONDS] [TARGET]...
               run all fuzz targets, or these, for 60 SECONDS each
  renew-limits measure the instructions of the hot paths, and write new limits
               (root)
  bench [PART]...
               measure what the plugin costs (root, about 25 minutes): a table,
               also in build/bench.md and build/bench.json. PART is members,
               threads, exits, events, memory, dispatch, hosts or lines
  compile-commands
               write build/compile_commands.json, for editors
  package [DIRECTORY]
               build the Debian package, into DIRECTORY (build/package)
  install      install the plugin, the tools, the manual pages, and the example
               configuration, service and sysctl
  uninstall    remove what install installed
  lint         check the sources: format, warnings of two compilers, locks,
               shellcheck
  format       format the sources
  clean        remove build/
  help         show this

Each command builds what it needs. As root, it installs missing packages;
otherwise it names them.

run starts a separate collectd with the stanzas of collectd.conf.example and a
small load that waits for a CPU and for the disk. q or Ctrl-C ends it. It leaves
CSV files of all values in build/run/csv, and PNG charts of each group in
build/run/charts. While it runs, kernel.task_delayacct is 1.
  --seconds N    end after N seconds
  --config FILE  use the stanzas in FILE, and no load. FILE is as for
                 /etc/collectd/collectd.conf.d: <Plugin taskstats> blocks, with
                 or without "LoadPlugin taskstats"
  --as-is        leave kernel.task_delayacct unchanged

bench compares the plugin, on the same processes, with a loop that only queries
the kernel (the yardstick), with collectd's processes plugin and with
prometheus-process-exporter. It starts up to 50,000 processes; other load on the
machine distorts the figures.

Environment:
  CC, CFLAGS     the compiler (default: gcc), and additional flags for it
  DESTDIR        prefix of each path that install and uninstall use
  PREFIX         where to install the tools and the example (/usr/local)
  PLUGINDIR      collectd's plugin directory (default: that of the installed
                 collectd)
  COLLECTD_SRC   a source tree of collectd whose headers to use instead of the
                 system's
EOF
}

# shellcheck source=contrib/make/script.bash
source "$(dirname "${BASH_SOURCE[0]}")/contrib/make/script.bash"

# The script replaces this one, and cleans up by itself.
run_script() { exec "$root/$1" "${@:2}"; }

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
deps | build | install | uninstall | lint | format | clean | renew-limits | compile-commands)
  [ $# -eq 0 ] || misused "$command takes no arguments"
  ;;
esac
[ -z "${COLLECTD_SRC:-}" ] || {
  [ -e "$COLLECTD_SRC/src/daemon/plugin.h" ] ||
    die "COLLECTD_SRC=$COLLECTD_SRC is not a source tree of collectd: src/daemon/plugin.h is missing"
  COLLECTD_SRC=$(realpath -- "$COLLECTD_SRC")
  export COLLECTD_SRC
}
case $command in
deps)
  "$root/contrib/make/deps.bash"
  say "All packages are installed."
  ;;
build) build_all ;;
run) run_script contrib/demo/run.bash "$@" ;;
test) run_script tests/run.bash "$@" ;;
lint) run_script tests/run.bash lint ;;
simulate) run_script tests/simulation/simulate.bash "$@" ;;
fuzz) run_script tests/fuzz/fuzz.bash "$@" ;;
soak)
  need_packages build run test
  build_all
  run_script tests/run.bash soak "$@"
  ;;
package)
  need_packages build package
  run_script contrib/debian/package.bash "${1:-$build/package}"
  ;;
renew-limits) run_script tests/instructions/renew.bash ;;
bench) run_script tests/bench/run.bash "$@" ;;
install | uninstall) run_script contrib/make/install.bash "$command" ;;
format) run_script contrib/make/format.bash ;;
compile-commands) run_script contrib/make/compile_commands.bash ;;
clean) rm -rf "$build" ;;
help | -h | --help) usage ;;
*) misused "unknown command: $command" ;;
esac
