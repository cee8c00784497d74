#!/usr/bin/env bash
# docs/api.md and docs/reader-api.md say what the headers say.
set -eu
. "$(dirname "$0")/lint.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bash docs/api.sh "$tmp"
for page in api reader-api; do
	cmp -s "docs/$page.md" "$tmp/$page.md" ||
		complain "docs/$page.md: not what the headers say; run: make api"
done
lint_end
