#!/usr/bin/env bash
# ./dev prove lives [--json]: a daemon, forks while other threads record, exit
# while they do, records in atexit handlers and destructors (of the program, of
# threads, of plug-ins), exit inside them, a plug-in opened and closed 50 times:
# what was recorded is in the regions, exactly, and nothing else is left.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
skip_under thread 'a fork of several threads is not its case'
testlib_begin
rows_begin "$@"
plugin=$(realpath "$top_builddir/tests/prove/.libs/libplugin.so")
rows "$top_builddir/tests/prove/lives" "$plugin"
[ $rows_bad = 0 ] || cat "$tmp/said" >&2
rows_end
