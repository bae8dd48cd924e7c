#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Formats the C sources.
set -euo pipefail

# shellcheck source=script.bash
source "$(dirname "${BASH_SOURCE[0]}")/script.bash"

need_packages format
find "$root"/{plugin,contrib,tests} -name '*.[ch]' -exec clang-format -i {} +
