#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   boot.bash VERSION [PATTERN...]
#
# Runs the core of the integration suites, or the tests whose names start with the
# patterns, on Debian's kernel VERSION (5.10, 6.1, 6.12, or newest), in an emulated
# machine, and prints their TAP. The machine has only an initramfs with files of this
# system (collectd, bats, the shell and their dependencies, the plugin and the tests)
# and an empty disk. VERSION arm64 is a machine of that architecture with files from
# Debian's packages for it, see arm64.bash.
#
# The runner sets TASKSTATS_BUILD and TASKSTATS_TESTS as for the suites.
set -euo pipefail

export LC_ALL=C

# The core: patterns for the start of the names of tests that depend on the kernel. All
# tests would take many times as long.
core=(
  'cpu: threads of 1 ms that come and go$'
  'zombies: (single-threaded$|multi-threaded, .*(before|together)$)'
  'io: (bytes and calls written$|open files)'
  'delays: copies on write'
  'exits: (600 processes of 5|short-lived|a main thread that leaves first$|threads that|zombies that had)'
  'notify: each way to end, of several'
  'oom: all of them'
  'identities: every option on'
  'probe get: the plugin dispatched the same of a stopped process'
)

# The machine has the programs and libraries of these packages, and these files.
packages=(bash bats coreutils dash diffutils findutils grep jq libc-bin libgcc-s1
  mount procps sed util-linux)
files=(/usr/bin/awk /usr/sbin/collectd /usr/lib/collectd/{csv,exec,logfile}.so
  /usr/share/collectd/types.db)

# Per machine. On two CPUs, alone, it takes 150, and that of arm64 300; beside another
# one, on a busy machine, it takes twice as long.
limit_s=1200
machine=(qemu-system-x86_64)
tap=ttyS1 console_line=ttyS0
tap_line=(-serial stdio)
# A counter of known rate, and less to do
kernel_options=(panic=-1 norandmaps mitigations=off init_on_alloc=0 lsm=capability audit=0
  psi=0 randomize_kstack_offset=off hardened_usercopy=off tsc=reliable)

version=$1
[ $# -eq 1 ] || core=("${@:2}")
build=$(cd "$TASKSTATS_BUILD" && pwd)
tests=$(cd "$TASKSTATS_TESTS" && pwd)
kernel=$build/kernels/vmlinuz-$version
console=$build/kernels/console-$version.log
mkdir -p "$build/kernels"
work=$(mktemp -d "$build/kernels/run.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() { # CAUSE REMEDY
  printf 'kernel %s: %s\n' "$version" "$1" "$version" "$2" >&2
  exit 1
}

# --- its file system ---

names_of() { grep -ohP '^@test "\K[^"]+' "$@"; }

# Writes the pattern of the core, and the suites with matching tests, for init.
choose_tests() {
  local one all suite

  all="^($(IFS='|' && echo "${core[*]}"))"
  echo "$all" >"$work/root/pattern"
  cd "$tests/integration"
  for one in "${core[@]}"; do
    grep -qE "^$one" <<<"$(names_of ./*.bats)" ||
      fail "no test matches \"$one\"" "correct the list in tests/kernels/boot.bash"
  done
  for suite in *.bats; do
    ! grep -qE "$all" <<<"$(names_of "$suite")" || echo "$suite"
  done >"$work/root/suites"
}

# Prints the paths of all files to copy from this system, including libraries.
system_files() {
  local paths

  mapfile -t paths < <(
    printf '%s\n' "${files[@]}"
    dpkg-query -L "${packages[@]}" | grep -E '^(/usr)?/(bin|sbin|lib|libexec)/'
  )
  printf '%s\n' "${paths[@]}"
  # ldd fails for scripts.
  { ldd "${paths[@]}" "$build"/taskstats{.so,-probe} 2>/dev/null || true; } |
    grep -oE '/[^ :]+ \(0x' | cut -d' ' -f1
}

copy_system() { # copies what the machine needs to the current directory
  local path

  system_files | sort -u | while read -r path; do
    [ ! -f "$path" ] || cp -L --parents "$path" .
  done
  mkdir -p src/build/tests
  cp "$build"/taskstats{.so,-probe} src/build
  cp "$build"/tests/{load,exits,oom,teardown} src/build/tests
}

make_root() {

  mkdir "$work/root"
  choose_tests
  cd "$work/root"
  mkdir -p usr/{bin,sbin,lib,lib64} dev etc proc run/lock sys tmp var/tmp
  ln -s usr/{bin,sbin,lib,lib64} .
  copy_system
  cp -r "$tests" src/tests
  cp "$tests/kernels/init.bash" init
  printf '%s\n' root:x:0:0:::/bin/bash nobody:x:65534:65534::: >etc/passwd
  printf '%s\n' root:x:0: nogroup:x:65534: >etc/group
  find . | cpio --quiet -o -H newc -R 0:0 >"$work/initramfs"
}

# --- the machine ---

# Must run in a subshell. The machine ends when it reboots, or with this script. Its TAP
# serial line is standard output.
run_machine() {
  truncate -s 256M "$work/disk"
  mke2fs -q -t ext4 "$work/disk"
  [ "$version" = arm64 ] || kernel_options+=("tsc_early_khz=$("$build/tests/tsc")")
  exec setpriv --pdeathsig TERM timeout --foreground -k 5 "$limit_s" \
    "${machine[@]}" -accel tcg,thread=multi -smp 2 -m 1024 \
    -nodefaults -no-user-config -no-reboot -display none \
    -kernel "$kernel" -initrd "$work/initramfs" \
    -append "console=$console_line tap=$tap ${kernel_options[*]}" \
    -drive "if=none,id=disk,format=raw,cache=unsafe,file=$work/disk" \
    -device nvme,drive=disk,serial=disk \
    -serial "file:$console" "${tap_line[@]}" </dev/null
}

# shellcheck source=arm64.bash
[ "$version" != arm64 ] || source "$tests/kernels/arm64.bash"
[[ $version == arm64 || $(uname -m) == x86_64 ]] ||
  fail "this machine is no x86_64, and the emulated one runs its programs" \
    "run these tests on one that is"
# The kernel is kept in the build directory.
[ -e "$kernel" ] || "$tests/kernels/download.bash" "$version" "$kernel"
(make_root)
run_machine | tee "$work/tap"
status=$(sed -n 's/^# bats ended with status //p' "$work/tap")
if [ -z "$status" ]; then
  tail -n 20 "$console" >&2
  fail "the machine ended before the tests (or after $limit_s seconds)" \
    "see what its kernel said last, above; all of it is in $console"
fi
exit "$status"
