# shellcheck shell=bash
# What the proofs of the writer share, after testlib/sh.sh and testlib_begin:
#
#	rows_begin "$@"
#	rows PROGRAM ARGUMENT..
#	rows_end
#
# A program prints a line for each thing that it tried, NAME KEY=VALUE.. ok=1
# (or 0); rows shows them, as JSON lines with --json. make check sets
# KYMO_QUICK: then fewer records, the same rows. KYMO_MODE=single runs the same
# programs built with kymo_single.h, PROGRAM_single, and calls their rows so.
# rows_suite names another suite.

rows_suite=prove rows_json=no rows_cnt=0 rows_bad=0
: "${KYMO_QUICK:=}" "${KYMO_MODE:=}"
rows_mode=${KYMO_MODE:+_$KYMO_MODE}

rows_begin() {
	[ "${1:-}" != --json ] || rows_json=yes
	export KYMO_DIR=$tmp/regions
	mkdir -m 700 "$KYMO_DIR"
}

rows_show() {
	local name=${KYMO_MODE:+$KYMO_MODE/}$1 field
	shift
	rows_cnt=$((rows_cnt + 1))
	case " $* " in *" ok=1 "*) ;; *) rows_bad=$((rows_bad + 1)) ;; esac
	if [ $rows_json = no ]; then
		printf '%-28s %s\n' "$name" "$*"
		return
	fi
	printf '{"suite":"%s","row":"%s"' "$rows_suite" "$name"
	for field; do
		case ${field#*=} in
		'' | *[!0-9.]*) printf ',"%s":"%s"' "${field%%=*}" "${field#*=}" ;;
		*) printf ',"%s":%s' "${field%%=*}" "${field#*=}" ;;
		esac
	done
	printf '}\n'
}

rows() {
	local line status=0 program=$1$rows_mode
	shift
	"$program" "$@" >"$tmp/rows" 2>"$tmp/said" || status=$?
	while read -r line; do
		# shellcheck disable=SC2086 # fields
		rows_show $line
	done <"$tmp/rows"
	[ $status = 0 ] || { cat "$tmp/said" >&2; fail "$program $* ended with $status"; }
}

rows_end() {
	[ $rows_cnt -gt 0 ] || fail 'nothing was tried'
	[ $rows_bad = 0 ] || fail "$rows_bad of $rows_cnt rows do not hold"
}
