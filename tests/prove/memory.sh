#!/usr/bin/env bash
# ./dev prove memory [--json]: each piece of the reader's work, with each of its
# allocations failing, alone and with all that follow: a row for each. None
# crashes, hangs or leaks; an error says why; the next one that has memory makes
# up for it: nothing that was counted, kept, learned or said is lost or said
# twice. make check takes every 23rd allocation.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
testlib_begin
rows_begin "$@"
skip_under address 'it has a malloc of its own'
skip_under thread 'it has a malloc of its own'

built kymo
for n in 40 2; do
	"$built" emit --service shop --dir "$KYMO_DIR" <<END || fail emit
declare counter jobs_total "Jobs"
jobs_total += $n
declare histogram took_seconds exponent -9 "Time taken"
took_seconds observe 0.25
END
done
export TMPDIR=$tmp
built tests/prove/memory
rows "$built"
grep -v '^ *$' "$tmp/said" >&2 || true
rows_end
