#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   simulate.bash [--seconds N] [--histories N] [SEED]
#   simulate.bash --replay SEED
#
# Runs histories of the simulation from this seed on, or prints what happens in
# one.
set -euo pipefail

# shellcheck source=../../contrib/make/script.bash
source "$(dirname "${BASH_SOURCE[0]}")/../../contrib/make/script.bash"

need_packages build
make_in tests simulation CC=gcc ||
  die "the simulation does not compile; see the message above"
at_exit
exec "$build/simulation" "$@"
