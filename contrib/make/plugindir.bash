#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Prints collectd's plugin directory: what collectd says, or where Debian has it.
set -euo pipefail

export PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL=C

directory=$(collectd -h 2>/dev/null |
  sed -n 's/^ *Plugin directory  *//p') || true
[ -d "$directory" ] ||
  directory=$(dirname "$(dpkg -L collectd-core 2>/dev/null | grep '/logfile\.so$')")
[ -e "$directory/logfile.so" ] || {
  printf '%s\n' "collectd's plugin directory is nowhere to be found; install\
 collectd-core, or give it as PLUGINDIR=..." >&2
  exit 1
}
printf '%s\n' "$directory"
