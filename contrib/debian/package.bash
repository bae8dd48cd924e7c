#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   package.bash DIRECTORY
#
# Builds the Debian package collectd-plugin-taskstats for this release of Debian
# and puts it into the directory. The build dependencies are in control.
set -euo pipefail

export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck source=../packaging/release.bash
source "$root/contrib/packaging/release.bash"
prepare "$1"

write_changelog() {
  cat <<EOF
collectd-taskstats ($version) unstable; urgency=medium

  * Release $version; see CHANGELOG.md.

 -- $(sed -n 's/^Maintainer: //p' "$root/contrib/debian/control")  $(date -u -R -d "$date")
EOF
}

# debhelper expects debian/ at the top of the tree.
tree=$work/collectd-taskstats-$version
copy_release "$tree"
mv "$tree/contrib/debian" "$tree/debian"
rm "$tree/debian/package.bash"
write_changelog >"$tree/debian/changelog"

(cd "$tree" && dpkg-buildpackage --build=binary --no-sign) >"$work/log" 2>&1 || {
  tail -n 30 "$work/log" >&2
  fail "the package cannot be built" "see dpkg-buildpackage's messages above"
}
find "$directory" -maxdepth 1 -type f -name 'collectd-*taskstats*_*' -delete
find "$work" -maxdepth 1 -type f -name 'collectd-*' -exec mv -t "$directory" {} +
