#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Each recipe for collectd loads unchanged, and the other recipes match collectd's.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

@test "recipes: each loads as it stands, and nothing is complained of" {
  echo "fleet: change me" >"$work/users"
  recipes=("$CONTRIB"/*/collectd.conf)
  ((${#recipes[@]} == 5)) || fail "${recipes[*]}"
  for recipe in thresholds.conf "${recipes[@]#"$CONTRIB/"}" fleet/{client,server}.conf; do
    { # the machine's host name need not resolve
      printf '%s\n' 'Hostname "testhost"' 'FQDNLookup false'
      recipe "$recipe" /etc/collectd/fleet-users "$work/users"
    } >"$work/recipe.conf"
    run -0 "$COLLECTD" -T -C "$work/recipe.conf"
    # write_graphite connects even with -T, and there is no server.
    ! grep -v 'Connecting to' <<<"$output" | grep -iE 'error|unknown|ignored|failed' ||
      fail "$recipe"
  done
}

# Debian does not package Telegraf.
@test "recipes: Telegraf takes from collectd what collectd sends, by its own types" {
  /usr/bin/python3 - "$CONTRIB/influxdb2/telegraf.conf" "$CONTRIB/influxdb/collectd.conf" <<'PYTHON'
import os, re, sys, tomllib
with open(sys.argv[1], "rb") as file:
    recipe = tomllib.load(file)
(listener,) = recipe["inputs"]["socket_listener"]
address = re.search(r'<Server "(.*)" "(.*)">', open(sys.argv[2]).read()).groups()
assert listener["service_address"] == "udp://%s:%s" % address, listener
assert listener["data_format"] == "collectd"
assert listener["collectd_parse_multivalue"] == "split"
assert all(os.path.exists(path) for path in listener["collectd_typesdb"])
PYTHON
}
