#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   run.bash [NAME]...
#
# The unit tests: under gcc, under the address and undefined behaviour
# sanitizers, and under the thread sanitizer where there are threads; or those of
# these names (reader, or test_reader) under gcc, the quickest.
set -euo pipefail

# shellcheck source=../support/units.bash
source "$(dirname "${BASH_SOURCE[0]}")/../support/units.bash"

threaded=(exit_listener exit_log exit_monitor module notifier path_watch publication race
  read_worker user_cache)
sanitized=(CC=clang HARDEN=no)
sanitizers="-O1 -fno-omit-frame-pointer"

chosen=()
for name; do
  name=${name##*/}
  name=${name#test_}
  name=${name%.c}
  [ -e "$root/tests/unit/test_$name.c" ] ||
    misused "unit: there is no tests/unit/test_$name.c"
  chosen+=("$name")
done

if [ ${#chosen[@]} -gt 0 ]; then
  need_packages build unit
  unit_tests gcc "" "${chosen[@]}" -- CC=gcc
else
  need_packages build test
  unit_tests gcc "" -- CC=gcc
  unit_tests clang-sanitizers unit/clang-sanitizers -- "${sanitized[@]}" \
    CFLAGS="${CFLAGS:-} $sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all"
  unit_tests clang-tsan unit/clang-tsan "${threaded[@]}" -- "${sanitized[@]}" \
    CFLAGS="${CFLAGS:-} $sanitizers -fsanitize=thread"
fi
end_part
