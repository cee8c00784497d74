#!/usr/bin/env bash
# kymo rules: what is wrong is told with its place and the exit code; tests pass
# and fail as promtool has them; an SLO becomes rules that promtool takes.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
built kymo
kymo=$built

# exits WANT COMMAND..: what it prints is in $tmp/out.
exits() {
	local want=$1 got=0
	shift
	"$@" >"$tmp/out" 2>&1 || got=$?
	[ $got = "$want" ] || fail "$*: exit $got, not $want: $(<"$tmp/out")"
}
says() {
	grep -qF -- "$1" "$tmp/out" || fail "not told: $1: $(<"$tmp/out")"
}

cat >"$tmp/good.yml" <<'END'
groups:
- name: g
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
  - alert: Down
    expr: job:up:sum == 0
    for: 5m
    labels: {severity: page}
    annotations:
      summary: '{{ $labels.job }} is down'
END
cat >"$tmp/slo.yml" <<'END'
groups:
- name: slos
  rules:
  - alert: Checkout
    slo: {good: 'ok_total', total: all_total, objective: 99.9, min_events: 10}
  - alert: Full
    expr: disk_used_ratio > 0.9
    for: 1m
    resolve_expr: disk_used_ratio < 0.8
    no_data: keep
END
cat >"$tmp/bad.yml" <<'END'
groups:
- name: g
  rules:
  - alert: A
    expr: |
      sum(up)
        by job
    fro: 5m
    annotations: {s: '{{ $label.x }}'}
END
cat >"$tmp/test.yml" <<'END'
rule_files: [good.yml]
evaluation_interval: 1m
tests:
- name: it goes down
  interval: 1m
  input_series:
  - series: up{job="a"}
    values: 1 0x10
  alert_rule_test:
  - eval_time: 5m
    alertname: Down
    exp_alerts: []
  - eval_time: 6m
    alertname: Down
    exp_alerts:
    - exp_labels: {job: a, severity: page}
      exp_annotations: {summary: a is down}
  promql_expr_test:
  - expr: job:up:sum
    eval_time: 0
    exp_samples:
    - labels: job:up:sum{job="a"}
      value: 1
END

# ---- check ----------------------------------------------------------------------

exits 0 "$kymo" rules check "$tmp/good.yml" "$tmp/slo.yml"
says 'SUCCESS: 2 rules found'
exits 1 "$kymo" rules check "$tmp/bad.yml"
says "$tmp/bad.yml:7:"
says 'could not parse expression: '
says "bad.yml:8:5: a rule has no key 'fro'; is it 'for'?"
# shellcheck disable=SC2016 # the template's dollar
says 'bad.yml:9:26: annotation "s": undefined variable "$label"'
sed -i '/for: 5m/d' "$tmp/good.yml"
exits 0 "$kymo" rules check "$tmp/good.yml"
says "alert 'Down' has no 'for'"
exits 1 "$kymo" rules check --lint-fatal "$tmp/good.yml"
exits 0 "$kymo" rules check -q --no-lint "$tmp/good.yml"
[ ! -s "$tmp/out" ] || fail "not quiet: $(<"$tmp/out")"
exits 1 "$kymo" rules check "$tmp/none.yml"
says 'none.yml: No such file or directory'

# ---- test -----------------------------------------------------------------------

exits 1 "$kymo" rules test "$tmp/test.yml"
says 'name: it goes down,'
says 'alertname: Down, time: 5m,'
sed -i 's/^    expr: job:up:sum == 0/&\n    for: 5m/' "$tmp/good.yml"
exits 0 "$kymo" rules test "$tmp/test.yml"
says 'SUCCESS'
exits 0 "$kymo" rules test --run=nothing "$tmp/test.yml"
sed 's/value: 1$/value: 2/' "$tmp/test.yml" >"$tmp/test2.yml"
exits 1 "$kymo" rules test "$tmp/test2.yml"
says '        exp: {__name__="job:up:sum", job="a"} 2E+00'
says '        got: {__name__="job:up:sum", job="a"} 1E+00'

# ---- explain, export ------------------------------------------------------------

exits 0 "$kymo" rules explain "$tmp/good.yml"
says '2. alert Down (g): reads job:up:sum'
exits 0 "$kymo" rules export "$tmp/slo.yml"
says '# kymo: no_data: keep'
says 'record: slo:budget_left:ratio'
cp "$tmp/out" "$tmp/plain.yml"
if command -v promtool >/dev/null; then
	promtool check rules "$tmp/plain.yml" >"$tmp/out" 2>&1 ||
		fail "promtool: $(<"$tmp/out")"
fi

# ---- usage ----------------------------------------------------------------------

exits 2 "$kymo" rules
exits 2 "$kymo" rules check
exits 2 "$kymo" rules judge "$tmp/good.yml"
says "no 'judge'"

# ---- promtool's own files -------------------------------------------------------

dir=${KYMO_TEST_DATA:-/nowhere}/promqltest/promtool
[ -d "$dir" ] || { echo 'promtool files: skipped, no KYMO_TEST_DATA'; exit 0; }
for file in at-modifier-test long-period negative-offset-test \
	no-test-group-interval start-time-test unittest; do
	exits 0 "$kymo" rules test "$dir/$file.yml"
done
for file in bad-rules-error-test bad-rules-syntax-test failing rules_run \
	rules_run_extrafields rules_run_fuzzy rules_run_no_fuzzy; do
	exits 1 "$kymo" rules test "$dir/$file.yml"
done
for file in at-modifier bad-rules-error negative-offset \
	prometheus-config.rules.good prometheus-rules.lint rules \
	rules_duplicates rules_large; do
	exits 0 "$kymo" rules check "$dir/$file.yml"
done
for file in bad-rules-syntax rules-bad rules_extrafields; do
	exits 1 "$kymo" rules check "$dir/$file.yml"
done
