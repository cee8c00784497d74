#!/usr/bin/env bash
# The scrape server among good and bad clients: what each request is answered
# by; a thousand clients that drip their heads, hundreds that never read; one
# rendering for all who ask for the same scan; other addresses; an end that
# lets an answer finish.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
[ -x /usr/bin/python3 ] || skip "needs /usr/bin/python3"
# Each of a thousand clients is a descriptor here, and one in the server.
ulimit -n 4096 2>/dev/null || skip "needs 4096 descriptors"
golden=$top_srcdir/tests/e2e/golden

client() { /usr/bin/python3 "$top_srcdir/tests/e2e/serve.py" "$port" "$@"; }

# serve NAME ARGUMENTS..: a server at $port, its process in $started.
serve() {
	local name=$1
	shift
	start "$name" "$top_builddir/tests/e2e/serve_main" "$port" "$@"
	wait_for 10 grep -q serving "$tmp/$name.log"
}

# among KIND COUNT: a crowd, its process in $among.
among() {
	start "$1" /usr/bin/python3 "$top_srcdir/tests/e2e/serve.py" "$port" "$@"
	among=$started
	wait_for 60 grep -q gathered "$tmp/$1.log"
	echo "among $2 of $1:"
}

# counted NAME WHAT: a number that the server said at its end.
counted() { grep -oE "(^| )$2 [0-9]+" "$tmp/$1.log" | grep -oE '[0-9]+'; }

resident_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

# ---- one by one

free_port
serve small
small=$started
client rows
client formats "$golden/page.text" "$golden/page.openmetrics"
client pipeline
client deadline
client shared 200
kill -USR1 "$small" # the next scan
client shared 200
kill -HUP "$small"  # none any more
client empty
stop "$small"
[ "$stopped" = 0 ] || fail "the server ended with $stopped: $(<"$tmp/small.log")"
# Two scans as text, one as OpenMetrics in gzip; the part is no page of these.
[ "$(counted small pages)" = 3 ] ||
	fail "pages were made $(counted small pages) times, not 3"
[ "$(counted small evicted)" -ge 2 ] || fail "nobody was cut off"

# ---- in bad company

free_port
serve crowded
crowded=$started
client shared 50
before=$(resident_kb "$crowded")
among drip 1000
client scrapes 30
after=$(resident_kb "$crowded")
stop "$among"
echo "memory: $before KB alone, $after KB after the thousand"
if [ "$KYMO_SANITIZER" = no ] && [ $((after - before)) -gt 16384 ]; then
	fail "a thousand clients cost $((after - before)) KB"
fi
stop "$crowded"

free_port
first=$port
free_port
second=$port
port=$first
serve large 40000 "$second"
large=$started
among hoard 300
client scrapes 20
client unread
stop "$among"
kill -USR2 "$large"
port=$second
wait_for 10 client health
port=$first
! client health 2>/dev/null || fail "still there at the old address"
port=$second
client ending "$large"
wait_for 10 grep -q ended "$tmp/large.log"
stop "$large"

# ---- an address that is taken

free_port
serve one
port_of_one=$port
start two "$top_builddir/tests/e2e/serve_main" "$port_of_one"
wait_for 10 grep -q "cannot listen on 127.0.0.1:$port_of_one: Address already in use" \
	"$tmp/two.log"
