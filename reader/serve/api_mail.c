/* SPDX-License-Identifier: MIT */
#include "reader/serve/api_mail.h"

#include <stdlib.h>
#include <string.h>

#include "reader/export/json.h"
#include "reader/serve/api.h"
#include "reader/serve/api_look.h"
#include "reader/serve/places.h"

void
kyi_mail_entry_put(struct kymo_buffer *out,
    const struct kymo_outbox_entry *entry, bool body)
{
	kymo_buffer_char(out, '{');
	kyi_json_member_str(out, "id", entry->id);
	kyi_json_member_str(out, "to", entry->receiver);
	kyi_json_member_str(out, "state", entry->dead ? "dead" : "waiting");
	kyi_json_member_str(out, "status", entry->firing ? "firing" :
	    "resolved");
	kyi_alerting_time(out, "addedAt", entry->added_ms);
	kyi_json_key(out, "attempts");
	kymo_buffer_u64(out, entry->attempts);
	if (!entry->dead && entry->next_ms != 0)
		kyi_alerting_time(out, "nextAttempt", entry->next_ms);
	if (!entry->dead && entry->deadline_ms != 0)
		kyi_alerting_time(out, "deadline", entry->deadline_ms);
	kyi_json_member_str(out, "why", entry->why);
	if (!entry->dead)
		kyi_json_member_str(out, "receiverWhy", entry->receiver_why);
	if (body) {
		/* JSON, as it was made. */
		kyi_json_key(out, "message");
		kymo_buffer_str(out, entry->body);
	}
	kymo_buffer_char(out, '}');
}

static int
add(struct kyi_mail *mail, uint64_t fingerprint, size_t at, size_t len_bytes)
{
	uint32_t room = mail->room == 0 ? 64 : 2 * mail->room;
	struct kyi_mail_of *of;

	if (mail->cnt == mail->room) {
		of = reallocarray(mail->of, room, sizeof(*of));
		if (of == NULL)
			return -1;
		mail->of = of;
		mail->room = room;
	}
	mail->of[mail->cnt++] = (struct kyi_mail_of){ fingerprint, at,
	    len_bytes };
	return 0;
}

/* The body is ours: within a text the quotes would have backslashes. */
static int
entry_add(void *to, const struct kymo_outbox_entry *entry)
{
	static const char key[] = "\"fingerprint\":";
	struct kyi_mail *mail = to;
	const char *at = entry->body;
	size_t text_at = mail->texts.len_bytes;
	uint64_t fingerprint;
	char *end;

	kyi_mail_entry_put(&mail->texts, entry, false);
	if (mail->texts.failed)
		return 1;
	while ((at = strstr(at, key)) != NULL) {
		at += strlen(key);
		at += strspn(at, " ");
		at += *at == '"';
		fingerprint = strtoull(at, &end, 16);
		if (end - at == 16 && add(mail, fingerprint, text_at,
		    mail->texts.len_bytes - text_at) != 0)
			return 1;
	}
	return 0;
}

static int
by_fingerprint(const void *a, const void *b)
{
	const struct kyi_mail_of *x = a, *y = b;

	if (x->fingerprint != y->fingerprint)
		return x->fingerprint < y->fingerprint ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

/* Nothing that each returns: this look was long enough. */
#define ENOUGH 12345

static int
walk_each(void *to, const struct kymo_outbox_entry *entry)
{
	struct kyi_mail_walk *walk = to;
	int result = walk->each(walk->to, entry);

	walk->after = entry->seq;
	return result == 0 && kyi_look_over(walk->until_ns) ? ENOUGH : result;
}

int
kyi_mail_look(struct kyi_mail_walk *walk, struct kymo_outbox *outbox)
{
	int result = 0;

	walk->until_ns = kyi_serve_now_ns() + KYI_LOOK_NS;
	while (!walk->over) {
		if (outbox != NULL && !(walk->dead ? walk->no_dead :
		    walk->no_waiting))
			result = kymo_outbox_list(outbox, walk->dead,
			    walk->after, walk_each, walk, &walk->error);
		if (result != 0)
			return result == ENOUGH ? 0 : result;
		walk->over = walk->dead;
		walk->dead = true;
		walk->after = 0;
	}
	return 0;
}

static void
look(struct kyi_alerting *alerting)
{
	struct kyi_mail *mail = alerting->of;

	mail->failed = kyi_mail_look(&mail->walk, alerting->with->outbox) != 0;
}

bool
kyi_mail_find(struct kyi_mail *mail, struct kyi_alerting *alerting)
{
	mail->walk.each = entry_add;
	mail->walk.to = mail;
	alerting->of = mail;
	while (!mail->walk.over && !mail->failed)
		if (!kyi_alerting_look(alerting, look))
			return false;
	if (mail->failed) {
		kyi_api_fail(alerting->api, KYI_API_INTERNAL, "%s",
		    mail->walk.error.text[0] == '\0' ? "no memory" :
		    mail->walk.error.text);
		return false;
	}
	if (mail->cnt > 0)
		qsort(mail->of, mail->cnt, sizeof(*mail->of), by_fingerprint);
	return true;
}

void
kyi_mail_put(struct kymo_buffer *out, const struct kyi_mail *mail,
    uint64_t fingerprint)
{
	uint32_t low = 0, high = mail->cnt;
	bool any = false;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (mail->of[mid].fingerprint < fingerprint)
			low = mid + 1;
		else
			high = mid;
	}
	kyi_json_key(out, "messages");
	kymo_buffer_char(out, '[');
	for (; low < mail->cnt && mail->of[low].fingerprint == fingerprint;
	    low++) {
		if (any)
			kymo_buffer_char(out, ',');
		any = true;
		kymo_buffer_add(out, mail->texts.at + mail->of[low].at,
		    mail->of[low].len_bytes);
	}
	kymo_buffer_char(out, ']');
}

void
kyi_mail_free(struct kyi_mail *mail)
{
	free(mail->of);
	kymo_buffer_free(&mail->texts);
}
