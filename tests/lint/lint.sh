# shellcheck shell=bash
# What the lints share. Each is  tests/lint/X.sh [TOP [BUILD]]  and looks at
# the tree TOP, so that selftest.sh can show it a bad one.

lint_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lint_top=${1:-${top_srcdir:-$(cd "$lint_dir/../.." && pwd)}}
lint_failed=0

# complain FILE:LINE: WHAT: one line for each fault; the lint fails at its end.
complain() {
	printf '%s\n' "$*"
	lint_failed=1
}

# lint_files FOLDER..: C files of these folders, from the top.
lint_files() {
	local folder
	for folder; do
		[ ! -d "$folder" ] || find "$folder" -name '*.[ch]'
	done | sort
}

# lint_list NAME: what the Makemodule.am files put in the automake list NAME.
lint_list() {
	cat ./*/Makemodule.am ./*/*/Makemodule.am 2>/dev/null | awk -v name="$1" '
		!more && $1 == name && ($2 == "=" || $2 == "+=") { more = 1; $1 = $2 = "" }
		more {
			more = sub(/\\$/, "")
			for (i = 1; i <= NF; i++)
				if ($i != "")
					print $i
		}'
}

# lint_run COMMAND..: a lint that complains by itself and then exits with 1.
lint_run() {
	"$@" || lint_failed=1
}

lint_end() {
	[ $lint_failed = 0 ] || exit 1
	printf '%s: sound\n' "$(basename "$0" .sh)"
}

cd "$lint_top" || exit
