#!/usr/bin/env bash
# ./dev prove churn [--json]: a prefork server under load whose workers die, by
# SIGKILL and by clean exits, and come back; kymod beside it, itself killed in
# the middle. No counter on the page ever goes down, and in the end the page is
# the sum of all processes that ever were, and what the client has, exactly but
# for what was under way in those that were killed.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
json=no seconds=${KYMO_CHURN_SECONDS:-30} processes=4 threads=2
[ "${1:-}" != --json ] || json=yes
need curl
testlib_begin
export KYMO_DIR=$tmp/regions KYMO_QUIET=1
mkdir -m 700 "$KYMO_DIR"
kymo=$top_builddir/kymo
free_port; httpd_port=$port
free_port; kymod_port=$port
page=http://127.0.0.1:$kymod_port/metrics

cat >"$tmp/kymod.yaml" <<END
scan_interval: 100ms
listen: 127.0.0.1:$kymod_port
directories: [$KYMO_DIR]
state: $tmp/control.db
keep_dead: 1000
END
kymod_start() {
	start kymod "$top_builddir/kymod" --config "$tmp/kymod.yaml"
	kymod_pid=$started
	wait_for 10 curl -sf "${page%/metrics}/-/ready"
}
kymod_start
start httpd "$top_builddir/examples/httpd/httpd" --port "$httpd_port" \
	--threads $threads --processes $processes
httpd_pid=$started
wait_for 10 curl -sf "http://127.0.0.1:$httpd_port/"

# Every 50 ms: nothing that is a total may be lower than before.
start watch /usr/bin/python3 "$top_srcdir/tests/e2e/monotonic.py" "$page" \
	"$tmp/watch.stop"
watch_pid=$started
"$top_builddir/tests/e2e/client" "$httpd_port" 8 "$seconds" >"$tmp/answered" &
client_pid=$!

kills=0 ends=0 restarts=0 end=$((SECONDS + seconds))
while [ $SECONDS -lt $end ]; do
	sleep 0.25
	victim=$(pgrep -P "$httpd_pid" | shuf -n 1 --random-source=/dev/zero || true)
	[ -n "$victim" ] || continue
	if [ $(((kills + ends) % 3)) = 2 ]; then
		kill -TERM "$victim" 2>/dev/null && ends=$((ends + 1))
	else
		kill -KILL "$victim" 2>/dev/null && kills=$((kills + 1))
	fi
	if [ $((kills + ends)) = 20 ] || [ $((kills + ends)) = 45 ]; then
		killed "$kymod_pid"
		kymod_start
		restarts=$((restarts + 1))
	fi
done
wait "$client_pid"
answered=$(cat "$tmp/answered")

on_page() { curl -sf "$page" | awk '/^http_requests_total\{/ { n += $NF } END { printf "%d", n }'; }
# Every process that ever was: the dead are in crash/.
in_regions() {
	local n=0 region
	for region in "$KYMO_DIR"/httpd.*.kymo "$KYMO_DIR"/crash/httpd.*.kymo; do
		[ -e "$region" ] || continue
		# One that never answered has no such metric.
		n=$((n + $("$kymo" dump --format prometheus --name http_requests \
			"$region" 2>/dev/null |
			awk '/^http_requests_total\{/ { n += $NF } END { printf "%d", n }')))
	done
	echo $n
}
everywhere=$(in_regions)
same() { [ "$(on_page)" = "$everywhere" ]; }
wait_for 10 same
touch "$tmp/watch.stop"
wait "$watch_pid" || { cat "$tmp/watch.log"; fail "a total went down"; }
testlib_forget "$watch_pid"
over=$((everywhere - answered - 1)) # and one by curl
[ $over -ge 0 ] || fail "$answered answered, $everywhere counted: lost"
[ $over -le $((kills * threads)) ] ||
	fail "$answered answered, $everywhere counted: more than under way"
[ $kills -gt 5 ] || fail "only $kills kills"
scrapes=$(awk '/scrapes/ { print $1 }' "$tmp/watch.log")
if [ $json = yes ]; then
	printf '{"suite":"prove","row":"churn","kills":%d,"exits":%d,"kymod_kills":%d,"answered":%d,"counted":%d,"on_page":%d,"scrapes":%d,"went_down":0}\n' \
		$kills $ends $restarts "$answered" "$everywhere" "$(on_page)" "$scrapes"
else
	printf '%d workers killed, %d ended, kymod killed %d times: %d answered, %d counted, the same on the page; %d scrapes, nothing went down\n' \
		$kills $ends $restarts "$answered" "$everywhere" "$scrapes"
fi
