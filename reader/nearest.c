/* SPDX-License-Identifier: MIT */
#include "reader/nearest.h"

#include <string.h>

#define WORD_BYTES_MAX 32u

/* How many letters to put in, take out or change (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
	size_t a_bytes = strlen(a), b_bytes = strlen(b), i, j;
	size_t row[WORD_BYTES_MAX + 1];

	if (a_bytes > WORD_BYTES_MAX || b_bytes > WORD_BYTES_MAX)
		return WORD_BYTES_MAX;
	for (j = 0; j <= b_bytes; j++)
		row[j] = j;
	for (i = 1; i <= a_bytes; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (j = 1; j <= b_bytes; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b_bytes];
}

/* Letters that both begin with. */
static size_t
alike(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] != '\0' && a[i] == b[i])
		i++;
	return i;
}

const char *
kyi_nearest(const char *text, const char *const *words, size_t cnt)
{
	size_t best = WORD_BYTES_MAX, best_idx = 0, i;

	for (i = 0; i < cnt; i++) {
		size_t d = distance(text, words[i]);

		/* Of two, the one that begins alike: rat is for rate, not
		   rad. */
		if (d < best || (d == best && d < WORD_BYTES_MAX &&
		    alike(text, words[i]) > alike(text, words[best_idx]))) {
			best = d;
			best_idx = i;
		}
	}
	/* Farther, it is another word. */
	if (cnt == 0 || best > 1 + strlen(words[best_idx]) / 3)
		return NULL;
	return words[best_idx];
}
