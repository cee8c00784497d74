#!/usr/bin/env bash
# ./dev prove kill [--json]: SIGKILL in the middle of load, 200 times. The client
# counts whole answers, the server counts before the last byte of one; so after
# each kill the dead region is sound, and 0 <= counted - answered <= workers.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
json=no kills=${KYMO_KILLS:-200} workers=4
[ "${1:-}" != --json ] || json=yes
testlib_begin
export KYMO_DIR=$tmp/regions KYMO_QUIET=1
mkdir -m 700 "$KYMO_DIR"
kymo=$top_builddir/kymo
counted_total=0 answered_total=0 most=0 seed=1

for ((i = 1; i <= kills; i++)); do
	free_port
	start httpd "$top_builddir/examples/httpd/httpd" --port "$port" \
		--threads $workers
	httpd_pid=$started
	"$top_builddir/tests/e2e/client" "$port" 8 once >"$tmp/answered" &
	client_pid=$!
	wait_for 10 compgen -G "$KYMO_DIR/*.kymo"
	# A moment that is different in each round and the same in each run.
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	sleep "0.$(printf '%03d' $((20 + seed / 65536 % 130)))"
	killed "$httpd_pid"
	wait "$client_pid"
	region=$(echo "$KYMO_DIR"/*.kymo)
	"$kymo" check --quiet "$region" || fail "kill $i: the region is not sound"
	counted=$("$kymo" dump --dir "$KYMO_DIR" --format prometheus \
		--name http_requests "$region" |
		awk '/^http_requests_total\{/ { n += $NF } END { printf "%d", n }')
	answered=$(cat "$tmp/answered")
	over=$((counted - answered))
	[ $over -ge 0 ] || fail "kill $i: $answered answered, $counted counted: lost"
	[ $over -le $workers ] ||
		fail "kill $i: $answered answered, $counted counted: more than under way"
	[ $over -le $most ] || most=$over
	counted_total=$((counted_total + counted))
	answered_total=$((answered_total + answered))
	rm "$region"
done
[ $answered_total -gt $((kills * 20)) ] ||
	fail "only $answered_total answers: there was no load to kill in"
if [ $json = yes ]; then
	printf '{"suite":"prove","row":"kill","kills":%d,"answered":%d,"counted":%d,"over_max":%d,"workers":%d}\n' \
		"$kills" $answered_total $counted_total $most $workers
else
	printf '%d kills under load: %d answered, %d counted, at most %d under way of %d workers; each region sound\n' \
		"$kills" $answered_total $counted_total $most $workers
fi
