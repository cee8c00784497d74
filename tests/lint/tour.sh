#!/usr/bin/env bash
# ARCHITECTURE.md knows the tree: each file that it names is there, and its
# table of memory ordering has a row for each pairs(NAME), and no other.
set -eu
. "$(dirname "$0")/lint.sh"

page=ARCHITECTURE.md
# shellcheck disable=SC2016 # a backtick is one here
mapfile -t files < <(grep -oE '`[a-z]+/[a-zA-Z_./0-9-]+\.[a-z]+`' $page |
	tr -d "\`" | sort -u)
for file in "${files[@]}"; do
	[ -e "$file" ] || complain "$page: there is no $file"
done

rows=$(awk '
	/^## / { on = /Memory ordering/ }
	on && /^\| [a-z0-9-]+ \|/ && $2 != "name" { print $2 }' $page | sort)
names=$(grep -rhoE 'pairs\([a-z0-9-]+\)' --include='*.[ch]' \
	shm writer reader tools | sed 's/pairs(\(.*\))/\1/' | sort -u)
for name in $(comm -23 <(echo "$rows") <(echo "$names")); do
	complain "$page: pairs($name) is nowhere in the code"
done
for name in $(comm -13 <(echo "$rows") <(echo "$names")); do
	complain "$page: no row for pairs($name)"
done
lint_end
