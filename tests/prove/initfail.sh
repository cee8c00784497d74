#!/usr/bin/env bash
# ./dev prove initfail [--json]: each system call that the library makes in its
# init, growth, threads' starts and ends, a forked child, a sweep of dead regions
# and exit, fails with each of 16 errnos, once and for ever (make check: with one
# of them, which differs from call to call; of a call that comes more than 24
# times, some): the host ends with its own status and output, and its errno is
# what it left there.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
[ "$(uname -m)" = x86_64 ] || skip 'its tracer knows only x86-64'
[ "$KYMO_SANITIZER" = no ] || skip "under $KYMO_SANITIZER: it has calls of its own"
testlib_begin
rows_begin "$@"
rows "$top_builddir/tests/prove/initfail" ${KYMO_QUICK:+1}
[ $rows_bad = 0 ] || cat "$tmp/said" >&2

# The dead are swept where they take more than a quarter of the tmpfs.
# shellcheck disable=SC2016 # for the inner shell
if unshare --mount --map-root-user true 2>/dev/null; then
	rows unshare --mount --map-root-user sh -c '
		mount -t tmpfs -o size=1m,mode=700 tmpfs "$KYMO_DIR" && exec "$@"' \
		sh env INITFAIL_SWEEP=1 "$top_builddir/tests/prove/initfail" \
		${KYMO_QUICK:+1}
	[ $rows_bad = 0 ] || cat "$tmp/said" >&2
else
	printf 'NOT TRIED: sweep: no mounts here\n' >&2
fi
rows_end
