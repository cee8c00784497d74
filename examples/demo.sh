#!/usr/bin/env bash
# The demo: a server under load, kymod and a real Prometheus beside it, and what
# is left after the server was killed. It checks itself: five places that count
# the same requests must agree to the last one. Called by  ./dev demo.
set -euo pipefail
: "${top_srcdir:?run it as ./dev demo}" "${top_builddir:?}"
. "$top_srcdir/tests/testlib/sh.sh"

usage() {
	cat <<'END'
usage: ./dev demo [--seconds N]

Starts the example server (examples/httpd), a load (wrk), kymod and Prometheus,
all on loopback and in a temporary folder, for N seconds (20) in all or a little
more; compares the counts; kills the server and shows what kymo still knows.
Ends with 0 if and only if all counts agree.
END
}

seconds=20
while [ $# -gt 0 ]; do
	case $1 in
	--seconds) seconds=${2:?--seconds wants a number}; shift 2 ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
case $seconds in '' | *[!0-9]*) usage >&2; exit 2 ;; esac
[ "$seconds" -ge 6 ] || seconds=6
load_seconds=$((seconds > 12 ? seconds - 8 : seconds - 4))
connections=32 threads=4
kymo=$top_builddir/kymo kymod=$top_builddir/kymod
httpd=$top_builddir/examples/httpd/httpd
need curl wrk prometheus
testlib_begin
export KYMO_DIR=$tmp/regions
mkdir -m 700 "$KYMO_DIR"

if [ -t 1 ]; then
	bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' green='' red='' plain=''
fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
row() { printf '  %-26s %s\n' "$1" "$2"; }

# --- start ------------------------------------------------------------------

free_port; httpd_port=$port
free_port; kymod_port=$port
free_port; prometheus_port=$port
site=http://127.0.0.1:$httpd_port
page=http://127.0.0.1:$kymod_port
prometheus=http://127.0.0.1:$prometheus_port

title "Starting"
start httpd "$httpd" --port "$httpd_port" --threads $threads \
	--access-log "$tmp/access.log"
httpd_pid=$started
cat >"$tmp/kymod.yaml" <<END
collection_interval: 500ms
state: $tmp/control.db
history: {path: $tmp/history.db}
rule_files: [rules.yml]
END
cat >"$tmp/rules.yml" <<'END'
groups:
- name: demo
  interval: 1s
  rules:
  - alert: NotFound
    expr: sum by (service) (rate(http_requests_total{code="404"}[5s])) > 0
    for: 2s
END
start kymod "$kymod" --config "$tmp/kymod.yaml" --dir "$KYMO_DIR" \
	--listen "127.0.0.1:$kymod_port"
cat >"$tmp/prometheus.yml" <<END
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- {job_name: kymod, honor_labels: true, static_configs: [{targets: ["127.0.0.1:$kymod_port"]}]}
END
start prometheus prometheus --config.file="$tmp/prometheus.yml" \
	--storage.tsdb.path="$tmp/tsdb" --log.level=error \
	--web.listen-address="127.0.0.1:$prometheus_port"
wait_for 10 curl -sf "$site/"
wait_for 10 curl -sf "$page/-/ready"
wait_for 20 curl -sf "$prometheus/-/ready"
row 'the server (4 threads)' "$site/          pid $httpd_pid"
row 'its metrics, by kymod' "$page/metrics"
row 'Prometheus' "$prometheus/graph?g0.expr=rate(http_requests_total%5B15s%5D)&g0.tab=0"
row 'its region' "kymo dump --dir $KYMO_DIR httpd"

# --- load --------------------------------------------------------------------

# wrk's own script: a mix of routes, the same order in every run.
cat >"$tmp/mix.lua" <<'END'
local n = 0
function request()
	n = n + 1
	if n % 997 == 0 then return wrk.format("GET", "/nothing/here") end
	if n % 400 == 0 then return wrk.format("GET", "/slow") end
	if n % 50 == 0 then return wrk.format("POST", "/echo", nil, string.rep("x", n % 4000)) end
	if n % 3 == 0 then return wrk.format("GET", "/") end
	return wrk.format("GET", "/items/" .. (n * 7919 % (n % 10 == 0 and 5000 or 200)))
end
END

title "Load: wrk, $connections connections, $load_seconds seconds"
start wrk wrk -t2 -c$connections -d"${load_seconds}s" -s "$tmp/mix.lua" \
	"$site/"
wrk_pid=$started

# Numbers for the live line, from the region itself: one object a line.
live() {
	"$kymo" dump --dir "$KYMO_DIR" --format json --rates \
		--name 'http_request*' --name 'cache_lookups*' \
		--name 'http_connections*' httpd 2>/dev/null |
	/usr/bin/python3 -c '
import json, sys
rate = total = hit = miss = conns = 0.0
quantiles = {}
for line in sys.stdin:
    s = json.loads(line)
    name, labels = s["name"], s.get("labels", {})
    if name.startswith("http_requests"):
        total += s["value"]; rate += s.get("rate") or 0
    elif name.startswith("cache_lookups"):
        if labels.get("result") == "hit": hit += s["value"]
        else: miss += s["value"]
    elif name == "http_connections_in_flight": conns = s["value"]
    elif name == "http_request_duration_seconds" and labels.get("route") == "/items/ID":
        quantiles = s.get("quantiles", {})
def took(q):
    v = quantiles.get(q)
    if v is None:
        return "-"
    for unit, factor in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if v * factor >= 1:
            return "%.3g %s" % (v * factor, unit)
    return "%.0f ns" % (v * 1e9)
print("%9.0f req/s   %10d requests   /items p50 %s  p99 %s   cache hits %4.1f %%   %d connections"
      % (rate, total, took("0.5"), took("0.99"), 100 * hit / max(1, hit + miss), conns))'
}

while kill -0 "$wrk_pid" 2>/dev/null; do
	line=$(live || true)
	if [ -t 1 ]; then
		printf '\r\e[K  %s' "$line"
		sleep 0.5
	else
		printf '  %s\n' "$line"
		sleep 2
	fi
done
[ ! -t 1 ] || printf '\n'
wait "$wrk_pid" || fail "wrk failed: $(cat "$tmp/wrk.log")"
testlib_forget "$wrk_pid"

# --- the counts -----------------------------------------------------------------

# sum_page FILE: the sum of http_requests_total of a Prometheus page.
sum_page() { awk '/^http_requests_total\{/ { n += $NF } END { printf "%d\n", n }' "$1"; }

logged() { wc -l <"$tmp/access.log"; }
dumped() {
	"$kymo" dump --dir "$KYMO_DIR" --format prometheus --name http_requests \
		httpd >"$tmp/dump.txt"
	sum_page "$tmp/dump.txt"
}
scraped() { curl -sf "$page/metrics" >"$tmp/page.txt" && sum_page "$tmp/page.txt"; }
asked() {
	curl -sf "$prometheus/api/v1/query" --data-urlencode \
		'query=sum(http_requests_total{service="httpd"})' |
		/usr/bin/python3 -c 'import json, sys
r = json.load(sys.stdin)["data"]["result"]
print(r[0]["value"][1] if r else 0)'
}
# The same of kymod's own history.
kept() {
	"$kymo" query --url "$page" --json 'sum(http_requests_total{service="httpd"})' |
		/usr/bin/python3 -c 'import json, sys
r = json.load(sys.stdin)["data"]["result"]
print(r[0]["value"][1] if r else 0)'
}
# Each is asked until it has caught up with the log, or does not within 10 s.
agrees() { [ "$("$1")" = "$(logged)" ]; }
quiet() { local n; n=$(logged); sleep 0.6; [ "$n" = "$(logged)" ]; }

title "After the load: five places that counted the same requests"
wait_for 10 quiet
all_agree=yes
for place in dumped scraped asked kept; do
	deadline=$((SECONDS + 10))
	until agrees $place || [ $SECONDS -ge $deadline ]; do sleep 0.2; done
done
n_log=$(logged) n_dump=$(dumped) n_page=$(scraped) n_prometheus=$(asked)
n_kept=$(kept)
compare() {
	if [ "$2" = "$n_log" ]; then
		row "$1" "$(printf '%12d  %ssame%s' "$2" "$green" "$plain")"
	else
		row "$1" "$(printf '%12d  %sDIFFERS by %d%s' "$2" "$red" $(($2 - n_log)) "$plain")"
		all_agree=no
	fi
}
row "lines in the access log" "$(printf '%12d' "$n_log")"
compare 'kymo dump' "$n_dump"
compare '/metrics of kymod' "$n_page"
compare 'Prometheus' "$n_prometheus"
compare 'kymo query' "$n_kept"
# wrk counts whole answers: not what was under way when it stopped, one at most
# a connection, nor the one request that waited for the server to start.
n_wrk=$(awk '/requests in/ { print $1 }' "$tmp/wrk.log")
over=$((n_log - n_wrk))
if [ "$over" -ge 0 ] && [ "$over" -le $((connections + 1)) ]; then
	row 'wrk, whole answers' "$(printf '%12d  %swithin its %d connections%s' "$n_wrk" "$green" $connections "$plain")"
else
	row 'wrk, whole answers' "$(printf '%12d  %sOFF by %d%s' "$n_wrk" "$red" "$over" "$plain")"
	all_agree=no
fi

# --- questions -----------------------------------------------------------------------

title "Asked in PromQL, of kymod alone"
question='sum(rate(http_requests_total[2s]))'
printf '  $ kymo query --chart --from %ds '"'%s'\n" $((load_seconds + 4)) "$question"
"$kymo" query --url "$page" --chart --from $((load_seconds + 4))s "$question" ||
	all_agree=no
printf "  \$ kymo query 'max_over_time(ALERTS[1m])'\n"
"$kymo" query --url "$page" 'max_over_time(ALERTS[1m])' || all_agree=no

# --- the kill ------------------------------------------------------------------------

title "kill -9 $httpd_pid, under load"
start last wrk -t1 -c8 -d2s -s "$tmp/mix.lua" "$site/"
sleep 1
before=$(scraped)
killed "$httpd_pid"
# kymod puts it with the dead as soon as it sees that: not while we look.
put_away() { [ -e "$KYMO_DIR/crash" ] && region=$(find "$KYMO_DIR/crash" -name 'httpd.*.kymo') && [ -n "$region" ]; }
deadline=$((SECONDS + 10))
until put_away || [ $SECONDS -ge $deadline ]; do sleep 0.02; done
"$kymo" check "$region" || all_agree=no
"$kymo" ls --dir "$KYMO_DIR" || all_agree=no
# With what it was doing: open spans come first, then the last ones that ended.
"$kymo" dump --dir "$KYMO_DIR" --name 'http_request*' --name cache_lookups \
	--events --last 4 httpd || all_agree=no
n_dead=$(dumped)
caught_up() { [ "$(scraped)" = "$n_dead" ]; }
deadline=$((SECONDS + 10))
until caught_up || [ $SECONDS -ge $deadline ]; do sleep 0.2; done
after=$(scraped)
title "What is left"
row 'before the kill, /metrics' "$before"
row 'the dead, kymo dump' "$n_dead"
if [ "$after" = "$n_dead" ] && [ "$after" -ge "$before" ]; then
	row 'after it, /metrics' "$after  ${green}nothing lost, nothing twice${plain}"
else
	row 'after it, /metrics' "$after  ${red}DIFFERS${plain}"
	all_agree=no
fi
if [ $all_agree = yes ]; then
	printf '\n%sAll counts agree.%s\n' "$green" "$plain"
else
	printf '\n%sThe counts do not agree.%s\n' "$red" "$plain"
	exit 1
fi
