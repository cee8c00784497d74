#!/usr/bin/env bash
# ./dev prove steps [--json] [ROW..]: a child is killed at every instruction of
# each kind of record, and at every system call and many instructions of what
# records do for the first time: nothing committed is lost, nothing doubled,
# nothing torn. And that this is seen if it is not so.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
[ "$(uname -m)" = x86_64 ] || skip 'steps x86-64 only'
testlib_begin
rows_begin "$@"
[ "${1:-}" != --json ] || shift
export KYMO_COMPONENTS=sampled:0.1
rows "$top_builddir/tests/prove/steps" ${KYMO_QUICK:+quick} "$@"
# Bugs are put into the library.
if [ $# != 0 ] || [ -n "$KYMO_MODE" ]; then rows_end; exit; fi
read -ra cc <<<"${CC:-gcc}"

# changed NAME FILE EXPRESSION: a copy of the writer's source with a bug in it.
changed() {
	rm -rf "$tmp/seeded"
	mkdir -p "$tmp/seeded"
	cp -r "$top_srcdir/writer" "$top_srcdir/shm" "$tmp/seeded"
	sed -i "$3" "$tmp/seeded/$2"
	! cmp -s "$top_srcdir/$2" "$tmp/seeded/$2" ||
		fail "$1: the source is another now; no bug was made"
}

# caught NAME ROW COMMAND..: the proof fails, and says why.
caught() {
	local name=$1 row=$2 said
	shift 2
	said=$("$@" quick "$row" 2>&1) || fail "$name: $said"
	# By what it did to the records: a run that came to nothing is no proof.
	[[ $said =~ \ (lost|doubled|torn|unsound)=[1-9].*\ ok=0 ]] ||
		fail "$name was not caught: $said"
	rows_show "steps/bug_$name" scenario="$row" caught=1 ok=1
}

# in_library NAME FILE EXPRESSION ROW
in_library() {
	changed "$1" "$2" "$3"
	"${cc[@]}" -O1 -std=gnu11 -shared -fPIC -fvisibility=hidden \
		-include "$top_builddir/config.h" -I"$tmp/seeded" \
		-Wl,-soname,libkymo.so.0 -o "$tmp/seeded/libkymo.so.0" \
		"$tmp"/seeded/writer/*.c "$tmp"/seeded/shm/*.c -lpthread
	built tests/prove/steps
	caught "$1" "$4" env LD_PRELOAD="$tmp/seeded/libkymo.so.0" "$built"
}

# in_header NAME EXPRESSION ROW: in what kymo.h has a program inline.
in_header() {
	changed "$1" writer/kymo.h "$2"
	"${cc[@]}" -O1 -std=gnu11 -include "$top_builddir/config.h" \
		-I"$tmp/seeded" -I"$top_srcdir" -c -o "$tmp/seeded/kinds.o" \
		"$top_srcdir/tests/prove/steps_kinds.c"
	"$top_builddir/libtool" --quiet --tag=CC --mode=link "${cc[@]}" \
		-o "$tmp/seeded/steps" "$tmp/seeded/kinds.o" \
		"$top_builddir"/tests/prove/steps{,_new,_set,_slow,_view}.o \
		"$top_builddir/libkymo.la" "$top_builddir/reader/libkyreader.la" \
		"$top_builddir/shm/libkyshm.la" -lpthread
	caught "$1" "$3" "$tmp/seeded/steps"
}

in_library fold_at_thread_end writer/slot.c '/owners\[thread->slot\].owned = 0;/a\
	{ uint64_t *from = (uint64_t *)(void *)thread->tls.window; uint32_t i; \
	for (i = 8; i < 64; i++) { kyi_add_u64_relaxed((uint64_t *) \
	guard.process->window0 + i, from[i]); from[i] = 0; } }' thread_first
in_library whole_before_content writer/event.c \
	's/^\tplace_fill(place, event);/\tkyi_ring_end(place, number); place_fill(place, event);/' span
in_header bucket_after_sum \
	's/addq %2, %0\\n\\taddq %3, %1/addq %3, %1\\n\\taddq %2, %0/' hist
rows_end
