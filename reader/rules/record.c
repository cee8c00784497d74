/* SPDX-License-Identifier: MIT */
/* Recording rules, and how results reach the sink. */
#include <stdlib.h>
#include <string.h>

#include "reader/rules/engine.h"

static double
stale(void)
{
	union {
		uint64_t bits;
		double d;
	} u = {.bits = KYMO_STALE_BITS};

	return u.d;
}

int
kyi_write(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_written *series, int64_t at_ms, double value,
    const struct kymo_native_hist *hist)
{
	const struct kymo_rule_sink *sink = &engine->options.sink;
	struct kymo_error error = {""};

	if (sink->append(sink->of, series->labels, &series->ref, at_ms, value,
	    hist, &error) == 0) {
		series->alive = true;
		return 0;
	}
	run->health = KYMO_RULE_ERROR;
	run->error = error;
	return -1;
}

void
kyi_write_end(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_written *series, int64_t at_ms)
{
	if (series->alive)
		kyi_write(engine, run, series, at_ms, stale(), NULL);
	series->alive = false;
}

static int
hits_room(struct kymo_rule_engine *engine, uint32_t cnt)
{
	struct kyi_entry **hits;

	if (cnt <= engine->hit_room)
		return 0;
	hits = reallocarray(engine->hits, cnt, sizeof(*hits));
	if (hits == NULL)
		return -1;
	engine->hits = hits;
	engine->hit_room = cnt;
	return 0;
}

int
kyi_hits(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kymo_result *result)
{
	static const struct kymo_labels none;
	const struct kymo_result_series *series = result->series;
	struct kyi_found found;
	uint32_t i;

	run->pass++;
	if (hits_room(engine, result->series_cnt + 1) != 0)
		return kymo_error_set(&run->error, "no memory");
	if (result->kind == KYMO_VALUE_SCALAR) {
		found = (struct kyi_found){.in = &none,
		    .value = result->scalar};
		engine->hits[0] = kyi_rule_entry_find(engine, run, &found,
		    &run->error);
		return engine->hits[0] == NULL ? -1 : 0;
	}
	for (i = 0; i < result->series_cnt; i++) {
		found = (struct kyi_found){i, series[i].origin,
		    series[i].labels, series[i].points[0].value,
		    series[i].points[0].hist};
		engine->hits[i] = kyi_rule_entry_find(engine, run, &found,
		    &run->error);
		if (engine->hits[i] == NULL)
			return -1;
	}
	return 0;
}

void
kyi_record_pass(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kymo_result *result, int64_t at_ms)
{
	uint32_t cnt, i, limit = run->group->group->limit;

	if (result == NULL)
		return;
	cnt = result->kind == KYMO_VALUE_SCALAR ? 1 : result->series_cnt;
	if (limit > 0 && cnt > limit) {
		kymo_error_set(&run->error, "exceeded limit of %u with %u "
		    "series", limit, cnt);
		run->health = KYMO_RULE_ERROR;
		return;
	}
	if (kyi_hits(engine, run, result) != 0) {
		run->health = KYMO_RULE_ERROR;
		return;
	}
	for (i = 0; i < cnt; i++)
		kyi_write(engine, run, &engine->hits[i]->series, at_ms,
		    engine->hits[i]->value, engine->hits[i]->hist);
	for (i = run->entries.cnt; i-- > 0 && run->entries.cnt > cnt;) {
		struct kyi_entry *entry = run->entries.at[i];

		if (entry->pass == run->pass)
			continue;
		kyi_write_end(engine, run, &entry->series, at_ms);
		kyi_entry_drop(run, i);
	}
}
