#!/usr/bin/env bash
# The shape of C files: what a script can see of the style. Warnings are
# counted; -v lists them.
set -eu
verbose=no
[ "${1:-}" != -v ] || { verbose=yes; shift; }
. "$(dirname "$0")/lint.sh"

mapfile -t files < <(lint_files shm writer reader tools schema tests examples)
[ ${#files[@]} = 0 ] ||
	lint_run awk -v verbose=$verbose -f "$lint_dir/code.awk" \
		-f "$lint_dir/style.awk" "${files[@]}"
lint_end
