/* SPDX-License-Identifier: MIT */
/* Goal: whatever is asked for, the fixed blocks fit and leave room for
   histograms and rings. Method: the defaults by number; then every combination
   of small, large and absurd wishes against what must hold for all. */
#include "tests/testlib/testlib.h"

#include "shm/layout.h"
#include "shm/shape.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_the_defaults(void **state)
{
	struct kyi_shape shape;

	memset(&shape, 0, sizeof(shape));
	shape.max_bytes = 64u << 20;
	kyi_shape_fit(&shape);
	assert_int_equal(shape.max_bytes, 64u << 20);
	assert_int_equal(shape.slot_max, 256);
	assert_int_equal(shape.window_bytes, 65536);
	assert_int_equal(shape.slots_bytes, 36864);
	assert_int_equal(shape.dir_bytes, 643072);
	assert_true((shape.dir_bytes - 64) / 64 >= 10000);
	assert_int_equal(shape.str_bytes, 4u << 20);
	assert_true((shape.shared_bytes - 64) / 64 >= 4096);
	assert_int_equal(shape.res_bytes, 4096);
	assert_int_equal(shape.windows_bytes, 4096 + (16u << 20));
	memset(&shape, 0, sizeof(shape));
	kyi_shape_fit(&shape);
	assert_int_equal(shape.max_bytes, sizeof(void *) > 4 ? 64u << 20 :
	    16u << 20);
}

/* What must hold; false and a word about it otherwise. */
static const char *
fault(const struct kyi_shape *shape)
{
	uint64_t total = KYI_BLOCKS_OFF + (uint64_t)shape->slots_bytes +
	    shape->dir_bytes + shape->str_bytes + shape->shared_bytes +
	    shape->res_bytes + shape->windows_bytes;
	uint64_t ors = shape->max_bytes | shape->slots_bytes |
	    shape->dir_bytes | shape->str_bytes | shape->shared_bytes |
	    shape->res_bytes | shape->windows_bytes | shape->window_bytes;

	if (shape->max_bytes < KYI_REGION_BYTES_MIN ||
	    shape->max_bytes > KYI_REGION_BYTES_MAX)
		return "length out of bounds";
	if (ors % KYI_PAGE_BYTES != 0)
		return "not pages";
	if (total > shape->max_bytes / 4 * 3)
		return "no room is left";
	if (shape->slot_max < 1 || shape->slot_max > KYI_SLOT_MAX)
		return "slots out of bounds";
	if (shape->slots_bytes < 64 + shape->slot_max * 128)
		return "no room for the slots";
	if (shape->windows_bytes != KYI_PAGE_BYTES +
	    (uint64_t)shape->slot_max * shape->window_bytes)
		return "windows do not add up";
	if (shape->window_bytes == 0 || shape->dir_bytes == 0 ||
	    shape->str_bytes == 0 || shape->shared_bytes == 0)
		return "a block is missing";
	if ((shape->dir_bytes - 64) / 64 > KYI_RECORD_MAX)
		return "more records than a reader takes";
	return NULL;
}

static void
test_any_wish_becomes_a_shape_that_fits(void **state)
{
	static const uint64_t max[] = { 0, 1, 100000, 256u << 10, 300001,
		512u << 10, 1u << 20, 2u << 20, 16u << 20, 64u << 20,
		128u << 20, 1u << 30, UINT64_MAX };
	static const uint32_t slots[] = { 0, 1, 2, 3, 4, 17, 256, 4096, 4097,
		UINT32_MAX };
	static const uint32_t bytes[] = { 0, 1, 4096, 4097, 65536, 1u << 20,
		16u << 20, UINT32_MAX };
	size_t m, s, w, b;

	for (m = 0; m < COUNT(max); m++)
	for (s = 0; s < COUNT(slots); s++)
	for (w = 0; w < COUNT(bytes); w++)
	for (b = 0; b < COUNT(bytes); b++) {
		struct kyi_shape shape = { .max_bytes = max[m],
			.slot_max = slots[s], .window_bytes = bytes[w],
			.dir_bytes = bytes[b],
			.str_bytes = bytes[(b + w) % COUNT(bytes)],
			.shared_bytes = bytes[(b + s) % COUNT(bytes)] };
		const char *what;

		kyi_shape_fit(&shape);
		what = fault(&shape);
		if (what != NULL)
			fail_msg("%s: max %zu slots %zu window %zu bytes %zu",
			    what, m, s, w, b);
	}
}

static const struct {
	const char *what;
	uint64_t max_bytes;
	uint32_t slot_max, window_bytes;   /* wishes */
	uint32_t slot_max_is, window_bytes_is;
} rows[] = {
	{ "small and few", 1u << 20, 4, 8192, 4, 8192 },
	{ "few threads keep their slots", 1u << 20, 4, 0, 4, 32768 },
	{ "nobody asked for threads", 1u << 20, 0, 0, 16, 8192 },
	{ "somebody asked for threads", 2u << 20, 64, 0, 64, 4096 },
	{ "for more than is good", 1u << 20, 64, 0, 32, 4096 },
	{ "one thread", 256u << 10, 1, 0, 1, 32768 },
	{ "no room for so many", 256u << 10, 256, 0, 8, 4096 },
	{ "16 MiB, as on 32 bits", 16u << 20, 0, 0, 64, 65536 },
	{ "32 MiB", 32u << 20, 0, 0, 256, 65536 },
};

static void
test_what_was_asked_for_gives_way_last(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		struct kyi_shape shape = { .max_bytes = rows[i].max_bytes,
			.slot_max = rows[i].slot_max,
			.window_bytes = rows[i].window_bytes };

		kyi_shape_fit(&shape);
		if (shape.slot_max != rows[i].slot_max_is ||
		    shape.window_bytes != rows[i].window_bytes_is)
			fail_msg("%s: %u slots, windows of %u bytes",
			    rows[i].what, shape.slot_max, shape.window_bytes);
	}
}

static void
test_a_shape_that_fits_stays(void **state)
{
	struct kyi_shape shape = { .max_bytes = 2u << 20, .slot_max = 8 };
	struct kyi_shape again;

	kyi_shape_fit(&shape);
	again = shape;
	kyi_shape_fit(&again);
	assert_memory_equal(&again, &shape, sizeof(shape));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_defaults),
		cmocka_unit_test(test_any_wish_becomes_a_shape_that_fits),
		cmocka_unit_test(test_what_was_asked_for_gives_way_last),
		cmocka_unit_test(test_a_shape_that_fits_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
