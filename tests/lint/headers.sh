#!/usr/bin/env bash
# Each installed header compiles alone, where only installed headers are: as
# C11 and C++11, by gcc and clang, with all warnings as errors.
set -eu
. "$(dirname "$0")/lint.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/include/kymo"
mapfile -t writer < <(lint_list include_HEADERS)
mapfile -t reader < <(lint_list nobase_pkginclude_HEADERS)
for header in "${writer[@]}"; do
	cp "$header" "$tmp/include/"
done
for header in "${reader[@]}"; do
	mkdir -p "$tmp/include/kymo/$(dirname "$header")"
	cp "$header" "$tmp/include/kymo/$header"
done

# compiles COMPILER STANDARD LANGUAGE HEADER DEFINE..
compiles() {
	local compiler=$1 standard=$2 language=$3 header=$4
	shift 4
	command -v "$compiler" >/dev/null || return 0
	printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' \
		"$header" "$header" >"$tmp/alone.$language"
	"$compiler" "-std=$standard" -Wall -Wextra -Wpedantic -Werror \
		-Wno-missing-field-initializers -O1 \
		-I"$tmp/include" -I"$tmp/include/kymo" "$@" \
		-c -o "$tmp/alone.o" "$tmp/alone.$language" ||
		complain "$header: not clean as $standard with $compiler $*"
}

# everywhere HEADER DEFINE..
everywhere() {
	local compiler
	for compiler in gcc clang; do
		compiles $compiler c11 c "$@"
	done
	for compiler in g++ clang++; do
		compiles $compiler c++11 cc "$@"
		compiles $compiler c++20 cc "$@"
	done
}

for header in "${writer[@]}"; do
	everywhere "$(basename "$header")"
	everywhere "$(basename "$header")" -DKYMO_DISABLE
done
for header in "${reader[@]}"; do
	everywhere "$header"
done
lint_end
