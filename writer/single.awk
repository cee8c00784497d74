# Makes kymo_single.h: kymo.h and, where KYMO_IMPLEMENTATION is defined, all that
# libkymo is, in one file.
#
#	awk -v top=TOP/ -f writer/single.awk LICENSE writer/kymo.h FILE.c..
#
# A header goes in where it is included first. Names that are known across files
# (kyi_) become static where the headers declare them. Names that only one file
# knows get that file's name in front, so that neither another file nor the
# program around it sees them.

BEGIN {
	token = "[A-Za-z_][A-Za-z0-9_]*|\"([^\"\\\\]|\\\\.)*\"|" \
		"'([^'\\\\]|\\\\.)*'|/\\*"
	license(ARGV[1])
	print "#if defined(KYMO_IMPLEMENTATION) && !defined(KYMO_DISABLE)"
	print "#ifndef _GNU_SOURCE"
	print "#define _GNU_SOURCE 1"
	print "#endif"
	print "#ifndef _FILE_OFFSET_BITS"
	print "#define _FILE_OFFSET_BITS 64"
	print "#endif"
	print "#endif\n"
	print "/* Each program or library has a copy of its own, which others in the same"
	print "   process neither see nor replace. */"
	print "#ifndef KYMO_API"
	print "#define KYMO_API __attribute__((visibility(\"hidden\")))"
	print "#endif\n"
	emit(ARGV[2])
	for (i = 3; i < ARGC; i++)
		shared_names_find(ARGV[i])
	print "\n#if defined(KYMO_IMPLEMENTATION) && !defined(KYMO_DISABLE)"
	print "#ifndef KYMO_IMPLEMENTED_"
	print "#define KYMO_IMPLEMENTED_"
	print "#ifdef __cplusplus"
	print "#error \"kymo: KYMO_IMPLEMENTATION wants a C file\""
	print "#endif"
	print "#if defined(__GLIBC__) && !defined(__USE_GNU)"
	print "#error \"kymo: where KYMO_IMPLEMENTATION is defined, include " \
		"kymo_single.h first\""
	print "#endif"
	print "#define KYI_LOCAL static __attribute__((unused))"
	for (i = 3; i < ARGC; i++)
		if (ARGV[i] ~ /\.c$/)
			emit(ARGV[i])
	print "\n#endif\n#endif"
	exit
}

function license(name,    line)
{
	print "/* SPDX-License-Identifier: MIT */"
	print "/* kymo in one header, made from its sources: edit those.\n"
	while ((getline line <(top name)) > 0)
		print line == "" ? line : "   " line
	print "*/\n"
}

# What files define for all, in the first column: kyi_name(, kyi_name;
function shared_names_find(file,    line)
{
	while ((getline line <(top file)) > 0)
		if (match(line, /^(struct kyi_[a-z_]+ )?kyi_[a-z0-9_]+[(;]/)) {
			line = substr(line, 1, RLENGTH - 1)
			sub(/.* /, "", line)
			shared[line] = 1
		}
	close(top file)
}

# A header's declaration of such a name.
function is_ours(line)
{
	if (line !~ /^[a-z]/ || line ~ /^(static|typedef) |^struct [a-z_]+;/ ||
	    !match(line, /[ *]kyi_[a-z0-9_]+[(;]/))
		return 0
	return substr(line, RSTART + 1, RLENGTH - 2) in shared
}

# Which names file defines for itself: what stands in the first column.
function own_names_find(file,    line, before, name, tag, of)
{
	split("", own)
	of = file
	sub(/\.c$/, "", of)
	gsub(/\//, "_", of)
	while ((getline line <(top file)) > 0) {
		name = ""
		gsub(/__attribute__\(\([a-z_]*\)\) ?/, "", line)
		if (line ~ /^#[ \t]*define /) {
			name = line
			sub(/^#[ \t]*define /, "", name)
			if (before == "#ifndef " first_word(name))
				name = ""
		} else if (before ~ /^static [^;={(]*$/ && line ~ /^[a-z]/) {
			name = line
		} else if (line ~ /^(struct|enum) [a-z_]+ \{/) {
			tag = line
			sub(/^(struct|enum) /, "", tag)
			sub(/ .*/, "", tag)
			if (tag !~ /^ky(i|mo)_/)
				own["struct " tag] = "kyi_" of "_" tag
			if (line ~ /^enum .*\};/)
				enumerators(line, of)
		} else if (line ~ /^static .*[(;={]/ && line !~ /struct \{$/) {
			name = line
			sub(/\[.*/, "", name)
			sub(/ *[(;={].*/, "", name)
			sub(/.*[ *]/, "", name)
		} else if (line ~ /^\} [a-z_]+/) {
			name = substr(line, 3)
		}
		name = first_word(name)
		if (name != "" && name !~ /^ky(i|mo)_/)
			own[name] = "kyi_" of "_" name
		before = line
	}
	close(top file)
}

function first_word(text)
{
	match(text, /^[A-Za-z_][A-Za-z0-9_]*/)
	return substr(text, 1, RLENGTH)
}

function enumerators(line, of,    name, cnt, i)
{
	sub(/^[^{]*\{ */, "", line)
	sub(/ *\}.*/, "", line)
	cnt = split(line, name, /, */)
	for (i = 1; i <= cnt; i++)
		own[name[i]] = "kyi_" of "_" name[i]
}

# The line with the file's own names made longer; members, texts and comments
# stay as they are.
function renamed(line,    out, word, before)
{
	out = ""
	while (line != "") {
		if (in_comment) {
			if (!match(line, /\*\//))
				return out line
			in_comment = 0
		} else if (!match(line, token)) {
			return out line
		}
		word = substr(line, RSTART, RLENGTH)
		before = out substr(line, 1, RSTART - 1)
		line = substr(line, RSTART + RLENGTH)
		if (word == "/*")
			in_comment = 1
		else if (before ~ /(struct|enum) $/)
			word = ("struct " word) in own ? own["struct " word] : word
		else if (word in own && before !~ /(\.|->)$/)
			word = own[word]
		out = before word
	}
	return out
}

function emit(file,    line, is_header, included)
{
	seen[file] = 1
	is_header = file ~ /\.h$/
	if (!is_header)
		own_names_find(file)
	if (file != ARGV[2])
		printf "\n/* ---- %s ---- */\n\n", file
	in_comment = 0
	while ((getline line <(top file)) > 0) {
		if (line ~ /^\/\* SPDX-License-Identifier: MIT \*\/$/)
			continue
		if (line ~ /^#include "/) {
			included = line
			sub(/^#include "/, "", included)
			sub(/".*/, "", included)
			if (!(included in seen))
				emit(included)
			continue
		}
		if (!is_header) {
			# its header has it already
			if (line ~ /^struct kyi_[a-z_]+ kyi_[a-z_]+;/)
				continue
			line = renamed(line)
		} else if (is_ours(line)) {
			sub(/^extern /, "", line)
			line = "KYI_LOCAL " line
		}
		print line
	}
	close(top file)
}
