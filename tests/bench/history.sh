#!/usr/bin/env bash
# ./dev bench history [--json]: bytes a sample, ns to encode one, and ms to read
# one series of a day, on the shared trace of 896 real series; and what block
# sizes trade.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
rows_suite=history
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
trace=${KYMO_TEST_DATA:-}/history-trace.bin.gz
[ -e "$trace" ] || skip "there is no history-trace.bin.gz (KYMO_TEST_DATA)"
testlib_begin
rows_begin "$@"
gzip -dc "$trace" >"$tmp/trace"
mkdir "$tmp/database"
measure() { "$top_builddir/tests/bench/history" "$tmp/database" <"$tmp/trace"; }
rows measure
rows_end
