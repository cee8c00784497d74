#!/usr/bin/env bash
# Faults, again and again: how soon each is seen, that each is mended, and that
# nothing is done where nothing is to be done. ./dev prove health [ROUNDS]
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need curl jq python3
built kymod
kymod=$built
built tests/e2e/health_main
service=$built
rounds=${1:-20}
run=$tmp/run
mkdir -m 700 "$run"
free_port
url=http://127.0.0.1:$port

cat >"$tmp/restart" <<END
#!/bin/bash
[ ! -e $tmp/\$1.pid ] || kill -KILL "\$(<$tmp/\$1.pid)" 2>/dev/null || true
/bin/rm -f $tmp/\$1.hang $tmp/\$1.leak
/usr/bin/date +%s%N >>$tmp/\$1.begun
KYMO_DIR=$run LD_LIBRARY_PATH=$LD_LIBRARY_PATH /usr/bin/setsid $service \$1 $tmp \
	</dev/null >/dev/null 2>&1 &
echo \$! >$tmp/\$1.pid
END
chmod 700 "$tmp/restart"
"$tmp/restart" web
"$tmp/restart" slow
"$tmp/restart" leak
"$tmp/restart" born

cat >"$tmp/kymod.yaml" <<END
collection_interval: 100ms
listen: 127.0.0.1:$port
directories: ["$run"]
state: "$tmp/control.db"
components:
  web:
    checks:
    - {process: web, interval: 100ms}
    - {heartbeat: web, interval: 100ms, within: 500ms}
    recovery:
      actions: {command: [$tmp/restart, web]}
      verify: 800ms
      backoff: 100ms
      per_hour: 60
  leak:
    checks:
    - promql: process_resident_memory_bytes{service="leak"} < bool 60e6
      interval: 100ms
      failures: 1
      successes: 1
    recovery:
      actions: {command: [$tmp/restart, leak]}
      verify: 800ms
      backoff: 100ms
      per_hour: 60
  born:
    checks: {process: born, interval: 100ms}
    recovery:
      actions: {command: [$tmp/restart, born]}
      verify: 500ms
      backoff: 200ms
      backoff_max: 1600ms
      per_hour: 5
  db:
    checks: {command: [/usr/bin/test, '!', -e, $tmp/db.down], interval: 100ms,
      timeout: 5s, failures: 1, successes: 1}
  api:
    depends_on: db
    checks: {command: [/usr/bin/test, '!', -e, $tmp/db.down], interval: 70ms,
      timeout: 5s, failures: 1, successes: 1}
    recovery: {actions: {command: [/usr/bin/touch, $tmp/acted]}, verify: 10s}
  slow: {degradation: {latency: work_seconds, service: slow}, checks: {process: slow}}
END
start kymod "$kymod" -c "$tmp/kymod.yaml"

get() { curl -sS --max-time 10 "$url$1"; }
of() { get /-/health | jq -r ".components[] | select(.component == \"$1\") | $2"; }
is() { [ "$(of "$1" .state)" = "$2" ]; }
successes() { of "$1" .recovery.successes; }
helped() { [ "$(successes "$1")" -ge "$2" ]; }
for name in web db api slow leak born; do
	wait_for 30 is "$name" ok
done

# fault NAME COMPONENT COMMAND..: ends in one success more.
fault() {
	local name=$1 component=$2 before began
	shift 2
	before=$(successes "$component")
	began=$(date +%s%N)
	"$@"
	wait_for 30 helped "$component" $((before + 1))
	wait_for 30 is "$component" ok
	printf '%s %d\n' "$name" $((($(date +%s%N) - began) / 1000000)) >>"$tmp/times"
}
hangs() { touch "$tmp/web.hang"; }
dies() { kill -KILL "$(<"$tmp/web.pid")"; }
leaks() { touch "$tmp/leak.leak"; }
for ((i = 0; i < rounds; i++)); do
	fault hang web hangs
	fault death web dies
	fault leak leak leaks
done
awk '{ n[$1]++; s[$1] += $2; if ($2 > m[$1]) m[$1] = $2 }
	END { for (k in n) printf "%s: %d of %d mended, %d ms on average, %d at most, 800 of them to verify\n",
	    k, n[k], n[k], s[k] / n[k], m[k] }' "$tmp/times"
for name in web leak; do
	[ "$(of $name .recovery.attempts)" = "$(successes $name)" ] ||
		echo "$name: attempts that did not help: $(($(of $name .recovery.attempts) - $(successes $name)))"
done

# One that dies at start: as many attempts as an hour may have, each later than
# the one before; then somebody is told, and nothing more is done.
: >"$tmp/born.begun"
touch "$tmp/born.die"
kill -KILL "$(<"$tmp/born.pid")"
given_up() { [ "$(of born .recovery.failed)" = true ]; }
wait_for 60 given_up
awk '{ if (NR > 1) { gap = ($1 - last) / 1e6; gaps = gaps sprintf(" %d", gap)
		least = 500 + 200 * 2 ^ (NR - 2)
		if (gap < least - 50 || gap > least + 1500) bad = 1 }
		last = $1 }
	END { print "dies at start: " NR " attempts," gaps " ms apart; then somebody was told"
		exit bad || NR != 5 }' "$tmp/born.begun" || fail "not those that were to be"
rm "$tmp/born.die"
"$tmp/restart" born
wait_for 30 is born ok
given_up && fail "well, and somebody has to look"

for ((i = 0; i < rounds; i++)); do
	touch "$tmp/db.down"
	sleep "0.$((RANDOM % 9))$((RANDOM % 9 + 1))"
	rm "$tmp/db.down"
	wait_for 30 is db ok
	wait_for 30 is api ok
done
[ ! -e "$tmp/acted" ] || fail "what hung on a dependency that blinked was mended"
echo "blinks: $rounds, nothing was done about what hung"

learned() {
	get "/api/v1/query?query=count_over_time(process_threads%7Bservice=%22slow%22%7D%5B15m%5D)" |
		jq -e '.data.result[0].value[1] | tonumber > 400'
}
wait_for 90 learned
is slow ok || fail "degraded, and it was not: $(of slow .reason)"
for ((i = 0; i < 5; i++)); do
	began=$(date +%s%N)
	touch "$tmp/slow.slow"
	wait_for 90 is slow degraded
	printf 'slower by 5 %%: degraded after %d ms\n' \
		$((($(date +%s%N) - began) / 1000000))
	rm "$tmp/slow.slow"
	wait_for 90 is slow ok
done
[ "$(grep -c 'component slow: degraded, was ok' "$tmp/kymod.log")" = 5 ] ||
	fail "degraded when it was not: $(grep 'component slow' "$tmp/kymod.log")"
stop "$started"
[ "$stopped" = 0 ] || fail "kymod: exit $stopped"
