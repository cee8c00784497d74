# Each acquire, release and fence of the sources, after ../lint/code.awk:
# "path:line<TAB>path: its text". One that is both is two sites, path:line:acquire
# and path:line:release; the second of the same text in a file ends in " #2".
function is_in(words)
{
	return code ~ "(^|[^A-Za-z0-9_])kyi_[a-z0-9_]*(" words ")[a-z0-9_]*\\("
}

function site(half,    text, which)
{
	which = half
	text = code
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	if (++seen[FILENAME, text, half] > 1)
		half = half " #" seen[FILENAME, text, half]
	print FILENAME ":" FNR which "\t" FILENAME ": " text half
}

FILENAME == "shm/atomic.h" { next }
is_in("acq_rel") { site(":acquire"); site(":release"); next }
is_in("acquire|release") || code ~ /__ATOMIC_(ACQUIRE|RELEASE)/ { site("") }
