#!/usr/bin/env bash
# ./dev prove disabled [--json]: with KYMO_DISABLE the object code of an
# instrumented program is that of the same program without kymo: every
# instruction, relocation and byte of data.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
need objdump
testlib_begin
rows_begin "$@"
source=$top_srcdir/tests/prove/disabled.c

# object NAME COMPILE..: what is in an object file, but its name.
object() {
	local name=$1
	shift
	"$@" -I"$top_srcdir/writer" -w -c -o "$tmp/$name.o" "$source" || return
	objdump -d -r -s -j .text -j .data -j .bss -j .rodata -j .init_array \
		--no-show-raw-insn "$tmp/$name.o" 2>/dev/null |
		sed 's/^.*file format.*$//' >"$tmp/$name.dump"
	objdump -h "$tmp/$name.o" | awk '
		$2 ~ /^\.(text|data|bss|rodata|init_array|ctors|tbss|tdata)/ && $3 !~ /^0+$/ {
			print $2, $3 }' >>"$tmp/$name.dump"
}

for compiler in gcc clang g++ clang++; do
	command -v $compiler >/dev/null || continue
	language=(-x c -std=gnu11)
	case $compiler in *++) language=(-x c++ -std=c++17) ;; esac
	for level in -O2 -O3 -Os; do
		compile=("$compiler" "${language[@]}" "$level")
		object plain "${compile[@]}" -DPLAIN
		object disabled "${compile[@]}" -DKYMO_DISABLE
		object enabled "${compile[@]}"
		differ=$(diff "$tmp/plain.dump" "$tmp/disabled.dump" | grep -c '^[<>]' || true)
		[ "$differ" = 0 ] || diff "$tmp/plain.dump" "$tmp/disabled.dump" >&2 || true
		enabled=$(diff "$tmp/plain.dump" "$tmp/enabled.dump" | grep -c '^[<>]' || true)
		ok=0
		# A comparison that sees no difference with kymo would see none.
		[ "$differ" != 0 ] || [ "$enabled" -lt 50 ] || ok=1
		rows_show "disabled/$compiler$level" \
			"instructions=$(objdump -d "$tmp/disabled.o" | grep -c '^ *[0-9a-f]*:')" \
			"differ=$differ" "differ_enabled=$enabled" ok=$ok
	done
done
rows_end
