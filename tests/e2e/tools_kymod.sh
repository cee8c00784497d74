#!/usr/bin/env bash
# kymod with processes that come, die and come again: exact numbers, counters
# that never go back, reloads that take all or nothing, ends that are clean.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need curl jq
kymo=$top_builddir/kymo kymod=$top_builddir/kymod
run=$tmp/run
mkdir -m 700 "$run"

get() { curl -sS --max-time 10 "http://127.0.0.1:$port$1"; }

# value SERIES: its value on the page, nothing if it is not there.
value() {
	local line
	get /metrics >"$tmp/page" || return 1
	while IFS= read -r line; do
		[ "${line% *}" != "$1" ] || printf '%s\n' "${line##* }"
	done <"$tmp/page"
}

# is SERIES VALUE
is() { [ "$(value "$1")" = "$2" ]; }

# at_least SERIES VALUE
at_least() { [ "$(value "$1" | cut -d. -f1)" -ge "$2" ]; }

logged() { grep -qE -- "$1" "$tmp/kymod.log"; }

code() { curl -sS -o /dev/null -w '%{http_code}' --max-time 10 "http://127.0.0.1:$port$1"; }

# emit NAME SERVICE: a process whose lines are what goes to $tmp/NAME.in.
emit() {
	mkfifo "$tmp/$1.in"
	start "$1" bash -c "exec '$kymo' emit --service $2 --dir '$run' <'$tmp/$1.in'"
}

lives_short() {
	{ cat "$tmp/declared"; echo 'requests_total{code="200"} += 1'; } |
		"$kymo" emit --service web --dir "$1" || fail "emit"
}

kymod_start() {
	start kymod "$kymod" --config "$tmp/kymod.yaml" --log-level debug
	daemon=$started
	wait_for 10 logged ' info +ready'
}

config() {
	cat >"$tmp/kymod.yaml" <<END
collection_interval: ${interval:-100ms}
listen: ${listen:-127.0.0.1:$port}
directories: ["$run"]
state: "$tmp/state/control.db"
keep_dead: 2
$*
END
}

free_port
config
says=$("$kymod" --config "$tmp/kymod.yaml" --check-config) || fail "check: $says"
[ "$says" = "$tmp/kymod.yaml: good" ] || fail "check: $says"
kymod_start
logged "info +kymod [0-9.]+, pid $daemon, $tmp/kymod.yaml" || fail "no version"
logged "info +watching $run, every 0.1 s" || fail "no directory"
logged "info +listening on http://127.0.0.1:$port/metrics" || fail "no address"
logged "info +totals of the dead are kept in $tmp/state/control.db" ||
	fail "no state"

# --- health, and kymod's own numbers ------------------------------------------------

[ "$(code /-/healthy) $(code /-/ready)" = '200 200' ] || fail "not healthy"
wait_for 10 at_least 'kymod_scans_total{service="kymod"}' 2
get /metrics >"$tmp/page"
while read -r kind name rest; do
	case $kind in '' | '#'*) continue ;; esac
	help=${rest#*\"}
	help=${help%\"*}
	case $kind in
	counter) shown=${name}_total type=counter ;;
	info) shown=${name}_info type=gauge ;;
	*) shown=$name type=$kind ;;
	esac
	grep -qxF "# TYPE $shown $type" "$tmp/page" || fail "no $kind $name"
	grep -qxF "# HELP $shown $help" "$tmp/page" || fail "not the help of $name"
	echo "$shown" >>"$tmp/listed"
done <"$top_srcdir/schema/kymod.metrics"
grep -oE '^# TYPE kymod_[^ ]*' "$tmp/page" | cut -d' ' -f3 |
	grep -vxFf "$tmp/listed" >"$tmp/unlisted" || true
[ ! -s "$tmp/unlisted" ] || fail "not in schema/kymod.metrics: $(<"$tmp/unlisted")"

# --- two processes of a service; one is killed, one exits; a new one comes ----------

emit one web; one=$started; exec 8>"$tmp/one.in"
emit two web; exec 9>"$tmp/two.in"
cat >"$tmp/declared" <<'END'
declare counter requests_total "Requests answered"
declare histogram took_seconds "Time a request took"
declare updown inflight "Requests being answered"
END
tee "$tmp/two.in" <"$tmp/declared" >"$tmp/one.in"
echo 'requests_total{code="200"} += 5' >&8
echo 'requests_total{code="200"} += 7' >&9
printf 'requests_total{code="500"} += 2\ntook_seconds observe 0.5\n' >&9
printf 'inflight += 1\n' >&8
ok='requests_total{service="web",code="200"}'
wait_for 10 is "$ok" 12
wait_for 10 is 'took_seconds_sum{service="web"}' 0.5
wait_for 10 is 'inflight{service="web"}' 1
killed "$one"
exec 8>&-
wait_for 10 logged "web $one died: its totals were taken over"
is "$ok" 12 || fail "after kill -9: $(value "$ok")"
wait_for 10 is 'kymod_absorbed_total{service="kymod"}' 1
# By a glob, since the rest of a file's name is random.
compgen -G "$run/web.$one.*.kymo" >/dev/null && fail "the dead region is still there"
compgen -G "$run/crash/web.$one.*.kymo" >/dev/null || fail "the dead region is not kept"
"$kymo" dump --dir "$run" "$one" >"$tmp/out" || fail "no dump of the dead"
grep -q "web  pid $one  died .* ago" "$tmp/out" || fail "$(<"$tmp/out")"
exec 9>&-
wait_for 10 logged 'web [0-9]+ exited: its totals'
is "$ok" 12 || fail "after an exit: $(value "$ok")"
# It may live for less than a scan.
for _ in 1 2 3; do
	lives_short "$run"
done
wait_for 10 is "$ok" 15
wait_for 10 is 'kymod_absorbed_total{service="kymod"}' 5
kept=("$run"/crash/web.*.kymo)
[ ${#kept[@]} = 2 ] || fail "keep_dead: 2, but kept: ${kept[*]}"
is 'took_seconds_count{service="web"}' 1 || fail "histogram of the dead"

if command -v promtool >/dev/null; then
	get /metrics | promtool check metrics >"$tmp/promtool" 2>&1 ||
		fail "promtool: $(<"$tmp/promtool")"
fi

# --- SIGHUP ---------------------------------------------------------------------------

config 'log_levle: info'
kill -HUP "$daemon"
wait_for 10 logged "error +reload: $tmp/kymod.yaml:6:1: .*log_level"
wait_for 10 is 'kymod_config_reloads_total{service="kymod",result="failed"}' 1
is "$ok" 15 || fail "a bad configuration changed something"

old=$port
free_port
interval=200ms config 'log_level: debug'
kill -HUP "$daemon"
wait_for 10 logged "info +listening on http://127.0.0.1:$port/metrics"
wait_for 10 is 'kymod_config_reloads_total{service="kymod",result="ok"}' 1
is "$ok" 15 || fail "the new address does not answer"
! curl -s --max-time 2 "http://127.0.0.1:$old/metrics" >/dev/null ||
	fail "the old address still answers"

# A port that somebody has: all stays.
have=$port
free_port
taken=$port
start squatter python3 -c "
import socket, time
s = socket.socket(); s.bind(('127.0.0.1', $taken)); s.listen()
print('here', flush=True); time.sleep(600)"
squatter=$started
wait_for 10 grep -q here "$tmp/squatter.log"
listen=127.0.0.1:$taken config
port=$have
kill -HUP "$daemon"
wait_for 10 logged "error +reload: .*$taken"
is "$ok" 15 || fail "a taken port changed something"

# Another directory, live: what is in both is not doubled, the lock moves along.
mkdir -m 700 "$tmp/more"
config
sed -i "s|^directories:.*|directories: [\"$run\", \"$tmp/more\"]|" "$tmp/kymod.yaml"
kill -HUP "$daemon"
wait_for 10 is 'kymod_config_reloads_total{service="kymod",result="ok"}' 2
lives_short "$tmp/more"
wait_for 10 is "$ok" 16
lives_short "$run"
wait_for 10 is "$ok" 17
wait_for 10 is 'kymod_absorbed_total{service="kymod"}' 7

# --- ends and starts --------------------------------------------------------------------

scans=$(value 'kymod_scans_total{service="kymod"}')
stop "$daemon"
[ "$stopped" = 0 ] || fail "SIGTERM: exit $stopped"
logged 'info +ended' || fail "no last word"
kymod_start
is "$ok" 17 || fail "after a restart: $(value "$ok")"
wait_for 10 at_least 'kymod_scans_total{service="kymod"}' $((scans + 1))
# kill -9 of kymod itself.
killed "$daemon"
kymod_start
is "$ok" 17 || fail "after kill -9 of kymod: $(value "$ok")"
# A process that dies while kymod is dead takes along what /proc said of it, but
# it was on the page.
emit brief brief; brief=$started; exec 8>"$tmp/brief.in"
faults='process_page_faults_total{service="brief",kind="minor"}'
wait_for 10 at_least "$faults" 1
shown=$(value "$faults")
killed "$daemon"
killed "$brief"
exec 8>&-
kymod_start
wait_for 10 at_least "$faults" "$shown"

# A second one, of the same directory: it takes nothing away, and can show all
# that is there.
mine=$port
free_port
start second "$kymod" --config /dev/null --dir "$run" --listen ":$port" \
	--state memory --collection-interval 100ms
wait_for 10 grep -q ready "$tmp/second.log"
[ "$(code /-/ready)" = 200 ] || fail "the second is not ready"
stop "$started"
[ "$stopped" = 0 ] || fail "the second ended with $stopped: $(<"$tmp/second.log")"
port=$mine
stop "$daemon"

# refuses EXIT PATTERN OPTION..: kymod does not start, and says why.
refuses() {
	local want=$1 pattern=$2 got=0
	shift 2
	timeout 20 "$kymod" "$@" >"$tmp/out" 2>&1 </dev/null || got=$?
	[ $got = "$want" ] || fail "exit $got, not $want: kymod $*: $(<"$tmp/out")"
	grep -qE -- "$pattern" "$tmp/out" || fail "kymod $*: $(<"$tmp/out")"
}

base=(--dir "$run" --state memory)
refuses 1 "cannot start: .*127.0.0.1:$taken.*in use" "${base[@]}" --listen ":$taken"
stop "$squatter"
refuses 1 'error .*nowhere.yaml' --config "$tmp/nowhere.yaml"
config 'scan_interval: fast'
refuses 1 "kymod.yaml:6:" --check-config --config "$tmp/kymod.yaml"
: >"$tmp/file"
refuses 1 'state: a path of more than 511 bytes' --dir "$run" --listen none \
	--state "/$(printf '%600s' x | tr ' ' x)"
refuses 1 "cannot start: .*$tmp/file/x.db" --dir "$run" --listen none --state "$tmp/file/x.db"
refuses 2 'kymod --help' --no-such-option
refuses 2 'kymod --help' --scan-interval 1ms
refuses 2 'kymod --help' --listen nonsense
refuses 2 'kymod --help' --log-level loud
refuses 2 'kymod --help' stray
refuses 0 "^kymod [0-9]" --version
refuses 0 "^usage: kymod" --help
[ -z "$(awk 'length > 80' "$tmp/out")" ] || fail "the help is wider than 80"

# The usual place of state does not work: it warns and goes on.
free_port
HOME=$tmp/file STATE_DIRECTORY=$tmp/file start kymod "$kymod" --config /dev/null \
	--dir "$run" --listen ":$port"
wait_for 10 logged ready
logged 'warn .*memory' || fail "no warning: $(<"$tmp/kymod.log")"
stop "$started"
[ "$stopped" = 0 ] || fail "exit $stopped"
echo "all held"
