#!/usr/bin/env bash
# The proof of churn, short: ./dev prove churn is the long one.
set -eu
KYMO_CHURN_SECONDS=8 exec bash "${top_srcdir:=.}/tests/prove/churn.sh"
