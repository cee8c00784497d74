#!/usr/bin/env bash
# kymo by hand: emit keeps metrics for a script; ls, dump and check see them,
# while it runs and after kill -9.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need jq
kymo=$top_builddir/kymo
run=$tmp/run
mkdir -m 700 "$run"

# says EXIT COMMAND..: it ends with EXIT; $out and $err are what it said.
says() {
	local want=$1 got=0
	shift
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null || got=$?
	out=$(tr -d '\000' <"$tmp/out") # msgpack has them
	err=$(<"$tmp/err")
	[ $got = "$want" ] || fail "exit $got, not $want: $*: $out $err"
}

# has TEXT IN: IN has a line of exactly, or with '*' like, TEXT.
has() {
	local line
	while IFS= read -r line; do
		# shellcheck disable=SC2053 # a pattern
		[[ $line != $1 ]] || return 0
	done <<<"$2"
	fail "no line '$1' in: $2"
}

# --- emit ---------------------------------------------------------------------

mkfifo "$tmp/in"
start emit bash -c "exec '$kymo' emit --service mail --dir '$run' <'$tmp/in'"
emit=$started
exec 9>"$tmp/in"
cat >&9 <<'END'
# a comment, and an empty line

declare histogram took_seconds exponent -9 labels step "Time a step took"
declare counter sent_bytes_total "Bytes sent"
declare state_set phase states idle,copy,verify "What it does"
declare gauge load exponent -2 agg max "Load of the queue"
jobs_total{queue="mail",host="a"} += 3
jobs_total{host="a",queue="mail"} += 4
jobs_total{queue="q\"\\\n",host="b"} += 1
sent_bytes_total += 9007199254740993
ratio_total += 0.5
ratio_total += 1
cpu_seconds_total += 1
cpu_seconds_total += 0.25
inflight += 5
inflight -= 7
depth = 7.5
load = 0.57
took_seconds{step="copy"} observe 0.25
took_seconds{step="copy"} observe 0.25
took_seconds{step="copy"} observe 0
size_bytes observe 4096
longest_seconds max 12
longest_seconds max 3
lowest min 3
phase is "copy"
note is "half way"
build{version="1.2",commit="abc"} info
disk health degraded "90 % full"
last_total += 1
END
wait_for 10 bash -c "'$kymo' dump --dir '$run' mail --name 'last*' | grep -q last"
[ ! -s "$tmp/emit.log" ] || fail "emit complains: $(<"$tmp/emit.log")"

# --- dump of a live one ---------------------------------------------------------

says 0 "$kymo" dump --dir "$run" mail --format prometheus
page=$out
has 'jobs_total{service="mail",queue="mail",host="a"} 7' "$page"
has 'jobs_total{service="mail",queue="q\\"\\\\\\n",host="b"} 1' "$page"
has 'sent_bytes_total{service="mail"} 9007199254740993' "$page"
has 'ratio_total{service="mail"} 1.5' "$page"
has 'cpu_seconds_total{service="mail"} 1.25' "$page"
has 'inflight{service="mail"} -2' "$page"
has 'depth{service="mail"} 7.5' "$page"
has 'load{service="mail"} 0.57' "$page"
has 'took_seconds_count{service="mail",step="copy"} 3' "$page"
has 'took_seconds_sum{service="mail",step="copy"} 0.5' "$page"
has 'took_seconds_bucket{service="mail",step="copy",le="+Inf"} 3' "$page"
has 'size_bytes_sum{service="mail"} 4096' "$page"
has 'longest_seconds{service="mail"} 12' "$page"
has 'lowest{service="mail"} 3' "$page"
has 'phase{service="mail",phase="copy"} 1' "$page"
has 'phase{service="mail",phase="idle"} 0' "$page"
has 'build_info{service="mail",version="1.2",commit="abc"} 1' "$page"
has '# HELP took_seconds Time a step took' "$page"
has '# TYPE sent_bytes_total counter' "$page"
# What was not declared has no help, which is all that promtool says.
if command -v promtool >/dev/null; then
	promtool check metrics <"$tmp/out" >"$tmp/promtool" 2>&1 || true
	! grep -v ' no help text$' "$tmp/promtool" || fail "promtool complains"
fi

says 0 "$kymo" dump --dir "$run" --format openmetrics
has '# EOF' "$out"
has '# TYPE sent_bytes counter' "$out"
has 'sent_bytes_total{service="mail"} 9007199254740993' "$out"

says 0 "$kymo" dump --dir "$run" --format json
[ "$(jq -r 'select(.name == "jobs" and .labels.host == "a") | .value' <<<"$out")" = 7 ] ||
	fail "json: $out"
[ "$(jq -r .pid <<<"$out" | sort -u)" = "$emit" ] || fail "json pid: $out"
grep -q '9007199254740993' <<<"$out" || fail "json rounds: $out"

says 0 "$kymo" dump --dir "$run" --format msgpack
tr -dc '[:print:]' <"$tmp/out" | grep -q 'kymo.*sent_bytes' || fail "msgpack"

says 0 "$kymo" dump --dir "$run" "$emit" --name 'jobs*' --label host=b
grep -q jobs <<<"$out" || fail "$out"
! grep -q 'inflight\|host=a' <<<"$out" || fail "the filter let through: $out"
says 1 "$kymo" dump --dir "$run" "$emit" --name 'nothing*'
has 'kymo: no metric matches' "$err"
says 1 "$kymo" dump --dir "$run" male
has "kymo: nothing matches 'male'; there are: mail" "$err"
says 0 "$kymo" dump --dir "$run" 'm*' --rates=1ms
says 0 "$kymo" dump "$run"/mail.*.kymo

# Nothing of a program reaches the terminal as a control sequence.
printf 'evil_total{e="\033[31m\302\233"} += 1\nlast2_total += 1\n' >&9
wait_for 10 bash -c "'$kymo' dump --dir '$run' mail --name 'last2*' | grep -q last2"
says 0 "$kymo" dump --dir "$run" mail
! grep -q $'\033' "$tmp/out" || fail "an escape sequence: $out"
[ "$(tr -cd '\000-\011\013-\037\177' <"$tmp/out" | wc -c)" = 0 ] ||
	fail "control bytes: $out"

# No line of a table is wider than the terminal.
for columns in 80 120; do
	COLUMNS=$columns says 0 "$kymo" dump --dir "$run" mail
	[ -z "$(awk -v c=$columns 'length > c' <<<"$out")" ] ||
		fail "wider than $columns: $out"
done

# --- ls ----------------------------------------------------------------------------

says 0 "$kymo" ls --dir "$run"
has 'SERVICE*PID*STATE*AGE*THREADS*SERIES*MEMORY' "$out"
has "mail*$emit*alive*" "$out"
says 0 "$kymo" ls --dir "$run" --json
[ "$(jq -r '.service, .pid, .state, .died' <<<"$out" | xargs)" = "mail $emit alive null" ] ||
	fail "ls --json: $out"
mkdir "$tmp/empty"
says 1 "$kymo" ls --dir "$tmp/empty"
has 'kymo: no regions' "$err"
says 3 "$kymo" ls --dir "$tmp/nowhere"
echo no region >"$run/bad.1.0123456789abcdef.kymo"
says 0 "$kymo" ls --dir "$run"
has 'kymo: not read: *bad.1.*' "$err"
rm "$run/bad.1.0123456789abcdef.kymo"

# --- check --------------------------------------------------------------------------

region=$(echo "$run"/mail.*.kymo)
says 0 "$kymo" check "$region"
has "$region: sound" "$out"
cp --sparse=always "$region" "$tmp/copy.kymo"
# The magic of the block at 0x2000.
printf 'X' | dd of="$tmp/copy.kymo" bs=1 seek=8192 conv=notrunc 2>/dev/null
says 1 "$kymo" check "$tmp/copy.kymo"
has "$tmp/copy.kymo: 0x0000*: *" "$out"
has "$tmp/copy.kymo: * fault*" "$out"
says 1 "$kymo" check --quiet "$tmp/copy.kymo" "$region"
[ -z "$out" ] || fail "not quiet: $out"
says 3 "$kymo" check "$tmp/nothing.kymo"

# --- lines that are wrong: told where, and the next is read ---------------------------

got=0
"$kymo" emit --service wrong --dir "$run" >"$tmp/out" 2>"$tmp/err" <<'END' || got=$?
good_total += 1
good_total{x="1"} += 1
good_total += 0.5
good_total -= 1
what
  depth = "seven"
depth = 1
depth observe 2
declare gauge depth
under_total += -1
good_total += 1
END
[ $got = 1 ] || fail "exit $got for wrong lines"
diff - "$tmp/err" <<'END' || fail "the complaints differ"
stdin:2:1: good_total has no labels, this line some
stdin:3:15: good_total counts whole things; declare it as float_counter first
stdin:4:15: a counter only goes up
stdin:5:5: +=, -=, =, observe, max, min, is, info or health is wanted
stdin:6:11: a number is wanted
stdin:8:7: depth is a float_gauge: that cannot be done to it
stdin:9:15: depth is there already
stdin:10:16: a counter only goes up
END
says 0 "$kymo" dump --dir "$run" wrong --format prometheus
has 'good_total{service="wrong"} 2' "$out"
says 0 "$kymo" ls --dir "$run" --json
[ "$(jq -r 'select(.service == "wrong") | .state' <<<"$out")" = exited ] ||
	fail "it exited: $out"

# --- dead -------------------------------------------------------------------------------

killed "$emit"
exec 9>&-
says 0 "$kymo" ls --dir "$run"
has "mail*$emit*died within *" "$out"
says 0 "$kymo" ls --dir "$run" --json
[ "$(jq -r 'select(.service == "mail") | .state' <<<"$out")" = died ] ||
	fail "it died: $out"
says 0 "$kymo" dump --dir "$run" mail --format prometheus --name 'jobs*' --name depth
has 'jobs_total{service="mail",queue="mail",host="a"} 7' "$out"
has 'depth{service="mail"} 7.5' "$out"
says 1 "$kymo" dump --dir "$run"
has 'kymo: no live regions; dead ones (--all) of: mail, wrong' "$err"
says 0 "$kymo" dump --dir "$run" --all
has 'mail  pid *  died within * after *' "$out"
has 'wrong  pid *  exited * ago after *' "$out"

# --- usage --------------------------------------------------------------------------------

for verb in ls dump check emit; do
	says 0 "$kymo" $verb --help
	has 'usage: kymo '$verb' *' "$out"
	[ -z "$(awk 'length > 80' <<<"$out")" ] || fail "wider than 80: $out"
	says 0 "$kymo" help $verb
	says 2 "$kymo" $verb --no-such-option
done
says 0 "$kymo" help
says 0 "$kymo" version
says 2 "$kymo"
says 2 "$kymo" emitt
says 2 "$kymo" emit
says 2 "$kymo" check
says 2 "$kymo" dump --format xml
says 2 "$kymo" dump --label nonsense
says 2 "$kymo" dump --rates=soon
says 3 "$kymo" emit --service x --dir "$tmp/nowhere/at/all"
says 3 bash -c "'$kymo' help >/dev/full"
echo "all held"
