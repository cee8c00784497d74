#!/usr/bin/env bash
# ./dev bench changepoint [--json] [SEED]: rows from a change of level until it is
# told, against a CUSUM that knows all but when, at equally many false alarms.
# What rows say is not judged: the aim (ratio 1.15) is not reached, docs/regressions.md says why.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
rows_suite=changepoint
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
testlib_begin
rows_begin "$@"
[ "${1:-}" != --json ] || shift
rows "$top_builddir/tests/bench/changepoint" "$@"
rows_end
