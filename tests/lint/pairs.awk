# The rules of pairs.sh, after code.awk.

function fault(where, what)
{
	printf "%s: %s\n", where, what
	faults++
}

# Notes the names in a comment's pairs(..) for this line.
function note_names(    rest, names)
{
	rest = comment
	names = ""
	while (match(rest, /pairs\([a-z0-9-]+\)/)) {
		names = names " " substr(rest, RSTART + 6, RLENGTH - 7)
		rest = substr(rest, RSTART + RLENGTH)
	}
	said[FNR] = names
	coded[FNR] = code ~ /[^ \t]/
}

# A site of this side: the nearest comment up to three lines above names it,
# in one line or in several without code between them.
function site(side,    line, i, n, names, name)
{
	where = FILENAME ":" FNR
	names = ""
	for (line = FNR; line >= FNR - 3 && line > 0; line--) {
		if (names != "" && coded[line])
			break
		names = names said[line]
	}
	if (names == "") {
		fault(where, "no pairs(NAME) on it or above: " side)
		return
	}
	n = split(names, name, " ")
	for (i = 1; i <= n; i++) {
		seen[name[i]] = where
		sides[name[i], side] = 1
	}
}

FNR == 1 { split("", said); split("", coded) }
{ note_names() }

FILENAME == "shm/atomic.h" { next }

FILENAME != "writer/kymo.h" &&
code ~ /(^|[^A-Za-z0-9_])(__atomic_|__sync_|atomic_[a-z]|_Atomic|memory_order_)|stdatomic\.h/ {
	fault(FILENAME ":" FNR, "atomics are spelled in shm/atomic.h")
}

# Calls, and the builtins' own words where those are allowed.
code ~ /(^|[^A-Za-z0-9_])kyi_[a-z0-9_]*release[a-z0-9_]*\(|__ATOMIC_(RELEASE|ACQ_REL)/ ||
code ~ /(^|[^A-Za-z0-9_])kyi_[a-z0-9_]*acq_rel[a-z0-9_]*\(/ { site("release") }
code ~ /(^|[^A-Za-z0-9_])kyi_[a-z0-9_]*acquire[a-z0-9_]*\(|__ATOMIC_(ACQUIRE|ACQ_REL)/ ||
code ~ /(^|[^A-Za-z0-9_])kyi_[a-z0-9_]*acq_rel[a-z0-9_]*\(/ { site("acquire") }
code ~ /__ATOMIC_SEQ_CST|seq_cst/ {
	fault(FILENAME ":" FNR, "there is no seq_cst here")
}

END {
	for (name in seen) {
		if (!((name, "release") in sides))
			fault(seen[name], "pairs(" name ") has no release side")
		if (!((name, "acquire") in sides))
			fault(seen[name], "pairs(" name ") has no acquire side")
	}
	exit faults > 0
}
