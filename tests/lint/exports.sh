#!/usr/bin/env bash
# What the libraries export is what their maps list, name by name; the writer
# needs libc alone and stays loaded; programs and libraries share no name.
set -eu
. "$(dirname "$0")/lint.sh"
lint_build=${2:-${top_builddir:-$lint_top/build/plain}}

# The names that a map lists as global.
map_names() {
	tr '\n' ' ' <"$1" | sed -e 's,/\*[^*]*\*/,,g' -e 's/[{;]/&\n/g' |
		awk '/global:/ { on = 1; sub(/.*global:/, "") }
			/local:/ { on = 0 }
			on { gsub(/[; \t]/, ""); if ($0 != "") print }' | sort -u
}

# exports LIBRARY MAP
exports() {
	local so=$lint_build/.libs/$1.so name listed found
	[ -e "$so" ] || { echo "no $so: not built as shared"; return; }
	listed=$(map_names "$2")
	found=$(nm -D --defined-only "$so" | awk '$2 != "A" { print $3 }' |
		sed 's/@.*//' | sort -u)
	for name in $(comm -13 <(echo "$listed") <(echo "$found")); do
		complain "$1.so exports $name, which $2 does not list"
	done
	for name in $(comm -23 <(echo "$listed") <(echo "$found")); do
		complain "$2 lists $name, which $1.so does not export"
	done
	for name in $listed; do
		case $name in
		*[*?]*) complain "$2: names, not patterns: $name" ;;
		kymo_*) ;;
		*) complain "$2: not a kymo_ name: $name" ;;
		esac
	done
}

exports libkymo writer/libkymo.map
exports libkymo-reader reader/libkymo-reader.map

so=$lint_build/.libs/libkymo.so
if [ -e "$so" ]; then
	for needed in $(readelf -d "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
		case $needed in
		libc.so.* | libpthread.so.* | ld-linux*) ;;
		*) complain "libkymo.so needs $needed" ;;
		esac
	done
	readelf -d "$so" | grep -q 'Flags:.*NODELETE' ||
		complain "libkymo.so can be unloaded: -z nodelete is missing"
fi

# Where libraries are static, a tool and they are one program: no name is there
# twice. (names FILE.. says what the objects define.)
names() { nm -g --defined-only "$@" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u; }

archive=$lint_build/reader/.libs/libkyreader.a
if [ -e "$archive" ]; then
	for name in $(comm -12 <(names "$archive") \
	    <(names "$lint_build"/tools/*.o | grep -vx main)); do
		complain "$name is in tools/ and in reader/: one of them needs another name"
	done
fi
lint_end
