#!/usr/bin/env bash
# ./dev prove steps [--json]: a child is killed at every instruction of each kind
# of record, and at every system call and many instructions of what records do
# for the first time: nothing committed is lost, nothing doubled, nothing torn.
# And that this is seen if it is not so.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
[ "$(uname -m)" = x86_64 ] || skip 'steps x86-64 only'
testlib_begin
rows_begin "$@"
rows "$top_builddir/tests/prove/steps" ${KYMO_QUICK:+quick}

[ -z "$KYMO_MODE" ] || { rows_end; exit; } # bugs are put into the library

# seeded NAME FILE EXPRESSION SCENARIO: with this change of the writer's source
# the proof must fail. It is built from a copy.
seeded() {
	local name=$1 file=$2 said
	rm -rf "$tmp/seeded"
	mkdir -p "$tmp/seeded"
	cp -r "$top_srcdir/writer" "$top_srcdir/shm" "$tmp/seeded"
	sed -i "$3" "$tmp/seeded/$file"
	! cmp -s "$top_srcdir/$file" "$tmp/seeded/$file" ||
		fail "$name: the source is another now; no bug was made"
	${CC:-gcc} -O1 -std=gnu11 -shared -fPIC -fvisibility=hidden \
		-include "$top_builddir/config.h" -I"$tmp/seeded" \
		-Wl,-soname,libkymo.so.0 -o "$tmp/seeded/libkymo.so.0" \
		"$tmp"/seeded/writer/*.c "$tmp"/seeded/shm/*.c -lpthread
	built tests/prove/steps
	said=$(LD_PRELOAD=$tmp/seeded/libkymo.so.0 "$built" only "$4" quick \
		2>&1) || fail "$name: $said"
	case $said in
	*' ok=0'*) rows_show "steps/bug_$name" scenario="$4" caught=1 ok=1 ;;
	*) fail "$name was not caught: $said" ;;
	esac
}

seeded fold_at_thread_end writer/slot.c '/owners\[thread->slot\].owned = 0;/a\
	{ uint64_t *from = (uint64_t *)(void *)thread->tls.window; uint32_t i; \
	for (i = 8; i < 64; i++) { kyi_add_u64_relaxed((uint64_t *) \
	guard.process->window0 + i, from[i]); from[i] = 0; } }' thread_first
seeded whole_before_content writer/event.c \
	's/^\tplace_fill(place, event);/\tkyi_ring_end(place, number); place_fill(place, event);/' span
rows_end
