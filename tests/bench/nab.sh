#!/usr/bin/env bash
# ./dev bench nab [--json]: the detector's score by the rules of the Numenta
# Anomaly Benchmark, settings and threshold found without the category that they
# are judged by (loco_standard), and with all of them.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
rows_suite=nab
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
data=${KYMO_TEST_DATA:-}/nab
[ -e "$data/windows.json" ] || skip "there is no nab/windows.json (KYMO_TEST_DATA)"
testlib_begin
rows_begin "$@"
measure() { "$top_builddir/tests/bench/nab" "$data"; }
rows measure
rows_end
