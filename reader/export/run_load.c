/* SPDX-License-Identifier: MIT */
/* From a file's maps to series over time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/numbers.h"
#include "reader/export/run_private.h"
#include "reader/export/unpack.h"
#include "reader/region/private.h"

#define VALUE_CNT_MAX 1000000u
#define BUCKET_CNT_MAX 16384u
#define TEXT_BYTES_MAX 1024u
#define LABELS_BYTES_MAX 8192u
#define BUCKET_IDX_MAX 70400
#define SCALE_MAX 6u

struct load {
	struct kymo_runs *runs;
	struct kyi_unpack from;
	const char *phase;
	const char *wrong; /* why it cannot be read */
};

static bool
give_up(struct load *load, const char *wrong)
{
	/* What is not whole since the bytes end is not to blame. */
	if (!load->wrong && !load->from.cut)
		load->wrong = wrong;
	load->from.failed = true;
	return false;
}

/* The string that comes, valid UTF-8, at most room bytes with its end. */
static void
text(struct load *load, char *to, size_t room)
{
	uint32_t len;
	const char *str = kyi_unpack_str(&load->from, &len);
	char repaired[3 * TEXT_BYTES_MAX + 1];
	size_t bytes;

	if (len > TEXT_BYTES_MAX)
		len = TEXT_BYTES_MAX;
	bytes = kyi_utf8_repair(repaired, str, len);
	if (bytes >= room) {
		give_up(load, "a text in it is too long");
		bytes = 0;
	}
	memcpy(to, repaired, bytes);
	to[bytes] = 0;
}

/* ---- a look ---------------------------------------------------------------------- */

static struct kymo_hist *
hist(struct load *load)
{
	struct kymo_hist *is = kyi_run_memory(load->runs, sizeof(*is));
	uint32_t cnt = kyi_unpack_map(&load->from), len;
	int64_t lo_idx = 0;
	uint64_t scale = 0;

	if (!is) {
		give_up(load, "no memory");
		return NULL;
	}
	while (cnt-- > 0 && !load->from.failed) {
		const char *key = kyi_unpack_str(&load->from, &len);

		if (kyi_unpack_is(key, len, "scale")) {
			scale = kyi_unpack_u64(&load->from);
		} else if (kyi_unpack_is(key, len, "lo_idx")) {
			lo_idx = kyi_unpack_i64(&load->from);
		} else if (kyi_unpack_is(key, len, "zero")) {
			is->zero = kyi_unpack_u64(&load->from);
		} else if (kyi_unpack_is(key, len, "under")) {
			is->under = kyi_unpack_u64(&load->from);
		} else if (kyi_unpack_is(key, len, "over")) {
			is->over = kyi_unpack_u64(&load->from);
		} else if (kyi_unpack_is(key, len, "sum")) {
			is->sum = kyi_unpack_u64(&load->from);
		} else if (kyi_unpack_is(key, len, "buckets") && !is->buckets) {
			is->bucket_cnt = kyi_unpack_array(&load->from);
			if (is->bucket_cnt > BUCKET_CNT_MAX) {
				give_up(load, "a histogram in it is too large");
				return NULL;
			}
			is->buckets = kyi_run_memory(load->runs,
			    (is->bucket_cnt + 1) * sizeof(*is->buckets));
			for (uint32_t i = 0; is->buckets && i < is->bucket_cnt;
			    i++)
				is->buckets[i] = kyi_unpack_u64(&load->from);
		} else {
			kyi_unpack_skip(&load->from);
		}
	}
	if (scale > SCALE_MAX || lo_idx < -2 * BUCKET_IDX_MAX ||
	    lo_idx > 2 * BUCKET_IDX_MAX || !is->buckets) {
		give_up(load, "a histogram in it is none");
		return NULL;
	}
	is->scale = (uint32_t)scale;
	is->lo_idx = (int32_t)lo_idx;
	return is;
}

static bool
value_add(struct load *load, const struct kymo_run_series *like,
    struct kymo_run_value value)
{
	struct kymo_run_series *series = kyi_run_series(load->runs, like);

	if (!series)
		return give_up(load, "no memory");
	if (load->runs->private_->value_cnt++ == VALUE_CNT_MAX)
		return give_up(load, "it has more than 1,000,000 values");
	if (series->value_cnt == series->value_room) {
		uint32_t room = series->value_room ? series->value_room * 2 : 8;
		struct kymo_run_value *values = reallocarray(series->values,
		    room, sizeof(*values));

		if (!values)
			return give_up(load, "no memory");
		series->values = values;
		series->value_room = room;
	}
	value.look = load->runs->look_cnt - 1;
	series->values[series->value_cnt++] = value;
	return true;
}

/* {a="b",c="d"}, as on a page; what would end it there is escaped. */
static void
labels(struct load *load, struct kymo_buffer *to)
{
	uint32_t cnt = kyi_unpack_map(&load->from);
	char part[3 * TEXT_BYTES_MAX + 1];

	for (uint32_t i = 0; i < cnt && !load->from.failed; i++) {
		kymo_buffer_str(to, i ? "," : "{");
		text(load, part, sizeof(part));
		kymo_buffer_str(to, part);
		kymo_buffer_str(to, "=\"");
		text(load, part, sizeof(part));
		for (const char *at = part; *at; at++) {
			if (*at == '"' || *at == '\\')
				kymo_buffer_char(to, '\\');
			kymo_buffer_char(to, *at);
		}
		kymo_buffer_char(to, '"');
	}
	if (cnt)
		kymo_buffer_char(to, '}');
	if (to->failed)
		give_up(load, "no memory");
	else if (to->len_bytes > LABELS_BYTES_MAX)
		give_up(load, "a series in it has too long labels");
}

static bool
is_number(enum kymo_metric_kind kind)
{
	return kind <= KYMO_METRIC_MIN;
}

static bool
is_hist(enum kymo_metric_kind kind)
{
	return kind == KYMO_METRIC_HISTOGRAM || kind == KYMO_METRIC_SUMMARY;
}

static void
one_series(struct load *load, struct kymo_run_series *like)
{
	uint32_t cnt = kyi_unpack_map(&load->from), len;
	struct kymo_buffer of = { 0 };
	struct kymo_run_value value = { .number = NAN };
	bool has_value = false;

	while (cnt-- > 0 && !load->from.failed) {
		const char *key = kyi_unpack_str(&load->from, &len);

		if (kyi_unpack_is(key, len, "labels") && !of.at) {
			labels(load, &of);
		} else if (kyi_unpack_is(key, len, "value") &&
		    is_number(like->kind)) {
			value.number = kyi_unpack_number(&load->from);
			has_value = true;
		} else if (kyi_unpack_is(key, len, "value") &&
		    is_hist(like->kind)) {
			value.hist = hist(load);
			has_value = value.hist != NULL;
		} else {
			kyi_unpack_skip(&load->from);
		}
	}
	like->labels = of.at ? of.at : "";
	if (has_value && !load->from.failed)
		value_add(load, like, value);
	kymo_buffer_free(&of);
}

static enum kymo_metric_kind
kind_of(const char *str, uint32_t len)
{
	for (int k = KYMO_METRIC_COUNTER; k <= KYMO_METRIC_HEALTH; k++)
		if (kyi_unpack_is(str, len,
			kyi_kind_name((enum kymo_metric_kind)k)))
			return (enum kymo_metric_kind)k;
	return KYMO_METRIC_INFO; /* nothing of it is compared */
}

static void
family(struct load *load)
{
	uint32_t cnt = kyi_unpack_map(&load->from), len, series_cnt;
	char name[3 * TEXT_BYTES_MAX + 1] = "", unit[3 * TEXT_BYTES_MAX + 1] = "";
	struct kymo_run_series like = { .name = name, .unit = unit,
	    .kind = KYMO_METRIC_INFO, .sample_n = 1 };

	while (cnt-- > 0 && !load->from.failed) {
		const char *key = kyi_unpack_str(&load->from, &len);

		if (kyi_unpack_is(key, len, "name")) {
			text(load, name, sizeof(name));
		} else if (kyi_unpack_is(key, len, "unit")) {
			text(load, unit, sizeof(unit));
		} else if (kyi_unpack_is(key, len, "kind")) {
			key = kyi_unpack_str(&load->from, &len);
			like.kind = kind_of(key, len);
		} else if (kyi_unpack_is(key, len, "exponent")) {
			int64_t exponent = kyi_unpack_i64(&load->from);

			like.exponent = exponent < -18 ? -18 :
			    exponent > 18 ? 18 : (int)exponent;
		} else if (kyi_unpack_is(key, len, "sample_n")) {
			uint64_t n = kyi_unpack_u64(&load->from);

			like.sample_n = n < 1 || n > 1000000 ? 1 : (uint32_t)n;
		} else if (kyi_unpack_is(key, len, "series")) {
			/* After all that a series needs to know. */
			series_cnt = kyi_unpack_array(&load->from);
			while (series_cnt-- > 0 && !load->from.failed)
				one_series(load, &like);
		} else {
			kyi_unpack_skip(&load->from);
		}
	}
}

static bool
look_add(struct load *load, uint64_t at_ns)
{
	struct kymo_runs *runs = load->runs;

	if (runs->look_cnt == runs->private_->look_room) {
		uint32_t room = runs->look_cnt ? runs->look_cnt * 2 : 64;
		struct kymo_run_look *looks = reallocarray(runs->looks, room,
		    sizeof(*looks));

		if (!looks)
			return give_up(load, "no memory");
		runs->looks = looks;
		runs->private_->look_room = room;
	}
	runs->looks[runs->look_cnt++] = (struct kymo_run_look){
		at_ns, runs->run_cnt - 1, load->phase
	};
	return true;
}

/* The first pair of the map was its version. */
static void
look(struct load *load, uint32_t cnt)
{
	uint32_t len, family_cnt;

	if (kyi_unpack_u64(&load->from) != 1) {
		give_up(load, "a look in it is of a version that this kymo does "
		    "not know");
		return;
	}
	while (--cnt > 0 && !load->from.failed) {
		const char *key = kyi_unpack_str(&load->from, &len);

		if (kyi_unpack_is(key, len, "at_ns")) {
			look_add(load, kyi_unpack_u64(&load->from));
		} else if (kyi_unpack_is(key, len, "families") &&
		    load->runs->look_cnt > 0) {
			family_cnt = kyi_unpack_array(&load->from);
			while (family_cnt-- > 0 && !load->from.failed)
				family(load);
		} else {
			kyi_unpack_skip(&load->from);
		}
	}
}

/* ---- the other maps ---------------------------------------------------------------- */

static void
phase(struct load *load)
{
	char name[3 * TEXT_BYTES_MAX + 1];
	char *own;

	text(load, name, sizeof(name));
	own = kyi_run_memory(load->runs, strlen(name) + 1);
	if (!own)
		give_up(load, "no memory");
	else
		load->phase = strcpy(own, name);
}

static bool
run_add(struct load *load)
{
	struct kymo_runs *runs = load->runs;

	if (kyi_unpack_u64(&load->from) != 1)
		return give_up(load,
		    "it is of a version that this kymo does not know");
	if (runs->run_cnt == runs->private_->end_room) {
		uint32_t room = runs->run_cnt ? runs->run_cnt * 2 : 16;
		struct kymo_run_end *ends = reallocarray(runs->ends, room,
		    sizeof(*ends));

		if (!ends)
			return give_up(load, "no memory");
		runs->ends = ends;
		runs->private_->end_room = room;
	}
	memset(&runs->ends[runs->run_cnt++], 0, sizeof(*runs->ends));
	load->phase = "";
	return true;
}

/* What a begin, a phase or an end says besides its first pair. */
static void
members(struct load *load, uint32_t cnt)
{
	struct kymo_run_end *end = load->runs->run_cnt ?
	    &load->runs->ends[load->runs->run_cnt - 1] : NULL;
	uint32_t len;

	while (--cnt > 0 && !load->from.failed) {
		const char *key = kyi_unpack_str(&load->from, &len);

		if (kyi_unpack_is(key, len, "phase"))
			phase(load);
		else if (end && kyi_unpack_is(key, len, "wall_ns"))
			end->wall_ns = kyi_unpack_u64(&load->from);
		else if (end && kyi_unpack_is(key, len, "user_ns"))
			end->user_ns = kyi_unpack_u64(&load->from);
		else if (end && kyi_unpack_is(key, len, "system_ns"))
			end->system_ns = kyi_unpack_u64(&load->from);
		else if (end && kyi_unpack_is(key, len, "memory_max_bytes"))
			end->memory_max_bytes = kyi_unpack_u64(&load->from);
		else
			kyi_unpack_skip(&load->from);
	}
}

/* A map's first key says what it is. */
static void
object(struct load *load)
{
	uint32_t cnt = kyi_unpack_map(&load->from), len;
	const char *key;

	if (cnt == 0)
		return;
	key = kyi_unpack_str(&load->from, &len);
	if (kyi_unpack_is(key, len, "kymo_run")) {
		if (run_add(load))
			members(load, cnt);
	} else if (load->runs->run_cnt == 0) {
		give_up(load, "it is no run (kymo record makes one)");
	} else if (kyi_unpack_is(key, len, "kymo")) {
		look(load, cnt);
	} else if (kyi_unpack_is(key, len, "phase")) {
		phase(load);
		members(load, cnt);
	} else if (kyi_unpack_is(key, len, "status")) {
		load->runs->ends[load->runs->run_cnt - 1].status =
		    (int32_t)kyi_unpack_i64(&load->from);
		load->runs->ends[load->runs->run_cnt - 1].at_ns = 1;
		members(load, cnt);
	} else {
		kyi_unpack_skip(&load->from);
		while (--cnt > 0) {
			kyi_unpack_skip(&load->from);
			kyi_unpack_skip(&load->from);
		}
	}
}

/* What a map that is not whole had added, which is known by what was there. */
static void
take_back(struct load *load, const struct kymo_runs *was,
    const struct kymo_run_end *end_was)
{
	struct kymo_runs *runs = load->runs;

	for (uint32_t i = 0; i < runs->series_cnt; i++) {
		struct kymo_run_series *series = &runs->series[i];

		while (series->value_cnt > 0 && series->values[series->value_cnt -
			1].look >= was->look_cnt)
			series->value_cnt--;
	}
	runs->look_cnt = was->look_cnt;
	runs->run_cnt = was->run_cnt;
	if (runs->run_cnt > 0)
		runs->ends[runs->run_cnt - 1] = *end_was;
}

/* The maps of one run, or of what is there of it. */
static void
one_run(struct load *load)
{
	while (load->from.at < load->from.end && !load->from.failed) {
		const struct kymo_runs was = *load->runs;
		struct kymo_run_end end = { 0 };

		if (was.run_cnt > 0)
			end = was.ends[was.run_cnt - 1];
		object(load);
		if (load->from.cut && !load->wrong)
			take_back(load, &was, &end);
	}
}

int
kymo_runs_read(struct kymo_runs **runs, const void *bytes, size_t len_bytes,
    const char *name, struct kymo_error *error)
{
	const unsigned char *at = bytes, *end = at + len_bytes;
	struct load load = { .phase = "" };

	*runs = calloc(1, sizeof(**runs));
	if (*runs)
		(*runs)->private_ = calloc(1, sizeof(*(*runs)->private_));
	if (!*runs || !(*runs)->private_) {
		free(*runs);
		*runs = NULL;
		return kymo_error_set(error, "no memory to read %s", name);
	}
	load.runs = *runs;
	/* A run that was cut may have one behind it: none goes past its next. */
	for (; at < end && !load.wrong && (!load.from.failed || load.from.cut);
	    at = load.from.end) {
		load.from = (struct kyi_unpack){ .at = at,
		    .end = kyi_run_next(at, end) };
		one_run(&load);
		(*runs)->cut |= load.from.cut;
	}
	if ((*runs)->run_cnt == 0 || load.wrong ||
	    (load.from.failed && !load.from.cut)) {
		bool cut = (*runs)->cut;

		kymo_runs_free(*runs);
		*runs = NULL;
		return kymo_error_set(error, "%s: %s", name, load.wrong ?
		    load.wrong : len_bytes == 0 ? "it is empty" : cut ?
		    "it ends before its first look" :
		    "it is not msgpack as kymo record writes it");
	}
	return 0;
}
