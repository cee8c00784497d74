/* SPDX-License-Identifier: MIT */
/* Functions of templates on texts. */
#include "reader/rules/template_private.h"

#include <ctype.h>
#include <string.h>

#include "reader/room.h"
#include "reader/rules/duration.h"

/* ---- letters --------------------------------------------------------------------- */

/* ASCII letters alone change their case. rest: of what is not the first of a
   word; NULL: it stays. */
static int
case_change(struct kyi_template_run *run, const char *text, int (*to)(int),
    int (*rest)(int), struct kyi_tv *result)
{
	struct kymo_buffer out = {0};
	bool first = true;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x80 && (first || rest != NULL))
			kymo_buffer_char(&out, (char)(first ? to : rest)(c));
		else
			kymo_buffer_char(&out, (char)c);
		first = c < 0x80 && !isalnum(c) && c != '_' && c != '\'' &&
		    !(rest == tolower && (c == '.' || c == ':') &&
		    isalnum((unsigned char)text[1]));
	}
	return kyi_tv_take(run, &out, result);
}

KYI_TEMPLATE_CALL(title)
{
	(void)cnt;
	return case_change(run, args[0].str, toupper, run->data->notifies ?
	    tolower : NULL, result);
}

KYI_TEMPLATE_CALL(to_upper)
{
	(void)cnt;
	return case_change(run, args[0].str, toupper, toupper, result);
}

KYI_TEMPLATE_CALL(to_lower)
{
	(void)cnt;
	return case_change(run, args[0].str, tolower, tolower, result);
}

/* ---- addresses and durations ------------------------------------------------------- */

/* The host of HOST:PORT or [HOST]:PORT; all of what is neither. */
KYI_TEMPLATE_CALL(strip_port)
{
	const char *text = args[0].str, *end = strrchr(text, ':');
	struct kymo_buffer out = {0};

	(void)cnt;
	if (end == NULL || (text[0] == '[' ? end[-1] != ']' :
	    memchr(text, ':', (size_t)(end - text)) != NULL))
		kymo_buffer_str(&out, text);
	else if (text[0] == '[')
		kymo_buffer_add(&out, text + 1, (size_t)(end - text) - 2);
	else
		kymo_buffer_add(&out, text, (size_t)(end - text));
	return kyi_tv_take(run, &out, result);
}

/* What stands before the first dot, and the port; addresses stay. */
KYI_TEMPLATE_CALL(strip_domain)
{
	const char *text = args[0].str, *port = strrchr(text, ':');
	const char *dot = strchr(text, '.');
	struct kymo_buffer out = {0};

	(void)cnt;
	if (text[0] == '[' || (port != NULL && strchr(text, ':') != port))
		port = NULL;
	if (text[0] == '[' || dot == NULL || (port != NULL && dot > port) ||
	    text[strspn(text, "0123456789.:")] == '\0')
		kymo_buffer_str(&out, text);
	else {
		kymo_buffer_add(&out, text, (size_t)(dot - text));
		if (port != NULL)
			kymo_buffer_str(&out, port);
	}
	return kyi_tv_take(run, &out, result);
}

KYI_TEMPLATE_CALL(parse_duration)
{
	const char *text = args[0].str;
	int64_t ms;

	(void)cnt;
	if (!kyi_prom_duration_parse(&ms, text + (text[0] == '-')))
		return kyi_template_fail(run, "not a valid duration string: "
		    "\"%s\"", text);
	*result = (struct kyi_tv){.kind = TV_FLOAT,
	    .d = (double)(text[0] == '-' ? -ms : ms) / 1000};
	return 0;
}

/* ---- escaping -------------------------------------------------------------------- */

KYI_TEMPLATE_CALL(html)
{
	struct kymo_buffer plain = {0}, out = {0};
	const char *at;
	uint32_t i;

	for (i = 0; i < cnt; i++)
		kyi_tv_print(&plain, &args[i]);
	for (at = plain.at; at != NULL && *at != '\0'; at++)
		switch (*at) {
		case '&': kymo_buffer_str(&out, "&amp;"); break;
		case '<': kymo_buffer_str(&out, "&lt;"); break;
		case '>': kymo_buffer_str(&out, "&gt;"); break;
		case '"': kymo_buffer_str(&out, "&#34;"); break;
		case '\'': kymo_buffer_str(&out, "&#39;"); break;
		default: kymo_buffer_char(&out, *at); break;
		}
	out.failed = out.failed || plain.failed;
	kymo_buffer_free(&plain);
	return kyi_tv_take(run, &out, result);
}

static void
query_escape(struct kymo_buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x80 && (isalnum(c) || strchr("-_.~", c) != NULL))
			kymo_buffer_char(out, (char)c);
		else if (c == ' ')
			kymo_buffer_char(out, '+');
		else
			kymo_buffer_printf(out, "%%%02X", c);
	}
}

KYI_TEMPLATE_CALL(urlquery)
{
	struct kymo_buffer out = {0};

	(void)cnt;
	query_escape(&out, args[0].str);
	return kyi_tv_take(run, &out, result);
}

KYI_TEMPLATE_CALL(graph_link)
{
	struct kymo_buffer out = {0};

	(void)cnt;
	kymo_buffer_str(&out, "/graph?g0.expr=");
	query_escape(&out, args[0].str);
	kymo_buffer_str(&out, "&g0.tab=0");
	return kyi_tv_take(run, &out, result);
}

KYI_TEMPLATE_CALL(table_link)
{
	struct kymo_buffer out = {0};

	(void)cnt;
	kymo_buffer_str(&out, "/graph?g0.expr=");
	query_escape(&out, args[0].str);
	kymo_buffer_str(&out, "&g0.tab=1");
	return kyi_tv_take(run, &out, result);
}

/* ---- regular expressions ---------------------------------------------------------- */

/* Ours are anchored, those of these functions are not: what may stand before
   and behind is matched, too. */
static struct kymo_regex *
regex_around(struct kyi_template_run *run, const char *before,
    const char *pattern, const char *behind)
{
	struct kymo_buffer text = {0};
	struct kymo_regex *regex = NULL;
	struct kymo_error error = {""};

	kymo_buffer_str(&text, before);
	kymo_buffer_str(&text, pattern);
	kymo_buffer_str(&text, behind);
	if (text.failed)
		kyi_template_fail(run, "no memory");
	else if (kymo_regex_new(&regex, text.at, &error) != 0)
		kyi_template_fail(run, "error parsing regexp `%s`: %s",
		    pattern, error.text);
	kymo_buffer_free(&text);
	return regex;
}

/* What a regular expression takes counts as steps, so that many of them on
   long texts end, too. */
static bool
steps_take(struct kyi_template_run *run, const char *pattern, const char *text)
{
	run->step_cnt += 20 + (uint32_t)((strlen(pattern) + strlen(text)) / 64);
	if (run->step_cnt <= KYI_TEMPLATE_STEPS_MAX)
		return true;
	kyi_template_fail(run, "more than %u steps", KYI_TEMPLATE_STEPS_MAX);
	return false;
}

KYI_TEMPLATE_CALL(match)
{
	struct kymo_regex *regex = !steps_take(run, args[0].str, args[1].str) ?
	    NULL : regex_around(run, "(?s:.*)(?:", args[0].str, ")(?s:.*)");

	(void)cnt;
	if (regex == NULL)
		return -1;
	*result = (struct kyi_tv){.kind = TV_BOOL,
	    .flag = kymo_regex_match(regex, args[1].str)};
	kymo_regex_delete(regex);
	return 0;
}

/* The user's groups stand behind two of ours, so $1 becomes ${3}. */
static void
groups_shift(struct kymo_buffer *out, const char *text)
{
	while (*text != '\0') {
		const char *digits = text + 1 + (text[0] == '$' &&
		    text[1] == '{');
		size_t digit_cnt = strspn(digits, "0123456789");
		bool braces = text[0] == '$' && text[1] == '{';

		if (text[0] == '$' && text[1] == '$') {
			kymo_buffer_str(out, "$$");
			text += 2;
		} else if (text[0] != '$' || digit_cnt == 0 || digit_cnt > 3 ||
		    (braces && digits[digit_cnt] != '}')) {
			kymo_buffer_char(out, *text++);
		} else {
			unsigned n = 2;

			for (text = digits; digit_cnt > 0; digit_cnt--, text++)
				n = n - 2 > 999 ? n :
				    (n - 2) * 10 + (unsigned)(*text - '0') + 2;
			kymo_buffer_printf(out, "${%u}", n);
			text += braces;
		}
	}
}

/* What of a match stands where, in buffers that are used again. */
struct cut {
	struct kymo_buffer before, match, behind;
};

static bool
cut_at(const struct kymo_regex *regex, const char *text, struct cut *cut)
{
	kyi_buffer_clear(&cut->before);
	kyi_buffer_clear(&cut->match);
	kyi_buffer_clear(&cut->behind);
	kymo_buffer_str(&cut->behind, "");
	return kymo_regex_expand(regex, text, "${1}", &cut->before) &&
	    kymo_regex_expand(regex, text, "${2}", &cut->match) &&
	    kymo_regex_expand(regex, text, "${kyi_behind}", &cut->behind) &&
	    !cut->before.failed && !cut->match.failed && !cut->behind.failed;
}

/* Replaces one match after another; what stands behind one is looked at next.
   An empty match right behind another is none. What is left when out has more
   than bytes_max is not looked at: nobody will see it. */
static void
replace_all(const struct kymo_regex *regex, const char *with,
    bool is_anchored, const char *text, size_t bytes_max,
    struct kymo_buffer *out)
{
	struct kymo_buffer rest = {0};
	struct cut cut = {{0}, {0}, {0}};
	bool was_match = false, more = true;

	kymo_buffer_str(&rest, text);
	while (more && !rest.failed &&
	    out->len_bytes <= bytes_max &&
	    cut_at(regex, rest.at, &cut)) {
		size_t skip = 0;

		kymo_buffer_add(out, cut.before.at, cut.before.len_bytes);
		if (cut.match.len_bytes > 0 || cut.before.len_bytes > 0 ||
		    !was_match)
			kymo_regex_expand(regex, rest.at, with, out);
		more = cut.behind.len_bytes > 0 && !is_anchored;
		was_match = cut.match.len_bytes > 0;
		if (!was_match && more)
			do
				kymo_buffer_char(out, cut.behind.at[skip++]);
			while (((unsigned char)cut.behind.at[skip] & 0xc0) ==
			    0x80);
		kyi_buffer_clear(&rest);
		kymo_buffer_str(&rest, cut.behind.at + skip);
	}
	if (!rest.failed)
		kymo_buffer_str(out, rest.at);
	out->failed = out->failed || rest.failed || cut.before.failed ||
	    cut.match.failed || cut.behind.failed;
	kymo_buffer_free(&rest);
	kymo_buffer_free(&cut.before);
	kymo_buffer_free(&cut.match);
	kymo_buffer_free(&cut.behind);
}

KYI_TEMPLATE_CALL(re_replace_all)
{
	struct kymo_regex *regex = !steps_take(run, args[0].str, args[2].str) ?
	    NULL : regex_around(run, "(?s:(.*?))(", args[0].str,
	    ")(?P<kyi_behind>(?s:.*))");
	struct kymo_buffer with = {0}, out = {0};

	(void)cnt;
	if (regex == NULL)
		return -1;
	groups_shift(&with, args[1].str);
	kymo_buffer_str(&with, "");
	if (!with.failed)
		replace_all(regex, with.at, args[0].str[0] == '^', args[2].str,
		    run->bytes_max, &out);
	out.failed = out.failed || with.failed;
	kymo_buffer_free(&with);
	kymo_regex_delete(regex);
	if (out.len_bytes > run->bytes_max) {
		kymo_buffer_free(&out);
		return kyi_template_fail(run, "it gives more than %zu bytes",
		    run->bytes_max);
	}
	return kyi_tv_take(run, &out, result);
}
