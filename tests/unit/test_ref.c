/* SPDX-License-Identifier: MIT */
/* Goal: no offset leads out of the bytes. Method: an image of known length
   with two strings, and refs at and over each border; a sum that wraps is in
   more rows than one. */
#include "tests/testlib/testlib.h"

#include "shm/ref.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define IMAGE_BYTES 256u

static const struct {
	const char *what;
	uint64_t off, size;
	bool inside;
} at_rows[] = {
	{ "first byte", 0, 1, true },
	{ "all", 0, IMAGE_BYTES, true },
	{ "last word", IMAGE_BYTES - 8, 8, true },
	{ "nothing at the end", IMAGE_BYTES, 0, true },
	{ "one at the end", IMAGE_BYTES, 1, false },
	{ "one too many", 8, IMAGE_BYTES - 7, false },
	{ "beyond", IMAGE_BYTES + 8, 0, false },
	{ "minus eight", UINT64_MAX - 7, 8, false },
	{ "minus eight, sixteen", UINT64_MAX - 7, 16, false },
	{ "size minus one", 8, UINT64_MAX, false },
	{ "size that wraps to the start", 8, UINT64_MAX - 7, false },
	{ "half of everything twice", UINT64_C(1) << 63, UINT64_C(1) << 63,
	    false },
	{ "unaligned", 4, 4, false },
	{ "unaligned by one", 1, 1, false },
};

static void
test_offsets_stay_inside(void **state)
{
	static const uint8_t image[IMAGE_BYTES];
	struct kyi_bytes bytes = { image, sizeof(image) };
	size_t i;

	for (i = 0; i < COUNT(at_rows); i++) {
		const void *at = kyi_bytes_at(bytes, at_rows[i].off,
		    at_rows[i].size);

		if ((at != NULL) != at_rows[i].inside ||
		    (at != NULL && at != image + at_rows[i].off))
			fail_msg("%s", at_rows[i].what);
	}
}

/* Strings are in [64, 192): "hello" at 64, one that just fits at 160, lengths
   that lie at 80 and 184; and a good one outside, at 200. */
#define STRINGS_OFF 64u
#define STRINGS_END 192u

static void
put(uint8_t *image, uint32_t off, uint32_t len_bytes, const char *text)
{
	memcpy(image + off, &len_bytes, 4);
	memcpy(image + off + 4, text, strlen(text));
}

static const struct {
	const char *what;
	uint32_t ref, len_max;
	bool sound;
	const char *text;
} string_rows[] = {
	{ "none is the empty string", 0, 0, true, "" },
	{ "first", 64 / 8, 100, true, "hello" },
	{ "as long as it may be", 64 / 8, 5, true, "hello" },
	{ "longer than it may be", 64 / 8, 4, false, NULL },
	{ "up to the end", 160 / 8, 100, true, "twenty-eight bytes in all..." },
	{ "one byte over the end", 168 / 8, 100, false, NULL },
	{ "a length of 4 G", 80 / 8, UINT32_MAX, false, NULL },
	{ "no room for a length", 192 / 8, 100, false, NULL },
	{ "a length at the very end, empty", 184 / 8, 100, true, "" },
	{ "before the strings", 56 / 8, 100, false, NULL },
	{ "after the strings", 200 / 8, 100, false, NULL },
	{ "after the image", IMAGE_BYTES / 8, 100, false, NULL },
	{ "as far as a ref goes", UINT32_MAX, 100, false, NULL },
};

static void
fill(uint8_t image[IMAGE_BYTES])
{
	memset(image, 0, IMAGE_BYTES);
	put(image, 56, 4, "head");
	put(image, 64, 5, "hello");
	put(image, 80, UINT32_MAX, "");
	put(image, 160, 28, "twenty-eight bytes in all...");
	put(image, 200, 3, "out");
}

static void
test_strings_stay_inside_the_strings(void **state)
{
	uint64_t storage[IMAGE_BYTES / 8];
	uint8_t *image = (uint8_t *)storage;
	struct kyi_bytes bytes = { image, IMAGE_BYTES };
	struct kyi_text text;
	size_t i;

	for (i = 0; i < COUNT(string_rows); i++) {
		bool sound;

		fill(image);
		if (string_rows[i].ref == 168 / 8)
			put(image, 168, 21, "");
		if (string_rows[i].ref == 184 / 8)
			put(image, 184, 0, "");
		sound = kyi_string_at(bytes, STRINGS_OFF, STRINGS_END,
		    string_rows[i].ref, string_rows[i].len_max, &text);
		if (sound != string_rows[i].sound)
			fail_msg("%s", string_rows[i].what);
		if (!sound)
			continue;
		assert_int_equal(text.len_bytes, strlen(string_rows[i].text));
		assert_memory_equal(text.at, string_rows[i].text,
		    text.len_bytes);
	}
}

static void
test_strings_that_end_after_the_image_are_refused(void **state)
{
	uint64_t storage[IMAGE_BYTES / 8];
	uint8_t *image = (uint8_t *)storage;
	struct kyi_bytes cut = { image, 66 };
	struct kyi_text text;

	fill(image);
	/* The strings claim more than was copied. */
	assert_false(kyi_string_at(cut, STRINGS_OFF, STRINGS_END, 64 / 8, 100,
	    &text));
	cut.len_bytes = 68;
	assert_false(kyi_string_at(cut, STRINGS_OFF, STRINGS_END, 64 / 8, 100,
	    &text));
	cut.len_bytes = 73;
	assert_true(kyi_string_at(cut, STRINGS_OFF, STRINGS_END, 64 / 8, 100,
	    &text));
	/* Strings whose end is before their beginning. */
	cut.len_bytes = IMAGE_BYTES;
	assert_false(kyi_string_at(cut, STRINGS_END, STRINGS_OFF, 160 / 8, 100,
	    &text));
}

static void
test_a_list_gives_its_refs(void **state)
{
	const uint32_t refs[3] = { 7, 0, UINT32_MAX };
	struct kyi_text list = { (const char *)refs, sizeof(refs) };
	uint32_t i;

	for (i = 0; i < 3; i++)
		assert_int_equal(kyi_list_ref(list, i), refs[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets_stay_inside),
		cmocka_unit_test(test_strings_stay_inside_the_strings),
		cmocka_unit_test(
		    test_strings_that_end_after_the_image_are_refused),
		cmocka_unit_test(test_a_list_gives_its_refs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
