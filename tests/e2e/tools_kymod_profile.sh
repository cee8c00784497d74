#!/usr/bin/env bash
# An alert that fires has its service's process looked at, by perf where there is
# one that may, and by a program in its place for the rest: the profile is linked
# from the alert and from messages, kept over a restart, read by who may; what
# could not be is said; strangers' numbers, floods and broken settings are not
# followed.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need curl jq python3
built kymo
kymo=$built
built kymod
kymod=$built
run=$tmp/run
mkdir -m 700 "$run" "$tmp/do"
free_port
KYMO_URL=http://127.0.0.1:$port
export KYMO_URL

# --- in perf's place: it says what it was called with, and what perf would ---------------

cat >"$tmp/perf" <<END
#!/bin/sh
echo "\$@" >>"$tmp/perf.log"
pid=\$(echo "\$@" | sed -n 's/.* -p \\([0-9,]*\\) .*/\\1/p')
case \$1 in
record) [ ! -e "$tmp/refuse" ] || { echo "no luck today" >&2; exit 1; }
	while [ -e "$tmp/hold" ]; do sleep 0.05; done
	echo "\${pid%%,*}" >"$tmp/perf.pid" ;;
script) pid=\$(cat "$tmp/perf.pid")
	printf 'busy %s/%s \\n\\t 1 evil;\\033[2J<b> (/x/a.out)\\n\\t 2 main (/x/a.out)\\n\\n' \$pid \$pid
	printf 'busy 1/1 \\n\\t 1 secret (/x/a.out)\\n\\n' ;;
esac
END
chmod 700 "$tmp/perf"

config() {
	cat >"$tmp/kymod.yaml" <<END
collection_interval: 50ms
evaluation_interval: 50ms
listen: 127.0.0.1:$port
directories: ["$run"]
state: "$tmp/state/control.db"
rule_files: rules.yml
alerting: {routes: routes.yml}
$*
END
}
cat >"$tmp/rules.yml" <<'END'
groups:
- name: g
  rules:
  - {alert: NoService1, expr: max(burning) > 0, labels: {profile: "true"}}
  - {alert: NoService2, expr: max(burning) > 0, labels: {profile: "true"}}
  - {alert: NoService3, expr: max(burning) > 0, labels: {profile: "true"}}
  - {alert: NoService4, expr: max(burning) > 0, labels: {profile: "true"}}
  - alert: Burning
    expr: max by (service) (burning) > 0
    labels: {profile: "true"}
    annotations: {summary: it burns}
  - alert: Other
    expr: max by (service) (burning) > 0
END
free_port
sink=$port
cat >"$tmp/routes.yml" <<END
kymo: {}
route: {receiver: team, group_wait: 0s, group_interval: 50ms, repeat_interval: 1h}
receivers:
- name: team
  webhook_configs: [{url: "http://127.0.0.1:$sink/"}]
END
cat >"$tmp/sink.py" <<'END'
import http.server, sys

class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        with open(sys.argv[2], 'ab') as heard:
            heard.write(self.rfile.read(int(self.headers['content-length'])) + b'\n')
        self.send_response(200)
        self.send_header('content-length', '0')
        self.end_headers()

    def log_message(self, *args):
        pass

http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Sink).serve_forever()
END
: >"$tmp/heard"
start sink python3 "$tmp/sink.py" "$sink" "$tmp/heard"
port=${KYMO_URL##*:}
mkdir -m 700 "$tmp/state"

logged() { grep -qE -- "$1" "$tmp/kymod.log"; }
get() { curl -sS --max-time 10 -o "$tmp/out" -w '%{http_code}' "$KYMO_URL$1" "${@:2}"; }
annotation() {
	curl -sS --max-time 10 \
		"$KYMO_URL/api/v2/alerts?filter=alertname%3D$1&filter=service%3D$service" |
		jq -r ".[0].annotations.$2 // \"\""
}
says_of() { annotation "$1" "$2" | grep -qE -- "$3"; }
counted() {
	curl -sS --max-time 10 "$KYMO_URL/metrics" |
		grep -qxE "kymod_profiles_total\{service=\"kymod\",result=\"$1\"\} $2"
}
# serve NAME: a service more; burn and calm are of the last. One that was looked at
# a moment ago is not looked at again.
serve() {
	service=$1
	KYMO_DIR=$run start "$1" "$top_builddir/tests/e2e/busy_main" "$1" "$tmp/do"
}
burn() { touch "$tmp/do/$service.burn"; }
calm() {
	rm -f "$tmp/do/$service.burn"
	wait_for 10 quiet
}
quiet() {
	[ "$(curl -sS --max-time 10 "$KYMO_URL/api/v2/alerts" | jq length)" = 0 ]
}
kymod_start() {
	start kymod "$kymod" --config "$tmp/kymod.yaml" --log-level debug
	daemon=$started
	wait_for 10 logged ' info +ready'
}

serve shop
shop=$started

# --- settings that are wrong ---------------------------------------------------------------

# wrong PLACE TEXT PROFILES
wrong() {
	config "profiles: $3"
	! "$kymod" --check --config "$tmp/kymod.yaml" >"$tmp/out" 2>&1 ||
		fail "good: $3"
	grep -qF -- "kymod.yaml$1: " "$tmp/out" || fail "not told: $1: $(<"$tmp/out")"
	grep -qF -- "$2" "$tmp/out" || fail "not told: $2: $(<"$tmp/out")"
}
wrong :8:12 "did you mean 'enabled'?" '{enable: true}'
wrong :8:21 "alerts of profiles are chosen as 'severity=" "{alerts: ['a > b']}"
mkdir "$tmp/open"
cp "$tmp/perf" "$tmp/open/perf"
chmod 777 "$tmp/open"
wrong '' "may change $tmp/open; chown and chmod go-w it" \
	"{enabled: true, command: $tmp/open/perf}"

# --- off, if nobody says else ---------------------------------------------------------------

config ''
kymod_start
[ "$(get /profiles)" = 404 ] || fail "profiles: $(<"$tmp/out")"
burn
wait_for 10 says_of Burning summary burns
[ -z "$(annotation Burning profile)" ] || fail "a profile nobody wanted"
[ ! -e "$tmp/state/profiles" ] || fail "a folder nobody wanted"
calm

# --- taken ------------------------------------------------------------------------------------

config "profiles: {enabled: true, command: \"$tmp/perf\", duration: 1s, per_hour: 4}"
[ "$(get /-/reload -X POST)" = 200 ] || fail "reload: $(<"$tmp/out")"
touch "$tmp/hold"
burn
wait_for 10 says_of Burning profile 'it is being taken'
rm "$tmp/hold"
wait_for 10 says_of Burning profile "^$KYMO_URL/profiles/[0-9TZ]+-[0-9a-f]{16}$"
[ "$(annotation Burning hottest)" = '100% evil:?[2J<b> (a.out)' ] ||
	fail "hottest: $(annotation Burning hottest)"
[ -z "$(annotation Other profile)" ] || fail "an alert that nobody chose"
# Of no service there is none, and that is none of the four an hour.
curl -sS --max-time 10 "$KYMO_URL/api/v2/alerts" >"$tmp/out"
jq -e '[.[].annotations.profile // "" | select(test("^none: its alert has no label service"))] |
	length == 4' "$tmp/out" >/dev/null || fail "without a service: $(<"$tmp/out")"
url=$(annotation Burning profile)
path=${url#"$KYMO_URL"}
grep -qF -- "-p $shop -- sleep 1" "$tmp/perf.log" || fail "$(<"$tmp/perf.log")"
[ "$(get "$path")" = 200 ] || fail "$path: $(<"$tmp/out")"
grep -qxF "profile of shop, process $shop" "$tmp/out" || fail "$(<"$tmp/out")"
grep -qF 'for {alertname="Burning", profile="true", service="shop"}' "$tmp/out" ||
	fail "$(<"$tmp/out")"
grep -qF '1 samples, 1 left out' "$tmp/out" || fail "$(<"$tmp/out")"
! grep -qF secret "$tmp/out" || fail "another's samples: $(<"$tmp/out")"
[ "$(get "$path.folded")" = 200 ] || fail "folded: $(<"$tmp/out")"
[ "$(<"$tmp/out")" = 'busy;main (a.out);evil:?[2J<b> (a.out) 1' ] || fail "$(<"$tmp/out")"
curl -sSI --max-time 10 "$url" >"$tmp/out"
grep -qi '^content-type: text/plain' "$tmp/out" || fail "$(<"$tmp/out")"
grep -qi nosniff "$tmp/out" || fail "$(<"$tmp/out")"
[ "$(get /profiles)" = 200 ] || fail "$(<"$tmp/out")"
grep -qF "$path  profile of shop" "$tmp/out" || fail "$(<"$tmp/out")"
for strange in /profiles/.. /profiles/%2e%2e%2fcontrol.db /profiles/x /profiles/x/y \
	"$path.txt" "$path/" "/profiles/$(printf 'a%.0s' {1..500})"; do
	[ "$(get "$strange" --path-as-is)" = 404 ] || fail "$strange: $(<"$tmp/out")"
done
[ "$(get "$path" -H 'Host: evil.example')" = 421 ] || fail "by another's name"
modes=$(stat -c '%a' "$tmp/state/profiles" "$tmp/state/profiles/"*)
[ "$modes" = $'700\n600\n600' ] || fail "modes: $modes"
"$kymo" alerts show Burning >"$tmp/out" || fail "$(<"$tmp/out")"
grep -qF "$url" "$tmp/out" || fail "show: $(<"$tmp/out")"

# Its end is a message that has it.
calm
heard_link() {
	jq -es --arg url "$url" 'any(.[]; any(.alerts[];
		.annotations.profile == $url and .status == "resolved"))' "$tmp/heard" \
		>"$tmp/out" 2>&1
}
wait_for 10 heard_link

# --- what could not be is said -----------------------------------------------------------------

touch "$tmp/refuse"
# The same again, at once: what was seen is still true.
burn
wait_for 10 says_of Burning profile "^$url$"
calm
serve second
burn
wait_for 10 says_of Burning profile 'none: .*perf ended with 1: no luck today'
calm
rm "$tmp/refuse"
mv "$tmp/perf" "$tmp/perf.away"
serve third
burn
wait_for 10 says_of Burning profile 'none: .*No such file.*linux-perf'
calm
mv "$tmp/perf.away" "$tmp/perf"
# Four an hour: one is left.
serve fourth
burn
wait_for 10 says_of Burning profile /profiles/
calm
serve fifth
burn
wait_for 10 says_of Burning profile 'none: others were being taken, or 4 were in the last hour'
wait_for 10 counted taken 2
wait_for 10 counted not_installed 1
wait_for 10 counted failed 1
wait_for 10 counted limited 1
wait_for 10 counted gone 1

# --- over a restart, and to whom -----------------------------------------------------------------

stop "$daemon"
config "profiles: {enabled: true, command: \"$tmp/perf\", duration: 1s, per_hour: 4, readers: none}"
kymod_start
[ "$(get "$path")" = 403 ] || fail "read by who may not: $(<"$tmp/out")"
config "profiles: {enabled: true, command: \"$tmp/perf\", duration: 1s, per_hour: 4}"
[ "$(get /-/reload -X POST)" = 200 ] || fail "reload: $(<"$tmp/out")"
[ "$(get "$path")" = 200 ] || fail "after a restart: $(<"$tmp/out")"
calm

# --- perf itself ------------------------------------------------------------------------------------

perf=$(command -v perf || true)
if [ -z "$perf" ] || ! "$perf" record -o "$tmp/perf.data" -p $$ -- true >"$tmp/out" 2>&1; then
	echo "LEFT OUT: perf itself: $(tail -1 "$tmp/out" 2>/dev/null || true)${perf:-none is installed}"
	exit 0
fi
config "profiles: {enabled: true, command: \"$perf\", duration: 1s, per_hour: 60}"
stop "$daemon"
kymod_start
burn
wait_for 20 says_of Burning profile "/profiles/"
says_of Burning hottest 'busy_burn' || fail "perf: $(annotation Burning hottest)"
path=$(annotation Burning profile)
[ "$(get "${path#"$KYMO_URL"}.folded")" = 200 ] || fail "perf: $(<"$tmp/out")"
grep -qE '^busy_main;(.*;)?busy_burn \(busy_main\) [0-9]+$' "$tmp/out" ||
	fail "perf: $(<"$tmp/out")"
