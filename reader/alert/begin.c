/* SPDX-License-Identifier: MIT */
/* An engine begins and ends. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/state.h"

#define BUCKETS 4096u

int
kymo_alerts_new(struct kymo_alerts **made,
    const struct kymo_alerts_options *options, struct kymo_error *error)
{
	struct kymo_alerts *alerts = calloc(1, sizeof(*alerts));

	*made = NULL;
	if (alerts == NULL)
		return kymo_error_set(error, "no memory for alerts");
	alerts->options = *options;
	alerts->group_bucket_cnt = BUCKETS;
	alerts->groups = calloc(BUCKETS, sizeof(struct kyi_group *));
	alerts->touched = true;
	alerts->silence_next = 1;
	alerts->silence_gen = 1;
	alerts->switch_ms = calloc((size_t)options->routing->switch_cnt + 1,
	    sizeof(*alerts->switch_ms));
	alerts->silence_places = calloc(KYI_SILENCE_PLACES + 1,
	    sizeof(*alerts->silence_places));
	alerts->opens = calloc(KYI_OPENS, sizeof(*alerts->opens));
	if (kyi_alerts_table_new(alerts) != 0 || alerts->groups == NULL ||
	    alerts->switch_ms == NULL || alerts->opens == NULL ||
	    alerts->silence_places == NULL) {
		kymo_alerts_delete(alerts);
		return kymo_error_set(error, "no memory for alerts");
	}
	if (options->store != NULL && kyi_alerts_load(alerts, error) != 0) {
		kymo_alerts_delete(alerts);
		return -1;
	}
	*made = alerts;
	return 0;
}

void
kyi_alerts_forget(struct kymo_alerts *alerts)
{
	struct kyi_alerted *alert;
	struct kyi_group *group;
	struct kyi_silence *silence;
	struct kyi_gone *gone;
	uint32_t i;

	for (i = 0; alerts->groups != NULL && i < alerts->group_bucket_cnt; i++)
		while ((group = alerts->groups[i]) != NULL) {
			alerts->groups[i] = group->next;
			kyi_group_delete(group);
		}
	for (i = 0; alerts->alerts != NULL && i < alerts->bucket_cnt; i++)
		while ((alert = alerts->alerts[i]) != NULL) {
			alerts->alerts[i] = alert->next;
			kyi_alerted_delete(alert);
		}
	while ((silence = alerts->silences) != NULL) {
		alerts->silences = silence->next;
		kyi_silence_delete(silence);
	}
	while ((gone = alerts->gone) != NULL) {
		alerts->gone = gone->next;
		free(gone->key);
		free(gone);
	}
	alerts->alert_cnt = alerts->group_cnt = alerts->silence_cnt = 0;
}

void
kymo_alerts_delete(struct kymo_alerts *alerts)
{
	if (alerts == NULL)
		return;
	kyi_alerts_forget(alerts);
	free(alerts->alerts);
	free(alerts->groups);
	free(alerts->switch_ms);
	free(alerts->opens);
	free(alerts->silence_places);
	free(alerts);
}
