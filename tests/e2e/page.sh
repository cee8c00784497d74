#!/usr/bin/env bash
# Pages, JSON lines, msgpack and the table of a scan made by hand: as they have
# been (golden/page.*), and as other people's parsers read them.
#
#	tests/e2e/page.sh --update    makes the golden files anew
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
page=$top_builddir/tests/e2e/page_main
golden=$top_srcdir/tests/e2e/golden

for format in text openmetrics json table; do
	if [ "${1:-}" = --update ]; then
		"$page" $format >"$golden/page.$format"
	fi
	"$page" $format >"$tmp/page.$format"
	diff -u "$golden/page.$format" "$tmp/page.$format" >&2 ||
		fail "$format is not as it was; page.sh --update if it is better"
done

# A page without the labels that are there to annoy has nothing to remark.
if command -v promtool >/dev/null; then
	"$page" text 'le=' >"$tmp/good"
	grep -q '^http_requests_total' "$tmp/good" || fail "no page"
	promtool check metrics <"$tmp/good" >"$tmp/remarks" 2>&1 ||
		fail "promtool: $(<"$tmp/remarks")"
	[ ! -s "$tmp/remarks" ] || fail "promtool: $(<"$tmp/remarks")"
	# The whole one is read; promtool dislikes only what the labels say.
	"$page" text | promtool check metrics >"$tmp/remarks" 2>&1 || true
	if grep -v 'should not have "\(le\|quantile\)" label' "$tmp/remarks"; then
		fail "promtool has more to say"
	fi
	echo "promtool reads the page"
fi

/usr/bin/python3 "$top_srcdir/tests/e2e/page.py" json "$tmp/page.json"
"$page" msgpack >"$tmp/page.msgpack"
/usr/bin/python3 "$top_srcdir/tests/e2e/page.py" msgpack "$tmp/page.msgpack" \
	"$tmp/page.json"
if /usr/bin/python3 -c 'import prometheus_client' 2>/dev/null; then
	/usr/bin/python3 "$top_srcdir/tests/e2e/page.py" openmetrics \
		"$tmp/page.openmetrics" "$tmp/page.text" "$tmp/page.json"
else
	echo "no prometheus_client here: OpenMetrics only as golden"
fi
