#!/usr/bin/env bash
# kymod pushes its alerts to Alertmanagers as Prometheus does: both of two have
# them, with external labels and a link; an end is one there; one that is away
# does not keep the other from it; a kill -9 ends nothing; routes beside it send
# the same on.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need curl jq prometheus-alertmanager amtool
built kymo
kymo=$built
built kymod
kymod=$built
run=$tmp/run
mkdir -m 700 "$run"

cat >"$tmp/am.yml" <<END
route: {receiver: none}
receivers: [{name: none}]
END
urls=() targets=()
for i in 1 2; do
	free_port
	start "am$i" prometheus-alertmanager --config.file="$tmp/am.yml" \
		--storage.path="$tmp/am$i" --cluster.listen-address= \
		--web.listen-address="127.0.0.1:$port" --web.route-prefix=/am
	urls[i]=http://127.0.0.1:$port/am targets[i]=127.0.0.1:$port ams[i]=$started
done
for i in 1 2; do
	wait_for 20 curl -sf "${urls[i]}/-/ready"
done

free_port
cat >"$tmp/kymod.yaml" <<END
collection_interval: 50ms
evaluation_interval: 50ms
listen: 127.0.0.1:$port
directories: ["$run"]
state: "$tmp/control.db"
rule_files: rules.yml
external_labels: {region: eu, severity: none}
external_url: http://kymo.example.org
alerting:
  alertmanagers:
  - path_prefix: /am
    api_version: v2
    timeout: 2s
    static_configs:
    - targets: ['${targets[1]}', '${targets[2]}']
END
cat >"$tmp/rules.yml" <<'END'
groups:
- name: g
  rules:
  - alert: Deep
    expr: depth > 5
    labels: {severity: page}
    annotations: {summary: 'depth={{ $value }}'}
END
"$kymod" --check --config "$tmp/kymod.yaml" >"$tmp/out" 2>&1 || fail "$(<"$tmp/out")"
# check TEXT SED: what is wrong with the configuration.
check() {
	sed "$2" "$tmp/kymod.yaml" >"$tmp/wrong.yaml"
	! "$kymod" --check --config "$tmp/wrong.yaml" >"$tmp/out" 2>&1 || fail "good: $2"
	grep -qF -- "$1" "$tmp/out" || fail "not told: $1: $(<"$tmp/out")"
}
check 'wrong.yaml:12:18: ' 's/api_version: v2/api_version: v1/'
check 'write it as alertmanager.example.org:9093' "s,targets: \[',&http://,"

kymod_start() {
	start kymod "$kymod" --config "$tmp/kymod.yaml"
	daemon=$started
}
kymod_start
start jobs bash -c "mkfifo '$tmp/jobs.in'; exec '$kymo' emit --service jobs --dir '$run' <'$tmp/jobs.in'"
wait_for 10 test -p "$tmp/jobs.in"
exec 8>"$tmp/jobs.in"
printf 'declare gauge depth "Depth"\ndepth{shard="1"} = 7\ndepth{shard="2"} = 8\n' >&8

# seen NUMBER TEXT: the alerts that amtool sees at it.
seen() {
	amtool --alertmanager.url="${urls[$1]}" alert query -o json >"$tmp/alerts" &&
		[ "$(jq -c '[.[] | [.labels.shard, .labels.region, .labels.severity,
			.annotations.summary]] | sort' "$tmp/alerts")" = "$2" ]
}
one='["1","eu","page","depth=7"]' two='["2","eu","page","depth=8"]'
wait_for 10 seen 1 "[$one,$two]"
wait_for 10 seen 2 "[$one,$two]"
[ "$(jq -r '.[0].generatorURL' "$tmp/alerts")" = \
	'http://kymo.example.org/api/v1/query?query=depth%20%3E%205' ] ||
	fail "the link: $(<"$tmp/alerts")"

echo 'depth{shard="1"} = 1' >&8
wait_for 10 seen 1 "[$two]"
wait_for 10 seen 2 "[$two]"

# Killed, and started anew: nothing ends by that, and an end after it is one.
killed "$daemon"
kymod_start
sleep 0.5
seen 1 "[$two]" || fail "after the kill: $(<"$tmp/alerts")"
stop "${ams[1]}"
echo 'depth{shard="2"} = 1' >&8
wait_for 10 seen 2 '[]'
stop "$daemon"
[ "$stopped" = 0 ] || fail "SIGTERM: exit $stopped: $(<"$tmp/kymod.log")"
exec 8>&-
echo "all held"
