#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs the unit tests and the simulation on other architectures, in user-mode emulation
# (qemu-user), and the core of the integration suites on Debian's kernel for arm64.
# Compiles the plugin and the tools with the C library musl.
set -euo pipefail

# shellcheck source=../support/units.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/units.bash"

# --- musl ---

# The plugin and the tools compile with musl. Its compiler finds only musl's headers, so
# those of Linux and of the libraries are linked to a separate directory.
musl_compiles() {
  local directory=$build/arch/musl/include header folder
  rm -rf "$directory"
  mkdir -p "$directory"
  for header in linux asm-generic libmnl pcre2.h jansson.h yajl collectd libnl3; do
    ln -s "/usr/include/$header" "$directory/"
  done
  ln -s "/usr/include/$(gcc -print-multiarch)/asm" "$directory/"
  for folder in plugin:core contrib/taskstats-{top,probe,explain}:objects; do
    make_in "${folder%:*}" "${folder#*:}" CC=musl-gcc HARDEN=no VARIANT=arch/musl \
      CFLAGS="-Werror -isystem $directory" || return
  done
}

# --- other architectures ---

# The number of histories of the simulation
arch_histories=20000

# Histories with the same seeds are identical on both architectures, in every value.
histories_agree() { # SIMULATION
  local seed here there
  for seed in {1..40}; do
    here=$("$build/simulation" --replay "$seed" 2>&1) || true
    there=$("${runner[@]}" "$1" --replay "$seed" 2>&1) || true
    if [ -z "$here" ] || [ "$here" != "$there" ]; then
      say "history $seed differs:"
      diff <(echo "$here") <(echo "$there") | head -n 20
      return 1
    fi
  done
}

simulate_on() { # ARCHITECTURE MAKE'S ARGUMENT...
  local simulation=$build/arch/$1/simulation
  if ! make_in tests simulation VARIANT="arch/$1" "${@:2}"; then
    check "simulation, $1: it compiles" false
    return
  fi
  check "simulation, $1: the totals of random histories are true" \
    "${runner[@]}" "$simulation" --histories "$arch_histories" "$(date -u +%Y%m%d)000000"
  check "simulation, $1: the same happens as on $(uname -m)" histories_agree "$simulation"
}

test_architecture() { # ARCHITECTURE TRIPLET EMULATOR
  local sysroot=$build/arch/$1/sysroot flags directory arguments
  [ -e "$sysroot" ] || "$root/tests/arch/sysroot.bash" "$1" "$sysroot" || {
    check "$1: the libraries are there" false
    return
  }
  # DT_RPATH, unlike DT_RUNPATH, also applies to indirect dependencies.
  flags="-Werror -DEMULATED -isystem $sysroot/usr/include -Wl,--disable-new-dtags"
  for directory in "$sysroot"/{usr/lib/"$2",lib/"$2",usr/lib}; do
    [ ! -d "$directory" ] || flags+=" -L$directory -Wl,-rpath,$directory"
  done
  arguments=(CC="$2-gcc" AR="$2-ar" HARDEN=no CFLAGS="$flags")
  runner=(timeout 300 "$3" -L "/usr/$2")
  unit_tests "$1" "arch/$1" -- "${arguments[@]}"
  simulate_on "$1" "${arguments[@]}"
  runner=()
}

boot_arm64() {
  local log=$build/arch/arm64.log status=0
  TASKSTATS_BUILD=$build TASKSTATS_TESTS=$root/tests "$root/tests/kernels/boot.bash" arm64 \
    >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || cat "$log"
  tally "arm64: the core of integration, on Debian's kernel" "$status" "$log"
}

need_packages build test arch
check "musl: the plugin and the tools compile" musl_compiles
make_in tests simulation CC=gcc
test_architecture armhf arm-linux-gnueabihf qemu-arm # 32 bits
test_architecture s390x s390x-linux-gnu qemu-s390x   # big-endian
boot_arm64
end_part
