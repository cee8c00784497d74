#!/usr/bin/env bash
# ./dev prove models [--json] [MODEL..]: models of the writer, its readers and
# forked children hold under C11's memory model, run on the product's sources;
# and each acquire, release and fence in the tree is needed: without it a model
# fails, or tests/model/open.txt says why none does. make check weakens one in
# twelve.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
models=$top_builddir/tests/model/models
testlib_begin
[ -x "$models" ] || skip 'models gcc on x86-64 with glibc only'
rows_begin "$@"
[ "${1:-}" != --json ] || shift

# The sites: path:line, a tab, what stands there.
(
	cd "$top_srcdir"
	find shm writer reader -name '*.[ch]' | sort | xargs \
		awk -f tests/lint/code.awk -f tests/model/sites.awk
) >"$tmp/sites"
[ -s "$tmp/sites" ] || fail 'no orderings were found'

# open.txt by site: a tab, the site that covers it or nothing.
awk -F '\t' '
	# The third column: it may be caught all the same.
	function all_in(start,    text) {
		for (text in site)
			if (index(text, start) == 1 && !(text in named))
				print site[text] "\t\tmay"
	}
	function site_of(text) {
		named[text] = 1
		if (text in site)
			return site[text]
		print FILENAME ": no such ordering: " text >"/dev/stderr"
		bad = 1
	}
	function flush() {
		if (key ~ /\/$/ || key ~ /^[^ ]*\.[ch]$/)
			all_in(key)
		else if (key != "")
			print site_of(key) "\t" (cover == "" ? "" : site_of(cover))
		if (key != "" && reason == "") {
			print FILENAME ": no reason: " key >"/dev/stderr"
			bad = 1
		}
		key = cover = reason = ""
	}
	NR == FNR { site[$2] = $1; next }
	/^#/ || /^$/ { next }
	/^[^\t]/ { flush(); key = $0; next }
	/^\twith / { cover = substr($0, 7); next }
	{ reason = $0 }
	END { flush(); exit bad }
' "$tmp/sites" "$top_srcdir/tests/model/open.txt" >"$tmp/open" ||
	fail 'tests/model/open.txt and the sources disagree'

# What is weakened: each that is not open; of those that are, in the full form,
# each alone, and with what covers it.
cut -f1 "$tmp/sites" | grep -vxFf <(cut -f1 "$tmp/open") >"$tmp/weaken" || true
if [ -n "$KYMO_QUICK" ]; then
	export MODEL_QUICK=1
	awk 'NR % 12 == 6' "$tmp/weaken" >"$tmp/some"
	mv "$tmp/some" "$tmp/weaken"
else
	awk -F '\t' '{ print $1 } $2 { print $1 "+" $2 }' "$tmp/open" \
		>>"$tmp/weaken"
fi
"$models" --weaken "$@" <"$tmp/weaken" >"$tmp/out" 2>"$tmp/said" || true
caught=0 open=0
while read -r name fields; do
	case $name in
	model/*) ;;
	*)
		case $fields in
		*by=none*)
			if grep -q "^$name	" "$tmp/open"; then
				fields="open=1 ok=1" open=$((open + 1))
			fi
			;;
		*)
			[[ $name == *+* ]] || caught=$((caught + 1))
			! grep -q "^$name	[^	]*$" "$tmp/open" ||
				fields="${fields% ok=*} still_open_in=open.txt ok=0"
			;;
		esac
		name=without/$name
		;;
	esac
	# shellcheck disable=SC2086 # fields
	rows_show "$name" $fields
done <"$tmp/out"
grep -v '^kymo: ' "$tmp/said" >&2 || true

# Lives and deaths, which need no order of memory: spin. pan NAME OPTION..: how
# many errors it finds in NAME.pml, in $errors.
pan() {
	local name=$1
	shift
	rm -rf "$tmp/pan"
	mkdir "$tmp/pan"
	(
		cp "$top_srcdir/tests/model/$name.pml" "$tmp/pan" &&
			cd "$tmp/pan" && spin -a "$@" "$name.pml" &&
			gcc -O1 -w -DSAFETY -DVECTORSZ=2048 -o pan pan.c &&
			./pan -m200000
	) >"$tmp/pan.out" 2>&1 || { cat "$tmp/pan.out" >&2; fail "spin: $name $*"; }
	! grep -q 'max search depth too small' "$tmp/pan.out" ||
		fail "spin: $name $*: not all of it was searched"
	errors=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' "$tmp/pan.out")
	states=$(sed -n 's/ *\([0-9]*\) states, stored.*/\1/p' "$tmp/pan.out")
}

# lives NAME BUG..: it holds, and not with each of the bugs.
lives() {
	local name=$1 bug small=()
	shift
	# Two threads are enough for make check.
	[ -z "$KYMO_QUICK" ] || small=(-DTHREAD_CNT=2)
	pan "$name" "${small[@]}"
	rows_show "spin/$name" states="$states" errors="$errors" \
		ok=$((errors == 0))
	[ -z "$KYMO_QUICK" ] || return 0
	for bug; do
		pan "$name" "-DBUG_$bug"
		rows_show "spin/$name/bug_${bug,,}" errors="$errors" \
			ok=$((errors > 0))
	done
}

if [ $# = 0 ] && command -v spin >/dev/null; then
	lives lives FOLD NO_LOCK END_FIRST FORK_KEEPS SHARED_PLAIN
	lives absorb TWO_STEPS REMOVE_FIRST NO_ID COPY_FIRST NO_LOCK SEEN_LATE
elif [ $# = 0 ]; then
	echo 'SKIPPED: spin/lives spin/absorb: no spin here' >&2
fi

rows_show models/orderings all="$(wc -l <"$tmp/sites")" caught="$caught" \
	open="$open" ok=1
rows_end
