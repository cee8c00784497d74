#!/usr/bin/env bash
# ./dev prove delivery [--json]: kymod sees 100 series of a program cross a
# threshold and come back, while the receiver of the alerts answers 429 or 503,
# cuts connections, or kymod is killed; by webhooks (rows A to G), mail and
# Slack. A row for each trial: what the receiver took of 100, how often it had
# one message twice under one id, and under two (which may not be). Row H: a
# smaller program with an outbox is killed before each of its system calls. make
# check runs five trials, ten times as fast, and H before 25 calls.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
need python3
testlib_begin
rows_begin "$@"
built kymo; kymo=$built
built kymod; kymod=$built
built tests/prove/delivery_host
scale=${KYMO_QUICK:+0.1} scale=${scale:-1}
export PYTHONDONTWRITEBYTECODE=1
rows python3 "$top_srcdir/tests/prove/delivery.py" "$kymo" "$kymod" "$built" \
	"$tmp" "$scale"
rows_end
