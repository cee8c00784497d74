#!/usr/bin/env bash
# golden.sh [FILE..]: regions of the program golden read the same, whatever
# machine wrote them: the given ones, or those in golden/ (.gz) and a new one.
#
# ./dev prove machines wrote golden/MACHINE.kymo.gz:  gzip -9n MACHINE.kymo
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
built kymo
kymo=$built
golden=$top_srcdir/tests/machines/golden

# What differs from run to run: processes, times, random ids.
look() {
	"$kymo" dump --format json --events "$1" | sed -E \
		-e 's/"(pid|tid)":[0-9]+/"\1":N/g' \
		-e 's/"(created|at|start|since|duration)":[0-9.]+/"\1":N/g' \
		-e 's/"instance":"[0-9a-f]{32}"/"instance":N/' \
		-e 's/"span_id":"[0-9a-f]{16}","parent_id"/"span_id":N,"parent_id"/'
}

files=("$@")
if [ $# = 0 ]; then
	mkdir -m 700 "$tmp/regions"
	for file in "$golden"/*.kymo.gz; do
		name=$(basename "$file" .gz)
		gzip -dc "$file" >"$tmp/$name"
		files+=("$tmp/$name")
	done
	[ ${#files[@]} = 3 ] || fail "three machines, not ${#files[@]}"
	built tests/machines/golden
	files+=("$(KYMO_DIR=$tmp/regions "$built")") || fail 'golden'
fi

for file in "${files[@]}"; do
	"$kymo" check "$file" || fail "$file is not sound"
	look "$file" >"$tmp/said.json"
	diff -u "$golden/expected.json" "$tmp/said.json" ||
		fail "$file reads otherwise"
done
[ $# = 0 ] || exit 0

# A directory is for live ones, which have our byte order.
swapped=s390x
[ "$(printf '\1\0' | od -An -tu2 | tr -d ' ')" = 1 ] || swapped=i386
gzip -dc "$golden/$swapped.kymo.gz" \
	>"$tmp/regions/golden.1.0123456789abcdef.kymo"
"$kymo" ls --dir "$tmp/regions" >"$tmp/said" 2>&1 || true
grep -q 'other byte order' "$tmp/said" ||
	fail "a directory with a region of the other byte order: $(cat "$tmp/said")"
