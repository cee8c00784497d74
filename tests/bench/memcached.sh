#!/usr/bin/env bash
# ./dev bench memcached [--json]: a real server, Debian's memcached, with kymo in
# each command (counter, the time of one in 64, gauge of connections, a span for
# one in a thousand) beside the same server without: user instructions per
# command (callgrind), and which part adds how many; ns of the records alone;
# throughput and processor time of pairs of runs.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
json=no pairs=${KYMO_BENCH_PAIRS:-12} commands=${KYMO_BENCH_COMMANDS:-20000}
[ "${1:-}" != --json ] || json=yes
need valgrind memcaslap dpkg-source apt-get jq
testlib_begin
here=$top_srcdir/tests/bench/memcached
export KYMO_DIR=$tmp/regions KYMO_QUIET=1
mkdir -m 700 "$KYMO_DIR"
# Kept: some megabytes, and a minute.
kept=$top_builddir/tests/bench/memcached.d
mkdir -p "$kept"
kept=$(cd "$kept" && pwd) builddir=$(cd "$top_builddir" && pwd)
say() { printf 'memcached: %s\n' "$*" >&2; }

# --- building ---------------------------------------------------------------

# Debian's source package, with lists of our own: nothing of the machine's set-up
# changes.
fetch() {
	local list apt=(apt-get -q -o "Dir::State::Lists=$kept/lists"
		-o "Dir::Etc::SourceList=$kept/debian.sources"
		-o Dir::Etc::SourceParts=/dev/null -o APT::Sandbox::User=root)
	say "fetching Debian's source package"
	mkdir -p "$kept/lists/partial"
	{
		for list in /etc/apt/sources.list.d/*.sources; do
			! grep -qsi debian-archive "$list" ||
				sed 's/^Types:.*/Types: deb-src/' "$list"
		done
		# The same of an old sources.list, if there is one.
		sed -n 's/^deb \(\[.*\] \)\?\([^ ]*\) \([^ ]*\) .*/\nTypes: deb-src\nURIs: \2\nSuites: \3\nComponents: main/p' \
			/etc/apt/sources.list 2>/dev/null || true
	} >"$kept/debian.sources"
	if ! "${apt[@]}" update >"$kept/fetch.log" 2>&1 ||
		! (cd "$kept" && "${apt[@]}" source --download-only memcached) \
			>>"$kept/fetch.log" 2>&1; then
		fail "no source package: $(tail -n 5 "$kept/fetch.log")"
	fi
	rm -rf "$kept/source"
	dpkg-source -x "$kept"/memcached_*.dsc "$kept/source" >>"$kept/fetch.log" 2>&1 ||
		fail "$(tail -n 5 "$kept/fetch.log")"
}

# made NAME PARTS: memcached-NAME, linked with libkymo if PARTS is not 0.
made() {
	local dir=$kept/$1 parts=$2
	say "building $1"
	rm -rf "$dir"
	cp -a "$kept/built" "$dir"
	if [ "$parts" != 0 ]; then
		bash "$here/instrument.sh" "$dir" "$here"
		cp "$top_srcdir/writer/kymo.h" "$dir"
		gcc -O2 -g "-DPARTS=$parts" -I"$dir" -c "$dir/kymo_memcached.c" -o "$dir/kymo_memcached.o"
		make -s -C "$dir" memcached CPPFLAGS="-DPARTS=$parts -I." \
			LIBS="-levent kymo_memcached.o -L$builddir/.libs -lkymo" \
			>"$dir/make.log" 2>&1 || fail "$(tail -n 20 "$dir/make.log")"
	fi
}

build() {
	[ -d "$kept/source" ] || fetch
	if [ ! -x "$kept/built/memcached" ]; then
		say "building Debian's"
		rm -rf "$kept/built"
		cp -a "$kept/source" "$kept/built"
		(cd "$kept/built" && ./configure -q --disable-docs --disable-extstore \
			CFLAGS='-O2 -g' && make -s memcached) >"$kept/build.log" 2>&1 ||
			fail "$(tail -n 20 "$kept/build.log")"
	fi
	made none 0
	made counter 1
	made timer 2
	made all 3
	made each 4
	made alone 5
	gcc -O2 -g -I"$top_srcdir/writer" -I"$here" -o "$kept/cost" "$here/cost.c" \
		"$here/kymo_memcached.c" -L"$builddir/.libs" -lkymo ||
		fail 'cost.c does not compile'
}

# --- instructions -----------------------------------------------------------

# Background threads of memcached's are switched off: they count, too.
# Valgrind lets a program set no other limit of files than the one it has there.
ulimit -n 1024
files=$(valgrind -q --log-file=/dev/null bash -c 'ulimit -Hn')
options=(-u root -l 127.0.0.1 -t 1 -c "$files" -o 'no_lru_crawler,no_lru_maintainer')
export LD_LIBRARY_PATH=$builddir/.libs

# serve NAME WRAPPER..: starts that memcached.
serve() {
	local name=$1
	shift
	free_port
	start "memcached-$name" "$@" "$kept/$name/memcached" "${options[@]}" -p "$port"
	wait_for 30 eval "echo version >/dev/tcp/127.0.0.1/$port"
}

# collected NAME COUNT: the instructions of a whole run with so many commands, in
# $all.
collected() {
	serve "$1" valgrind --tool=callgrind --callgrind-out-file=/dev/null
	python3 "$here/load.py" "$port" "$2" >"$tmp/sent"
	stop "$started"
	all=$(awk '/Collected/ { print $4 }' "$tmp/memcached-$1.log")
	[ -n "$all" ] || fail "callgrind said nothing: $(tail -n 3 "$tmp/memcached-$1.log")"
}

# per_command NAME: how many a command more costs, in $instructions.
per_command() {
	local few many
	collected "$1" $((commands / 4)); few=$all
	collected "$1" "$commands"; many=$all
	instructions=$(awk -v few="$few" -v many="$many" -v n=$((commands - commands / 4)) \
		'BEGIN { printf "%.1f", (many - few) / n }')
}

row() { printf '%s\n' "$1" >>"$tmp/rows"; }

count_instructions() {
	local name now base=
	for name in none none counter timer all each alone; do
		say "counting instructions: $name"
		per_command "$name"
		now=$instructions
		if [ -z "$base" ]; then
			base=$now
			continue # twice: how well it repeats
		fi
		row "{\"suite\":\"memcached\",\"row\":\"instructions_$name\",\"instructions\":$now,\"added_instructions\":$(awk -v a="$base" -v b="$now" 'BEGIN { printf "%.1f", b - a }'),\"ratio\":$(awk -v a="$base" -v b="$now" 'BEGIN { printf "%.5f", b / a }')}"
	done
}

# What it counted is what was sent; and what it timed, one in 64 with weight 64,
# but for 63 of each kind and run.
dumped() {
	"$builddir/kymo" dump --dir "$KYMO_DIR" --all --format json --name "$1" \
		2>/dev/null | jq -s 'map(select(.labels.command != "other")
		| .value // .count) | add'
}
compare_counts() {
	local counted timed sent
	read -r gets sets <"$tmp/sent"
	counted=$(dumped memcached_commands)
	timed=$(dumped memcached_command_duration_seconds)
	sent=$((commands + commands / 4))
	say "the last of them: $gets gets and $sets sets sent; in all runs kymo counted $counted, timed $timed"
	[ "$counted" = $((4 * sent)) ] ||
		fail "$counted commands counted, $((4 * sent)) sent"
	[ $(((timed - 3 * sent) / (64 * 12))) = 0 ] ||
		fail "$timed commands timed, $((3 * sent)) sent"
}

# --- throughput ---------------------------------------------------------------

# throughput NAME: commands a second over some seconds, and the ns of processor
# time that the server took for each, the kernel's for it included.
cpu_ns() { cat /proc/"$1"/task/*/schedstat | awk '{ ns += $1 } END { printf "%.0f", ns }'; }
throughput() {
	local before after
	serve "$1"
	before=$(cpu_ns "$started")
	memcaslap -s "127.0.0.1:$port" -T 1 -c 16 -t "${KYMO_BENCH_SECONDS:-3}s" \
		>"$tmp/slap" 2>&1
	after=$(cpu_ns "$started")
	stop "$started"
	awk -v ns=$((after - before)) '/TPS:/ {
		for (i = 1; i < NF; i++) of[$i] = $(i + 1)
		print of["TPS:"], ns / of["Ops:"]
	}' "$tmp/slap"
}

run_pairs() {
	local i order
	for ((i = 1; i <= pairs; i++)); do
		say "throughput: pair $i of $pairs"
		# Which one is first changes: machines get slower and faster.
		order='none all'
		[ $((i % 2)) = 0 ] || order='all none'
		for name in $order; do
			throughput "$name" >"$tmp/tps.$name"
		done
		paste -d ' ' "$tmp/tps.none" "$tmp/tps.all" >>"$tmp/pairs"
	done
	row "$(awk '{ print $1, $3 }' "$tmp/pairs" | python3 "$here/interval.py" throughput)"
	row "$(awk '{ print $2, $4 }' "$tmp/pairs" | python3 "$here/interval.py" cpu_ns)"
}

# --- the records by themselves -----------------------------------------------

run_cost() {
	say "the records alone"
	mkdir -m 700 "$tmp/cost.d"
	KYMO_DIR=$tmp/cost.d "$kept/cost" | sed 's/\(.*\) ns=\(.*\)/{"suite":"memcached","row":"alone_\1","ns":\2}/' \
		>"$tmp/cost"
	[ -s "$tmp/cost" ] || fail 'no figures'
	cat "$tmp/cost" >>"$tmp/rows"
}

build
run_cost
count_instructions
compare_counts
run_pairs
if [ $json = yes ]; then
	cat "$tmp/rows"
else
	jq -rs '(.[] | select(.instructions) | "\(.row[13:] + "          " | .[:10]) \(.instructions) instructions a command, \(.added_instructions) more: \((.ratio - 1) * 100000 | round / 1000) %"),
		(.[] | select(.ns) | "\(.row[6:] + "          " | .[:10]) \(.ns) ns for the records alone"),
		(.[] | select(.pairs) | "\(.row) with kymo: \(.ratio) of \(.without) without; 95 % confidence \(.ratio_low) to \(.ratio_high), \(.pairs) pairs")' "$tmp/rows"
	echo "(the row none is memcached against itself: what this cannot see)"
fi
