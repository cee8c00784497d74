#!/usr/bin/env bash
# ./dev prove threads [--json]: 100,000 short threads, threads that record while
# they end, that end without a word, that are cancelled, and eight times as many
# as there are slots: every total is exact.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
testlib_begin
rows_begin "$@"
rows "$top_builddir/tests/prove/threads" "${KYMO_QUICK:+4000}"
rows_end
