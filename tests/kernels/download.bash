#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   download.bash VERSION FILE
#
# Downloads Debian's kernel VERSION (5.10, 6.1, 6.12, or newest) as FILE. It is
# in other suites than the system's; apt asks for them at the mirrors that the
# system uses, with its proxies, but with lists of its own: nothing is installed,
# and the system's sources and lists stay as they are.
set -euo pipefail

export LC_ALL=C

version=$1
file=$2
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
work=$(mktemp -d "$file.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() { # CAUSE REMEDY
  printf 'kernel %s: %s\n' "$version" "$1" "$version" "$2" >&2
  exit 1
}

# The suites at the mirrors of Debian and of its security updates, or none.
suite='' security_suite=''
case $version in
5.10) suite=bullseye security_suite=bullseye-security ;;
6.1) suite=bookworm ;;
6.12) suite=trixie security_suite=trixie-security ;;
newest) suite=trixie-backports ;;
*) fail "no Debian suite is known for it" "ask for 5.10, 6.1, 6.12 or newest" ;;
esac

# --- where the system's packages come from ---

# mirrors LABEL: of the archive that calls itself so. Its name is in the lists
# that the system's apt has downloaded, not in its sources.
mirrors() {
  # shellcheck disable=SC2016 # for apt-get
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
    'Origin: Debian' "Label: $1" | sort -u | xargs
}

find_mirrors() {
  mirror=$(mirrors Debian)
  if [ -z "$mirror" ] && [ "$EUID" -eq 0 ]; then
    apt-get -qq update >&2 || true
    mirror=$(mirrors Debian)
  fi
  [ -n "$mirror" ] ||
    fail "apt has no lists of a Debian mirror" \
      "name one in /etc/apt/sources.list.d/debian.sources, and run as root: apt-get update"
  security_mirror=$(mirrors Debian-Security)
}

# --- an apt of our own ---

own_apt() { # TOOL ARGUMENT...
  "$1" -c "$work/apt.conf" "${@:2}"
}

# The system's preferences and installed kernels have no say.
configure_apt() {
  mkdir -p "$work"/{lists,archives}/partial
  : >"$work/status"
  cat >"$work/apt.conf" <<EOF
Dir::Etc::SourceList "$work/kernel.sources";
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

# Debian's kernels for clouds are its others without most drivers: a third of
# the size, and what the disk needs is not in modules. Of 6.1 the oldest:
# 6.1.190 learned to count in a TGID record what ended threads had. From 7.1 on,
# linux-binary has the kernel of linux-image.
kernel_package() {
  local names="image-${version/./\\.}\.[0-9]" line='$'

  [ "$version" != newest ] || names='(image|binary)-[0-9]+\.[0-9]+\.[0-9]'
  [ "$version" != 6.1 ] || line=1
  own_apt apt-cache search --names-only "^linux-$names.*-cloud-amd64\$" |
    cut -d' ' -f1 | sort -t- -k3V -k2,2r | sed -n "${line}p"
}

# look_at MIRROR SECURITY-MIRROR: each may be several or none. Sets package.
look_at() {
  {
    write_source "$suite" "$1"
    [ -z "$security_suite" ] || [ -z "$2" ] || write_source "$security_suite" "$2"
  } >"$work/kernel.sources"
  # One of two may be enough.
  own_apt apt-get -qq update >&2 || true
  package=$(kernel_package)
  [ -n "$package" ]
}

# --- the kernel ---

[ -e "$keyring" ] ||
  fail "$keyring is missing" "install debian-archive-keyring"
find_mirrors
configure_apt
# Debian moves its old suites off the mirrors in the end.
archive=http://archive.debian.org
look_at "$mirror" "$security_mirror" ||
  look_at "$archive/debian" "$archive/debian-security" ||
  fail "$suite has no kernel linux-*-cloud-amd64 of that version, or neither $mirror nor $archive/debian answers" \
    "see apt's messages above; check the network and apt's proxy, and update debian-archive-keyring"
(cd "$work" && own_apt apt-get -q download "$package" >&2) ||
  fail "$package cannot be downloaded" "see apt's messages above; check the network"
dpkg-deb --fsys-tarfile "$work"/*.deb | tar -xO --wildcards '*/vmlinuz*' >"$work/vmlinuz" ||
  fail "$package has no kernel" "correct the names of packages in tests/kernels/download.bash"
mv "$work/vmlinuz" "$file"
