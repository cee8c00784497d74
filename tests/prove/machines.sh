#!/usr/bin/env bash
# machines: kymo on aarch64, i386 and s390x (big-endian), by Debian's cross
# compilers and qemu-user. Each has all unit tests pass but those that
# tests/machines/left-out names, and the region that the program golden writes
# there reads here as one that is written here.
#
# What it builds is kept in build/machines, for the next time.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
testlib_begin
rows_begin "$@"
need qemu-aarch64 qemu-i386 qemu-s390x aarch64-linux-gnu-gcc \
	i686-linux-gnu-gcc s390x-linux-gnu-gcc
work=$top_builddir/../machines
leave_out=" $(sed -E -e '/^(#|$)/d' -e 's/\t.*//' \
	"$top_srcdir/tests/machines/left-out" | tr '\n' ' ')"
export KYMO_LEAVE_OUT=$leave_out
: >"$tmp/names"

# quietly LOG COMMAND..: its output only where it fails.
quietly() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; fail "$*"; }
}

# run QEMU ROOT BUILD PROGRAM: a program of another machine.
run() {
	local program=$3/$4
	[ ! -x "${program%/*}/.libs/${program##*/}" ] ||
		program=${program%/*}/.libs/${program##*/}
	LD_LIBRARY_PATH='' timeout -k 5 120 "$1" -L "$2" \
		-E LD_LIBRARY_PATH="$3/.libs" "$program" </dev/null
}

# unit_tests QEMU ROOT BUILD: into passed, left_out, failed.
unit_tests() {
	local program name log
	passed=0 left_out=0 failed=0 programs=0
	for program in "$top_srcdir"/tests/unit/test_*.c; do
		name=$(basename "$program" .c)
		log=$tmp/$name.log
		programs=$((programs + 1))
		if ! run "$1" "$2" "$3" "tests/unit/$name" >"$log" 2>&1; then
			failed=$((failed + 1))
			printf -- '-- %s\n' "$name" >&2
			grep -a -E '^(\[  (ERROR|FAILED)|ERROR)' "$log" >&2 ||
				tail -n 5 "$log" >&2
		fi
		passed=$((passed + $(grep -a -c '^\[       OK' "$log" || true)))
		left_out=$((left_out + $(grep -a -c '^LEFT OUT' "$log" || true)))
		grep -a '^LEFT OUT' "$log" >>"$tmp/names" || true
	done
}

# machine NAME ARCH TRIPLET LIBDIR QEMU ORDER
machine() {
	local name=$1 root=$work/$1/root build=$work/$1/build file golden=ok ok=1
	mkdir -p "$work/$name"
	if [ ! "$work/$name/root.done" -nt "$top_srcdir/packages.txt" ]; then
		quietly "$work/$name/root.log" \
			bash "$top_srcdir/tests/machines/sysroot.sh" "$2" "$root"
		: >"$work/$name/root.done"
	fi
	quietly "$work/$name/build.log" \
		bash "$top_srcdir/tests/machines/build.sh" "$3" "$4" "$root" "$build"
	unit_tests "$5" "$root" "$build"
	file=$(KYMO_DIR=$tmp/regions run "$5" "$root" "$build" \
		tests/machines/golden) || fail "golden on $name"
	cp "$file" "$work/$name.kymo"
	bash "$top_srcdir/tests/machines/golden.sh" "$file" >"$tmp/said" 2>&1 ||
		{ cat "$tmp/said" >&2; golden=otherwise ok=0; }
	[ $failed = 0 ] || ok=0
	rows_show "$name" byte_order="$6" programs_cnt=$programs \
		tests_passed_cnt=$passed tests_left_out_cnt=$left_out \
		programs_failed_cnt=$failed golden=$golden ok=$ok
}

mkdir -p "$work"
work=$(cd "$work" && pwd)
machine aarch64 arm64 aarch64-linux-gnu aarch64-linux-gnu qemu-aarch64 little
machine i386 i386 i686-linux-gnu i386-linux-gnu qemu-i386 little
machine s390x s390x s390x-linux-gnu s390x-linux-gnu qemu-s390x big
# A name that no test has would leave out nothing, and nobody would know.
for name in $leave_out; do
	grep -q "^LEFT OUT: $name " "$tmp/names" || fail "no test is named $name"
done
rows_end
