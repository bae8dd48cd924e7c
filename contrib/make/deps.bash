#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   deps.bash [PURPOSE]...
#
# Installs the missing packages for these purposes, or for all (the table is
# contrib/make/packages). Names them if it does not run as root.
set -euo pipefail

# shellcheck source=script.bash
source "$(dirname "${BASH_SOURCE[0]}")/script.bash"

wanted() { # PURPOSE...: their packages, each followed by "service" if it has one
  awk -v purposes="$*" '
    BEGIN { split(purposes, list, " "); for (i in list) chosen[list[i]] }
    /^#/ || NF == 0 { next }
    {
      count = split($2, own, ",")
      found = purposes == ""
      for (i = 1; i <= count; i++)
        found = found || own[i] in chosen
      if (found)
        print $1, $3 == "service" ? "service" : "-"
    }' "$root/contrib/make/packages"
}

installed() { # PACKAGE...
  # shellcheck disable=SC2016 # for dpkg-query
  dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
    awk '/^.i/ { print $NF }' || true
}

# Debian starts a server as soon as it is installed, and at each boot. The tests
# need only the programs, so no service may start meanwhile, and all are disabled
# afterwards.
forbid_services() {
  local policy=/usr/sbin/policy-rc.d
  [ ! -e "$policy" ] || return 0
  scratch+=("$policy")
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}

disable_services() { # PACKAGE...
  ! command -v systemctl >/dev/null ||
    systemctl disable "${@/graphite-carbon/carbon-cache}" >/dev/null 2>&1 || true
}

install_packages() {
  say "Installing ${missing[*]}"
  [ ${#services[@]} -eq 0 ] || forbid_services
  export DEBIAN_FRONTEND=noninteractive
  if ! apt-get update -qq ||
    ! apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
    die "apt-get could not install ${missing[*]};" \
      "see its messages above, and check the network and /etc/apt"
  fi
  [ ${#services[@]} -eq 0 ] || disable_services "${services[@]}"
}

command -v dpkg-query >/dev/null || exit 0 # not Debian: try without
missing=() # packages
services=() # those of them that have a service
mapfile -t packages < <(wanted "$@")
present=" $(installed "${packages[@]% *}" | xargs) "
for package in "${packages[@]}"; do
  [[ $present != *" ${package% *} "* ]] || continue
  missing+=("${package% *}")
  [[ $package != *service ]] || services+=("${package% *}")
done
if [ ${#missing[@]} -gt 0 ]; then
  [ "$EUID" -eq 0 ] ||
    die "must be root to install missing packages: ${missing[*]};" \
      "run: sudo ./build.sh deps"
  install_packages
fi
