#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Users that are created later, and user directories that do not answer. collectd sees a
# private list of users.

# shellcheck source=../support/collectd.bash
source "$BATS_TEST_DIRNAME/../support/collectd.bash"

# collectd has a private copy of /etc, with a separate passwd file.
use_own_users() {
  cp -a /etc "$work/etc"
  # shellcheck disable=SC2016 # the inner shell's variables
  collectd_prefix=(unshare --mount --propagation private sh -c
    'mount --bind "$0" /etc && exec "$@"' "$work/etc")
}

# add_user UID NAME
add_user() { echo "$2:x:$1:$1::/:/bin/sh" >>"$work/etc/passwd"; }

# Opening a FIFO blocks until it has a writer, like a directory that does not answer.
hang_directory() {
  mv "$work/etc/passwd" "$work/etc/passwd.up"
  mkfifo "$work/etc/passwd"
}

# A blocked reader gets an empty answer: no such user.
mend_directory() {
  mv "$work/etc/passwd" "$work/etc/passwd.hung"
  mv "$work/etc/passwd.up" "$work/etc/passwd"
  timeout 5 sh -c ": >'$work/etc/passwd.hung'" || true
}

# load_of UID NAME
load_of() {
  load_prefix=(setpriv --reuid "$1" --clear-groups)
  chmod 755 "$work"
  start_load "$2" --stay 100 idle
  load_prefix=()
}

@test "users: a user who is created later" {
  use_own_users
  configure <<CONF
    <Group "late">
      User "$me-late"
    </Group>
    <Group "others">
      Command "$me-other"
    </Group>
CONF
  load_of 45123 "$me-own"
  start_load "$me-other" --stay 100 idle
  start_collectd
  assert_members others 1
  assert_members late 0
  assert_logged_once "User \"$me-late\" does not exist"
  add_user 45123 "$me-late"
  await_members late 1
  assert_logged_once "User \"$me-late\" exists now: 45123"
  assert_members others 1
}

@test "users: a directory that does not answer holds up nothing, and renames nobody" {
  use_own_users
  add_user 45124 "$me-known"
  add_user 45125 "$me-unknown"
  configure <<CONF
    <Group "user-%{user}">
      Command "$me-known" "$me-unknown"
    </Group>
    <Group "selected">
      User "$me-known" "$me-nobody"
    </Group>
    <Group "others">
      Command "$me-other"
    </Group>
CONF
  load_of 45124 "$me-known"
  start_load "$me-other" --stay 100 idle
  start_collectd
  await_members "user-$me-known" 1
  await_members selected 1

  hang_directory
  reads 24 others # at least 10 s; the lookup of the missing user hangs
  load_of 45125 "$me-unknown"
  reads 6 others
  assert_members others 1
  assert_members "user-$me-known" 1
  assert_members selected 1
  assert_equal "$(group_names 'user-.*')" "user-$me-known"

  mend_directory
  await_members "user-$me-unknown" 1
  hang_directory
  load_of 45126 "$me-known" # its lookup still hangs while collectd ends
  reads 2 others
}

@test "users: a number that stands for a name stays when the directory has the name" {
  use_own_users
  configure <<CONF
    <Group "user-%{user}">
      Command "$me-own"
    </Group>
    <Group "others">
      Command "$me-other"
    </Group>
CONF
  start_load "$me-other" --stay 100 idle
  load_of 45127 "$me-own"
  start_collectd
  await_members user-45127 1
  add_user 45127 "$me-named"
  add_user 45128 "$me-new"
  reads 24 others # at least ten seconds
  stop_load "$me-own"
  load_of 45127 "$me-own"
  await_members user-45127 1
  stop_load "$me-own"
  load_of 45128 "$me-own"
  await_members "user-$me-new" 1
  assert_equal "$(group_names 'user-.*' | sort)" "$(printf '%s\n' user-45127 "user-$me-new")"
}
