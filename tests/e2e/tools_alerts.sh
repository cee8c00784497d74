#!/usr/bin/env bash
# What a person does with alerts of a running kymod: ls, show and why say what
# fires, why it was sent or not, and what comes next; an acknowledgement stops an
# escalation; a silence mutes, and its end lets go; messages that wait, that were
# given up, that are tried again; amtool does the same; strangers change nothing.
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

# --- a receiver: each request is a line "ANSWER PATH STATUS ALERTS" -----------------------

sink_start '{answer} {path} {status} {names}'
heard() { grep -qxE -- "$1" "$tmp/heard"; }

# --- kymod ----------------------------------------------------------------------------------

free_port
export KYMO_URL=http://127.0.0.1:$port
cat >"$tmp/kymod.yaml" <<END
collection_interval: 50ms
evaluation_interval: 50ms
listen: 127.0.0.1:$port
directories: ["$run"]
state: "$tmp/control.db"
rule_files: rules.yml
alerting: {routes: routes.yml}
END
cat >"$tmp/rules.yml" <<'END'
groups:
- name: g
  rules:
  - alert: Deep
    expr: depth > 5
    labels: {severity: page}
    annotations: {summary: 'depth is {{ $value }}'}
  - {alert: Other, expr: depth > 5, labels: {severity: page}}
  - {alert: Held, expr: depth > 5, labels: {team: night}}
  - {alert: Later, expr: depth > 5, for: 1h}
  - {alert: Nasty, expr: depth > 5, labels: {x: "a\e[31mred\n\"q\""}}
END
cat >"$tmp/routes.yml" <<END
kymo:
  escalations:
  - {name: up, steps: [{wait: 4s, receivers: [boss]}]}
route:
  receiver: team
  group_by: [alertname]
  group_interval: 1s
  routes:
  - {matchers: [severity=page], receiver: pager, escalation: up}
  - {matchers: [team=night], receiver: night, mute_time_intervals: [ever]}
inhibit_rules:
- {source_matchers: [severity=page], target_matchers: [alertname=Nasty]}
time_intervals:
- {name: ever, time_intervals: [{years: ['2020:2099']}]}
receivers:
- name: team
  webhook_configs: [{url: http://127.0.0.1:$sink/team}]
- name: night
  webhook_configs: [{url: http://127.0.0.1:$sink/night}]
- name: boss
  webhook_configs: [{url: http://127.0.0.1:$sink/boss}]
- name: pager
  webhook_configs: [{url: http://127.0.0.1:$sink/pager}]
END
start kymod "$kymod" --config "$tmp/kymod.yaml"
daemon=$started
daemon=$started
wait_for 10 grep -q ' ready' "$tmp/kymod.log"
mkfifo "$tmp/jobs.in"
start jobs bash -c "exec '$kymo' emit --service jobs --dir '$run' <'$tmp/jobs.in'"
exec 8>"$tmp/jobs.in"
printf 'declare gauge depth "Depth"\n' >&8

# k EXIT ARGUMENT..: kymo, its output in $tmp/out.
k() {
	local want=$1 got=0
	shift
	"$kymo" "$@" >"$tmp/out" 2>&1 || got=$?
	[ "$got" = "$want" ] || fail "kymo $*: exit $got, not $want: $(<"$tmp/out")"
	! grep -q $'\e' "$tmp/out" || fail "kymo $*: an escape sequence"
}
says() { grep -qE -- "$1" "$tmp/out" || fail "not told: $1: $(<"$tmp/out")"; }
says_not() { ! grep -qE -- "$1" "$tmp/out" || fail "told: $1: $(<"$tmp/out")"; }
# tells PATTERN ARGUMENT..: kymo does, sooner or later.
tells() {
	local pattern=$1
	shift
	"$kymo" "$@" >"$tmp/out" 2>&1 && grep -qE -- "$pattern" "$tmp/out"
}

# --- what fires, and why it is said or not ------------------------------------------------------

k 0 alerts
says '^no alert fires$'
k 1 alerts why Deep
says 'no such alert'
echo 'depth = 7' >&8
wait_for 10 heard '200 /pager firing Deep'
wait_for 10 tells 'to pager: delivered; nothing waits' alerts why Deep
says '^Deep\{service="jobs", severity="page"\}: firing since '
says '  goes to pager, by the route in line 9$'
says '  sent to pager$'
says 'to pager: again, at .*\(in (3h59m|4h00m)\)$'
says 'step 1 of escalation up, to boss, unless somebody acknowledges it, at '
k 0 alerts ack --by ann --comment 'looking at it' Deep
says '^1 alert acknowledged by ann$'
k 0 alerts
says '^ALERT +STATE +SINCE +VALUE +TO +NEXT$'
says '^Deep +acknowledged +[0-9.]+ m?s +7 +pager +step 1 of escalation up in '
says '^    acknowledged by ann \(looking at it\), '
says '^Other +firing '
says '^Nasty +inhibited .* team +nothing while it is muted$'
says '^    inhibited by the rule in line 12, while this fires: '
says '^Held +firing .* night +held back by time interval ever'
says_not Later
says 'x="a\\x1b\[31mred'
k 0 alerts ls --all team!=night
says '^Later +pending '
says_not Held
k 0 alerts show Nasty
says '    x: a\\x1b\[31mred\\x0a"q"$'
k 0 alerts show Deep
says '    summary: depth is 7$'
k 0 alerts ls --json --receiver pager
[ "$(jq -c '[.[].labels.alertname] | sort' "$tmp/out")" = '["Deep","Other"]' ] || fail "$(<"$tmp/out")"
k 1 alerts ls 'a=~('
says "matchers 'a=~\\(', at character 5: "
k 2 alerts lss
says 'ls, show, why or ack'

k 2 alerts ack
k 1 alerts ack Nothing

# --- a silence, and its end ---------------------------------------------------------------------

k 2 silence add Held
says 'wants --comment'
k 1 silence add --comment all 'alertname=~.*'
says 'would silence everything'
k 0 silence add --by ann --comment 'new disks' --duration 2h Deep severity=page
says '^silence 1: until .*; it matches 1 alert that fires now$'
wait_for 10 tells '^Deep +silenced ' alerts
says '^    silence 1, of ann \(new disks\), until '
k 0 silence
says '^1 +active +until .* \(in (1h59m|2h00m)\) +ann +alertname="Deep" severity="page"$'
says '^    new disks$'
k 0 silence expire 1
k 0 silence
says '^no silence$'
k 0 silence ls --all
says '^1 +expired +ended '
k 1 silence expire 1
says 'has ended already'
wait_for 10 tells '^Deep +acknowledged ' alerts

# --- amtool, where there is one --------------------------------------------------------------------

if command -v amtool >/dev/null; then
	a() { amtool --alertmanager.url="$KYMO_URL" "$@" 2>&1; }
	a alert query --inhibited | grep -q 'Nasty .*suppressed' || fail "$(a alert query)"
	id=$(a silence add -a ben -c 'by amtool' alertname=Held 'team=~n.*' | tail -n 1)
	a silence query | grep -qE "^$id +alertname=\"Held\" team=~\"n\.\*\" .* ben +by amtool" ||
		fail "amtool: $(a silence query)"
	wait_for 10 tells '^Held +silenced ' alerts
	a silence expire "$id" >"$tmp/out" || fail "amtool: $(<"$tmp/out")"
	! a silence expire "$id" >"$tmp/out" || fail "twice"
	says 'has ended already'
	[ "$(a config routes test severity=page | tail -n 1)" = pager ] || fail "routes"
fi

# --- strangers -------------------------------------------------------------------------------------

# no STATUS CURL-ARGUMENT..: a silence that is not taken.
no() {
	local want=$1 got
	shift
	got=$(curl -sS --max-time 10 -o "$tmp/out" -w '%{http_code}' "$@" \
		-d '{"matchers":["a=b"],"createdBy":"x","endsAt":"2099-01-01T00:00:00Z"}' \
		"$KYMO_URL/api/v2/silences")
	[ "$got" = "$want" ] || fail "$*: $got, not $want: $(<"$tmp/out")"
}
json='content-type: application/json'
no 415
no 415 -H 'content-type: text/plain'
no 403 -H "$json" -H 'origin: http://evil.example'
no 403 -H "$json" -H 'origin: null'
no 403 -H "$json" -H "origin: $KYMO_URL.evil.example"
no 421 -H "$json" -H 'host: evil.example'
no 405 -H "$json" -X PUT
k 0 silence
says '^no silence$'
no 200 -H "$json" -H "origin: $KYMO_URL"
sed -i 's/routes.yml}/routes.yml, changes: none}/' "$tmp/kymod.yaml"
curl -sS --max-time 10 -X POST "$KYMO_URL/-/reload" >"$tmp/out"
no 403 -H "$json"
k 1 silence expire 2
says 'lets nobody change anything'
# Nor take this back; a signal does.
sed -i 's/, changes: none//' "$tmp/kymod.yaml"
got=$(curl -sS --max-time 10 -o "$tmp/out" -w '%{http_code}' -X POST "$KYMO_URL/-/reload")
[ "$got" = 403 ] || fail "reloaded where nobody may: $got: $(<"$tmp/out")"
kill -HUP "$daemon"
taken_twice() {
	[ "$(grep -c 'reload: taken over' "$tmp/kymod.log")" -ge 2 ]
}
wait_for 10 taken_twice

# --- the escalation: not of the one that somebody takes care of ---------------------------------

wait_for 10 heard '200 /boss firing Other'
wait_for 10 tells 'step 1 of escalation up: left out: acknowledged, or muted$' \
	alerts why Deep
! heard '.* /boss .* Deep' || fail "escalated: $(<"$tmp/heard")"
k 0 alerts why Deep
says 'acknowledged by ann: looking at it$'

# --- messages that wait, and dead letters ---------------------------------------------------------------

k 0 notify test pager
says '^pager: delivered$'
heard '200 /pager resolved KymoTest' || fail "no end: $(<"$tmp/heard")"
k 1 notify test nobody
echo 503 >"$tmp/pager.answer"
echo 'depth = 1' >&8
wait_for 10 heard '503 /pager resolved Deep'
wait_for 10 tells 'that it is over, not delivered by [0-9]+ attempts?: answered 503; tried again ' \
	alerts why Deep
says '^Deep.*: resolved since .*; it fired for '
k 0 notify
says '^pager +(failing|takes nothing) +[0-9]+ failures? in a row, tried again '
says '^msg_[^ ]+ +pager +resolved '
echo 400 >"$tmp/pager.answer"
wait_for 10 tells '^msg_.* pager ' notify dead
k 0 alerts why Deep
says 'that it is over, given up: answered 400; kymo notify retry msg_'
id=$("$kymo" notify dead --json | jq -r '.data.messages[0].id')
k 1 notify retry msg_nothing
rm "$tmp/pager.answer"
k 0 notify retry "$id"
wait_for 10 heard '200 /pager resolved Deep'
wait_for 10 tells '^nothing waits$' notify

# --- nobody is there: what was saved is told, and nothing can be changed ---------------------------------

echo 'depth = 7' >&8
wait_for 10 tells '^Deep +firing ' alerts
k 0 silence add --by ann --comment 'while it is down' Deep
stop "$daemon"
export KYMO_CONFIG=$tmp/kymod.yaml
k 0 alerts
says '^kymo: kymod does not run; this is what it saved last, [0-9]+ m?s ago \(.*alerting.db\)$'
says '^Deep +silenced '
says '^    silence [0-9]+, of ann \(while it is down\), until '
k 0 alerts why Deep
says '  fires$'
k 0 silence
says 'alertname="Deep"'
k 3 silence expire 3
k 3 alerts ack Deep
k 3 notify
says 'cannot reach kymod at .*; start it'
KYMO_CONFIG=$tmp/nothing.yaml k 3 alerts
says 'cannot reach kymod at .*; start it'

# --- an Alertmanager, where there is one --------------------------------------------------------------------

if command -v prometheus-alertmanager >/dev/null; then
	free_port
	url=http://127.0.0.1:$port
	printf 'route: {receiver: x}\nreceivers: [{name: x}]\n' >"$tmp/am.yml"
	start am prometheus-alertmanager --config.file="$tmp/am.yml" \
		--storage.path="$tmp/am" --web.listen-address="127.0.0.1:$port" \
		--cluster.listen-address=
	pushed() {
		curl -sSf --max-time 5 -H "$json" "$url/api/v2/alerts" \
			-d '[{"labels":{"alertname":"Foo","a":"b"}},{"labels":{"alertname":"Bar"}}]'
	}
	wait_for 20 pushed
	wait_for 10 tells '^Foo +firing .* x$' alerts --url "$url"
	k 0 silence add --url "$url" --comment hi Foo 'a=~b.*'
	says '; it matches 1 alert that fires now$'
	wait_for 10 tells '^Foo +silenced ' alerts --url "$url"
	says '^Bar +firing '
	k 0 silence --url "$url"
	says ' alertname="Foo" a=~"b\.\*"$'
	k 0 silence expire --url "$url" \
		"$("$kymo" silence --url "$url" --json | jq -r '.[0].id')"
	wait_for 10 tells '^Foo +firing ' alerts --url "$url"
fi
exec 8>&-
echo "all held"
