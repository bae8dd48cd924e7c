# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A small load that waits for a CPU and for the disk, and the groups that contain
# it. Sourced by run.bash, after script.bash.

# Two busy loops on the same CPU: together they wait for one second per second.
start_cpu_load() {
  local cpu
  cpu=$(awk '/^Cpus_allowed_list:/ { print $2 }' /proc/self/status)
  cpu=${cpu##*[,-]}
  start taskset -c "$cpu" bash -c 'while :; do :; done' taskstats-load-cpu
  start taskset -c "$cpu" bash -c 'while :; do :; done' taskstats-load-cpu
}

# Reads the file past the page cache, in requests as small as the disk accepts, so
# that each dd runs for seconds and several reads see it.
start_disk_load() { # DIRECTORY
  local file=$1/load-disk.data flags=(iflag=direct bs=512)
  scratch+=("$file")
  dd if=/dev/urandom of="$file" bs=1M count=256 conv=fsync status=none ||
    die "cannot write the load's file of 256 MiB; is there space in $1?"
  if ! dd if="$file" of=/dev/null "${flags[@]}" count=1 status=none 2>/dev/null; then
    flags=(iflag=direct bs=4096)
  fi
  if ! dd if="$file" of=/dev/null "${flags[@]}" count=1 status=none 2>/dev/null; then
    say "The file system of $1 refuses direct I/O: load-disk reads from the page cache and does not wait for the disk."
    flags=(bs=4096)
  fi
  # shellcheck disable=SC2016 # expanded by the inner shell
  start bash -c 'trap "kill \$!; wait; exit" TERM
    while :; do
      setpriv --pdeathsig KILL dd if="$@" of=/dev/null status=none &
      wait "$!" || exit
    done' taskstats-load-disk "$file" "${flags[@]}"
}

load_groups() {
  cat <<'EOF'

<Plugin taskstats>
  <Group "load-cpu">
    CommandLine "taskstats-load-cpu$"
  </Group>
  <Group "load-disk">
    CommandLine "^dd if=.*/load-disk\\.data "
  </Group>
</Plugin>
EOF
}
