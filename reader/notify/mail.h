/* SPDX-License-Identifier: MIT */
/* The bytes of a mail: nothing that comes from a text can end a header. */
#ifndef KYI_NOTIFY_MAIL_H
#define KYI_NOTIFY_MAIL_H

#include "reader/buffer.h"

/* kyi_mail_header appends "Name: text" and CRLF: controls are spaces, other
   than ASCII is RFC 2047's, lines are folded. */
void kyi_mail_header(struct kymo_buffer *out, const char *name,
    const char *text);

/* An address as configured, "Name <local@domain>" or "local@domain". */
struct kyi_mailbox {
	char name[200];
	char address[255]; /* local@domain; UTF-8 (RFC 6532) may be in it */
	const char *domain; /* in address */
};
KYMO_MUST_CHECK int kyi_mailbox_parse(struct kyi_mailbox *box,
    const char *text, struct kymo_error *error);
/* Appends it as a header has it. */
void kyi_mailbox_put(struct kymo_buffer *out, const struct kyi_mailbox *box);

/* Appends text with & < > " ' escaped, and what no text has as U+FFFD. */
void kyi_html_put(struct kymo_buffer *out, const char *text);

#endif
