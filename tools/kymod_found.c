/* SPDX-License-Identifier: MIT */
/* What detection found, as series of the next scan. */
#include "tools/kymod.h"

#include "reader/detect/detectors.h"

static const struct { const char *name, *help; } changes[] = {
	{ "anomaly_change_timestamp_seconds", "Since when a series has "
	    "another level; found within the last day" },
	{ "anomaly_change_before", "Its level before" },
	{ "anomaly_change_after", "Its level since" },
};
#define CHANGES_CNT (sizeof(changes) / sizeof(changes[0]))

void
kyi_found_names(struct kymo_model *model)
{
	kymo_model_ingest(model, "anomaly_score", "", "",
	    KYMO_METRIC_FLOAT_GAUGE, NULL, 0, 0);
	kymo_model_ingest(model, "anomaly_incident", "", "",
	    KYMO_METRIC_GAUGE, NULL, 0, 0);
	for (size_t i = 0; i < CHANGES_CNT; i++)
		kymo_model_ingest(model, changes[i].name, "", "",
		    KYMO_METRIC_FLOAT_GAUGE, NULL, 0, 0);
}

static void
change_ingest(struct kymo_model *model, const struct kymo_changed *changed)
{
	const double values[CHANGES_CNT] = {
		(double)(changed->point.at_ns / 1000000) / 1000,
		changed->point.before, changed->point.after
	};

	for (size_t i = 0; i < CHANGES_CNT; i++)
		kymo_model_ingest(model, changes[i].name, changes[i].help, "",
		    KYMO_METRIC_FLOAT_GAUGE, changed->labels,
		    changed->label_cnt, values[i]);
}

void
kyi_found_ingest(struct kymo_model *model, const struct kymo_anomalies *list)
{
	for (uint32_t i = 0; i < list->cnt; i++)
		kymo_model_ingest(model, "anomaly_score",
		    "How odd a series was at most within the last hour; 1 is "
		    "the budget of false alarms", "", KYMO_METRIC_FLOAT_GAUGE,
		    list->at[i].labels, list->at[i].label_cnt,
		    list->at[i].score);
	for (uint32_t i = 0; i < list->incident_cnt; i++)
		kymo_model_ingest(model, "anomaly_incident",
		    "Series that became odd together; the likely root is first",
		    "", KYMO_METRIC_GAUGE, list->incidents[i].labels,
		    list->incidents[i].label_cnt,
		    list->incidents[i].member_cnt);
	for (uint32_t i = 0; i < list->change_cnt; i++)
		change_ingest(model, &list->changes[i]);
}
