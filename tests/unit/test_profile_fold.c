/* SPDX-License-Identifier: MIT */
/* Goal: what perf script prints becomes stacks with counts, whatever names are in
   it, and however it is cut.
   Method: texts as perf 6.1 prints them, and hostile ones, in pieces of all sizes;
   a row a text, with what is to come of it. */
#include "tests/testlib/testlib.h"

#include "reader/profile/fold.h"

#define SAMPLE "burn 10/11 \n" \
	"\t            115f inner (/tmp/a.out)\n" \
	"\t            11ff outer (/tmp/a.out)\n" \
	"\tffffffff813a2413 idle ([kernel.kallsyms])\n\n"

static const struct kymo_profile_process processes[] = {
	{ 10, -1 }, { 20, -1 }
};

static void
fold(struct kymo_profile *profile, const char *text, size_t len_bytes,
    uint32_t process_cnt, size_t piece_bytes)
{
	const bool keep[2] = { true, true };
	struct kyi_fold *made = kyi_fold_new(processes, process_cnt);

	assert_non_null(made);
	memset(profile, 0, sizeof(*profile));
	for (size_t at = 0; at < len_bytes; at += piece_bytes)
		kyi_fold_add(made, text + at, len_bytes - at < piece_bytes ?
		    len_bytes - at : piece_bytes);
	assert_int_equal(kyi_fold_end(made, keep, profile), 0);
	kyi_fold_free(made);
}

static const char *
folded_of(const struct kymo_profile *profile)
{
	return profile->folded.at == NULL ? "" : profile->folded.at;
}

static void
test_stacks_are_folded(void **state)
{
	static const struct {
		const char *what, *text, *folded;
		uint64_t samples, left_out;
	} rows[] = {
		{ "none", "", "", 0, 0 },
		{ "one", SAMPLE, "burn;idle ([kernel.kallsyms]);outer (a.out);"
		    "inner (a.out) 1\n", 1, 0 },
		{ "twice the same", SAMPLE SAMPLE, "burn;idle "
		    "([kernel.kallsyms]);outer (a.out);inner (a.out) 2\n", 2, 0 },
		{ "without its end", "x 10/10 \n\t 1 f (/a)", "x;f (a) 1\n", 1,
		    0 },
		{ "without frames", "x 10/10\n\n", "x 1\n", 1, 0 },
		{ "of another process", "x 11/11 \n\t 1 f (/a)\n\n", "", 0, 1 },
		{ "a number that is too long", "x 99999999999999999990/1 \n\n",
		    "", 0, 1 },
		{ "a name with blanks", "Web Content 10/3 \n\t 1 f (/a)\n\n",
		    "Web Content;f (a) 1\n", 1, 0 },
		{ "a padded one", "      x 10/3 \n\n", "x 1\n", 1, 0 },
		{ "no symbol", "x 10/10 \n\t 1 [unknown] (/usr/lib/libc.so.6)"
		    "\n\n", "x;[libc.so.6] 1\n", 1, 0 },
		{ "neither symbol nor file", "x 10/10 \n\t 1 [unknown] "
		    "([unknown])\n\n", "x;[[unknown]] 1\n", 1, 0 },
		{ "parentheses", "x 10/10 \n\t 1 (anonymous namespace)::f(int, "
		    "char (*)[2]) const (/a (deleted))\n\n", "x;(anonymous "
		    "namespace)::f(int, char (*)[2]) const (a (deleted)) 1\n",
		    1, 0 },
		{ "a separator and a line's end in names", "a;b\r\x1b[2J 10/1 "
		    "\n\t 1 f;g\t\xff (/a;b)\n\n",
		    "a:b??[2J;f:g?? (a:b) 1\n", 1, 0 },
		{ "a name that begins a line", "x\n\t1 evil (/e) 10/10 \n\t 1 f "
		    "(/a)\n\n", "", 0, 1 },
		{ "no frame", "x 10/10 \n\tzz f (/a)\n\t\n\n", "x;[unknown] 1\n",
		    1, 0 },
	};
	struct kymo_profile profile;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t bytes = 1; bytes < 200; bytes += 33) {
			fold(&profile, rows[i].text, strlen(rows[i].text), 1,
			    bytes);
			if (strcmp(folded_of(&profile), rows[i].folded) != 0 ||
			    profile.sample_cnt != rows[i].samples ||
			    profile.left_out_cnt != rows[i].left_out)
				fail_msg("%s: %s", rows[i].what,
				    folded_of(&profile));
			kymo_profile_free(&profile);
		}
}

static void
test_shares_are_of_functions(void **state)
{
	/* g calls itself: it counts once. */
	static const char text[] = "x 10/1 \n\t 1 f (/a)\n\t 2 g (/a)\n"
	    "\t 2 g (/a)\n\n" "x 10/1 \n\t 1 f (/a)\n\n"
	    "x 10/1 \n\t 2 g (/a)\n\n" "x 10/1 \n\t 1 f (/a)\n\n";
	struct kymo_profile profile;

	fold(&profile, text, strlen(text), 1, 4096);
	assert_string_equal(profile.hottest, "75% f (a), 25% g (a)");
	assert_non_null(strstr(profile.report.at,
	    "\n 75.0%  75.0%  f (a)\n 25.0%  50.0%  g (a)\n"));
	kymo_profile_free(&profile);
}

static void
test_processes_are_told_apart_and_left_out(void **state)
{
	static const char text[] = "x 10/1 \n\t 1 f (/a)\n\n"
	    "x 20/1 \n\t 1 f (/a)\n\n" "x 20/2 \n\t 1 f (/a)\n\n";
	const bool keep[] = { false, true };
	struct kymo_profile profile;
	struct kyi_fold *made;

	fold(&profile, text, strlen(text), 2, 4096);
	assert_string_equal(profile.folded.at, "x-20;f (a) 2\nx-10;f (a) 1\n");
	kymo_profile_free(&profile);
	/* The first ended meanwhile: nobody knows whose its number was. */
	memset(&profile, 0, sizeof(profile));
	made = kyi_fold_new(processes, 2);
	kyi_fold_add(made, text, strlen(text));
	assert_int_equal(kyi_fold_end(made, keep, &profile), 0);
	assert_string_equal(profile.folded.at, "x-20;f (a) 2\n");
	assert_int_equal(profile.sample_cnt, 2);
	assert_int_equal(profile.left_out_cnt, 1);
	kyi_fold_free(made);
	kymo_profile_free(&profile);
}

static void
test_much_is_bounded(void **state)
{
	struct kymo_buffer text = { 0 };
	struct kymo_profile profile;
	unsigned i, k;

	/* Names of 60 KiB, stacks of 500 frames, 30,000 different ones. */
	kymo_buffer_str(&text, "x 10/1 \n\t 1 ");
	for (i = 0; i < 60000; i++)
		kymo_buffer_char(&text, 'a');
	kymo_buffer_str(&text, " (/b)\n\n");
	for (i = 0; i < 30000; i++) {
		kymo_buffer_str(&text, "x 10/1 \n");
		for (k = 0; k < (i < 3 ? 500 : 3); k++)
			kymo_buffer_printf(&text, "\t 1 function%u (/b)\n",
			    i * 3 + k);
		kymo_buffer_char(&text, '\n');
	}
	assert_false(text.failed);
	fold(&profile, text.at, text.len_bytes, 1, 65536);
	assert_int_equal(profile.sample_cnt, 30001);
	assert_true(profile.folded.len_bytes < KYMO_PROFILE_TEXT_BYTES_MAX);
	assert_true(profile.report.len_bytes < 65536);
	assert_non_null(strstr(profile.folded.at, "[others]"));
	kymo_profile_free(&profile);
	kymo_buffer_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks_are_folded),
		cmocka_unit_test(test_shares_are_of_functions),
		cmocka_unit_test(test_processes_are_told_apart_and_left_out),
		cmocka_unit_test(test_much_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
