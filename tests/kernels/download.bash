#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   download.bash VERSION FILE
#
# Downloads Debian's kernel VERSION (5.10, 6.1, 6.12, or newest) from its suite as FILE.
# VERSION arm64 is the newest kernel of the system's suite for that architecture.
set -euo pipefail

export LC_ALL=C

version=$1
file=$2
work=$(mktemp -d "$file.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() { # CAUSE REMEDY
  printf 'kernel %s: %s\n' "$version" "$1" "$version" "$2" >&2
  exit 1
}

# shellcheck source=../support/packages.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/packages.bash"

# The suites on the mirrors of Debian and of its security updates; empty: none.
suite='' security_suite='' architecture=amd64
mirror='' security_mirror=''
case $version in
5.10) suite=bullseye security_suite=bullseye-security ;;
6.1) suite=bookworm ;;
6.12) suite=trixie security_suite=trixie-security ;;
newest) suite=trixie-backports ;;
arm64)
  suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  security_suite=$suite-security architecture=arm64
  ;;
*) fail "no Debian suite is known for it" "ask for 5.10, 6.1, 6.12, newest or arm64" ;;
esac

# Debian's cloud kernels lack most drivers of its other kernels: they have a third of
# the size, and the disk driver is not a module. For 6.1, this is the oldest package,
# because 6.1.190 and later count ended threads in TGID records. From 7.1 on, the kernel
# is in linux-binary instead of linux-image.
kernel_package() {
  local names="image-${version/./\\.}\.[0-9]" line='$'

  [[ $version != newest && $version != arm64 ]] || names='(image|binary)-[0-9]+\.[0-9]+\.[0-9]'
  [ "$version" != 6.1 ] || line=1
  own_apt apt-cache search --names-only "^linux-$names.*-cloud-$architecture\$" |
    cut -d' ' -f1 | sort -t- -k3V -k2,2r | sed -n "${line}p"
}

# look_at MIRROR SECURITY-MIRROR: each may be several mirrors or none. Sets package.
look_at() {
  {
    write_source "$suite" "$1"
    [ -z "$security_suite" ] || [ -z "$2" ] || write_source "$security_suite" "$2"
  } >"$work/own.sources"
  # One of several mirrors may be enough.
  own_apt apt-get -qq update >&2 || true
  package=$(kernel_package)
  [ -n "$package" ]
}

# --- the kernel ---

find_mirrors
configure_apt "$architecture"
# Debian eventually moves old suites from the mirrors to the archive.
archive=http://archive.debian.org
look_at "$mirror" "$security_mirror" ||
  look_at "$archive/debian" "$archive/debian-security" ||
  fail "$suite has no kernel linux-*-cloud-$architecture of that version, or neither $mirror nor $archive/debian answers" \
    "see apt's messages above; check the network and apt's proxy, and update debian-archive-keyring"
(cd "$work" && own_apt apt-get -q download "$package" >&2) ||
  fail "$package cannot be downloaded" "see apt's messages above; check the network"
dpkg-deb --fsys-tarfile "$work"/*.deb | tar -xO --wildcards '*/vmlinuz*' >"$work/vmlinuz" ||
  fail "$package has no kernel" "correct the names of packages in tests/kernels/download.bash"
mv "$work/vmlinuz" "$file"
