#!/usr/bin/env bash
# Every script passes shellcheck.
set -eu
. "$(dirname "$0")/lint.sh"
command -v shellcheck >/dev/null || { echo 'SKIPPED: needs shellcheck'; exit 77; }

mapfile -t files < <(
	for file in dev .ci/run; do
		[ ! -f $file ] || echo $file
	done
	find tests examples tools docs -name '*.sh' 2>/dev/null | sort
)
# Not: files sourced by a computed name, and the variables that they set.
[ ${#files[@]} = 0 ] ||
	lint_run shellcheck -e SC1090,SC1091,SC2154 "${files[@]}"
lint_end
