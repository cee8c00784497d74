/* SPDX-License-Identifier: MIT */
/* Which arguments a log's printf format has, row by row. */
#include "tests/testlib/testlib.h"

#include "writer/name.h"

/* take is for LP64 machines; NULL: refused. */
struct row {
	const char *format, *types, *take;
};

static const struct row rows[] = {
	{ "plain", "", "" },
	{ "100 %% sure", "", "" },
	{ "%d %i", "ii", "ii" },
	{ "%u %x %X %o", "uuuu", "uuuu" },
	{ "%hhd %hd %ld %lld", "iiii", "iiII" },
	{ "%zu %jd %td %zd", "uiii", "UIII" },
	{ "%lu %llx", "uu", "UU" },
	{ "%c", "i", "i" },
	{ "%p", "u", "U" },
	{ "%s", "s", "s" },
	{ "%f %F %e %E %g %G %a %A", "ffffffff", "ffffffff" },
	{ "%lf", "f", "f" },
	{ "%-+ #08.3f|", "f", "f" },
	{ "%5d%%%-10s|", "is", "is" },
	{ "%.3s", "s", "\x83" },
	{ "%.0s", "s", "\x80" },
	{ "%.s", "s", "\x80" },
	{ "%10.500s", "s", "\xff" },
	{ "%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d", "iiiiiiiiiiiiiiii",
	    "iiiiiiiiiiiiiiii" },
	{ "%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d", NULL, NULL },
	{ "", NULL, NULL },
	{ "%", NULL, NULL },
	{ "%5", NULL, NULL },
	{ "%l", NULL, NULL },
	{ "%.", NULL, NULL },
	{ "%n", NULL, NULL },
	{ "%*d", NULL, NULL },
	{ "%.*s", NULL, NULL },
	{ "%m", NULL, NULL },
	{ "%ls", NULL, NULL },
	{ "%lc", NULL, NULL },
	{ "%C", NULL, NULL },
	{ "%S", NULL, NULL },
	{ "%Lf", NULL, NULL },
	{ "%hf", NULL, NULL },
	{ "%llf", NULL, NULL },
	{ "%1$d", NULL, NULL },
	{ "%'d", NULL, NULL },
	{ "%k", NULL, NULL },
};

static void
test_each_format_has_the_types_that_c_says(void **state)
{
	struct kyi_format format;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		bool good = kyi_format_parse(&format, row->format);

		if (good != (row->types != NULL))
			fail_msg("'%s' is %s", row->format,
			    good ? "taken" : "refused");
		if (!good)
			continue;
		if (format.arg_cnt != strlen(row->types) ||
		    memcmp(format.types, row->types, format.arg_cnt) != 0)
			fail_msg("'%s' has %u arguments, '%.16s'", row->format,
			    format.arg_cnt, format.types);
		if (sizeof(long) == 8 &&
		    memcmp(format.take, row->take, format.arg_cnt) != 0)
			fail_msg("'%s' takes '%.16s'", row->format,
			    format.take);
	}
}

static void
test_a_format_is_at_most_as_long_as_a_string(void **state)
{
	struct kyi_format format;
	char *text = malloc(KYI_STRING_BYTES_MAX + 2);

	memset(text, 'x', KYI_STRING_BYTES_MAX + 1);
	text[KYI_STRING_BYTES_MAX + 1] = '\0';
	assert_false(kyi_format_parse(&format, text));
	text[KYI_STRING_BYTES_MAX] = '\0';
	assert_true(kyi_format_parse(&format, text));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_format_has_the_types_that_c_says),
		cmocka_unit_test(test_a_format_is_at_most_as_long_as_a_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
