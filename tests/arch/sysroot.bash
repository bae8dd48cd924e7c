#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   sysroot.bash ARCHITECTURE DIRECTORY [PACKAGE...]
#
# Unpacks to DIRECTORY the libraries that the plugin, the probe and their tests use, for
# Debian's ARCHITECTURE and from the system's suite. The C library is that of the cross
# compiler. With PACKAGE, unpacks these packages and all their dependencies instead.
set -euo pipefail

export LC_ALL=C

architecture=$1
directory=$(realpath -m "$2")
programs=("${@:3}")
packages=(libmnl-dev libmnl0 libpcre2-dev libpcre2-8-0 libcmocka-dev libcmocka0
  libnl-3-dev libnl-3-200 libnl-genl-3-dev libnl-genl-3-200 libjansson-dev libjansson4
  libyajl-dev libyajl2)
mkdir -p "$(dirname "$directory")"
work=$(mktemp -d "$directory.XXXXXX")
trap 'rm -rf "$work"' EXIT
mirror=''

fail() { # CAUSE REMEDY
  printf '%s: %s\n' "$architecture" "$1" "$architecture" "$2" >&2
  exit 1
}

# shellcheck source=../support/packages.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/packages.bash"

suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$suite" ] || fail "/etc/os-release names no suite of Debian" "run this on Debian"
find_mirrors
configure_apt "$architecture"
write_source "$suite" "$mirror" >"$work/own.sources"
own_apt apt-get -qq update >&2 ||
  fail "$suite has no lists of this architecture at $mirror" \
    "see apt's messages above; check the network and apt's proxy"
if [ ${#programs[@]} -gt 0 ]; then
  own_apt apt-get -q -y --download-only --no-install-recommends install "${programs[@]}" >&2
else
  (cd "$work/archives" && own_apt apt-get -q download "${packages[@]}" >&2)
fi || fail "its packages cannot be downloaded" "see apt's messages above; check the network"
for package in "$work"/archives/*.deb; do
  dpkg-deb -x "$package" "$work/root"
done
mv "$work/root" "$directory"
