# Splits C lines into code and comment, for the lints. Included before them:
#	awk -f code.awk -f lint.awk FILE..
# For each line: code (strings emptied, comments gone), comment (their text),
# in_comment_before (the line begins inside one).

function code_split(    i, c, two, rest)
{
	if (FNR == 1)
		in_comment = 0
	in_comment_before = in_comment
	code = ""
	comment = ""
	rest = $0
	while (rest != "") {
		if (in_comment) {
			i = index(rest, "*/")
			if (i == 0) {
				comment = comment rest
				return
			}
			comment = comment substr(rest, 1, i - 1) " "
			rest = substr(rest, i + 2)
			in_comment = 0
			continue
		}
		if (!match(rest, /["'\/]/)) {
			code = code rest
			return
		}
		code = code substr(rest, 1, RSTART - 1)
		c = substr(rest, RSTART, 1)
		two = substr(rest, RSTART, 2)
		if (two == "/*") {
			in_comment = 1
			rest = substr(rest, RSTART + 2)
		} else if (c == "/") {
			if (two == "//") {
				code = code "//"
				return
			}
			code = code c
			rest = substr(rest, RSTART + 1)
		} else {
			rest = substr(rest, RSTART + 1)
			code = code c c
			rest = code_after_quote(rest, c)
		}
	}
}

# What follows the closing quote c of a literal.
function code_after_quote(rest, c)
{
	while (rest != "") {
		if (substr(rest, 1, 1) == "\\")
			rest = substr(rest, 3)
		else if (substr(rest, 1, 1) == c)
			return substr(rest, 2)
		else
			rest = substr(rest, 2)
	}
	return ""
}

{ code_split() }
