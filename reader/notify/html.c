/* SPDX-License-Identifier: MIT */
#include "reader/notify/html.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* What Go writes in place of what could do harm. */
#define UNSAFE "ZgotmplZ"

/* ---- where we are ------------------------------------------------------------------- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static void
name_add(struct kyi_html *html, char c)
{
	if (html->name_bytes + 1 < sizeof(html->name)) {
		html->name[html->name_bytes++] =
		    (char)tolower((unsigned char)c);
		html->name[html->name_bytes] = '\0';
	}
}

static void
name_begin(struct kyi_html *html, enum kyi_html_state state)
{
	html->state = state;
	html->name_bytes = 0;
	html->name[0] = '\0';
}

/* What an attribute of this name holds. Names that speak of a URL are taken for
   one, whatever they are. */
static enum kyi_html_kind
kind_of(const char *name)
{
	static const char *const urls[] = { "action", "archive", "background",
	    "cite", "classid", "codebase", "data", "formaction", "href",
	    "icon", "longdesc", "manifest", "poster", "profile", "src",
	    "usemap", "xmlns" };
	const char *colon = strchr(name, ':');
	size_t i;

	/* Without its namespace: xlink:href is one, too. */
	if (strncmp(name, "data-", 5) == 0)
		name += 5;
	else if (strncmp(name, "xmlns:", 6) == 0)
		return KYI_HTML_URL;
	else if (colon != NULL)
		name = colon + 1;
	if (strcmp(name, "style") == 0)
		return KYI_HTML_STYLE;
	if (strncmp(name, "on", 2) == 0 || strcmp(name, "srcdoc") == 0 ||
	    strcmp(name, "srcset") == 0)
		return KYI_HTML_SCRIPT;
	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (strcmp(name, urls[i]) == 0)
			return KYI_HTML_URL;
	return strstr(name, "src") != NULL || strstr(name, "uri") != NULL ||
	    strstr(name, "url") != NULL ? KYI_HTML_URL : KYI_HTML_PLAIN;
}

static void
tag_end(struct kyi_html *html)
{
	html->state = KYI_HTML_TEXT;
	html->closes = false;
}

/* The name of a tag is whole. */
static void
tag_named(struct kyi_html *html)
{
	if (!html->closes && (strcmp(html->name, "script") == 0 ||
	    strcmp(html->name, "style") == 0))
		memcpy(html->raw, html->name, html->name_bytes + 1);
	else if (html->closes && strcmp(html->name, html->raw) == 0)
		html->raw[0] = '\0';
	name_begin(html, KYI_HTML_TAG);
}

static void
value_begin(struct kyi_html *html, char quote)
{
	html->state = KYI_HTML_VALUE;
	html->quote = quote;
	html->kind = kind_of(html->name);
	html->url_begun = html->url_query = false;
}

/* Within a value, of the template's own text. */
static void
value_step(struct kyi_html *html, char c)
{
	if (html->quote != '\0' ? c == html->quote : is_space(c) || c == '>') {
		name_begin(html, KYI_HTML_TAG);
		if (c == '>')
			tag_end(html);
		return;
	}
	html->url_query |= c == '?' || c == '#';
	html->url_begun |= !is_space(c);
}

static void
tag_step(struct kyi_html *html, char c)
{
	switch (html->state) {
	case KYI_HTML_TAG_NAME:
		if (isalnum((unsigned char)c) || c == '-' || c == ':')
			name_add(html, c);
		else
			tag_named(html);
		break;
	case KYI_HTML_TAG:
	case KYI_HTML_AFTER_NAME:
		if (c == '=' && html->state == KYI_HTML_AFTER_NAME) {
			html->state = KYI_HTML_BEFORE_VALUE;
			return;
		}
		if (is_space(c) || c == '/' || c == '>')
			break;
		name_begin(html, KYI_HTML_NAME);
		name_add(html, c);
		return;
	case KYI_HTML_NAME:
		if (c == '=')
			html->state = KYI_HTML_BEFORE_VALUE;
		else if (is_space(c))
			html->state = KYI_HTML_AFTER_NAME;
		else if (c != '>' && c != '/')
			name_add(html, c);
		break;
	case KYI_HTML_BEFORE_VALUE:
		if (c == '"' || c == '\'')
			value_begin(html, c);
		else if (!is_space(c) && c != '>') {
			value_begin(html, '\0');
			value_step(html, c);
		}
		break;
	default:
		break;
	}
	if (c == '>' && html->state != KYI_HTML_VALUE)
		tag_end(html);
}

/* What begins with < of the template's own text; bytes of it. */
static size_t
text_begin(struct kyi_html *html, const char *at, size_t left_bytes)
{
	size_t raw_bytes = strlen(html->raw);

	if (raw_bytes > 0 && (left_bytes < raw_bytes + 2 || at[1] != '/' ||
	    strncasecmp(at + 2, html->raw, raw_bytes) != 0))
		return 1;
	if (left_bytes >= 4 && memcmp(at, "<!--", 4) == 0) {
		html->state = KYI_HTML_COMMENT;
		return 4;
	}
	if (left_bytes >= 2 && at[1] == '!') {
		html->state = KYI_HTML_DECLARATION;
		return 2;
	}
	html->closes = left_bytes >= 2 && at[1] == '/';
	if (left_bytes < 2u + html->closes ||
	    !isalpha((unsigned char)at[1 + html->closes]))
		return 1;
	name_begin(html, KYI_HTML_TAG_NAME);
	return 1u + html->closes;
}

/* Goes through own text; comments are left out, as they were for whoever wrote
   the template. */
static void
own_write(struct kyi_html *html, struct kymo_buffer *out, const char *text,
    size_t len_bytes)
{
	size_t i = 0, took;

	while (i < len_bytes) {
		took = 1;
		if (html->state == KYI_HTML_COMMENT) {
			if (len_bytes - i >= 3 &&
			    memcmp(text + i, "-->", 3) == 0) {
				html->state = KYI_HTML_TEXT;
				took = 3;
			}
			i += took;
			continue;
		}
		if (html->state == KYI_HTML_TEXT && text[i] == '<') {
			took = text_begin(html, text + i, len_bytes - i);
			if (html->state == KYI_HTML_TEXT &&
			    html->raw[0] == '\0')
				kymo_buffer_str(out, "&lt;");
			if (html->state == KYI_HTML_COMMENT ||
			    (html->state == KYI_HTML_TEXT &&
			    html->raw[0] == '\0')) {
				i += took;
				continue;
			}
		} else if (html->state == KYI_HTML_VALUE) {
			value_step(html, text[i]);
		} else if (html->state == KYI_HTML_DECLARATION) {
			if (text[i] == '>')
				html->state = KYI_HTML_TEXT;
		} else if (html->state != KYI_HTML_TEXT) {
			tag_step(html, text[i]);
		}
		kymo_buffer_add(out, text + i, took);
		i += took;
	}
}

/* ---- escaping ----------------------------------------------------------------------- */

/* Of text and of values. bare: nothing ends a value that has no quotes. Go's
   function html leaves a plus alone, its pages do not. */
static void
text_escape(struct kymo_buffer *out, const char *text, size_t len_bytes,
    bool bare, bool keep_entities, bool keep_plus)
{
	size_t i;

	for (i = 0; i < len_bytes; i++)
		switch (text[i]) {
		case '\0': kymo_buffer_str(out, "\xef\xbf\xbd"); break;
		case '"': kymo_buffer_str(out, "&#34;"); break;
		case '\'': kymo_buffer_str(out, "&#39;"); break;
		case '+': kymo_buffer_str(out, keep_plus ? "+" : "&#43;"); break;
		case '<': kymo_buffer_str(out, "&lt;"); break;
		case '>': kymo_buffer_str(out, "&gt;"); break;
		case '&':
			kymo_buffer_str(out, keep_entities ? "&" : "&amp;");
			break;
		default:
			if (bare && (is_space(text[i]) || text[i] == '\v' ||
			    text[i] == '=' || text[i] == '`'))
				kymo_buffer_printf(out, "&#%d;", text[i]);
			else
				kymo_buffer_char(out, text[i]);
			break;
		}
}

static bool
is_hex_pair(const char *at, size_t left_bytes)
{
	return left_bytes >= 3 && isxdigit((unsigned char)at[1]) &&
	    isxdigit((unsigned char)at[2]);
}

/* whole: what divides a URL stays as it is; else it is a part of one. */
static void
url_escape(struct kymo_buffer *out, const char *text, size_t len_bytes,
    bool whole)
{
	size_t i;

	for (i = 0; i < len_bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x80 && isalnum(c)) || (c != '\0' &&
		    (strchr("-._~", c) != NULL || (whole &&
		    strchr("!#$&*+,/:;=?@[]", c) != NULL))) || (whole &&
		    c == '%' && is_hex_pair(text + i, len_bytes - i)))
			kymo_buffer_char(out, (char)c);
		else
			kymo_buffer_printf(out, "%%%02x", c);
	}
}

/* http, https, mailto, or no scheme at all. */
static bool
is_url_safe(const char *text, size_t len_bytes)
{
	static const char *const schemes[] = { "http", "https", "mailto" };
	const char *colon = memchr(text, ':', len_bytes);
	size_t scheme_bytes, i;

	if (colon == NULL)
		return true;
	scheme_bytes = (size_t)(colon - text);
	if (memchr(text, '/', scheme_bytes) != NULL)
		return true;
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strlen(schemes[i]) == scheme_bytes &&
		    strncasecmp(schemes[i], text, scheme_bytes) == 0)
			return true;
	return false;
}

/* One value of a style: nothing in it ends one, or is a function. */
static bool
is_style_safe(const char *text, size_t len_bytes)
{
	struct kymo_buffer letters = {0};
	bool safe = true;
	size_t i;

	kymo_buffer_str(&letters, "");
	for (i = 0; i < len_bytes && safe; i++) {
		char c = text[i];

		safe = c != '\0' && strchr("\"'()/;@[\\]`{}<>", c) == NULL &&
		    (c != '-' || i == 0 || text[i - 1] != '-');
		if (isalnum((unsigned char)c) || c == '_')
			kymo_buffer_char(&letters,
			    (char)tolower((unsigned char)c));
	}
	safe = safe && !letters.failed &&
	    strstr(letters.at, "expression") == NULL &&
	    strstr(letters.at, "mozbinding") == NULL;
	kymo_buffer_free(&letters);
	return safe;
}

static void
attribute_write(struct kyi_html *html, struct kymo_buffer *out,
    const char *text, size_t len_bytes, enum kyi_template_from from)
{
	bool bare = html->quote == '\0', safe = from == KYI_FROM_SAFE;
	struct kymo_buffer url = {0};

	if (html->kind == KYI_HTML_STYLE &&
	    !is_style_safe(text, len_bytes)) {
		kymo_buffer_str(out, UNSAFE);
		return;
	}
	if (html->kind != KYI_HTML_URL) {
		text_escape(out, text, len_bytes, bare, safe,
		    from == KYI_FROM_ENTITIES);
		return;
	}
	if (!html->url_begun && !html->url_query &&
	    !is_url_safe(text, len_bytes)) {
		kymo_buffer_str(out, "#" UNSAFE);
		return;
	}
	kymo_buffer_str(&url, "");
	url_escape(&url, text, len_bytes, !html->url_query);
	out->failed |= url.failed;
	if (!url.failed)
		text_escape(out, url.at, url.len_bytes, bare, false, false);
	kymo_buffer_free(&url);
}

/* Between tags; within style, it is a part of that. */
static const char *
content_write(const struct kyi_html *html, struct kymo_buffer *out,
    const char *text, size_t len_bytes, enum kyi_template_from from)
{
	if (strcmp(html->raw, "script") == 0)
		return "a value within a script: put it elsewhere";
	if (html->raw[0] != '\0' && !is_style_safe(text, len_bytes))
		kymo_buffer_str(out, UNSAFE);
	else if (from == KYI_FROM_SAFE || html->raw[0] != '\0')
		kymo_buffer_add(out, text, len_bytes);
	else
		text_escape(out, text, len_bytes, false, false,
		    from == KYI_FROM_ENTITIES);
	return NULL;
}

/* A part of a URL's query, which the template says it is: nothing of a URL is
   left in it to look at. */
static const char *
query_write(const struct kyi_html *html, struct kymo_buffer *out,
    const char *text, size_t len_bytes)
{
	struct kymo_buffer query = {0};
	size_t i;

	if (html->state != KYI_HTML_TEXT && html->state != KYI_HTML_VALUE)
		return "a value within a tag: it can stand in text and in the "
		    "values of attributes";
	kymo_buffer_str(&query, "");
	for (i = 0; i < len_bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == ' ')
			kymo_buffer_char(&query, '+');
		else if (c < 0x80 && (isalnum(c) ||
		    (c != '\0' && strchr("-._~", c) != NULL)))
			kymo_buffer_char(&query, (char)c);
		else
			kymo_buffer_printf(&query, "%%%02X", c);
	}
	out->failed |= query.failed;
	if (!query.failed)
		text_escape(out, query.at, query.len_bytes,
		    html->state == KYI_HTML_VALUE && html->quote == '\0',
		    false, false);
	kymo_buffer_free(&query);
	return NULL;
}

const char *
kyi_html_write(void *of, struct kymo_buffer *out, const char *text,
    size_t len_bytes, enum kyi_template_from from)
{
	struct kyi_html *html = of;

	if (from == KYI_FROM_TEXT) {
		own_write(html, out, text, len_bytes);
		return NULL;
	}
	if (from == KYI_FROM_QUERY)
		return query_write(html, out, text, len_bytes);
	switch (html->state) {
	case KYI_HTML_COMMENT:
		return NULL;
	case KYI_HTML_TEXT:
		return content_write(html, out, text, len_bytes, from);
	case KYI_HTML_BEFORE_VALUE:
		value_begin(html, '\0');
		break;
	case KYI_HTML_VALUE:
		break;
	default:
		return "a value within a tag: it can stand in text and in the "
		    "values of attributes";
	}
	if (html->kind == KYI_HTML_SCRIPT)
		return "a value in an attribute that is a program, or a list "
		    "of sources";
	attribute_write(html, out, text, len_bytes, from);
	return NULL;
}
