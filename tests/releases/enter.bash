#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   enter.bash SUITE DIRECTORY COMMAND [ARGUMENT]...
#
# Runs build.sh's COMMAND on Debian's SUITE: in the directory, which becomes a
# root with that system and a copy of this tree. It has this machine's kernel and
# network, and file systems that nobody else sees and that go with it.
set -euo pipefail

export LC_ALL=C

suite=$1
directory=$(realpath -m "$2")
shift 2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
mkdir -p "$(dirname "$directory")"
work=$(mktemp -d "$directory.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
mirror=''

fail() { # CAUSE REMEDY
  printf '%s: %s\n' "$suite" "$1" "$suite" "$2" >&2
  exit 1
}

# shellcheck source=../support/packages.bash
source "$root/tests/support/packages.bash"

# It asks for packages at the system's mirrors, with its proxies.
make_system() {
  find_mirrors
  debootstrap --variant=minbase --include=ca-certificates --keyring="$keyring" \
    "$suite" "$work/root" "${mirror%% *}" >"$work/log" 2>&1 || {
    tail -n 5 "$work/log" >&2
    fail "the system cannot be made" "see debootstrap's messages above; check the network"
  }
  apt-config dump Acquire | grep -i proxy >"$work/root/etc/apt/apt.conf.d/90proxy" || true
  mkdir -p "$work/root/src"
  mv "$work/root" "$directory"
}

# The parts of the tree that are not made.
copy_tree() {
  find "$directory/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
  tar -C "$root" --exclude=./build --exclude=./.git -c . | tar -C "$directory/src" -x
  cp -L /etc/resolv.conf /etc/hosts "$directory/etc/"
}

[ -e "$directory" ] || make_system
copy_tree
# shellcheck disable=SC2016 # for the inner shell
unshare --mount --propagation private bash -c '
  mount -t proc proc "$1/proc" && mount --rbind /sys "$1/sys" && mount --rbind /dev "$1/dev" &&
    mount -t tmpfs tmpfs "$1/tmp" && exec chroot "$1" /src/build.sh "${@:2}"' \
  bash "$directory" "$@"
