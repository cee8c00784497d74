#!/usr/bin/env bash
# ./dev bench shift [--json] [SEED]: how many samples more than a t-test on the
# logs the buckets of a histogram need to show that a latency grew by 1 %, and
# how often they show what is not so.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
rows_suite="shift"
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
testlib_begin
rows_begin "$@"
[ "${1:-}" != --json ] || shift
rows "$top_builddir/tests/bench/shift" "$@"
rows_end
