#!/usr/bin/env bash
# ./dev prove full [--json]: a full tmpfs, a limit of file sizes, no descriptor
# left, a tiny region, limits, chroot and setuid after the start, a small memory
# cgroup, too many threads, too many label sets, no permission, no
# directory, a disk: the program goes on, ends with 0 and its own result; what
# was lost is counted, and kymo_status, kymo dump and one line on stderr show
# it. A row that cannot be tried here is named.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
testlib_begin
rows_begin "$@"
full=$top_builddir/tests/prove/full
none_reads="nobody can read this process' metrics"

# said TEXT: the last program said that, and nothing besides.
said() {
	if [ "$(grep -c . "$tmp/said")" != 1 ] ||
		! grep -qF "kymo: $1" "$tmp/said"; then
		cat "$tmp/said" >&2
		fail "not said alone: $1"
	fi
}

# shown LOSS KEY: kymo dump of the last region has the row's number of them.
shown() {
	local cnt
	cnt=$(sed -n "s/.* $2=\([0-9]*\).*/\1/p" "$tmp/rows")
	"$top_builddir/kymo" dump --all full >"$tmp/dump" ||
		fail 'no dump of a region that is there'
	tr -d , <"$tmp/dump" | grep -q "^lost: .*\b$cnt $1" || {
		head -5 "$tmp/dump" >&2
		fail "kymo dump does not say: $cnt $1"
	}
	rm "$KYMO_DIR"/*.kymo
}

not_tried() {
	printf 'NOT TRIED: %s: %s\n' "$1" "$2" >&2
}

# tmpfs KIB COMMAND..: in a tmpfs of that size, in a mount namespace.
tmpfs() {
	local kib=$1
	shift
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --map-root-user sh -c '
		mount -t tmpfs -o size='"$kib"'k,mode=700 tmpfs "$0" || exit 77
		KYMO_DIR=$0; export KYMO_DIR
		"$@" || exit
		cp "$0"/*.kymo '"$KYMO_DIR"' 2>/dev/null || true
		' "$tmp/small" "$@"
}

rows "$full" plain plain 1 none
[ ! -s "$tmp/said" ] || fail 'said something though all is well'
rm "$KYMO_DIR"/*.kymo

mkdir "$tmp/small"
if tmpfs 64 true 2>/dev/null; then
	rows tmpfs 400 "$full" tmpfs_fills series 1 full
	said 'no room for '
	shown 'requests\? for room' err_full
	rows tmpfs 16 "$full" tmpfs_too_small series -1 full
	grep -q "^kymo: $none_reads.*full" "$tmp/said" || fail 'no reason'
	rows tmpfs 150 "$full" tmpfs_threads threads 1 slots
	said "no room for a thread's counters"
	shown 'threads without' err_slots
else
	not_tried 'tmpfs_fills tmpfs_too_small tmpfs_threads' \
		'this user may not mount (no user namespaces)'
fi

# shellcheck disable=SC2016 # for the inner shell
rows bash -c 'ulimit -f 64; exec "$@"' bash "$full" file_size_limit plain -1 none
said "$none_reads: no region in $KYMO_DIR: the limit of file sizes (ulimit -f)"
rows "$full" no_descriptors fds -1 none
said "$none_reads: no region in $KYMO_DIR: there is no file descriptor left"
rows env FULL_REGION_BYTES=262144 "$full" region_tiny series 1 full
said 'no room for '
shown 'requests\? for room' err_full
rows env FULL_REGION_BYTES=262144 "$full" region_tiny_threads threads 1 slots
shown 'threads without' err_slots
rows env FULL_THREADS=8 "$full" threads threads 1 slots
said 'more threads than slots (8)'
shown 'threads without' err_slots
rows "$full" labels labels 1 cardinality
said 'too many label sets in labelled'
shown 'label sets over' err_cardinality
rows env KYMO_DIR=/proc/nowhere "$full" no_directory plain -1 none
said "$none_reads: no region in /proc/nowhere: there is no such directory"

# A memory cgroup of 12 MiB (version 1 or 2), in which kymo would take as much
# and more: it takes at most an eighth of what was left, and nothing when less
# than an eighth of all is left.
cgroup=
for root in /sys/fs/cgroup/memory /sys/fs/cgroup; do
	for limit in memory.limit_in_bytes memory.max; do
		[ -z "$cgroup" ] || continue
		mkdir "$root/kymo-full-$$" 2>/dev/null || continue
		if { echo 12582912 >"$root/kymo-full-$$/$limit"; } 2>/dev/null; then
			cgroup=$root/kymo-full-$$
			export FULL_CGROUP_OUTSIDE=$root/cgroup.procs
		else
			rmdir "$root/kymo-full-$$"
		fi
	done
done

# in_cgroup NAME WHAT STATE LOSS
in_cgroup() {
	# shellcheck disable=SC2016 # for the inner shell
	rows bash -c 'echo $BASHPID >"$0/cgroup.procs"; exec "$@"' "$cgroup" \
		env FULL_SHARE_KIB=1400 "$full" "$@"
}

if [ "$KYMO_SANITIZER" != no ]; then
	not_tried memory_cgroup "$KYMO_SANITIZER takes memory of its own"
elif [ -z "$cgroup" ]; then
	not_tried memory_cgroup 'no memory cgroup can be made here'
else
	# shellcheck disable=SC2064 # the directory of now
	trap "rmdir '$cgroup'; testlib_end" EXIT
	in_cgroup memory_cgroup memory 1 full
	said 'no room for '
	shown 'requests\? for room' err_full
	in_cgroup memory_cgroup_held memory_held 1 full
	said 'no room for '
	shown 'requests\? for room' err_full
	in_cgroup memory_cgroup_late memory_late -1 full
	said 'no memory for metrics; nothing is counted'
fi

mkdir -m 500 "$tmp/readonly"
if [ "$(id -u)" != 0 ]; then
	rows env KYMO_DIR="$tmp/readonly" "$full" no_permission plain -1 none
	said "$none_reads: no region in $tmp/readonly: this user may not write"
elif ! command -v setpriv >/dev/null; then
	not_tried no_permission 'root may all, and there is no setpriv'
elif [ "$KYMO_SANITIZER" != no ]; then
	not_tried no_permission "another user may not run it under $KYMO_SANITIZER"
else
	# Its files are copied: another user may not see the build's directory.
	chmod 711 "$tmp"
	mkdir "$tmp/program"
	cp "$(find "$top_builddir/.libs" -name 'libkymo.so.?')" "$tmp/program"
	cp "$(find "$top_builddir/tests/prove" -path '*full' -type f |
		tail -n 1)" "$tmp/program/full"
	chown 65534 "$tmp/readonly"
	rows setpriv --reuid 65534 --clear-groups env KYMO_DIR="$tmp/readonly" \
		LD_LIBRARY_PATH="$tmp/program" "$tmp/program/full" \
		no_permission plain -1 none
	said "$none_reads: no region in $tmp/readonly: this user may not write"
fi

# What it does to itself once it runs: growth needs no file and no right.
later() {
	FULL_REGION_BYTES=33554432 rows "$full" "$1" "$1" 1 full
	[ "$1" = later_fsize ] || said 'no room for '
	shown 'requests\? for room' err_full
}
later later_fsize # nor may stderr grow: nothing is said, and no SIGXFSZ comes
later later_fds
if [ "$(id -u)" = 0 ]; then
	later later_chroot
	later later_setuid
else
	not_tried 'later_chroot later_setuid' 'only root may'
fi

disk=$top_builddir/tests/prove/disk
case $(stat -f -c %T "$top_builddir") in
tmpfs | ramfs) not_tried disk 'the build is in memory' ;;
*)
	mkdir -p "$disk"
	rows env KYMO_DIR="$disk" "$full" disk plain -1 none
	said "$none_reads: no region in $disk: it is on a disk"
	rows env KYMO_DIR="$disk" KYMO_ALLOW_DISK=1 "$full" disk_allowed plain 1 none
	[ ! -s "$tmp/said" ] || fail 'said something though it is allowed'
	rm -r "$disk" ;;
esac
rows_end
