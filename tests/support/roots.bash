# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Roots: directories with a minimal Debian system, in which commands run with chroot.
# They share the machine's kernel, processes and network. The mounts for a command are
# invisible to other processes, and are removed when the command ends.
#
# The caller must define root (the source tree), suite, and work (a private directory).
#
# shellcheck disable=SC2154 # these three

fail() { # CAUSE REMEDY
  printf '%s: %s\n' "$suite" "$1" "$suite" "$2" >&2
  exit 1
}

# shellcheck source=packages.bash
source "$(dirname "${BASH_SOURCE[0]}")/packages.bash"

# Creates the root, unless it exists, with packages from the system's mirrors, through
# its proxies.
make_root() { # DIRECTORY
  local mirror=''
  [ ! -e "$1" ] || return 0
  find_mirrors
  debootstrap --variant=minbase --include=ca-certificates --keyring="$keyring" \
    "$suite" "$work/root" "${mirror%% *}" >"$work/log" 2>&1 || {
    tail -n 5 "$work/log" >&2
    fail "the system cannot be made" "see debootstrap's messages above; check the network"
  }
  apt-config dump Acquire | grep -i proxy >"$work/root/etc/apt/apt.conf.d/90proxy" || true
  # These systems need not survive a power failure.
  echo force-unsafe-io >"$work/root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  mkdir -p "$work/root/src" "$(dirname "$1")"
  mv "$work/root" "$1"
}

# Copies the tree except build/ to the root's /src, and keeps /src/build.
copy_tree() { # ROOT
  find "$1/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
  tar -C "$root" --exclude=./build --exclude=./.git -c . | tar -C "$1/src" -x
  cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
}

# HOST, if set, is the host name in the root.
in_root() { # ROOT COMMAND...
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --uts --propagation private bash -c '
    [ -z "${HOST:-}" ] || echo "$HOST" >/proc/sys/kernel/hostname
    mount -t proc proc "$1/proc" && mount --rbind /sys "$1/sys" && mount --rbind /dev "$1/dev" &&
      mount -t tmpfs tmpfs "$1/tmp" && exec chroot "$1" "${@:2}"' \
    bash "$@"
}

# Ends processes that commands left running in the root, such as services that a
# package started.
end_root() { # ROOT
  local process signal
  ! [ "$1" -ef / ] || return 0
  for signal in TERM KILL; do
    for process in /proc/[0-9]*; do
      [ ! "$process/root" -ef "$1" ] || kill -s "$signal" "${process#/proc/}" 2>/dev/null || true
    done
    [ "$signal" = KILL ] || sleep 1
  done
}
