#!/usr/bin/env bash
# ./dev bench peers [--json]: a record of kymo beside one of the libraries that
# Debian packages, in the same run: Performance Co-Pilot's MMV, prometheus-cpp,
# LTTng-UST. In one thread, and in two on the same metric. What is not installed
# is left out, and named.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
json=no turns=${KYMO_BENCH_TURNS:-5}
[ "${1:-}" != --json ] || json=yes
testlib_begin
here=$top_srcdir/tests/bench/peers
export KYMO_DIR=$tmp/regions KYMO_QUIET=1 LD_LIBRARY_PATH=$top_builddir/.libs
mkdir -m 700 "$KYMO_DIR"
say() { printf 'peers: %s\n' "$*" >&2; }
programs=(kymo)

# build NAME COMPILER FILE LIBRARY..
build() {
	local name=$1 compiler=$2 file=$3
	shift 3
	if "$compiler" -O2 -I"$here" "$here/$file" -o "$tmp/$name" -pthread "$@" \
		>"$tmp/$name.log" 2>&1; then
		programs+=("$name")
	else
		say "$name is not here: $(grep -m 1 -i error "$tmp/$name.log")"
	fi
}
mkdir "$tmp/include"
cp "$top_srcdir/writer/kymo.h" "$tmp/include"
gcc -O2 -I"$tmp/include" -I"$here" "$here/kymo.c" -o "$tmp/kymo" -pthread \
	-L"$top_builddir/.libs" -lkymo
build pcp gcc pcp.c -lpcp_mmv -lpcp
build prometheus g++ prometheus.cc -std=c++17 -lprometheus-cpp-core
build lttng gcc lttng.c -llttng-ust -ldl
mkdir -p "$tmp/pcp-tmp/mmv"
export PCP_TMP_DIR=$tmp/pcp-tmp

# A session of its own, in memory, that takes what there is and overwrites it.
export LTTNG_HOME=$tmp/session LTTNG_UST_REGISTER_TIMEOUT=-1
session=no
if command -v lttng-sessiond >/dev/null && [ -x "$tmp/lttng" ]; then
	mkdir -p "$tmp/session"
	start sessiond lttng-sessiond --no-kernel
	if (
		for _ in {1..50}; do
			lttng --no-sessiond create peers --snapshot && break
			sleep 0.1
		done
		lttng --no-sessiond enable-event -u peers:job &&
			lttng --no-sessiond start
	) >"$tmp/session.log" 2>&1; then
		session=yes
	else
		say "LTTng has no session: $(tail -n 1 "$tmp/session.log")"
	fi
fi

for ((turn = 1; turn <= turns; turn++)); do
	say "turn $turn of $turns"
	for program in "${programs[@]}"; do
		if [ "$program" != lttng ]; then
			"$tmp/$program" || fail "$program: exit $?"
		elif [ $session = yes ]; then
			"$tmp/lttng" 'event lttng_ust'
		fi
	done
done >"$tmp/rows"

awk -v json=$json '
{
	key = $1 " " $2 " " $3
	if (!(key in least)) {
		order[++cnt] = key
		least[key] = $4
	}
	if ($4 < least[key])
		least[key] = $4
	sum[key] += $5
	turns[key]++
}
END {
	for (i = 1; i <= cnt; i++) {
		key = order[i]
		split(key, part, " ")
		ours = least[part[1] " kymo " part[3]]
		ratio = ours > 0 ? least[key] / ours : 0
		if (json == "yes")
			printf "{\"suite\":\"peers\",\"row\":\"%s_%s_%d\",\"threads\":%d,\"ns_min\":%.3f,\"ns_median\":%.3f,\"ratio_to_kymo\":%.3f}\n",
				part[1], part[2], part[3], part[3], least[key], sum[key] / turns[key], ratio
		else {
			if (i == 1)
				printf "%-10s %-16s %7s %9s %9s %9s\n", "", "", "threads", "ns min", "median", "x kymo"
			printf "%-10s %-16s %7d %9.2f %9.2f %9.2f\n", part[1], part[2], part[3],
				least[key], sum[key] / turns[key], ratio
		}
	}
}' <(sort -s -k1,1 -k3,3n "$tmp/rows")
