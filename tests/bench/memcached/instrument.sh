#!/usr/bin/env bash
# instrument.sh SOURCES HERE: puts kymo into memcached's sources, at three places.
# Each is checked: another version may have moved them.
set -eu
sources=$1 here=$2

# once FILE LINE NEW: the one line of FILE that is LINE becomes NEW.
once() {
	local file=$sources/$1 line=$2 new=$3
	[ "$(grep -cxF -- "$line" "$file")" = 1 ] ||
		{ echo "instrument: $1: not once: $line" >&2; exit 1; }
	awk -v line="$line" -v new="$new" '$0 == line { $0 = new } { print }' \
		"$file" >"$file.new"
	mv "$file.new" "$file"
}
once proto_text.c '    process_command_ascii(c, c->rcurr);' \
	'    MC_COMMAND(c->rcurr, process_command_ascii(c, c->rcurr));'
once memcached.c '    stats_state.curr_conns++;' \
	'    stats_state.curr_conns++; kymo_updown_add(mc_connections, 1);'
once memcached.c '    stats_state.curr_conns--;' \
	'    stats_state.curr_conns--; kymo_updown_add(mc_connections, -1);'
for file in proto_text.c memcached.c; do
	once $file '#include "memcached.h"' \
		'#include "memcached.h"\n#include "kymo_memcached.h"'
done
cp "$here"/kymo_memcached.[ch] "$sources"
