#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   enter.bash SUITE DIRECTORY COMMAND [ARGUMENT]...
#
# Runs build.sh COMMAND on Debian's SUITE. DIRECTORY becomes a root with that system and
# a copy of this tree.
set -euo pipefail

export LC_ALL=C

suite=$1
directory=$(realpath -m "$2")
shift 2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
mkdir -p "$(dirname "$directory")"
work=$(mktemp -d "$directory.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT

# shellcheck source=../support/roots.bash
source "$root/tests/support/roots.bash"

make_root "$directory"
copy_tree "$directory"
in_root "$directory" /src/build.sh "$@"
