#!/usr/bin/env bash
# ./dev prove full [--json]: a full tmpfs, a limit of file sizes, a tiny region,
# too many threads, too many label sets, no permission, no directory, a disk:
# the program goes on and ends with 0, what was lost is counted, kymo_status and
# one line on stderr say why.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
testlib_begin
rows_begin "$@"
full=$top_builddir/tests/prove/full

# said TEXT: the last program said it, on one line that is ours.
said() {
	grep -q "^kymo: .*$1" "$tmp/said" || {
		cat "$tmp/said" >&2
		fail "nobody said: $1"
	}
}

# tmpfs KIB COMMAND..: in a tmpfs of that size, in a mount namespace.
tmpfs() {
	local kib=$1
	shift
	mkdir -p "$tmp/small"
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --map-root-user sh -c '
		mount -t tmpfs -o size='"$kib"'k,mode=700 tmpfs "$0" || exit 77
		KYMO_DIR=$0; export KYMO_DIR; exec "$@"' "$tmp/small" "$@"
}

rows "$full" plain plain
if tmpfs 64 true 2>/dev/null; then
	rows tmpfs 400 "$full" tmpfs_fills series
	said 'full'
	rows tmpfs 16 "$full" tmpfs_too_small series
	said "nobody can read this process' metrics"
	rows tmpfs 150 "$full" tmpfs_threads threads
else
	echo 'no mount namespaces here: a full tmpfs was not tried' >&2
fi
# shellcheck disable=SC2016 # for the inner shell
rows bash -c 'ulimit -f 64; exec "$@"' bash "$full" file_size_limit series
rows env FULL_REGION_BYTES=262144 "$full" region_tiny series
said 'no room for'
rows env FULL_REGION_BYTES=262144 "$full" region_tiny_threads threads
rows env FULL_THREADS=8 "$full" threads threads
said 'more threads than slots (8)'
rows "$full" labels labels
said 'too many label sets in labelled'
rows env KYMO_DIR=/proc/nowhere "$full" no_directory series
said "nobody can read this process' metrics: no region in /proc/nowhere"
mkdir -m 500 "$tmp/readonly"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null &&
	[ -z "$KYMO_SANITIZER" -o "$KYMO_SANITIZER" = no ]; then
	chmod 711 "$tmp"
	rows setpriv --reuid 65534 --clear-groups env KYMO_DIR="$tmp/readonly" \
		"$full" no_permission plain
	said "nobody can read"
elif [ "$(id -u)" != 0 ]; then
	rows env KYMO_DIR="$tmp/readonly" "$full" no_permission plain
	said "nobody can read"
fi
if [ "$(stat -f -c %T "$top_builddir")" != tmpfs ]; then
	mkdir -p "$top_builddir/tests/prove/disk"
	rows env KYMO_DIR="$top_builddir/tests/prove/disk" "$full" disk plain
	said 'it is on a disk'
	rmdir "$top_builddir/tests/prove/disk"
fi
rows_end
