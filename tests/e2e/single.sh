#!/usr/bin/env bash
# kymo in one header: it compiles clean as the project's own files do, serves
# several C and C++ files of a program, needs no library, shows nothing to others,
# and counts exactly; also beside another copy of kymo in the same process.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
[ "$KYMO_SANITIZER" = no ] || skip "under $KYMO_SANITIZER: users link without"
testlib_begin
need jq nm readelf
: "${CC:=cc}" "${CXX:=c++}"
read -ra cc <<<"$CC"
read -ra cxx <<<"$CXX"
export KYMO_DIR=$tmp/regions
mkdir -m 700 "$KYMO_DIR"
built kymo; kymo=$built
cp "$top_builddir/writer/kymo_single.h" "$tmp"

# value NAME: of that metric, all regions summed.
value() {
	"$kymo" dump --all --sum --format json --name "$1" |
		jq '.value // .count'
}

# holds WHAT NAME=VALUE..: this was counted, in so many regions, and goes.
holds() {
	local what=$1 regions=$2 pair
	shift 2
	[ "$(find "$KYMO_DIR" -name '*.kymo' | wc -l)" = "$regions" ] ||
		fail "$what: not $regions regions: $(ls "$KYMO_DIR")"
	for pair; do
		[ "$(value "${pair%=*}")" = "${pair#*=}" ] ||
			fail "$what: $(value "${pair%=*}"), not $pair"
	done
	rm -rf "${KYMO_DIR:?}"/*
}

# --- it compiles clean -------------------------------------------------------

warnings='-Wall -Wextra -Wshadow -Wundef -Wvla -Wstrict-prototypes
	-Wmissing-prototypes -Wold-style-definition -Wmissing-declarations
	-Wredundant-decls -Wnested-externs -Wpointer-arith -Wwrite-strings
	-Wcast-qual -Wformat=2 -Wimplicit-fallthrough -Wno-unused-parameter
	-Werror'
read -d '' -ra warnings <<<"$warnings" || true
printf '#define KYMO_IMPLEMENTATION\n#include <kymo_single.h>\n' >"$tmp/kymo.c"
for compiler in gcc clang; do
	command -v $compiler >/dev/null || continue
	$compiler -std=gnu11 -O2 "${warnings[@]}" -I"$tmp" -c "$tmp/kymo.c" \
		-o "$tmp/kymo_$compiler.o" || fail "$compiler does not like it"
done
printf '#include <stdio.h>\n' | cat - "$tmp/kymo.c" >"$tmp/late.c"
! "${cc[@]}" -I"$tmp" -c "$tmp/late.c" -o "$tmp/late.o" 2>"$tmp/said" ||
	fail 'after another header it compiles'
grep -q 'include kymo_single.h first' "$tmp/said" ||
	fail "after another header: $(<"$tmp/said")"
"${cc[@]}" -O2 -DKYMO_DISABLE -I"$tmp" -c "$tmp/kymo.c" -o "$tmp/disabled.o"
! nm "$tmp/disabled.o" | grep -i ky || fail 'disabled, yet there'

# --- a program of two files ----------------------------------------------------

# The other files see declarations alone.
sed 's/<kymo.h>/<kymo_single.h>/' "$top_srcdir/examples/first.c" >"$tmp/first.c"
for object in "$tmp"/kymo_*.o; do
	"${cc[@]}" -O2 -I"$tmp" "$tmp/first.c" "$object" -o "$tmp/first" -lpthread
	"$tmp/first"
	holds "${object##*/} in C" 1 jobs=1000 job_duration_seconds=1000
	"${cxx[@]}" -O2 -I"$tmp" -x c++ "$tmp/first.c" -x none "$object" \
		-o "$tmp/first_cc" -lpthread
	"$tmp/first_cc"
	holds "${object##*/} in C++" 1 jobs=1000 job_duration_seconds=1000
done
for needed in $(readelf -d "$tmp/first" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
	case $needed in
	libc.so.* | libpthread.so.* | ld-linux*) ;;
	*) fail "it needs $needed" ;;
	esac
done
"$top_builddir/examples/single"
holds 'the example' 1 lines=4 line_size_bytes=4

# --- beside other copies ---------------------------------------------------------

# A program with kymo inside, linked with a library that brings libkymo.so, and
# loading a plug-in with kymo inside: each copy counts in its own region.
cat >"$tmp/host.c" <<'END'
#define KYMO_IMPLEMENTATION
#include <kymo_single.h>
#include <dlfcn.h>
KYMO_COUNTER(calls, "plugin_calls_total", "Calls of the plug-in");
void plugin_call(int n);
int main(int argc, char **argv)
{
	void *inside = dlopen(argv[argc - 1], RTLD_NOW | RTLD_GLOBAL);
	void (*call)(int) = NULL;

	if (!inside)
		return 1;
	*(void **)&call = dlsym(inside, "plugin_call");
	for (int i = 0; i < 1000; i++) {
		plugin_call(i);
		call(i);
		kymo_counter_inc(calls);
	}
	dlclose(inside);
	return 0;
}
END
plugin=$top_srcdir/tests/e2e/plugin.c
"${cc[@]}" -O1 -shared -fPIC -I"$top_srcdir/writer" "$plugin" -o "$tmp/libbeside.so" \
	-L"$top_builddir/.libs" -lkymo
sed -e 's/<kymo.h>/<kymo_single.h>/' -e '1i #define KYMO_IMPLEMENTATION' "$plugin" \
	>"$tmp/inside.c"
"${cc[@]}" -O1 -shared -fPIC -I"$tmp" "$tmp/inside.c" -o "$tmp/inside.so" \
	-Wl,-z,nodelete
# -rdynamic: even a program that shows all it has does not show this.
"${cc[@]}" -O1 -rdynamic -I"$tmp" "$tmp/host.c" -o "$tmp/host" -L"$tmp" -lbeside -ldl \
	-Wl,-rpath,"$tmp" -Wl,-rpath-link,"$top_builddir/.libs"
for file in first host inside.so; do
	! nm -D --defined-only "$tmp/$file" | grep -i ky ||
		fail "$file shows kymo to others"
done
"$tmp/host" "$tmp/inside.so"
holds 'three copies' 3 plugin_calls=3000 plugin_call_duration_seconds=2000
# libkymo.a in the program is no other.
if [ -e "$top_builddir/.libs/libkymo.a" ]; then
	sed -e '/IMPLEMENTATION/d' -e 's/kymo_single/kymo/' "$tmp/host.c" \
		>"$tmp/static.c"
	"${cc[@]}" -O1 -rdynamic -I"$top_srcdir/writer" "$tmp/static.c" \
		"$top_builddir/.libs/libkymo.a" -o "$tmp/static" -L"$tmp" \
		-lbeside -lpthread -ldl -Wl,-rpath,"$tmp" \
		-Wl,-rpath-link,"$top_builddir/.libs"
	! nm -D --defined-only "$tmp/static" | grep -i ky ||
		fail 'a static program shows kymo to others'
	"$tmp/static" "$tmp/inside.so"
	holds 'a static copy' 3 plugin_calls=3000 plugin_call_duration_seconds=2000
fi
echo "all held"
