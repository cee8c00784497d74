#!/usr/bin/env bash
# ./dev conformance promql [--json] [DIR]: Prometheus' own test scripts, run
# against kymo's queries: those of KYMO_TEST_DATA and ours, or all *.test below
# DIR. 0 if all cases of the tiers A and B pass, and nine in ten of N; without
# DIR also the whole parser corpus.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
json=() dir=
for word; do
	case $word in
	--json) json=(--json) ;;
	--*) fail "unknown argument '$word'; there are --json and a directory" ;;
	*) dir=$word ;;
	esac
done
given=${KYMO_TEST_DATA:-/nowhere}/promqltest
index=()
[ ! -r "$given/index.tsv" ] || index=(--index "$given/index.tsv")
built tests/conformance/promql

if [ -n "$dir" ]; then
	[ -e "$dir" ] || fail "no $dir"
	exec "$built" "${json[@]}" "${index[@]}" "$dir"
fi
failed=no
"$built" "${json[@]}" "$top_srcdir/tests/conformance/promql" || failed=yes
if [ -d "$given/testdata" ]; then
	"$built" "${json[@]}" "${index[@]}" "$given/testdata" || failed=yes
else
	echo "no KYMO_TEST_DATA/promqltest: only kymo's own cases"
fi
# The corpus of queries that must parse, or must not; figures are on stdout.
bash "$top_srcdir/tests/conformance/parser.sh" >&2 || failed=yes
[ $failed = no ]
