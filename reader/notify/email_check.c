/* SPDX-License-Identifier: MIT */
/* What a receiver of mails says: addresses, headers, words in place of ours. */
#include <string.h>
#include <strings.h>

#include "reader/notify/body.h"
#include "reader/notify/mail.h"
#include "reader/notify/send.h"

#define TO_MAX 50u

/* Those that we write ourselves are not to be written twice. */
static int
header_check(const struct kymo_templates *templates,
    const struct kymo_label *header, struct kymo_error *error)
{
	static const char *const ours[] = {"From", "To", "Date", "Message-ID",
	    "In-Reply-To", "References", "Auto-Submitted", "MIME-Version",
	    "Content-Type", "Content-Transfer-Encoding", "Bcc"};
	size_t i;

	if (!kyi_header_name_is(header->key))
		return kymo_error_set(error, "letters, digits and - make a "
		    "name");
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcasecmp(header->key, ours[i]) == 0)
			return kymo_error_set(error, "kymo writes it itself; "
			    "leave it out");
	return kyi_template_try(templates, header->value, KYMO_TEMPLATE_TEXT,
	    error);
}

/* Words in place of ours: text and html. */
static int
texts_check(const struct kymo_receiver *receiver, struct kymo_error *error)
{
	uint32_t i;

	for (i = 0; i < receiver->text_cnt; i++) {
		const struct kymo_label *text = &receiver->texts[i];
		struct kymo_error why = {""};

		if (strcmp(text->key, "html") != 0 &&
		    strcmp(text->key, "text") != 0)
			return kymo_error_set(error, "receiver %s: a mail has "
			    "no %s", receiver->name, text->key);
		if (kyi_template_try(receiver->templates, text->value,
		    KYMO_TEMPLATE_TEXT, &why) < 0)
			return kymo_error_set(error, "receiver %s: %s: %s",
			    receiver->name, text->key, why.text);
	}
	return 0;
}

int
kyi_email_check(const struct kymo_receiver *receiver, struct kymo_error *error)
{
	const char *name = receiver->name, *host = receiver->smarthost;
	struct kyi_mailbox box;
	struct kymo_error why;
	uint32_t i;

	if (host == NULL || receiver->from == NULL || receiver->to_cnt == 0)
		return kymo_error_set(error, "receiver %s: mail needs a "
		    "smarthost, from and to", name);
	if (receiver->to_cnt > TO_MAX)
		return kymo_error_set(error, "receiver %s: more than %u "
		    "addresses", name, TO_MAX);
	if (strpbrk(host, "/@ \t\r\n?#") != NULL)
		return kymo_error_set(error, "receiver %s: the smarthost is "
		    "host or host:port", name);
	if (receiver->mail_tls == KYMO_MAIL_PLAIN && receiver->user != NULL)
		return kymo_error_set(error, "receiver %s: a password goes "
		    "only over TLS", name);
	if (receiver->hello != NULL && (receiver->hello[0] == '\0' ||
	    strspn(receiver->hello, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-[]:") !=
	    strlen(receiver->hello)))
		return kymo_error_set(error, "receiver %s: hello is the name "
		    "of a host", name);
	for (i = 0; i < receiver->header_cnt; i++)
		if (header_check(receiver->templates,
		    &receiver->headers[i], &why) != 0)
			return kymo_error_set(error, "receiver %s: the header "
			    "%s: %s", name, receiver->headers[i].key, why.text);
	if (texts_check(receiver, error) != 0)
		return -1;
	if (kyi_mailbox_parse(&box, receiver->from, &why) != 0)
		return kymo_error_set(error, "receiver %s: from: %s", name,
		    why.text);
	for (i = 0; i < receiver->to_cnt; i++)
		if (kyi_mailbox_parse(&box, receiver->to[i], &why) != 0)
			return kymo_error_set(error, "receiver %s: to: %s",
			    name, why.text);
	return 0;
}
