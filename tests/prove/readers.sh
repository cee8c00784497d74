#!/usr/bin/env bash
# ./dev prove readers [--json]: a reader that is stopped before each of its
# preads, and between the words of one that copies in any order, sees nothing of
# 1 to 20 whole writes that was not whole. And that this is seen if it is not so.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
skip_under address 'its copies are not of one word'
skip_under thread 'its copies are not of one word'
testlib_begin
rows_begin "$@"
rows "$top_builddir/tests/prove/readers" ${KYMO_QUICK:+quick}
[ -z "$KYMO_MODE" ] || { rows_end; exit; } # bugs are put into the library

read -ra cc <<<"${CC:-gcc}"
# seeded NAME FILE EXPRESSION SOURCE KIND: with this change of FILE, of which
# SOURCE is built, the proof must fail.
seeded() {
	local name=$1 file=$2 said
	rm -rf "$tmp/seeded"
	mkdir -p "$tmp/seeded/reader"
	cp -r "$top_srcdir/shm" "$tmp/seeded"
	cp -r "$top_srcdir/reader/region" "$tmp/seeded/reader"
	sed -i "$3" "$tmp/seeded/$file"
	! cmp -s "$top_srcdir/$file" "$tmp/seeded/$file" ||
		fail "$name: the source is another now; no bug was made"
	"${cc[@]}" -O1 -std=gnu11 -include "$top_builddir/config.h" \
		-I"$tmp/seeded" -I"$top_srcdir" -c -o "$tmp/seeded.o" \
		"$tmp/seeded/$4"
	"$top_builddir/libtool" --quiet --tag=CC --mode=link "${cc[@]}" \
		-Wl,--wrap=kyi_os_pread -o "$tmp/seeded/readers" \
		"$top_builddir"/tests/prove/readers{,_kinds,_events}.o "$tmp/seeded.o" \
		"$top_builddir/libkymo.la" "$top_builddir/reader/libkyreader.la" \
		"$top_builddir/shm/libkyshm.la" -lpthread
	# Where the writer's clock steps between two looks some bugs are hidden:
	# another run has other steps.
	for _ in 1 2 3 4 5; do
		said=$("$tmp/seeded/readers" only "$5" "${6:-quick}" 2>&1) ||
			fail "$name: $said"
		# By what it showed: a run that came to nothing is no proof.
		if [[ $said =~ \ (torn|lost|doubled|unsound)=[1-9].*\ ok=0 ]]; then
			rows_show "readers/bug_$name" kind="$5" caught=1 ok=1
			return
		fi
	done
	fail "$name was not caught: $said"
}

seeded ring_seq_not_before shm/ring.h \
	's/seq_before == number + 1 \&\&//' reader/region/events.c span
seeded ring_reserve_not_after reader/region/events.c \
	's/^\tsection.before = .*/&\n\tsection.reserve_after = heads[kind].reserve;/' \
	reader/region/events.c log
seeded health_seq_not_after reader/region/shared.c \
	's/else if (!kyi_health_whole/else if (0 \&\& !kyi_health_whole/; s/seq != copy->seq)/0)/' \
	reader/region/shared.c health full
seeded open_span_copied_once reader/region/events.c \
	's/if (memcmp(frame, /if (1 || memcmp(frame, /' \
	reader/region/events.c open_span
seeded text_without_its_string reader/region/shared.c \
	's/if (has_new_text(region/if (0 \&\& has_new_text(region/' \
	reader/region/shared.c text_new
rows_end
