#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [VERSION]...
#
# The core of the integration tests on other kernels (see download.bash), all or
# these, in emulated machines.
set -euo pipefail

# shellcheck source=../support/suites.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/suites.bash"

kernels=(5.10 6.1 6.12 newest)
[ $# -eq 0 ] || kernels=("$@")
jobs=2 # machines at a time: each waits half of its time, and has two CPUs

logs=$build/tests/kernels
need_packages build run test kernels
build_all
build_helpers
rm -rf "$logs"
mkdir -p "$logs"
for kernel in "${kernels[@]}"; do
  start_job "$logs" "$kernel" "$root/tests/kernels/boot.bash" "$kernel"
done
tally_jobs kernels "$logs" "${kernels[@]}"
end_part
