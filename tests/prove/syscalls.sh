#!/usr/bin/env bash
# ./dev prove syscalls [--json]: 10,000,000 records of each kind (KYMO_RECORDS:
# so many), after two, under a seccomp filter that lets exit_group pass and
# nothing else: no system call, so no lock that waits either; if there is one, it
# and who made it are named. The same program's malloc counts: no allocation in
# all its life. Then 10^8 in all with the library and the program by gcc and clang
# at each level, and as one header. And the code of an inlined counter and
# histogram has no lock prefix, no call, and so many instructions.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
skip_under address 'it makes system calls of its own'
skip_under thread 'it makes system calls of its own'
testlib_begin
rows_begin "$@"
export KYMO_COMPONENTS=sampled:0.1 KYMO_QUIET=1
: "${KYMO_RECORDS:=${KYMO_QUICK:+100000}}"
rows "$top_builddir/tests/prove/syscalls" "$KYMO_RECORDS"

# compiled NAME COMPILE..: all of the program's rows in one, and those that do
# not hold.
compiled() {
	local name=$1
	shift
	"$@" -std=gnu11 -include "$top_builddir/config.h" -I"$top_srcdir" \
		-w -o "$tmp/syscalls" "$top_srcdir/tests/prove/syscalls.c" \
		-lpthread || fail "$name: does not compile"
	"$tmp/syscalls" "${KYMO_RECORDS:-4000000}" >"$tmp/rows" 2>"$tmp/said" ||
		fail "$name: $(cat "$tmp/said")"
	grep -v 'ok=1$' "$tmp/rows" >&2 || true
	cat "$tmp/said" >&2
	# shellcheck disable=SC2046 # fields
	rows_show "syscalls/$name" $(awk '
		/ records=/ {
			kinds++
			for (i = 2; i <= NF; i++) {
				split($i, pair, "=")
				sum[pair[1]] += pair[2]
			}
		}
		!/ ok=1$/ { bad++ }
		END {
			printf "kinds=%d records=%.0f syscalls=%d mallocs=%d ok=%d",
				kinds, sum["records"], sum["syscalls"],
				sum["mallocs"], (kinds > 0 && !bad)
		}' "$tmp/rows")
}
levels=(-O0 -O1 -O2 -O3 '-O3 -flto')
[ -z "$KYMO_QUICK" ] || levels=()
compilers=(gcc clang)
[ -z "$KYMO_MODE" ] || compilers=() # once is enough
for compiler in "${compilers[@]}"; do
	command -v "$compiler" >/dev/null || continue
	for level in "${levels[@]}"; do
		# shellcheck disable=SC2086 # options
		compiled "$compiler${level// /}" "$compiler" $level \
			"$top_srcdir"/writer/*.c "$top_srcdir"/shm/*.c
	done
	for level in -O0 -O3; do
		case $KYMO_QUICK$compiler$level in 1gcc-O3 | 1clang-O0) continue ;; esac
		compiled "$compiler${level}_one_header" "$compiler" $level \
			-DKYMO_IMPLEMENTATION \
			-include "$top_builddir/writer/kymo_single.h"
	done
done

# One function each, as a program has it: a handle at file scope.
cat >"$tmp/inline.c" <<'END'
#include <kymo.h>
KYMO_COUNTER(jobs, "jobs_total", "Jobs");
KYMO_UPDOWN(busy, "busy", "Busy");
KYMO_HISTOGRAM(bytes, "size_bytes", "Sizes");
void counter_inc(void) { kymo_counter_inc(jobs); }
void counter_add(uint64_t n) { kymo_counter_add(jobs, n); }
void updown_add(int64_t n) { kymo_updown_add(busy, n); }
void histogram_record(uint64_t v) { kymo_histogram_record(bytes, v); }
END
# Up to the last return: what is after it is cold.
hot_part() {
	objdump -d --no-show-raw-insn "$tmp/inline.o" |
		awk -v name="<$1>:" '$2 == name { on = 1; next } /^$/ { on = 0 }
			on { sub(/^[^\t]*\t/, ""); print }' |
		awk '{ line[NR] = $0 } /^ret/ { last = NR }
			END { for (i = 1; i < last; i++) print line[i] }'
}
inline_row() {
	local name=$1 max=$2 cnt locks calls
	cnt=$(hot_part "$name" | wc -l)
	locks=$(hot_part "$name" | grep -c 'lock' || true)
	calls=$(hot_part "$name" | grep -c 'call' || true)
	rows_show "syscalls/inline_$name" "instructions=$cnt" "max=$max" \
		"locks=$locks" "calls=$calls" \
		"ok=$((cnt > 0 && cnt <= max && locks == 0 && calls == 0))"
}
read -ra cc <<<"${CC:-gcc}"
if [ "$(uname -m)" = x86_64 ] && "${cc[@]}" --version | grep -qi gcc &&
	command -v objdump >/dev/null; then
	[ -z "$KYMO_MODE" ] ||
		sed -i "s/<kymo.h>/<kymo_$KYMO_MODE.h>/" "$tmp/inline.c"
	"${cc[@]}" -O2 -fPIE -I"$top_srcdir/writer" \
		-I"$top_builddir/writer" -c -o "$tmp/inline.o" \
		"$tmp/inline.c"
	inline_row counter_inc 7
	inline_row counter_add 9
	inline_row updown_add 7
	inline_row histogram_record 24
fi
rows_end
