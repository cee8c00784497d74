#!/usr/bin/env bash
# ./dev prove history [--json]: a history that ends in the middle: SIGKILL at any
# moment; the power is cut at a write or sync, sectors that are not synced are
# there or not; a write fails, or the disk is full for a while. What is left
# always opens, has every sample but those of the last ten seconds, and says so.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
testlib_begin
rows_begin "$@"
ends=${KYMO_QUICK:+8}
mkdir "$tmp/database"
built tests/prove/history; history=$built
rows "$history" "$tmp/database" "${ends:-600}"
rows_end
