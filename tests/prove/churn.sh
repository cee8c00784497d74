#!/usr/bin/env bash
# ./dev prove churn [--json]: a prefork server under load, whose workers die, two
# by SIGKILL for each that exits, and are replaced; kymod beside it, that is
# killed and started again, too. No total on the page is ever lower than before;
# at the end the page is the sum of all processes that ever were, and that is
# what the client has got, but for what was under way in those that were killed.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
need curl python3
testlib_begin
rows_begin "$@"
ends_wanted=${KYMO_QUICK:+24} ends_wanted=${ends_wanted:-120}
processes=4 threads=2 connections=8
built kymo; kymo=$built
built examples/httpd/httpd; httpd=$built
built tests/e2e/client; client=$built
built kymod; kymod=$built
free_port; httpd_port=$port
free_port; kymod_port=$port
page=http://127.0.0.1:$kymod_port

cat >"$tmp/kymod.yaml" <<END
scan_interval: 100ms
listen: 127.0.0.1:$kymod_port
directories: [$KYMO_DIR]
state: $tmp/control.db
keep_dead: 1000
END
kymod_start() {
	start kymod "$kymod" --config "$tmp/kymod.yaml"
	kymod_pid=$started
	wait_for 20 grep -q ' ready' "$tmp/kymod.log"
}
# Sleeps without a process, which a busy machine would make wait.
mkfifo "$tmp/never"
exec 9<>"$tmp/never"
nap() { read -rt "$1" <&9 || true; }

kymod_start
start httpd "$httpd" --port "$httpd_port" \
	--threads $threads --processes $processes
httpd_pid=$started
start client nice "$client" "$httpd_port" $connections
client_pid=$started
start watch python3 "$top_srcdir/tests/e2e/monotonic.py" "$page/metrics"
watch_pid=$started
in_watch() { kill -0 "$watch_pid" 2>/dev/null || fail "$(<"$tmp/watch.log")"; }

kills=0 exits=0 kymod_kills=0 random=1
while [ $((kills + exits)) -lt "$ends_wanted" ]; do
	random=$(((random * 1103515245 + 12345) % 2147483648))
	nap "0.$((100 + random / 65536 % 150))"
	read -ra workers <"/proc/$httpd_pid/task/$httpd_pid/children" || true
	[ ${#workers[@]} = $processes ] || continue
	victim=${workers[random / 65536 % processes]}
	if [ $(((kills + exits) % 3)) = 2 ]; then
		kill -TERM "$victim"
		exits=$((exits + 1))
	else
		kill -KILL "$victim"
		kills=$((kills + 1))
	fi
	# kymod dies when there are dead to take over, of whom it was told what
	# the kernel will not tell again.
	if [ $(((kills + exits) % 7)) = 3 ]; then
		killed "$kymod_pid"
		kymod_kills=$((kymod_kills + 1))
		kymod_start
	fi
	in_watch
done
stop "$client_pid"
[ "$stopped" = 0 ] || fail "the client: $(<"$tmp/client.log")"
answered=$(<"$tmp/client.log")
stop "$httpd_pid"

sum() { awk '/^http_requests_total\{/ { n += $NF } END { printf "%d\n", n }'; }
on_page() { curl -sf "$page/metrics" | sum; }
all_dead() { ! compgen -G "$KYMO_DIR/httpd.*.kymo"; }
wait_for 20 all_dead
# Of each process its own number, whatever kymod made of them. One that never
# answered has no such metric, and dump says so.
counted=0
for region in "$KYMO_DIR"/crash/httpd.*.kymo; do
	n=$("$kymo" dump --format prometheus --name http_requests "$region" \
		2>/dev/null | sum)
	counted=$((counted + n))
done
agrees() { [ "$(on_page)" = $counted ]; }
wait_for 10 agrees
stop "$watch_pid"
[ "$stopped" = 0 ] || fail "$(<"$tmp/watch.log")"
read -r scrapes _ <"$tmp/watch.log"

over=$((counted - answered))
[ $over -ge 0 ] || fail "$answered answered, $counted counted: lost"
[ $over -le $((kills * threads)) ] ||
	fail "$answered answered, $counted counted: not under way in $kills kills"
rows_show prefork_workers kills=$kills exits=$exits kymod_kills=$kymod_kills \
	answered="$answered" counted=$counted on_page="$(on_page)" \
	under_way_max=$((kills * threads)) scrapes="$scrapes" went_down=0 ok=1
rows_end
