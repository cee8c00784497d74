/* SPDX-License-Identifier: MIT */
/* A family is registered at its first sample, since only that tells its label
   keys; a declaration before is kept until then. */
#include "tools/emit_families.h"

#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static void *families; /* tsearch by name */

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct kyi_emit_family *)a)->name,
	    ((const struct kyi_emit_family *)b)->name);
}

static char *
copy(const char *text)
{
	char *made = text ? strdup(text) : NULL;

	if (text && !made)
		abort();
	return made;
}

static struct kyi_emit_family *
family_find(const char *name)
{
	struct kyi_emit_family key = {.name = copy(name)};
	void *node = tfind(&key, &families, by_name);

	free(key.name);
	return node ? *(struct kyi_emit_family **)node : NULL;
}

static struct kyi_emit_family *
family_new(const char *name, const struct kymo_desc *desc)
{
	struct kyi_emit_family *family = calloc(1, sizeof(*family));

	if (!family)
		abort();
	family->name = copy(name);
	family->desc = *desc;
	family->desc.size_bytes = sizeof(family->desc);
	family->desc.name = family->name;
	family->desc.help = copy(desc->help);
	family->desc.unit = copy(desc->unit);
	if (!tsearch(family, &families, by_name))
		abort();
	return family;
}

static void
family_free(void *at)
{
	struct kyi_emit_family *family = at;
	char *help, *unit;

	/* What desc points to was made by copy. */
	memcpy(&help, &family->desc.help, sizeof(help));
	memcpy(&unit, &family->desc.unit, sizeof(unit));
	free(help);
	free(unit);
	for (uint32_t i = 0; i < family->desc.label_cnt; i++)
		free(family->keys[i]);
	for (uint32_t i = 0; i < family->desc.state_cnt; i++)
		free(family->states[i]);
	free(family->name);
	free(family);
}

void
kyi_emit_families_free(void)
{
	tdestroy(families, family_free);
	families = NULL;
}

static void
keys_take(struct kyi_emit_family *family, const char *const *keys, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++)
		family->keys[i] = copy(keys[i]);
	family->desc.label_keys = (const char *const *)family->keys;
	family->desc.label_cnt = cnt;
	family->has_labels = true;
}

/* ---- kinds ------------------------------------------------------------------ */

static bool
ends_in(const char *text, const char *end)
{
	size_t text_len = strlen(text), end_len = strlen(end);

	return text_len >= end_len &&
	    strcmp(text + text_len - end_len, end) == 0;
}

/* A scale for observations whose range nobody has declared: times in ns as
   timers have them, bytes as they are, anything else in millionths. */
static void
hist_shape(struct kymo_desc *desc, const char *name)
{
	if ((desc->unit && strcmp(desc->unit, "seconds") == 0) ||
	    ends_in(name, "_seconds")) {
		desc->exponent = -9;
	} else if ((desc->unit && strcmp(desc->unit, "bytes") == 0) ||
	    ends_in(name, "_bytes")) {
		desc->lo = 1;
		desc->hi = 1ull << 40;
	} else {
		desc->exponent = -6;
		desc->lo = 1;
		desc->hi = 1ull << 50;
	}
}

/* What an operator means for a name that was not declared. */
static enum kymo_kind
kind_of(const struct kyi_emit_line *line, struct kymo_desc *desc)
{
	int64_t n;
	bool whole;

	switch (line->op) {
	case KYI_EMIT_ADD:
		if (!ends_in(line->name, "_total"))
			return KYMO_KIND_UPDOWN;
		if (ends_in(line->name, "_seconds_total")) {
			desc->exponent = -9;
			return KYMO_KIND_COUNTER;
		}
		return kyi_emit_scaled(&line->number, 0, &n, &whole) && whole ?
		    KYMO_KIND_COUNTER : KYMO_KIND_FLOAT_COUNTER;
	case KYI_EMIT_SUB: return KYMO_KIND_UPDOWN;
	case KYI_EMIT_OBSERVE:
		hist_shape(desc, line->name);
		return KYMO_KIND_HISTOGRAM;
	case KYI_EMIT_MAX: return KYMO_KIND_MAX;
	case KYI_EMIT_MIN: return KYMO_KIND_MIN;
	case KYI_EMIT_IS: return KYMO_KIND_TEXT;
	case KYI_EMIT_INFO: return KYMO_KIND_INFO;
	case KYI_EMIT_HEALTH: return KYMO_KIND_HEALTH;
	default: return KYMO_KIND_FLOAT_GAUGE;
	}
}

static int
range_take(struct kymo_desc *desc, const struct kyi_emit_line *line,
    struct kyi_emit_fault *fault)
{
	double unit = pow(10, desc->exponent);
	double lo = line->lo / unit, hi = line->hi / unit;

	if (!(hi < 9.2e18) || hi < 2)
		return kyi_emit_fault_set(fault, line->op_col,
		    "a range to %g does not fit exponent %d", line->hi,
		    desc->exponent);
	desc->lo = lo < 1 ? 1 : (uint64_t)lo;
	desc->hi = (uint64_t)ceil(hi);
	return 0;
}

static int
declare(const struct kyi_emit_line *line, struct kyi_emit_fault *fault)
{
	struct kymo_desc desc = line->desc;
	struct kyi_emit_family *family;

	if (family_find(line->name))
		return kyi_emit_fault_set(fault, line->op_col,
		    "%.100s is there already", line->name);
	if ((desc.kind == KYMO_KIND_HISTOGRAM ||
		desc.kind == KYMO_KIND_SUMMARY) && !desc.exponent && !line->hi)
		hist_shape(&desc, line->name);
	if (line->hi != 0 && range_take(&desc, line, fault) != 0)
		return -1;
	desc.label_cnt = desc.state_cnt = 0;
	family = family_new(line->name, &desc);
	if (line->has_labels)
		keys_take(family, line->label_keys, line->desc.label_cnt);
	for (uint32_t i = 0; i < line->desc.state_cnt; i++)
		family->states[i] = copy(line->states[i]);
	family->desc.states = (const char *const *)family->states;
	family->desc.state_cnt = line->desc.state_cnt;
	return 0;
}

/* ---- families and their labels ------------------------------------------------ */

/* libkymo tells what it refuses by counting: did it since the last look? */
static bool
has_refused(void)
{
	static uint64_t seen_cnt;
	struct kymo_status status = {.size_bytes = sizeof(status)};
	uint64_t before_cnt = seen_cnt;

	kymo_status(&status);
	seen_cnt = status.err_badcall + status.err_full;
	return seen_cnt != before_cnt;
}

static int
family_register(struct kyi_emit_family *family, const struct kyi_emit_line *line,
    struct kyi_emit_fault *fault)
{
	if (!family->has_labels)
		keys_take(family, line->keys, line->label_cnt);
	family->handle = kymo_family(&family->desc);
	family->registered = true;
	if (!has_refused())
		return 0;
	return kyi_emit_fault_set(fault, 1,
	    "%.80s was refused: its name or declaration breaks the rules, or "
	    "there is no more room", line->name);
}

/* Values in the family's order; another set of keys is an error that says so. */
static int
values_order(const struct kyi_emit_family *family, const struct kyi_emit_line *line,
    const char *values[KYMO_LABEL_MAX], struct kyi_emit_fault *fault)
{
	char keys[100] = "";
	size_t used = 0;

	for (uint32_t k = 0; k < family->desc.label_cnt; k++) {
		values[k] = NULL;
		for (uint32_t i = 0; i < line->label_cnt; i++)
			if (strcmp(line->keys[i], family->keys[k]) == 0)
				values[k] = line->values[i];
		if (!values[k])
			break;
		if (k + 1 == family->desc.label_cnt &&
		    line->label_cnt == family->desc.label_cnt)
			return 0;
	}
	if (!family->desc.label_cnt && !line->label_cnt)
		return 0;
	for (uint32_t k = 0; k < family->desc.label_cnt; k++) {
		size_t len = strlen(family->keys[k]);

		if (used + len + 2 > sizeof(keys))
			break;
		if (used)
			keys[used++] = ',';
		memcpy(keys + used, family->keys[k], len + 1);
		used += len;
	}
	return kyi_emit_fault_set(fault, 1, *keys ?
	    "%.80s has the labels %s, this line others" :
	    "%.80s has no labels, this line some%s", line->name, keys);
}

int
kyi_emit_apply(const struct kyi_emit_line *line, struct kyi_emit_fault *fault)
{
	const char *values[KYMO_LABEL_MAX];
	struct kyi_emit_family *family;
	struct kymo_desc desc = {0};

	if (line->op == KYI_EMIT_NOTHING)
		return 0;
	if (line->op == KYI_EMIT_DECLARE)
		return declare(line, fault);
	family = family_find(line->name);
	if (!family) {
		if (line->op == KYI_EMIT_SUB && ends_in(line->name, "_total"))
			return kyi_emit_fault_set(fault, line->op_col,
			    "a counter (a name in _total) only goes up");
		desc.kind = kind_of(line, &desc);
		family = family_new(line->name, &desc);
	}
	if (!kyi_emit_may(family, line, fault))
		return -1;
	if (!family->registered && family_register(family, line, fault) != 0)
		return -1;
	if (values_order(family, line, values, fault) != 0)
		return -1;
	if (kyi_emit_record(family, line, values, fault) != 0)
		return -1;
	if (!has_refused())
		return 0;
	return kyi_emit_fault_set(fault, 1, "%.80s was refused: a number or "
	    "label that breaks the rules, or no more room", line->name);
}
