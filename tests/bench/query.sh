#!/usr/bin/env bash
# ./dev bench query [--json]: what a question costs, and a pass of 1,000 rules
# over 20 series each, with 10,000 counters of 1 s and 10,000 buckets in memory,
# on one thread; beside it Debian's Prometheus, asked the same of the same
# samples (its own figure for evaluation, so without HTTP and JSON; its samples
# lie in a block). KYMO_BENCH_ALONE=1 leaves Prometheus out: that takes minutes
# and 3 GB of disk, since promtool reads the samples as text. KYMO_BENCH_HUGE=1:
# our memory in huge pages, as docs/operations.md says.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
rows_suite=query
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
need curl jq prometheus promtool
testlib_begin
rows_begin "$@"
built tests/bench/query
at=$(date +%s)
start=$((at - 3700)) end=$((at + 900)) rounds=31

say() { printf '%s\n' "query: $*" >&2; }

# ask PATH: the API's answer.
ask() { curl -sS --fail-with-body -m 60 "$@"; }

# prometheus_start RULES: one that has the samples and nothing else to do.
prometheus_start() {
	free_port
	printf 'global: {evaluation_interval: 5s}\n%s\n' \
		"${1:+rule_files: [$1]}" >"$tmp/prometheus.yml"
	start prometheus prometheus --config.file="$tmp/prometheus.yml" \
		--storage.tsdb.path="$disk/data" --web.listen-address="127.0.0.1:$port" \
		--storage.tsdb.retention.time=10y --query.max-samples=100000000
	url=http://127.0.0.1:$port
	wait_for 60 curl -sf "$url/-/ready"
}

# Whether Prometheus has evaluated its rules, and all of "for" is over.
evaluated() {
	ask "$url/api/v1/rules" | jq -e '.data.groups[0] |
		(.lastEvaluation | startswith("0001") | not) and
		(.rules | all(.type != "alerting" or .state != "pending"))'
}
firing() {
	ask "$url/api/v1/rules" |
		jq -e '.data.groups[0].rules | all(.state == "firing")'
}

median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)], v[1]}'; }

# NAME MS MS_MIN, of each row, as Prometheus has it
prometheus_measure() {
	local name query kind i
	prometheus_start ''
	while IFS=$'\t' read -r name query; do
		say "Prometheus: $query"
		for ((i = 0; i < rounds; i++)); do
			ask "$url/api/v1/query" -d stats=all -d time="$at" \
				--data-urlencode query="$query" |
				jq '.data.stats.timings.evalTotalTime * 1000'
		done | median | sed "s/^/$name /"
	done < <("$built" queries)
	stop "$started"
	for kind in record quiet firing; do
		say "Prometheus: 1,000 rules, $kind, for 40 s"
		"$built" rules $kind >"$tmp/rules.yml"
		prometheus_start "$tmp/rules.yml"
		# "for" is over after 10 s
		if [ $kind = firing ]; then
			wait_for 60 firing
		else
			wait_for 60 evaluated
		fi
		for ((i = 0; i < 7; i++)); do
			sleep 5
			ask "$url/api/v1/rules" |
				jq '.data.groups[0].evaluationTime * 1000'
		done | median | sed "s/^/rules_$kind /"
		stop "$started"
	done
}

# Ours and theirs, in one line.
join_rows() {
	awk 'FILENAME == ARGV[1] {ms[$1] = $2; min[$1] = $3; next}
	$1 in ms {
		split($2, ours, "="); split($3, ours_min, "=")
		sub(/ ok=/, sprintf(" prometheus_ms=%.3f prometheus_ms_min=%.3f " \
			"times_faster=%.1f ok=", ms[$1], min[$1], ms[$1] / ours[2]))
	}
	{print}' "$1" "$2"
}

say "10,000 counters over $((end - start)) s, in our memory"
huge=${KYMO_BENCH_HUGE:+glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1}
GLIBC_TUNABLES=$huge "$built" measure "$start" "$end" "$at" >"$tmp/ours"
: >"$tmp/theirs"
if [ -z "${KYMO_BENCH_ALONE:-}" ]; then
	disk=$(mktemp -d "${TMPDIR:-/var/tmp}/kymo-bench-XXXXXX")
	trap 'rm -rf "$disk"; testlib_end' EXIT
	say 'the same for Prometheus (some minutes)'
	"$built" openmetrics "$start" "$end" >"$disk/samples"
	promtool tsdb create-blocks-from openmetrics "$disk/samples" "$disk/data" \
		>"$tmp/promtool.log" 2>&1 || { tail "$tmp/promtool.log" >&2; fail promtool; }
	rm "$disk/samples"
	prometheus_measure >"$tmp/theirs"
fi
join_rows "$tmp/theirs" "$tmp/ours" >"$tmp/joined"
rows cat "$tmp/joined"
rows_end
