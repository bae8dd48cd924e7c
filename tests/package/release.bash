#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   release.bash SUITE DIRECTORY [build|lifecycle]
#
# Builds the packages on Debian's SUITE, in a root in the directory. Then
# lifecycle.bash installs, runs, upgrades and removes the Debian package in another
# root, a minimal system with collectd. "build" or "lifecycle" does only one of
# these, the latter with the packages that were built last. Prints TAP.
set -euo pipefail

export LC_ALL=C

suite=$1
directory=$(realpath -m "$2")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
tests=$root/tests/package
clean=$root/build/roots/$suite
builder=$directory/$suite
mkdir -p "$directory"
work=$(mktemp -d "$directory/$suite.XXXXXX")
system=$work/system
trap 'end_root "$system"; rm -rf --one-file-system "$work"' EXIT

# shellcheck source=../support/roots.bash
source "$root/tests/support/roots.bash"
# shellcheck source=../support/tap.bash
source "$root/tests/support/tap.bash"

install_packages() { # ROOT PACKAGE...
  local log
  log=$(in_root "$1" sh -c 'export DEBIAN_FRONTEND=noninteractive
    apt-get -q update && apt-get -qq -y install --no-install-recommends "$@"' \
    sh "${@:2}" 2>&1) || {
    tail -n 5 <<<"$log" >&2
    fail "packages cannot be installed" "see apt's messages above; check the network"
  }
}

# Keeps the services of packages from starting.
forbid_services() { # ROOT
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
  chmod 755 "$1/usr/sbin/policy-rc.d"
}

prepare_builder() {
  local packages
  mapfile -t packages < <(sed -n '/^Build-Depends:/,/^[^ ]/s/^ \([a-z0-9-]*\).*,$/\1/p' \
    "$root/contrib/debian/control" | sed 's/^debhelper-compat$/debhelper/')
  [ -e "$builder" ] || {
    cp -a "$clean" "$work/builder"
    cp -L /etc/resolv.conf /etc/hosts "$work/builder/etc/"
    forbid_services "$work/builder"
    install_packages "$work/builder" build-essential lintian rpm rpmlint "${packages[@]}"
    mv "$work/builder" "$builder"
  }
  copy_tree "$builder"
}

# Gives the tree a higher version.
raise_version() { # TREE
  sed -i 's/^\(#define TASKSTATS_VERSION "\).*"/\1999.0"/' "$1/plugin/version.h"
  sed -i "0,/^## /s/^## /## [999.0] - $(date -u +%F)\n\n&/" "$1/CHANGELOG.md"
}

# Builds packages of the tree twice, the second time from a copy that has another
# directory and other times and modes; and packages of a higher version.
build_packages() {
  rm -rf "$builder"/src/build "$builder"/root/{elsewhere,first,second,later}
  cp -a "$builder/src" "$builder/root/elsewhere"
  find "$builder/root/elsewhere" -exec touch -h -d 2020-01-01 {} + -exec chmod go= {} +
  cp -a "$builder/src" "$builder/root/later"
  raise_version "$builder/root/later"
  in_root "$builder" bash -c '
    /src/contrib/debian/package.bash /root/first &&
      (umask 077 && TMPDIR=/root /root/elsewhere/contrib/debian/package.bash /root/second) &&
      /root/later/contrib/debian/package.bash /root/later/packages'
}

are_identical() {
  local package
  for package in "$builder"/root/first/*.deb; do
    cmp "$package" "$builder/root/second/${package##*/}" || return
  done
}

# lintian prints nothing if it finds nothing.
lintian_clean() {
  local log
  log=$(in_root "$builder" sh -c \
    'lintian --allow-root --info --display-info --pedantic /root/first/*.changes' 2>&1) || true
  echo "$log"
  [ -z "$log" ]
}

rpmlint_clean() {
  local log
  log=$(in_root "$builder" sh -c 'rpmlint --config /src/contrib/rpm/rpmlint.toml /root/rpm/*' 2>&1) || true
  echo "$log"
  grep -q '2 packages and 1 specfiles checked; 0 errors, 0 warnings' <<<"$log"
}

make_system() {
  cp -a "$clean" "$system"
  forbid_services "$system"
  cp -L /etc/resolv.conf /etc/hosts "$system/etc/"
  install_packages "$system" collectd
  mkdir -p "$system/packages"/{old,new}
  cp "$builder"/root/first/collectd-plugin-taskstats_*.deb "$system/packages/old/"
  cp "$builder"/root/later/packages/collectd-plugin-taskstats_*.deb "$system/packages/new/"
  cp "$root/tests/support/tap.bash" "$tests/lifecycle.bash" "$system/packages/"
}

test_build() {
  prepare_builder
  check "$suite: the Debian package builds" build_packages
  check "$suite: two builds in different directories are identical" are_identical
  check "$suite: lintian finds nothing" lintian_clean
  check "$suite: the RPM package builds" in_root "$builder" /src/contrib/rpm/package.bash /root/rpm
  check "$suite: rpmlint finds nothing" rpmlint_clean
}

test_lifecycle() {
  make_system
  in_root "$system" bash /packages/lifecycle.bash "$suite" "$tests_done"
}

make_root "$clean"
case ${3:-} in
'')
  echo 1..14
  test_build
  test_lifecycle
  ;;
build)
  echo 1..5
  test_build
  ;;
lifecycle)
  echo 1..9
  test_lifecycle
  ;;
esac
