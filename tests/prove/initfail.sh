#!/usr/bin/env bash
# ./dev prove initfail [--json]: each system call that the library makes in its
# init, growth, threads' starts and ends, a forked child and exit, fails with
# each of 16 errnos, once and for ever (make check: with one of them, which
# differs from call to call; of a call that comes more than 24 times, some): the host ends with its own status and output, and its errno is
# what it left there.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
[ "$(uname -m)" = x86_64 ] || skip 'its tracer knows only x86-64'
[ "$KYMO_SANITIZER" = no ] || skip "under $KYMO_SANITIZER: it has calls of its own"
testlib_begin
rows_begin "$@"
rows "$top_builddir/tests/prove/initfail" ${KYMO_QUICK:+1}
[ $rows_bad = 0 ] || cat "$tmp/said" >&2
rows_end
