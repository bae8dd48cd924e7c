# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the variables of boot.bash, which sources this
#
# An emulated machine of another architecture than this system's. It has files from
# Debian's packages of the system's suite, and the plugin and the test programs, built
# with Debian's cross compiler.

machine=(qemu-system-aarch64 -M virt -cpu cortex-a72)
tap=ttyS0 console_line=ttyAMA0
tap_line=(-chardev "stdio,id=tap" -device "pci-serial,chardev=tap")

triplet=aarch64-linux-gnu
sysroot=$build/arch/arm64/sysroot # headers and libraries for the cross compiler
system=$build/arch/arm64/system   # files for the machine

# Downloads the packages with their dependencies.
fetch_packages() {
  [ -e "$sysroot" ] || "$tests/arch/sysroot.bash" arm64 "$sysroot"
  [ -e "$system" ] || "$tests/arch/sysroot.bash" arm64 "$system" "${packages[@]}" mawk \
    collectd-core libmnl0 libpcre2-8-0 libyajl2 libnl-genl-3-200 libjansson4
}

# --- programs ---

# Builds the plugin and the programs that the tests need, with hardening, as for any
# machine, and copies them.
cross_build() { # DIRECTORY
  local directory name names=() arguments libraries
  libraries="-isystem $sysroot/usr/include -isystem $sysroot/usr/include/libnl3"
  for directory in "$sysroot"/{usr/lib,lib}/"$triplet"; do
    libraries+=" -L$directory -Wl,-rpath-link,$directory"
  done
  for name in load exits oom teardown; do
    names+=("../build/arch/arm64/tests/$name")
  done
  arguments=(CC="$triplet-gcc" AR="$triplet-ar" VARIANT=arch/arm64 CFLAGS="$libraries")
  for directory in plugin contrib/taskstats-probe; do
    make -s -j "$(nproc)" -C "$tests/../$directory" "${arguments[@]}"
  done
  make -s -j "$(nproc)" -C "$tests" "${names[@]}" "${arguments[@]}"
  mkdir -p "$1/tests"
  cp "$build"/arch/arm64/taskstats{.so,-probe} "$1"
  cp "$build"/arch/arm64/tests/{load,exits,oom,teardown} "$1/tests"
}

# --- files ---

# Replaces the function of boot.bash, which copies this system's files. Everything is in
# /usr, as since Debian 12; of the data, only what the tests use is copied.
copy_system() {
  local directory

  for directory in bin sbin lib; do
    [ ! -d "$system/$directory" ] || [ -L "$system/$directory" ] ||
      cp -a "$system/$directory/." "usr/$directory/"
    cp -a "$system/usr/$directory/." "usr/$directory/"
  done
  rm -rf "usr/lib/$triplet"/{gconv,perl*,libperl*} usr/lib/{systemd,udev,dpkg}
  cp -a "$system/usr/libexec" usr/
  mkdir -p usr/share
  cp -a "$system/usr/share/collectd" usr/share/
  ln -sf mawk usr/bin/awk
  cross_build src/build
}

for program in "$triplet-gcc" "${machine[0]}"; do
  command -v "$program" >/dev/null ||
    fail "$program is missing" "install gcc-$triplet and qemu-system-arm"
done
fetch_packages
