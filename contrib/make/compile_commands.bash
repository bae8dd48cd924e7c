#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Writes build/compile_commands.json, which tells clangd and other tools how each
# source is compiled: the commands that make would run if nothing were built.
set -euo pipefail

# shellcheck source=script.bash
source "$(dirname "${BASH_SOURCE[0]}")/script.bash"

# Prints an entry for each command that compiles, followed by a comma.
entries() { # FOLDER
  make_in "$1" --always-make --dry-run objects |
    DIRECTORY=$root/$1 awk '
      function quoted(text) {
        gsub(/\\/, "\\\\", text)
        gsub(/"/, "\\\"", text)
        return "\"" text "\""
      }
      match($0, / -c [^ ]+\.c /) {
        file = substr($0, RSTART + 4, RLENGTH - 5)
        printf "{\"directory\": %s,\n \"file\": %s,\n \"command\": %s},\n",
          quoted(ENVIRON["DIRECTORY"]), quoted(file), quoted($0)
      }'
}

need_packages build
mkdir -p "$build"
{
  echo '['
  for folder in plugin contrib/taskstats-{top,probe,explain} tests; do
    entries "$folder"
  done | sed '$ s/,$//'
  echo ']'
} >"$build/compile_commands.json"
say "Written: build/compile_commands.json"
