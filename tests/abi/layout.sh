#!/usr/bin/env bash
# Goal: the layout is the same bytes on every machine. Method: the numbers of
# schema/layout-1.txt become static assertions beside shm/layout.h, which are
# compiled for each machine that the compilers here know, without a C library;
# implicit padding is an error. And no name of layout.h is missing in that file.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
golden=$top_srcdir/schema/layout-1.txt
layout=$top_srcdir/shm/layout.h
machine_cnt=0

# One assertion a line of the golden file.
assertions() {
	awk '
		/^struct / { printf "KYI_SIZE(struct %s, %s);\n", $2, $3 }
		/^[0-9]/ {
			member = $3
			sub(/^[^.]*\./, "", member)
			type = $3
			sub(/\..*/, "", type)
			printf "KYI_OFF(struct %s, %s, %s);\n", type, member, $1
			printf "KYI_STATIC_ASSERT(sizeof(((struct %s *)0)->%s) == %s, \"%s\");\n",
				type, member, $2, $3
		}
		/^constant / {
			# The smallest integer has no literal.
			value = $3 == "-9223372036854775808" ? "-9223372036854775807 - 1" : $3
			printf "KYI_STATIC_ASSERT((int64_t)(%s) == %s, \"%s\");\n",
				$2, value, $2
		}' "$golden"
}

# compiles WHAT COMPILER FLAG..: the header, with each number asserted.
compiles() {
	local what=$1
	shift
	"$@" -fsyntax-only -ffreestanding -Wall -Wextra -Wpadded -Werror \
		-I "$top_srcdir" "$tmp/asserts.c" ||
		fail "$what: another layout"
	machine_cnt=$((machine_cnt + 1))
}

# knows COMPILER FLAG..: whether it can compile for that at all.
knows() {
	printf '#include <stdint.h>\n#include <stddef.h>\nuint64_t x;\n' |
		"$@" -fsyntax-only -ffreestanding -x c - 2>/dev/null
}

printf '#include "shm/layout.h"\n' >"$tmp/asserts.c"
assertions >>"$tmp/asserts.c"
[ "$(wc -l <"$tmp/asserts.c")" -gt 300 ] || fail "too few assertions"

for machine in x86_64-linux-gnu i386-linux-gnu aarch64-linux-gnu \
	armv7-linux-gnueabihf riscv64-linux-gnu s390x-linux-gnu \
	mips-linux-gnu powerpc-linux-gnu wasm32-unknown-unknown; do
	if ! knows clang --target="$machine"; then
		echo "no clang for $machine"
		continue
	fi
	compiles "$machine" clang --target="$machine" -std=c11
	compiles "$machine, C++" clang --target="$machine" -xc++ -std=c++11
done
for flag in -m64 -m32; do
	if knows gcc "$flag"; then
		compiles "gcc $flag" gcc "$flag" -std=c11
	else
		echo "no gcc $flag"
	fi
done
[ $machine_cnt -gt 0 ] || skip "no compiler for any machine"

# A wrong number must fail, or all of the above says nothing.
sed 's/^KYI_OFF(struct kyi_event, ts_ns, 8)/KYI_OFF(struct kyi_event, ts_ns, 16)/' \
	"$tmp/asserts.c" >"$tmp/wrong.c"
cmp -s "$tmp/asserts.c" "$tmp/wrong.c" && fail "nothing to break"
if ${CC:-gcc} -std=c11 -fsyntax-only -I "$top_srcdir" "$tmp/wrong.c" 2>/dev/null; then
	fail "a wrong offset was not seen"
fi

# Names of layout.h that the golden file does not have. Those of functions in
# macros, and the guard, have no value; KYI_MAGIC is a string.
names() {
	sed -n -e 's/^#define \(KYI_[A-Z0-9_]*\)[ \t].*/\1/p' \
		-e 's/^\t\(KYI_[A-Z0-9_]*\) = .*/\1/p' "$layout" |
		grep -vx -e KYI_STATIC_ASSERT -e KYI_MAGIC
	sed -n 's/^struct \(kyi_[a-z_]*\) {$/\1/p' "$layout"
}
for name in $(names); do
	grep -qE "^(constant|struct) $name " "$golden" ||
		fail "$name is in shm/layout.h and not in schema/layout-1.txt"
done
echo "the same layout $machine_cnt times"
