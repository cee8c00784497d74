/* SPDX-License-Identifier: MIT */
/* A total of the dead, as bytes of the database and back. What comes from the
   file is checked: it may be old, or damaged. */
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

#define BUCKETS_MAX 65536u

/* Strings one after another, each with its NUL. */
struct kyi_blob
kyi_pack_strings(const char *const *strings, uint32_t cnt)
{
	struct kyi_blob blob = {NULL, 0};
	uint32_t i;

	for (i = 0; i < cnt; i++)
		blob.len_bytes += strlen(strings[i]) + 1;
	blob.at = malloc(blob.len_bytes + 1);
	blob.len_bytes = 0;
	for (i = 0; blob.at != NULL && i < cnt; i++) {
		strcpy((char *)blob.at + blob.len_bytes, strings[i]);
		blob.len_bytes += strlen(strings[i]) + 1;
	}
	return blob;
}

struct kyi_blob
kyi_pack_labels(const struct kymo_label *labels, uint32_t cnt)
{
	const char *strings[2 * KYI_BLOB_LABELS_MAX];
	uint32_t i;

	if (cnt > KYI_BLOB_LABELS_MAX)
		cnt = KYI_BLOB_LABELS_MAX;
	for (i = 0; i < cnt; i++) {
		strings[2 * i] = labels[i].key;
		strings[2 * i + 1] = labels[i].value;
	}
	return kyi_pack_strings(strings, 2 * cnt);
}

/* The strings of a blob; how many there are, 0 if it is damaged. */
uint32_t
kyi_unpack_strings(const char *strings[], uint32_t cnt_max, const void *at,
    int len_bytes)
{
	const char *text = at;
	uint32_t cnt = 0;

	if (len_bytes <= 0 || text[len_bytes - 1] != '\0')
		return 0;
	while (len_bytes > 0 && cnt < cnt_max) {
		size_t bytes = strlen(text) + 1;

		strings[cnt++] = text;
		text += bytes;
		len_bytes -= (int)bytes;
	}
	return cnt;
}

/* A value: one word; two of a float, with what its rounding left out (one, of
   an older reader); or seven of a histogram and its buckets. */
#define HIST_WORDS 7u

struct kyi_blob
kyi_pack_value(const struct kyi_retired_row *row)
{
	const struct kymo_hist *hist = &row->hist;
	bool is_float = row->family.kind == KYMO_METRIC_FLOAT_COUNTER;
	size_t words = hist->buckets == NULL ? 1u + is_float :
	    HIST_WORDS + hist->bucket_cnt;
	uint64_t *at = malloc(words * sizeof(*at));
	struct kyi_blob blob = {(uint8_t *)at, words * sizeof(*at)};

	if (at == NULL)
		return blob;
	at[0] = row->sum;
	if (is_float)
		at[1] = kyi_bits_of(row->rest);
	if (hist->buckets == NULL)
		return blob;
	at[0] = hist->scale;
	at[1] = (uint64_t)(int64_t)hist->lo_idx;
	at[2] = hist->bucket_cnt;
	at[3] = hist->sum;
	at[4] = hist->zero;
	at[5] = hist->under;
	at[6] = hist->over;
	memcpy(at + HIST_WORDS, hist->buckets,
	    hist->bucket_cnt * sizeof(*hist->buckets));
	return blob;
}

bool
kyi_unpack_value(struct kyi_retired_row *row, const void *bytes, size_t len_bytes,
    uint64_t **buckets)
{
	uint64_t word[HIST_WORDS];

	memset(&row->hist, 0, sizeof(row->hist));
	row->rest = 0;
	if (len_bytes == sizeof(row->sum) ||
	    (len_bytes == 2 * sizeof(row->sum) &&
	    row->family.kind == KYMO_METRIC_FLOAT_COUNTER)) {
		memcpy(&row->sum, bytes, sizeof(row->sum));
		if (len_bytes > sizeof(row->sum))
			memcpy(&row->rest, (const uint8_t *)bytes +
			    sizeof(row->sum), sizeof(row->rest));
		return !kyi_kind_is_hist(row->family.kind);
	}
	if (len_bytes < sizeof(word) || !kyi_kind_is_hist(row->family.kind))
		return false;
	memcpy(word, bytes, sizeof(word));
	if (word[0] > 6 || word[2] > BUCKETS_MAX ||
	    len_bytes != (HIST_WORDS + word[2]) * sizeof(*word) ||
	    (int64_t)word[1] < -100000 || (int64_t)word[1] > 100000)
		return false;
	*buckets = malloc(len_bytes);
	if (*buckets == NULL)
		return false;
	memcpy(*buckets, (const uint8_t *)bytes + sizeof(word),
	    len_bytes - sizeof(word));
	row->hist = (struct kymo_hist){
		.scale = (uint32_t)word[0], .lo_idx = (int32_t)word[1],
		.bucket_cnt = (uint32_t)word[2], .sum = word[3],
		.zero = word[4], .under = word[5], .over = word[6],
		.buckets = *buckets,
	};
	return true;
}
