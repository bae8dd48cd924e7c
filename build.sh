#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The one front door: builds, runs, tests and installs the taskstats plugin. What
# it calls also works by itself: the Makefiles in plugin/ and contrib/, and the
# scripts in contrib/make, contrib/demo and tests. The packages that these want
# are listed in contrib/make/packages.
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: ./build.sh COMMAND [OPTION]...

  deps         install the Debian packages that the other commands need
  build        make build/taskstats.so (the plugin), build/taskstats-top,
               build/taskstats-probe and build/taskstats-explain
  run          show the plugin at work: a live table in this terminal (root)
  test [PART]  run the tests (root): all of
                 lint, unit
                 simulation    random histories of processes
                 manual        the manual pages and the example against the code
                 faults        each call that may fail fails in turn
                 fuzz          each target for 10 seconds
                 instructions  what the hot paths take, against limits
                 integration   Debian's collectd with the plugin
                 stores        what is in contrib/, with the real servers
                 kernels       the core of integration on Debian's 5.10, 6.1,
                               6.12 and newest kernel, in emulated machines
               or one of these, or one that takes long:
                 arch          unit and simulation on 32-bit arm and s390x, and
                               Debian's kernel for arm64, emulated
                 releases      lint, unit and simulation on the other Debian
                 sanitized     integration under ASan and UBSan, and under TSan
                 package       the packages in new systems, Debian 12 and 13
                 fresh         the first commands on new systems, 12 and 13
  test unit|integration|stores|kernels NAME...
               run these alone: unit tests by their names (record), under gcc;
               suites (exits); kernels (6.1)
  soak [MINUTES]
               run collectd with every option for so long (30), and check that
               it does not grow and that all its numbers are true (root)
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
  COLLECTD_SRC   a source tree of collectd, to build against its headers
                 instead of the system's
EOF
}

# shellcheck source=contrib/make/script.bash
source "$(dirname "${BASH_SOURCE[0]}")/contrib/make/script.bash"

# The script takes the place of this one, and has an end of its own.
run_script() { exec "$root/$1" "${@:2}"; }

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
deps | build | install | uninstall | lint | format | clean | renew-limits | compile-commands)
  [ $# -eq 0 ] || misused "$command takes no arguments"
  ;;
esac
[ -z "${COLLECTD_SRC:-}" ] || {
  COLLECTD_SRC=$(realpath -e -- "$COLLECTD_SRC") || exit
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
