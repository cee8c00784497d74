#!/usr/bin/env bash
# kymo rules check --against, and kymo query, with a real kymod and what a script
# counts: metrics and labels that no series has are told, and those that there
# are, or that the rules make, are not. The API's reload reloads.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need curl
built kymod
kymod=$built
built kymo
kymo=$built
mkdir -m 700 "$tmp/run"
free_port
export KYMO_DIR=$tmp/run KYMO_URL=http://127.0.0.1:$port COLUMNS=60
cat >"$tmp/lines" <<'END'
jobs_total{queue="mail",host="a"} += 3
depth{queue="mail"} = 7
wait_seconds{queue="mail"} observe 0.25
END
# shellcheck disable=SC2016 # for the other shell
start emit bash -c 'exec "$@" <"$0"' "$tmp/lines" "$kymo" emit --keep \
	--service shop --dir "$tmp/run"
cat >"$tmp/kymod.yaml" <<END
collection_interval: 50ms
evaluation_interval: 100ms
listen: 127.0.0.1:$port
directories: ["$tmp/run"]
state: memory
END
start kymod "$kymod" --config "$tmp/kymod.yaml"
kymod_pid=$started

# exits WANT COMMAND..: what it prints is in $tmp/out.
exits() {
	local want=$1 got=0
	shift
	"$@" >"$tmp/out" 2>&1 || got=$?
	[ $got = "$want" ] || fail "$*: exit $got, not $want: $(<"$tmp/out")"
}
is_asked() { "$kymo" query "$1"; }

wait_for 20 is_asked jobs_total
exits 0 "$kymo" query 'sum by (queue) (jobs_total)'
[ "$(<"$tmp/out")" = '{queue="mail"}  3' ] || fail "$(<"$tmp/out")"
exits 0 "$kymo" query 'wait_seconds_sum'
[ "$(<"$tmp/out")" = 'wait_seconds_sum{queue="mail", service="shop"}  0.25' ] ||
	fail "$(<"$tmp/out")"

cat >"$tmp/rules.yml" <<'END'
groups:
- name: good
  rules:
  - record: queue:jobs:rate
    expr: sum by (queue, service) (rate(jobs_total{host="a"}[1m]))
  - alert: Deep
    expr: depth{queue=~"m.*", other=""} > 5 and on (queue) queue:jobs:rate{any="x"}
    for: 1m
  - alert: Made
    expr: sum by (v, lane) (count_values("v", label_replace(depth, "lane", "$1", "queue", "(.*)")))
    for: 1m
  - alert: Gone
    expr: absent(nothing_at_all) and on () ALERTS{alertname="x"}
    for: 1m
- name: bad
  rules:
  - alert: NoMetric
    expr: jbos_total > 1 or jbos_total{queue="x"}
    for: 1m
  - alert: NoLabel
    expr: depth{qeue="mail"} > 1 and depth{queue!="", lane!~"x|"}
    for: 1m
  - alert: NoGroup
    expr: sum by (qeue) (depth) > on (job) group_left (hots) sum by (queue) (jobs_total)
    for: 1m
END
exits 0 "$kymo" rules check --against="$KYMO_URL" "$tmp/rules.yml"
sed -n 's/^[^ ]*rules.yml:[0-9]*:5: //p' "$tmp/out" | sort >"$tmp/told"
diff - "$tmp/told" <<'END' || fail "$(<"$tmp/out")"
by names a label qeue that no series it reads has
group_left names a label hots that no series it reads has
no series is called jbos_total
no series of depth has a label lane
no series of depth has a label qeue
on names a label job that no series it reads has
END
grep -q '6 of which may be a mistake' "$tmp/out" || fail "$(<"$tmp/out")"
exits 1 "$kymo" rules check --lint-fatal --against="$KYMO_URL" "$tmp/rules.yml"
sed -i '/^- name: bad/,$d' "$tmp/rules.yml"
exits 0 "$kymo" rules check --lint-fatal --against="$KYMO_URL" "$tmp/rules.yml"
exits 3 "$kymo" rules check --against=http://127.0.0.1:1 "$tmp/rules.yml"
grep -q 'cannot reach kymod at http://127.0.0.1:1' "$tmp/out" ||
	fail "$(<"$tmp/out")"

# The rules are taken over by a reload, and seen by the API.
echo 'rule_files: [rules.yml]' >>"$tmp/kymod.yaml"
exits 0 curl -sS -X POST "$KYMO_URL/-/reload"
[ "$(<"$tmp/out")" = reloaded ] || fail "$(<"$tmp/out")"
has_rule() { curl -sS "$KYMO_URL/api/v1/rules" | grep -q '"name":"Deep"'; }
wait_for 10 has_rule
wait_for 10 is_asked 'queue:jobs:rate >= 0'
echo 'no_such_key: 1' >>"$tmp/kymod.yaml"
exits 0 curl -sS -o "$tmp/said" -w '%{http_code}' -X POST "$KYMO_URL/-/reload"
[[ $(<"$tmp/out") == 500 && $(<"$tmp/said") == "failed to reload: "* ]] ||
	fail "$(<"$tmp/out") $(<"$tmp/said")"
has_rule || fail "a reload that failed took the rules away"
stop "$kymod_pid"
[ "$stopped" = 0 ] || fail "kymod ended with $stopped"
