#!/usr/bin/env bash
# kymo detect: rows come back with score and reason, the alarm is where the
# series changes, and what is wrong is told with its line.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
built kymo
kymo=$built

exits() {
	local want=$1 got=0
	shift
	"$@" >"$tmp/out" 2>&1 || got=$?
	[ $got = "$want" ] || fail "$*: exit $got, not $want: $(<"$tmp/out")"
}
says() {
	grep -qF -- "$1" "$tmp/out" || fail "not told: $1: $(<"$tmp/out")"
}

# Ten days of five minutes; a spike at the end.
awk 'BEGIN {
	print "timestamp,value"
	for (i = 0; i < 2880; i++)
		printf "%s,%d\n", strftime("%Y-%m-%d %H:%M:%S", 1700438400 + i * 300, 1),
			100 + i * 7919 % 13
	print "2023-11-30 00:00:00,900"
}' >"$tmp/spike.csv"
exits 0 "$kymo" detect "$tmp/spike.csv"
[ "$(wc -l <"$tmp/out")" = 2882 ] || fail "not a row for each row"
says 'timestamp,value,anomaly_score,reason'
exits 0 "$kymo" detect --alarms "$tmp/spike.csv"
[ "$(wc -l <"$tmp/out")" = 2 ] || fail "not one alarm: $(<"$tmp/out")"
tail -1 "$tmp/out" |
	grep -qE '^2023-11-30 00:00:00,900,[0-9.]+,never this high in 10 days$' ||
	fail "not the spike: $(<"$tmp/out")"

# Seconds since 1970, from stdin, scores that end at 1.
awk -F, 'NR > 1 { printf "%d,%s\n", 1700438400 + (NR - 2) * 300, $2 }' \
	"$tmp/spike.csv" >"$tmp/seconds.csv"
exits 0 "$kymo" detect -as - <"$tmp/seconds.csv"
tail -1 "$tmp/out" | grep -qE '^1701302400,900,0\.[5-9][0-9]*,never' ||
	fail "not the spike in seconds: $(<"$tmp/out")"

# file:line, and no byte of the file that a terminal would obey.
printf 'timestamp,value\n2023-11-30 00:00:00,1\n\033[2Jx,1\n' >"$tmp/bad.csv"
exits 3 "$kymo" detect "$tmp/bad.csv"
says 'bad.csv:3: no timestamp and comma'
! grep -q $'\033' "$tmp/out" || fail 'an escape sequence got through'
printf '1700000000,1\n1700000300,one\n' >"$tmp/bad.csv"
exits 3 "$kymo" detect "$tmp/bad.csv"
says "bad.csv:2: no value after the comma: 'one'"
head -c 5000 /dev/zero | tr '\0' 1 >"$tmp/bad.csv"
exits 3 "$kymo" detect "$tmp/bad.csv"
says 'bad.csv:1: '
exits 3 "$kymo" detect "$tmp/none.csv"
says 'No such file'
exits 2 "$kymo" detect
exits 2 "$kymo" detect --wrong x
exits 0 "$kymo" detect --help

# A level that changes, as a date and in seconds; nothing else is told.
awk 'BEGIN {
	for (i = 0; i < 400; i++) {
		noise = (i ? noise : 1) * 16807 % 2147483647
		printf "%s,%d\n", strftime("%Y-%m-%d %H:%M:%S", 1700438400 + i * 300, 1),
			100 + noise % 13 + (i < 200 ? 0 : 20)
	}
}' >"$tmp/step.csv"
exits 0 "$kymo" detect --changes "$tmp/step.csv"
[ "$(wc -l <"$tmp/out")" = 2 ] || fail "not one change: $(<"$tmp/out")"
tail -1 "$tmp/out" | grep -qE \
	'^2023-11-20 16:[34][0-9]:00,level,10[56]\.?[0-9]*,12[4-7]\.?[0-9]*,(1|0\.9[0-9]*),2023-11-20 1[67]:' ||
	fail "not the step: $(<"$tmp/out")"
awk -F, '{ printf "%d,%s\n", 1700438400 + (NR - 1) * 300, $2 }' \
	"$tmp/step.csv" >"$tmp/seconds.csv"
exits 0 "$kymo" detect -c "$tmp/seconds.csv"
tail -1 "$tmp/out" | grep -qE '^17004[0-9]{5},level,' ||
	fail "not the step in seconds: $(<"$tmp/out")"
