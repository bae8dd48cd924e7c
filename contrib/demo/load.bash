# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A small load that waits for a CPU and for the disk, and the groups it is in; for
# run.bash, which has sourced script.bash.

# Two loops that may run on one CPU only: together they wait a second a second.
start_cpu_load() {
  local cpu
  cpu=$(awk '/^Cpus_allowed_list:/ { print $2 }' /proc/self/status)
  cpu=${cpu##*[,-]}
  start taskset -c "$cpu" bash -c 'while :; do :; done' taskstats-load-cpu
  start taskset -c "$cpu" bash -c 'while :; do :; done' taskstats-load-cpu
}

# One reader that the page cache does not help, in requests as small as the disk
# takes: a reader that lives for seconds is seen by more than one read.
start_disk_load() { # DIRECTORY
  local file=$1/load-disk.data flags=(iflag=direct bs=512)
  scratch+=("$file")
  dd if=/dev/urandom of="$file" bs=1M count=256 conv=fsync status=none ||
    die "the load's file of 256 MiB could not be written; is there room under $1?"
  if ! dd if="$file" of=/dev/null "${flags[@]}" count=1 status=none 2>/dev/null; then
    flags=(iflag=direct bs=4096)
  fi
  if ! dd if="$file" of=/dev/null "${flags[@]}" count=1 status=none 2>/dev/null; then
    say "The file system of $1 refuses direct I/O: load-disk reads from memory and waits for no disk."
    flags=(bs=4096)
  fi
  # shellcheck disable=SC2016 # the inner shell's variables
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
