#!/usr/bin/env bash
# kymo query against a server of known series: tables, JSON, charts; times as
# people give them; what is wrong is shown where it is; what answers nonsense,
# or not at all, is said.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need jq
[ -x /usr/bin/python3 ] || skip "needs /usr/bin/python3"
built kymo
kymo=$built
free_port
export KYMO_URL=http://127.0.0.1:$port TZ=UTC COLUMNS=60 LC_ALL=C.UTF-8
start server "$top_builddir/tests/e2e/serve_api_main" "$port"
server=$started
wait_for 20 grep -q serving "$tmp/server.log"

# query WANT ARGUMENT..: exit code; what it prints is in $tmp/out and $tmp/err.
query() {
	local want=$1 got=0
	shift
	"$kymo" query "$@" >"$tmp/out" 2>"$tmp/err" || got=$?
	[ $got = "$want" ] || fail "query $*: exit $got, not $want:" \
		"$(<"$tmp/out")$(<"$tmp/err")"
}
# out / err TEXT: exactly that was printed, or said.
out() { [ "$(<"$tmp/out")" = "$1" ] || fail "printed: $(<"$tmp/out")"; }
err() { [ "$(<"$tmp/err")" = "$1" ] || fail "said: $(<"$tmp/err")"; }
says() { grep -qF -- "$1" "$tmp/err" || fail "not said: $1: $(<"$tmp/err")"; }

at=1699999987.5
query 0 --at $at up
out 'up{instance="a:80", job="api"}  1
up{instance="b:80", job="api"}  0
up{instance="c:80", job="web"}  1'
query 0 --at 2023-11-14T22:13:07.5Z size_bytes
out 'size_bytes{instance="a:80", job="api"}  46.8 MiB
size_bytes{instance="b:80", job="api"}  0.05 B
size_bytes{instance="c:80", job="web"}  -173 B'
query 0 --at 2023-11-14T23:13:07+01:00 'sum(up)'
out '{}  2'
query 0 --at $at build_info
out 'build_info{job="api", version="1.2.3 \"b\\\""}  1
build_info{job="web", version="grün"}           1'
query 0 -a 5 '1.5e-7'
out '1.5e-07'
query 0 --at 1700000001 'http_request_seconds{method="GET"}'
out 'http_request_seconds{method="GET", service="shop"}  count 100, sum 4.295102345'
query 0 --at $at 'rate(up{job="web"}[5m])'
out '{instance="c:80", job="web"}  0'
err 'kymo query: PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up" (1:6)'
query 0 --json --at $at up
[ "$(jq -c '[.data.result[].value[1]]' "$tmp/out")" = '["1","0","1"]' ] ||
	fail "$(<"$tmp/out")"

query 0 --from 1699999000 --to 1699999030.5 --step 15.25 'up{job="web"}'
out 'up{instance="c:80", job="web"}
  2023-11-14 21:56:40  1
  2023-11-14 21:56:55.250  1
  2023-11-14 21:57:10.500  1'
query 0 --json --from 1699996400 --to 1699999999 up
[ "$(jq '.data.result[0].values | length' "$tmp/out")" = 240 ] ||
	fail "a step of 15 s is what 250 points of an hour want"
query 0 --chart --from 1699999000 --to 1699999999 'scalar(sum(up))'
[[ $(<"$tmp/out") == "{}"*"        2 "* ]] || fail "$(<"$tmp/out")"
query 0 --chart --from 1699996400 --to 1699999999 'increase(requests_total[5m])'
[ "$(grep -c '^{code=' "$tmp/out")" = 6 ] || fail "$(<"$tmp/out")"
grep -qE '^ +21:13:20 +22:13:19$' "$tmp/out" || fail "$(<"$tmp/out")"
grep -q '⠒⠒' "$tmp/out" || fail "no braille: $(<"$tmp/out")"
LC_ALL=C query 0 -c --from 1699996400 --to 1699999999 'size_bytes{job="web"}'
! LC_ALL=C grep -q '[^ -~]' "$tmp/out" || fail "not plain: $(<"$tmp/out")"
grep -q '\*' "$tmp/out" || fail "$(<"$tmp/out")"
[ "$(wc -L <"$tmp/out")" -le 60 ] || fail "wider than the terminal"
# So long ago: the scan of the server is of 2023, now has nothing.
query 1 --chart 'vector(1) > 2'
err 'kymo query: no series'
query 0 --from 10m --step 5m 'vector(1)'
[ "$(wc -l <"$tmp/out")" = 4 ] || fail "$(<"$tmp/out")"

query 1 --at $at nothing
err 'kymo query: no series'
query 1 'sum(up'
err 'kymo query: 1:4: this ( has no )
  sum(up
     ^'
query 1 'sum(up) +
  rate(up)'
says '    rate(up)
         ^'
query 1 --from 1m --step 1ms up
says 'exceeded maximum resolution of 11,000 points'
query 1 --at $at 'up * on () build_info'
query 3 --timeout 0 --at $at up
says 'timed out'
while read -r arguments; do
	# shellcheck disable=SC2086 # several
	query 2 $arguments
	says '; see kymo query --help'
done <<'END'
--at x up
--at 2023-11-14 up
--to 5 up
--step 5 up
--from 5 --to 4 up
--from 5 --step 0 up
--from 5 --step x up
--from 5 --at 4 up
--table --json up
--chart --at 5 up
--nothing up
a b

END

# A Prometheus in the language of something else, and nobody at all.
free_port
cat >"$tmp/odd.py" <<'END'
import http.server
import sys

ANSWERS = [b"<html>", b"{}", b"[]", b'{"status":"success"}',
           b'{"status":"success","data":{"resultType":"vector","result":[1]}}',
           b'{"status":"success","data":{"resultType":"vector","result":'
           b'[{"metric":{"a":1},"value":[1,"2"]}]}}',
           b'{"status":"success","data":{"resultType":"vector","result":'
           b'[{"metric":{},"value":[1]}]}}',
           b'{"status":"success","data":{"resultType":"matrix","result":'
           b'[{"metric":{},"values":[[1,{}]]}]}}',
           b'{"status":"success","data":{"resultType":"x","result":[]}}',
           b'{"status":"success","data":{"resultType":"scalar","result":[]}}',
           b'{"status":"error","error":5}', b"[" * 100000,
           b'{"status":"success","data":{"resultType":"vector","result":'
           b'[{"metric":{"__name__":"a\\u001b[2J","b":"\\u001b]0;x"},'
           b'"value":[1,"\\u001b[31m"]}]},"warnings":["\\u001b[1m"]}',
           b'{"status":"error","errorType":"bad_data","error":'
           b'"99999:99999: \\u001b[1m"}']
left = list(ANSWERS)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = left.pop(0)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
END
start odd /usr/bin/python3 "$tmp/odd.py" "$port"
export KYMO_URL=http://127.0.0.1:$port/
wait_for 10 grep -qE "$(printf ':%04X ' "$port")" /proc/net/tcp
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	query 3 "answer$i"
	says 'what answers there is neither kymod nor Prometheus'
done
query 0 escape
query 1 escape
! grep -q $'\e' "$tmp/out" "$tmp/err" || fail "an escape sequence"
query 3 --url http://127.0.0.1:1 up
says 'cannot reach kymod at http://127.0.0.1:1: '
says 'start it (kymod, or systemctl start kymod), or say by --url where it is'
query 3 --url file:///etc/passwd up
says 'cannot ask file:///etc/passwd'
stop "$server"
