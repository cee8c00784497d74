#!/usr/bin/env bash
# ./dev bench alert [--json] [CROSSINGS]: from a threshold that is crossed in a
# program to the body of a webhook that was received, with scans and rules every
# 50 ms; beside it Prometheus and Alertmanager of Debian, which scrape the same
# kymod, on the same crossings: every second, as people set them at best, and
# every 50 ms as kymod. What is promised is a p99 of 100 ms.
set -euo pipefail
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
rows_suite=alert
skip_under thread 'what it measures is the sanitizer'
skip_under address 'what it measures is the sanitizer'
testlib_begin
need python3
rows_begin "$@"
[ "${1:-}" != --json ] || shift
built kymo; kymo=$built
built kymod; kymod=$built
export PYTHONDONTWRITEBYTECODE=1
rows python3 "$top_srcdir/tests/bench/alert.py" "$kymo" "$kymod" "$tmp" "${1:-200}"
command -v prometheus prometheus-alertmanager >/dev/null ||
	echo 'prometheus and prometheus-alertmanager are not installed' >&2
rows_end
