#!/usr/bin/env bash
# ./dev bench hot [--json]: what a record costs. Each kind of record, from a
# program, a library that it links and one that it opens; by gcc and clang, -O2
# and -O3 -flto; with 1, 2, 4 and 16 threads; in a loop of real work; each beside
# the floor of the same run. And bytes, steps of clocks, errors of quantiles.
# Prints tables (docs/benchmarks.md), or JSON lines: ns_min and ns_median of many
# rounds, instructions by callgrind, ratio to the floor.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
json=no
[ "${1:-}" != --json ] || json=yes
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
testlib_begin
export KYMO_DIR=$tmp/regions KYMO_QUIET=1
mkdir -m 700 "$KYMO_DIR"
unset KYMO KYMO_COMPONENTS KYMO_CLOCK
libs=$(cd "$top_builddir/.libs" && pwd)
bench=$top_srcdir/tests/bench
[ -e "$libs/libkymo.so" ] || skip 'there is no shared library'

say() { printf 'hot: %s\n' "$*" >&2; }

# build DIRECTORY COMPILER OPTION..: the program and its two libraries.
build() {
	local dir=$1 compile
	shift
	compile=("$@" -std=gnu11 -I"$top_srcdir" -I"$top_srcdir/writer")
	mkdir "$dir"
	for place in so dl; do
		"${compile[@]}" -fPIC -shared -fvisibility=hidden \
			-DHOT_PLACE=hot_rows_$place -DHOT_SUFFIX="\"_$place\"" \
			-o "$dir/libhot_$place.so" "$bench/hot_rows.c" \
			-L"$libs" -lkymo || return
	done
	"${compile[@]}" -o "$dir/hot" "$bench/hot.c" "$bench/hot_rows.c" \
		-L"$dir" -lhot_so -L"$libs" -lkymo -ldl -lpthread \
		-Wl,-rpath,"$libs:$dir"
}

# Lines of a program, as GROUP NAME KEY=VALUE..; rows of a group have its name
# behind theirs, and the same floor.
group() { sed "s/^/${1:--} /" >>"$tmp/rows"; }

# instructions GROUP DIRECTORY: one run, a dump a row.
instructions() {
	local library=("$2/libhot_dl.so")
	[ -z "${KYMO_QUICK:-}" ] || library=()
	command -v valgrind >/dev/null || return 0
	say "instructions$1"
	(cd "$2" && valgrind --tool=callgrind --callgrind-out-file="$2/cg" \
		./hot count "${library[@]}" >/dev/null 2>&1)
	find "$2" -name 'cg.*' -exec awk '
	/^desc: Trigger: Client Request: / { row = $5 }
	/^totals:/ && row != "" { print row, "instructions=" $2 / 6400; row = "" }' {} + |
		group "$1"
}

# one GROUP COMPILER OPTION..
one() {
	local group=$1 dir=$tmp/build$1 threads
	shift
	if ! command -v "$1" >/dev/null || ! build "$dir" "$@" 2>"$tmp/said"; then
		say "left out, it does not build here: $*"
		[ "$group" != - ] || { cat "$tmp/said" >&2; fail 'build'; }
		return 0
	fi
	say "$*: ns"
	"$dir/hot" ns 1 $rounds "$dir/libhot_dl.so" | group "$group"
	instructions "$group" "$dir"
	for threads in $threads_list; do
		say "$*: $threads threads"
		"$dir/hot" ns "$threads" $((rounds / 10 + 1)) |
			group "${group%-}_t$threads"
	done
	for threads in 1 2; do
		"$dir/hot" work "$threads" $((rounds + 1)) |
			group "${group%-}$([ "$threads" = 1 ] || printf _t2)"
	done
}

: >"$tmp/rows"
rounds=200 threads_list='2 4 16'
[ -z "${KYMO_QUICK:-}" ] || rounds=2 threads_list=2
one - "${CC:-gcc}" -O2 ${KYMO_QUICK:+-DHOT_UNROLL=16u}
if [ -z "${KYMO_QUICK:-}" ]; then
	one _gcc_lto gcc -O3 -flto
	one _clang clang -O2
	one _clang_lto clang -O3 -flto
	say 'clock_gettime instead of the counter'
	KYMO_CLOCK=monotonic "$tmp/build-/hot" ns 1 $((rounds / 4)) |
		grep -E '^(clock|timer|timer_lap|event|span) ' | group _os
fi
for what in memory clock; do
	"$tmp/build-/hot" $what | group -
done
"$top_builddir/tests/bench/quantiles" | group -

# As JSON lines, the figures of a row in one.
awk '
function put(name, key, value) {
	if (!(name in seen)) { seen[name] = 1; order[++cnt] = name }
	figure[name, key] = value
	if (!((name, key) in has)) { has[name, key] = 1; keys[name] = keys[name] " " key }
}
{
	group = $1 == "-" ? "" : $1
	name = $2 group
	of[name] = group
	for (i = 3; i <= NF; i++)
		put(name, substr($i, 1, index($i, "=") - 1), substr($i, index($i, "=") + 1))
}
END {
	for (i = 1; i <= cnt; i++) {
		name = order[i]
		line = "{\"suite\":\"hot\",\"row\":\"" name "\""
		n = split(keys[name], key, " ")
		for (k = 1; k <= n; k++)
			line = line ",\"" key[k] "\":" figure[name, key[k]]
		floor = figure["floor" of[name], "ns_min"]
		if ((name, "ns_min") in has && floor > 0 && name !~ /^work/)
			line = line sprintf(",\"ratio\":%.3f", figure[name, "ns_min"] / floor)
		print line "}"
	}
}' "$tmp/rows" >"$tmp/json"

# Every row is there; figures are looked at by whoever runs the whole suite.
for row in floor counter_add updown_add gauge_set histogram_record timer \
	counter_labels_lookup counter_labels_fixed timer_lap timer_sampled event span \
	counter_add_so counter_add_dl counter_add_t2 work_counter_add \
	work_histogram_record_t2 memory_thread clock_step quantiles_pareto; do
	grep -q "\"row\":\"$row\"" "$tmp/json" || fail "no row $row"
done
! grep '"ok":0' "$tmp/json" || fail 'quantiles are further off than promised'
# Bytes do not depend on how fast a machine is.
awk -F '"bytes":' '
/64_threads/ && $2 + 0 > 2097152 { print; bad = 1 }
/timer_nobody/ && $2 + 0 > 1024 { print; bad = 1 }
/timer_and_thread/ && $2 + 0 > 4096 { print; bad = 1 }
END { exit bad }' "$tmp/json" || fail 'more bytes than promised'

if [ $json = yes ]; then
	cat "$tmp/json"
else
	awk -f "$bench/hot_table.awk" "$tmp/json"
fi
