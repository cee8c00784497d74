#!/usr/bin/env bash
# Every source, test and script is in a Makemodule.am: what is in no list is
# neither built, nor run, nor in the tarball.
set -eu
. "$(dirname "$0")/lint.sh"

lists=$(cat Makefile.am ./*/Makemodule.am ./*/*/Makemodule.am 2>/dev/null | grep -v '^#' | tr -s '[:blank:]' '\n')
for file in $(lint_files shm writer reader tools tests examples) \
	$(find tests examples -name '*.sh' -o -name '*.awk' -o -name '*.py'); do
	case $file in
	tests/unit/test_*.c) name=${file%.c} ;;
	*.c) grep -qxF -e "${file%.c}" <<<"$lists" && continue; name=$file ;;
	*) name=$file ;;
	esac
	grep -qxF -e "$name" <<<"$lists" || complain "$file: in no Makemodule.am"
done
lint_end
