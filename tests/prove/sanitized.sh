#!/usr/bin/env bash
# ./dev prove sanitized [--json] [NAME..]: whole programs under ASan and UBSan,
# with a look for leaks at each end, and under TSan: the scripts that show what
# kymod and kymo do run again with programs built so (build/asan, build/tsan). A
# row for each script. One that fails, or one report of any process that it
# started, kills expected or not, does not hold; reports are collected in files,
# so that none is lost with the output of a process that nobody reads. NAME: of
# scripts (tools_kymod), and only these.
#
# make check of a build with a sanitizer runs a few of them, in that build.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/prove/rows.sh"
top_srcdir=$(cd "$top_srcdir" && pwd)
testlib_begin
rows_begin "$@"
unset KYMO_DIR # each script has its own
[ "${1:-}" != --json ] || shift
only=$*

# What a script runs, besides the examples and what make builds anyway.
programs=(tests/e2e/{client,detect_past,health_main,notify_main,page_main}
	tests/e2e/{serve_api_main,serve_main}
	tests/prove/{delivery_host,hostile,routes_main})

# A few, where make check is what runs this: kymod with most that it has.
few='tools_kymod tools_kymod_config tools_kymod_rules tools_kymod_alerts
	tools_alerts'

# is_left_out SCRIPT: programs of users are built without a sanitizer; proofs of
# the writer set traps and limits of their own; machines and models have builds
# of their own, as memory has a malloc, and history a file system. Delivery crosses
# thresholds for less time than kymod needs to start in then, and has strace, under
# which nothing looks for leaks.
is_left_out() {
	case $1 in
	*/docs.sh | */install.sh | */single.sh | */disabled.sh) ;;
	*/fork.sh | */full.sh | */initfail.sh | */lives.sh | */nested.sh) ;;
	*/readers.sh | */steps.sh | */syscalls.sh | */threads.sh) ;;
	*/machines.sh | */models.sh | */memory.sh | */history.sh) ;;
	*/delivery.sh) ;;
	*/rows.sh | */sanitized.sh | e2e/hostile.sh) ;;
	*) return 1 ;;
	esac
}

# one PRESET BUILD SCRIPT: runs it there; a row.
one() {
	local preset=$1 build=$2 script=$3 status=0 start reported reports=()
	reported=$tmp/reports/$preset/$script
	mkdir -p "$reported"
	start=$SECONDS
	(
		# shellcheck source=/dev/null
		. "$top_srcdir/tests/testlib/env.sh"
		ASAN_OPTIONS+=:detect_leaks=1:halt_on_error=1:log_path=$reported/asan
		UBSAN_OPTIONS+=:halt_on_error=1:log_path=$reported/ubsan
		TSAN_OPTIONS+=:log_path=$reported/tsan
		exec env KYMO_QUICK=1 top_srcdir="$top_srcdir" \
			top_builddir="$build" KYMO_SANITIZER="$sanitizer" \
			timeout -k 10 600 bash "$top_srcdir/tests/$script"
	) >"$tmp/out" 2>&1 </dev/null || status=$?
	mapfile -t reports < <(find "$reported" -type f -size +0 | sort)
	if [ $status != 0 ] && [ $status != 77 ] || [ ${#reports[@]} != 0 ]; then
		tail -n 30 "$tmp/out" >&2
		for report in "${reports[@]:0:3}"; do
			printf -- '-- %s\n' "${report##*/}" >&2
			head -n 80 "$report" >&2
		done
	fi
	case $status in
	0) result=passed ;;
	77) result=skipped ;;
	*) result=failed ;;
	esac
	rows_show "$preset/${script%.sh}" "result=$result" "reports=${#reports[@]}" \
		"seconds=$((SECONDS - start))" \
		"ok=$([ $result != failed ] && [ ${#reports[@]} = 0 ] && echo 1 || echo 0)"
}

# all PRESET BUILD NAME..: those scripts, or all (no NAME).
all() {
	local preset=$1 build=$2 script name
	shift 2
	for script in "$top_srcdir"/tests/{e2e,prove}/*.sh; do
		script=${script#"$top_srcdir/tests/"}
		name=$(basename "$script" .sh)
		if ! is_left_out "$script" && [[ $# = 0 || " $* " == *" $name "* ]]; then
			one "$preset" "$build" "$script"
		fi
	done
}

if [ "$KYMO_SANITIZER" != no ]; then
	sanitizer=$KYMO_SANITIZER
	# shellcheck disable=SC2086 # names
	all "${KYMO_SANITIZER%%,*}" "$top_builddir" ${only:-$few}
	rows_end
	exit
fi
for preset in asan tsan; do
	build=$top_srcdir/build/$preset
	{
		"$top_srcdir/dev" build $preset &&
		make -C "$build" --no-print-directory -j"$(nproc)" examples "${programs[@]}"
	} >"$tmp/build.log" 2>&1 || { tail -n 40 "$tmp/build.log" >&2; fail "no build/$preset"; }
	sanitizer=$(sed -n 's/.*--with-sanitizer=\([a-z,]*\).*/\1/p' "$top_srcdir/presets/$preset")
	# shellcheck disable=SC2086 # names
	all $preset "$build" $only
done
rows_end
