#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# charts.bash DIRECTORY OUTPUT SECONDS: draws three PNG charts for each group of
# the taskstats plugin, covering the last SECONDS. DIRECTORY is that of a host, as
# created by collectd's rrdtool plugin. Prints the names of the charts.
set -euo pipefail

[ $# -eq 3 ] || {
  echo "usage: charts.bash DIRECTORY OUTPUT SECONDS" >&2
  exit 2
}
cd "$1" # a blank or a colon in the path would require escapes
output=$2
seconds=$3

# Adjacent colours are distinguishable, also for most colour-blind people.
kinds=(cpu blkio swapin freepages thrashing compact wpcopy irq)
colours=(D55E00 0072B2 CC79A7 E69F00 882255 F0E442 009E73 999999)

# chart NAME TITLE UNIT DEFINITION...
chart() {
  local file=$output/$1.png title=$2 unit=$3
  shift 3
  rrdtool graph "$file" --start "end-${seconds}s" --end now --width 640 --height 200 \
    --lower-limit 0 --title "$title" --vertical-label "$unit" \
    --slope-mode --border 0 --color BACK#FFFFFF --font DEFAULT:9: "$@" >/dev/null
  echo "$file"
}

# series: adds a series, with its mean and maximum.
definitions=()
series() { # FILE SOURCE SCALE SHAPE COLOUR NAME FORMAT
  local id=v${#definitions[@]}
  definitions+=("DEF:${id}r=$1:$2:AVERAGE" "CDEF:$id=${id}r,$3,*"
    "$4:$id#$5:$(printf %-11s "$6")${7:+:$7}"
    "GPRINT:$id:AVERAGE:mean %7.2lf%s" "GPRINT:$id:MAX:most %7.2lf%s\\l")
}

draw_delays() { # GROUP
  local i file
  definitions=()
  for i in "${!kinds[@]}"; do
    file=taskstats-$1/delay_rate-delay-${kinds[i]}.rrd
    [ ! -e "$file" ] || series "$file" value 1 AREA "${colours[i]}" "${kinds[i]}" STACK
  done
  [ ${#definitions[@]} -eq 0 ] ||
    chart "$1-delays" "What $1 waits for" "seconds a second" "${definitions[@]}"
}

draw_cpu() { # GROUP
  local file=taskstats-$1/ps_cputime.rrd
  [ -e "$file" ] || return 0
  definitions=()
  series "$file" user 0.000001 AREA 0072B2 user STACK
  series "$file" syst 0.000001 AREA D55E00 system STACK
  chart "$1-cpu" "CPU used by $1" "cores" "${definitions[@]}"
}

draw_io() { # GROUP
  local directory=taskstats-$1
  [ -e "$directory/disk_octets.rrd" ] || return 0
  definitions=()
  series "$directory/disk_octets.rrd" read 1 LINE2 0072B2 "disk read" ''
  series "$directory/disk_octets.rrd" write 1 LINE2 D55E00 "disk write" ''
  series "$directory/io_octets.rrd" rx 1 LINE1 56B4E9 "calls read" ''
  series "$directory/io_octets.rrd" tx 1 LINE1 E69F00 "calls write" ''
  chart "$1-io" "Read and written by $1" "bytes a second" "${definitions[@]}"
}

mkdir -p "$output"
for directory in taskstats-*; do
  [ -d "$directory" ] || continue
  draw_delays "${directory#taskstats-}"
  draw_cpu "${directory#taskstats-}"
  draw_io "${directory#taskstats-}"
done
