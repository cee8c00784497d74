#!/usr/bin/env bash
# Each link in a page leads somewhere: to a file of the tree, and with #anchor
# to a heading in it. Each page is in the tarball.
set -eu
. "$(dirname "$0")/lint.sh"

# links FILE: its links, one a line, as LINE TARGET; not those in code.
links() {
	awk '
		/^[ \t]*```/ { in_code = !in_code; next }
		in_code { next }
		{
			gsub(/`[^`]*`/, "")
			rest = $0
			while (match(rest, /\]\([^) ]+\)/)) {
				print FNR, substr(rest, RSTART + 2, RLENGTH - 3)
				rest = substr(rest, RSTART + RLENGTH)
			}
		}' "$1"
}

# anchors FILE: what its headings are called in links, as GitHub does it.
anchors() {
	awk '
		/^[ \t]*```/ { in_code = !in_code; next }
		!in_code && /^#+ / {
			sub(/^#+ +/, "")
			$0 = tolower($0)
			gsub(/[^a-z0-9 _-]/, "")
			gsub(/ /, "-")
			n = seen[$0]++
			print $0 (n ? "-" n : "")
		}' "$1"
}

mapfile -t pages < <(find . \( -name build -o -name .git -o -name 'kymo-*' \) \
	-prune -o -name '*.md' -print | sed 's|^\./||' | sort)
lists=$(cat Makefile.am ./*/Makemodule.am 2>/dev/null | grep -v '^#' |
	tr -s '[:blank:]' '\n')
for page in "${pages[@]}"; do
	grep -qxF -e "$page" <<<"$lists" ||
		complain "$page: in no Makemodule.am"
	while read -r line target; do
		case $target in
		*://* | mailto:*) continue ;;
		'#'*) file=$page ;;
		*) file=$(realpath -m --relative-to=. "$(dirname "$page")/${target%%#*}") ;;
		esac
		[ -e "$file" ] || {
			complain "$page:$line: there is no $file"
			continue
		}
		[[ $target != *'#'* ]] ||
			anchors "$file" | grep -qxF -e "${target#*#}" ||
			complain "$page:$line: $file has no heading #${target#*#}"
	done < <(links "$page")
done
lint_end
