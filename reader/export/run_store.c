/* SPDX-License-Identifier: MIT */
/* Where what was read of runs is kept. */
#include <stdlib.h>
#include <string.h>

#include "reader/export/run_private.h"

void *
kyi_run_memory(struct kymo_runs *runs, size_t bytes)
{
	struct kyi_run_chunk *chunk = calloc(1, sizeof(*chunk) + bytes);

	if (!chunk)
		return NULL;
	chunk->next = runs->private_->chunks;
	runs->private_->chunks = chunk;
	return chunk->bytes;
}

static uint32_t
hash(uint32_t sum, const char *text)
{
	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 16777619u;
	return (sum ^ 0xffu) * 16777619u;
}

static uint32_t *
place(struct kymo_runs *runs, const struct kymo_run_series *like)
{
	struct kymo_runs_private *own = runs->private_;
	uint32_t at = hash(hash(2166136261u ^ like->kind, like->name),
	    like->labels);

	for (;; at++) {
		uint32_t *idx = &own->table[at & (own->table_cnt - 1)];
		const struct kymo_run_series *is;

		if (*idx == 0)
			return idx;
		is = &runs->series[*idx - 1];
		if (is->kind == like->kind &&
		    is->exponent == like->exponent &&
		    strcmp(is->name, like->name) == 0 &&
		    strcmp(is->labels, like->labels) == 0)
			return idx;
	}
}

static int
table_grow(struct kymo_runs *runs)
{
	struct kymo_runs_private *own = runs->private_;
	uint32_t cnt = own->table_cnt ? own->table_cnt * 2 : 256;
	uint32_t *table = calloc(cnt, sizeof(*table));

	if (!table)
		return -1;
	free(own->table);
	own->table = table;
	own->table_cnt = cnt;
	for (uint32_t i = 0; i < runs->series_cnt; i++)
		*place(runs, &runs->series[i]) = i + 1;
	return 0;
}

static char *
kept(struct kymo_runs *runs, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = kyi_run_memory(runs, bytes);

	return copy ? memcpy(copy, text, bytes) : NULL;
}

struct kymo_run_series *
kyi_run_series(struct kymo_runs *runs, const struct kymo_run_series *like)
{
	struct kymo_runs_private *own = runs->private_;
	struct kymo_run_series *series;
	uint32_t *idx;

	if (runs->series_cnt * 2 >= own->table_cnt && table_grow(runs) != 0)
		return NULL;
	idx = place(runs, like);
	if (*idx != 0)
		return &runs->series[*idx - 1];
	if (runs->series_cnt == own->series_room) {
		uint32_t room = own->series_room ? own->series_room * 2 : 64;

		series = reallocarray(runs->series, room, sizeof(*series));
		if (!series)
			return NULL;
		runs->series = series;
		own->series_room = room;
	}
	series = &runs->series[runs->series_cnt];
	*series = *like;
	series->name = kept(runs, like->name);
	series->labels = kept(runs, like->labels);
	series->unit = kept(runs, like->unit);
	if (!series->name || !series->labels || !series->unit)
		return NULL;
	*idx = ++runs->series_cnt;
	return series;
}

void
kymo_runs_free(struct kymo_runs *runs)
{
	struct kyi_run_chunk *next;

	if (!runs)
		return;
	for (struct kyi_run_chunk *at = runs->private_->chunks; at; at = next) {
		next = at->next;
		free(at);
	}
	for (uint32_t i = 0; i < runs->series_cnt; i++)
		free(runs->series[i].values);
	free(runs->series);
	free(runs->looks);
	free(runs->ends);
	free(runs->private_->table);
	free(runs->private_);
	free(runs);
}
