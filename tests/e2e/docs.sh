#!/usr/bin/env bash
# Goal: what README.md and docs/getting-started.md show is what happens.
# Method: installs into a directory of its own, writes the program of the page,
# runs the page's commands one after another as a person would, and looks for
# each line that the page shows in what they print. Numbers with their units
# may differ; the lines and their order may not. Each C program in these pages,
# and in docs/metric-kinds.md, compiles; the Python reader in
# docs/region-format.md says of a region what kymo says.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
skip_under address 'programs of users are not built with it'
skip_under thread 'programs of users are not built with it'
need curl pkg-config python3
testlib_begin
pages=$top_srcdir/docs
root=$tmp/root

# ---- installed, as a user has it ----------------------------------------------

${MAKE:-make} -C "$top_builddir" -s install DESTDIR="$root" \
	>"$tmp/install.log" 2>&1 || { cat "$tmp/install.log"; fail 'make install'; }
pc=$(find "$root" -name kymo.pc)
[ -n "$pc" ] || fail 'no kymo.pc was installed'
PKG_CONFIG_PATH=$(dirname "$pc")
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
PATH=$(dirname "$(find "$root" -path '*bin/kymo')"):$(dirname "$(find "$root" -path '*bin/kymod')"):$PATH
mkdir "$tmp/regions" "$tmp/state" "$tmp/work"
export PKG_CONFIG_PATH LD_LIBRARY_PATH PATH PKG_CONFIG_SYSROOT_DIR=$root \
	KYMO_DIR=$tmp/regions XDG_STATE_HOME=$tmp/state COLUMNS=100
cd "$tmp/work"
read -ra cc <<<"${CC:-gcc}"
read -ra flags <<<"$(pkg-config --cflags --libs kymo)"

# ---- the page -------------------------------------------------------------------

# block LANGUAGE NTH PAGE: the nth block of code of that language.
block() {
	awk -v language="$1" -v nth="$2" '
		/^```/ && in_block { in_block = 0; next }
		$0 == "```" language { in_block = ++n == nth; next }
		in_block' "$3"
}

# Commands become functions, so that each is what the page says, to the letter.
block_all_console() {
	awk '
		/^```/ && in_block { in_block = 0; next }
		$0 == "```console" { in_block = 1; next }
		in_block' "$1"
}

# plain: numbers become N, their units U; blanks, one; directories are left out.
plain() {
	sed -E 's#^/.*/([^/]*\.kymo)$#\1#; s/[0-9a-f]{16,}/X/g
		s/[0-9][0-9.,:]*(e[-+][0-9]+)?/N/g
		s/(N ?)(ns|us|ms|s|m|h|B|KiB|MiB)([ ,/);]|$)/\1U\3/g
		s/N U/NU/g; s/[-=─]{3,}/---/g; s/[[:blank:]]+/ /g; s/ $//; s/^ //'
}

# shown_in EXPECTED ACTUAL: each line of the first, in order, in the second.
shown_in() {
	awk '
		NR == FNR { actual[++cnt] = $0; next }
		$0 == "..." || $0 == "" { next }
		{
			for (i = at + 1; i <= cnt; i++)
				if (actual[i] == $0)
					break
			if (i > cnt) {
				print $0
				exit 1
			}
			at = i
		}' "$2" "$1"
}

counts_failures() { kymo dump hello | grep failed; }
is_in_crash() { ls "$KYMO_DIR"/crash/*.kymo; }

# settled COMMAND: waits for what a person would not be too fast for.
settled() {
	case $1 in
	./hello*) wait_for 10 counts_failures ;;
	kymod*) wait_for 10 curl -fs "localhost:$port/-/ready" ;;
	kill*)
		testlib_forget "${jobs_started[0]}"
		wait_for 10 is_in_crash
		;;
	esac
}

command_cnt=0
run_page() {
	local line command=''
	: >"$tmp/expected"
	while IFS= read -r line; do
		case $line in
		'$ '*)
			check_output "$command"
			command=${line#\$ }
			;;
		*) printf '%s\n' "$line" >>"$tmp/expected" ;;
		esac
	done < <(block_all_console "$1"; echo '$ ')
	[ $command_cnt -gt 5 ] || fail "only $command_cnt commands in $1"
}

# check_output COMMAND: runs it and compares with $tmp/expected.
check_output() {
	local command=${1//9779/$port}
	[ -n "$command" ] || return 0
	command_cnt=$((command_cnt + 1))
	if [[ $command == *' &' ]]; then
		eval "start job$command_cnt ${command% &}"
		jobs_started+=("$started")
	else
		command=${command//%1/${jobs_started[0]:-}}
		eval "$command" >"$tmp/actual" 2>&1 || {
			cat "$tmp/actual"
			fail "exit status $?: $command"
		}
		plain <"$tmp/expected" >"$tmp/expected.plain"
		plain <"$tmp/actual" >"$tmp/actual.plain"
		shown_in "$tmp/expected.plain" "$tmp/actual.plain" >"$tmp/missing" || {
			cat "$tmp/actual"
			fail "$command: does not print: $(cat "$tmp/missing")"
		}
	fi
	settled "$command"
	: >"$tmp/expected"
}

free_port
jobs_started=()
block c 1 "$pages/getting-started.md" >hello.c
grep -q kymo_init hello.c || fail 'no hello.c in getting-started.md'
run_page "$pages/getting-started.md"

# ---- the reader in Python --------------------------------------------------------

block python 1 "$pages/region-format.md" >reader.py
python3 reader.py "$KYMO_DIR"/crash/hello.*.kymo | sort >python.txt
kymo dump --all --no-events --name jobs hello | grep result= | tr -d , |
	sed -E 's/^ *(service=hello )?/jobs /; s/ +/ /g' | sort >kymo.txt
[ "$(wc -l <python.txt)" = 2 ] || fail "the reader in Python: $(cat python.txt)"
cmp python.txt kymo.txt || fail "kymo says: $(cat kymo.txt)"

# ---- every program of the pages compiles ----------------------------------------

compiles() {
	"${cc[@]}" -std=gnu11 -Wall -Wextra -Werror -Wno-unused \
		-c -o /dev/null "$1" "${flags[@]}" || {
		cat "$1"
		fail "does not compile: $2"
	}
	program_cnt=$((program_cnt + 1))
}

program_cnt=0
{
	printf 'void work(void);\n'
	block c 1 "$top_srcdir/README.md"
} >readme.c
compiles readme.c README.md
for ((nth = 1; ; nth++)); do
	block c $nth "$pages/metric-kinds.md" >kind.body
	[ -s kind.body ] || break
	# Declarations at file scope stay there; the rest is statements.
	{
		printf '#include <kymo.h>\n'
		printf 'extern uint64_t n, bytes, ns; extern const char *method, *code, *path, *name;\n'
		printf 'extern int len;\n'
		grep -E '^KYMO_[A-Z_]*\(|^#' kind.body |
			grep -v '^KYMO_LOG' || true
		awk '/^void/ { f = 1 } f; /^}/ { f = 0 }' kind.body |
			sed "s|^[[:blank:]]*\.\.\.$||"
		printf 'void body(void);\nvoid body(void)\n{\n'
		awk '/^void/ { f = 1 } !f; /^}/ { f = 0 }' kind.body |
			grep -v -e '^#' -e '^\.\.\.$' |
			grep -v -E '^KYMO_(COUNTER|UPDOWN|GAUGE|FLOAT|MAX|MIN|HISTOGRAM|SUMMARY|TIMER|TEXT|HEALTH|SPAN|INFO)[A-Z_]*\(' || true
		printf '}\n'
	} >kind.c
	compiles kind.c "docs/metric-kinds.md, block $nth"
done
echo "$command_cnt commands, $program_cnt programs: as the pages say"
