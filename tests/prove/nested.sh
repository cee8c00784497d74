#!/usr/bin/env bash
# ./dev prove nested [--json]: a signal at every instruction of each kind of
# record, whose handler makes the same record (then three of them, nested), and at
# many of a first one: none
# is lost and no event is torn.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
[ "$(uname -m)" = x86_64 ] || skip 'steps x86-64 only'
skip_under thread 'records are other instructions then'
skip_under address 'a handler runs on a stack that it watches'
testlib_begin
rows_begin "$@"
rows "$top_builddir/tests/prove/nested" "${KYMO_QUICK:+29}"
rows_end
