#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#   package.bash DIRECTORY
#
# Builds the RPM package collectd-taskstats and puts it into the directory. This
# also works on Debian, as a test: build dependencies are not checked there,
# because RPM does not know Debian's packages.
set -euo pipefail

export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck source=../packaging/release.bash
source "$root/contrib/packaging/release.bash"
prepare "$1"

write_spec() {
  cat <<EOF
%global taskstats_version $version
$(cat "$root/contrib/rpm/collectd-taskstats.spec")

%changelog
* $(date -u -d "$date" '+%a %b %d %Y') $(sed -n 's/^Maintainer: //p' "$root/contrib/debian/control") - $version-1
- Release $version; see CHANGELOG.md.
EOF
}

tree=$work/collectd-taskstats-$version
copy_release "$tree"
mkdir "$work/SOURCES" "$work/SPECS"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="$date" -cz \
  -f "$work/SOURCES/collectd-taskstats-$version.tar.gz" "collectd-taskstats-$version"
write_spec >"$work/SPECS/collectd-taskstats.spec"

options=(--define "_topdir $work" --define 'use_source_date_epoch_as_buildtime 1'
  --define 'source_date_epoch_from_changelog 1' --define 'clamp_mtime_to_source_date_epoch 1')
# Debian's RPM makes no debuginfo packages, and compresses no manual pages by itself.
[ ! -e /etc/debian_version ] || options+=(--nodeps --define 'debug_package %{nil}'
  --define '__os_install_post bash /usr/lib/rpm/brp-compress')
rpmbuild -ba "${options[@]}" "$work/SPECS/collectd-taskstats.spec" >"$work/log" 2>&1 || {
  tail -n 30 "$work/log" >&2
  fail "the package cannot be built" "see rpmbuild's messages above"
}
find "$directory" -maxdepth 1 -type f -name 'collectd-taskstats*.rpm' -delete
find "$work"/{RPMS,SRPMS} -type f -name '*.rpm' -exec mv -t "$directory" {} +
cp "$work/SPECS/collectd-taskstats.spec" "$directory"
