# The rules of style.sh, after code.awk.

function fault(what)
{
	printf "%s:%d: %s\n", FILENAME, FNR, what
	faults++
}

function warn(what)
{
	warnings++
	if (verbose == "yes")
		printf "%s:%d: %s (warning)\n", FILENAME, FNR, what
}

# Columns of a line, tabs to the next eighth.
function width(line,    columns, i)
{
	columns = 0
	while ((i = index(line, "\t")) > 0) {
		columns += i - 1
		columns += 8 - columns % 8
		line = substr(line, i + 1)
	}
	gsub(/[\200-\277]/, "", line)
	return columns + length(line)
}

function file_end()
{
	if (file ~ /\.c$/ && file_lines > 500) {
		printf "%s:%d: a file of more than 500 lines\n", file, file_lines
		faults++
	}
}

FNR == 1 {
	if (file != "")
		file_end()
	file = FILENAME
	name_line = body_line = 0
}
{ file_lines = FNR }

/[ \t\r]$/ { fault("space at the end of the line") }
!in_comment_before && /^\t* +\t/ { fault("a space before a tab in the indentation") }
!in_comment_before && /^\t*        / { fault("indented by spaces, not by tabs") }
code ~ /\/\/$/ { fault("a // comment; write /* */") }

{
	columns = width($0)
	if (columns > 100)
		fault(columns " columns; 100 at most, 80 where possible")
	else if (columns > 80)
		warn(columns " columns")
}

# A function: its name in the first column, or after its type; then { and } in
# the first column, or { at the end of the name's line.
code ~ /^[A-Za-z_][A-Za-z0-9_ *]*\(/ { name_line = FNR }
name_line && code ~ /^\{/ { body_line = name_line }
name_line == FNR && code ~ /\) *\{ *$/ { body_line = name_line }
code ~ /^\}/ {
	if (body_line) {
		lines = FNR - body_line + 1
		if (lines > 80)
			fault("a function of " lines " lines; 80 at most, 60 where possible")
		else if (lines > 60)
			warn("a function of " lines " lines")
	}
	name_line = body_line = 0
}

END {
	if (file != "")
		file_end()
	if (warnings > 0)
		printf "style: %d warnings (style.sh -v lists them)\n", warnings
	exit faults > 0
}
