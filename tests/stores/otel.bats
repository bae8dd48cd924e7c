#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Debian does not package the OpenTelemetry Collector. The scrape section of its recipe
# is a Prometheus configuration, so Prometheus runs it here.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

# scrape_configuration: from the recipe, as the collector passes it to Prometheus's
# code.
scrape_configuration() {
  recipe otel/collector.yaml 9103 "$scrape_port" 10s 1s | sed 's/\$\$/$/g' |
    /usr/bin/python3 -c 'import sys, yaml
yaml.safe_dump(yaml.safe_load(sys.stdin)["receivers"]["prometheus"]["config"], sys.stdout)'
}

@test "OpenTelemetry: what the recipe fetches is what was dispatched, with the host's name" {
  interval=1
  scrape_port=$(free_port)
  configure_service </dev/null
  forward prometheus/collectd.conf 9103 "$scrape_port"
  start_collectd
  scrape_configuration >"$server_dir/prometheus.yml"
  run_prometheus
  start_service
  await "the first values" has_prometheus_points
  reads 5 service.one
  prometheus_points >"$work/stored"
  stop_collectd
  in_prometheus_words >"$work/dispatched"
  compare_points some "$work/stored" 1

  # There is one machine, not two with different names.
  prometheus_query 'count by (host, instance, exported_instance) ({__name__=~"collectd_.+"})' |
    jq -e --arg instance "127.0.0.1:$scrape_port" \
      'map(.metric) == [{host: "testhost", instance: $instance}]'
}

# The pipelines use exactly the components that are defined.
@test "OpenTelemetry: the pipeline of the recipe is whole" {
  /usr/bin/python3 - "$CONTRIB/otel/collector.yaml" <<'PYTHON'
import sys, yaml
recipe = yaml.safe_load(open(sys.argv[1]))
for kind in "receivers", "processors", "exporters":
    used = {name for pipeline in recipe["service"]["pipelines"].values() for name in pipeline[kind]}
    assert used == set(recipe[kind]), (kind, used)
PYTHON
}
