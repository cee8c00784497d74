#!/usr/bin/env bash
# ./dev bench tcpd [--json]: change points by the rules of the Turing Change Point
# Dataset, without look-ahead, one setting for all; and each series with settings
# that were found without it (left_out).
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
rows_suite=tcpd
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
data=${KYMO_TEST_DATA:-}/tcpd
[ -e "$data/annotations.json" ] ||
	skip "there is no tcpd/annotations.json (KYMO_TEST_DATA)"
testlib_begin
rows_begin "$@"
python3 - "$data" >"$tmp/series" <<'END'
import json, sys
marks = json.load(open(sys.argv[1] + "/annotations.json"))
for name in sorted(marks):
    raw = json.load(open(f"{sys.argv[1]}/{name}.json"))["series"][0]["raw"]
    print(name, len(raw), len(marks[name]))
    print(*[repr(float("nan" if value is None else value)) for value in raw])
    for person in marks[name].values():
        print(len(person), *person)
END

rows "$top_builddir/tests/bench/tcpd" "$tmp/series"
rows_end
