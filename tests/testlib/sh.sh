# shellcheck shell=bash
# What test scripts share. A script begins so:
#
#	set -eu
#	. "${top_srcdir:=.}/tests/testlib/sh.sh"
#	testlib_begin
#
# and has then: $tmp, its own directory on tmpfs; $top_srcdir, $top_builddir;
# start, stop, wait_for, free_port; fail, skip. What it started is ended and $tmp is
# gone when it exits, however it exits.

: "${top_srcdir:=.}" "${top_builddir:=$top_srcdir/build/plain}"
: "${KYMO_SANITIZER:=no}"
testlib_pids=()
testlib_ports=" "

# built PROGRAM: its path in $built; not libtool's script, which takes longer to
# start than many a test, but the program itself.
built() {
	built=$top_builddir/$1
	[ ! -x "${built%/*}/.libs/${built##*/}" ] ||
		built=${built%/*}/.libs/${built##*/}
	export LD_LIBRARY_PATH=$top_builddir/.libs
}

# fail TEXT..: the test failed.
fail() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

# skip TEXT..: the test cannot run here, and why; make check counts it.
skip() {
	printf 'SKIPPED: %s\n' "$*"
	exit 77
}

# need COMMAND..: skips without these.
need() {
	local command
	for command; do
		command -v "$command" >/dev/null || skip "needs $command"
	done
}

# skip_under SANITIZER WHY..: for what it cannot see, or what cannot run in it.
skip_under() {
	case ,$KYMO_SANITIZER, in
	*,"$1",*) shift; skip "under $KYMO_SANITIZER: $*" ;;
	esac
}

# need_data NAME: prints the path of a file in KYMO_TEST_DATA, or skips. To be
# used as  path=$(need_data NAME) || { echo "$path"; exit 77; }
need_data() {
	[ -n "${KYMO_TEST_DATA:-}" ] || skip "$1 needs KYMO_TEST_DATA"
	[ -r "$KYMO_TEST_DATA/$1" ] || skip "no $KYMO_TEST_DATA/$1"
	printf '%s\n' "$KYMO_TEST_DATA/$1"
}

# testlib_begin: makes $tmp and has it all cleaned up at exit.
testlib_begin() {
	tmp=$(mktemp -d /dev/shm/kymo-test-XXXXXX 2>/dev/null ||
		mktemp -d "${TMPDIR:-/tmp}/kymo-test-XXXXXX")
	trap testlib_end EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

testlib_end() {
	local status=$? pid
	trap - EXIT
	trap '' HUP INT TERM
	for pid in "${testlib_pids[@]}"; do
		stop "$pid"
	done
	[ -z "${tmp:-}" ] || rm -rf "$tmp"
	exit $status
}

# start NAME COMMAND..: runs it in the background, output to $tmp/NAME.log; its
# process id is in $started.
start() {
	local name=$1
	shift
	# Here, not in the background: nobody may meet the one before's lines.
	: >"$tmp/$name.log"
	"$@" >"$tmp/$name.log" 2>&1 </dev/null &
	started=$!
	testlib_pids+=("$started")
}

# stop PID: ends what start began, by SIGKILL after five seconds; its exit status
# is in $stopped.
stop() {
	local pid=$1 i
	kill -TERM "$pid" 2>/dev/null || true
	for ((i = 0; i < 100; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	kill -KILL "$pid" 2>/dev/null || true
	testlib_forget "$pid"
	# shellcheck disable=SC2034 # for the caller
	stopped=0
	# shellcheck disable=SC2034 # for the caller
	wait "$pid" 2>/dev/null || stopped=$?
}

# A process id that is done may soon be somebody else's.
testlib_forget() {
	local pid left=()
	for pid in "${testlib_pids[@]}"; do
		[ "$pid" = "$1" ] || left+=("$pid")
	done
	testlib_pids=("${left[@]}")
}

# killed PID: ends what start began by SIGKILL, as a crash would.
killed() {
	# In one piece, or bash tells people that it was "Killed".
	{ kill -KILL "$1" || true; wait "$1" || true; } 2>/dev/null
	testlib_forget "$1"
}

# wait_for SECONDS COMMAND..: until COMMAND succeeds; fails when it did not.
wait_for() {
	local seconds=$1 deadline
	shift
	# Programs with a sanitizer take ten times as long.
	[ "$KYMO_SANITIZER" = no ] || seconds=$((seconds * 5))
	deadline=$((SECONDS + seconds + 1))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || fail "not within $seconds s: $*"
		sleep 0.05
	done
}

# free_port: a TCP port in $port that nobody listens on, below the range that
# the kernel gives to clients, and not given out by this script before.
free_port() {
	local hex
	port=$((20000 + $$ * 16 % 12000))
	while :; do
		hex=$(printf ':%04X ' "$port")
		if ! grep -qsF "$hex" /proc/net/tcp /proc/net/tcp6 &&
			[[ $testlib_ports != *" $port "* ]]; then
			testlib_ports+="$port "
			return
		fi
		port=$((port + 1))
		[ $port -lt 32768 ] || fail "no free port"
	done
}
