#!/usr/bin/env bash
# What a message of kymod holds: value and threshold, the last minutes, quantiles
# of the histogram in question, whether the process lives and, once it was
# killed, since when it does not; the runbook, and a link by which kymod answers
# what the rule asks.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/testlib/sink.sh"
testlib_begin
need curl jq python3
built kymo
kymo=$built
built kymod
kymod=$built
run=$tmp/run
mkdir -m 700 "$run"

sink_start '{path}'
touch "$tmp/hook.body" "$tmp/slack.body"

free_port
cat >"$tmp/kymod.yaml" <<END
collection_interval: 50ms
evaluation_interval: 50ms
listen: 127.0.0.1:$port
directories: ["$run"]
state: "$tmp/control.db"
rule_files: rules.yml
alerting: {routes: routes.yml}
external_url: http://127.0.0.1:$port/
END
cat >"$tmp/rules.yml" <<'END'
groups:
- name: g
  rules:
  - alert: Slow
    expr: 'max by (service, path) (wait_seconds) > 2 * 0.25'
    annotations: {runbook_url: 'https://runbooks.example.org/slow'}
  - alert: Gone
    expr: 'absent(wait_seconds{service="shop", path="/a"})'
    for: 100ms
END
cat >"$tmp/routes.yml" <<END
kymo: {}
route: {receiver: team, group_by: [alertname], group_interval: 100ms}
receivers:
- name: team
  webhook_configs: [{url: "$sink_url/hook"}]
  slack_configs: [{api_url: "$sink_url/slack"}]
END
start kymod "$kymod" --config "$tmp/kymod.yaml"
mkfifo "$tmp/shop.in"
start shop bash -c "exec '$kymo' emit --service shop --dir '$run' <'$tmp/shop.in'"
shop=$started
exec 8>"$tmp/shop.in"
cat >&8 <<'END'
declare gauge wait_seconds unit seconds exponent -3 "Time in the queue"
declare histogram took_seconds unit seconds exponent -3 "Time of a request"
wait_seconds{path="/a"} = 0.125
wait_seconds{path="/b"} = 0.125
END
for _ in 1 2 3 4 5; do
	echo 'took_seconds observe 0.5' >&8
	sleep 0.1
done
echo 'wait_seconds{path="/a"} = 0.75' >&8

# alert NAME JQ: of the first message about it.
alert() { jq -s -r "[.[] | select(.alerts[0].labels.alertname == \"$1\")][0] | $2" "$tmp/hook.body"; }
said() { [ "$(alert "$1" .status)" = firing ]; }
is() {
	local is
	is=$(alert "$1" "$2")
	[ "$is" = "$3" ] || fail "$2 is $is, not $3: $(<"$tmp/hook.body")"
}
wait_for 10 said Slow
is Slow '.alerts[0].labels.path' /a
is Slow '.alerts[0].value' 0.75
is Slow '.alerts[0].threshold' 0.5
is Slow '.kymo.unit' seconds
is Slow '.kymo.points[-1][1]' 0.75
is Slow '[.kymo.points[][1]] | index(0.125) != null' true
is Slow '[.kymo.quantiles[][2]] | unique | join(",")' took_seconds
is Slow '.kymo.quantiles | length' 4
is Slow '.kymo.quantiles[0][1] | . > 0.4 and . < 0.6' true
is Slow '.kymo.process | test("^shop: alive since 20..-..-..T")' true
is Slow '.alerts[0].annotations.runbook_url' https://runbooks.example.org/slow
# The link is one: kymod answers, with the series of the alert.
curl -sS --max-time 10 "$(alert Slow '.alerts[0].generatorURL')" >"$tmp/answer"
[ "$(jq -r '.data.result[0].metric.path' "$tmp/answer")" = /a ] ||
	fail "the link: $(<"$tmp/answer")"

heard() { [ -s "$tmp/slack.body" ]; }
wait_for 10 heard
for text in '*value* 0.75 seconds, threshold 0.5' '▁' '*process* shop: alive' \
	'"url":"https://runbooks.example.org/slow"' '/api/v1/query?query=max'; do
	grep -qF -- "$text" "$tmp/slack.body" || fail "no $text: $(<"$tmp/slack.body")"
done

killed "$shop"
wait_for 10 said Gone
is Gone '.kymo.process | test("^shop: dead, last seen alive 20..-..-..T.* s ago\\)$")' true
exec 8>&-
echo "all held"
