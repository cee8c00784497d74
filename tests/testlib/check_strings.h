/* SPDX-License-Identifier: MIT */

/* An image with strings of every kind that records may refer to, sound and
   not, for tests of shm/check_record.c. */

#ifndef TESTS_TESTLIB_CHECK_STRINGS_H
#define TESTS_TESTLIB_CHECK_STRINGS_H

#include "tests/testlib/testlib.h"

#include "shm/check.h"

#define STRINGS_OFF 4096u
#define IMAGE_BYTES 65536u

/* The strings, by what they are good for; refs into the image. */
enum {
	NONE, NAME, UNIT, COMPONENT, HELP, KEYS, VALUES, STATES,
	/* and others that some member must not name */
	DOTTED, SPACED, LONG_NAME, LONG_HELP, LONG_VALUE, LONG_FORMAT,
	KEYS_LE, KEYS_QUANTILE, KEYS_RESERVED, KEYS_TWICE, KEYS_MANY, KEYS_BAD,
	KEYS_ODD, KEYS_ALIKE, KEY_GE, VALUES_ONE, VALUES_LONG, VALUES_BAD, STATES_TWICE,
	STATES_MANY, NOT_UTF8, TYPES, TYPES_BAD, TYPES_MANY, EMPTY_LIST,
	OUTSIDE, LAST,
};

static uint64_t storage[IMAGE_BYTES / 8];
static struct kyi_bytes image = { (uint8_t *)storage, IMAGE_BYTES };
static uint64_t strings_end;
static uint32_t refs[LAST];

static uint32_t
put(const void *bytes, uint32_t len_bytes)
{
	uint8_t *at = (uint8_t *)storage + strings_end;
	uint32_t ref = (uint32_t)(strings_end / 8);

	assert_true(strings_end + len_bytes + 16 < IMAGE_BYTES);
	memcpy(at, &len_bytes, 4);
	memcpy(at + 4, bytes, len_bytes);
	strings_end += (4 + len_bytes + 7) / 8 * 8;
	return ref;
}

static uint32_t
text(const char *bytes)
{
	return put(bytes, (uint32_t)strlen(bytes));
}

static uint32_t
letters(uint32_t cnt)
{
	char bytes[8192];

	memset(bytes, 'a', cnt);
	return put(bytes, cnt);
}

/* Lists of two, and of cnt that differ. */
static uint32_t
pair(uint32_t a, uint32_t b)
{
	const uint32_t list[2] = { a, b };

	return put(list, sizeof(list));
}

static uint32_t
many(uint32_t cnt)
{
	uint32_t list[100], i;
	char name[8];

	for (i = 0; i < cnt; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		list[i] = text(name);
	}
	return put(list, 4 * cnt);
}

static int
make_image(void **state)
{
	strings_end = STRINGS_OFF;
	refs[NAME] = text("job_duration_seconds");
	refs[UNIT] = text("seconds");
	refs[COMPONENT] = text("cache-2.disk");
	refs[HELP] = text("How long a job takes.\n\xff");
	refs[KEYS] = pair(text("method"), text("code"));
	refs[VALUES] = pair(text("GET\xff"), 0);
	refs[STATES] = pair(text("up"), text("going down"));
	refs[DOTTED] = text("a.b");
	refs[SPACED] = text("a b");
	refs[LONG_NAME] = letters(KYI_NAME_BYTES_MAX + 1);
	refs[LONG_HELP] = letters(KYI_HELP_BYTES_MAX + 1);
	refs[LONG_VALUE] = letters(KYI_VALUE_BYTES_MAX + 1);
	refs[LONG_FORMAT] = letters(KYI_STRING_BYTES_MAX + 1);
	refs[KEYS_LE] = pair(text("le"), text("code"));
	refs[KEYS_QUANTILE] = pair(text("code"), text("quantile"));
	refs[KEYS_RESERVED] = pair(text("__name__"), text("code"));
	refs[KEYS_TWICE] = pair(text("code"), text("code"));
	refs[KEYS_MANY] = many(KYI_LABEL_MAX + 1);
	refs[KEYS_BAD] = pair(text("code"), UINT32_MAX);
	refs[KEYS_ODD] = put("abcdefg", 7);
	refs[KEYS_ALIKE] = pair(text("code"), text("path"));
	refs[KEY_GE] = text("ge");
	refs[KEY_GE] = put(&refs[KEY_GE], 4);
	refs[VALUES_ONE] = put(&refs[UNIT], 4);
	refs[VALUES_LONG] = pair(refs[LONG_VALUE], 0);
	refs[VALUES_BAD] = pair(0, 1);
	refs[STATES_TWICE] = pair(refs[UNIT], refs[UNIT]);
	refs[STATES_MANY] = many(KYI_STATE_MAX + 1);
	refs[NOT_UTF8] = text("\xff\xfe");
	refs[TYPES] = text("iufs");
	refs[TYPES_BAD] = text("ix");
	refs[TYPES_MANY] = text("iiiiiiiiiiiiiiiii");
	refs[EMPTY_LIST] = put("", 0);
	/* A string of the image that is not of its strings. */
	memcpy((uint8_t *)storage + 64, "\4\0\0\0test", 8);
	memcpy((uint8_t *)storage + 72, "\0\0\0\4test", 8);
	refs[OUTSIDE] = 64 / 8;
	return 0;
}

#endif
