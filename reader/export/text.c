/* SPDX-License-Identifier: MIT */
/* Prometheus text 0.0.4 and OpenMetrics 1.0. */
#include <stdio.h>
#include <string.h>

#include "reader/export/numbers.h"
#include "reader/export/text.h"
#include "reader/room.h"

/* How a kind is shown. */
struct shape {
	const char *text_type, *om_type;
	const char *text_suffix, *om_suffix; /* of the name in HELP and TYPE */
	const char *reserved; /* the value's own label; "": the family's name */
	bool has_unit;        /* OpenMetrics allows one */
};

static const struct shape *
shape_of(enum kymo_metric_kind kind)
{
	static const struct shape shapes[] = {
		[KYMO_METRIC_COUNTER] = { "counter", "counter", "_total", "",
		    NULL, true },
		[KYMO_METRIC_UPDOWN] = { "gauge", "gauge", "", "", NULL, true },
		[KYMO_METRIC_FLOAT_COUNTER] = { "counter", "counter", "_total",
		    "", NULL, true },
		[KYMO_METRIC_GAUGE] = { "gauge", "gauge", "", "", NULL, true },
		[KYMO_METRIC_FLOAT_GAUGE] = { "gauge", "gauge", "", "", NULL,
		    true },
		[KYMO_METRIC_MAX] = { "gauge", "gauge", "", "", NULL, true },
		[KYMO_METRIC_MIN] = { "gauge", "gauge", "", "", NULL, true },
		[KYMO_METRIC_HISTOGRAM] = { "histogram", "histogram", "", "",
		    "le", true },
		[KYMO_METRIC_SUMMARY] = { "summary", "summary", "", "",
		    "quantile", true },
		[KYMO_METRIC_INFO] = { "gauge", "info", "_info", "", NULL,
		    false },
		[KYMO_METRIC_TEXT] = { "gauge", "gauge", "_info", "_info",
		    "text", false },
		[KYMO_METRIC_STATE_SET] = { "gauge", "stateset", "", "", "",
		    false },
		[KYMO_METRIC_HEALTH] = { "gauge", "stateset", "", "", "",
		    false },
	};

	if ((unsigned)kind >= sizeof(shapes) / sizeof(shapes[0]) ||
	    shapes[kind].text_type == NULL)
		return NULL;
	return &shapes[kind];
}

/* A colon is for recording rules, whose series come by the same door. */
static bool
name_sound(const char *name)
{
	size_t i;

	if (name[0] >= '0' && name[0] <= '9')
		return false;
	for (i = 0; name[i] != '\0'; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') ||
		    (name[i] >= 'A' && name[i] <= 'Z') ||
		    (name[i] >= '0' && name[i] <= '9') || name[i] == '_' ||
		    name[i] == ':'))
			return false;
	return i > 0 && i < KYI_PAGE_NAME_MAX - sizeof("_created");
}

/* ---- names that would be there twice ----------------------------------- */

static const struct kymo_family_scan *
family_find(const struct kymo_scan *scan, const char *name, size_t len_bytes)
{
	uint32_t first = 0, end = scan->family_cnt;

	while (first < end) {
		uint32_t middle = first + (end - first) / 2;
		const char *at = scan->families[middle].name;
		int order = strncmp(at, name, len_bytes);

		if (order == 0)
			order = at[len_bytes] != '\0';
		if (order == 0)
			return &scan->families[middle];
		if (order < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return NULL;
}

/* Whether a family of this kind has samples of its name with this suffix. */
static bool
kind_has(enum kymo_metric_kind kind, const char *suffix)
{
	static const struct {
		const char *suffix;
		unsigned kinds;
	} rows[] = {
		{ "_total", 1u << KYMO_METRIC_COUNTER |
		    1u << KYMO_METRIC_FLOAT_COUNTER },
		{ "_created", 1u << KYMO_METRIC_COUNTER |
		    1u << KYMO_METRIC_FLOAT_COUNTER |
		    1u << KYMO_METRIC_HISTOGRAM | 1u << KYMO_METRIC_SUMMARY },
		{ "_bucket", 1u << KYMO_METRIC_HISTOGRAM },
		{ "_count", 1u << KYMO_METRIC_HISTOGRAM |
		    1u << KYMO_METRIC_SUMMARY },
		{ "_sum", 1u << KYMO_METRIC_HISTOGRAM |
		    1u << KYMO_METRIC_SUMMARY },
		{ "_info", 1u << KYMO_METRIC_INFO | 1u << KYMO_METRIC_TEXT },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].suffix, suffix) == 0)
			return (rows[i].kinds >> kind & 1) != 0;
	return false;
}

/* A program that has a counter x and a gauge x_total would spoil the page for
   all others: the longer name is left out, as is the second of two equal. */
static bool
clashes(const struct kymo_scan *scan, const struct kymo_family_scan *family)
{
	const char *suffix = strrchr(family->name, '_');
	const struct kymo_family_scan *other;

	if (family > scan->families &&
	    strcmp(family[-1].name, family->name) == 0)
		return true;
	if (suffix == NULL)
		return false;
	other = family_find(scan, family->name,
	    (size_t)(suffix - family->name));
	return other != NULL && (unsigned)other->kind <= KYMO_METRIC_HEALTH &&
	    kind_has(other->kind, suffix);
}

/* ---- lines ------------------------------------------------------------- */

void
kyi_page_line(struct kyi_page *page, const char *suffix, const char *more,
    size_t more_bytes)
{
	size_t suffix_bytes = strlen(suffix);
	size_t label_bytes = page->labels.text.len_bytes;
	char *to = kyi_room(page->to, page->name_bytes + suffix_bytes +
	    label_bytes + more_bytes + 3);

	if (to == NULL)
		return;
	memcpy(to, page->name, page->name_bytes);
	to += page->name_bytes;
	memcpy(to, suffix, suffix_bytes);
	to += suffix_bytes;
	if (label_bytes > 0 || more_bytes > 0) {
		*to++ = '{';
		if (label_bytes > 0)
			memcpy(to, page->labels.text.at, label_bytes);
		else if (more_bytes > 0) { /* without its comma */
			more++;
			more_bytes--;
		}
		to += label_bytes;
		if (more_bytes > 0)
			memcpy(to, more, more_bytes);
		to += more_bytes;
		*to++ = '}';
	}
	*to++ = ' ';
	kyi_room_used(page->to, to);
}

void
kyi_page_u64(struct kyi_page *page, const char *suffix, uint64_t n,
    int exponent)
{
	kyi_page_line(page, suffix, NULL, 0);
	kymo_buffer_decimal(page->to, false, n, exponent);
	kymo_buffer_char(page->to, '\n');
}

void
kyi_page_created(struct kyi_page *page, const struct kymo_series *series)
{
	if (page->format == KYMO_OPENMETRICS_1 && series->created_ns != 0)
		kyi_page_u64(page, "_created", series->created_ns, -9);
}

static void
summary(struct kyi_page *page, const struct kymo_family_scan *family,
    const struct kymo_series *series)
{
	uint32_t i;

	for (i = 0; series->recent != NULL && i < KYI_QUANTILE_CNT; i++) {
		char more[40];
		int more_bytes = snprintf(more, sizeof(more),
		    ",quantile=\"%s\"", kyi_quantile_names[i]);

		kyi_page_line(page, "", more, (size_t)more_bytes);
		kymo_buffer_double(page->to, kyi_estimate(kyi_scale(
		    kymo_hist_quantile(series->recent, kyi_quantiles[i],
		    NULL), family->exponent)));
		kymo_buffer_char(page->to, '\n');
	}
	kyi_page_u64(page, "_count", kymo_hist_count(&series->value.is.hist),
	    0);
	kyi_page_u64(page, "_sum", series->value.is.hist.sum,
	    family->exponent);
	kyi_page_created(page, series);
}

/* A line NAMEsuffix{labels,key="value"} n. */
static void
said(struct kyi_page *page, const char *suffix, const char *key,
    const char *value, char n)
{
	struct kymo_buffer more = { 0 };

	kymo_buffer_char(&more, ',');
	kymo_buffer_str(&more, key);
	kymo_buffer_str(&more, "=\"");
	kyi_page_value(&more, value);
	kymo_buffer_char(&more, '"');
	if (more.failed)
		page->to->failed = true;
	else {
		kyi_page_line(page, suffix, more.at, more.len_bytes);
		kymo_buffer_char(page->to, n);
		kymo_buffer_char(page->to, '\n');
	}
	kymo_buffer_free(&more);
}

static void
states(struct kyi_page *page, const struct kymo_family_scan *family,
    const struct kymo_series *series)
{
	uint32_t i;

	if (family->kind == KYMO_METRIC_HEALTH)
		for (i = 0; i < KYI_CONDITION_CNT; i++)
			said(page, "", page->name, kyi_condition_name(i),
			    i == (uint32_t)series->value.is.health.state ?
			    '1' : '0');
	else
		for (i = 0; i < family->state_cnt && i < 64; i++)
			said(page, "", page->name, family->states[i],
			    series->value.is.bits >> i & 1 ? '1' : '0');
}

/* ---- families ---------------------------------------------------------- */

static void
series_lines(struct kyi_page *page, const struct kymo_family_scan *family,
    const struct kymo_series *series)
{
	switch (family->kind) {
	case KYMO_METRIC_HISTOGRAM:
		kyi_page_histogram(page, family, series);
		kyi_page_created(page, series);
		break;
	case KYMO_METRIC_SUMMARY:
		summary(page, family, series);
		break;
	case KYMO_METRIC_INFO:
		kyi_page_u64(page, "_info", 1, 0);
		break;
	case KYMO_METRIC_TEXT:
		said(page, "_info", "text",
		    kyi_or_empty(series->value.is.text), '1');
		break;
	case KYMO_METRIC_STATE_SET:
	case KYMO_METRIC_HEALTH:
		states(page, family, series);
		break;
	case KYMO_METRIC_COUNTER:
	case KYMO_METRIC_FLOAT_COUNTER:
		kyi_page_line(page, "_total", NULL, 0);
		kyi_plain_value(page->to, family, series);
		kymo_buffer_char(page->to, '\n');
		kyi_page_created(page, series);
		break;
	default:
		kyi_page_line(page, "", NULL, 0);
		kyi_plain_value(page->to, family, series);
		kymo_buffer_char(page->to, '\n');
		break;
	}
}

/* "# WORD NAMEsuffix " */
static void
comment(struct kyi_page *page, const char *word, const char *suffix)
{
	kymo_buffer_str(page->to, "# ");
	kymo_buffer_str(page->to, word);
	kymo_buffer_char(page->to, ' ');
	kymo_buffer_add(page->to, page->name, page->name_bytes);
	kymo_buffer_str(page->to, suffix);
	kymo_buffer_char(page->to, ' ');
}

/* OpenMetrics wants a name that ends with its unit. */
static bool
unit_fits(const struct kyi_page *page, const char *unit)
{
	size_t unit_bytes = strlen(unit);

	return unit_bytes > 0 && unit_bytes + 1 < page->name_bytes &&
	    page->name[page->name_bytes - unit_bytes - 1] == '_' &&
	    strcmp(page->name + page->name_bytes - unit_bytes, unit) == 0;
}

static void
head(struct kyi_page *page, const struct kymo_family_scan *family,
    const struct shape *shape)
{
	bool om = page->format == KYMO_OPENMETRICS_1;
	const char *suffix = om ? shape->om_suffix : shape->text_suffix;

	if (family->help[0] != '\0') {
		comment(page, "HELP", suffix);
		kyi_page_help(page->to, family->help, page->format);
		kymo_buffer_char(page->to, '\n');
	}
	comment(page, "TYPE", suffix);
	kymo_buffer_str(page->to, om ? shape->om_type : shape->text_type);
	kymo_buffer_char(page->to, '\n');
	if (om && shape->has_unit && unit_fits(page, family->unit)) {
		comment(page, "UNIT", suffix);
		kymo_buffer_str(page->to, family->unit);
		kymo_buffer_char(page->to, '\n');
	}
}

/* A value that the formats can hold. */
static bool
value_sound(const struct kymo_family_scan *family,
    const struct kymo_series *series)
{
	switch (family->kind) {
	case KYMO_METRIC_FLOAT_COUNTER: /* never negative, never NaN */
		return series->value.present && series->value.is.f >= 0;
	case KYMO_METRIC_HISTOGRAM:
		return series->value.present &&
		    series->value.is.hist.scale <= 16;
	default:
		return series->value.present;
	}
}

static void
family_lines(struct kyi_page *page, const struct kymo_family_scan *family)
{
	const struct shape *shape = shape_of(family->kind);
	bool begun = false;
	uint32_t i;

	if (shape == NULL || !name_sound(family->name) ||
	    family->exponent < -18 || family->exponent > 18 ||
	    clashes(page->scan, family))
		return;
	page->name_bytes = strlen(family->name);
	memcpy(page->name, family->name, page->name_bytes + 1);
	kyi_page_labels_begin(&page->labels, shape->reserved == NULL ||
	    shape->reserved[0] != '\0' ? shape->reserved : page->name);
	if (family->kind == KYMO_METRIC_HISTOGRAM)
		kyi_page_bounds_make(&page->bounds, family->le_first,
		    family->le_cnt, family->exponent);
	for (i = 0; i < family->series_cnt; i++) {
		const struct kymo_series *series = &family->series[i];

		if (!value_sound(family, series) ||
		    !kymo_filter_series(page->filter, series) ||
		    !kyi_page_labels_set(&page->labels, series))
			continue;
		if (!begun)
			head(page, family, shape);
		begun = true;
		series_lines(page, family, series);
	}
}

void
kymo_export_text(struct kymo_buffer *buffer, const struct kymo_scan *scan,
    const struct kymo_filter *filter, enum kymo_text_format format)
{
	struct kyi_page page = {
		.to = buffer,
		.scan = scan,
		.filter = filter,
		.format = format,
	};
	uint32_t i;

	for (i = 0; i < scan->family_cnt; i++)
		if (kymo_filter_family(filter, &scan->families[i]))
			family_lines(&page, &scan->families[i]);
	if (format == KYMO_OPENMETRICS_1)
		kymo_buffer_str(buffer, "# EOF\n");
	if (page.labels.text.failed || page.labels.pieces.failed ||
	    page.bounds.text.failed)
		buffer->failed = true;
	kyi_page_labels_free(&page.labels);
	kymo_buffer_free(&page.bounds.text);
}
