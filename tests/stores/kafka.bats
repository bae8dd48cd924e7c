#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A Kafka consumer receives what collectd dispatches. Debian does not package Kafka, so
# the broker is librdkafka's mock broker, which keeps messages in memory.

# shellcheck source=stores.bash
source "$BATS_TEST_DIRNAME/stores.bash"

# start_broker: it runs inside a producer that sends nothing.
start_broker() {
  mkfifo "$server_dir/nothing"
  # shellcheck disable=SC2034 # it keeps the pipe open
  exec {nothing}<>"$server_dir/nothing"
  # shellcheck disable=SC2016 # the inner shell's
  start_server broker bash -c 'exec kcat -P -b localhost -t none -X test.mock.num.brokers=1 <"$0"' \
    "$server_dir/nothing"
  await "the broker" find_broker
}

find_broker() {
  kafka_port=$(sed -n 's/.*MOCK.*replaced with .*:\([0-9]*\)$/\1/p' "$server_dir/broker.log")
  [[ -n $kafka_port ]]
}

# consume FORMAT: all messages, in kcat's format FORMAT.
consume() {
  kcat -C -b "127.0.0.1:$kafka_port" -t collectd -o beginning -e -q -f "$1\n"
}

# until_then: the values of the reads before $then. write_kafka drops the messages that are
# in transit when it ends.
until_then() { awk -v then="$then" '$2 < then * 1000'; }

# consumed: writes "identity:source ms value" of all messages, in order.
consumed() {
  consume %s | jq -r '.[] | . as $v | range(.values | length) | select($v.values[.] != null) |
      "\($v.plugin_instance)/\($v.type)\(if $v.type_instance == "" then "" else
        "-" + $v.type_instance end):\($v.dsnames[.]) \($v.time * 1000 | round) \($v.values[.])"' |
    until_then >"$work/stored"
}

all_are_consumed() {
  consumed
  compare_points all "$work/stored" 1
}

@test "Kafka: a consumer gets every value of every metric as it was dispatched" {
  start_broker
  configure_service </dev/null
  forward kafka/collectd.conf 9092 "$kafka_port"
  start_collectd
  start_service
  reads 8 service.one
  then=$EPOCHREALTIME
  reads 1 "" # all before have been dispatched
  dispatched testhost | until_then >"$work/dispatched"
  await_tries=60 await "the last values" all_are_consumed || compare_points all "$work/stored" 1
  stop_collectd
  assert_no_complaints
  # There is one key, so one partition, once the broker has reported the partitions.
  assert_equal "$(consume %k | sort -u)" collectd
  consume '%T %p' | sort -n >"$work/partitions"
  assert_equal "$(tail -n "$(($(wc -l <"$work/partitions") / 2))" "$work/partitions" |
    cut -d' ' -f2 | sort -u | wc -l)" 1
}
