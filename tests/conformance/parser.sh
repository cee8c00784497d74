#!/usr/bin/env bash
# The parser against our own corpus, with its texts, and against Prometheus'
# where that is.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"

built tests/conformance/parser_corpus
"$built" --texts "$top_srcdir/tests/conformance/promql/parser.tsv" ||
	fail "our own corpus"
upstream=${KYMO_TEST_DATA:-}/promqltest/parser-corpus.tsv
if [ -f "$upstream" ]; then
	"$built" "$upstream" || fail "Prometheus' corpus"
else
	echo "SKIPPED: Prometheus' parser corpus needs KYMO_TEST_DATA"
fi
