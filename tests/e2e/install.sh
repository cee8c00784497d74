#!/usr/bin/env bash
# What `make install` leaves is enough: programs in C and C++ compile by
# pkg-config, linked shared and static; a plug-in brings kymo along into a
# program that knows nothing of it, and may be unloaded.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
[ "$KYMO_SANITIZER" = no ] || skip "under $KYMO_SANITIZER: users link without"
testlib_begin
need pkg-config jq
: "${CC:=cc}" "${CXX:=c++}"
export KYMO_DIR=$tmp/regions KYMO_QUIET=1
mkdir -m 700 "$KYMO_DIR"

# Of its own make, not a part of the one that runs this.
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$top_builddir" install \
	DESTDIR="$tmp/root" >"$tmp/install.log" 2>&1 ||
	fail "make install: $(tail -n 20 "$tmp/install.log")"
found=$(find "$tmp/root" -name kymo.pc)
[ -n "$found" ] || fail "no kymo.pc"
export PKG_CONFIG_LIBDIR=${found%/*} PKG_CONFIG_SYSROOT_DIR=$tmp/root
libdir=$tmp/root$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=libdir kymo)
bindir=$tmp/root$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=prefix kymo)/bin
export LD_LIBRARY_PATH=$libdir

headers=$(cd "$tmp/root" && find . -name '*.h' | sed 's|.*/include/||' | sort)
[ "$(grep -cx -e kymo.h -e kymo/kymo_single.h <<<"$headers")" = 2 ] ||
	fail "headers: $headers"
"$bindir/kymo" version >/dev/null || fail "no kymo in $bindir"

# value NAME: of that metric, the processes summed.
value() {
	"$bindir/kymo" dump --all --sum --format json --name "$1" |
		jq '.value // .count'
}

# runs NAME COMPILER..: first.c, compiled so, has counted its jobs.
runs() {
	local name=$1
	shift
	"$@" >"$tmp/cc.log" 2>&1 || fail "$name: $* $(<"$tmp/cc.log")"
	"$tmp/$name" || fail "$name: exit $?"
	[ "$(value jobs) $(value job_duration_seconds)" = '1000 1000' ] ||
		fail "$name: $(value jobs) jobs"
	rm -rf "${KYMO_DIR:?}"/*
}

first=$top_srcdir/examples/first.c
read -ra cflags <<<"-Wall -Wextra -Werror -O2 $(pkg-config --cflags kymo)"
read -ra libs <<<"$(pkg-config --libs kymo)"
read -ra static_libs <<<"$(pkg-config --libs --static kymo)"
read -ra cc <<<"$CC"
read -ra cxx <<<"$CXX"
runs shared "${cc[@]}" "${cflags[@]}" "$first" -o "$tmp/shared" "${libs[@]}"
runs cplusplus "${cxx[@]}" "${cflags[@]}" -x c++ "$first" -x none \
	-o "$tmp/cplusplus" "${libs[@]}"
if [ -e "$libdir/libkymo.a" ]; then
	runs static "${cc[@]}" "${cflags[@]}" "$first" -o "$tmp/static" \
		-Wl,-Bstatic "${static_libs[@]}" -Wl,-Bdynamic
	runs all_static "${cc[@]}" -static "${cflags[@]}" "$first" \
		-o "$tmp/all_static" "${static_libs[@]}"
fi

# --- the plug-in -----------------------------------------------------------------

"${cc[@]}" "${cflags[@]}" -shared -fPIC "$top_srcdir/tests/e2e/plugin.c" \
	-o "$tmp/plugin.so" "${libs[@]}"
"${cc[@]}" -Wall -O2 "$top_srcdir/tests/e2e/plugin_host.c" -o "$tmp/host" \
	-pthread -ldl
"$tmp/host" "$tmp/plugin.so" 3 || fail "the host: exit $?"
[ "$(value plugin_calls) $(value plugin_call_duration_seconds)" = '9000 9000' ] ||
	fail "plug-in: $(value plugin_calls) calls, not 9000"
"$bindir/kymo" dump --all --events | grep -q 'call 999 of the plug-in' ||
	fail "no log of the plug-in"

# logs OPTION..: how many of its lines dump shows.
logs() { "$bindir/kymo" dump --all --events "$@" | grep -cE 'call [0-9]+ of the plug-in'; }
all=$(logs --last 0)
[ "$all" -gt 20 ] || fail "only $all logs"
[ "$(logs) $(logs --last 3) $(logs --format json)" = "20 3 $all" ] ||
	fail "of $all logs are shown: $(logs), with --last 3: $(logs --last 3), as JSON $(logs --format json)"
"$bindir/kymo" dump --all --events --last 3 |
	grep -qx "log, the last 3 ($((all - 3)) not shown)" ||
	fail "it is not said how many are not shown"
echo "all held"
