#!/usr/bin/env bash
# ./dev prove hostile [--json]: a region is cut, replaced, made a FIFO or a link,
# removed, about every millisecond, while a reader scans its directory 100,000
# times: no death, the region beside it right in every scan, attached again.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
json=no scans=${KYMO_SCANS:-100000}
[ "${1:-}" != --json ] || json=yes
testlib_begin

answer=$("$top_builddir/tests/prove/hostile" "$scans") ||
	fail "the reader did not live through it"
read -r scans refused failed <<<"$answer"
if [ $json = yes ]; then
	printf '{"suite":"prove","row":"hostile","scans":%d,"refused":%d,"failed_scans":%d,"deaths":0}\n' \
		"$scans" "$refused" "$failed"
else
	printf '%d scans under attack: %d files refused, %d scans failed cleanly, 0 deaths; the region beside it right in each\n' \
		"$scans" "$refused" "$failed"
fi
