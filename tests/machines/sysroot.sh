#!/usr/bin/env bash
# sysroot.sh ARCH DIR: Debian's ARCH (arm64, s390x, i386) with what kymo needs,
# unpacked in DIR. apt has lists, status and cache of its own there: the
# machine's packages and architectures stay as they are.
set -eu
arch=$1 root=$2
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$root"/apt/{state/lists/partial,cache/archives/partial}
cat >"$root/apt/sources.list" <<'LIST'
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main
LIST
: >"$root/apt/status"
apt=(apt-get -q -o APT::Architecture="$arch" -o APT::Architectures::="$arch"
	-o Dir::State="$root/apt/state" -o Dir::State::status="$root/apt/status"
	-o Dir::Cache="$root/apt/cache"
	-o Dir::Etc::SourceList="$root/apt/sources.list"
	-o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Preferences=/dev/null
	-o Dir::Etc::PreferencesParts=/dev/null -o APT::Sandbox::User=root
	-o Acquire::Languages=none)
# The libraries that a build needs, and the compiler's own.
mapfile -t packages < <(sed -n -E 's/^build\t+([a-z0-9]+-dev|lib[^\t]+-dev).*/\1/p' \
	"$top/packages.txt")
"${apt[@]}" update
"${apt[@]}" install -y --download-only --no-install-recommends \
	"${packages[@]}" libgcc-12-dev

# dpkg-deb follows these where a package still ships /lib.
mkdir -p "$root"/usr/{bin,sbin,lib}
for dir in bin sbin lib; do
	ln -sfn "usr/$dir" "$root/$dir"
done
for deb in "$root"/apt/cache/archives/*.deb; do
	dpkg-deb -x "$deb" "$root"
done
# What names /lib means the sysroot's, and a compiler would take ours.
find "$root/usr/lib" -lname '/*' -print0 |
	while IFS= read -r -d '' link; do
		ln -sfn "$root$(readlink "$link")" "$link"
	done
rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale"
