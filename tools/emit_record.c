/* SPDX-License-Identifier: MIT */
/* Records of kymo emit: operators on families of a kind. */
#include "tools/emit_families.h"

#include <string.h>

static int
wrong_op(const struct kyi_emit_family *family, const struct kyi_emit_line *line,
    struct kyi_emit_fault *fault)
{
	return kyi_emit_fault_set(fault, line->op_col,
	    "%.80s is a %s: that cannot be done to it", line->name,
	    kyi_emit_kind_word(family->desc.kind));
}

/* ---- records ------------------------------------------------------------------ */

/* A number for an integer kind. With an exponent it is rounded, as a
   measurement; without it counts things, and half a thing is a mistake. */
static int
whole_read(const struct kyi_emit_family *family, const struct kyi_emit_line *line,
    int64_t *n, struct kyi_emit_fault *fault)
{
	bool whole;

	if (!kyi_emit_scaled(&line->number, family->desc.exponent, n, &whole))
		return kyi_emit_fault_set(fault, line->arg_col,
		    "a number that does not fit");
	if (!whole && !family->desc.exponent)
		return kyi_emit_fault_set(fault, line->arg_col,
		    "%.60s counts whole things; declare it as float_%s first",
		    line->name, family->desc.kind == KYMO_KIND_COUNTER ?
		    "counter" : "gauge");
	return 0;
}

static int
negative(const struct kyi_emit_line *line, struct kyi_emit_fault *fault)
{
	return kyi_emit_fault_set(fault, line->arg_col,
	    "a counter only goes up");
}

/* += and -= */
static int
add(const struct kyi_emit_family *family, const struct kyi_emit_line *line,
    const char *const *values, struct kyi_emit_fault *fault)
{
	struct kymo_family at = family->handle;
	uint32_t cnt = family->desc.label_cnt;
	double value = line->op == KYI_EMIT_SUB ? -line->number.value :
	    line->number.value;
	int64_t n;

	switch (family->desc.kind) {
	case KYMO_KIND_FLOAT_COUNTER:
		if (!(value >= 0))
			return negative(line, fault);
		kymo_float_counter_add(kymo_float_counter_at(at, cnt, values),
		    value);
		return 0;
	case KYMO_KIND_FLOAT_GAUGE:
		kymo_float_gauge_add(kymo_float_gauge_at(at, cnt, values),
		    value);
		return 0;
	case KYMO_KIND_COUNTER:
	case KYMO_KIND_UPDOWN:
	case KYMO_KIND_GAUGE:
		if (whole_read(family, line, &n, fault) != 0)
			return -1;
		n = line->op == KYI_EMIT_SUB ? -n : n;
		break;
	default:
		return wrong_op(family, line, fault);
	}
	if (family->desc.kind == KYMO_KIND_UPDOWN)
		kymo_updown_add(kymo_updown_at(at, cnt, values), n);
	else if (family->desc.kind == KYMO_KIND_GAUGE)
		kymo_gauge_add(kymo_gauge_at(at, cnt, values), n);
	else if (n < 0)
		return negative(line, fault);
	else
		kymo_counter_add(kymo_counter_at(at, cnt, values), (uint64_t)n);
	return 0;
}

static int
set(const struct kyi_emit_family *family, const struct kyi_emit_line *line,
    const char *const *values, struct kyi_emit_fault *fault)
{
	struct kymo_family at = family->handle;
	uint32_t cnt = family->desc.label_cnt;
	int64_t n;

	if (family->desc.kind == KYMO_KIND_FLOAT_GAUGE) {
		kymo_float_gauge_set(kymo_float_gauge_at(at, cnt, values),
		    line->number.value);
		return 0;
	}
	if (family->desc.kind == KYMO_KIND_UPDOWN)
		return kyi_emit_fault_set(fault, line->op_col, "%.80s goes up "
		    "and down by += and -=; to set it, declare it as gauge "
		    "first", line->name);
	if (family->desc.kind != KYMO_KIND_GAUGE)
		return wrong_op(family, line, fault);
	if (whole_read(family, line, &n, fault) != 0)
		return -1;
	kymo_gauge_set(kymo_gauge_at(at, cnt, values), n);
	return 0;
}

static int
observe(const struct kyi_emit_family *family, const struct kyi_emit_line *line,
    const char *const *values, struct kyi_emit_fault *fault)
{
	struct kymo_family at = family->handle;
	uint32_t cnt = family->desc.label_cnt;

	if (!(line->number.value >= 0))
		return kyi_emit_fault_set(fault, line->arg_col,
		    "what is observed is not negative");
	kymo_histogram_observe(kymo_histogram_at(at, cnt, values),
	    line->number.value);
	return 0;
}

/* is: a text, or the only state that holds. */
static int
text_is(const struct kyi_emit_family *family, const struct kyi_emit_line *line,
    const char *const *values, struct kyi_emit_fault *fault)
{
	struct kymo_family at = family->handle;
	uint32_t cnt = family->desc.label_cnt;

	if (family->desc.kind == KYMO_KIND_TEXT) {
		kymo_text_set(kymo_text_at(at, cnt, values), line->text);
		return 0;
	}
	for (uint32_t i = 0; i < family->desc.state_cnt; i++) {
		if (strcmp(family->states[i], line->text) == 0) {
			kymo_state_set_be(kymo_state_set_at(at, cnt, values), i);
			return 0;
		}
	}
	return kyi_emit_fault_set(fault, line->arg_col,
	    "%.80s has no state '%.60s'", line->name, line->text);
}

static bool
may(enum kymo_kind kind, enum kyi_emit_op op)
{
	switch (op) {
	case KYI_EMIT_OBSERVE:
		return kind == KYMO_KIND_HISTOGRAM || kind == KYMO_KIND_SUMMARY;
	case KYI_EMIT_MAX: return kind == KYMO_KIND_MAX;
	case KYI_EMIT_MIN: return kind == KYMO_KIND_MIN;
	case KYI_EMIT_IS:
		return kind == KYMO_KIND_TEXT || kind == KYMO_KIND_STATE_SET;
	case KYI_EMIT_INFO: return kind == KYMO_KIND_INFO;
	case KYI_EMIT_HEALTH: return kind == KYMO_KIND_HEALTH;
	default: return true; /* add and set look closer */
	}
}

bool
kyi_emit_may(const struct kyi_emit_family *family,
    const struct kyi_emit_line *line, struct kyi_emit_fault *fault)
{
	return may(family->desc.kind, line->op) ||
	    wrong_op(family, line, fault) == 0;
}

int
kyi_emit_record(const struct kyi_emit_family *family, const struct kyi_emit_line *line,
    const char *const *values, struct kyi_emit_fault *fault)
{
	struct kymo_family at = family->handle;
	uint32_t cnt = family->desc.label_cnt;
	double value = line->number.value;

	switch (line->op) {
	case KYI_EMIT_ADD:
	case KYI_EMIT_SUB: return add(family, line, values, fault);
	case KYI_EMIT_OBSERVE: return observe(family, line, values, fault);
	case KYI_EMIT_IS: return text_is(family, line, values, fault);
	case KYI_EMIT_MAX:
		kymo_max_record(kymo_max_at(at, cnt, values), value);
		return 0;
	case KYI_EMIT_MIN:
		kymo_min_record(kymo_min_at(at, cnt, values), value);
		return 0;
	case KYI_EMIT_INFO:
		kymo_info_at(at, cnt, values);
		return 0;
	case KYI_EMIT_HEALTH:
		kymo_health_report(kymo_health_at(at, cnt, values),
		    line->health, line->text, 0);
		return 0;
	default: return set(family, line, values, fault);
	}
}
