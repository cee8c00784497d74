#!/usr/bin/env bash
# kymo routes: a file of Alertmanager's is sound, its receivers are found, and
# what is wrong is told with its place.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
built kymo
kymo=$built

exits() {
	local want=$1 got=0
	shift
	"$@" >"$tmp/out" 2>&1 || got=$?
	[ $got = "$want" ] || fail "$*: exit $got, not $want: $(<"$tmp/out")"
}
says() {
	grep -qF -- "$1" "$tmp/out" || fail "not told: $1: $(<"$tmp/out")"
}

cat >"$tmp/routes.yml" <<'END'
route:
  receiver: team
  routes:
  - matchers: ['severity="page"']
    receiver: pager
    continue: true
  - match: {team: db}
    receiver: db
templates: [x.tmpl]
receivers:
- name: team
- name: pager
  webhook_configs: [{url: 'http://localhost/hook'}]
- name: db
END
exits 0 "$kymo" routes check "$tmp/routes.yml"
says 'sound; 1 way to receivers'
says 'warning: '
exits 0 "$kymo" routes check --quiet "$tmp/routes.yml"
[ ! -s "$tmp/out" ] || fail "not quiet: $(<"$tmp/out")"
exits 0 "$kymo" routes test -q "$tmp/routes.yml" severity=page team=db
[ "$(<"$tmp/out")" = $'pager\tline 4\ndb\tline 7' ] ||
	fail "not the two: $(<"$tmp/out")"
exits 0 "$kymo" routes test -q "$tmp/routes.yml"
[ "$(<"$tmp/out")" = $'team\tline 2' ] || fail "not the root: $(<"$tmp/out")"

sed 's/receiver: db/receiver: dbs/' "$tmp/routes.yml" >"$tmp/wrong.yml"
exits 1 "$kymo" routes check "$tmp/wrong.yml" "$tmp/routes.yml"
says "$tmp/wrong.yml:8:15: no receiver 'dbs'; do you mean 'db'?"
says 'sound'
exits 1 "$kymo" routes test "$tmp/wrong.yml" a=b
exits 1 "$kymo" routes check "$tmp/none.yml"
exits 2 "$kymo" routes
exits 2 "$kymo" routes check
exits 2 "$kymo" routes route "$tmp/routes.yml"
exits 2 "$kymo" routes test "$tmp/routes.yml" severity
says "'severity' is no label"
