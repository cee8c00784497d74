#!/usr/bin/env bash
# What comes with the tools: manual pages that format without a complaint and
# know every option, completions that do too, and a unit with few permissions.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin

for page in kymo.1 kymod.8 kymod.yaml.5; do
	if command -v mandoc >/dev/null; then
		mandoc -Tlint -Wwarning "$top_srcdir/docs/$page" >"$tmp/lint" 2>&1 ||
			fail "$page: $(<"$tmp/lint")"
	fi
	if command -v groff >/dev/null; then
		groff -mdoc -ww -Tutf8 "$top_srcdir/docs/$page" 2>"$tmp/lint" >/dev/null
		[ ! -s "$tmp/lint" ] || fail "$page: $(<"$tmp/lint")"
	fi
done

# options HELP: the long ones of a help text.
options() {
	grep -oE -- '--[a-z][a-z-]*' | sort -u
}

knows() {
	local page=$1 completion=$2 option
	sed 's/\\-/-/g' "$top_srcdir/docs/$page" >"$tmp/page"
	for option in $(options); do
		grep -qE -- "-${option#--}([^a-z]|$)" "$tmp/page" ||
			fail "$page does not tell of $option"
		grep -qF -- "$option" "$top_srcdir/tools/completion/$completion" ||
			fail "$completion does not know $option"
	done
}

for verb in ls dump check emit rules; do
	"$top_builddir/kymo" $verb --help
done | sed 's/--help//' | knows kymo.1 kymo.bash
"$top_builddir/kymod" --help | sed 's/--help//' | knows kymod.8 kymod.bash

# Each option that a completion offers is one.
for verb in ls dump check emit rules; do
	for option in $(awk -v verb="$verb:" '
		index($1, verb) == 1 { on = 1 }
		on { print }
		/;;/ { on = 0 }' "$top_srcdir/tools/completion/kymo.bash" | options); do
		"$top_builddir/kymo" $verb --help | grep -qF -- "$option" ||
			fail "kymo $verb has no $option"
	done
done

if command -v systemd-analyze >/dev/null; then
	unit=$tmp/kymod.service
	sed 's|^ExecStart=.*|ExecStart=/bin/true|' \
		"$top_builddir/tools/kymod.service" >"$unit"
	systemd-analyze security --offline=yes --threshold=15 --no-pager \
		"$unit" >"$tmp/security" 2>&1 ||
		fail "the unit is exposed: $(grep -v '✓' "$tmp/security")"
	systemd-analyze verify --man=no "$unit" >"$tmp/verify" 2>&1 ||
		fail "the unit: $(<"$tmp/verify")"
	! grep -q "$unit\|Unknown" "$tmp/verify" || fail "the unit: $(<"$tmp/verify")"
fi

"$top_builddir/kymod" --check-config \
	--config "$top_srcdir/tools/kymod.yaml.example" >"$tmp/out" 2>&1 ||
	fail "the example: $(<"$tmp/out")"
echo "all held"
