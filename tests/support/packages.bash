# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Debian packages of other suites or architectures than the system's. apt downloads them
# from the system's mirrors and with its proxies, but with separate lists: nothing is
# installed, and the system's sources, lists and architectures are not changed.
#
# The caller must define work, a private directory, and fail CAUSE REMEDY.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# mirrors LABEL: the mirrors of the archive with this label, which is in the lists that
# the system's apt has downloaded, not in its sources.
mirrors() {
  # shellcheck disable=SC2016 # for apt-get
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
    'Origin: Debian' "Label: $1" | sort -u | xargs
}

find_mirrors() {
  [ -e "$keyring" ] ||
    fail "$keyring is missing" "install debian-archive-keyring"
  mirror=$(mirrors Debian)
  if [ -z "$mirror" ] && [ "$EUID" -eq 0 ]; then
    apt-get -qq update >&2 || true
    mirror=$(mirrors Debian)
  fi
  [ -n "$mirror" ] ||
    fail "apt has no lists of a Debian mirror" \
      "name one in /etc/apt/sources.list.d/debian.sources, and run as root: apt-get update"
  # shellcheck disable=SC2034 # for scripts that source this file
  security_mirror=$(mirrors Debian-Security)
}

# --- a separate apt ---

own_apt() { # TOOL ARGUMENT...
  "$1" -c "${work:?}/apt.conf" "${@:2}"
}

# Ignores the system's preferences and installed packages.
configure_apt() { # ARCHITECTURE
  mkdir -p "$work"/{lists,archives}/partial
  : >"$work/status"
  cat >"$work/apt.conf" <<EOF
Dir::Etc::SourceList "$work/own.sources";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "$work/lists/";
Dir::State::Status "$work/status";
Dir::Cache "$work";
APT::Sandbox::User "root";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Architecture "$1";
#clear APT::Architectures;
APT::Architectures { "$1"; };
EOF
}

write_source() { # SUITE MIRROR...
  cat <<EOF
Types: deb
URIs: ${*:2}
Suites: $1
Components: main
Targets: Packages
Signed-By: $keyring

EOF
}
