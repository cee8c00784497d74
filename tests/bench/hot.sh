#!/usr/bin/env bash
# ./dev bench hot [--json]: what each kind of record costs, in ns (minimum and
# median of many rounds), as a ratio to the floor of the same run, and in
# instructions (callgrind: 128,000 records less 64,000, by 64,000).
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
json=no
[ "${1:-}" != --json ] || json=yes
testlib_begin
export KYMO_DIR=$tmp/regions KYMO_QUIET=1
mkdir -m 700 "$KYMO_DIR"
hot=$top_builddir/tests/bench/hot

# instructions ROW N: of a whole run with N records.
instructions() {
	"$top_builddir/libtool" --mode=execute valgrind --tool=callgrind \
		--callgrind-out-file=/dev/null "$hot" "$1" "$2" 2>&1 |
		awk '/Collected/ { print $4 }'
}

"$hot" >"$tmp/ns"
while read -r row ns_min ns_median; do
	if command -v valgrind >/dev/null; then
		one=$(instructions "$row" 64000)
		two=$(instructions "$row" 128000)
		printf '%s %s %s %s\n' "$row" "$ns_min" "$ns_median" \
			"$(awk -v a="${one:-0}" -v b="${two:-0}" 'BEGIN { printf "%.2f", (b - a) / 64000 }')"
	else
		printf '%s %s %s null\n' "$row" "$ns_min" "$ns_median"
	fi
done <"$tmp/ns" >"$tmp/rows"

# What must hold is said beside the row that it is about.
awk -v json=$json '
function target(row, ns, instr,    ok) {
	if (row == "counter_add" || row == "counter_add_so" || row == "updown_add") {
		ok = ns <= 1.5 * floor_ns + 0.15 && (row == "counter_add_so" || instr <= 7.1)
		return (ok ? "holds" : "MISSES") ": 1.5x the floor + 0.15 ns" \
			(row == "counter_add_so" ? "" : ", 7 instructions")
	}
	if (row == "histogram_record")
		return (ns <= 1.5 && instr <= 24.1 ? "holds" : "MISSES") ": 1.5 ns, 24 instructions"
	if (row == "timer")
		return (ns <= 2 * 1.2 * clock_ns ? "holds" : "MISSES") ": 1.2x two clock reads"
	if (row == "counter_labels_lookup")
		return (ns <= 35 ? "holds" : "MISSES") ": 35 ns"
	if (row == "event")
		return (ns <= clock_ns + 5 ? "holds" : "MISSES") ": 5 ns over its clock"
	return ""
}
$1 == "floor" { floor_ns = $2 }
$1 == "clock" { clock_ns = $2 }
{
	ratio = floor_ns > 0 ? $2 / floor_ns : 0
	if (json == "yes") {
		printf "{\"suite\":\"hot\",\"row\":\"%s\",\"ns_min\":%s,\"ns_median\":%s,\"ratio\":%.3f,\"instructions\":%s}\n",
			$1, $2, $3, ratio, $4
		next
	}
	if (NR == 1)
		printf "%-22s %9s %9s %9s %13s  %s\n", "", "ns min", "median",
			"x floor", "instructions", "what must hold"
	printf "%-22s %9.2f %9.2f %9.2f %13.1f  %s\n", $1, $2, $3, ratio, $4,
		target($1, $2, $4)
}' "$tmp/rows"
