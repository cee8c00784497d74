#!/usr/bin/env bash
# kymo record, diff and bench: a run is kept whatever ends it; a program slowed by
# 5 % is found worse, the same program twice is not; phases are compared.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
built kymo
kymo=$(readlink -f "$built")
cd "$tmp"

exits() {
	local want=$1 got=0
	shift
	"$@" >out 2>&1 || got=$?
	[ $got = "$want" ] || fail "$*: exit $got, not $want: $(<out)"
}
says() {
	grep -qF -- "$1" out || fail "not told: $1: $(<out)"
}

# work FACTOR SEED: a program of 3,000 requests, whose latencies are the same for
# a seed but for the factor.
cat >work <<END
#!/bin/sh
awk -v factor="\$1" -v seed="\$2" 'BEGIN {
	for (i = 0; i < 3000; i++) {
		sum = 0
		for (k = 0; k < 6; k++) {
			seed = seed * 16807 % 2147483647
			sum += seed / 2147483647
		}
		printf "latency_seconds observe %.9f\n", 0.001 * factor * exp((sum - 3) / 4)
		printf "requests_total += 1\n"
	}
}' | $kymo emit --service work
exit "\${3:-0}"
END
chmod +x work

# ---- record --------------------------------------------------------------------

exits 0 "$kymo" record -o before.run -- ./work 1 11
exits 0 "$kymo" record -o again.run ./work 1 23
# shellcheck disable=SC2016 # of the command
exits 0 "$kymo" record -o place.run sh -c 'echo "$KYMO_DIR" >place; ./work 1 2'
[ ! -e "$(<place)" ] || fail "left: $(<place)"
exits 7 "$kymo" record -o slower.run ./work 1.05 37 7
exits 143 "$kymo" record -o killed.run sh -c './work 1 5; kill -TERM $$'
exits 3 "$kymo" record -o none.run ./no-such
says 'No such file'
exits 3 "$kymo" record -o no/where.run true
# Whoever errs in whom to watch keeps the run before.
cp before.run kept.run
exits 1 "$kymo" record -o kept.run --pid 999999999
cmp before.run kept.run || fail "a wrong --pid emptied the run before"
exits 2 "$kymo" record -- true
exits 2 "$kymo" record -o x.run
exits 3 env -u KYMO_RECORD "$kymo" record mark x
says 'nobody records'

# Who ignores children's ends still sees the command's.
exits 7 timeout 20 env --ignore-signal=CHLD "$kymo" record -o x.run sh -c 'exit 7'
# Timed once a run, one is slower than the other; nobody knows by how much usually.
once() { echo "begin_seconds observe $1" | "$kymo" emit --service once; }
export -f once
export kymo
exits 0 "$kymo" record -o once.run bash -c 'once 0.1'
exits 0 "$kymo" record -o once2.run bash -c 'once 0.2'
exits 0 "$kymo" diff --all once.run once2.run
grep -qE '^unclear .*begin_seconds' out || fail "once each: $(<out)"

# ---- diff ----------------------------------------------------------------------

exits 0 "$kymo" diff --all --threshold 2% before.run again.run
grep -qE '^same .*latency_seconds' out || fail "twice the same: $(<out)"
says '0 worse'
exits 1 "$kymo" diff before.run slower.run
grep -qE '^worse .*\+[45]\.[0-9]+% \(.*latency_seconds\{service="work"\}' out ||
	fail "5 % slower: $(<out)"
says 'p99'
exits 0 "$kymo" diff slower.run before.run
grep -qE '^better .*latency_seconds' out || fail "faster: $(<out)"
exits 0 "$kymo" diff --threshold 20% before.run slower.run
exits 0 "$kymo" diff --higher-is-better '^latency' before.run slower.run
exits 1 "$kymo" diff --json before.run slower.run
python3 - <<'END' || fail "not JSON"
import json
rows = [json.loads(line) for line in open("out")]
row = [r for r in rows if r["name"] == "latency_seconds"][0]
assert row["verdict"] == "worse" and 1.03 < row["ratio"] < 1.07, row
assert 0.0009 < row["before"] < 0.0011, row
END
exits 1 "$kymo" diff --format markdown before.run slower.run
# shellcheck disable=SC2016 # Markdown's
grep -qE '^\| \*\*worse\*\* \| `latency_seconds\{service="work"\}` \| ' out ||
	fail "markdown: $(<out)"
says '<details>'
exits 2 "$kymo" diff --format html before.run slower.run
COLUMNS=70 "$kymo" diff --all before.run slower.run >out || true
python3 -X utf8 -c 'import sys
sys.exit(max(len(line) for line in open("out") if "threshold" not in line) > 71)' || fail "wider than 70 columns: $(<out)"
head -c -10 before.run >cut.run
"$kymo" diff cut.run before.run >out 2>&1 || true
says 'cut.run: a run in it ends in the middle'
exits 2 "$kymo" diff before.run work
says 'work: it is not msgpack'
exits 2 "$kymo" diff before.run none
exits 2 "$kymo" diff before.run
exits 2 "$kymo" diff 'before.run@5..2' again.run
says 'TO after FROM'
exits 0 "$kymo" diff --all 'before.run@0..' 'before.run@0.0..600'
grep -qE '^same .*latency_seconds' out || fail "all of its time: $(<out)"
exits 2 "$kymo" diff --phase none before.run again.run
says "before.run: no phase 'none'"
exits 2 "$kymo" diff before.run@500..600 again.run
says 'no two looks'

# ---- phases, and what ends a run --------------------------------------------------

cat >steps <<END
#!/bin/sh
./work 1 41
$kymo record mark two
./work "\$1" 43
$kymo record mark three
END
chmod +x steps
exits 0 "$kymo" record -o steps.run --phase one -- ./steps 1
exits 0 "$kymo" record -o steps2.run --phase one -- ./steps 1.05
exits 1 "$kymo" diff --phase two steps.run steps2.run
grep -qE '^worse .*latency_seconds' out || fail "phase two: $(<out)"
exits 0 "$kymo" diff --phase one steps.run steps2.run
exits 1 "$kymo" diff --phases steps.run steps2.run
sed -n '/^phase two:/,/^phase three:/p' out | grep -q '^worse .*latency_seconds' ||
	fail "phase by phase: $(<out)"
! sed -n '/^phase one:/,/^phase two:/p' out | grep -q '^worse .*latency_seconds' ||
	fail "phase by phase: $(<out)"
exits 1 "$kymo" diff --phases --json steps.run steps2.run
grep -q '"verdict":"worse","name":"latency_seconds".*"phase":"two"' out || fail "phases: $(<out)"
exits 2 "$kymo" diff --phases before.run steps.run
says 'no phase in common'
exits 1 "$kymo" diff steps2.run@one steps2.run@two
grep -qE '^worse .*latency_seconds' out || fail "one phase and the next: $(<out)"
cp steps.run odd@name.run
exits 0 "$kymo" diff odd@name.run odd@name.run
exits 0 "$kymo" record -o marks.run --marks "$tmp/pipe" -- sh -c 'echo warm >pipe; echo hot >pipe'
grep -qa warm marks.run || fail 'a mark is not kept'
grep -qa hot marks.run || fail 'the last mark is not kept'

mkfifo go
start record "$kymo" record -o long.run -i 20ms -- sh -c './work 1 3; echo up >go; exec sleep 60'
read -r _ <go
kill -TERM "$started"
stopped=0
wait "$started" || stopped=$?
testlib_forget "$started"
[ "$stopped" = 143 ] || fail "told to end: exit $stopped, not 143"
exits 0 "$kymo" diff --all long.run long.run
says latency_seconds

# shellcheck disable=SC2016 # of the command
start record "$kymo" record -o killed9.run -i 20ms -- sh -c 'echo "$KYMO_DIR" >place; ./work 1 3; echo up >go; exec sleep 5'
read -r _ <go
wait_for 5 grep -qa latency_seconds killed9.run
killed "$started"
rm -rf "$(<place)"
exits 0 "$kymo" diff --all killed9.run killed9.run
says latency_seconds

# A process that is there already, until it ends.
export KYMO_DIR=$tmp/regions
mkdir -m 700 "$KYMO_DIR"
mkfifo lines
start emit sh -c "exec $kymo emit --service there <lines"
exec 9>lines
printf 'latency_seconds observe 0.5\n' >&9
wait_for 5 "$kymo" dump there
start record env --ignore-signal=HUP "$kymo" record -o there.run -i 20ms \
	--instance there 9>&-
wait_for 5 grep -qa latency_seconds there.run
# As of nohup: what is ignored ends nothing.
kill -HUP "$started"
size=$(stat -c %s there.run)
grown() { [ "$(stat -c %s there.run)" -gt $((size + 3000)) ]; }
wait_for 5 grown
printf 'latency_seconds observe 0.5\n' >&9
exec 9>&-
wait "$started" || fail "record --instance did not end well: $(<record.log)"
testlib_forget "$started"
unset KYMO_DIR
exits 1 "$kymo" record -o x.run --instance no-such-service

# ---- bench -------------------------------------------------------------------------

cat >noisy <<'END'
#!/bin/sh
# Each run is by up to 1 % its own, by its number in a file.
n=$(cat "$2" 2>/dev/null || echo 0)
echo $((n + 1)) >"$2"
exec ./work "$(awk -v f="$1" -v n="$n" 'BEGIN { print f * (1 + (n * 7 % 5 - 2) / 200) }')" $((n * 31 + 17))
END
chmod +x noisy
exits 0 "$kymo" bench -n 5 --save base.runs -- ./noisy 1 count
says '5 runs'
exits 1 "$kymo" bench -n 5 --baseline base.runs -- ./noisy 1.05 count
grep -qE '^worse .*latency_seconds' out || fail "bench: $(<out)"
says 'of runs'
"$kymo" bench -n 5 --json -- ./noisy 1 count --against -- ./noisy 1 count2 >out || true
python3 - <<'END' || fail "the same in turns: $(<out)"
import json
rows = [json.loads(line) for line in open("out")]
row = [r for r in rows if r["name"] == "latency_seconds"][0]
assert row["verdict"] in ("same", "unclear"), row
assert row["before_units"] == 5, row
END
exits 2 "$kymo" bench -n 2 -- ./work 1 1 9
says 'ended with 9'
exits 0 "$kymo" bench -n 2 --any-status -- ./work 1 1 9
# A whole number that was another in two runs of two: a coin falls so.
cat >whole <<END
#!/bin/sh
echo "queue_bytes = \$1" | $kymo emit --service whole
END
chmod +x whole
exits 2 "$kymo" bench -n 2 -- ./whole 5 --against -- ./whole 4
says 'each side needs three'
for depth in 5 6; do
	for i in 1 2; do
		exits 0 "$kymo" record --append -o whole$depth.runs -- ./whole $depth
	done
done
exits 0 "$kymo" diff --all whole5.runs whole6.runs
grep -q '^unclear .*queue_bytes' out || fail "two runs: $(<out)"
says '2 and 2 runs are few'
for i in 1 2 3 4 5 6; do
	"$kymo" record --append -o whole5.runs -- ./whole 5
	"$kymo" record --append -o whole6.runs -- ./whole 6
done
exits 1 "$kymo" diff --all whole5.runs whole6.runs
grep -q '^worse .*queue_bytes' out || fail "eight runs: $(<out)"
! grep -q 'are few' out || fail "eight runs are few: $(<out)"
exits 2 "$kymo" bench -n 1 -- true
exits 2 "$kymo" bench
exits 2 "$kymo" bench --baseline no.runs -n 2 -- true
