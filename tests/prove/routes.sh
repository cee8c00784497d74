#!/usr/bin/env bash
# ./dev prove routes [--json]: random trees of routes, good and bad, and random
# labels: amtool and ours take the same files, and find the same receivers.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
need amtool
[ -x /usr/bin/python3 ] || skip "needs /usr/bin/python3"
testlib_begin
rows_begin "$@"

configs=300 sets=8
[ -z "$KYMO_QUICK" ] || configs=36 sets=2
built tests/prove/routes_main
said=$(/usr/bin/python3 "$top_srcdir/tests/prove/routes.py" "$built" "$tmp" \
	"$configs" "$sets" 20270101 2>"$tmp/differ") || fail "$(<"$tmp/differ")"
read -r taken _ refused _ asked _ differ _ <<<"$said"
version=$(amtool --version 2>&1 | grep -oE 'version [0-9.]+' | head -n 1)
if [ "$taken" = 0 ] || [ "$refused" = 0 ]; then
	fail "nothing was compared: $said"
fi
[ "$differ" = 0 ] || head -n 60 "$tmp/differ" >&2
rows_show routes "amtool=${version#version }" "taken=$taken" \
	"refused=$refused" "asked=$asked" "differ=$differ" \
	"ok=$([ "$differ" = 0 ] && echo 1 || echo 0)"
rows_end
