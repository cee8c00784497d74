/* SPDX-License-Identifier: MIT */
/* The table of alerts, by the hash of their labels: places are in the order of
   hashes, so that a walk goes on where it was, also when the table has grown
   meanwhile. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/state.h"

#define PLACES_LOG2 12u /* at the begin */

/* ---- the table ------------------------------------------------------------ */

int
kyi_alerts_table_new(struct kymo_alerts *alerts)
{
	alerts->bucket_cnt = 1u << PLACES_LOG2;
	alerts->bucket_shift = 64 - PLACES_LOG2;
	alerts->alerts = calloc(alerts->bucket_cnt, sizeof(*alerts->alerts));
	return alerts->alerts == NULL ? -1 : 0;
}

static struct kyi_alerted **
place_of(const struct kymo_alerts *alerts, const struct kymo_labels *labels)
{
	return &alerts->alerts[labels->hash >> alerts->bucket_shift];
}

/* Without memory it stays as it is, which is only slower. */
static void
grow(struct kymo_alerts *alerts)
{
	struct kyi_alerted **before = alerts->alerts, *alert, **at;
	struct kyi_alerted **more = calloc((size_t)alerts->bucket_cnt * 2,
	    sizeof(*more));
	uint32_t i, cnt = alerts->bucket_cnt;

	if (more == NULL)
		return;
	alerts->alerts = more;
	alerts->bucket_cnt *= 2;
	alerts->bucket_shift--;
	for (i = 0; i < cnt; i++)
		while ((alert = before[i]) != NULL) {
			before[i] = alert->next;
			at = place_of(alerts, alert->labels);
			alert->next = *at;
			*at = alert;
		}
	free(before);
}

struct kyi_alerted *
kyi_alerted_find(const struct kymo_alerts *alerts,
    const struct kymo_labels *labels)
{
	struct kyi_alerted *alert = *place_of(alerts, labels);

	while (alert != NULL && !kymo_labels_equal(alert->labels, labels))
		alert = alert->next;
	return alert;
}

struct kyi_alerted *
kyi_alerted_new(struct kymo_alerts *alerts, struct kymo_labels *labels)
{
	struct kyi_alerted *alert = labels == NULL ? NULL :
	    calloc(1, sizeof(*alert));
	struct kyi_alerted **at;

	if (alert == NULL) {
		free(labels);
		return NULL;
	}
	if (alerts->alert_cnt >= alerts->bucket_cnt)
		grow(alerts);
	alert->labels = labels;
	at = place_of(alerts, labels);
	alert->next = *at;
	*at = alert;
	alerts->alert_cnt++;
	return alert;
}

int
kymo_alerts_walk(const struct kymo_alerts *alerts, uint64_t *at,
    int (*each)(void *to, const struct kymo_alert_view *view), void *to)
{
	uint32_t i = (uint32_t)(*at >> alerts->bucket_shift);
	const struct kyi_alerted *alert;
	bool stops = false;

	for (; i < alerts->bucket_cnt && !stops; i++)
		for (alert = alerts->alerts[i]; alert != NULL;
		    alert = alert->next) {
			const struct kymo_alert_view view =
			    kyi_alerted_view(alert);

			stops |= each(to, &view) != 0;
		}
	if (i == alerts->bucket_cnt)
		return 0;
	*at = (uint64_t)i << alerts->bucket_shift;
	return 1;
}

/* ---- one of them ---------------------------------------------------------- */

int
kyi_alerted_annotate(struct kyi_alerted *alert,
    const struct kymo_label *annotations, uint32_t cnt)
{
	size_t text_bytes = 0;
	struct kymo_label *made;
	uint32_t i;
	char *text;

	for (i = 0; i < cnt && i < alert->annotation_cnt &&
	    strcmp(alert->annotations[i].key, annotations[i].key) == 0 &&
	    strcmp(alert->annotations[i].value, annotations[i].value) == 0; )
		i++;
	if (i == cnt && cnt == alert->annotation_cnt)
		return 0;
	for (i = 0; i < cnt; i++)
		text_bytes += strlen(annotations[i].key) +
		    strlen(annotations[i].value) + 2;
	made = malloc(cnt * sizeof(*made) + text_bytes + 1);
	if (made == NULL)
		return -1;
	text = (char *)(made + cnt);
	for (i = 0; i < cnt; i++) {
		made[i].key = text;
		text = stpcpy(text, annotations[i].key) + 1;
		made[i].value = text;
		text = stpcpy(text, annotations[i].value) + 1;
	}
	free(alert->annotations);
	alert->annotations = made;
	alert->annotation_cnt = cnt;
	return 0;
}

void
kyi_alerted_delete(struct kyi_alerted *alert)
{
	uint32_t i;

	for (i = 0; i < KYI_DECISIONS_MAX; i++)
		free(alert->decisions[i].text);
	free(alert->annotations);
	free(alert->labels);
	free(alert->groups);
	free(alert->ack_who);
	free(alert->ack_comment);
	free(alert);
}

void
kyi_alerts_gone(struct kymo_alerts *alerts, char kind, const char *key)
{
	struct kyi_gone *gone;

	if (alerts->options.store == NULL)
		return;
	/* Without memory a row stays that nobody asks for; it goes when it is
	   loaded and sweeping comes to it again. */
	gone = calloc(1, sizeof(*gone));
	if (gone == NULL)
		return;
	gone->kind = kind;
	gone->key = strdup(key);
	gone->next = alerts->gone;
	alerts->gone = gone;
}
