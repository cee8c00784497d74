#!/usr/bin/env bash
# Every fuzzer runs once over each of its seeds, among them what once crashed it.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"

for program in "$top_builddir"/tests/fuzz/replay_*; do
	[ -x "$program" ] || continue
	name=${program##*/replay_}
	case $name in *.*) continue ;; esac
	mapfile -t seeds < <(find "$top_srcdir/tests/fuzz/seeds/$name" -type f | sort)
	[ ${#seeds[@]} -gt 0 ] || fail "no seeds for $name"
	"$program" "${seeds[@]}" || fail "$name"
done
