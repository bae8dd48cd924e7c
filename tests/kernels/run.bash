#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [VERSION]...
#
# Runs the core of the integration tests in emulated machines with other kernels (see
# download.bash); the default is all of them.
set -euo pipefail

# shellcheck source=../support/suites.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/suites.bash"

kernels=(5.10 6.1 6.12 newest)
[ $# -eq 0 ] || kernels=("$@")
jobs=2 # machines at a time: each has two CPUs, and is idle half of the time

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
