# Makes a reference in Markdown of a header: its comments are the contract,
# this only sets them in type.
#
#	awk -v title=TITLE -f docs/api.awk writer/kymo.h
#
# Read are comments and declarations that begin in the first column. What is
# said right above a declaration belongs to it; "/* ---- name ---- */" begins a
# section. Names that end in _ are private, and so are bodies and the halves of
# #ifdef that users do not see (C++, KYMO_DISABLE).

BEGIN {
	printf "# %s\n\n", title
	printf "Made from the headers by `make api`: edit those. What is said below "
	printf "declarations is said\nof them.\n"
}

FNR == 1 {
	item_end()
	item_drop()
	level = 0
	hidden[0] = 0
	in_body = in_comment = in_define = in_section_hidden = brace = 0
	decl = ""
	if (files++ || split_files)
		printf "\n## %s\n", FILENAME
	heads = split_files ? "###" : "##"
	first_comment = 1
}

# ---- text -------------------------------------------------------------------

function escaped(line)
{
	gsub(/\\/, "\\\\", line)
	gsub(/\*/, "\\*", line)
	gsub(/</, "\\&lt;", line)
	gsub(/\[/, "\\[", line)
	return line
}

function begins_point(line)
{
	return line ~ /^(Threads|Signals|Cost|Errors)  +[^ ]/ ||
		line ~ /^Lifetime +[^ ]/
}

# What is indented stays as it is; "Threads  any" and the like begin points.
function text_print(    i, line, code, blank, point)
{
	code = point = 0
	blank = 1
	for (i = 1; i <= text_cnt; i++) {
		line = text[i]
		if (line == "") {
			blank = 1
			point = 0
			continue
		}
		if (line ~ /^  / && !point) {
			if (!code)
				printf "\n```%s\n", line ~ /^  #include/ ? "c" : "text"
			else if (blank)
				printf "\n"
			code = 1
			blank = 0
			sub(/^  /, "", line)
			print line
			continue
		}
		if (code) {
			printf "```\n"
			code = 0
			blank = 1
		}
		if (blank)
			printf "\n"
		blank = 0
		if (begins_point(line)) {
			point = 1
			printf "- **%s**: ", substr(line, 1, index(line, " ") - 1)
			sub(/^[A-Z][a-z]+ +/, "", line)
		} else if (point) {
			sub(/^ */, "  ", line)
		}
		print escaped(line)
	}
	if (code)
		printf "```\n"
	text_cnt = 0
}

function item_drop()
{
	text_cnt = code_cnt = name_cnt = private_cnt = 0
	attached = 0
}

# One item: what it is called, its declarations, what is said of it.
function item_end(    i, heading)
{
	if (code_cnt == 0 && private_cnt > 0) {
		item_drop()
		return
	}
	if (code_cnt > 0) {
		heading = ""
		if (name_cnt <= 3)
			for (i = 1; i <= name_cnt; i++)
				heading = heading (i > 1 ? ", " : "") "`" name[i] "`"
		if (heading != "")
			printf "\n%s# %s\n", heads, heading
		printf "\n```c\n"
		for (i = 1; i <= code_cnt; i++)
			print code_line[i]
		printf "```\n"
	}
	text_print()
	item_drop()
}

# ---- declarations -----------------------------------------------------------

function arguments_of(line)
{
	sub(/^[A-Z_]+\(/, "", line)
	sub(/\);[ \t]*(\/\*.*\*\/)?$/, "", line)
	return line
}

# The words that make a declaration what the compiler wants it to be.
function plain(line,    note, kind)
{
	note = ""
	if (match(line, /;[ \t]*\/\*.*\*\/$/))
		note = substr(line, RSTART + 1)
	if (line ~ /^KYMO_CALL_\(/) {
		line = arguments_of(line)
		kind = line
		sub(/,.*/, "", kind)
		sub(/^[^,]*,[ \t\n]*/, "", line)
		line = kind " " line ";" note
	} else if (line ~ /^KYMO_DO_\(/) {
		line = "void " arguments_of(line) ";" note
	} else if (line ~ /^KYMO_AT_\(/) {
		kind = arguments_of(line)
		line = "struct kymo_" kind " kymo_" kind "_at(" \
			"struct kymo_family family,\n\tuint32_t value_cnt, " \
			"const char *const *values);" note
	}
	gsub(/KYMO_READER_API |KYMO_MUST_CHECK |KYMO_API |static inline |KYMO_ALWAYS_ |KYMO_IN_ /, "", line)
	gsub(/[ \t\n]*__attribute__\(\([^;]*\)\)/, "", line)
	return line
}

function name_of(line)
{
	if (line ~ /^#define/) {
		sub(/^#define[ \t]+/, "", line)
		match(line, /^[A-Za-z0-9_]+/)
		return substr(line, 1, RLENGTH)
	}
	if (line ~ /^(struct|enum|union)[ \t\n]+[a-z0-9_]+([ \t\n]*\{|;)/) {
		match(line, /^[a-z]+[ \t\n]+[a-z0-9_]+/)
		return substr(line, 1, RLENGTH)
	}
	if (line ~ /^typedef .*\(/) {
		sub(/\(.*/, "", line)
		sub(/.*[ \t*]/, "", line)
		return line
	}
	if (match(line, /[a-zA-Z0-9_]+\(/))
		return substr(line, RSTART, RLENGTH - 1)
	return line
}

function declared(line,    called)
{
	if (line ~ /^#define.*__attribute__/)
		return
	line = plain(line)
	called = name_of(line)
	if (called ~ /_$/ || called ~ /_private$/ || line ~ /^extern/) {
		private_cnt++
		return
	}
	name[++name_cnt] = called
	code_line[++code_cnt] = line
}

# ---- lines ------------------------------------------------------------------

{ sub(/[ \t]+$/, "") }

in_define {
	in_define = /\\$/
	next
}

/^#[ \t]*if/ {
	level++
	hidden[level] = hidden[level - 1] ||
		/^#[ \t]*ifdef[ \t]+(__cplusplus|KYMO_DISABLE)/
	shown[level] = !hidden[level]
	next
}
/^#[ \t]*(else|elif)/ {
	hidden[level] = hidden[level - 1] || shown[level]
	next
}
/^#[ \t]*endif/ { level--; next }
hidden[level] { next }

in_body {
	if (/^}/)
		in_body = 0
	next
}

/^\/\* SPDX/ { next }
/^\/\* ---- .* -+ \*\/$/ {
	item_end()
	sub(/^\/\* -+ /, "")
	sub(/ -+ \*\/$/, "")
	in_section_hidden = /frozen by the soname/
	if (!in_section_hidden)
		printf "\n%s %s\n", heads, toupper(substr($0, 1, 1)) substr($0, 2)
	next
}
in_section_hidden { next }

/^\/\*/ {
	item_end()
	in_comment = 1
	sub(/^\/\* ?/, "")
	$0 = "   " $0
}
in_comment {
	last = sub(/ *\*\/$/, "")
	sub(/^   /, "")
	text[++text_cnt] = $0
	if (last) {
		in_comment = 0
		if (first_comment)
			item_end()
		first_comment = 0
	}
	next
}

/^#define/ {
	if (/\\$/) {
		in_define = 1
		sub(/[ \t]*\\$/, "")
		if ($0 ~ /^#define[ \t]+[A-Z0-9_]+\(/)
			sub(/\).*/, ")")
	} else if ($0 ~ /^#define[ \t]+[A-Z0-9_]+\(/) {
		sub(/\).*/, ")")
	}
	if (/_H$/) # the include guard
		next
	declared($0)
	next
}
/^#/ { next }

/^$/ && decl == "" { item_end(); next }

# A body: the declaration ends here.
/^\{/ {
	in_body = 1
	sub(/\n$/, "", decl)
	declared(joined(decl) ";")
	decl = ""
	next
}
{
	decl = decl (decl == "" ? "" : "\n") $0
	counted = $0
	brace += gsub(/\{/, "", counted) - gsub(/\}/, "", counted)
	if (brace == 0 && (/;$/ || /;[ \t]*\/\*.*\*\/$/) && decl !~ /^extern "C"/) {
		declared(decl)
		decl = ""
	}
	if (decl ~ /^(extern "C" \{|\})$/) {
		decl = ""
		brace = 0
	}
}

# "static inline void" stands on a line of its own.
function joined(line)
{
	sub(/\n/, " ", line)
	return line
}

END { item_end() }
