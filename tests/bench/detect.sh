#!/usr/bin/env bash
# ./dev bench detect [--json] [SEED]: what 100,000 series cost each second, how
# often noise of eight families alarms, and which disturbances are found; and the
# first two again as kymod has it, from scans with rates and quantiles.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
rows_suite=detect
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
testlib_begin
rows_begin "$@"
[ "${1:-}" != --json ] || shift
measure() { "$top_builddir/tests/bench/detect" "$@"; }
rows measure cost
rows measure power
rows measure noise "${1:-1}"
wired() { "$top_builddir/tests/bench/detect_wired" "$@"; }
rows wired cost
rows wired noise "${1:-1}"
rows_end
