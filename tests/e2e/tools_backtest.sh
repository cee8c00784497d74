#!/usr/bin/env bash
# kymo rules backtest: history that kymod keeps, played again while it runs: when
# rules would have fired, for how long, and which messages to whom; other rules,
# routes and silences than those that were; the end of one play is as the other's.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need jq
built kymo
kymo=$built
built kymod
kymod=$built
run=$tmp/run
mkdir -m 700 "$run"
cat >"$tmp/kymod.yaml" <<END
collection_interval: 100ms
evaluation_interval: 100ms
listen: none
directories: ["$run"]
state: "$tmp/control.db"
history: {journal: 1s}
retention: [{step: 100ms, keep: 1h}]
rule_files: rules.yml
alerting: {routes: routes.yml}
END
cat >"$tmp/rules.yml" <<'END'
groups:
- name: g
  rules:
  - {record: 'job:depth:double', expr: 2 * depth}
  - {alert: Deep, expr: 'job:depth:double > 10', labels: {severity: page}}
  - {alert: Low, expr: depth > 5}
  - {alert: Long, expr: depth > 5, for: 1h}
  - {alert: Other, expr: depth > 9}
END
routes() {
	cat >"$tmp/$1.yml" <<END
kymo: {escalations: [{name: up, steps: [{wait: 1s, receivers: [boss]}]}]}
route: {receiver: team, routes: [{matchers: [severity=page], receiver: pager, escalation: up}]}
inhibit_rules: [{source_matchers: [severity=page], target_matchers: [alertname=Low]}]
receivers:
- {name: team, webhook_configs: [{url: http://127.0.0.1:9/}]}
- {name: pager, webhook_configs: [{url: http://127.0.0.1:9/, send_resolved: $2}]}
- {name: boss, webhook_configs: [{url: http://127.0.0.1:9/}]}
END
}
routes routes true
routes quiet false

# b EXIT ARGUMENT..: a backtest, its output in $tmp/out.
b() {
	local want=$1 got=0
	shift
	"$kymo" rules backtest "$@" >"$tmp/out" 2>&1 || got=$?
	[ "$got" = "$want" ] || fail "$*: exit $got, not $want: $(<"$tmp/out")"
}
says() { grep -qE -- "$1" "$tmp/out" || fail "not told: $1: $(<"$tmp/out")"; }
# is JQ EXPECTED
is() {
	local found
	found=$(jq -c "$1" "$tmp/out") || fail "$(<"$tmp/out")"
	[ "$found" = "$2" ] || fail "$1: $found, not $2: $(<"$tmp/out")"
}

b 3 --config "$tmp/kymod.yaml"
says 'history.db: there is no such history, or it cannot be read$'
start kymod "$kymod" --config "$tmp/kymod.yaml"
daemon=$started
wait_for 10 grep -q ' ready' "$tmp/kymod.log"
mkfifo "$tmp/jobs.in"
start jobs bash -c "exec '$kymo' emit --service jobs --dir '$run' <'$tmp/jobs.in'"
exec 8>"$tmp/jobs.in"
from=$EPOCHREALTIME
printf 'declare gauge depth "Depth"\ndepth = 7\n' >&8
sleep 2
echo 'depth = 1' >&8
sleep 1
to=$EPOCHREALTIME
# What is in memory alone is not there yet.
seen() {
	b 0 --config "$tmp/kymod.yaml" --from "$from" --to "$to" --json
	[ "$(jq '.rules[] | select(.name == "Deep") | .for > 1.5' "$tmp/out")" = true ] &&
		[ "$(jq .stillFiring "$tmp/out")" = 0 ]
}
wait_for 10 seen
is '[.rules[] | [.name, .fired, .messages]]' '[["Deep",1,4],["Low",1,0]]'
is '[.receivers[] | [.to, .new, .over, .again, .escalated]]' \
	'[["pager",1,1,0,0],["boss",0,1,0,1]]'
is '[.events[] | select(.what == "message") | .to + " " + .why]' \
	'["pager new","boss escalated","pager over","boss over"]'
is '[.events[] | select(.what == "message") | .at] | .[1] - .[0] | . >= 1 and . < 1.2' true
is .failed 0

b 0 --config "$tmp/kymod.yaml" --from "$from" --to "$to"
says '^[0-9-]+ [0-9:]+  Deep\{service="jobs", severity="page"\} fires \(14\)$'
says '^[0-9-]+ [0-9:]+    -> pager, new: \+Deep$'
says '^[0-9-]+ [0-9:]+  Deep\{.*\} is over, after [12] s$'
says '^Deep +1 +[12] s +[12] s +4$'
says '^pager +2 +1 +1 +0 +0 +2, from '
# Other routes, a silence, another rule.
b 0 --config "$tmp/kymod.yaml" --from "$from" --to "$to" --json --routes "$tmp/quiet.yml"
is '[.receivers[] | [.to, .new, .over]]' '[["pager",1,0],["boss",0,1]]'
b 0 --config "$tmp/kymod.yaml" --from "$from" --to "$to" --json --silence alertname=Deep
is '.receivers' '[]'
b 3 --config "$tmp/kymod.yaml" --silence 'alertname=~.*'
says 'would silence everything'
sed 's/depth > 9/depth > 6/' "$tmp/rules.yml" >"$tmp/new.yml"
b 0 --config "$tmp/kymod.yaml" --from "$from" --to "$to" --quiet "$tmp/new.yml"
says '^Other +1 '
says '^team +2 +1 +1 '
# Rules that fail are said, and so is what is wrong with files and times.
echo 'groups: [{name: g, rules: [{record: a, expr: "depth * on () {__name__=~\"kymod.+\"}"}]}]' >"$tmp/bad.yml"
b 1 --config "$tmp/kymod.yaml" --from "$from" --to "$to" --quiet "$tmp/bad.yml"
says '^kymo: rules failed [0-9]+ times; the first, a: '
echo 'groups: [{name: g, rules: [{record: a, expr: "depth >"}]}]' >"$tmp/bad.yml"
b 1 --config "$tmp/kymod.yaml" "$tmp/bad.yml"
says 'bad.yml:1:'
b 2 --config "$tmp/kymod.yaml" --from now --to 1h
b 3 --config "$tmp/kymod.yaml" --from 3h --to 2h
says 'has nothing of that time$'
# kymod has lost nothing by it, and a play after its end is the same.
wait_for 10 seen
jq -c '[.rules, .receivers]' "$tmp/out" >"$tmp/before"
stop "$daemon"
[ "$stopped" = 0 ] || fail "SIGTERM: exit $stopped: $(<"$tmp/kymod.log")"
! grep -E 'warn .*history|error .*history' "$tmp/kymod.log" || fail "history"
b 0 --config "$tmp/kymod.yaml" --from "$from" --to "$to" --json
is '[.rules, .receivers]' "$(<"$tmp/before")"
exec 8>&-
echo "all held"
