/* SPDX-License-Identifier: MIT */
/* Mail: what is written, and by which server it goes. */
#include "reader/notify/send.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "reader/notify/body.h"
#include "reader/notify/chart.h"
#include "reader/notify/mail.h"
#include "reader/notify/message.h"
#include "reader/notify/sign.h"
#include "reader/notify/text.h"
#include "reader/notify/view.h"

#define SUBJECT_BYTES 300u
#define ALERTS_MAX 50u

/* ---- the text -------------------------------------------------------------------------- */

struct writing {
	struct kymo_buffer text, html;
	bool no_html; /* it is not wanted */
};

static void
fact_put(void *to, const char *name, const char *text)
{
	struct writing *writing = to;

	kymo_buffer_printf(&writing->text, "%s: %s\r\n", name, text);
	kymo_buffer_printf(&writing->html, "<tr><th align=\"left\" "
	    "valign=\"top\">%s</th><td>", name);
	kyi_html_put(&writing->html, text);
	kymo_buffer_str(&writing->html, "</td></tr>\n");
}

static void
link_put(void *to, const char *name, const char *url)
{
	struct writing *writing = to;

	kymo_buffer_printf(&writing->text, "%s: %s\r\n", name, url);
	kymo_buffer_str(&writing->html, "<a href=\"");
	kyi_html_put(&writing->html, url);
	kymo_buffer_printf(&writing->html, "\">%s</a> ", name);
}

static void
alerts_write(struct writing *writing, const json_t *message)
{
	const json_t *alerts = json_object_get(message, "alerts");
	size_t cnt = json_array_size(alerts), i;
	struct kymo_buffer line = {0};

	kymo_buffer_str(&writing->html, "<ul>\n");
	for (i = 0; i < cnt && i < ALERTS_MAX; i++) {
		line.len_bytes = 0;
		kyi_view_alert(&line, json_array_get(alerts, i));
		writing->text.failed |= line.failed;
		if (line.failed)
			break;
		kymo_buffer_printf(&writing->text, "- %s\r\n", line.at);
		kymo_buffer_str(&writing->html, "<li>");
		kyi_html_put(&writing->html, line.at);
		kymo_buffer_str(&writing->html, "</li>\n");
	}
	kymo_buffer_str(&writing->html, "</ul>\n");
	if (i < cnt) {
		kymo_buffer_printf(&writing->text, "and %zu more\r\n",
		    cnt - i);
		kymo_buffer_printf(&writing->html, "<p>and %zu more</p>\n",
		    cnt - i);
	}
	kymo_buffer_free(&line);
}

static void
body_write(struct writing *writing, const json_t *message, const char *title,
    const char *id, bool chart)
{
	const json_t *points = json_object_get(json_object_get(message,
	    "kymo"), "points");

	kymo_buffer_printf(&writing->text, "%s\r\n\r\n", title);
	kymo_buffer_str(&writing->html, "<!DOCTYPE html>\n<html><body>\n<h2>");
	kyi_html_put(&writing->html, title);
	kymo_buffer_str(&writing->html, "</h2>\n<table>\n");
	kyi_view_facts(message, fact_put, writing);
	kymo_buffer_str(&writing->html, "</table>\n");
	if (json_array_size(points) > 1) {
		kyi_view_sparkline(&writing->text, points, 60);
		kymo_buffer_str(&writing->text, "\r\n");
	}
	if (chart)
		kymo_buffer_printf(&writing->html, "<p><img alt=\"the last "
		    "minutes\" width=\"600\" height=\"160\" "
		    "src=\"cid:chart.%s\"></p>\n", id);
	kymo_buffer_str(&writing->text, "\r\n");
	alerts_write(writing, message);
	kymo_buffer_str(&writing->text, "\r\n");
	kymo_buffer_str(&writing->html, "<p>");
	kyi_view_links(message, link_put, writing);
	kymo_buffer_str(&writing->html, "</p>\n</body></html>\n");
}

/* What somebody wrote for this could not be said. */
static void
trouble_put(struct writing *writing, const char *trouble)
{
	kymo_buffer_printf(&writing->text, "\r\nkymo's own words, for a "
	    "template failed: %s\r\n", trouble);
	kymo_buffer_str(&writing->html, "<p>kymo's own words, for a template "
	    "failed: ");
	kyi_html_put(&writing->html, trouble);
	kymo_buffer_str(&writing->html, "</p>\n");
}

/* ---- the mail -------------------------------------------------------------------------- */

/* RFC 5322, whatever the locale. */
static void
date_put(struct kymo_buffer *out, int64_t at_ms)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
	    "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr",
	    "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(at_ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL)
		return;
	kymo_buffer_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000"
	    "\r\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* The mail that began the incident; "" where this one does. */
static int
thread_of(const struct kyi_send *send, char id[KYI_LETTER_ID_BYTES],
    struct kymo_error *error)
{
	sqlite3_stmt *row = kyi_outbox_bind(send->outbox, KYI_SQL_THREAD,
	    error, "tt", send->receiver->name, send->letter.group_key);

	id[0] = '\0';
	if (row == NULL)
		return -1;
	if (sqlite3_step(row) == SQLITE_ROW)
		snprintf(id, KYI_LETTER_ID_BYTES, "%s",
		    (const char *)sqlite3_column_text(row, 0));
	kyi_outbox_done(row);
	return 0;
}

static void
addresses_put(struct kymo_buffer *out, const char *name,
    const char *const *texts, uint32_t cnt)
{
	struct kyi_mailbox box;
	uint32_t i;

	kymo_buffer_printf(out, "%s: ", name);
	for (i = 0; i < cnt; i++) {
		if (i > 0)
			kymo_buffer_str(out, ",\r\n ");
		/* check() has seen it. */
		if (kyi_mailbox_parse(&box, texts[i], NULL) == 0)
			kyi_mailbox_put(out, &box);
	}
	kymo_buffer_str(out, "\r\n");
}

/* Headers of the configuration. *title: a Subject among them takes its place.
   Values may be templates; nothing of them can end a header. */
static int
headers_put(const struct kymo_receiver *receiver, const json_t *message,
    struct kymo_buffer *out, const char *title, struct kymo_error *error)
{
	bool subject = false;
	uint32_t i;

	for (i = 0; i < receiver->header_cnt; i++) {
		const struct kymo_label *header = &receiver->headers[i];
		struct kymo_buffer value = {0};
		struct kymo_error why;
		int status = kyi_template_make(receiver->templates,
		    header->value, KYMO_TEMPLATE_TEXT, message, &value, &why);

		if (status == 0)
			kyi_mail_header(out, header->key, value.at == NULL ?
			    "" : value.at);
		else
			kymo_error_set(error, "the header %s: %s", header->key,
			    why.text);
		kymo_buffer_free(&value);
		if (status != 0)
			return -1;
		subject |= strcasecmp(header->key, "Subject") == 0;
	}
	if (!subject)
		kyi_mail_header(out, "Subject", title);
	return 0;
}

static int
head_put(const struct kyi_send *send, const json_t *message,
    struct kymo_buffer *out, const char *title, struct kymo_error *error)
{
	const struct kymo_receiver *receiver = send->receiver;
	const char *id = send->letter.id;
	char thread[KYI_LETTER_ID_BYTES];
	struct kyi_mailbox from;

	if (kyi_mailbox_parse(&from, receiver->from, error) != 0 ||
	    thread_of(send, thread, error) != 0)
		return -1;
	addresses_put(out, "From", &receiver->from, 1);
	addresses_put(out, "To", receiver->to, receiver->to_cnt);
	if (headers_put(receiver, message, out, title, error) != 0)
		return -1;
	date_put(out, send->letter.added_ms);
	kymo_buffer_printf(out, "Message-ID: <%s@%s>\r\n", id, from.domain);
	if (thread[0] != '\0')
		kymo_buffer_printf(out, "In-Reply-To: <%s@%s>\r\n"
		    "References: <%s@%s>\r\n", thread, from.domain, thread,
		    from.domain);
	kymo_buffer_str(out, "Auto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\n");
	return 0;
}

static void
part_put(struct kymo_buffer *out, const char *boundary, const char *head,
    const struct kymo_buffer *bytes)
{
	kymo_buffer_printf(out, "--%s\r\n%sContent-Transfer-Encoding: base64"
	    "\r\n\r\n", boundary, head);
	kyi_base64(out, bytes->at, bytes->len_bytes, true);
}

static void
parts_put(struct kymo_buffer *out, const char *id,
    const struct writing *writing, const struct kymo_buffer *png)
{
	char outer[64], inner[64], head[200];

	/* No line of base64 has an underscore. */
	snprintf(outer, sizeof(outer), "a_%s", id);
	snprintf(inner, sizeof(inner), "r_%s", id);
	kymo_buffer_printf(out, "Content-Type: multipart/alternative;\r\n"
	    " boundary=\"%s\"\r\n\r\n", outer);
	part_put(out, outer, "Content-Type: text/plain; charset=utf-8\r\n",
	    &writing->text);
	if (writing->no_html) {
		/* The text is all of it. */
	} else if (png->len_bytes == 0) {
		part_put(out, outer,
		    "Content-Type: text/html; charset=utf-8\r\n",
		    &writing->html);
	} else {
		kymo_buffer_printf(out, "--%s\r\nContent-Type: "
		    "multipart/related; type=\"text/html\";\r\n"
		    " boundary=\"%s\"\r\n\r\n", outer, inner);
		part_put(out, inner,
		    "Content-Type: text/html; charset=utf-8\r\n",
		    &writing->html);
		snprintf(head, sizeof(head), "Content-Type: image/png\r\n"
		    "Content-ID: <chart.%s>\r\n"
		    "Content-Disposition: inline; filename=chart.png\r\n", id);
		part_put(out, inner, head, png);
		kymo_buffer_printf(out, "--%s--\r\n", inner);
	}
	kymo_buffer_printf(out, "--%s--\r\n", outer);
}

/* What a mail is made of. */
struct pieces {
	struct kymo_buffer title, png;
	struct writing writing;
};

/* Of the receiver's templates, in place of what is there; trouble: which of
   them failed, and why. */
static void
own_words(struct pieces *pieces, const struct kymo_receiver *receiver,
    const json_t *message, struct kymo_error *trouble)
{
	uint32_t i;

	for (i = 0; i < receiver->text_cnt; i++) {
		const struct kymo_label *text = &receiver->texts[i];
		bool html = strcmp(text->key, "html") == 0;
		struct kymo_buffer *to = html ? &pieces->writing.html :
		    &pieces->writing.text, made = {0};
		struct kymo_error why;

		if (kyi_template_make(receiver->templates, text->value, html ?
		    KYMO_TEMPLATE_HTML : KYMO_TEMPLATE_TEXT, message, &made,
		    &why) != 0) {
			kymo_error_set(trouble, "%s: %s", text->key, why.text);
			continue;
		}
		kymo_buffer_free(to);
		*to = made;
		kymo_buffer_str(to, "");
		pieces->writing.no_html |= html && text->value[0] == '\0';
		/* Nothing in a page of theirs shows it. */
		if (html)
			pieces->png.len_bytes = 0;
	}
}

static int
pieces_make(struct pieces *pieces, const struct kymo_receiver *receiver,
    const json_t *message, const char *id)
{
	const json_t *ours = json_object_get(message, "kymo");
	const json_t *threshold = json_object_get(json_array_get(
	    json_object_get(message, "alerts"), 0), "threshold");
	struct kymo_error trouble = {""};
	struct kymo_buffer title = {0};
	bool failed;

	kyi_view_title(&title, message);
	if (!title.failed)
		kyi_text_sound(&pieces->title, title.at, SUBJECT_BYTES);
	failed = title.failed || pieces->title.failed || kyi_chart_png(
	    &pieces->png, json_object_get(ours, "points"),
	    json_is_number(threshold) ? json_number_value(threshold) : NAN) < 0;
	kymo_buffer_free(&title);
	if (failed)
		return -1;
	body_write(&pieces->writing, message, pieces->title.at, id,
	    pieces->png.len_bytes > 0);
	own_words(pieces, receiver, message, &trouble);
	if (trouble.text[0] != '\0')
		trouble_put(&pieces->writing, trouble.text);
	return pieces->writing.text.failed || pieces->writing.html.failed ?
	    -1 : 0;
}

static void
pieces_free(struct pieces *pieces)
{
	kymo_buffer_free(&pieces->title);
	kymo_buffer_free(&pieces->png);
	kymo_buffer_free(&pieces->writing.text);
	kymo_buffer_free(&pieces->writing.html);
}

static int
mail_put(const struct kyi_send *send, const json_t *message,
    struct kymo_buffer *out, struct kymo_error *error)
{
	struct pieces pieces = {0};
	int status = pieces_make(&pieces, send->receiver, message,
	    send->letter.id);

	if (status != 0) {
		kymo_error_set(error, "no memory for a mail");
	} else {
		status = head_put(send, message, out, pieces.title.at, error);
		parts_put(out, send->letter.id, &pieces.writing, &pieces.png);
		if (status == 0 && out->failed)
			status = kymo_error_set(error, "no memory for a mail");
	}
	pieces_free(&pieces);
	return status;
}

int
kyi_email_piece(const struct kymo_receiver *receiver, const char *body,
    const char *id, enum kymo_render what, struct kymo_buffer *out,
    struct kymo_error *error)
{
	json_t *message = json_loads(body, 0, NULL);
	struct pieces pieces = {0};
	const struct kymo_buffer *piece = what == KYMO_RENDER_TEXT ?
	    &pieces.writing.text : what == KYMO_RENDER_HTML ?
	    &pieces.writing.html : &pieces.png;
	int status = message == NULL ? -1 : pieces_make(&pieces, receiver, message,
	    id);

	if (status == 0)
		kymo_buffer_add(out, piece->at, piece->len_bytes);
	json_decref(message);
	pieces_free(&pieces);
	return status == 0 && !out->failed ? 0 : kymo_error_set(error,
	    "no memory for a mail, or no message");
}

static int
payload(const struct kyi_send *send, struct kymo_buffer *out,
    struct kymo_error *error)
{
	json_t *message = json_loads(send->letter.body, 0, NULL);
	int status;

	if (message == NULL)
		return kymo_error_set(error, "no memory for a mail");
	status = mail_put(send, message, out, error);
	json_decref(message);
	return status;
}

/* The first mail of an incident is the root of its thread; the one that says
   that all is over ends it. */
static int
left(struct kymo_outbox *outbox, const struct kyi_send *send,
    struct kymo_error *error)
{
	const struct kyi_letter *letter = &send->letter;

	return letter->firing ? kyi_outbox_run(outbox, KYI_SQL_THREAD_PUT,
	    error, "ttt", send->receiver->name, letter->group_key,
	    letter->id) : kyi_outbox_run(outbox, KYI_SQL_THREAD_END, error,
	    "tt", send->receiver->name, letter->group_key);
}

const struct kyi_channel kyi_channel_email = {
    .check = kyi_email_check, .payload = payload, .setup = kyi_smtp_setup,
    .left = left };
