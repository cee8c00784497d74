#!/usr/bin/env bash
# kymod under systemd: it tells when it is ready and that it ends, feeds the
# watchdog as often as that wants however rare scans are; its unit and drop-ins are
# what systemd takes; recovery asks the service manager.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need python3 curl jq
built kymod
kymod=$built
built tests/e2e/health_main
service=$built
run=$tmp/run
mkdir -m 700 "$run"
export KYMO_DIR=$run
free_port
url=http://127.0.0.1:$port

# config WHAT..: a configuration of that.
config() {
	printf '%s\n' "listen: 127.0.0.1:$port" "directories: [\"$run\"]" \
		"state: \"$tmp/control.db\"" "$@" >"$tmp/kymod.yaml"
}

# ---- sd_notify -----------------------------------------------------------------

# A scan a minute: the watchdog wants to hear more often.
config "collection_interval: 1m"
# notified NAME ADDRESS VARIABLE..: kymod, told to notify there.
notified() {
	local name=$1 address=$2
	shift 2
	start "$name" python3 "$top_srcdir/tests/e2e/systemd.py" "$address"
	pid_heard=$started
	wait_for 10 grep -q listening "$tmp/$name.log"
	start kymod env NOTIFY_SOCKET="$address" "$@" "$kymod" -c "$tmp/kymod.yaml"
	pid_kymod=$started
	wait_for 20 grep -qx READY=1 "$tmp/$name.log"
}
ended() {
	stop "$pid_kymod"
	[ "$stopped" = 0 ] || fail "kymod: exit $stopped: $(<"$tmp/kymod.log")"
	wait_for 10 grep -qx STOPPING=1 "$tmp/$1.log"
	[ "$(tail -n 1 "$tmp/$1.log")" = STOPPING=1 ] || fail "$(<"$tmp/$1.log")"
	stop "$pid_heard"
}
fed() { [ "$(grep -cx WATCHDOG=1 "$tmp/$1.log")" -ge "$2" ]; }

notified fed "$tmp/notify" WATCHDOG_USEC=600000
wait_for 20 fed fed 4
[ "$(curl -sS "$url/-/ready" -o /dev/null -w '%{http_code}')" = 200 ] ||
	fail "not ready, and told so"
# A loop that stands still feeds nothing: that is what it is for.
kill -STOP "$pid_kymod"
sleep 0.3
before=$(grep -cx WATCHDOG=1 "$tmp/fed.log")
sleep 1
[ "$(grep -cx WATCHDOG=1 "$tmp/fed.log")" = "$before" ] || fail "who fed it?"
kill -CONT "$pid_kymod"
wait_for 20 fed fed $((before + 2))
ended fed
# At an abstract address; the watchdog of somebody else is none of ours.
notified other "@$tmp/notify" WATCHDOG_USEC=300000 WATCHDOG_PID=1
sleep 0.5
fed other 1 && fail "fed another's watchdog"
ended other
echo "notify and watchdog: ok"

# ---- recovery through the service manager --------------------------------------------

config "collection_interval: 50ms" "components:" "  web:" \
	"    checks: [{process: web, interval: 50ms}]" \
	"    recovery: {actions: [{unit: web.service}], verify: 500ms, per_hour: 3}" \
	"  gone:" "    checks: [{process: gone, interval: 50ms}]" \
	"    recovery: {actions: [{unit: kymo-test-no-such.service}], verify: 1s, per_hour: 1}"
of() { curl -sS "$url/-/health" | jq -r ".components[] | select(.component == \"$1\") | $2"; }
note() { of "$1" .recovery.note | grep -q "$2"; }
# A service manager in the place of systemctl, for kymod alone to see.
cat >"$tmp/systemctl" <<END
#!/bin/bash
echo "\$*" >>$tmp/asked
[ "\${*: -1}" = web.service ] || { echo "Unit \${*: -1} not found." >&2; exit 5; }
KYMO_DIR=$run LD_LIBRARY_PATH=$LD_LIBRARY_PATH /usr/bin/setsid $service web $tmp \
	</dev/null >/dev/null 2>&1 &
END
chmod 755 "$tmp/systemctl"
if [ ! -x /usr/bin/systemctl ]; then
	echo "no systemctl here: recovery by units was not tried"
elif unshare -m mount --bind "$tmp/systemctl" /usr/bin/systemctl 2>/dev/null; then
	start kymod unshare -m sh -c "mount --bind '$tmp/systemctl' /usr/bin/systemctl &&
		exec '$kymod' -c '$tmp/kymod.yaml'"
	helped() { [ "$(of web .recovery.successes)" = 1 ]; }
	wait_for 20 helped
	grep -qx 'restart -- web.service' "$tmp/asked" || fail "$(<"$tmp/asked")"
	wait_for 20 note gone '^attempt 1 failed: exit 5: Unit kymo-test-no-such.service not found.$'
	stop "$started"
	[ "$stopped" = 0 ] || fail "kymod: exit $stopped: $(<"$tmp/kymod.log")"
	echo "a unit was restarted"
else
	# The real one, and a unit that it does not have.
	start kymod "$kymod" -c "$tmp/kymod.yaml"
	wait_for 20 note gone '^attempt 1 failed: exit [0-9]*: '
	stop "$started"
	echo "a unit that is not there was told of"
fi

# ---- the unit ------------------------------------------------------------------------

command -v systemd-analyze >/dev/null || skip "the unit: needs systemd-analyze"
# ExecStart is to be there.
units() {
	rm -rf "$tmp/units"
	mkdir -p "$tmp/units/kymod.service.d"
	sed "s,^ExecStart=.*,ExecStart=$(realpath "$kymod")," \
		"$top_builddir/tools/kymod.service" >"$tmp/units/kymod.service"
}
verify() {
	systemd-analyze verify --man=no "$tmp/units/kymod.service" >"$tmp/out" 2>&1 ||
		fail "$*: $(<"$tmp/out")"
	[ ! -s "$tmp/out" ] || fail "$*: $(<"$tmp/out")"
}
units
verify alone
systemd-analyze security --offline=true --threshold=15 "$tmp/units/kymod.service" \
	>"$tmp/out" 2>&1 || fail "more exposed than 1.5: $(tail -n 1 "$tmp/out")"
tail -n 1 "$tmp/out"
for conf in send recover; do
	cp "$top_srcdir/tools/kymod-$conf.conf" "$tmp/units/kymod.service.d/"
	verify "with kymod-$conf.conf"
done
# It is read: what is wrong in one is told.
printf '[Service]\nTasksMaxx=1\n' >"$tmp/units/kymod.service.d/wrong.conf"
systemd-analyze verify --man=no "$tmp/units/kymod.service" >"$tmp/out" 2>&1 || true
grep -q TasksMaxx "$tmp/out" || fail "drop-ins are not looked at"
echo "unit and drop-ins: ok"
