#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   lifecycle.bash SUITE TESTS_DONE
#
# Installs the package in old/ beside this script, runs collectd with its
# configuration, upgrades it to the one in new/, removes it, and purges it. This
# changes the system, so release.bash makes one for it.
set -euo pipefail

export LC_ALL=C TERM=dumb DEBIAN_FRONTEND=noninteractive

suite=$1
here=$(dirname "${BASH_SOURCE[0]}")
package=collectd-plugin-taskstats
conf=/etc/collectd/collectd.conf.d/taskstats.conf
mine=trio-$$ # the name of this test's processes
processes=()
# shellcheck source=../support/tap.bash
source "$here/tap.bash"
tests_done=$2

end_processes() {
  local process
  for process in "${processes[@]}"; do
    kill "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  processes=()
}
trap end_processes EXIT

# Lists everything that packages can leave behind, except logs and lists of apt and
# dpkg, and collectd's values.
list_files() {
  find / -xdev \( -path /tmp -o -path /var/lib/apt -o -path /var/cache/apt -o -path /var/log \
    -o -path /var/lib/collectd -o -path /var/lib/dpkg/updates -o -path /var/lib/dpkg/triggers \) -prune \
    -o ! -path '/var/lib/dpkg/*-old' ! -path /var/cache/ldconfig/aux-cache \
    ! -path /var/lib/dpkg/lock\* -printf '%p %M %u %g %l\n' | sort
  find /etc -xdev -type f ! -name ld.so.cache -exec sha256sum {} + | sort
}

install_package() { # DIRECTORY: from a file, as users do
  apt-get -qq -y install --no-install-recommends "$1"/*.deb
}

has_version_of() { # DIRECTORY
  local version
  version=$(dpkg-deb -f "$1"/*.deb Version)
  [[ $(taskstats-probe --version) == *" $version" &&
    $(taskstats-top --version) == *" $version" ]]
}

start() { # COMMAND...
  setpriv --pdeathsig KILL "$@" </dev/null >"/tmp/output.${#processes[@]}" 2>&1 &
  processes+=($!)
}

await() { # COMMAND...: within half a minute
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    ! "$@" || return 0
    sleep 0.1
  done
  echo "did not succeed within 30 seconds: $*"
  return 1
}

# Starts three processes with a name that no others have.
start_trio() {
  cp "$(command -v sleep)" "/tmp/$mine"
  start "/tmp/$mine" 600
  start "/tmp/$mine" 600
  start "/tmp/$mine" 600
}

# collectd reads these files together with the system's configuration, which stays
# as it is, in the order of their names.
configure_test() {
  cat >/etc/collectd/collectd.conf.d/00-test.conf <<'CONF'
Hostname "package-test"
Interval 1
LoadPlugin logfile
<Plugin logfile>
  File "/tmp/collectd.log"
</Plugin>
LoadPlugin csv
<Plugin csv>
  DataDir "/tmp/csv"
</Plugin>
CONF
}

configure_trio() {
  printf '<Plugin taskstats>\n  Process "%s"\n</Plugin>\n' "$mine" \
    >/etc/collectd/collectd.conf.d/zz-test.conf
}

# The command is the one in the file.
enable_stanza() { sed -i 's/^#\([^#]\)/\1/' "$conf"; }

start_collectd() {
  rm -rf /tmp/csv /tmp/collectd.log
  start collectd -f -P /tmp/collectd.pid
}

# is_dispatched GROUP FILE PATTERN: a line of collectd's CSV file
is_dispatched() {
  grep -qsE "^[0-9.]+,$3\$" "/tmp/csv/package-test/taskstats-$1/$2"-20*
}

trio_dispatched() {
  await is_dispatched "$mine" ps_count '3(\.0+)?,3(\.0+)?' &&
    await is_dispatched collectd ps_cputime '.*'
}

# --- the tests, in their order ---

installs() {
  install_package "$here/old" && has_version_of "$here/old"
}

is_running() { compgen -G '/tmp/csv/package-test/*' >/tmp/seen; }

is_disabled() {
  start_collectd
  await is_running && ! compgen -G '/tmp/csv/package-test/taskstats*' &&
    ! grep -i taskstats /tmp/collectd.log
}

runs() {
  enable_stanza && configure_trio || return
  start_trio
  start_collectd
  trio_dispatched
}

tools_run() {
  await test -S /run/collectd-unixsock &&
    taskstats-top --once --group "$mine" | grep -E "^$mine +3 +3 " &&
    taskstats-explain "${processes[0]}" | grep "$mine" &&
    taskstats-probe get "${processes[0]}" | grep "^process ${processes[0]}, taskstats version" &&
    /usr/share/collectd-taskstats/migrate-from-processes --help | grep '^Usage: '
}

# The README and the manual page name files of the package and of collectd.
documented_files_exist() {
  local files
  files=$(zcat -f /usr/share/doc/"$package"/README.md* /usr/share/man/man5/collectd-taskstats.5* |
    sed 's/\\-/-/g' | grep -oE '/(usr/share|etc/collectd)/[A-Za-z0-9_./-]*[A-Za-z0-9]')
  # shellcheck disable=SC2086 # one path per line
  ls -d $files
}

upgrades() {
  echo '# edited' >>"$conf"
  install_package "$here/new" && has_version_of "$here/new" && grep -q '^# edited' "$conf" || return
  start_trio
  start_collectd
  trio_dispatched
}

# collectd must still start with what is left.
removes() {
  apt-get -qq -y remove "$package" || return
  if [ -e "$conf" ] || [ -e /usr/lib/collectd/taskstats.so ]; then
    echo "the plugin or its configuration is still there"
    return 1
  fi
  start_collectd
  await is_running
}

comes_back() {
  install_package "$here/new" && grep -q '^# edited' "$conf" &&
    grep -q '^LoadPlugin taskstats' "$conf"
}

# Also removes packages that others merely suggest or recommend.
leaves_nothing() {
  apt-get -qq -y -o APT::AutoRemove::SuggestsImportant=false \
    -o APT::AutoRemove::RecommendsImportant=false purge --autoremove "$package" || return
  rm /etc/collectd/collectd.conf.d/00-test.conf
  list_files | diff /tmp/before -
}

list_files >/tmp/before
configure_test
check "$suite: the package installs" installs
check "$suite: it is disabled until its configuration is enabled" is_disabled
end_processes
check "$suite: enabled, collectd dispatches its values" runs
check "$suite: the tools run" tools_run
end_processes
check "$suite: the files that its documents name exist" documented_files_exist
check "$suite: an upgrade keeps what was edited, and its plugin runs" upgrades
end_processes
rm -f /etc/collectd/collectd.conf.d/zz-test.conf
check "$suite: when it is removed, collectd starts without it" removes
end_processes
check "$suite: installed again, it has its configuration" comes_back
check "$suite: purged, it leaves nothing behind" leaves_nothing
