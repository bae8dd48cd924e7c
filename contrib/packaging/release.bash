# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the scripts that build packages share: the release, the tree from which
# they build, and the directories. The caller must define root, the tree.
#
# Everything comes from files of the tree and nothing from git, the clock or
# what the files' times and modes happen to be, so that each clone and each
# unpacked archive yields the same packages.

fail() { # CAUSE REMEDY
  printf 'package: %s\n' "$@" >&2
  exit 1
}

version=$(sed -n 's/^#define TASKSTATS_VERSION "\(.*\)"$/\1/p' "${root:?}/plugin/version.h")
[ -n "$version" ] || fail "plugin/version.h has no TASKSTATS_VERSION" "define it"

# The date (YYYY-MM-DD) of the newest release that has one. This is the version's
# own date, except before it is released.
date=$(sed -nE 's/^## \[[^]]+\] - ([0-9]{4}-[0-9]{2}-[0-9]{2})$/\1/p' "$root/CHANGELOG.md" |
  head -n 1)
[ -n "$date" ] || fail "no release in CHANGELOG.md has a date" "write: ## [$version] - YYYY-MM-DD"

# Sets directory, which receives the packages, and work, which is removed on exit.
prepare() { # DIRECTORY
  mkdir -p "$1"
  # shellcheck disable=SC2034 # used by the caller
  directory=$(cd "$1" && pwd -P)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
}

# Copies the tree without git's files and what is built.
copy_release() { # DIRECTORY
  mkdir "$1"
  tar -C "$root" --exclude=./build --exclude=./.git --exclude=__pycache__ \
    --mtime="$date 00:00 UTC" --mode=u=rwX,go=rX -c . | tar -C "$1" -xp
}
