#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   install.bash install|uninstall
#
# Installs what the Makefiles list and prints the next steps, or removes it.
# DESTDIR, PREFIX and PLUGINDIR work as for make.
set -euo pipefail

# shellcheck source=script.bash
source "$(dirname "${BASH_SOURCE[0]}")/script.bash"

share=${PREFIX:-/usr/local}/share
documents=$share/doc/collectd-taskstats

make_each() { # TARGET
  local folder
  for folder in plugin contrib/taskstats-{top,probe,explain} contrib/man; do
    make_in "$folder" "$1"
  done
}

print_next_steps() {
  cat <<EOF

1. Add the plugin to collectd's configuration, for example as
   /etc/collectd/collectd.conf.d/taskstats.conf:

     LoadPlugin taskstats
     <Plugin taskstats>
       Process "sshd"
       <Group "web">
         Command "nginx" "apache2"
       </Group>
     </Plugin>

   collectd-taskstats(5) and $documents/collectd.conf.example
   have every option. If you use the processes plugin, this prints the stanzas
   that replace yours:

     $share/collectd-taskstats/migrate-from-processes

2. Let the kernel count all delays. While kernel.task_delayacct is 0, it counts
   only waits for a CPU. Restart the processes that are already running:

     cp $documents/sysctl.d/60-taskstats.conf /etc/sysctl.d/
     sysctl -p /etc/sysctl.d/60-taskstats.conf

   To run collectd as an unprivileged user with only the capabilities that it
   needs, see $documents/systemd/collectd-taskstats.conf

3. Check the configuration (with -T; -t does not check it) and restart collectd:

     collectd -T -C /etc/collectd/collectd.conf
     systemctl restart collectd

4. Watch the groups (needs "LoadPlugin unixsock" in the configuration):

     taskstats-top

To find out why something does not work, and why a process is in a group or not:

     taskstats-probe check
     taskstats-explain PID
EOF
}

command=${1:-install}
[ -n "${DESTDIR:-}" ] || case $command in
install) need_root install "to install into the system (or set DESTDIR)" ;;
*) need_root uninstall "to uninstall from the system (or set DESTDIR)" ;;
esac
[ "$command" != install ] || build_all
PLUGINDIR=${PLUGINDIR:-$("$root/contrib/make/plugindir.bash")}
export PLUGINDIR
if [ "$command" = install ]; then
  make_each install
  say "Installed:" "$(make_each installed | sed 's/^/  /')"
  print_next_steps
else
  make_each uninstall
  rmdir --ignore-fail-on-non-empty "${DESTDIR:-}$documents"/{systemd,sysctl.d} \
    "${DESTDIR:-}"{"$documents","$share/collectd-taskstats"} 2>/dev/null || true
  say "Removed:" "$(make_each installed | sed 's/^/  /')"
fi
