#!/usr/bin/env bash
# The examples do what they say and count it exactly; compiled with KYMO_DISABLE
# they do the same, need no library and leave no trace of kymo.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need python3 jq
export KYMO_DIR=$tmp/regions KYMO_QUIET=1
mkdir -m 700 "$KYMO_DIR"
built kymo; kymo=$built
: "${CC:=cc}" "${CXX:=c++}"

# value JQ: of the JSON lines of all regions.
value() { "$kymo" dump --all --format json | jq -s "$1"; }
no_regions() {
	! compgen -G "$KYMO_DIR/*" >/dev/null || fail "$1 made a region"
}

# --- first ------------------------------------------------------------------

KYMO=off "$top_builddir/examples/first"
no_regions 'first with KYMO=off'
"$top_builddir/examples/first"
[ "$(value '.[] | select(.name == "jobs") | .value')" = 1000 ] ||
	fail "jobs: $(value .)"
[ "$(value '.[] | select(.name == "job_duration_seconds") | .count')" = 1000 ] ||
	fail "durations: $(value .)"
rm -rf "${KYMO_DIR:?}"/*

# --- httpd --------------------------------------------------------------------

# serves NAME PROGRAM OPTION..: how many answers are in $answered, and in the log.
serves() {
	local name=$1
	shift
	free_port
	start "$name" "$@" --port "$port" --access-log "$tmp/$name.access"
	wait_for 20 grep -q http: "$tmp/$name.log"
	answered=$(python3 "$top_srcdir/tests/e2e/httpd.py" "$port") ||
		fail "$name: a wrong answer"
	stop "$started"
	[ "$stopped" = 0 ] || fail "$name: exit $stopped: $(<"$tmp/$name.log")"
	[ "$(wc -l <"$tmp/$name.access")" = "$answered" ] ||
		fail "$name: $answered answers, $(wc -l <"$tmp/$name.access") lines"
	! grep -v ' whole$' "$tmp/$name.access" || fail "$name: not whole"
}

serves httpd "$top_builddir/examples/httpd/httpd" --threads 3
[ "$(value '[.[] | select(.name == "http_requests") | .value] | add')" = "$answered" ] ||
	fail "$answered answers: $(value '.[] | select(.name == "http_requests")')"
while read -r method route code n; do
	got=$(value ".[] | select(.name == \"http_requests\" and
		.labels.method == \"$method\" and .labels.route == \"$route\" and
		.labels.code == \"$code\") | .value")
	[ "$got" = "$n" ] || fail "$method $route $code: ${got:-none}, not $n"
done <<'END'
GET / 200 2
GET /items/ID 200 1002
GET /items/ID 404 2
GET /echo 405 1
HEAD /items/ID 200 1
POST /echo 200 254
GET other 404 1
other / 405 1
other other 413 1
other other 400 6
END
[ "$(value '[.[] | select(.name == "http_request_duration_seconds") | .count] | add')" = "$answered" ] ||
	fail "durations"
[ "$(value '[.[] | select(.name == "cache_lookups") | .value] | add')" = 1003 ] ||
	fail "look-ups: $(value '.[] | select(.name == "cache_lookups")')"
[ "$(value '.[] | select(.name == "http_connections_in_flight") | .value')" = 0 ] ||
	fail "connections in flight"

rm -rf "${KYMO_DIR:?}"/*
serves prefork "$top_builddir/examples/httpd/httpd" --threads 2 --processes 3
[ "$(value '[.[] | select(.name == "http_requests") | .value] | add')" = "$answered" ] ||
	fail "prefork: $answered answers: $(value '.[] | select(.name == "http_requests")')"
rm -rf "${KYMO_DIR:?}"/*

# --- compiled out ---------------------------------------------------------------

# $CC may be two words.
warnings='-Wall -Wextra -Werror -Wno-error=deprecated -I'$top_srcdir/writer
# shellcheck disable=SC2086
$CC -O2 $warnings -DKYMO_DISABLE "$top_srcdir/examples/first.c" -o "$tmp/first"
# shellcheck disable=SC2086
$CXX -O2 $warnings -DKYMO_DISABLE -x c++ "$top_srcdir/examples/first.c" -o "$tmp/first_cc"
# shellcheck disable=SC2086
$CC -O2 $warnings -DKYMO_DISABLE "$top_srcdir"/examples/httpd/*.c -pthread \
	-o "$tmp/httpd"
"$tmp/first"
"$tmp/first_cc"
serves disabled "$tmp/httpd"
no_regions 'a program without kymo'
for program in first first_cc httpd; do
	! nm "$tmp/$program" | grep -E ' [A-Zuvw] kymo' ||
		fail "$program has something of kymo"
done
echo "all held"
