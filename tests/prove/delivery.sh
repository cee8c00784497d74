#!/usr/bin/env bash
# ./dev prove delivery [--json]: 100 alerts fire and are resolved while their
# receiver answers 429 or 503, cuts connections, or the program that has them is
# killed. A row for each trial: what the receiver took of 100, how often it had
# one message twice under one id, and under two (which may not be). Row H: the
# program is killed before each of its system calls. make check runs the same,
# ten times as fast, and H before 25 of them.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
need python3
testlib_begin
rows_begin "$@"
built tests/prove/delivery_host
scale=${KYMO_QUICK:+0.1} scale=${scale:-1}
rows python3 "$top_srcdir/tests/prove/delivery.py" "$built" "$tmp" "$scale"
rows_end
