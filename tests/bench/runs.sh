#!/usr/bin/env bash
# ./dev bench runs [--json] [TRIALS]: how often (in percent of TRIALS, 20) kymo bench
# -n 10 says "worse" of a real program that was made slower by 1, 2 and 5 %, in turns
# with what it was, and of the same program twice; and how often, by simulation, what
# does not differ is told, by law and number of runs.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
rows_suite=runs
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
testlib_begin
rows_begin "$@"
[ "${1:-}" != --json ] || shift
trial_cnt=${1:-20}
built kymo
kymo=$(readlink -f "$built")
built tests/bench/runs_work
work=$(readlink -f "$built")

# told NAME: so many of the trials in $tmp/trials say worse of it.
told() {
	grep -c "\"verdict\":\"worse\",\"name\":\"$1\"" "$tmp/trials" || true
}
# changed NAME: the middle of the trials' guesses, in percent.
changed() {
	sed -n "s/.*\"name\":\"$1\".*\"ratio\":\([0-9.]*\),.*/\1/p" "$tmp/trials" |
		sort -n | awk '{ r[NR] = $1 } END { printf "%.2f", 100 * (r[int((NR + 1) / 2)] - 1) }'
}

for slower in 0 1 2 5; do
	: >"$tmp/trials"
	any=0 better=0
	for ((i = 0; i < trial_cnt; i++)); do
		status=0
		"$kymo" bench -n 10 --warmup 1 --json --threshold 0 -- "$work" $slower 400 \
			--against -- "$work" 0 400 >"$tmp/one" || status=$?
		[ $status -lt 2 ] || fail "kymo bench ended with $status"
		any=$((any + status))
		! grep -q '"verdict":"\(better\|changed\)"' "$tmp/one" || better=$((better + 1))
		cat "$tmp/one" >>"$tmp/trials"
	done
	ok=1
	# Of the same at most 5 % are told; 5 in 20 are no luck.
	[ $slower != 0 ] || [ $any -le $((trial_cnt / 10 + 2)) ] || ok=0
	rows_show slower-$slower-percent trials="$trial_cnt" \
		exit_1_percent=$((100 * any / trial_cnt)) \
		job_duration_percent=$((100 * $(told job_duration_seconds) / trial_cnt)) \
		cpu_percent=$((100 * $(told run_cpu_seconds) / trial_cnt)) \
		wall_percent=$((100 * $(told run_wall_seconds) / trial_cnt)) \
		better_or_changed_percent=$((100 * better / trial_cnt)) \
		job_duration_by_percent="$(changed job_duration_seconds)" ok=$ok
done
rows "$top_builddir/tests/bench/runs"
rows_end
