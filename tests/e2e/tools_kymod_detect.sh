#!/usr/bin/env bash
# kymod notices by itself: forty gauges that have been the same for three days shift
# together, and that is a score of each, on the page and in PromQL, one incident
# with the first of them as its root, and an alert that says why; what depends on
# it belongs to it; it outlives a kill, ends with detection, and a file of
# somebody else's is not believed.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need curl jq
built kymo
kymo=$built
built kymod
kymod=$built
run=$tmp/run
mkdir -m 700 "$run"
free_port
export KYMO_URL=http://127.0.0.1:$port

logged() { grep -qE -- "$1" "$tmp/kymod.log"; }
query() {
	curl -sS --max-time 10 "$KYMO_URL/api/v1/query" \
		--data-urlencode "query=$1" |
		jq -r '.data.result | if length == 1 then .[0].value[1] else length end'
}
query_is() { [ "$(query "$1")" = "$2" ]; }
says() { grep -qE -- "$1" "$tmp/out" || fail "not told: $1: $(<"$tmp/out")"; }
reload() {
	curl -sS --max-time 10 -X POST "$KYMO_URL/-/reload" >"$tmp/out"
	[ "$(<"$tmp/out")" = reloaded ] || fail "reload: $(<"$tmp/out")"
}
config() {
	cat >"$tmp/kymod.yaml" <<END
collection_interval: 50ms
evaluation_interval: 50ms
listen: 127.0.0.1:$port
directories: ["$run"]
state: "$tmp/control.db"
rule_files: [rules.yml, "$(realpath "$top_srcdir/schema/detection.rules.yml")"]
detection: {interval: 1s, change_interval: 1s$1}
components:
  shop:
    checks: [{process: shop}]
    degradation: {errors: failures_total, requests: requests_total, service: shop}
  web: {depends_on: [shop]}
END
}
kymod_start() {
	start kymod "$kymod" --config "$tmp/kymod.yaml" --log-level info
	daemon=$started
	wait_for 10 logged ' info +ready'
}
cat >"$tmp/rules.yml" <<'END'
groups:
- name: g
  rules:
  - alert: Odd
    expr: anomaly_score{metric="queue"} > 1
    annotations: {why: '{{ anomalyReason $labels }}'}
END

# --- a shift ------------------------------------------------------------------------

"$top_builddir/tests/e2e/detect_past" "$tmp/detectors.state" "$(date +%s)"
mkfifo "$tmp/in"
start emit bash -c "exec '$kymo' emit --service shop --dir '$run' <'$tmp/in'"
exec 3>"$tmp/in"
mkfifo "$tmp/web"
start web bash -c "exec '$kymo' emit --service web --dir '$run' <'$tmp/web'"
exec 4>"$tmp/web"
echo 'waiting = 999' >&4
say_all() { for n in {0..38}; do echo "depth{n=\"$n\"} = $1"; done >&3; }
echo 'queue = 1003' >&3
say_all 1001
config ''
kymod_start
logged 'what was learned of 42 series is in' || fail "$(<"$tmp/kymod.log")"
wait_for 10 query_is 'count(depth) + count(queue) + count(waiting)' 41
"$kymo" anomalies >"$tmp/out" || fail "odd already: $(<"$tmp/out")"
says '^nothing is odd$'
echo 'queue = 9000' >&3
wait_for 10 query_is 'count(anomaly_score{metric="queue"} > 1)' 1
say_all 200
wait_for 10 query_is 'count(anomaly_score{service="shop",metric="depth",signal="value"} > 1)' 39
wait_for 10 query_is 'anomaly_incident{service="shop",root="queue",signal="value"}' 40
query_is 'count(anomaly_incident)' 1 || fail "not one incident: $(query anomaly_incident)"

echo 'waiting = 9000' >&4
wait_for 10 query_is 'anomaly_incident' 41

# --- told -----------------------------------------------------------------------------

curl -sS "$KYMO_URL/metrics" >"$tmp/out"
says '^anomaly_score\{service="shop",metric="depth",signal="value",n="7"\} [1-9]'
says '^anomaly_score\{service="shop",metric="queue",signal="value"\} [1-9]'
says '^kymod_detectors\{service="kymod"\} [1-9]'
curl -sS "$KYMO_URL/api/v1/anomalies" >"$tmp/out"
[ "$(jq -r '.data | [(.incidents | length), (.incidents[0].members | length),
	.anomalies[.incidents[0].members[0]].metric,
	.anomalies[.incidents[0].members[0]].reason,
	.anomalies[.incidents[0].members[0]].value] | join(" ")' "$tmp/out")" = \
	'1 41 queue never this high in 3 days 9000' ] || fail "$(<"$tmp/out")"
got=0
"$kymo" anomalies >"$tmp/out" || got=$?
[ $got = 1 ] || fail "anomalies: exit $got"
says '^incident since .*, 41 series, first queue\{service="shop"\} value$'
says '^  [0-9.]+ .* queue\{service="shop"\} value: never this high in 3 days \(9000, before [0-9.]+ to 10[0-9.]+\)$'
says 'depth\{service="shop",n="38"\} value: never this low in 3 days \(200, before '
"$kymo" anomalies --json | jq -e '.data.anomalies | length >= 40' >"$tmp/out" ||
	fail "not as JSON"
firing() {
	curl -sS "$KYMO_URL/api/v1/alerts" >"$tmp/out" &&
		[ "$(jq -r '[.data.alerts[] | select(.state == "firing")] | length' \
			"$tmp/out")" = 2 ]
}
wait_for 10 firing
[ "$(jq -r '.data.alerts[] | select(.labels.alertname == "Odd").annotations.why' \
	"$tmp/out")" = 'never this high in 3 days' ] || fail "$(<"$tmp/out")"
jq -r '.data.alerts[] | select(.labels.alertname == "Incident").annotations |
	.summary, .description' "$tmp/out" >"$tmp/told"
mv "$tmp/told" "$tmp/out"
says '^shop: queue value is odd, first of 41 series$'
says '^queue\{service="shop"\} value: never this high in 3 days \(9000, before '
says '^and 31 more$'

# --- since when ---------------------------------------------------------------------------

changed() {
	"$kymo" anomalies --changes >"$tmp/out" && return 1
	grep -qE '^20.*Z  queue\{service="shop"\} value: level [0-9.]+ -> 9000, confidence [01]' \
		"$tmp/out"
}
wait_for 20 changed
wait_for 10 query_is 'round(anomaly_change_before{metric="queue"} / 100)' 10
query_is 'round(anomaly_change_after{service="shop",metric="queue",signal="value"})' 9000 ||
	fail "after: $(query anomaly_change_after)"
query_is 'time() - anomaly_change_timestamp_seconds{metric="queue"} < bool 100' 1 ||
	fail "since: $(query anomaly_change_timestamp_seconds)"
curl -sS "$KYMO_URL/api/v1/anomalies" >"$tmp/out"
[ "$(jq -r '.data.changes[] | select(.metric == "queue") |
	[.kind, .signal, (.after | round), (.since < .found), .labels.service] | join(" ")' \
	"$tmp/out")" = 'level value 9000 true shop' ] || fail "$(<"$tmp/out")"
curl -sS "$KYMO_URL/metrics" >"$tmp/out"
says '^kymod_detectors_changes\{service="kymod"\} [1-9]'
says '^kymod_changes_total\{service="kymod"\} [1-9]'

# --- over a kill, and off ---------------------------------------------------------------

killed "$daemon"
kymod_start
wait_for 10 query_is 'anomaly_incident{root="queue"}' 41
wait_for 20 query_is 'round(anomaly_change_after{metric="queue"})' 9000
config ', scores: all, budget: 1 per series per day'
reload
wait_for 10 query_is 'count(anomaly_score == 0) > bool 20' 1
"$kymo" anomalies >"$tmp/out" || true
! grep -E '^ *0 ' "$tmp/out" || fail "odd without a score"
config ', enabled: false'
reload
wait_for 10 query_is 'count(anomaly_score) or vector(0)' 0
# What is not there is not counted.
wait_for 10 query_is 'kymod_detectors + kymod_detectors_refused + kymod_detectors_memory_bytes' 0
config ''
reload
wait_for 10 query_is 'anomaly_incident{root="queue"}' 41

# --- a component that is worse than it was --------------------------------------------------

shop_is() {
	"$kymo" health shop >"$tmp/out" || true
	grep -qE "$1" "$tmp/out"
}
echo 'requests_total += 1000' >&3
wait_for 10 shop_is 'shop +ok' || fail "before: $(<"$tmp/out")"
start fails bash -c "while sleep 0.1; do echo 'failures_total += 3000'; done >'$tmp/in'"
fails=$started
wait_for 15 shop_is 'shop +degraded .*errors rate: (never this high in 3 days|level )'
stop "$fails"
wait_for 15 shop_is 'shop +ok'

stop "$daemon"
printf 'KYMODET3 of somebody else' >"$tmp/detectors.state"
kymod_start
logged 'warn +detection: .*/detectors.state: .*; all series are learned anew' ||
	fail "$(<"$tmp/kymod.log")"
exec 3>&- 4>&-
