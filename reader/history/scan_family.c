/* SPDX-License-Identifier: MIT */
#include "reader/history/scan_family.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/history/scan_hist.h"
#include "reader/number.h"
#include "reader/room.h"
#include "reader/series/value.h"

#define LE_MAX 128u
#define LE_BYTES 40u

static uint32_t
slots(const struct kymo_family_scan *scan)
{
	switch (scan->kind) {
	case KYMO_METRIC_HISTOGRAM: /* le, +Inf, sum, count, native */
		return (scan->le_cnt < LE_MAX ? scan->le_cnt : LE_MAX) + 4;
	case KYMO_METRIC_SUMMARY:
		return KYI_QUANTILE_CNT + 2;
	case KYMO_METRIC_STATE_SET:
		return scan->state_cnt < 64 ? scan->state_cnt : 64;
	case KYMO_METRIC_HEALTH:
		return KYI_CONDITION_CNT;
	default:
		return 1;
	}
}

/* A colon is for recording rules, whose series come by the same door. */
static bool
name_sound(const char *name, bool colon)
{
	size_t i;

	if (name[0] >= '0' && name[0] <= '9')
		return false;
	for (i = 0; name[i] != '\0'; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') ||
		    (name[i] >= 'A' && name[i] <= 'Z') ||
		    (name[i] >= '0' && name[i] <= '9') || name[i] == '_' ||
		    (colon && name[i] == ':')))
			return false;
	return i > 0 && i < KYI_NAME_BYTES - LE_BYTES - sizeof("_bucket");
}

int
kyi_scan_family_init(struct kyi_scan_family *family,
    const struct kymo_family_scan *scan)
{
	*family = (struct kyi_scan_family){
		.name = strdup(scan->name),
		.help = strdup(scan->help == NULL ? "" : scan->help),
		.unit = strdup(scan->unit == NULL ? "" : scan->unit),
		.kind = scan->kind,
		.exponent = scan->exponent,
		.le_first = scan->le_first,
		.le_cnt = scan->le_cnt < LE_MAX ? scan->le_cnt : LE_MAX,
		.state_cnt = scan->state_cnt < 64 ? scan->state_cnt : 64,
		.slot_cnt = slots(scan),
		.native_slot = KYI_NO_SLOT,
		.sound = scan->exponent >= -18 && scan->exponent <= 18 &&
		    name_sound(scan->name, true),
	};
	if (scan->kind == KYMO_METRIC_HISTOGRAM)
		family->native_slot = family->slot_cnt - 1;
	family->states = calloc(family->state_cnt + 1, sizeof(char *));
	if (family->name == NULL || family->help == NULL ||
	    family->unit == NULL || family->states == NULL)
		goto fail;
	for (uint32_t i = 0; i < family->state_cnt; i++)
		if ((family->states[i] = strdup(scan->states[i])) == NULL)
			goto fail;
	return 0;
fail:
	kyi_scan_family_free(family);
	return -1;
}

void
kyi_scan_family_free(struct kyi_scan_family *family)
{
	for (uint32_t i = 0; family->states != NULL && i < family->state_cnt;
	    i++)
		free(family->states[i]);
	free(family->states);
	free(family->name);
	free(family->help);
	free(family->unit);
	memset(family, 0, sizeof *family);
}

bool
kyi_scan_family_same(const struct kyi_scan_family *family,
    const struct kymo_family_scan *scan)
{
	if (strcmp(family->name, scan->name) != 0 ||
	    family->kind != scan->kind || family->exponent != scan->exponent ||
	    family->slot_cnt != slots(scan) ||
	    family->le_first != scan->le_first)
		return false;
	for (uint32_t i = 0; i < family->state_cnt; i++)
		if (strcmp(family->states[i], scan->states[i]) != 0)
			return false;
	return true;
}

bool
kyi_scan_family_sound(const struct kyi_scan_family *family,
    const struct kymo_series *series)
{
	if (!family->sound || !series->value.present ||
	    series->label_cnt > KYI_LABELS_MAX - 3)
		return false;
	switch (family->kind) {
	case KYMO_METRIC_FLOAT_COUNTER: /* never negative, never NaN */
		return series->value.is.f >= 0;
	case KYMO_METRIC_HISTOGRAM:
		return series->value.is.hist.scale <= 16;
	case KYMO_METRIC_TEXT:
		return series->value.is.text != NULL;
	default:
		return true;
	}
}

/* ---- names and labels ------------------------------------------------------------- */

static const char *
suffix_of(const struct kyi_scan_family *family, uint32_t slot)
{
	switch (family->kind) {
	case KYMO_METRIC_COUNTER:
	case KYMO_METRIC_FLOAT_COUNTER:
		return "_total";
	case KYMO_METRIC_INFO:
	case KYMO_METRIC_TEXT:
		return "_info";
	case KYMO_METRIC_SUMMARY:
		return slot < KYI_QUANTILE_CNT ? "" :
		    slot == KYI_QUANTILE_CNT ? "_sum" : "_count";
	case KYMO_METRIC_HISTOGRAM:
		return slot <= family->le_cnt ? "_bucket" :
		    slot == family->le_cnt + 1 ? "_sum" :
		    slot == family->le_cnt + 2 ? "_count" : "";
	default:
		return "";
	}
}

/* The bound of bucket slot; 0: none that can be told. */
static double
bound_of(const struct kyi_scan_family *family, uint32_t slot)
{
	int64_t exp2 = (int64_t)family->le_first + slot;

	return exp2 > -900 && exp2 < 900 ?
	    kyi_scale(ldexp(1, (int)exp2), family->exponent) : 0;
}

/* The label that the value has for itself; key NULL: none. text is room. */
static struct kymo_label
own_label(const struct kyi_scan_family *family, uint32_t slot, char *text)
{
	struct kymo_buffer le = { 0 };

	switch (family->kind) {
	case KYMO_METRIC_SUMMARY:
		return (struct kymo_label){ "quantile",
			slot < KYI_QUANTILE_CNT ? kyi_quantile_names[slot] :
			"" };
	case KYMO_METRIC_STATE_SET:
		return (struct kymo_label){ family->name,
			family->states[slot] };
	case KYMO_METRIC_HEALTH:
		return (struct kymo_label){ family->name,
			kyi_condition_name(slot) };
	case KYMO_METRIC_HISTOGRAM:
		if (slot > family->le_cnt)
			return (struct kymo_label){ "le", "" };
		if (slot == family->le_cnt)
			return (struct kymo_label){ "le", "+Inf" };
		kyi_le_text(&le, bound_of(family, slot));
		snprintf(text, LE_BYTES, "%s", le.failed ? "" : le.at);
		kymo_buffer_free(&le);
		return (struct kymo_label){ "le", text };
	default:
		return (struct kymo_label){ NULL, NULL };
	}
}

static const char *
exported(const char *key)
{
	static const char *const known[] = { "exported_le", "exported_text",
		"exported_quantile" };

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i] + sizeof("exported_") - 1, key) == 0)
			return known[i];
	return "exported_state";
}

uint32_t
kyi_scan_family_labels(const struct kyi_scan_family *family,
    const struct kymo_label *labels, uint32_t cnt, uint32_t slot,
    struct kymo_label label[KYI_LABELS_MAX], char name[KYI_NAME_BYTES])
{
	char *le = name + KYI_NAME_BYTES - LE_BYTES;
	struct kymo_label own = own_label(family, slot, le);
	uint32_t to = 0;

	snprintf(name, KYI_NAME_BYTES - LE_BYTES, "%s%s", family->name,
	    suffix_of(family, slot));
	if (family->kind == KYMO_METRIC_TEXT && cnt > 0)
		own = labels[--cnt];
	label[to++] = (struct kymo_label){ KYMO_NAME_LABEL, name };
	for (uint32_t i = 0; i < cnt; i++) {
		if (!name_sound(labels[i].key, false) ||
		    strncmp(labels[i].key, "__", 2) == 0)
			return 0;
		label[to] = labels[i];
		if (own.key != NULL && strcmp(labels[i].key, own.key) == 0)
			label[to].key = exported(own.key);
		to++;
	}
	if (own.key != NULL)
		label[to++] = own;
	return to;
}

/* ---- values ----------------------------------------------------------------------- */

static void
summary(const struct kyi_scan_family *family, const struct kymo_series *series,
    double *value, bool *present)
{
	for (uint32_t i = 0; i < KYI_QUANTILE_CNT; i++) {
		present[i] = series->recent != NULL;
		if (present[i])
			value[i] = kyi_estimate(kyi_scale(kymo_hist_quantile(
			    series->recent, kyi_quantiles[i], NULL),
			    family->exponent));
	}
	value[KYI_QUANTILE_CNT] = kyi_scale(
	    (double)series->value.is.hist.sum, family->exponent);
	value[KYI_QUANTILE_CNT + 1] =
	    (double)kymo_hist_count(&series->value.is.hist);
}

static void
histogram(const struct kyi_scan_family *family,
    const struct kymo_series *series, double *value, bool *present)
{
	const struct kymo_hist *hist = &series->value.is.hist;

	kyi_scan_classic(hist, family->le_first, family->le_cnt, value);
	for (uint32_t i = 0; i < family->le_cnt; i++)
		present[i] = bound_of(family, i) > 0;
	value[family->le_cnt + 1] = kyi_scale((double)hist->sum,
	    family->exponent);
	value[family->le_cnt + 2] = value[family->le_cnt];
}

void
kyi_scan_family_values(const struct kyi_scan_family *family,
    const struct kymo_series *series, double *value, bool *present)
{
	struct kymo_family_scan scan = { .kind = family->kind,
		.exponent = family->exponent };

	memset(present, true, family->slot_cnt * sizeof *present);
	switch (family->kind) {
	case KYMO_METRIC_HISTOGRAM:
		histogram(family, series, value, present);
		break;
	case KYMO_METRIC_SUMMARY:
		summary(family, series, value, present);
		break;
	case KYMO_METRIC_INFO:
	case KYMO_METRIC_TEXT:
		value[0] = 1;
		break;
	case KYMO_METRIC_STATE_SET:
		for (uint32_t i = 0; i < family->slot_cnt; i++)
			value[i] = (double)(series->value.is.bits >> i & 1);
		break;
	case KYMO_METRIC_HEALTH:
		for (uint32_t i = 0; i < family->slot_cnt; i++)
			value[i] =
			    i == (uint32_t)series->value.is.health.state;
		break;
	default:
		value[0] = kyi_plain_double(&scan, series);
		break;
	}
}

/* ---- metadata --------------------------------------------------------------------- */

static const char *
type_of(enum kymo_metric_kind kind)
{
	switch (kind) {
	case KYMO_METRIC_COUNTER:
	case KYMO_METRIC_FLOAT_COUNTER:
		return "counter";
	case KYMO_METRIC_HISTOGRAM:
		return "histogram";
	case KYMO_METRIC_SUMMARY:
		return "summary";
	default:
		return "gauge";
	}
}

size_t
kyi_scan_family_text_bytes(const struct kyi_scan_family *family)
{
	return strlen(family->name) + sizeof("_total") +
	    strlen(family->help) + strlen(family->unit) + 2;
}

char *
kyi_scan_family_tell(const struct kyi_scan_family *family,
    struct kymo_history_family *told, char *at)
{
	const char *suffix = suffix_of(family, 0);

	if (family->kind == KYMO_METRIC_HISTOGRAM)
		suffix = "";
	told->type = type_of(family->kind);
	told->name = at;
	at = stpcpy(stpcpy(at, family->name), suffix) + 1;
	told->help = at;
	at = stpcpy(at, family->help) + 1;
	told->unit = at;
	return stpcpy(at, family->unit) + 1;
}
