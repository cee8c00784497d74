#!/usr/bin/env bash
# Prometheus' API as kymod has it, of known series: what promtool asks, and what
# curl asks and jq reads; what is wrong is refused and said; a page is answered
# while queries take all the threads that they may have; who goes away costs
# nothing more.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need curl jq promtool

# serve NAME [MANY]: a server at $url, its process in $started.
serve() {
	local name=$1
	shift
	free_port
	url=http://127.0.0.1:$port
	start "$name" "$top_builddir/tests/e2e/serve_api_main" "$port" "$@"
	wait_for 20 grep -q serving "$tmp/$name.log"
}

# get PATH CURL-ARGUMENT..: the body in $body, the status in $status.
get() {
	local path=$1
	shift
	status=$(curl -sS --max-time 20 -o "$tmp/body" -w '%{http_code}' \
		"$@" "$url$path")
	body=$(<"$tmp/body")
}

# is STATUS JQ EXPECTED PATH CURL-ARGUMENT..
is() {
	local want=$1 jq=$2 expected=$3 found
	shift 3
	get "$@"
	[ "$status" = "$want" ] || fail "$*: $status, not $want: $body"
	found=$(jq -c "$jq" "$tmp/body") || fail "$*: $body"
	[ "$found" = "$expected" ] || fail "$*: $found, not $expected"
}

# q JQ EXPECTED QUERY [CURL-ARGUMENT..]: an instant query, between two samples.
at=1699999987.5
q() {
	local jq=$1 expected=$2 query=$3
	shift 3
	is 200 ".data.result | $jq" "$expected" /api/v1/query -G \
		--data-urlencode "query=$query" -d "time=$at" "$@"
}
no() {
	local want=$1 text=$2 query=$3
	shift 3
	get /api/v1/query -G --data-urlencode "query=$query" "$@"
	[ "$status" = "$want" ] || fail "$query: $status: $body"
	[[ $(jq -r '.errorType + ": " + .error' "$tmp/body") == *"$text"* ]] ||
		fail "$query: $body"
}

# ---- instant and range queries

serve known
known=$started
q '[.[].value[1]]' '["1","0","1"]' up
q . "[$at,\"2.5\"]" 1+1.5
q . "[$at,\"a\\\"b\"]" '"a\"b"'
q '.[0].value[1]' '"1e-07"' 'vector(0.0000001)'
q '.[0].value[1]' '"0.000001"' 'vector(0.000001)'
q '.[0].value[1]' '"123456789012345680000"' 'vector(123456789012345678901)'
q '.[0].value[1]' '"1e+21"' 'vector(1e21)'
q '[.[].value[1]]' '["+Inf"]' 'vector(1/0)'
q '[.[].value[1]]' '["NaN"]' 'vector(0/0)'
q '.[0].value[1]' '"-0"' 'vector(-1*0)'
q '[.[0].values[] | .[0]]' '[1699999940,1699999955,1699999970,1699999985]' \
	'up{instance="a:80"}[1m]'
q '[.[].metric.version]' '["1.2.3 \"b\\\"","grün"]' build_info
q '[.[].metric.job] | length' 2 up -d limit=2
is 200 .warnings '["results truncated due to limit"]' /api/v1/query -G \
	-d query=up -d time=$at -d limit=2
is 200 .infos '["PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"up\" (1:6)"]' \
	/api/v1/query -G -d "time=$at" --data-urlencode 'query=rate(up[5m])'
at=2023-11-14T22:13:05Z q '.[0].value' '[1699999985,"3"]' 'count(up)'
at=2023-11-15T00:13:05.25%2B02:00 q '.[0].value' '[1699999985.25,"3"]' \
	'count(up)'
at=1700000200 q length 0 up -d lookback_delta=1m
at=1700000200 q length 3 up
# A body goes before the address; both are read.
is 200 '.data.result[1]' '"7"' /api/v1/query?query=5\&time=3 -d query=7
is 200 '.data.result[0]' 3 /api/v1/query?query=5\&time=3 -d query=7
# A native histogram.
is 200 '.data.result[0].histogram[1] | [.count, .sum, .buckets[0], .buckets[1]]' \
	'["100","4.295102345",[3,"-Inf","1.28e-07","5"],[0,"0.000001024","0.0000014481546878700494","45"]]' \
	/api/v1/query -G -d query=http_request_seconds -d time=1700000001
is 200 '.data.result[0] | [has("values"), .histograms[0][1].count]' \
	'[false,"100"]' /api/v1/query -G -d time=1700000001 \
	--data-urlencode 'query=http_request_seconds{method="GET"}[1m]'
is 200 '[.data.resultType, [.data.result[0].values[][1]]]' \
	'["matrix",["2","2","2"]]' /api/v1/query_range -G -d start=1699999000 \
	--data-urlencode 'query=sum(up)' -d end=1699999065 -d step=30s
is 200 '[.data.result[].metric.instance]' '["a:80","b:80","c:80"]' \
	/api/v1/query_range -d 'query=up&start=1699999000&end=1699999001&step=0.5'

# ---- what cannot be answered

no 400 'bad_data: invalid parameter "query": 1:4: ' 'sum(up'
no 400 'bad_data: invalid parameter "query": ' ''
no 400 'bad_data: invalid parameter "time": cannot parse "x"' up -d time=x
no 400 'invalid parameter "time"' up -d time=2023-02-29T00:00:00Z
no 400 'invalid parameter "limit": limit must be non-negative' up -d limit=-1
no 400 'bad_data: invalid parameter "timeout"' up -d timeout=1x
no 422 'execution: ' 'up * on () build_info' -d time=$at
no 503 'timeout: query timed out' up -d timeout=0
range='query=up&start=1&end=11001&step'
is 400 .error '"exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"' \
	"/api/v1/query_range?${range/11001/11002}=1"
is 200 .data.result '[]' "/api/v1/query_range?$range=1"
is 400 .errorType '"bad_data"' "/api/v1/query_range?$range=0"
is 400 .errorType '"bad_data"' "/api/v1/query_range?$range=-5"
is 400 .errorType '"bad_data"' "/api/v1/query_range?query=up&end=5&step=1"
is 400 .errorType '"bad_data"' "/api/v1/query_range?${range/=1&/=5&}=9&end=4" -G
is 400 .error '"invalid parameter \"query\": invalid expression type \"range vector\" for range query, must be Scalar or instant Vector"' \
	"/api/v1/query_range?${range/up/up%5B1m%5D}=9"
is 404 .errorType '"not_found"' /api/v1/nothing
is 400 .errorType '"bad_data"' /api/v1/query -d 'query=%zz'
is 400 .error '"error parsing form values: a parameter has a zero byte"' \
	/api/v1/query -d 'query=%00'
is 400 .errorType '"bad_data"' /api/v1/query -H 'Content-Type: text/plain' \
	-d query=up
get /api/v1/rules -d a=b
[ "$status" = 405 ] || fail "POST of rules: $status"
get /api/v1/query -X DELETE
[ "$status" = 405 ] || fail "DELETE: $status"
get /api/v1/query -H 'Host: example.org' -d query=up
[ "$status" = 421 ] || fail "a stranger's name: $status"
{ printf 'query=up+or+'; head -c 5000000 /dev/zero | tr '\0' a; } >"$tmp/long"
is 400 .error '"the body is more than 4 MiB"' /api/v1/query \
	--data-binary @"$tmp/long"
{ printf 'time=%s&query=count(up)+%%23' $at; head -c 1000000 /dev/zero |
	tr '\0' a; } >"$tmp/fits"
is 200 '.data.result[0].value[1]' '"3"' /api/v1/query \
	--data-binary @"$tmp/fits"

# ---- series, labels, metrics

known_times=(-d start=1699990000 -d end=1699999999)
is 200 '[.data[].instance]' '["a:80","b:80","c:80"]' /api/v1/series -G \
	-d 'match[]=up' "${known_times[@]}"
is 200 '[.data[].__name__]' '["build_info","build_info","up"]' /api/v1/series \
	-d 'match[]=up{job="web"}&match[]=build_info' \
	-d 'match[]=build_info{job="api"}'
is 200 '[(.data | length), .warnings]' \
	'[2,["results truncated due to limit"]]' /api/v1/series -G \
	-d 'match[]=up' -d limit=2
is 200 .data '[]' /api/v1/series -G -d 'match[]=up' -d start=1 -d end=2
is 200 .data '[]' /api/v1/series -G -d 'match[]=queue_length' \
	-d start=1699998220 -d end=1699999999
is 400 .error '"no match[] parameter provided"' /api/v1/series
for selector in up+0 'up[5m]' '(up)' '-up' 'up offset 1m' 'up @ 5' '{}' 1; do
	is 400 .errorType '"bad_data"' /api/v1/series -G \
		--data-urlencode "match[]=$selector"
done
is 200 .data '["__name__","instance","job"]' /api/v1/labels -d 'match[]=up'
is 200 '[.data[] | select(startswith("exported") | not)] | index("kind") > 0' \
	true /api/v1/labels
is 200 .data '["api","web"]' /api/v1/label/job/values -G "${known_times[@]}"
is 200 .data '["api"]' /api/v1/label/U__job/values -G \
	-d 'match[]=up{instance="b:80"}'
is 200 .data '[]' /api/v1/label/nothing/values
is 200 '.data | index("requests_total") > 0' true /api/v1/label/__name__/values
is 200 '.data.app_temperature_celsius' \
	'[{"type":"gauge","help":"Help of app_temperature_celsius.","unit":"celsius"}]' \
	/api/v1/metadata
is 200 '.data | length' 2 /api/v1/metadata?limit=2
is 200 '.data | keys' '["inflight"]' /api/v1/metadata?metric=inflight

# ---- rules, alerts, the rest

is 200 '[.data.groups[] | [.name, .file, .interval, .limit, (.rules | length)]]' \
	'[["first","known.yml",30,0,2],["second","known.yml",60,5,2]]' /api/v1/rules
is 200 '[.data.groups[].rules[] | [.name, .type, .health, .state]]' \
	'[["job:requests:rate5m","recording","ok",null],["Down","alerting","ok","firing"],["Slow","alerting","ok","pending"],["broken","recording","err",null]]' \
	/api/v1/rules
# shellcheck disable=SC2016 # the template of a rule
is 200 '.data.groups[0].rules | [.[0].query, .[1].annotations, .[1].labels, .[1].alerts[0].annotations]' \
	'["sum by (job) (rate(requests_total[5m]))",{"summary":"{{ $labels.instance }} is down"},{"severity":"page"},{"summary":"b:80 is down"}]' \
	/api/v1/rules
is 200 '[.data.groups[].rules[].name]' '["Down","Slow"]' /api/v1/rules?type=alert
is 200 '[.data.groups[].rules[].name]' '["broken"]' \
	'/api/v1/rules?type=record&rule_group[]=second' -g
is 200 '[.data.groups[].rules[] | [.name, .alerts]]' '[["Down",[]]]' \
	'/api/v1/rules?rule_name[]=Down&exclude_alerts=true' -g
is 400 .errorType '"bad_data"' /api/v1/rules?type=x
is 200 '[.data.alerts[] | [.labels.alertname, .state, .value, .activeAt]]' \
	'[["Down","firing","0e+00","2023-11-14T22:13:20Z"],["Slow","pending","1e+00","2023-11-14T22:13:20Z"],["Slow","pending","1e+00","2023-11-14T22:13:20Z"]]' \
	/api/v1/alerts
is 200 '[.data.version, .data.kymoVersion, .data.revision]' \
	'["3.0.0","0.0.1","abc"]' /api/v1/status/buildinfo
is 200 .data '"sum by (a) (up)"' /api/v1/format_query -d 'query=sum(up)by(a)'
is 200 .data '[]' /api/v1/query_exemplars -d query=up
get /-/reload
[ "$status" = 405 ] || fail "GET of reload: $status"
get /-/reload -X POST -H 'Origin: http://example.org'
[ "$status" = 403 ] || fail "reload from a page: $status"
get /-/reload -X POST
[ "$status $body" = "500 failed to reload: kymod.yaml:3: no key such as this" ] ||
	fail "reload: $status $body"
get /-/reload -X POST
[ "$status $body" = "200 reloaded" ] || fail "reload: $status $body"
get /api/v1/query --compressed -d 'query={job!=""}[10m]' -d time=$at
plain=$body
get /api/v1/query -d 'query={job!=""}[10m]' -d time=$at
[ "$body" = "$plain" ] || fail "compressed is another answer"
curl -sS -o /dev/null -D - --compressed -d 'query={job!=""}[10m]' -d time=$at \
	"$url/api/v1/query" | grep -qi 'content-encoding: gzip' ||
	fail "a long answer is not compressed"

# ---- promtool

p() { promtool query "$@" >"$tmp/promtool" 2>&1 || fail "promtool $*: $(<"$tmp/promtool")"; }
p instant --time=$at "$url" 'count(up)'
[ "$(<"$tmp/promtool")" = '{} => 3 @[1699999987.5]' ] ||
	fail "promtool query instant: $(<"$tmp/promtool")"
p range --start=1699999000 --end=1699999030 --step=15s "$url" 'sum(up)'
[ "$(grep -c '^2 @' "$tmp/promtool")" = 3 ] || fail "$(<"$tmp/promtool")"
p series --match='up{job="web"}' --start=1699999000 --end=1699999999 "$url"
[ "$(<"$tmp/promtool")" = '{__name__="up", instance="c:80", job="web"}' ] ||
	fail "promtool query series: $(<"$tmp/promtool")"
p labels --start=1699999000 --end=1699999999 "$url" job
grep -qx web "$tmp/promtool" || fail "promtool query labels: $(<"$tmp/promtool")"
! promtool query instant "$url" 'sum(' >"$tmp/promtool" 2>&1 ||
	fail "promtool takes an error for an answer"
grep -q '1:4: ' "$tmp/promtool" || fail "$(<"$tmp/promtool")"
stop "$known"
[ "$stopped" = 0 ] || fail "it ended with $stopped: $(<"$tmp/known.log")"
grep -q 'held 0$' "$tmp/known.log" || fail "$(<"$tmp/known.log")"
grep -q ended "$tmp/known.log" || fail "$(<"$tmp/known.log")"

# ---- heavy ones beside the page

serve heavy 2000
heavy=$started
said() { kill -USR1 "$heavy"; sleep 0.05; tail -n 1 "$tmp/heavy.log"; }
is_said() { [[ $(said) == *" $1 "* ]]; }
# Some 20 s of a processor, if it were let.
deep=many
for ((i = 0; i < 90; i++)); do
	deep="ln(exp($deep))"
done
query=(-d start=1699996700 -d end=1699999990 -d step=0.3
	--data-urlencode "query=sum($deep)")
among=()
for i in 1 2 3 4 5 6; do
	start "query$i" curl -sS --max-time 100 "${query[@]}" "$url/api/v1/query_range"
	among+=("$started")
done
# Two have threads, four wait, one more is told so; pages do not notice.
wait_for 10 is_said 'running 2 waiting 4'
is 503 '[.errorType, .error]' \
	'["unavailable","too many queries are waiting; try again"]' \
	/api/v1/query_range "${query[@]}"
for i in 1 2 3 4 5 6 7 8 9 10; do
	get /metrics --max-time 2
	[ "$status" = 200 ] || fail "the page: $status"
	get /api/v1/alerts --max-time 2
	[ "$status" = 200 ] || fail "alerts: $status"
done
is_said 'running 2 waiting 4' ||
	fail "the queries are over before they were in the way: $(said)"
# Who goes away costs nothing more; so does whoever waited.
for i in "${among[@]}"; do
	stop "$i"
done
wait_for 10 is_said 'running 0 waiting 0'
is_said 'canceled 6' || fail "not given up: $(said)"
# It ends while it has a query.
start last curl -sS --max-time 100 "${query[@]}" "$url/api/v1/query_range"
wait_for 10 is_said 'running 1'
stop "$heavy"
[ "$stopped" = 0 ] || fail "it ended with $stopped: $(<"$tmp/heavy.log")"
grep -q ended "$tmp/heavy.log" || fail "$(<"$tmp/heavy.log")"
