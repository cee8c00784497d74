#!/usr/bin/env bash
# What ./dev prove hostile does, but for the number of scans.
set -eu
: "${top_srcdir:=.}"
KYMO_SCANS=2000 exec bash "$top_srcdir/tests/prove/hostile.sh"
