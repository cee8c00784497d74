#!/usr/bin/env bash
# ./dev prove api [--json]: the same series in a Prometheus and in our server,
# the same questions to both by HTTP, the same answers. Prometheus gets the past
# by promtool, from what our server writes of it.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
need prometheus promtool curl
[ -x /usr/bin/python3 ] || skip "needs /usr/bin/python3"
testlib_begin
rows_begin "$@"

"$top_builddir/tests/e2e/serve_api_main" --openmetrics >"$tmp/past"
promtool tsdb create-blocks-from openmetrics "$tmp/past" "$tmp/blocks" \
	>"$tmp/promtool.log" 2>&1 || fail "$(<"$tmp/promtool.log")"
echo 'global: {}' >"$tmp/prometheus.yml"
free_port
theirs=$port
start prometheus prometheus --config.file="$tmp/prometheus.yml" \
	--storage.tsdb.path="$tmp/blocks" --storage.tsdb.retention.time=100y \
	--web.listen-address="127.0.0.1:$theirs"
prometheus=$started
free_port
ours=$port
start ours "$top_builddir/tests/e2e/serve_api_main" "$ours"
server=$started
wait_for 20 grep -q serving "$tmp/ours.log"
wait_for 30 curl -sf "http://127.0.0.1:$theirs/-/ready"
said=$(/usr/bin/python3 "$top_srcdir/tests/prove/api.py" \
	"http://127.0.0.1:$ours" "http://127.0.0.1:$theirs" \
	${KYMO_QUICK:+quick}) || fail "$said"
version=$(curl -sf "http://127.0.0.1:$theirs/api/v1/status/buildinfo" |
	grep -oE '"version":"[0-9.]+' | grep -oE '[0-9.]+')
rows_show api "prometheus=v$version" "$(tr ' ' '=' <<<"${said% differ*}")" \
	"differ=${said##* }" ok=1
stop "$server"
stop "$prometheus"
rows_end
