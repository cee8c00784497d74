#!/usr/bin/env bash
# Who may include whom: folders look only up the list shm, writer or reader,
# tools; a stage of the reader only at the stages before it; a foreign library
# has one place that knows it.
set -eu
. "$(dirname "$0")/lint.sh"

stages='region series detect health profile history query rules alert notify export serve'

# header (a pattern), and the files that may include it (a pattern)
foreign='
	cmocka\.h               ^tests/
	urcu.*                  ^reader/series/
	sqlite3\.h              ^(reader/(series|history|rules|alert|notify)/|tests/prove/delivery)
	microhttpd\.h           ^reader/serve/
	zlib\.h                 ^reader/serve/
	yaml\.h                 ^reader/config/
	jansson\.h              ^(reader/(export/json|notify/|serve/api_body)|tools/kymo_(answer|health|alert|silence|notify|backtest)|tests/unit/test_notify|tests/fuzz/fuzz_(api|ask))
	msgpack.*               ^reader/export/msgpack
	pcre2\.h              ^(reader/history/|tests/model/)
	zstd\.h                ^reader/history/
	curl/.*                 ^(reader/(wire\.|notify/|health/probe)|tools/kymo_http)
	openssl/.*              ^reader/notify/
	cairo.*                 ^reader/notify/
'

# Files right in reader/ and those of reader/config are ground for all stages
# and stand on none.
stage_of() {
	case $1 in
	reader/*/*) set -- "${1#reader/}"; printf '%s' "${1%%/*}" ;;
	*) printf 'ground' ;;
	esac
}

stage_rank() {
	local rank=1 stage
	case $1 in ground) echo 0; return ;; config) echo 1; return ;; esac
	for stage in $stages; do
		rank=$((rank + 1))
		[ "$stage" != "$1" ] || { echo $rank; return; }
	done
	echo 99
}

# reader_may FILE INCLUDED
reader_may() {
	local from to
	from=$(stage_of "$1")
	to=$(stage_of "$2")
	[ "$from" != "$to" ] || return 0
	[ "$from" != config ] || [ "$to" = ground ] || return 1
	[ "$(stage_rank "$to")" -lt "$(stage_rank "$from")" ]
}

installed=$(lint_list include_HEADERS; lint_list nobase_pkginclude_HEADERS)

# quoted FILE:LINE FILE INCLUDED
quoted() {
	case $3 in
	*/*) ;;
	*)
		# Programs of their own, whose headers lie beside them: examples,
		# and what a benchmark puts into another's sources.
		[[ $2 == @(examples|tests/bench)/*/* && -f ${2%/*}/$3 ]] && return
		complain "$1: an include names its folder: \"$3\""
		return ;;
	esac
	case $2:$3 in
	tests/*) ;;
	*:tests/*) complain "$1: only tests know tests: \"$3\"" ;;
	shm/*:shm/*) ;;
	shm/*) complain "$1: shm knows only shm: \"$3\"" ;;
	writer/*:shm/* | writer/*:writer/*) ;;
	writer/*) complain "$1: writer knows only shm: \"$3\"" ;;
	reader/*:shm/*) ;;
	reader/*:reader/*)
		reader_may "$2" "$3" ||
			complain "$1: a stage knows only stages before it: \"$3\"" ;;
	reader/*) complain "$1: reader knows only shm: \"$3\"" ;;
	tools/*:tools/*) ;;
	tools/*)
		grep -qxF "$3" <<<"$installed" ||
			complain "$1: tools know only installed headers: \"$3\"" ;;
	examples/*:examples/*) ;;
	examples/*) complain "$1: an example includes <kymo.h> alone: \"$3\"" ;;
	esac
}

# bracketed FILE:LINE FILE INCLUDED
bracketed() {
	local header files
	while read -r header files; do
		[ -n "$header" ] || continue
		if [[ $3 =~ ^$header$ ]] && ! [[ $2 =~ $files ]]; then
			complain "$1: <$3> is only for $files"
		fi
	done <<<"$foreign"
	case $3 in
	shm/* | writer/* | reader/* | tools/*)
		complain "$1: files of the tree go in quotes: <$3>" ;;
	esac
}

re_quoted='^([^:]+):([0-9]+):[[:space:]]*#[[:space:]]*include[[:space:]]+"([^"]+)"'
re_bracketed='^([^:]+):([0-9]+):[[:space:]]*#[[:space:]]*include[[:space:]]+<([^>]+)>'
mapfile -t files < <(lint_files shm writer reader tools tests examples)
while read -r line; do
	if [[ $line =~ $re_quoted ]]; then
		quoted "${BASH_REMATCH[1]}:${BASH_REMATCH[2]}" \
			"${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}"
	elif [[ $line =~ $re_bracketed ]]; then
		bracketed "${BASH_REMATCH[1]}:${BASH_REMATCH[2]}" \
			"${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}"
	fi
done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null "${files[@]}")
lint_end
