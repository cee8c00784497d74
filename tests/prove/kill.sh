#!/usr/bin/env bash
# ./dev prove kill [--json]: SIGKILL in the middle of load, 200 times. The server
# counts a request before the last byte of its answer is sent, the client counts
# whole answers; so after each kill the dead region is sound, and
# 0 <= counted - answered <= worker threads.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
testlib_begin
rows_begin "$@"
kills=${KYMO_QUICK:+15} kills=${kills:-200} workers=4 connections=16
built kymo; kymo=$built
built examples/httpd/httpd; httpd=$built
built tests/e2e/client; client=$built
counted_all=0 answered_all=0 under_way=0 most=0 random=1

free_port
for ((i = 1; i <= kills; i++)); do
	# A moment that is another one in each round, and the same in each run.
	random=$(((random * 1103515245 + 12345) % 2147483648))
	answered=$("$client" "$port" $connections \
		$((1 + random / 65536 % 2000)) \
		"$httpd" --port "$port" \
		--threads $workers 2>"$tmp/log") ||
		fail "kill $i: the client: $(<"$tmp/log")"
	region=$(echo "$KYMO_DIR"/*.kymo)
	"$kymo" check --quiet "$region" ||
		fail "kill $i: not sound: $("$kymo" check "$region")"
	counted=$("$kymo" dump --format prometheus --name http_requests "$region" |
		awk '/^http_requests_total\{/ { n += $NF } END { printf "%d", n }')
	rm "$region"
	over=$((counted - answered))
	[ $over -ge 0 ] || fail "kill $i: $answered answered, $counted counted: lost"
	[ $over -le $workers ] ||
		fail "kill $i: $answered answered, $counted counted: not under way"
	[ $over -le $most ] || most=$over
	[ $over = 0 ] || under_way=$((under_way + 1))
	counted_all=$((counted_all + counted))
	answered_all=$((answered_all + answered))
done

rows_show sigkill_under_load kills="$kills" sound="$kills" \
	answered=$answered_all counted=$counted_all kills_amid=$under_way \
	over_max=$most threads=$workers ok=1
rows_end
