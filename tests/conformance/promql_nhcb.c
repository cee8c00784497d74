/* SPDX-License-Identifier: MIT */
/* Native histograms with custom buckets, made of classic ones: NAME_bucket{le},
   NAME_sum, NAME_count become NAME, its bounds the finite le's. */
#include "tests/conformance/promql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MAX 256u

struct classic {
	struct kymo_labels *labels; /* of the native one */
	const struct kyi_notation *count, *sum;
	struct {
		double le;
		const struct kyi_notation *series;
	} bucket[BUCKETS_MAX];
	uint32_t bucket_cnt;
};

static const char suffixes[][8] = { "_bucket", "_sum", "_count" };

/* Which suffix the name has; -1: none. base is the name without. */
static int
suffix_of(const char *name, char *base, size_t size_bytes)
{
	size_t len = strlen(name);

	for (int i = 0; i < 3; i++) {
		size_t suffix_len = strlen(suffixes[i]);

		if (len <= suffix_len || len >= size_bytes ||
		    strcmp(name + len - suffix_len, suffixes[i]) != 0)
			continue;
		memcpy(base, name, len - suffix_len);
		base[len - suffix_len] = '\0';
		return i;
	}
	return -1;
}

static struct kymo_labels *
native_labels(const struct kymo_labels *labels, const char *base)
{
	struct kymo_label label[64];
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < labels->cnt && cnt < 64; i++) {
		if (strcmp(labels->at[i].key, "le") == 0)
			continue;
		label[cnt] = labels->at[i];
		if (strcmp(label[cnt].key, KYMO_NAME_LABEL) == 0)
			label[cnt].value = base;
		cnt++;
	}
	return kymo_labels_make(label, cnt);
}

static struct classic *
classic_of(struct classic *classics, uint32_t *cnt, struct kymo_labels *labels)
{
	for (uint32_t i = 0; i < *cnt; i++) {
		if (!kymo_labels_equal(classics[i].labels, labels))
			continue;
		free(labels);
		return &classics[i];
	}
	memset(&classics[*cnt], 0, sizeof classics[*cnt]);
	classics[*cnt].labels = labels;
	return &classics[(*cnt)++];
}

/* Sorted by le. */
static void
put_bucket(struct classic *classic, double le,
    const struct kyi_notation *series)
{
	uint32_t at = classic->bucket_cnt;

	if (at == BUCKETS_MAX)
		return;
	for (; at > 0 && classic->bucket[at - 1].le > le; at--)
		classic->bucket[at] = classic->bucket[at - 1];
	classic->bucket[at].le = le;
	classic->bucket[at].series = series;
	classic->bucket_cnt++;
}

static void
sort_out(struct classic *classics, uint32_t *cnt,
    const struct kyi_notation *series)
{
	struct classic *classic;
	const char *le, *end;
	char base[256];
	double bound;
	int suffix = suffix_of(kymo_labels_get(series->labels,
	    KYMO_NAME_LABEL), base, sizeof base);

	if (suffix < 0)
		return;
	le = kymo_labels_get(series->labels, "le");
	if (suffix == 0 && (!kyi_notation_number(le, &end, &bound) ||
	    *end != '\0'))
		return;
	classic = classic_of(classics, cnt, native_labels(series->labels,
	    base));
	if (suffix == 0)
		put_bucket(classic, bound, series);
	else if (suffix == 1)
		classic->sum = series;
	else
		classic->count = series;
}

static bool
value_at(const struct kyi_notation *series, uint32_t i, double *value)
{
	if (series == NULL || i >= series->cnt || !series->points[i].present ||
	    kymo_is_stale(series->points[i].value))
		return false;
	*value = series->points[i].value;
	return true;
}

/* The histogram at step i; false: there is nothing. */
static bool
convert(struct kyi_arena *arena, const struct classic *classic, uint32_t i,
    struct kymo_native_hist *hist)
{
	double *bounds = kyi_arena_array(arena, BUCKETS_MAX + 1, sizeof *bounds);
	double *counts = kyi_arena_array(arena, BUCKETS_MAX + 1, sizeof *counts);
	bool any = false, has_count, inf = false;
	double below = 0, upto;

	*hist = (struct kymo_native_hist){ .schema = KYMO_SCHEMA_CUSTOM,
	    .bounds = bounds, .pos.count = counts };
	for (uint32_t k = 0; k < classic->bucket_cnt; k++) {
		if (!value_at(classic->bucket[k].series, i, &upto))
			continue;
		any = true;
		counts[hist->pos.cnt++] = upto - below;
		below = upto;
		if (isinf(classic->bucket[k].le))
			inf = true;
		else
			bounds[hist->bound_cnt++] = classic->bucket[k].le;
	}
	has_count = value_at(classic->count, i, &hist->count);
	any = value_at(classic->sum, i, &hist->sum) || has_count || any;
	if (!has_count)
		hist->count = below;
	if (!inf)
		counts[hist->pos.cnt++] = hist->count - below;
	return any;
}

int
nhcb_load(struct kymo_table *table, struct kyi_arena *arena,
    const struct kyi_notation *series, uint32_t cnt, int64_t step_ms,
    struct why *why)
{
	struct classic *classics = kyi_arena_array(arena, cnt,
	    sizeof *classics);
	uint32_t classic_cnt = 0, longest = 0;
	int result = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		sort_out(classics, &classic_cnt, &series[i]);
		if (series[i].cnt > longest)
			longest = series[i].cnt;
	}
	for (uint32_t i = 0; i < classic_cnt; i++) {
		for (uint32_t k = 0; k < longest; k++) {
			struct kymo_native_hist hist;

			if (convert(arena, &classics[i], k, &hist) &&
			    kymo_table_add(table, classics[i].labels,
			    step_ms * k, 0, &hist) < 0)
				result = why_set(why, "out of memory");
		}
		free(classics[i].labels);
	}
	return result;
}
