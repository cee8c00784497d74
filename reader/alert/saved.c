/* SPDX-License-Identifier: MIT */
/* Alerts, groups and silences as rows, and back. A field is its length, a
   colon and its bytes, so that any text is one. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/alert/saved.h"
#include "reader/alert/state.h"

/* ---- fields --------------------------------------------------------------- */

static void
put_text(struct kymo_buffer *out, const char *text)
{
	kymo_buffer_printf(out, "%zu:", strlen(text));
	kymo_buffer_str(out, text);
}

static void
put_i64(struct kymo_buffer *out, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, n);
	put_text(out, text);
}

const char *
kyi_row_text(struct kyi_row *row)
{
	size_t len_bytes = 0, digits = strspn(row->at, "0123456789");
	const char *text;

	if (row->failed || digits == 0 || digits > 9 || row->at[digits] != ':')
		goto fail;
	len_bytes = (size_t)strtoul(row->at, NULL, 10);
	row->at += digits + 1;
	if (strnlen(row->at, len_bytes) < len_bytes)
		goto fail;
	text = kyi_arena_text(row->arena, row->at, len_bytes);
	if (text == NULL)
		goto fail;
	row->at += len_bytes;
	return text;
fail:
	row->failed = true;
	return "";
}

int64_t
kyi_row_i64(struct kyi_row *row)
{
	const char *text = kyi_row_text(row);
	char *end;
	int64_t n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (*text == '\0' || *end != '\0' || errno != 0)
		row->failed = true;
	return n;
}

static void
put_labels(struct kymo_buffer *out, const struct kymo_label *labels,
    uint32_t cnt)
{
	uint32_t i;

	put_i64(out, cnt);
	for (i = 0; i < cnt; i++) {
		put_text(out, labels[i].key);
		put_text(out, labels[i].value);
	}
}

#define LABELS_MAX 10000

struct kymo_label *
kyi_row_pairs(struct kyi_row *row, uint32_t *cnt)
{
	int64_t n = kyi_row_i64(row), i;
	struct kymo_label *labels;

	if (n < 0 || n > LABELS_MAX)
		row->failed = true;
	labels = row->failed ? NULL : kyi_arena_array(row->arena, (size_t)n + 1,
	    sizeof(*labels));
	if (labels == NULL) {
		row->failed = true;
		return NULL;
	}
	for (i = 0; i < n; i++) {
		labels[i].key = kyi_row_text(row);
		labels[i].value = kyi_row_text(row);
	}
	*cnt = (uint32_t)n;
	return labels;
}

char *
kyi_alert_labels_key(const struct kymo_labels *labels)
{
	struct kymo_buffer key = {0};

	put_labels(&key, labels->at, labels->cnt);
	return key.failed ? NULL : key.at;
}

struct kymo_labels *
kyi_row_labels(struct kyi_row *row)
{
	uint32_t cnt = 0;
	struct kymo_label *labels = kyi_row_pairs(row, &cnt);

	return row->failed ? NULL : kymo_labels_make(labels, cnt);
}

/* ---- to the store --------------------------------------------------------- */

static void
alert_put(struct kymo_buffer *out, const struct kyi_alerted *alert)
{
	uint32_t cnt = alert->decision_cnt < KYI_DECISIONS_MAX ?
	    alert->decision_cnt : KYI_DECISIONS_MAX, i;
	char value[64];

	put_i64(out, (int64_t)alert->state);
	put_i64(out, alert->active_ms);
	put_i64(out, alert->starts_ms);
	put_i64(out, alert->ends_ms);
	snprintf(value, sizeof(value), "%a", alert->value);
	put_text(out, value);
	put_labels(out, alert->annotations, alert->annotation_cnt);
	put_text(out, alert->ack_who == NULL ? "" : alert->ack_who);
	put_text(out, alert->ack_comment == NULL ? "" : alert->ack_comment);
	put_i64(out, alert->ack_ms);
	put_i64(out, alert->ack_until_ms);
	put_i64(out, cnt);
	for (i = alert->decision_cnt - cnt; i < alert->decision_cnt; i++) {
		put_i64(out, alert->decisions[i % KYI_DECISIONS_MAX].at_ms);
		put_text(out, alert->decisions[i % KYI_DECISIONS_MAX].text);
	}
	put_i64(out, alert->flapping);
	cnt = alert->change_cnt < KYI_CHANGES_MAX ? alert->change_cnt :
	    KYI_CHANGES_MAX;
	put_i64(out, cnt);
	for (i = alert->change_cnt - cnt; i < alert->change_cnt; i++)
		put_i64(out, alert->changes_ms[i % KYI_CHANGES_MAX]);
}

static void
group_put(struct kymo_buffer *out, const struct kyi_group *group)
{
	uint32_t i;

	put_text(out, group->node == NULL ? "" : group->node->key);
	put_labels(out, group->labels->at, group->labels->cnt);
	put_i64(out, group->flush_ms);
	put_i64(out, group->target_cnt);
	for (i = 0; i < group->target_cnt; i++) {
		put_text(out, group->targets[i].to->name);
		put_i64(out, group->targets[i].last_ms);
	}
	put_i64(out, group->member_cnt);
	for (i = 0; i < group->member_cnt; i++) {
		const struct kymo_labels *labels =
		    group->members[i].alert->labels;

		put_labels(out, labels->at, labels->cnt);
		put_i64(out, (int64_t)group->members[i].told);
	}
	put_i64(out, group->step_cnt);
	put_i64(out, group->step_ms);
}

static void
silence_put(struct kymo_buffer *out, const struct kyi_silence *silence)
{
	put_text(out, silence->matchers_text);
	put_i64(out, silence->from_ms);
	put_i64(out, silence->until_ms);
	put_text(out, silence->author);
	put_text(out, silence->comment);
	put_i64(out, silence->updated_ms);
}

static int
row_write(struct kymo_alerts *alerts, char kind, const char *key,
    const struct kymo_buffer *row, struct kymo_error *error)
{
	const struct kymo_alerts_store *store = alerts->options.store;

	if (key == NULL || row->failed)
		return kymo_error_set(error, "no memory for alerts' states");
	return store->put(store->of, kind, key, row->at, error);
}

static int
alerts_write(struct kymo_alerts *alerts, struct kymo_error *error)
{
	struct kyi_alerted *alert;
	int result = 0;
	uint32_t i;

	for (i = 0; i < alerts->bucket_cnt; i++)
		for (alert = alerts->alerts[i]; alert != NULL && result == 0;
		    alert = alert->next) {
			struct kymo_buffer row = {0};
			char *key;

			if (!alert->dirty)
				continue;
			key = kyi_alert_labels_key(alert->labels);
			alert_put(&row, alert);
			result = row_write(alerts, 'a', key, &row, error);
			alert->dirty = false;
			free(key);
			kymo_buffer_free(&row);
		}
	return result;
}

static int
groups_write(struct kymo_alerts *alerts, struct kymo_error *error)
{
	struct kyi_group *group;
	int result = 0;
	uint32_t i;

	for (i = 0; i < alerts->group_bucket_cnt; i++)
		for (group = alerts->groups[i]; group != NULL && result == 0;
		    group = group->next) {
			struct kymo_buffer row = {0};

			if (!group->dirty)
				continue;
			group_put(&row, group);
			result = row_write(alerts, 'g', group->key, &row,
			    error);
			group->dirty = false;
			kymo_buffer_free(&row);
		}
	return result;
}

static int
silences_write(struct kymo_alerts *alerts, struct kymo_error *error)
{
	struct kyi_silence *silence;
	struct kymo_buffer row = {0};
	bool any = false;
	int result = 0;

	for (silence = alerts->silences; silence != NULL && result == 0;
	    silence = silence->next) {
		if (!silence->dirty)
			continue;
		any = true;
		row.len_bytes = 0;
		silence_put(&row, silence);
		result = row_write(alerts, 's', silence->id, &row, error);
		silence->dirty = false;
	}
	if (any && result == 0) {
		row.len_bytes = 0;
		put_i64(&row, (int64_t)alerts->silence_next);
		result = row_write(alerts, 'n', "silence", &row, error);
	}
	kymo_buffer_free(&row);
	return result;
}

int
kyi_alerts_save(struct kymo_alerts *alerts, struct kymo_error *error)
{
	const struct kymo_alerts_store *store = alerts->options.store;
	struct kyi_gone *gone;

	if (store == NULL)
		return 0;
	while ((gone = alerts->gone) != NULL) {
		if (gone->key != NULL && store->put(store->of, gone->kind,
		    gone->key, NULL, error) != 0)
			return -1;
		alerts->gone = gone->next;
		free(gone->key);
		free(gone);
	}
	if (alerts_write(alerts, error) != 0 || groups_write(alerts, error) != 0)
		return -1;
	return silences_write(alerts, error);
}

/* What somebody said is kept before it is answered. */
int
kyi_alerts_save_now(struct kymo_alerts *alerts, struct kymo_error *error)
{
	const struct kymo_alerts_store *store = alerts->options.store;
	struct kymo_error why;

	alerts->touched = true;
	if (store == NULL)
		return 0;
	if (store->begin(store->of, error) == 0) {
		if (kyi_alerts_save(alerts, error) == 0 &&
		    store->commit(store->of, error) == 0)
			return 0;
		store->rollback(store->of);
	}
	/* What is not kept was not said. */
	alerts->reload = kyi_alerts_load(alerts, &why) != 0;
	return -1;
}
