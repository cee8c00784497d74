#!/usr/bin/env bash
# ./dev bench alerts [--json]: 200,000 firing alerts, clients that ask for lists
# of them without a pause, and how long a pass waits for them. A minute.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
rows_suite=alerts
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
testlib_begin
rows_begin "$@"
[ "${1:-}" != --json ] || shift
asked() { "$top_builddir/tests/bench/alerts" "$@"; }
rows asked "$@"
rows_end
