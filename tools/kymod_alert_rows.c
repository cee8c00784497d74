/* SPDX-License-Identifier: MIT */
/* An engine's store in the outbox' transactions. */
#include "tools/kymod_alerting.h"

static int
store_begin(void *of, struct kymo_error *error)
{
	return kymo_outbox_begin(((struct kyi_alert_rows *)of)->outbox, error);
}

static int
store_commit(void *of, struct kymo_error *error)
{
	return kymo_outbox_commit(((struct kyi_alert_rows *)of)->outbox, error);
}

static void
store_rollback(void *of)
{
	kymo_outbox_rollback(((struct kyi_alert_rows *)of)->outbox);
}

static int
store_put(void *of, char kind, const char *key, const char *text,
    struct kymo_error *error)
{
	const struct kymo_alerts_store *table = &((struct kyi_alert_rows *)of)->of;

	return table->put(table->of, kind, key, text, error);
}

static int
store_load(void *of, int (*each)(void *to, char kind, const char *key,
    const char *text), void *to, struct kymo_error *error)
{
	const struct kymo_alerts_store *table = &((struct kyi_alert_rows *)of)->of;

	return table->load(table->of, each, to, error);
}

int
kyi_alert_rows_open(struct kyi_alert_rows *rows, const char *path,
    struct kymo_error *error)
{
	struct kymo_outbox_options options = {.path = path};

	if (!rows->outbox && kymo_outbox_open(&rows->outbox, &options,
		error) != 0)
		return -1;
	if (!rows->has_of && kymo_alerts_store_on(&rows->of,
		kymo_outbox_db(rows->outbox), error) != 0)
		return -1;
	rows->has_of = true;
	rows->store = (struct kymo_alerts_store){rows, store_begin,
	    store_commit, store_rollback, store_put, store_load};
	return 0;
}

void
kyi_alert_rows_close(struct kyi_alert_rows *rows)
{
	if (rows->has_of)
		kymo_alerts_store_close(&rows->of);
	if (rows->outbox)
		kymo_outbox_close(rows->outbox);
}
