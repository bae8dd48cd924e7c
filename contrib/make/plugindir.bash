#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Prints collectd's plugin directory, as collectd reports it or Debian's package has it.
set -euo pipefail

export PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL=C

directory=$(collectd -h 2>/dev/null |
  sed -n 's/^ *Plugin directory  *//p') || true
[ -d "$directory" ] ||
  directory=$(dirname "$(dpkg -L collectd-core 2>/dev/null | grep '/logfile\.so$')")
[ -e "$directory/logfile.so" ] || {
  printf '%s\n' "cannot find collectd's plugin directory; install collectd-core,\
 or set PLUGINDIR" >&2
  exit 1
}
printf '%s\n' "$directory"
