#!/usr/bin/env bash
# kymod notifies: a rule that fires is a message, and so is its end; one that waits
# when kymod is killed arrives once under its id; a reload takes over routes whole
# or not at all; --check says what is wrong with them.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/testlib/sink.sh"
testlib_begin
need curl python3
built kymo
kymo=$built
built kymod
kymod=$built
run=$tmp/run
mkdir -m 700 "$run"

# --- a receiver: each request is a line "ANSWER PATH ID STATUS ALERTS TOKEN" ------------

sink_start '{answer} {path} {id} {status} {alerts} {auth} {url}'

# heard PATTERN: how many requests were like this.
heard() { grep -cE -- "$1" "$tmp/heard" || true; }
heard_is() { [ "$(heard "$1")" = "$2" ]; }
heard_any() { grep -qE -- "$1" "$tmp/heard"; }
logged() { grep -qE -- "$1" "$tmp/kymod.log"; }

# is SERIES VALUE: on the page.
is() {
	curl -sS --max-time 10 "http://127.0.0.1:$port/metrics" >"$tmp/page" &&
		grep -qxF -- "$1 $2" "$tmp/page"
}
says() {
	grep -qF -- "$1" "$tmp/out" || fail "not told: $1: $(<"$tmp/out")"
}
reload() {
	local got
	got=$(curl -sS --max-time 10 -X POST -o "$tmp/out" -w '%{http_code}' \
		"http://127.0.0.1:$port/-/reload")
	[ "$got" = "$1" ] || fail "reload: $got, not $1: $(<"$tmp/out")"
}

# routes PATH: to the sink.
routes() {
	cat >"$tmp/routes.yml" <<END
kymo: {}
route: {receiver: team, group_interval: 100ms}
receivers:
- name: team
  webhook_configs:
  - url: http://127.0.0.1:$sink$1
    http_config: {authorization: {credentials_file: token}}
  - url: http://127.0.0.1:$sink/second
    send_resolved: false
    http_config: {authorization: {credentials: in-the-file}}
END
}

kymod_start() {
	start kymod "$kymod" --config "$tmp/kymod.yaml" --log-level debug
	daemon=$started
	wait_for 10 logged ' info +ready'
}

free_port
echo 'beside-it' >"$tmp/token"
cat >"$tmp/kymod.yaml" <<END
collection_interval: 50ms
evaluation_interval: 50ms
listen: 127.0.0.1:$port
directories: ["$run"]
state: "$tmp/control.db"
rule_files: rules.yml
alerting: {routes: routes.yml}
external_url: http://kymo.example.org
END
cat >"$tmp/rules.yml" <<'END'
groups:
- name: g
  rules:
  - alert: Deep
    expr: depth > 5
    annotations: {summary: 'depth={{ $value }}'}
END

# --- check ------------------------------------------------------------------------------

routes /first
"$kymod" --check --config "$tmp/kymod.yaml" >"$tmp/out" 2>&1 || fail "$(<"$tmp/out")"
says "kymod.yaml: good, 1 rule, 2 ways to receivers"
# check TEXT SED..: what is wrong with the routes.
check() {
	local text=$1
	shift
	routes /first
	sed -i "$@" "$tmp/routes.yml"
	! "$kymod" --check --config "$tmp/kymod.yaml" >"$tmp/out" 2>&1 ||
		fail "good: $*"
	says "$text"
}
check "$tmp/routes.yml:2:19: " 's/receiver: team,/receiver: tema,/'
check 'routes.yml:7:5: timeout of receiver team' 's|^  - url: \(.*\)/first|&\n    timeout: soon|'
check 'routes.yml:7:74: http_config.tls_config.insecure_skip_verify of receiver team' \
	's/{credentials_file: token}/&, tls_config: {insecure_skip_verify: true}/'
check 'receiver team/webhook/0: the URL' "s|http://127.0.0.1:$sink/first|http://|"
rm "$tmp/routes.yml"
! "$kymod" --check --config "$tmp/kymod.yaml" >"$tmp/out" 2>&1 || fail "no routes"
says "$tmp/routes.yml: "

# --- it fires, and it is over -------------------------------------------------------------

routes /first
kymod_start
mkfifo "$tmp/jobs.in"
start jobs bash -c "exec '$kymo' emit --service jobs --dir '$run' <'$tmp/jobs.in'"
exec 8>"$tmp/jobs.in"
printf 'declare gauge depth "Depth"\ndepth = 7\n' >&8
wait_for 10 heard_any \
	'^200 /first msg_[^ ]+ firing Deep:depth=7 Bearer beside-it http://kymo.example.org$'
wait_for 10 heard_any '^200 /second msg_[^ ]+ firing Deep:depth=7 Bearer in-the-file '
heard_is resolved 0 || fail "resolved: $(<"$tmp/heard")"
echo 'depth = 1' >&8
wait_for 10 heard_any '^200 /first msg_[^ ]+ resolved Deep:depth=7 '
wait_for 10 is 'kymod_notifications_delivered_total{service="kymod"}' 3
is 'kymod_notifications_waiting{service="kymod"}' 0 || fail "one waits"
heard_is . 3 || fail "not 3: $(<"$tmp/heard")"

# --- killed while the receiver is away ------------------------------------------------------

: >"$tmp/heard"
echo 503 >"$tmp/all.answer"
echo 'depth = 9' >&8
wait_for 10 heard_any '^503 /first msg_[^ ]+ firing Deep:depth=9 '
wait_for 10 is 'kymod_notifications_waiting{service="kymod"}' 2
killed "$daemon"
tried=$(grep -m1 '^503 /first' "$tmp/heard" | cut -d' ' -f3)
rm "$tmp/all.answer"
heard_is '^200' 0 || fail "taken while it was away"
kymod_start
wait_for 10 heard_any "^200 /first $tried firing Deep:depth=9 "
wait_for 10 heard_any '^200 /second msg_[^ ]+ firing Deep:depth=9 '
echo 'depth = 1' >&8
wait_for 10 heard_any '^200 /first msg_[^ ]+ resolved Deep:depth=9 '
heard_is '^200 /first msg_[^ ]+ firing' 1 || fail "twice: $(<"$tmp/heard")"
heard_is '^200 ' 3 || fail "not 3: $(<"$tmp/heard")"

# --- reloads: whole or not at all ------------------------------------------------------------

routes /third
sed -i 's/receiver: team,/receiver: tema,/' "$tmp/routes.yml"
reload 500
says "$tmp/routes.yml:2:19: "
echo 'depth = 11' >&8
wait_for 10 heard_any '^200 /first msg_[^ ]+ firing Deep:depth=11 '
routes /third
reload 200
# Who heard that it fires hears that it is over, where that now goes.
echo 'depth = 1' >&8
wait_for 10 heard_any '^200 /third msg_[^ ]+ resolved Deep:depth=11 '
# A receiver that is called otherwise now has what waited for it before.
echo 503 >"$tmp/all.answer"
echo 'depth = 12' >&8
wait_for 10 heard_any '^503 /third msg_[^ ]+ firing Deep:depth=12 '
tried=$(grep -m1 '^503 /third .* firing Deep:depth=12 ' "$tmp/heard" | cut -d' ' -f3)
sed -i 's/\bteam\b/crew/' "$tmp/routes.yml"
reload 200
rm "$tmp/all.answer"
wait_for 10 heard_any "^200 /third $tried firing Deep:depth=12 "
is 'kymod_notifications_dead{service="kymod"}' 0 || fail "a dead letter: $(<"$tmp/kymod.log")"
routes /third
reload 200
echo 'depth = 1' >&8
wait_for 10 heard_any '^200 /third msg_[^ ]+ resolved Deep:depth=12 '
# Nobody is told any more.
sed -i /^alerting/d "$tmp/kymod.yaml"
reload 200
echo 'depth = 13' >&8
wait_for 10 is 'kymod_alerts{service="kymod",state="firing"}' 1
echo 'alerting: {routes: routes.yml}' >>"$tmp/kymod.yaml"
reload 200
wait_for 10 heard_any '^200 /third msg_[^ ]+ firing Deep:depth=13 '
# The rule is gone, and so is its alert.
sed -i /^rule_files/d "$tmp/kymod.yaml"
reload 200
wait_for 10 heard_any '^200 /third msg_[^ ]+ resolved Deep:depth=13 '
stop "$daemon"
[ "$stopped" = 0 ] || fail "SIGTERM: exit $stopped: $(<"$tmp/kymod.log")"
! grep -q -e in-the-file -e beside-it "$tmp/kymod.log" || fail "a secret in the log"
exec 8>&-
echo "all held"
