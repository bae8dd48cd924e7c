#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# compare.bash LIMITS FIGURES: holds what measure.bash printed against the
# committed table, and reports each path as a test (TAP). A path fails if it
# takes more than MARGIN above its limit, or if it is in one of them only.
set -euo pipefail

awk '
  BEGIN {
    margin = 0.10
    surplus = 0.20 # so much below, the limit should be lowered
  }

  /^#/ || NF == 0 { next }
  FILENAME == ARGV[1] { limit[$1] = $2; call_limit[$1] = $3; order[++paths] = $1; next }
  { figure[$1] = $2; calls[$1] = $3; if (!($1 in limit)) order[++paths] = $1 }

  function is_above(have, want) { return have > want * (1 + margin) + 0.05 }
  function is_below(have, want) { return have < want * (1 - surplus) - 0.05 }

  function report(ok, text) {
    failed += !ok
    printf "%sok %d - %s\n", ok ? "" : "not ", ++reported, text
  }

  function refuse(path, have, want, what) {
    report(0, sprintf("%s: %s %s for one operation, the limit is %s and %d %%",
                      path, have, what, want, margin * 100))
    printf "#   Where they go: callgrind_annotate build/instructions/%s.callgrind\n", path
    print "#   If they are worth it: ./build.sh renew-limits, and commit the table."
  }

  function hold(path) {
    if (!(path in figure))
      report(0, path ": in the table of limits, but not measured; ./build.sh renew-limits")
    else if (!(path in limit))
      report(0, path ": measured, but not in the table of limits; ./build.sh renew-limits")
    else if (is_above(figure[path], limit[path]))
      refuse(path, figure[path], limit[path], "instructions")
    else if (is_above(calls[path], call_limit[path]))
      refuse(path, calls[path], call_limit[path], "system calls")
    else {
      report(1, sprintf("%s: %s instructions, %s system calls", path, figure[path], calls[path]))
      if (is_below(figure[path], limit[path]) || is_below(calls[path], call_limit[path]))
        printf "#   The limit (%s, %s) could be lowered: ./build.sh renew-limits\n",
          limit[path], call_limit[path]
    }
  }

  END {
    printf "1..%d\n", paths
    for (i = 1; i <= paths; i++)
      hold(order[i])
    exit failed > 0 || paths == 0
  }' "$1" "$2"
