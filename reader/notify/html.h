/* SPDX-License-Identifier: MIT */
/* Pages that templates write: each value is escaped for where it stands, as Go's
   html/template does: text, attributes, URLs, styles. */
#ifndef KYI_NOTIFY_HTML_H
#define KYI_NOTIFY_HTML_H

#include "reader/rules/template.h"

enum kyi_html_state {
	KYI_HTML_TEXT,
	KYI_HTML_COMMENT,
	KYI_HTML_TAG,      /* behind its name, between attributes */
	KYI_HTML_TAG_NAME,
	KYI_HTML_NAME,     /* of an attribute */
	KYI_HTML_AFTER_NAME,
	KYI_HTML_BEFORE_VALUE,
	KYI_HTML_VALUE,
	KYI_HTML_DECLARATION /* <!DOCTYPE html> */
};

enum kyi_html_kind { /* of an attribute's value */
	KYI_HTML_PLAIN,
	KYI_HTML_URL,
	KYI_HTML_STYLE,
	KYI_HTML_SCRIPT
};

/* Zeroed: the begin of a page. */
struct kyi_html {
	enum kyi_html_state state;
	enum kyi_html_kind kind;
	char quote; /* of a value; 0: it has none */
	char name[32]; /* of the tag, or of the attribute */
	size_t name_bytes;
	char raw[16]; /* style, script: what stands up to its end is no HTML */
	bool closes; /* the tag is an end */
	bool url_begun, url_query; /* of a URL: behind its begin, behind its ? */
};

/* A kyi_template_data.put; of is a struct kyi_html. */
const char *kyi_html_write(void *of, struct kymo_buffer *out, const char *text,
    size_t len_bytes, enum kyi_template_from from);

#endif
