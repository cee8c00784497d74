/* SPDX-License-Identifier: MIT */
/* Values of templates: what they are called, how they print, what is in them. */
#include "reader/rules/template_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From here on Go's %v and %g write an exponent. */
#define GO_EXPONENT 6

bool
kyi_tv_true(const struct kyi_tv *value)
{
	switch (value->kind) {
	case TV_NIL: return false;
	case TV_BOOL: return value->flag;
	case TV_INT: return value->n != 0;
	case TV_FLOAT: return value->d != 0;
	case TV_STR: return value->str[0] != '\0';
	case TV_LABELS: return value->labels != NULL && value->labels->cnt > 0;
	case TV_VECTOR:
	case TV_LIST:
	case TV_ARGS: return value->list->cnt > 0;
	case TV_MAP: return value->map->cnt > 0;
	case TV_RAW: return value->str[0] != '\0';
	case TV_DURATION: return value->n != 0;
	default: return true;
	}
}

const char *
kyi_tv_type(const struct kyi_tv *value)
{
	switch (value->kind) {
	case TV_NIL: return "<nil>";
	case TV_BOOL: return "bool";
	case TV_INT: return "int";
	case TV_FLOAT: return "float64";
	case TV_RAW:
	case TV_STR: return "string";
	case TV_LIST: return "[]interface {}";
	case TV_MAP:
		if (value->map->type == TM_DATA || value->map->type == TM_ALERT)
			return value->map->type == TM_DATA ? "*template.Data" :
			    "template.Alert";
		return "map[string]string";
	case TV_LABELS: return "map[string]string";
	case TV_SAMPLE: return "*template.sample";
	case TV_VECTOR: return "template.queryResult";
	case TV_ARGS: return "map[string]interface {}";
	case TV_TIME: return "time.Time";
	case TV_DURATION: return "time.Duration";
	case TV_HIST: return "*histogram.FloatHistogram";
	default: return "struct { Labels map[string]string; "
	    "ExternalLabels map[string]string; ExternalURL string; "
	    "Value interface {} }";
	}
}

/* ---- printing ------------------------------------------------------------------- */

/* The decimal point of printf is the locale's. */
static void
locale_free(char *text)
{
	for (; *text != '\0'; text++)
		if (strchr("0123456789+-eE", *text) == NULL)
			*text = '.';
}

/* Two digits of exponent at least, as C and Go have it; as few digits as read
   back the same where precision is below 0. */
static void
scientific(char *text, size_t room_bytes, double d, int precision)
{
	int digits = 0;

	if (precision >= 0) {
		snprintf(text, room_bytes, "%.*e", precision, d);
		return;
	}
	do {
		snprintf(text, room_bytes, "%.*e", digits, d);
	} while (strtod(text, NULL) != d && digits++ < 17);
}

void
kyi_go_float(struct kymo_buffer *out, double d, char verb, int precision)
{
	char text[400];
	int exponent, digit_cnt;

	if (isnan(d) || isinf(d)) {
		kymo_buffer_str(out, isnan(d) ? "NaN" : d > 0 ? "+Inf" :
		    "-Inf");
		return;
	}
	if (precision > 60)
		precision = 60;
	if (verb == 'e' || verb == 'E') {
		scientific(text, sizeof(text), d, precision);
		if (verb == 'E')
			*strchr(text, 'e') = 'E';
	} else if (verb == 'g' || verb == 'G') {
		if (precision >= 0) {
			snprintf(text, sizeof(text), "%.*g", precision, d);
		} else {
			scientific(text, sizeof(text), d, -1);
			digit_cnt = (int)strspn(text, "-0123456789.,");
			exponent = atoi(text + digit_cnt + 1);
			digit_cnt -= (text[0] == '-') + (digit_cnt > 2);
			if (exponent >= -4 && exponent < GO_EXPONENT)
				snprintf(text, sizeof(text), "%.*f",
				    digit_cnt - 1 > exponent ?
				    digit_cnt - 1 - exponent : 0, d);
		}
	} else
		snprintf(text, sizeof(text), "%.*f",
		    precision < 0 ? 6 : precision, d);
	locale_free(text);
	kymo_buffer_str(out, text);
}

static void
labels_print(struct kymo_buffer *out, const struct kymo_labels *labels)
{
	uint32_t i;

	kymo_buffer_str(out, "map[");
	for (i = 0; labels != NULL && i < labels->cnt; i++)
		kymo_buffer_printf(out, "%s%s:%s", i == 0 ? "" : " ",
		    labels->at[i].key, labels->at[i].value);
	kymo_buffer_char(out, ']');
}

static void
list_print(struct kymo_buffer *out, const struct kyi_tv *value)
{
	uint32_t i;

	kymo_buffer_str(out, value->kind == TV_ARGS ? "map[" : "[");
	for (i = 0; i < value->list->cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ' ');
		if (value->kind == TV_ARGS)
			kymo_buffer_printf(out, "arg%u:", i);
		kyi_tv_print(out, &value->list->at[i]);
	}
	kymo_buffer_char(out, ']');
}

void
kyi_tv_print(struct kymo_buffer *out, const struct kyi_tv *value)
{
	switch (value->kind) {
	case TV_NIL: kymo_buffer_str(out, "<no value>"); break;
	case TV_BOOL:
		kymo_buffer_str(out, value->flag ? "true" : "false");
		break;
	case TV_INT: kymo_buffer_i64(out, value->n); break;
	case TV_FLOAT: kyi_go_float(out, value->d, 'g', -1); break;
	case TV_STR: kymo_buffer_str(out, value->str); break;
	case TV_LABELS: labels_print(out, value->labels); break;
	case TV_VECTOR:
	case TV_ARGS: list_print(out, value); break;
	case TV_SAMPLE:
		kymo_buffer_char(out, '{');
		labels_print(out, value->sample->labels);
		kymo_buffer_char(out, ' ');
		kyi_go_float(out, value->sample->points[0].value, 'g', -1);
		kymo_buffer_char(out, '}');
		break;
	case TV_HIST:
		kymo_buffer_str(out, "{count:");
		kyi_go_float(out, value->hist->count, 'g', -1);
		kymo_buffer_str(out, ", sum:");
		kyi_go_float(out, value->hist->sum, 'g', -1);
		kymo_buffer_char(out, '}');
		break;
	case TV_DATA: kymo_buffer_str(out, "{}"); break;
	case TV_RAW: kymo_buffer_str(out, value->str); break;
	case TV_MAP:
	case TV_LIST: kyi_tv_tree_print(out, value); break;
	case TV_TIME: kyi_tv_time_print(out, value->time); break;
	case TV_DURATION: kyi_tv_duration_print(out, value->n); break;
	}
}

/* ---- fields ---------------------------------------------------------------------- */

static void
label_get(const struct kymo_labels *labels, const char *name,
    struct kyi_tv *result)
{
	result->kind = TV_STR;
	result->str = labels == NULL ? "" : kymo_labels_get(labels, name);
}

static bool
data_field(struct kyi_template_run *run, const char *name,
    struct kyi_tv *result)
{
	static const char *const names[TVAR_CNT] = { "", "Labels",
		"ExternalLabels", "ExternalURL", "Value" };
	uint32_t i;

	for (i = 1; i < TVAR_CNT; i++)
		if (strcmp(names[i], name) == 0) {
			*result = run->vars[i];
			return true;
		}
	return false;
}

static bool
sample_field(const struct kymo_result_series *sample, const char *name,
    struct kyi_tv *result)
{
	if (strcmp(name, "Labels") == 0) {
		result->kind = TV_LABELS;
		result->labels = sample->labels;
		return true;
	}
	if (strcmp(name, "Value") != 0)
		return false;
	result->kind = TV_FLOAT;
	result->d = sample->points[0].value;
	return true;
}

static bool
args_field(const struct kyi_tv_list *list, const char *name,
    struct kyi_tv *result)
{
	char *end = NULL;
	unsigned long idx;

	result->kind = TV_NIL;
	if (strncmp(name, "arg", 3) != 0)
		return true;
	idx = strtoul(name + 3, &end, 10);
	if (*end == '\0' && end != name + 3 && idx < list->cnt)
		*result = list->at[idx];
	return true;
}

int
kyi_tv_field(struct kyi_template_run *run, const struct kyi_tv *of,
    const char *name, struct kyi_tv *result)
{
	struct kyi_tv value = *of; /* result may be of */
	bool found = false;

	switch (value.kind) {
	case TV_DATA: found = data_field(run, name, result); break;
	case TV_LABELS:
		label_get(value.labels, name, result);
		found = true;
		break;
	case TV_SAMPLE: found = sample_field(value.sample, name, result); break;
	case TV_ARGS: found = args_field(value.list, name, result); break;
	case TV_MAP:
	case TV_LIST: found = kyi_tv_tree_field(run, &value, name, result);
		break;
	case TV_TIME:
	case TV_DURATION:
		found = kyi_tv_method(run, &value, name, NULL, 0, result) > 0;
		break;
	default: break;
	}
	if (found)
		return 0;
	if (run->failed)
		return -1;
	if (value.kind == TV_NIL)
		return kyi_template_fail(run, "nil data; no entry for key "
		    "\"%s\"", name);
	return kyi_template_fail(run, "can't evaluate field %s in type %s",
	    name, kyi_tv_type(&value));
}

int
kyi_tv_take(struct kyi_template_run *run, struct kymo_buffer *buffer,
    struct kyi_tv *result)
{
	result->kind = TV_STR;
	result->str = buffer->failed ? NULL : kyi_arena_text(run->arena,
	    buffer->at == NULL ? "" : buffer->at, buffer->len_bytes);
	kymo_buffer_free(buffer);
	return result->str == NULL ? kyi_template_fail(run, "no memory") : 0;
}
