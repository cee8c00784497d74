/* SPDX-License-Identifier: MIT */
#include "reader/notify/coalesce.h"

#include <stdlib.h>

static int
by_alert(const void *a, const void *b)
{
	const struct kyi_mention *one = a, *other = b;

	if (one->fingerprint != other->fingerprint)
		return one->fingerprint < other->fingerprint ? -1 : 1;
	return one->row < other->row ? -1 : one->row > other->row;
}

#define SAID(mention) ((mention)->firing ? 2u : 1u)

/* Whether one alert's mentions, cnt of them in the order of rows, allow that
   the rows below cut go. */
static bool
may_cut(const struct kyi_mention *mentions, uint32_t cnt, uint32_t cut)
{
	uint32_t said = 0, said_again = 0, i, first = cnt;

	for (i = 0; i < cnt; i++)
		if (mentions[i].row < cut) {
			said |= SAID(&mentions[i]);
		} else {
			said_again |= SAID(&mentions[i]);
			if (first == cnt)
				first = i;
		}
	if (said == 0)
		return true;
	return (said & ~said_again) == 0 && first < cnt &&
	    mentions[first].firing == mentions[0].firing;
}

/* Whether the last row says what the one before says. */
static bool
last_says_again(const struct kyi_mention *mentions, uint32_t cnt,
    uint32_t row_cnt)
{
	uint32_t before = 0, last = 0, i;

	for (i = 0; i < cnt; i++)
		if (mentions[i].row == row_cnt - 2)
			before |= SAID(&mentions[i]);
		else if (mentions[i].row == row_cnt - 1)
			last |= SAID(&mentions[i]);
	return (before & ~last) == 0;
}

struct kyi_coalesced
kyi_coalesce(struct kyi_mention *mentions, uint32_t cnt, uint32_t row_cnt)
{
	bool bad[KYI_COALESCE_ROWS_MAX] = { false };
	struct kyi_coalesced result = { .before_last = row_cnt > 1 };
	uint32_t begin, end, cut;

	if (row_cnt < 2)
		return result;
	qsort(mentions, cnt, sizeof(*mentions), by_alert);
	for (begin = 0; begin < cnt; begin = end) {
		for (end = begin; end < cnt && mentions[end].fingerprint ==
		    mentions[begin].fingerprint; end++)
			;
		for (cut = 1; cut < row_cnt; cut++)
			bad[cut] |= !may_cut(&mentions[begin], end - begin,
			    cut);
		result.before_last &= last_says_again(&mentions[begin],
		    end - begin, row_cnt);
	}
	for (cut = row_cnt - 1; cut > 0 && bad[cut]; cut--)
		;
	result.oldest_cnt = cut;
	/* It may be one of the oldest. */
	result.before_last &= cut < row_cnt - 1;
	return result;
}
