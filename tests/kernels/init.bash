#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The first process of the emulated machine: runs the selected tests, and writes their
# TAP to the serial line that the kernel's command line names (tap=). If it fails, the
# kernel panics, and the machine ends.
set -euo pipefail

export PATH=/usr/bin:/usr/sbin LC_ALL=C
export TASKSTATS_BUILD=/src/build TASKSTATS_TESTS=/src/tests

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mount -t ext4 /dev/nvme0n1 /var/tmp
ln -s /proc/self/fd /dev/fd
ulimit -n 4096
: "${tap:?}" # from the kernel command line
export await_tries=200 await_pause_s=0.3 # for collectd.bash: a try takes much CPU time here
export OOM_KILLS=20 # each takes a multiple of the time here, too

exec >"/dev/$tap"
stty -F "/dev/$tap" raw
cd "$TASKSTATS_TESTS/integration"
mapfile -t suites </suites

echo "# $(uname -srv), $(nproc) CPUs"
status=0
bats --tap --timing --print-output-on-failure --filter "$(</pattern)" \
  "${suites[@]}" 2>&1 ||
  status=$?
echo "# bats ended with status $status"
stty -F "/dev/$tap" raw # waits until all output is sent
echo b >/proc/sysrq-trigger
sleep infinity
