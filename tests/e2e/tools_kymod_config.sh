#!/usr/bin/env bash
# What kymod's configuration switches: components of a real server, all of it,
# the history; and what a reload takes over, all or nothing, while scans go on.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need curl jq
built kymod
kymod=$built
run=$tmp/run
mkdir -m 700 "$run"

get() { curl -sS --max-time 10 "http://127.0.0.1:$port$1"; }
has() { get /metrics | grep -q "^$1"; }
has_not() { ! has "$1"; }
logged() { grep -qE -- "$1" "$tmp/kymod.log"; }
# query_is EXPR WANT: the value of its one series, else how many there are.
query_is() {
	[ "$(curl -sS --max-time 10 "http://127.0.0.1:$port/api/v1/query" \
		--data-urlencode "query=$1" | jq -r '.data.result |
		if length == 1 then .[0].value[1] else length end')" = "$2" ]
}
config() {
	cat >"$tmp/kymod.yaml" <<END
collection_interval: 50ms
evaluation_interval: 50ms
listen: 127.0.0.1:$port
directories: ["$run"]
state: "$tmp/state/control.db"
$*
END
}
reload() {
	local got
	got=$(curl -sS --max-time 10 -X POST -o "$tmp/out" -w '%{http_code}' \
		"http://127.0.0.1:$port/-/reload")
	[ "$got" = 200 ] || fail "reload: $got: $(<"$tmp/out")"
}

free_port
web=$port
KYMO_DIR=$run start httpd "$top_builddir/examples/httpd/httpd" --port "$web"
wait_for 10 curl -sf "http://127.0.0.1:$web/items/1"
httpd=$started
free_port
config 'components:
  store: {enabled: false}
  http: {metrics: {exclude: [http_connections]}, collection_interval: 5m}'
start kymod "$kymod" --config "$tmp/kymod.yaml"
daemon=$started
wait_for 10 logged ' info +ready'
logged "history is kept in $tmp/state/history.db" || fail "no history"

# --- components ---------------------------------------------------------------------------

wait_for 10 has 'http_requests_total'
has_not 'cache_lookups_total' || fail "store is not enabled"
has_not 'http_connections_total' || fail "http_connections is excluded"
wait_for 10 query_is 'count(http_requests_total)' 4
query_is 'count(cache_lookups_total)' 0 || fail "store is in the history"
# The page goes on; the history has it as it was, and without holes.
items='http_requests_total{service="httpd",method="GET",route="/items/ID",code="200"}'
page_is() { [ "$(get /metrics | grep -F "$items" | cut -d' ' -f2)" = "$1" ]; }
page_is 1 || fail "not 1: $(get /metrics | grep -F "$items")"
curl -sf "http://127.0.0.1:$web/items/1" >/dev/null
wait_for 10 page_is 2
query_is "$items" 1 || fail "the history has http too early"
wait_for 10 query_is 'min(count_over_time(http_requests_total[1m])) > bool 5' 1
config
reload
wait_for 10 has 'cache_lookups_total'
wait_for 10 query_is 'count(http_connections_total)' 1
wait_for 10 query_is "$items" 2

# --- enabled --------------------------------------------------------------------------------

config 'enabled: false'
reload
logged 'enabled: false; nothing is collected' || fail "not said"
curl -sf "http://127.0.0.1:$web/items/1" >/dev/null
# A scan would be here within 50 ms; what is seen in ten pages is none.
for _ in 1 2 3 4 5 6 7 8 9 10; do
	page_is 2 || fail "a scan was made: $(get /metrics | grep -F "$items")"
	sleep 0.02
done
config
reload
wait_for 10 query_is "$items" 3

# --- hosts and queries ------------------------------------------------------------------------

status_as() { # HOST: of a question under that name
	curl -sS --max-time 10 -o "$tmp/out" -w '%{http_code}' -H "Host: $1" \
		"http://127.0.0.1:$port/api/v1/rules"
}
[ "$(status_as kymod.example.org)" = 421 ] || fail "a stranger's name"
config 'hosts: [kymod.example.org]'
reload
[ "$(status_as kymod.example.org)" = 200 ] || fail "hosts: $(<"$tmp/out")"
limited() {
	curl -sS "http://127.0.0.1:$port/api/v1/query" --data-urlencode \
		'query=count_over_time(kymod_scans_total[1m])' | grep -q 'samples'
}
! limited || fail "limited already"
config 'query: {max_samples: 5}'
reload
wait_for 10 limited
[ "$(status_as kymod.example.org)" = 421 ] || fail "hosts stay"
config 'query: {concurrency: 5, queue: 1}'
reload
! limited || fail "limited still"

# --- nobody else reads what is kept -----------------------------------------------------------

for file in "$tmp"/state/*.db*; do
	[[ $file == *.lock || $(stat -c %a "$file") = 600 ]] ||
		fail "$file: $(stat -c %a "$file")"
done

# --- who may have kymod run something ---------------------------------------------------------

refused() { # WHY
	[ "$(curl -sS --max-time 10 -X POST -o "$tmp/out" -w '%{http_code}' \
		"http://127.0.0.1:$port/-/reload")" = 500 ] || fail "taken over: $1"
	grep -q "$1" "$tmp/out" || fail "$(<"$tmp/out")"
}
mkdir "$tmp/open"
cp /usr/bin/true "$tmp/open/look"
ln -s open/look "$tmp/look"
chmod 777 "$tmp/open"
for program in open/look look; do
	config "components: {c: {checks: {command: [$tmp/$program]}}}"
	refused "may change $tmp/open;"
done
chmod 755 "$tmp/open"
chmod 757 "$tmp/open/look"
refused "may change $tmp/open/look;"
chmod 755 "$tmp/open/look"
reload

# --- the history: other tiers, another file ---------------------------------------------------

config "history: {path: '$tmp/other/h.db'}
hosts: [kymod.example.org]"
refused "$tmp/other/h.db.lock: No such file or directory"
[ "$(status_as kymod.example.org)" = 421 ] || fail "half of it was taken over"
mkdir "$tmp/other"
config "history: {path: '$tmp/other'}"
refused "$tmp/other is a folder; name a file in it: $tmp/other/history.db"
config "history: {path: '$tmp/other/h.db'}
hosts: [kymod.example.org]"
reload
[ "$(status_as kymod.example.org)" = 200 ] || fail "hosts: $(<"$tmp/out")"
logged "history is kept in $tmp/other/h.db" || fail "not said"
# What was in memory is there as before, and is written there at the end.
query_is 'min(count_over_time(http_requests_total[1m])) > bool 5' 1 ||
	fail "what was in memory is not there"
config 'retention: 7d'
reload
[ "$(grep -c "history is kept in $tmp/state/history.db" "$tmp/kymod.log")" = 2 ] ||
	fail "it did not go back"
[ -s "$tmp/other/h.db" ] || fail "nothing was written to the other file"
config 'history: {memory: 10m, journal: 5s}'
reload
config
reload

# --- scans go on while a reload reads ---------------------------------------------------------

mkfifo "$tmp/slow.yml"
printf '%s\n' 'groups:' '- name: g' '  rules: [{record: one, expr: "1"}]' >"$tmp/fast.yml"
config "rule_files: ['$tmp/slow.yml']"
start waiting curl -sS --max-time 30 -X POST "http://127.0.0.1:$port/-/reload"
waiting=$started
scans() { get /metrics | sed -n 's/^kymod_scans_total{.*} //p'; }
more() { [ "$(scans)" -gt "$1" ]; }
for _ in 1 2 3; do
	now=$(scans)
	wait_for 10 more "$now"
done
# What it waits for has not come: it cannot be over.
kill -0 "$waiting" || fail "the reload did not read the file: $(<"$tmp/waiting.log")"
cat "$tmp/fast.yml" >"$tmp/slow.yml"
wait_for 10 grep -q reloaded "$tmp/waiting.log"
wait_for 10 query_is one 1
interval_is() {
	[ "$(get /api/v1/rules | jq '.data.groups[0].interval')" = "$1" ]
}
interval_is 0.05 || fail "$(get /api/v1/rules)"
config "rule_files: ['$tmp/fast.yml']"
sed -i 's/^evaluation_interval:.*/evaluation_interval: 2s/' "$tmp/kymod.yaml"
reload
interval_is 2 || fail "the interval: $(get /api/v1/rules)"

# --- addresses --------------------------------------------------------------------------------

# By POST over the one that goes: the answer comes first.
config
before=$port
free_port
sed -i "s/^listen:.*/listen: 127.0.0.1:$port/" "$tmp/kymod.yaml"
after=$port port=$before
reload
wait_for 10 curl -sf -o "$tmp/out" "http://127.0.0.1:$after/-/ready"
gone() { ! curl -s -o "$tmp/out" --max-time 5 "http://127.0.0.1:$before/-/ready"; }
wait_for 10 gone
port=$after
sed -i 's/^listen:.*/listen: none/' "$tmp/kymod.yaml"
kill -HUP "$daemon"
wait_for 10 logged 'listening nowhere'
config
kill -HUP "$daemon"
wait_for 10 get /-/ready
reload
# One that is taken, by another: all stays, and why is said.
config 'hosts: [kymod.example.org]'
sed -i "s/^listen:.*/listen: [127.0.0.1:$port, 127.0.0.1:$web]/" "$tmp/kymod.yaml"
refused "cannot listen on 127.0.0.1:$web: Address already in use"
[ "$(status_as kymod.example.org)" = 421 ] || fail "half of it was taken over"

# --- the history outlives kymod -----------------------------------------------------------------

# A gauge of a process that is gone by then.
gauge='count_over_time(http_connections_in_flight[5m])'
wait_for 10 query_is "count($gauge)" 1
stop "$daemon"
[ "$stopped" = 0 ] || fail "exit $stopped"
stop "$httpd"
config
start kymod "$kymod" --config "$tmp/kymod.yaml"
daemon=$started
wait_for 10 logged ' info +ready'
has_not 'http_connections_in_flight' || fail "httpd is still there"
wait_for 10 query_is "$gauge > bool 0" 1

config 'query: {max_samples: 5}'
stop "$daemon"
start kymod "$kymod" --config "$tmp/kymod.yaml"
wait_for 10 logged ' info +ready'
wait_for 10 limited
stop "$started"

# Where the state cannot be, the history is not tried either.
: >"$tmp/file"
HOME=$tmp/file STATE_DIRECTORY=$tmp/file start kymod "$kymod" --config /dev/null \
	--dir "$run" --listen none
wait_for 10 logged ready
[ "$(grep -c ' warn ' "$tmp/kymod.log")" = 1 ] || fail "$(<"$tmp/kymod.log")"
stop "$started"
[ "$stopped" = 0 ] || fail "exit $stopped"
echo "all held"
