#!/usr/bin/env bash
# ./dev prove fork [--json]: fork, vfork, raw clone, posix_spawn, from threads
# and handlers, twice, and while another thread registers: what parents and
# children recorded is in their files, exactly.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
skip_under thread 'a fork of several threads is not its case'
testlib_begin
rows_begin "$@"
rows "$top_builddir/tests/prove/fork" "${KYMO_QUICK:+40}"
rows_end
