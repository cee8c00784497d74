/* SPDX-License-Identifier: MIT */
/* What one scan says against the ones before: rates, recent histograms; and
   the end of entries. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

#define RECENT_NS 60000000000ull
/* A gauge whose processes are all gone is forgotten after so many scans, or
   twice as many: that is how often they are looked for. */
#define UNSHOWN_SCANS 16u

/* What a rate is made of; NaN: it has none. */
static double
quantity(const struct kyi_entry *entry)
{
	switch (entry->family->kind) {
	case KYMO_METRIC_COUNTER:
		return (double)entry->sum * entry->family->factor;
	case KYMO_METRIC_FLOAT_COUNTER:
		return kyi_double_of(entry->sum);
	case KYMO_METRIC_HISTOGRAM:
	case KYMO_METRIC_SUMMARY:
		return (double)kymo_hist_count(&entry->hist->sum);
	default:
		return NAN;
	}
}

/* The youngest of those kept that is a minute old or more; NULL: there is none. */
static const struct kymo_hist *
minute_ago(const struct kyi_recent *recent, uint64_t now_mono_ns)
{
	const struct kymo_hist *found = NULL;
	uint32_t i, at;

	for (i = recent->cnt; i > 0; i--) { /* the oldest first */
		at = (recent->next + KYI_RECENT_CNT - i) % KYI_RECENT_CNT;
		if (now_mono_ns - recent->at_mono_ns[at] < RECENT_NS)
			break;
		found = &recent->at[at];
	}
	return found;
}

/* now without then, though processes with other ranges may have come since. */
static int
subtract(struct kymo_hist *to, const struct kymo_hist *now,
    const struct kymo_hist *then)
{
	struct kymo_hist fitted = {0};
	int status;

	if (kymo_hist_sub(to, now, then) == 0)
		return 0;
	status = kyi_hist_fit(&fitted, now, then);
	if (status == 0)
		status = kymo_hist_sub(to, now, &fitted);
	free(fitted.buckets);
	return status;
}

/* Keeps the cumulative histogram every five seconds, and takes the one of a
   minute ago from the one of now. */
static void
recent_step(struct kyi_entry_hist *hist, uint64_t now_mono_ns)
{
	struct kyi_recent *recent = &hist->recent;
	uint32_t newest = (recent->next + KYI_RECENT_CNT - 1) % KYI_RECENT_CNT;
	const struct kymo_hist *then;

	if (recent->cnt == 0 ||
	    now_mono_ns - recent->at_mono_ns[newest] >= KYI_RECENT_STEP_NS) {
		if (kyi_hist_copy(&recent->at[recent->next], &hist->sum) != 0)
			return;
		recent->at_mono_ns[recent->next] = now_mono_ns;
		recent->next = (recent->next + 1) % KYI_RECENT_CNT;
		recent->cnt += recent->cnt < KYI_RECENT_CNT;
	}
	then = minute_ago(recent, now_mono_ns);
	/* Younger than a minute: all that there is. */
	if ((then == NULL || subtract(&hist->lately, &hist->sum, then) != 0) &&
	    kyi_hist_copy(&hist->lately, &hist->sum) != 0)
		return; /* no memory: that of the scan before stands */
}

void
kyi_entry_finish(struct kyi_entry *entry, uint64_t now_mono_ns)
{
	double now = entry->present ? quantity(entry) : NAN;

	entry->rate = NAN;
	if (now_mono_ns > entry->before_mono_ns && now >= entry->before)
		entry->rate = (now - entry->before) * 1e9 /
		    (double)(now_mono_ns - entry->before_mono_ns);
	entry->before = now;
	entry->before_mono_ns = now_mono_ns;
	if (entry->family->kind == KYMO_METRIC_SUMMARY && entry->present)
		recent_step(entry->hist, now_mono_ns);
}

/* ---- the end of entries ----------------------------------------------------------- */

static void
free_hist(struct kyi_entry_hist *hist)
{
	uint32_t i;

	if (hist == NULL)
		return;
	for (i = 0; i < KYI_RECENT_CNT; i++)
		free(hist->recent.at[i].buckets);
	free(hist->sum.buckets);
	free(hist->retired.buckets);
	free(hist->lately.buckets);
	free(hist);
}

void
kyi_entry_free(struct kyi_entry *entry)
{
	free_hist(entry->hist);
	free(entry->text);
	kyi_said_free(entry);
	free(entry->labels);
	free(entry);
}

static void
unhash(struct kyi_entries *entries, struct kyi_entry *entry)
{
	struct kyi_entry **at =
	    &entries->hashed[entry->hash & (entries->hash_room - 1)];

	while (*at != entry)
		at = &(*at)->chain;
	*at = entry->chain;
	entries->cnt--;
}

static void
sweep_family(struct kyi_entries *entries, struct kyi_family_kept *family,
    uint64_t scan)
{
	uint32_t i, kept = 0;

	for (i = 0; i < family->entry_cnt; i++) {
		struct kyi_entry *entry = family->entries[i];

		if (entry->holder_cnt > 0 || entry->has_retired ||
		    scan - entry->scan < UNSHOWN_SCANS) {
			family->entries[kept++] = entry;
			continue;
		}
		unhash(entries, entry);
		entry->chain = entries->buried;
		entries->buried = entry;
	}
	family->entry_cnt = kept;
}

void
kyi_entries_sweep(struct kyi_entries *entries, struct kyi_families *families,
    uint64_t scan, uint64_t oldest_scan)
{
	struct kyi_entry **at = &entries->buried, *entry;
	uint32_t i;

	for (i = 0; scan % UNSHOWN_SCANS == 0 && i < families->cnt; i++)
		sweep_family(entries, families->all[i], scan);
	while ((entry = *at) != NULL) {
		if (entry->shown >= oldest_scan) {
			at = &entry->chain;
			continue;
		}
		*at = entry->chain;
		kyi_entry_free(entry);
	}
}

void
kyi_entries_free(struct kyi_entries *entries, struct kyi_families *families)
{
	uint32_t i, n;

	for (i = 0; i < families->cnt; i++)
		for (n = 0; n < families->all[i]->entry_cnt; n++)
			kyi_entry_free(families->all[i]->entries[n]);
	while (entries->buried != NULL) {
		struct kyi_entry *entry = entries->buried;

		entries->buried = entry->chain;
		kyi_entry_free(entry);
	}
	free(entries->hashed);
}
