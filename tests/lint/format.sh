#!/usr/bin/env bash
# docs/region-format.md tells the truth about the bytes: each row of its tables
# of structs becomes a static assert about shm/layout.h, each KYI_OFF of
# shm/layout.h has a row, and each limit and number stands there as it is here.
set -eu
. "$(dirname "$0")/lint.sh"

page=docs/region-format.md
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
read -ra cc <<<"${CC:-gcc}"

awk '
	BEGIN {
		print "#include \"shm/layout.h\""
		split("u8 u16 u32 u64 i8 i16 i32 i64", names, " ")
		for (i in names) {
			bytes[names[i]] = substr(names[i], 2) / 8
		}
	}
	/^### struct / {
		name = $3
		sub(/:$/, "", name)
		in_table = 1
		printf "#line %d \"%s\"\n", FNR, FILENAME
		printf "_Static_assert(sizeof(struct %s) == %d, \"size\");\n", name, $4
		next
	}
	/^#/ { in_table = 0 }
	in_table && /^\| 0x/ {
		type = $4
		cnt = 0
		if (match(type, /\[[0-9]+\]$/)) {
			cnt = substr(type, RSTART + 1, RLENGTH - 2)
			type = substr(type, 1, RSTART - 1)
		}
		field = $6
		if (!(type in bytes))
			field = field == "|" ? $7 : field
		printf "#line %d \"%s\"\n", FNR, FILENAME
		printf "_Static_assert(offsetof(struct %s, %s) == %s, \"offset\");\n", \
			name, field, $2
		if (type in bytes) {
			printf "#line %d \"%s\"\n", FNR, FILENAME
			printf "_Static_assert(sizeof(((struct %s *)0)->%s) == %d, \"type\");\n", \
				name, field, bytes[type] * (cnt ? cnt : 1)
		}
		print name, field > rows
	}
' rows="$tmp/rows" "$page" >"$tmp/page.c"
"${cc[@]}" -I. -fsyntax-only "$tmp/page.c" 2>"$tmp/errors" || {
	grep error: "$tmp/errors" || cat "$tmp/errors"
	complain "$page: not the layout of shm/layout.h"
}

while read -r name field; do
	grep -qxF "$name $field" "$tmp/rows" ||
		complain "$page: struct $name has no row for $field"
done < <(sed -n 's/^KYI_OFF(struct \([a-z_]*\), \([a-z0-9_]*\), [0-9]*);$/\1 \2/p' shm/layout.h)
lint_end
