/* SPDX-License-Identifier: MIT */
#include "reader/notify/heir.h"

#include <string.h>

#include <openssl/evp.h>

#include "reader/notify/secret.h"

#define ADDRESS_BYTES 33 /* half of a SHA-256, in hex, and NUL */

/* An address, with its length before it, so that two texts are never one. */
static void
part_add(struct kymo_buffer *all, const char *text)
{
	kymo_buffer_printf(all, "%zu:", text == NULL ? 0 : strlen(text));
	kymo_buffer_str(all, text == NULL ? "" : text);
}

static bool
secret_add(struct kymo_buffer *all, const struct kymo_secret *of,
    const char *otherwise)
{
	struct kymo_error error;
	char *secret = NULL;

	if (kyi_secret_read(&secret, of, "secret", &error) != 0)
		return false;
	part_add(all, secret != NULL ? secret : otherwise);
	if (secret != NULL)
		kyi_secret_wipe(secret);
	return true;
}

/* Of those that share a URL, as a service's that has many customers, one is told
   from another by who it says it is, or by what it says. */
static bool
apart_add(struct kymo_buffer *all, const struct kymo_receiver *receiver)
{
	uint32_t i;

	part_add(all, receiver->user);
	part_add(all, receiver->body);
	for (i = 0; i < receiver->header_cnt; i++) {
		part_add(all, receiver->headers[i].key);
		part_add(all, receiver->headers[i].value);
	}
	for (i = 0; i < receiver->text_cnt; i++)
		if (strcmp(receiver->texts[i].key, "channel") == 0)
			part_add(all, receiver->texts[i].value);
	return secret_add(all, &receiver->bearer, NULL);
}

/* Much of it may be secret: what is kept is a hash. */
static bool
address_of(const struct kymo_receiver *receiver, char address[ADDRESS_BYTES])
{
	struct kymo_buffer all = {0};
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int hash_bytes = 0;
	bool good;
	uint32_t i;

	kymo_buffer_printf(&all, "%d ", (int)receiver->kind);
	good = secret_add(&all, &receiver->url_secret, receiver->url);
	for (i = 0; i < receiver->url_cnt; i++)
		part_add(&all, receiver->urls[i]);
	part_add(&all, receiver->smarthost);
	for (i = 0; i < receiver->to_cnt; i++)
		part_add(&all, receiver->to[i]);
	good = good && apart_add(&all, receiver) && !all.failed &&
	    EVP_Digest(all.at, all.len_bytes, hash, &hash_bytes, EVP_sha256(),
	    NULL) == 1;
	for (i = 0; good && i < (ADDRESS_BYTES - 1) / 2; i++) {
		address[2 * i] = "0123456789abcdef"[hash[i] >> 4];
		address[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
	}
	address[ADDRESS_BYTES - 1] = '\0';
	if (all.at != NULL)
		memset(all.at, 0, all.len_bytes);
	kymo_buffer_free(&all);
	return good;
}

void
kyi_heir_note(struct kymo_outbox *outbox,
    const struct kymo_receiver *receivers, uint32_t cnt)
{
	char address[ADDRESS_BYTES];
	struct kymo_error error;
	int status = 0;
	uint32_t i;

	if (kymo_outbox_begin(outbox, &error) != 0)
		return;
	for (i = 0; i < cnt && status == 0; i++)
		if (address_of(&receivers[i], address))
			status = kyi_outbox_run(outbox, KYI_SQL_ADDRESS_PUT,
			    &error, "tt", receivers[i].name, address);
	/* One that fails undoes itself. */
	if (status != 0)
		kymo_outbox_rollback(outbox);
	else
		status = kymo_outbox_commit(outbox, &error);
}

const struct kymo_receiver *
kyi_heir_find(struct kymo_outbox *outbox, const char *name,
    const struct kymo_receiver *receivers, uint32_t cnt)
{
	char was[ADDRESS_BYTES] = "", is[ADDRESS_BYTES];
	const struct kymo_receiver *heir = NULL;
	struct kymo_error error;
	sqlite3_stmt *row = kyi_outbox_bind(outbox, KYI_SQL_ADDRESS, &error,
	    "t", name);
	uint32_t i;

	if (row == NULL)
		return NULL;
	if (sqlite3_step(row) == SQLITE_ROW &&
	    sqlite3_column_bytes(row, 0) == ADDRESS_BYTES - 1)
		memcpy(was, sqlite3_column_text(row, 0), ADDRESS_BYTES);
	kyi_outbox_done(row);
	for (i = 0; was[0] != '\0' && i < cnt; i++) {
		if (!address_of(&receivers[i], is) || strcmp(was, is) != 0)
			continue;
		if (heir != NULL)
			return NULL;
		heir = &receivers[i];
	}
	return heir;
}

int
kyi_heir_take(struct kymo_outbox *outbox, const char *name, const char *heir,
    struct kymo_error *error)
{
	int cnt;

	if (kymo_outbox_begin(outbox, error) != 0)
		return -1;
	if (kyi_outbox_run(outbox, KYI_SQL_INHERIT, error, "tt", heir,
	    name) == 0) {
		cnt = sqlite3_changes(outbox->db);
		/* One incident stays one thread of mails. */
		if (kyi_outbox_run(outbox, KYI_SQL_INHERIT_THREAD, error, "tt",
		    heir, name) == 0)
			return kymo_outbox_commit(outbox, error) == 0 ? cnt :
			    -1;
	}
	kymo_outbox_rollback(outbox);
	return -1;
}
