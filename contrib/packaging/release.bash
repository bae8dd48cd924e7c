# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What a package is told of the release, the tree that it is built from, and where
# that is done.
#
# Who sources it has root, the tree. It gets version and date (of the release, so
# that two builds of it are identical; YYYY-MM-DD).

fail() { # CAUSE REMEDY
  printf 'package: %s\n' "$@" >&2
  exit 1
}

version=$(sed -n 's/^#define TASKSTATS_VERSION "\(.*\)"$/\1/p' "${root:?}/plugin/version.h")
[ -n "$version" ] || fail "plugin/version.h has no TASKSTATS_VERSION" "define it"

date=$(sed -nE "/^## .*\b${version//./\\.}\b/s/.*([0-9]{4}-[0-9]{2}-[0-9]{2}).*/\1/p" \
  "$root/CHANGELOG.md" | head -n 1)
[ -n "$date" ] || date=$(date -u -r "$root/CHANGELOG.md" +%F) # not released yet

# Sets directory, for the package, and work, which goes at the end.
prepare() { # DIRECTORY
  mkdir -p "$1"
  # shellcheck disable=SC2034 # for who sources this
  directory=$(cd "$1" && pwd -P)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
}

# Without what is built there, and its history
copy_release() { # DIRECTORY
  mkdir "$1"
  tar -C "$root" --exclude=./build --exclude=./.git -c . | tar -C "$1" -x
}
