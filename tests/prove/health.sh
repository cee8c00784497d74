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
/bin/rm -f $tmp/\$1.hang
KYMO_DIR=$run LD_LIBRARY_PATH=$LD_LIBRARY_PATH /usr/bin/setsid $service \$1 $tmp \
	</dev/null >/dev/null 2>&1 &
echo \$! >$tmp/\$1.pid
END
chmod 700 "$tmp/restart"
"$tmp/restart" web
"$tmp/restart" slow

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
successes() { of web .recovery.successes; }
helped() { [ "$(successes)" -ge "$1" ]; }
for name in web db api slow; do
	wait_for 30 is "$name" ok
done

# fault NAME COMMAND..: ends in one success more.
fault() {
	local name=$1 before began
	shift
	before=$(successes)
	began=$(date +%s%N)
	"$@"
	wait_for 30 helped $((before + 1))
	wait_for 30 is web ok
	printf '%s %d\n' "$name" $((($(date +%s%N) - began) / 1000000)) >>"$tmp/times"
}
hangs() { touch "$tmp/web.hang"; }
dies() { kill -KILL "$(<"$tmp/web.pid")"; }
for ((i = 0; i < rounds; i++)); do
	fault hang hangs
	fault death dies
done
awk '{ n[$1]++; s[$1] += $2; if ($2 > m[$1]) m[$1] = $2 }
	END { for (k in n) printf "%s: %d of %d mended, %d ms on average, %d at most, 800 of them to verify\n",
	    k, n[k], n[k], s[k] / n[k], m[k] }' "$tmp/times"
[ "$(of web .recovery.attempts)" = "$(successes)" ] ||
	echo "attempts that did not help: $(($(of web .recovery.attempts) - $(successes)))"

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
