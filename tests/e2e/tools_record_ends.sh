#!/usr/bin/env bash
# kymo record, however it ends: by a signal to it, to both in a terminal, to neither;
# with a command that is not there; behind a run that was cut. What was whole is
# kept, the directory in /dev/shm is gone.
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
# ends FILE: so many runs in it have an end.
ends() { grep -ac 'wall_ns' "$1" || true; }

# A command that counts, says where its directory is, and waits.
cat >work <<END
#!/bin/sh
echo "\$KYMO_DIR" >place
printf 'depth = %s\nhits_total += 1\n' "\${1:-5}" | $kymo emit --service work
echo up >go
[ "\${2:-}" = ends ] || exec sleep 20
END
chmod +x work
mkfifo go

# ---- a signal to us ----------------------------------------------------------------

# PIPE alone is an error of a write, and ends nothing.
for signal in HUP:129 INT:130 QUIT:131 TERM:143; do
	rm -f a.run
	# A shell's & ignores INT and QUIT, so not by start.
	python3 - "$kymo" "${signal%:*}" "${signal#*:}" <<'END' || fail "$signal"
import os, signal, subprocess, sys
kymo, name, want = sys.argv[1:]
child = subprocess.Popen([kymo, "record", "-o", "a.run", "--", "./work"])
open("go").read()
child.send_signal(signal.SIGPIPE)
child.send_signal(getattr(signal, "SIG" + name))
got = child.wait(10)
# As the command: of the signal itself.
assert got == 128 - int(want), (name, got, want)
END
	[ ! -e "$(<place)" ] || fail "$signal: left: $(<place)"
	[ "$(ends a.run)" = 1 ] || fail "$signal: the run has no end"
	exits 0 "$kymo" diff --all a.run a.run
	says run_wall_seconds
	! grep -q middle out || fail "$signal: cut: $(<out)"
done

# One that does not end the command, and one that it sees through.
cat >told <<'END'
#!/bin/sh
trap 'echo told >word; exit 4' USR1
trap '' INT
echo "$KYMO_DIR" >place
echo up >go
while :; do sleep 0.05; done
END
chmod +x told
python3 - "$kymo" <<'END' || fail USR1
import os, signal, subprocess, sys
child = subprocess.Popen([sys.argv[1], "record", "-o", "a.run", "--", "./told"])
open("go").read()
child.send_signal(signal.SIGINT)
child.send_signal(signal.SIGUSR1)
got = child.wait(10)
assert got == 4, got
END
[ -e word ] || fail 'SIGUSR1 did not come to the command'
[ ! -e "$(<place)" ] || fail "USR1: left: $(<place)"

# A reader of the run that goes away.
piped() {
	local got=0
	"$kymo" record -o /dev/stdout -i 10ms -- ./work 5 ends 2>err || got=$?
	echo $got >status
}
piped | head -c 20 >begin.part &
read -r _ <go
wait $!
[ "$(<status)" = 3 ] || [ "$(<status)" = 0 ] || fail "a pipe that ends: exit $(<status): $(<err)"
[ ! -e "$(<place)" ] || fail "a pipe that ends: left: $(<place)"

# ---- Ctrl-C in a terminal ------------------------------------------------------------

cat >terminal.py <<'END'
# Types a key into the terminal of a command; prints how that ended.
import os, pty, sys
key, command = sys.argv[1].encode(), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
open("go").read()
os.write(terminal, key)
said = b""
try:
    while part := os.read(terminal, 4096):
        said += part
except OSError:
    pass
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), said)
END
for key in $'\x03':-2 $'\x1c':-3; do
	rm -f a.run
	exits 0 timeout 20 python3 terminal.py "${key%%:*}" "$kymo" record -o a.run -- ./work
	grep -q "^${key#*:} " out || fail "in a terminal: $(<out)"
	[ ! -e "$(<place)" ] || fail "in a terminal: left: $(<place)"
	[ "$(ends a.run)" = 1 ] || fail "in a terminal: the run has no end"
done
# A loop around it ends too, and \$? is as of the command.
# shellcheck disable=SC2016 # of that shell
exits 0 timeout 20 python3 terminal.py $'\x03' bash -c \
	'for i in 1 2 3; do "$0" record -o loop$i.run -- ./work; echo "is $?"; done' "$kymo"
[ ! -e loop2.run ] || fail "Ctrl-C did not end the loop: $(<out)"
# shellcheck disable=SC2016 # of that shell
exits 0 timeout 20 python3 terminal.py $'\x03' bash -c \
	'trap : INT; "$0" record -o a.run -- ./work; echo "is $?"' "$kymo"
says 'is 130'

# ---- what does not begin -------------------------------------------------------------

exits 0 "$kymo" record -o a.run -- true
cp a.run was.run
exits 3 "$kymo" record -o a.run -- ./no-such
says 'No such file'
cmp a.run was.run || fail 'a command that is not there emptied the run before'
exits 3 "$kymo" record -o a.run --append -- ./no-such
cmp a.run was.run || fail 'something was appended of a command that is not there'
: >not-executable
exits 3 "$kymo" record -o new.run -- ./not-executable
[ ! -e new.run ] || fail 'a run that did not begin has a file'
ln -s a.run link.run
exits 0 "$kymo" record -o link.run -- true
[ -L link.run ] || fail 'a link was replaced'

# ---- behind a run that was cut ---------------------------------------------------------

# torn SIZE: two runs, of which the second was killed when the file had that size.
exits 0 "$kymo" record -o two.run -- ./work 5 ends &
read -r _ <go
wait $!
one=$(stat -c %s two.run)
exits 0 "$kymo" record -o two.run --append -- ./work 6 ends &
read -r _ <go
wait $!
two=$(stat -c %s two.run)
for size in $((one + 1)) $((one + 30)) $((one + (two - one) / 2)) $((two - 1)); do
	head -c "$size" two.run >torn.run
	exits 0 "$kymo" record -o torn.run --append -- ./work 7 ends &
	read -r _ <go
	wait $!
	says 'its last run was cut'
	exits 0 "$kymo" diff --all torn.run two.run
	says 'depth{'
	! grep -q middle out || fail "cut at $size: $(<out)"
	cmp -n "$one" torn.run two.run || fail "cut at $size: what was whole is lost"
	# As older ones did it: nothing was taken off.
	tail -c +$((one + 1)) two.run | cat <(head -c "$size" two.run) - >old.run
	"$kymo" diff --json old.run two.run >out || true
	grep -q '"depth".*"before_units":[23]' out || fail "old, cut at $size: $(<out)"
done
echo 'no run' >foreign
exits 3 "$kymo" record -o foreign --append -- true
says 'nothing was appended'
[ "$(<foreign)" = 'no run' ] || fail 'what is no run was changed'

start record "$kymo" record -o both.run --append -- ./work
read -r _ <go
exits 3 "$kymo" record -o both.run --append -- true
says 'another kymo record'
killed "$started"
[ -e "$(<place)" ] || fail "kill -9 left nothing to look after"
mkdir -m 700 /dev/shm/kymo-record-$$
touch -d '1 hour ago' /dev/shm/kymo-record-$$ "$(<place)"
# shellcheck disable=SC2016 # of the command
start other "$kymo" record -o other.run -- sh -c 'echo "$KYMO_DIR" >other; echo up >go; exec sleep 20'
read -r _ <go
touch -d '1 hour ago' "$(<other)"
exits 0 "$kymo" record -o both.run --append -- true
# The next one tidies up, and takes nobody's who is alive.
[ ! -e "$(<place)" ] || fail "left of one that was killed: $(<place)"
[ ! -e /dev/shm/kymo-record-$$ ] || fail 'an empty directory is left'
[ -e "$(<other)" ] || fail "the directory of one that records is gone"
stop "$started"
[ ! -e "$(<other)" ] || fail "left: $(<other)"
exits 0 "$kymo" diff --all both.run both.run
