#!/usr/bin/env bash
# instrument.sh SOURCES HERE: puts kymo into memcached's sources: around each call
# that carries out a command, and where connections are counted. Each place is
# checked: another version may have moved them.
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

# Where memcached itself has found out which command it is.
awk '
/^void process_command_ascii\(/ { on = 1 }
on && /^ +process_[a-z_]+\(c.*\);$/ {
	kind = /process_get_/ ? "get" : /process_update_/ ? "set" : "other"
	sub(/process_.*\);/, "MC_COMMAND(" kind ", &")
	sub(/;$/, ");")
	sub(/;\);$/, ");")
	cnt[kind]++
}
/^}/ { on = 0 }
{ print }
END { exit cnt["get"] != 5 || cnt["set"] != 4 || cnt["other"] < 20 }
' "$sources/proto_text.c" >"$sources/proto_text.c.new" ||
	{ echo "instrument: proto_text.c: commands are elsewhere" >&2; exit 1; }
mv "$sources/proto_text.c.new" "$sources/proto_text.c"
once memcached.c '    stats_state.curr_conns++;' \
	'    stats_state.curr_conns++; kymo_updown_add(mc_connections, 1);'
once memcached.c '    stats_state.curr_conns--;' \
	'    stats_state.curr_conns--; kymo_updown_add(mc_connections, -1);'
for file in proto_text.c memcached.c; do
	once $file '#include "memcached.h"' \
		'#include "memcached.h"\n#include "kymo_memcached.h"'
done
cp "$here"/kymo_memcached.[ch] "$sources"
