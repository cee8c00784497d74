#!/usr/bin/env bash
# The proof of kills, short: ./dev prove kill is the long one.
set -eu
KYMO_KILLS=12 exec bash "${top_srcdir:=.}/tests/prove/kill.sh"
