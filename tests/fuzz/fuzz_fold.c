/* SPDX-License-Identifier: MIT */
/* Any bytes are what perf script says, whole or in pieces: what comes of them is
   printable, a stack a line, and counts each sample once. */
#include <stdlib.h>
#include <string.h>

#include "reader/profile/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

static void
fold(struct kymo_profile *profile, const uint8_t *bytes, size_t len_bytes,
    size_t piece_bytes)
{
	const struct kymo_profile_process processes[] = { { 1, -1 }, { 22, -1 },
		{ 333, -1 } };
	const bool keep[] = { true, false, true };
	struct kyi_fold *made = kyi_fold_new(processes, 3);

	for (size_t at = 0; at < len_bytes; at += piece_bytes)
		kyi_fold_add(made, (const char *)bytes + at,
		    len_bytes - at < piece_bytes ? len_bytes - at :
		    piece_bytes);
	if (kyi_fold_end(made, keep, profile) != 0)
		abort();
	kyi_fold_free(made);
}

static void
plain_check(const struct kymo_buffer *text)
{
	for (size_t i = 0; i < text->len_bytes; i++)
		if (text->at[i] != '\n' &&
		    (text->at[i] < ' ' || text->at[i] > '~'))
			abort();
}

static void
lines_check(const struct kymo_profile *profile)
{
	const char *at = profile->folded.at, *end, *cnt;
	uint64_t all = 0;

	while (at != NULL && *at != '\0') {
		end = strchr(at, '\n');
		if (end == NULL)
			abort();
		for (cnt = end; cnt > at && cnt[-1] != ' ';)
			cnt--;
		if (cnt == at || strtoull(cnt, NULL, 10) == 0)
			abort();
		all += strtoull(cnt, NULL, 10);
		at = end + 1;
	}
	if (all != profile->sample_cnt)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	struct kymo_profile whole = { .result = KYMO_PROFILE_TAKEN };
	struct kymo_profile pieces = { .result = KYMO_PROFILE_TAKEN };

	fold(&whole, bytes, len_bytes, len_bytes + 1);
	fold(&pieces, bytes, len_bytes, 7);
	plain_check(&whole.report);
	plain_check(&whole.folded);
	lines_check(&whole);
	if (strlen(whole.hottest) >= sizeof(whole.hottest) ||
	    strcmp(whole.hottest, pieces.hottest) != 0 ||
	    whole.sample_cnt != pieces.sample_cnt ||
	    whole.left_out_cnt != pieces.left_out_cnt ||
	    whole.folded.len_bytes != pieces.folded.len_bytes ||
	    (whole.folded.len_bytes > 0 && memcmp(whole.folded.at,
	    pieces.folded.at, whole.folded.len_bytes) != 0))
		abort();
	kymo_profile_free(&whole);
	kymo_profile_free(&pieces);
	return 0;
}
