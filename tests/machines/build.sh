#!/usr/bin/env bash
# build.sh TRIPLET LIBDIR SYSROOT BUILD: kymo and its unit tests for another
# machine, by autotools, against a sysroot of sysroot.sh:
#
#	aarch64-linux-gnu aarch64-linux-gnu
#	s390x-linux-gnu s390x-linux-gnu
#	i686-linux-gnu i386-linux-gnu
set -eu
triplet=$1 lib=$2 root=$3 build=$4
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$build"
cd "$build"
export PKG_CONFIG_SYSROOT_DIR=$root
export PKG_CONFIG_LIBDIR=$root/usr/lib/$lib/pkgconfig:$root/usr/share/pkgconfig
[ -f Makefile ] ||
	"$top/configure" -q --host="$triplet" --disable-static \
		CC="$triplet-gcc --sysroot=$root" CXX=false CFLAGS='-O2 -g'
# make does not know that objects depend on flags, and a tree is kept.
make -s Makefile
grep -E '^(AM_|KYMO_)?(CC|CFLAGS|CPPFLAGS|LDFLAGS) =' Makefile >flags.new
cmp -s flags flags.new || make -s clean
mv flags.new flags
make -j"$(nproc)"
make -j"$(nproc)" unit-tests tests/machines/golden
