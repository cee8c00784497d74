/* SPDX-License-Identifier: MIT */
/* Lines of kymo emit. Input is a script's, and scripts pass on what they are
   given: nothing here trusts it. */
#include "tools/emit_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/emit_scan.h"

static const char *const kind_words[] = {
	[KYMO_KIND_COUNTER] = "counter",
	[KYMO_KIND_UPDOWN] = "updown",
	[KYMO_KIND_FLOAT_COUNTER] = "float_counter",
	[KYMO_KIND_GAUGE] = "gauge",
	[KYMO_KIND_FLOAT_GAUGE] = "float_gauge",
	[KYMO_KIND_MAX] = "max",
	[KYMO_KIND_MIN] = "min",
	[KYMO_KIND_HISTOGRAM] = "histogram",
	[KYMO_KIND_SUMMARY] = "summary",
	[KYMO_KIND_INFO] = "info",
	[KYMO_KIND_TEXT] = "text",
	[KYMO_KIND_STATE_SET] = "state_set",
	[KYMO_KIND_HEALTH] = "health",
};
#define KIND_CNT (sizeof(kind_words) / sizeof(kind_words[0]))

const char *
kyi_emit_kind_word(enum kymo_kind kind)
{
	return (size_t)kind < KIND_CNT ? kind_words[kind] : NULL;
}

int
kyi_emit_fault_set(struct kyi_emit_fault *fault, uint32_t col,
    const char *format, ...)
{
	va_list args;

	fault->col = col;
	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return -1;
}

/* ---- declarations ----------------------------------------------------------- */

/* a,b,c */
static int
words_read(struct kyi_emit_scan *scan, const char **words, uint32_t max_cnt,
    uint32_t *cnt)
{
	for (;;) {
		uint32_t col = kyi_emit_col(scan);

		if (*cnt == max_cnt)
			return kyi_emit_fault_set(scan->fault, col,
			    "more than %u", max_cnt);
		if (kyi_emit_name(scan, &words[*cnt], "a name") != 0)
			return -1;
		++*cnt;
		if (!kyi_emit_is(scan, ","))
			return 0;
	}
}

static int
small_read(struct kyi_emit_scan *scan, int min, int max, int *n)
{
	struct kyi_emit_number number;
	uint32_t col = kyi_emit_col(scan);
	int64_t value;
	bool whole;

	if (kyi_emit_number(scan, &number) != 0)
		return -1;
	if (!kyi_emit_scaled(&number, 0, &value, &whole) || !whole ||
	    value < min || value > max)
		return kyi_emit_fault_set(scan->fault, col,
		    "a whole number from %d to %d is wanted", min, max);
	*n = (int)value;
	return 0;
}

static int
range_read(struct kyi_emit_scan *scan, struct kyi_emit_line *line)
{
	struct kyi_emit_number lo, hi;
	uint32_t col = kyi_emit_col(scan);

	if (kyi_emit_number(scan, &lo) != 0 || kyi_emit_number(scan, &hi) != 0)
		return -1;
	if (!(lo.value > 0 && lo.value < hi.value && hi.value < 1e300))
		return kyi_emit_fault_set(scan->fault, col,
		    "range wants two numbers, 0 < LOW < HIGH");
	line->lo = lo.value;
	line->hi = hi.value;
	return 0;
}

static int
agg_read(struct kyi_emit_scan *scan, enum kymo_agg *agg)
{
	static const char *const words[] = {
		[KYMO_AGG_LAST] = "last", [KYMO_AGG_SUM] = "sum",
		[KYMO_AGG_MAX] = "max",   [KYMO_AGG_MIN] = "min",
		[KYMO_AGG_EACH] = "each"
	};
	uint32_t col = kyi_emit_col(scan);
	const char *word;

	if (kyi_emit_name(scan, &word, "last, sum, max, min or each") != 0)
		return -1;
	for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], word) == 0) {
			*agg = (enum kymo_agg)i;
			return 0;
		}
	}
	return kyi_emit_fault_set(scan->fault, col,
	    "'%.40s': last, sum, max, min or each is wanted", word);
}

/* One KEY and its value. */
static int
property_read(struct kyi_emit_scan *scan, struct kyi_emit_line *line)
{
	struct kymo_desc *desc = &line->desc;
	uint32_t col = kyi_emit_col(scan);
	const char *key;
	int n;

	if (kyi_emit_name(scan, &key, "a property or \"help\"") != 0)
		return -1;
	if (strcmp(key, "unit") == 0)
		return kyi_emit_name(scan, &desc->unit, "a unit");
	if (strcmp(key, "exponent") == 0)
		return small_read(scan, -18, 18, &desc->exponent);
	if (strcmp(key, "scale") == 0) {
		if (small_read(scan, 0, 6, &desc->scale) != 0)
			return -1;
		/* kymo.h: 0 is the default, -1 one bucket an octave */
		desc->scale = desc->scale ? desc->scale : -1;
		return 0;
	}
	if (strcmp(key, "range") == 0)
		return range_read(scan, line);
	if (strcmp(key, "agg") == 0)
		return agg_read(scan, &desc->agg);
	if (strcmp(key, "labels") == 0) {
		line->has_labels = true;
		return words_read(scan, line->label_keys, KYMO_LABEL_MAX,
		    &desc->label_cnt);
	}
	if (strcmp(key, "states") == 0)
		return words_read(scan, line->states, KYMO_STATE_MAX,
		    &desc->state_cnt);
	if (strcmp(key, "series") == 0) {
		if (small_read(scan, 1, 1000000, &n) != 0)
			return -1;
		desc->series_max = (uint32_t)n;
		return 0;
	}
	if (strcmp(key, "window") == 0) {
		if (small_read(scan, 1, 86400, &n) != 0)
			return -1;
		desc->peak_window_s = (uint32_t)n;
		return 0;
	}
	return kyi_emit_fault_set(scan->fault, col, "no property '%.40s'; there "
	    "are unit, exponent, scale, range, agg, labels, states, series, "
	    "window", key);
}

static int
declare_read(struct kyi_emit_scan *scan, struct kyi_emit_line *line)
{
	uint32_t col = kyi_emit_col(scan);
	const char *word;

	line->op = KYI_EMIT_DECLARE;
	if (kyi_emit_name(scan, &word, "a kind") != 0)
		return -1;
	for (size_t kind = 1; kind < KIND_CNT; kind++)
		if (strcmp(kind_words[kind], word) == 0)
			line->desc.kind = (enum kymo_kind)kind;
	if (!line->desc.kind)
		return kyi_emit_fault_set(scan->fault, col, "no kind '%.40s'; "
		    "there are counter, float_counter, updown, gauge, "
		    "float_gauge, histogram, summary, max, min, text, info, "
		    "state_set, health", word);
	col = kyi_emit_col(scan);
	if (kyi_emit_name(scan, &line->name, "a name") != 0)
		return -1;
	line->op_col = col;
	while (!kyi_emit_at_end(scan)) {
		if (kyi_emit_at(scan, '"')) {
			if (kyi_emit_string(scan, &line->desc.help) != 0)
				return -1;
			break;
		}
		if (property_read(scan, line) != 0)
			return -1;
	}
	if ((line->desc.kind == KYMO_KIND_STATE_SET) != !!line->desc.state_cnt)
		return kyi_emit_fault_set(scan->fault, col,
		    line->desc.state_cnt ? "only a state_set has states" :
		    "a state_set wants states a,b,..");
	return kyi_emit_end(scan);
}

/* ---- samples ---------------------------------------------------------------- */

static int
labels_read(struct kyi_emit_scan *scan, struct kyi_emit_line *line)
{
	if (!kyi_emit_is(scan, "{"))
		return 0;
	while (!kyi_emit_is(scan, "}")) {
		uint32_t col = kyi_emit_col(scan), n = line->label_cnt;

		if (n == KYMO_LABEL_MAX)
			return kyi_emit_fault_set(scan->fault, col,
			    "more than %d labels", KYMO_LABEL_MAX);
		if (kyi_emit_name(scan, &line->keys[n], "a label") != 0)
			return -1;
		if (strncmp(line->keys[n], "__", 2) == 0)
			return kyi_emit_fault_set(scan->fault, col,
			    "labels that begin with __ are not yours");
		for (uint32_t i = 0; i < n; i++)
			if (strcmp(line->keys[i], line->keys[n]) == 0)
				return kyi_emit_fault_set(scan->fault, col,
				    "label %.60s twice", line->keys[n]);
		if (kyi_emit_want(scan, "=", "= after a label") != 0 ||
		    kyi_emit_string(scan, &line->values[n]) != 0)
			return -1;
		line->label_cnt++;
		if (!kyi_emit_is(scan, ",") && !kyi_emit_at(scan, '}'))
			return kyi_emit_fault_set(scan->fault,
			    kyi_emit_col(scan), ", or } is wanted");
	}
	return 0;
}

static int
health_read(struct kyi_emit_scan *scan, struct kyi_emit_line *line)
{
	static const char *const words[] = {
		[KYMO_HEALTH_UNKNOWN] = "unknown", [KYMO_HEALTH_OK] = "ok",
		[KYMO_HEALTH_STARTING] = "starting",
		[KYMO_HEALTH_DEGRADED] = "degraded",
		[KYMO_HEALTH_FAILING] = "failing"
	};
	const char *word;

	if (kyi_emit_name(scan, &word, "a state") != 0)
		return -1;
	for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], word) != 0)
			continue;
		line->health = (enum kymo_health_state)i;
		if (kyi_emit_at(scan, '"') &&
		    kyi_emit_string(scan, &line->text) != 0)
			return -1;
		return kyi_emit_end(scan);
	}
	return kyi_emit_fault_set(scan->fault, line->arg_col, "'%.40s': ok, "
	    "starting, degraded, failing or unknown is wanted", word);
}

static const struct {
	const char *word;
	enum kyi_emit_op op;
} ops[] = {
	{"+=", KYI_EMIT_ADD},          {"-=", KYI_EMIT_SUB},
	{"=", KYI_EMIT_SET},           {"observe", KYI_EMIT_OBSERVE},
	{"max", KYI_EMIT_MAX},         {"min", KYI_EMIT_MIN},
	{"is", KYI_EMIT_IS},           {"info", KYI_EMIT_INFO},
	{"health", KYI_EMIT_HEALTH},
};

static int
sample_read(struct kyi_emit_scan *scan, struct kyi_emit_line *line)
{
	if (labels_read(scan, line) != 0)
		return -1;
	line->op_col = kyi_emit_col(scan);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]) && !line->op; i++)
		if (kyi_emit_is(scan, ops[i].word))
			line->op = ops[i].op;
	line->arg_col = kyi_emit_col(scan);
	switch (line->op) {
	case KYI_EMIT_NOTHING:
		return kyi_emit_fault_set(scan->fault, line->op_col,
		    "+=, -=, =, observe, max, min, is, info or health is wanted");
	case KYI_EMIT_INFO:
		return kyi_emit_end(scan);
	case KYI_EMIT_IS:
		if (kyi_emit_string(scan, &line->text) != 0)
			return -1;
		return kyi_emit_end(scan);
	case KYI_EMIT_HEALTH:
		return health_read(scan, line);
	default:
		if (kyi_emit_number(scan, &line->number) != 0)
			return -1;
		return kyi_emit_end(scan);
	}
}

int
kyi_emit_parse(struct kyi_emit_line *line, const char *text, size_t len_bytes,
    char *room, struct kyi_emit_fault *fault)
{
	struct kyi_emit_scan scan = {text, text, text + len_bytes, room, fault};
	const char *nul = memchr(text, 0, len_bytes);

	memset(line, 0, sizeof(*line));
	memset(fault, 0, sizeof(*fault));
	if (nul)
		return kyi_emit_fault_set(fault, (uint32_t)(nul - text) + 1,
		    "a NUL byte");
	if (kyi_emit_at_end(&scan))
		return 0;
	if (kyi_emit_name(&scan, &line->name, "a metric's name") != 0)
		return -1;
	if (strcmp(line->name, "declare") == 0)
		return declare_read(&scan, line);
	return sample_read(&scan, line);
}
