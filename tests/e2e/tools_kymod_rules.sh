#!/usr/bin/env bash
# kymod with rules: they are evaluated over the history, alerts outlive kymod, a
# bad rule file changes nothing, and --check says what is wrong before it runs.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need curl jq python3
built kymo
kymo=$built
built kymod
kymod=$built
run=$tmp/run
mkdir -m 700 "$run"
mkdir "$tmp/rules"

get() { curl -sS --max-time 10 "http://127.0.0.1:$port$1"; }

# value SERIES: its value on the page, nothing if it is not there.
value() {
	local line
	get /metrics >"$tmp/page" || return 1
	while IFS= read -r line; do
		[ "${line% *}" != "$1" ] || printf '%s\n' "${line##* }"
	done <"$tmp/page"
}

is() { [ "$(value "$1")" = "$2" ]; }
at_least() { [ "$(value "$1" | cut -d. -f1)" -ge "$2" ]; }
logged() { grep -qE -- "$1" "$tmp/kymod.log"; }

# alerts: NAME STATE of each that is kept, from the database.
alerts() {
	python3 - "$tmp/control.db" <<'END'
import sqlite3, sys
db = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
for rule, state in db.execute("SELECT rule, state FROM alert ORDER BY rule"):
    print(rule.split("\n")[1], ("inactive", "pending", "firing")[state])
END
}
alerts_are() { [ "$(alerts)" = "$1" ]; }

# exits WANT COMMAND..: what it prints is in $tmp/out.
exits() {
	local want=$1 got=0
	shift
	"$@" >"$tmp/out" 2>&1 || got=$?
	[ $got = "$want" ] || fail "$*: exit $got, not $want: $(<"$tmp/out")"
}
says() {
	grep -qF -- "$1" "$tmp/out" || fail "not told: $1: $(<"$tmp/out")"
}

# query EXPR: the value of the one series of an answer.
query() {
	curl -sS --max-time 10 "http://127.0.0.1:$port/api/v1/query" \
		--data-urlencode "query=$1" |
		jq -r '.data.result | if length == 1 then .[0].value[1] else length end'
}
query_is() { [ "$(query "$1")" = "$2" ]; }

# reload WANT: the answer to POST /-/reload is in $tmp/out.
reload() {
	local got
	got=$(curl -sS --max-time 10 -X POST -o "$tmp/out" -w '%{http_code}' \
		"http://127.0.0.1:$port/-/reload")
	[ "$got" = "$1" ] || fail "reload: $got, not $1: $(<"$tmp/out")"
}

config() {
	cat >"$tmp/kymod.yaml" <<END
collection_interval: 50ms
evaluation_interval: 100ms
listen: 127.0.0.1:$port
directories: ["$run"]
state: "$tmp/control.db"
rule_files: [rules/*.yml]
external_labels: {region: eu}
$*
END
}

kymod_start() {
	start kymod "$kymod" --config "$tmp/kymod.yaml" --log-level info
	daemon=$started
	wait_for 10 logged ' info +ready'
}

all=$'Many firing\nSlow pending\nWas firing'
cat >"$tmp/rules/one.yml" <<'END'
groups:
- name: g
  rules:
  - record: job:jobs:sum
    expr: sum(jobs_total)
  - record: job:jobs:twice
    expr: 2 * job:jobs:sum
  - alert: Many
    expr: job:jobs:twice > 10
    labels: {severity: page}
    annotations: {summary: '{{ $value }} of {{ $externalLabels.region }}'}
  - alert: Slow
    expr: jobs_total > 5
    for: 1h
  - alert: Was
    expr: jobs_total == 7
    keep_firing_for: 1h
END

# --- check --------------------------------------------------------------------------

free_port
config
exits 0 "$kymod" --check --config "$tmp/kymod.yaml"
says "$tmp/kymod.yaml: good, 5 rules"
sed 's/for: 1h/fro: 1h/' "$tmp/rules/one.yml" >"$tmp/rules/two.yml"
exits 1 "$kymod" --check --config "$tmp/kymod.yaml"
says "rules/two.yml:14:5: a rule has no key 'fro'; is it 'for'?"
exits 1 "$kymod" --config "$tmp/kymod.yaml"
says "cannot start: $tmp/rules/two.yml:14:5:"
rm "$tmp/rules/two.yml"
config 'retention: [{step: 1s, keep: 1h}, {step: 1s, keep: 2h}]'
exits 1 "$kymod" --check --config "$tmp/kymod.yaml"
says "kymod.yaml:8:42: a step of 1s is not longer"
config "retention: {overrides: [{metrics: 'a(', keep: [1h, 0, 0]}]}"
exits 1 "$kymod" --check-config --config "$tmp/kymod.yaml"
says "kymod.yaml:8:35: "
config
sed -i 's|^rule_files.*|rule_files: none.yml|' "$tmp/kymod.yaml"
exits 1 "$kymod" --check --config "$tmp/kymod.yaml"
says "kymod.yaml:6:13: $tmp/none.yml: no such file"

# --- rules are evaluated --------------------------------------------------------------

config
kymod_start
is kymod_rules'{service="kymod"}' 5 || fail "not 5 rules"
wait_for 10 at_least 'kymod_rule_evaluations_total{service="kymod"}' 8
is 'kymod_alerts{service="kymod",state="firing"}' 0 || fail "an alert of nothing"
mkfifo "$tmp/jobs.in"
start jobs bash -c "exec '$kymo' emit --service jobs --dir '$run' <'$tmp/jobs.in'"
exec 8>"$tmp/jobs.in"
printf 'declare counter jobs_total "Jobs"\njobs_total += 7\n' >&8
wait_for 10 is 'kymod_alerts{service="kymod",state="firing"}' 2
wait_for 10 is 'kymod_alerts{service="kymod",state="pending"}' 1
wait_for 10 alerts_are "$all"
wait_for 10 query_is 'job:jobs:sum' 7
wait_for 10 query_is 'job:jobs:twice' 14
wait_for 10 query_is 'ALERTS{alertname="Many",alertstate="firing",severity="page"}' 1
wait_for 10 query_is 'sum(count_over_time(job:jobs:sum[1m])) > bool 5' 1
get /api/v1/alerts | jq -r '.data.alerts[].annotations.summary' >"$tmp/out"
says '14 of eu'
at_least 'kymod_history_series{service="kymod"}' 10 || fail "no series"
at_least 'kymod_history_samples_total{service="kymod"}' 10 || fail "no samples"
is 'kymod_rule_evaluation_failures_total{service="kymod"}' 0 || fail "a rule failed"
is 'kymod_history_twice_total{service="kymod"}' 0 || fail "twice"
is 'kymod_history_late_total{service="kymod"}' 0 || fail "late"

# --- reloads: whole or not at all -------------------------------------------------------

cp "$tmp/rules/one.yml" "$tmp/good.yml"
sed -i 's/expr: sum(jobs_total)/expr: sum(jobs_total/' "$tmp/rules/one.yml"
kill -HUP "$daemon"
wait_for 10 logged "error +reload: $tmp/rules/one.yml:.*; all stays as it was"
reload 500
says "$tmp/rules/one.yml:"
before=$(value 'kymod_rule_evaluations_total{service="kymod"}')
wait_for 10 at_least 'kymod_rule_evaluations_total{service="kymod"}' $((before + 8))
is kymod_rules'{service="kymod"}' 5 || fail "the bad file counts"
is 'kymod_alerts{service="kymod",state="firing"}' 2 || fail "the alert ended"
# One rule less; the others go on as they were.
grep -v -e twice -e 'expr: 2' "$tmp/good.yml" |
	sed 's/expr: 2.*//; /job:jobs:twice/d; /alert: Many/a\    expr: job:jobs:sum > 5' >"$tmp/rules/one.yml"
reload 200
wait_for 10 is 'kymod_config_reloads_total{service="kymod",result="ok"}' 1
# What no rule says any more has ended, at once.
wait_for 10 query_is 'job:jobs:twice' 0
is kymod_rules'{service="kymod"}' 4 || fail "not 4 rules"
wait_for 10 is 'kymod_alerts{service="kymod",state="firing"}' 2
alerts_are "$all" || fail "$(alerts)"
logged 'Many.*resolved' && fail "resolved by a reload"

# --- alerts outlive kymod ------------------------------------------------------------------

# Was is not true any more: only who remembers it lets it fire on.
echo 'jobs_total += 1' >&8
wait_for 10 is 'jobs_total{service="jobs"}' 8
before=$(value 'kymod_rule_evaluations_total{service="kymod"}')
wait_for 10 at_least 'kymod_rule_evaluations_total{service="kymod"}' $((before + 8))
is 'kymod_alerts{service="kymod",state="firing"}' 2 || fail "keep_firing_for"
killed "$daemon"
kymod_start
wait_for 10 is 'kymod_alerts{service="kymod",state="firing"}' 2
wait_for 10 is 'kymod_alerts{service="kymod",state="pending"}' 1
stop "$daemon"
[ "$stopped" = 0 ] || fail "SIGTERM: exit $stopped: $(<"$tmp/kymod.log")"
alerts_are "$all" || fail "$(alerts)"

# --- without rules there are no alerts --------------------------------------------------------

kymod_start
wait_for 10 is 'kymod_alerts{service="kymod",state="firing"}' 2
rm "$tmp/rules/one.yml"
reload 200
wait_for 10 is 'kymod_alerts{service="kymod",state="firing"}' 0
is 'kymod_alerts{service="kymod",state="pending"}' 0 || fail "still pending"
stop "$daemon"
[ "$stopped" = 0 ] || fail "SIGTERM: exit $stopped: $(<"$tmp/kymod.log")"
exec 8>&-
echo "all held"
