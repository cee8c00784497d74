#!/usr/bin/env bash
# ./dev bench profile [--json] [ROUNDS]: what a process does less while perf looks
# at it as kymod has it do, and how long its threads stand still at most.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
rows_suite=profile
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
testlib_begin
need perf
rows_begin "$@"
[ "${1:-}" != --json ] || shift
measure() { "$top_builddir/tests/bench/profile" "$@"; }
rows measure "$(command -v perf)" "${1:-5}"
rows_end
