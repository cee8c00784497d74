/* SPDX-License-Identifier: MIT */
/* All faults of a file: the same reader, with somebody who listens. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "reader/region/private.h"

#define HEARD_CNT 16u

/* A head is looked at more than once; its fault is told once. */
struct listener {
	kymo_region_fault *fault;
	void *to;
	int64_t fault_cnt;
	uint64_t heard[HEARD_CNT]; /* hashes of the last ones */
	uint32_t heard_next;
};

static void
hear(void *to, uint64_t off, const char *text)
{
	struct listener *listener = to;
	uint64_t hash = kyi_hash_text(KYI_HASH_FIRST ^ off, text);
	uint32_t i;

	for (i = 0; i < HEARD_CNT; i++)
		if (listener->heard[i] == hash)
			return;
	listener->heard[listener->heard_next++ % HEARD_CNT] = hash;
	listener->fault_cnt++;
	if (listener->fault != NULL)
		listener->fault(listener->to, off, text);
}

int64_t
kymo_region_check(const char *path, kymo_region_fault *fault, void *to,
    struct kymo_error *error)
{
	struct listener listener = { .fault = fault, .to = to };
	struct kymo_region *region;
	struct kymo_error why = { "" };
	int result;

	if (kyi_region_open_at(&region, AT_FDCWD, "", path, NULL, true, hear,
		&listener, &why) != 0) {
		/* A header that says what is wrong with it was read. */
		if (listener.fault_cnt > 0)
			return listener.fault_cnt;
		return kymo_error_set(error, "%s", why.text);
	}
	result = kymo_region_scan(region, KYMO_SCAN_VALUES | KYMO_SCAN_EVENTS,
	    &why);
	kymo_region_close(region);
	if (result == 0)
		return listener.fault_cnt;
	if (listener.fault_cnt == 0)
		return kymo_error_set(error, "%s", why.text);
	hear(&listener, 0, why.text);
	return listener.fault_cnt;
}
