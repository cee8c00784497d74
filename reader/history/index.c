/* SPDX-License-Identifier: MIT */
/* Series by their labels: a table by hash for whoever appends; postings (all
   series that have this label) for matchers; and what matchers found, kept,
   since rules ask the same at each pass. A kept answer is only shown the series
   that are new since then; when one has gone all are forgotten. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/select.h"

#define TABLE_ROOM_MIN 1024u
#define KEPT_MAX 4096u
#define KEPT_NEW_MAX 16u
#define GONE UINT32_MAX /* in_index of one that goes */

struct list {
	struct kyi_series **at;
	uint32_t cnt, room;
};

struct posting {
	struct posting *next;
	uint64_t hash, removal; /* the last one that looked at it */
	struct list series;
	size_t key_bytes; /* with its NUL; the value follows */
	char text[];
};

struct kept {
	struct kept *next;
	uint64_t hash;
	struct list series;
	uint32_t seen; /* of all */
	size_t question_bytes;
	char question[];
};

struct kyi_index {
	pthread_mutex_t lock;
	struct list all;
	struct kyi_series **by_hash;
	struct posting **postings;
	struct kept **kept;
	uint64_t removal;
	uint32_t hash_room, posting_room, posting_cnt, kept_cnt;
};

static int
list_add(struct list *list, struct kyi_series *series)
{
	if (list->cnt == list->room) {
		uint32_t room = list->room == 0 ? 4 : list->room * 2;
		void *at = realloc(list->at, room * sizeof(void *));

		if (at == NULL)
			return -1;
		list->at = at;
		list->room = room;
	}
	list->at[list->cnt++] = series;
	return 0;
}

struct kyi_index *
kyi_index_new(void)
{
	struct kyi_index *index = calloc(1, sizeof *index);

	if (index == NULL)
		return NULL;
	index->hash_room = index->posting_room = TABLE_ROOM_MIN;
	index->by_hash = calloc(TABLE_ROOM_MIN, sizeof(void *));
	index->postings = calloc(TABLE_ROOM_MIN, sizeof(void *));
	index->kept = calloc(KEPT_MAX, sizeof(void *));
	pthread_mutex_init(&index->lock, NULL);
	if (index->by_hash == NULL || index->postings == NULL ||
	    index->kept == NULL) {
		kyi_index_delete(index);
		return NULL;
	}
	return index;
}

static void
kept_forget(struct kyi_index *index)
{
	for (uint32_t i = 0; index->kept_cnt > 0 && i < KEPT_MAX; i++) {
		struct kept *kept = index->kept[i];

		while (kept != NULL) {
			struct kept *next = kept->next;

			free(kept->series.at);
			free(kept);
			kept = next;
			index->kept_cnt--;
		}
		index->kept[i] = NULL;
	}
}

static void
posting_free(struct posting *posting)
{
	free(posting->series.at);
	free(posting);
}

void
kyi_index_delete(struct kyi_index *index)
{
	if (index == NULL)
		return;
	if (index->kept != NULL)
		kept_forget(index);
	for (uint32_t i = 0; index->postings != NULL &&
	    i < index->posting_room; i++)
		while (index->postings[i] != NULL) {
			struct posting *next = index->postings[i]->next;

			posting_free(index->postings[i]);
			index->postings[i] = next;
		}
	free(index->postings);
	free(index->by_hash);
	free(index->kept);
	free(index->all.at);
	pthread_mutex_destroy(&index->lock);
	free(index);
}

uint32_t
kyi_index_cnt(const struct kyi_index *index)
{
	return index->all.cnt;
}

/* ---- by hash -------------------------------------------------------------------- */

struct kyi_series *
kyi_index_find(const struct kyi_index *index, const struct kymo_labels *labels,
    const struct kymo_feed *feed, bool *taken, bool *other)
{
	struct kyi_series *series =
	    index->by_hash[labels->hash & (index->hash_room - 1)];

	*taken = *other = false;
	for (; series != NULL; series = series->next_same_hash) {
		if (!kymo_labels_equal(series->labels, labels))
			continue;
		if (series->feed == feed)
			return series;
		*other = true;
		*taken |= kyi_series_live(series);
	}
	return NULL;
}

static void
hash_put(struct kyi_index *index, struct kyi_series *series)
{
	struct kyi_series **at =
	    &index->by_hash[series->labels->hash & (index->hash_room - 1)];

	series->next_same_hash = *at;
	*at = series;
}

static void
hash_grow(struct kyi_index *index)
{
	struct kyi_series **more;

	if (index->all.cnt < index->hash_room)
		return;
	more = calloc(index->hash_room * 2, sizeof *more);
	if (more == NULL)
		return; /* longer chains */
	free(index->by_hash);
	index->by_hash = more;
	index->hash_room *= 2;
	for (uint32_t i = 0; i < index->all.cnt; i++)
		hash_put(index, index->all.at[i]);
}

/* ---- postings ------------------------------------------------------------------- */

static struct posting **
posting_at(struct kyi_index *index, const char *key, const char *value,
    uint64_t *hash)
{
	struct kymo_label label = { key, value };
	struct posting **at;

	*hash = kymo_labels_hash(&label, 1);
	at = &index->postings[*hash & (index->posting_room - 1)];
	while (*at != NULL && ((*at)->hash != *hash ||
	    strcmp((*at)->text, key) != 0 ||
	    strcmp((*at)->text + (*at)->key_bytes, value) != 0))
		at = &(*at)->next;
	return at;
}

static void
postings_grow(struct kyi_index *index)
{
	uint32_t room = index->posting_room * 2;
	struct posting **more;

	if (index->posting_cnt < index->posting_room)
		return;
	more = calloc(room, sizeof *more);
	if (more == NULL)
		return;
	for (uint32_t i = 0; i < index->posting_room; i++)
		while (index->postings[i] != NULL) {
			struct posting *one = index->postings[i];

			index->postings[i] = one->next;
			one->next = more[one->hash & (room - 1)];
			more[one->hash & (room - 1)] = one;
		}
	free(index->postings);
	index->postings = more;
	index->posting_room = room;
}

static int
posting_add(struct kyi_index *index, const struct kymo_label *label,
    struct kyi_series *series)
{
	uint64_t hash;
	struct posting **at = posting_at(index, label->key, label->value,
	    &hash);

	if (*at == NULL) {
		size_t key_bytes = strlen(label->key) + 1;
		size_t value_bytes = strlen(label->value) + 1;
		struct posting *one = calloc(1, sizeof *one + key_bytes +
		    value_bytes);

		if (one == NULL)
			return -1;
		one->hash = hash;
		one->key_bytes = key_bytes;
		memcpy(one->text, label->key, key_bytes);
		memcpy(one->text + key_bytes, label->value, value_bytes);
		*at = one;
		index->posting_cnt++;
	}
	return list_add(&(*at)->series, series);
}

/* All that go, at the first of them: a label that all have is looked at once,
   not as often as there are series. */
static void
posting_remove(struct kyi_index *index, const struct kymo_label *label)
{
	uint64_t hash;
	struct posting **at = posting_at(index, label->key, label->value,
	    &hash), *one = *at;
	uint32_t cnt = 0;

	if (one == NULL || one->removal == index->removal)
		return;
	one->removal = index->removal;
	for (uint32_t i = 0; i < one->series.cnt; i++)
		if (one->series.at[i]->in_index != GONE)
			one->series.at[cnt++] = one->series.at[i];
	one->series.cnt = cnt;
	if (one->series.cnt == 0) {
		*at = one->next;
		posting_free(one);
		index->posting_cnt--;
	}
}

/* ---- coming and going ------------------------------------------------------------- */

static void
all_remove(struct kyi_index *index, struct kyi_series *series)
{
	struct kyi_series **at =
	    &index->by_hash[series->labels->hash & (index->hash_room - 1)];

	while (*at != series)
		at = &(*at)->next_same_hash;
	*at = series->next_same_hash;
	index->all.at[series->in_index] = index->all.at[--index->all.cnt];
	index->all.at[series->in_index]->in_index = series->in_index;
	series->in_index = GONE;
}

static void
remove_locked(struct kyi_index *index, struct kyi_series *const *series,
    uint32_t cnt)
{
	index->removal++;
	for (uint32_t i = 0; i < cnt; i++)
		all_remove(index, series[i]);
	for (uint32_t i = 0; i < cnt; i++)
		for (uint32_t k = 0; k < series[i]->labels->cnt; k++)
			posting_remove(index, &series[i]->labels->at[k]);
	kept_forget(index);
}

int
kyi_index_add(struct kyi_index *index, struct kyi_series *series)
{
	int result = 0;

	pthread_mutex_lock(&index->lock);
	hash_grow(index);
	postings_grow(index);
	series->in_index = index->all.cnt;
	if (list_add(&index->all, series) != 0) {
		pthread_mutex_unlock(&index->lock);
		return -1;
	}
	hash_put(index, series);
	for (uint32_t i = 0; i < series->labels->cnt && result == 0; i++)
		result = posting_add(index, &series->labels->at[i], series);
	if (result != 0)
		remove_locked(index, &series, 1);
	pthread_mutex_unlock(&index->lock);
	return result;
}

void
kyi_index_remove(struct kyi_index *index, struct kyi_series *const *series,
    uint32_t cnt)
{
	pthread_mutex_lock(&index->lock);
	remove_locked(index, series, cnt);
	pthread_mutex_unlock(&index->lock);
}

/* ---- matching --------------------------------------------------------------------- */

/* kind, key, value of each matcher, NULs between. */
static struct kept *
question(const struct kymo_matcher *matchers, uint32_t cnt)
{
	size_t bytes = 0;
	struct kept *kept;
	char *at;

	for (uint32_t i = 0; i < cnt; i++)
		bytes += strlen(matchers[i].key) + strlen(matchers[i].value) + 3;
	kept = calloc(1, sizeof *kept + bytes);
	if (kept == NULL)
		return NULL;
	kept->question_bytes = bytes;
	at = kept->question;
	for (uint32_t i = 0; i < cnt; i++) {
		*at++ = (char)matchers[i].match;
		at = stpcpy(at, matchers[i].key) + 1;
		at = stpcpy(at, matchers[i].value) + 1;
	}
	kept->hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < bytes; i++)
		kept->hash = (kept->hash ^ (uint8_t)kept->question[i]) *
		    UINT64_C(0x100000001b3);
	return kept;
}

/* The answer that is kept, or this one from now on. */
static struct kept *
kept_find(struct kyi_index *index, struct kept *asked, bool *found)
{
	struct kept **at = &index->kept[asked->hash % KEPT_MAX], *kept;

	for (kept = *at; kept != NULL; kept = kept->next)
		if (kept->hash == asked->hash &&
		    kept->question_bytes == asked->question_bytes &&
		    memcmp(kept->question, asked->question,
		    asked->question_bytes) == 0) {
			*found = true;
			return kept;
		}
	*found = false;
	if (index->kept_cnt >= KEPT_MAX)
		kept_forget(index);
	asked->next = *at;
	*at = asked;
	index->kept_cnt++;
	return asked;
}

/* The fewest series that a matcher leaves; all of them where no matcher says
   what must be there. */
static const struct list *
candidates(struct kyi_index *index, const struct kymo_matcher *matchers,
    uint32_t cnt)
{
	static const struct list none;
	const struct list *best = &index->all;
	uint64_t hash;

	for (uint32_t i = 0; i < cnt; i++) {
		const struct posting *posting;

		if (matchers[i].match != KYMO_MATCH_EQUAL ||
		    matchers[i].value[0] == '\0')
			continue;
		posting = *posting_at(index, matchers[i].key,
		    matchers[i].value, &hash);
		if (posting == NULL)
			return &none;
		if (posting->series.cnt < best->cnt)
			best = &posting->series;
	}
	return best;
}

/* Looks only at what came since an answer was kept; or, where so much came that
   the postings are the shorter way, at those again. -1: error says why. */
static int
answer(struct kyi_index *index, struct kept *kept, bool found,
    const struct kymo_select *what, struct kymo_error *error)
{
	const struct kymo_matcher *matchers = what->matchers;
	const struct list *from = &index->all;
	uint32_t i = kept->seen, cnt = what->matcher_cnt;

	if (kept->seen == index->all.cnt && found)
		return 0;
	if (!found || index->all.cnt - kept->seen > KEPT_NEW_MAX) {
		from = candidates(index, matchers, cnt);
		if (found && from->cnt > index->all.cnt - kept->seen)
			from = &index->all;
		else
			kept->series.cnt = i = 0;
	}
	for (; i < from->cnt; i++) {
		if (i % KYI_SELECT_ROUND == KYI_SELECT_ROUND - 1 &&
		    kyi_select_go_on(what, error) != 0)
			return -1;
		if (kymo_matchers_match(matchers, cnt, from->at[i]->labels) &&
		    list_add(&kept->series, from->at[i]) != 0)
			return kymo_error_set(error, "no memory");
	}
	kept->seen = index->all.cnt;
	return 0;
}

int
kyi_index_match(struct kyi_index *index, const struct kymo_select *what,
    struct kyi_series ***found, uint32_t *found_cnt, struct kymo_error *error)
{
	struct kept *asked = question(what->matchers, what->matcher_cnt), *kept;
	bool known;
	int result = -1;

	*found = NULL;
	*found_cnt = 0;
	if (asked == NULL)
		return kymo_error_set(error, "no memory");
	pthread_mutex_lock(&index->lock);
	kept = kept_find(index, asked, &known);
	if (answer(index, kept, known, what, error) == 0) {
		*found_cnt = kept->series.cnt;
		*found = malloc((*found_cnt + 1) * sizeof **found);
		if (*found != NULL) {
			if (*found_cnt > 0)
				memcpy(*found, kept->series.at,
				    *found_cnt * sizeof **found);
			result = 0;
		} else
			kymo_error_set(error, "no memory");
	} else
		kept_forget(index);
	pthread_mutex_unlock(&index->lock);
	if (known)
		free(asked);
	return result;
}
