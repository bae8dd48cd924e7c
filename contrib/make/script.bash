# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the scripts behind build.sh share: the tree's path, messages, and an exit
# that ends the processes that they started and restores what they changed. Each
# script sources this first.

# A user's PATH may lack sbin, which contains collectd.
export PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=$root/build

say() { printf '%s\n' "$@"; } # one line per argument

die() {
  printf 'build.sh: %s\n' "$*" >&2
  exit 1
}

misused() {
  printf 'build.sh: %s; see ./build.sh help\n' "$*" >&2
  exit 2
}

need_root() { # COMMAND WHY
  [ "$EUID" -eq 0 ] || die "must be root $2; run: sudo ./build.sh $1"
}

need_packages() { # PURPOSE...: see contrib/make/packages
  "$root/contrib/make/deps.bash" "$@" || exit
}

# --- exit, for whatever reason ---

pids=()    # of children, ended in reverse order
scratch=() # files and directories to remove
kept=()    # settings of the kernel, each followed by its initial value

at_exit() {
  local i
  trap '' HUP INT TERM
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    end_process "${pids[i]}"
  done
  pids=()
  [ ${#scratch[@]} -eq 0 ] || rm -rf -- "${scratch[@]}"
  for ((i = 0; i < ${#kept[@]}; i += 2)); do
    echo "${kept[i + 1]}" >"${kept[i]}"
  done
  give_back_build
}

# Gives what root built under sudo to the owner of the tree, except for the Debian
# systems that tests made there.
give_back_build() {
  [ "$EUID" -eq 0 ] && [ -d "$build" ] && [ ! -O "$root" ] || return 0
  find "$build" -type d -exec test -e {}/etc/debian_version \; -prune -o \
    -uid 0 -exec chown -h --reference="$root" {} +
}

trap at_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# How long a child may take to end. It ends its own children first.
patience_s=10

end_process() { # PID of a child
  kill -TERM "$1" 2>/dev/null || return 0
  local tries
  for ((tries = 0; tries < patience_s * 10; tries++)); do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

# The kernel ends the command when this script ends, however that happens.
start() { # COMMAND...: in the background; its pid is the last in pids
  setpriv --pdeathsig TERM "$@" &
  pids+=($!)
}

# Restores it on exit.
keep_setting() { # FILE of the kernel
  [ ! -e "$1" ] || kept+=("$1" "$(<"$1")")
}

# --- jobs: one per CPU, for what takes long ---

jobs=$(nproc)

# Waits while all CPUs have jobs. Their exit statuses are lost.
await_cpu() {
  while (($(jobs -rp | wc -l) >= jobs)); do
    wait -n || true
  done
}

# --- make ---

make_in() { # FOLDER [ARGUMENT of make]...
  make -s --no-print-directory -j "$jobs" -C "$root/$1" "${@:2}"
}

# Builds the plugin and the tools. Names those that are not up to date.
build_all() {
  need_packages build
  local folder file
  for folder in plugin contrib/taskstats-{top,probe,explain}; do
    file=build/${folder##*/}
    [ "$folder" != plugin ] || file=build/taskstats.so
    make_in "$folder" -q 2>/dev/null || say "Building $file"
    make_in "$folder" || die "$file could not be built; see the compiler's message above"
  done
}
