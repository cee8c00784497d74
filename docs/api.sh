#!/usr/bin/env bash
# Makes the API references of the headers: docs/api.sh [DIRECTORY].
# tests/lint/api.sh compares what is committed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
to=$(realpath "${1:-$top/docs}")
cd "$top"

${AWK:-awk} -v title='kymo.h: the API of a program' \
	-f docs/api.awk writer/kymo.h >"$to/api.md"
${AWK:-awk} -v title='libkymo-reader: the API of tools' -v split_files=1 \
	-f docs/api.awk reader/error.h reader/buffer.h \
	reader/region/region.h reader/region/watch.h reader/series/series.h \
	reader/detect/detect.h reader/detect/change.h reader/detect/shift.h \
	reader/detect/detectors.h \
	reader/config/care.h reader/health/health.h reader/health/probe.h \
	reader/profile/profile.h \
	reader/history/samples.h reader/history/history.h \
	reader/export/export.h reader/export/run.h reader/config/config.h reader/serve/serve.h \
	reader/notify/notify.h reader/notify/context.h \
	reader/alert/routing.h reader/alert/alerts.h \
	>"$to/reader-api.md"
