# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # root, build: of script.bash
#
# Counts what the hot paths take; who sources this has sourced script.bash.

# Into build/instructions/figures. They are compiled as the plugin is, but
# whatever CC and CFLAGS say: the limits are those of this code.
count_instructions() {
  need_packages build test
  local directory=$build/instructions
  make_in tests hot CC=gcc CFLAGS= || return
  "$root/tests/instructions/measure.bash" "$directory/hot" "$directory" \
    >"$directory/figures"
}

counted_with() {
  printf '%s, %s, Linux %s' "$(gcc --version | head -n 1)" "$(uname -m)" \
    "$(uname -r | cut -d . -f -2)"
}
