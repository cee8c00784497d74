#!/usr/bin/env bash
# Memory ordering is said aloud: each acquire, release and fence has a comment
# pairs(NAME) on its line or up to three lines above, and each NAME has a
# release and an acquire. Atomics are spelled in two files only.
set -eu
. "$(dirname "$0")/lint.sh"

mapfile -t files < <(lint_files shm writer reader tools)
[ ${#files[@]} = 0 ] ||
	lint_run awk -f "$lint_dir/code.awk" -f "$lint_dir/pairs.awk" "${files[@]}"
lint_end
