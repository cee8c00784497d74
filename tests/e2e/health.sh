#!/usr/bin/env bash
# Faults injected for real: a process that hangs, leaks, slows by 5 %, dies at
# once, dies at start; a dependency that blinks; checks of every kind. What fails
# is named and brought back, and that is counted, also over a restart of kymod.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need curl jq python3 openssl script
skip_under thread "its posix_spawn is slow"
built kymo
kymo=$built
built kymod
kymod=$built
built tests/e2e/health_main
service=$built
run=$tmp/run
mkdir -m 700 "$run"
export KYMO_DIR=$run

get() { curl -sS --max-time 10 "http://127.0.0.1:$port_kymod$1"; }
# A kymod that is busy says so, and is asked again.
state() {
	local answer i
	for ((i = 0; i < 20; i++)); do
		answer=$(get /-/health)
		[[ $answer != *'"components"'* ]] || break
		sleep 0.1
	done
	jq -r ".components[] | select(.component == \"$1\") | $2" <<<"$answer"
}
is() { [ "$(state "$1" .state)" = "$2" ]; }
# value SERIES: its value on the page.
value() { get /metrics | grep -F "$1 " | cut -d' ' -f2; }
value_is() { [ "$(value "$1")" = "$2" ]; }

free_port
port_kymod=$port
export KYMO_URL=http://127.0.0.1:$port_kymod
free_port
port_http=$port
free_port
port_tls=$port

# ---- services, and how they come back ------------------------------------------

# What a service manager does: the old one goes, a new one comes.
cat >"$tmp/restart" <<END
#!/bin/bash
[ ! -e $tmp/\$1.pid ] || kill -KILL "\$(<$tmp/\$1.pid)" 2>/dev/null || true
/bin/rm -f $tmp/\$1.hang $tmp/\$1.leak
KYMO_DIR=$run LD_LIBRARY_PATH=$LD_LIBRARY_PATH /usr/bin/setsid $service \$1 $tmp \
	</dev/null >/dev/null 2>&1 &
echo \$! >$tmp/\$1.pid
echo "\$KYMO_COMPONENT" >>$tmp/restarts
END
chmod 700 "$tmp/restart"
for name in web slow leak; do
	KYMO_COMPONENT='' "$tmp/restart" "$name"
done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \
	-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
	-keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null
start http python3 "$top_srcdir/tests/e2e/health.py" "$port_http" "$port_tls" "$tmp"
wait_for 10 grep -q listening "$tmp/http.log"

# Of a process of ours says a region of somebody else whom we read: root alone can
# make one.
trusted='[]'
if [ "$(id -u)" = 0 ]; then
	trusted='[65534]'
	start named "$service" named "$tmp"
	pid_named=$started
	region_there() { ls "$run"/*named* >/dev/null 2>&1; }
	wait_for 10 region_there
	chown 65534 "$run"/*named*
fi

config() {
	cat >"$tmp/kymod.yaml" <<END
collection_interval: 50ms
evaluation_interval: 50ms
listen: 127.0.0.1:$port_kymod
directories: ["$run"]
trusted_users: $trusted
state: "$tmp/control.db"
rule_files: ["$(realpath "$top_srcdir/schema/health.rules.yml")"]
components:
  web:
    checks:
    - {process: web, interval: 50ms}
    - {heartbeat: web, interval: 50ms, within: 500ms}
    recovery:
      actions: {command: [$tmp/restart, web]}
      verify: 800ms
      backoff: 100ms
      backoff_max: 200ms
      per_hour: 5
  slow: {degradation: {latency: work_seconds, service: slow}, checks: {process: slow}}
  leak:
    checks:
    - promql: process_resident_memory_bytes{service="leak"} < bool 60e6
      interval: 100ms
      failures: 1
    recovery: {actions: {signal: TERM}, verify: 1m, per_hour: 1}
  named:
    checks: {promql: vector(0), interval: 50ms, failures: 1}
    recovery: {actions: {signal: TERM}, after: 2s, verify: 1m, per_hour: 1}
  owned: {recovery: {actions: {command: [/usr/bin/touch, $tmp/lied]}, verify: 1m}}
  db:
    checks: {command: [/usr/bin/test, '!', -e, $tmp/db.down], interval: 50ms,
      timeout: 2s, failures: 1, successes: 1}
  api:
    depends_on: db
    checks: {http: "http://127.0.0.1:$port_http/health", interval: 50ms,
      timeout: 1s, failures: 1, successes: 1, contains: database, matches: 'fi+ne'}
    recovery: {actions: {http: "http://127.0.0.1:$port_http/mend"},
      verify: 2s, per_hour: 1}
  edge: {depends_on: api, checks: {tcp: "127.0.0.1:$port_http", interval: 50ms}}
  cert:
    checks:
    - {http: "https://127.0.0.1:$port_tls/", ca_file: $tmp/cert.pem,
      interval: 100ms, certificate_days: 5}
    - {http: "https://127.0.0.1:$port_tls/", ca_file: $tmp/cert.pem, means: degraded,
      interval: 100ms, certificate_days: 14, failures: 1}
  stranger:
    checks: {http: "https://127.0.0.1:$port_tls/", interval: 100ms, failures: 1}
  nobody: {checks: {tcp: "127.0.0.1:1", interval: 50ms}}
  unseen: {checks: {command: [/nonexistent/program], interval: 50ms, failures: 1}}
  late: {checks: {command: [/usr/bin/sleep, "600"], interval: 50ms, timeout: 100ms}}
$*
END
}
config
start kymod "$kymod" -c "$tmp/kymod.yaml"
pid_kymod=$started
wait_for 20 is web ok

# ---- checks of every kind ---------------------------------------------------------

for name in slow leak db api edge; do
	wait_for 20 is "$name" ok
done
wait_for 20 is cert degraded
state cert .reason | grep -q '^http_2: the certificate ends in [89]\.' ||
	fail "certificate: $(state cert .reason)"
wait_for 20 is stranger failing
state stranger .reason | grep -qi certificate || fail "$(state stranger .reason)"
wait_for 20 is nobody failing
wait_for 20 is unseen unknown
wait_for 20 is late failing
[ "$(state late .reason)" = "command: no answer within 0.1 s" ] ||
	fail "late: $(state late .reason)"
# programs: how many of its command kymod has now.
programs() {
	tr ' ' '\n' < <(cat /proc/"$pid_kymod"/task/*/children) |
		while read -r child; do
			{ tr '\0' ' ' <"/proc/$child/cmdline"; echo; } 2>/dev/null
		done | grep -c '^/usr/bin/sleep 600' || true
}
one_runs() { [ "$(programs)" = 1 ]; }
wait_for 20 one_runs
[ "$(programs)" -le 1 ] || fail "programs were left behind"
# It reports itself, and nobody configured it.
wait_for 20 is reporter ok
touch "$tmp/web.bad"
wait_for 20 is reporter failing
[ "$(state reporter .reason)" = "its disk is full" ] || fail "no reason"
rm "$tmp/web.bad"
wait_for 20 is reporter ok
[ "$(value 'kymo_component_health{component="web",state="ok"}')" = 1 ] ||
	fail "not on the page"
echo "checks: ok"

# ---- a process that hangs; one that dies at once --------------------------------------

touch "$tmp/web.hang"
successes='kymo_component_recovery_successes_total{component="web"}'
attempts='kymo_component_recovery_attempts_total{component="web"}'
wait_for 20 value_is "$successes" 1
is web ok || fail "hung, and not well"
kill -KILL "$(<"$tmp/web.pid")"
wait_for 20 value_is "$successes" 2
is web ok || fail "killed, and not well"
value_is "$attempts" 2 || fail "$(value "$attempts") attempts"
[ "$(sort -u "$tmp/restarts" | tr '\n' ,)" = ,web, ] || fail "$(<"$tmp/restarts")"
echo "a process that hung and one that was killed came back"

# ---- one that leaks: a signal, to that process --------------------------------------------

pid=$(<"$tmp/leak.pid")
touch "$tmp/leak.leak"
gone() { ! kill -0 "$pid" 2>/dev/null; }
wait_for 20 gone
value_is 'kymo_component_recovery_attempts_total{component="leak"}' 1 ||
	fail "it went by itself"
echo "a process that leaked was told to end"

# ---- one that somebody else names ------------------------------------------------------------

wait_for 20 value_is 'kymo_component_recovery_attempts_total{component="named"}' 1
if [ "$trusted" != '[]' ]; then
	kill -0 "$pid_named" || fail "whom we read chose whom we ended"
	state named .recovery.note | grep -q "there is no process of 'named'" ||
		fail "$(state named .recovery.note)"
fi
echo "a process that somebody else names was left alone"

# What somebody else says of a component starts nothing; what root's process says
# does.
if [ "$trusted" != '[]' ]; then
	touch "$tmp/named.lie"
	refused() {
		state owned .refused | grep -q '^user 65534, whom users does not name, says that it is failing'
	}
	wait_for 20 refused
	is owned unknown || fail "owned: $(state owned .state)"
	"$kymo" health owned >"$tmp/tree"
	grep -q '^    - report: user 65534, .*: so it says$' "$tmp/tree" ||
		fail "$(<"$tmp/tree")"
	value_is 'kymo_component_recovery_attempts_total{component="owned"}' 0 ||
		fail "whom we read started a recovery"
fi
touch "$tmp/web.lie"
wait_for 20 test -e "$tmp/lied"
rm -f "$tmp/web.lie"
echo "a report of somebody else started nothing"

# ---- a dependency that blinks ---------------------------------------------------------------

touch "$tmp/db.down"
wait_for 20 is db failing
wait_for 20 is api failing
[ "$(state api .root)" = db ] || fail "the root is not named: $(get /-/health)"
"$kymo" health >"$tmp/tree" && fail "exit 0 while db fails"
grep -q '^  api  failing [0-9.]* *m*s, since .*, as db fails; http: ' "$tmp/tree" ||
	fail "$(<"$tmp/tree")"
grep -q '^    db  failing [0-9.]* *m*s, since ' "$tmp/tree" || fail "$(<"$tmp/tree")"
# The first line is what a person who was woken reads.
head -n 1 "$tmp/tree" | grep -q '; 1 of them as another fails; look at .*db' ||
	fail "$(<"$tmp/tree")"
# Not the checks of who is well, unless asked; no colour, for it is no terminal.
grep -q '^    - process' "$tmp/tree" && fail "$(<"$tmp/tree")"
"$kymo" health -v | grep -q '^    - process   *ok' || fail "no checks"
grep -q "$(printf '\033')" "$tmp/tree" && fail "colours in a file"
script -qec "$kymo health" /dev/null </dev/null | grep -q "$(printf '\033')\[1;31mfailing" ||
	fail "no colours on a terminal"
# Of one alone that hangs, by its name.
got=0
"$kymo" health --nagios api >"$tmp/out" || got=$?
[ $got = 2 ] || fail "nagios: exit $got"
grep -q '^KYMO CRITICAL - api failing, as db fails (http: ' "$tmp/out" || fail "$(<"$tmp/out")"
got=0
"$kymo" health --nagios --url http://127.0.0.1:1 >"$tmp/out" 2>/dev/null || got=$?
[ $got = 3 ] || fail "nagios: exit $got"
grep -qx 'KYMO UNKNOWN - kymod cannot be asked' "$tmp/out" || fail "$(<"$tmp/out")"
[ "$(curl -sS -o "$tmp/out" -w '%{http_code}' "$KYMO_URL/-/health")" = 503 ] ||
	fail "/-/health is not 503"
rm "$tmp/db.down"
wait_for 20 is db ok
wait_for 20 is api ok
[ ! -e "$tmp/posts" ] || fail "what hung was mended"
# By itself it is.
touch "$tmp/http.hang"
wait_for 20 test -e "$tmp/posts"
grep -qx /mend "$tmp/posts" || fail "$(<"$tmp/posts")"
rm "$tmp/http.hang"
wait_for 20 is api ok
echo "a dependency that blinked was named; what hung was left alone"

# ---- one that dies at start: attempts end, somebody is told -------------------------------

touch "$tmp/web.die"
kill -KILL "$(<"$tmp/web.pid")"
failed='kymo_component_recovery_failed{component="web"}'
wait_for 30 value_is "$failed" 1
value_is "$attempts" 5 || fail "$(value "$attempts") attempts, not 5"
value_is "$successes" 2 || fail "$(value "$successes") successes"
fires() {
	get /api/v1/alerts | jq -e ".data.alerts[] | select(.state == \"firing\"
		and .labels.alertname == \"$1\" and .labels.component == \"$2\")"
}
wait_for 20 fires ComponentRecoveryFailed web
got=0
"$kymo" health --nagios web >"$tmp/out" || got=$?
[ $got = 2 ] || fail "nagios: exit $got: $(<"$tmp/out")"
grep -q '^KYMO CRITICAL - web failing (process: no process of .web. is alive)|ok=0 ' \
	"$tmp/out" || fail "$(<"$tmp/out")"
echo "one that dies at start was given up: $(<"$tmp/out")"

# ---- one that slows by 5 %: its own past is what it is compared to ------------------------

# It has learned when it was seen often enough.
learned() {
	get "/api/v1/query?query=count_over_time(process_threads%7Bservice=%22slow%22%7D%5B5m%5D)" |
		jq -e '.data.result[0].value[1] | tonumber > 200'
}
wait_for 40 learned
touch "$tmp/slow.slow"
wait_for 40 is slow degraded
state slow .reason | grep -q '^requests take .* % longer than they did$' ||
	fail "$(state slow .reason)"
echo "one that slowed by 5 % is degraded: $(state slow .reason)"

# ---- kymod begins anew: the budget is spent still -----------------------------------------

stop "$pid_kymod"
[ "$stopped" = 0 ] || fail "kymod: exit $stopped: $(<"$tmp/kymod.log")"
start kymod "$kymod" -c "$tmp/kymod.yaml"
pid_kymod=$started
wait_for 20 is web failing
wait_for 20 value_is "$attempts" 5
value_is "$failed" 1 || fail "forgotten that it failed"
# So is what it learned: sooner than it could have anew.
wait_for 3 is slow degraded
rm "$tmp/web.die"
"$tmp/restart" web
wait_for 20 is web ok
wait_for 20 value_is "$failed" 0

# ---- a reload -----------------------------------------------------------------------------------

config "  more: {checks: {tcp: '127.0.0.1:$port_http'}}"
curl -sS -X POST "$KYMO_URL/-/reload" >"$tmp/out"
wait_for 20 is more ok
value_is "$attempts" 5 || fail "a reload forgot"
config "  more: {depends_on: mroe}"
curl -sS -X POST "$KYMO_URL/-/reload" >"$tmp/out"
grep -q "there is no component 'mroe'; did you mean 'more'" "$tmp/out" ||
	fail "$(<"$tmp/out")"
config "  more: {checks: {promql: 'rate(x)'}}"
"$kymod" --check -c "$tmp/kymod.yaml" 2>"$tmp/out" && fail "taken: rate(x)"
grep -q "kymod.yaml:[0-9]*:[0-9]*: the expression's 1:" "$tmp/out" ||
	fail "$(<"$tmp/out")"
is more ok || fail "a bad reload changed something"

stop "$pid_kymod"
[ "$stopped" = 0 ] || fail "kymod: exit $stopped: $(<"$tmp/kymod.log")"
