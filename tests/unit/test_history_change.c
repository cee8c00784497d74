/* SPDX-License-Identifier: MIT */
/* A history goes on by other options and in another file; what cannot be
   changes nothing. */
#include "tests/testlib/history.h"

#include <unistd.h>

static void
change(struct both *both, struct kymo_history_options *options)
{
	struct kymo_error error = { "" };
	struct kymo_history_change *made;

	small(options);
	made = kymo_history_change_new(both->stored, options, &error);
	if (made == NULL)
		fail_msg("%s", error.text);
	kymo_history_change_end(made, true);
}

static void
change_path(struct both *both, const char *path)
{
	struct kymo_history_options options = { .path = path };

	change(both, &options);
}

static void
another_file_goes_on_with_what_is_in_memory(void **state)
{
	struct kymo_history *before;
	struct both both;
	char path[128];

	(void)state;
	both_new(&both);
	append(&both, 1, 100);
	memcpy(path, both.path, sizeof path);
	path_set(&both, "other.db");
	change_path(&both, both.path);
	append(&both, 101, 200);
	assert_window(both.stored, both.memory, 60, 200);
	/* Nobody has the one that was left, and all is in it. */
	before = stored_must(path);
	assert_window(before, both.memory, 0, 100);
	kymo_history_delete(before);
	assert_null(stored_new(both.path, NULL));
	reopen(&both);
	assert_window(both.stored, both.memory, 60, 200);
	assert_string_equal(said, "");
	both_delete(&both);
}

static void
memory_alone_and_back_loses_nothing_that_memory_has(void **state)
{
	struct kymo_history_stats stats;
	struct both both;

	(void)state;
	both_new(&both);
	append(&both, 1, 200);
	change_path(&both, NULL);
	append(&both, 201, 230);
	stats_of(&both, &stats);
	assert_false(stats.storing);
	assert_int_equal(stats.stored_bytes, 0);
	assert_int_equal(kymo_history_next_ns(both.stored), UINT64_MAX);
	assert_window(both.stored, both.memory, 175, 230);
	change_path(&both, both.path);
	append(&both, 231, 400);
	assert_both(&both, 400);
	stats_of(&both, &stats);
	assert_true(stats.storing);
	reopen(&both);
	assert_both(&both, 400);
	both_delete(&both);
}

static void
from_memory_alone_into_a_file(void **state)
{
	struct both both;
	char path[128];

	(void)state;
	both_new(&both);
	memcpy(path, both.path, sizeof path);
	kymo_history_delete(both.stored);
	both.stored = stored_must(NULL);
	append(&both, 1, 50);
	path_set(&both, "new.db");
	change_path(&both, both.path);
	append(&both, 51, 200);
	assert_both(&both, 200);
	reopen(&both);
	assert_both(&both, 200);
	both_delete(&both);
}

static void
file_put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void
what_cannot_be_opened_changes_nothing(void **state)
{
	static const struct {
		const char *name, *says;
	} rows[] = {
		{ "no/such/folder.db", "No such file" },
		{ "damaged.db", "not a database" },
		{ "taken.db", "another process" },
		{ "", "into the 10000 ms" },
	};
	struct both both, other;

	(void)state;
	both_new(&both);
	append(&both, 1, 100);
	path_set(&other, "damaged.db");
	file_put(other.path, "no database");
	path_set(&other, "taken.db");
	other.stored = stored_must(other.path);
	said[0] = '\0';
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kymo_history_options options = { .path = other.path };
		struct kymo_error error = { "" };

		path_set(&other, rows[i].name);
		small(&options);
		if (*rows[i].name == '\0') {
			options.path = both.path;
			options.head_ms = 10000;
		}
		assert_null(kymo_history_change_new(both.stored, &options,
		    &error));
		if (strstr(error.text, rows[i].says) == NULL)
			fail_msg("%s: %s", rows[i].name, error.text);
	}
	append(&both, 101, 200);
	assert_both(&both, 200);
	assert_string_equal(said, "");
	kymo_history_delete(other.stored);
	both_delete(&both);
}

/* One that is made ready, and not taken. */
static void
what_is_not_taken_changes_nothing(void **state)
{
	struct kymo_history_options options = { .tiers = { { 5000, 0, 0 } } };
	struct kymo_error error = { "" };
	struct kymo_history_change *made;
	struct both both;
	char path[128];

	(void)state;
	both_new(&both);
	append(&both, 1, 100);
	memcpy(path, both.path, sizeof path);
	path_set(&both, "unused.db");
	small(&options);
	options.path = both.path;
	made = kymo_history_change_new(both.stored, &options, &error);
	assert_non_null(made);
	kymo_history_change_end(made, false);
	kymo_history_change_end(NULL, false);
	append(&both, 101, 200);
	memcpy(both.path, path, sizeof path);
	assert_both(&both, 200);
	both_delete(&both);
}

static uint32_t
cnt_of(struct kymo_history *history, const struct kymo_labels *of,
    int64_t from, int64_t to)
{
	const struct kymo_source *source = kymo_history_source(history);
	struct kymo_select what = ask(from, to);
	const struct kymo_samples *samples;
	struct kymo_selected got;
	uint32_t cnt = 0;

	assert_int_equal(source->select(source->of, &what, &got, NULL), 0);
	samples = find(&got, of);
	for (uint32_t i = 0; samples != NULL && i < samples->cnt; i++)
		cnt += !kymo_is_stale(samples->value[i]) ||
		    (samples->hist != NULL && samples->hist[i] != NULL);
	source->done(source->of, &got);
	return cnt;
}

static void
tiers_memory_and_overrides_apply_at_once(void **state)
{
	static const struct kymo_history_override none = { "x_hist",
		{ 0, 0, 0 } };
	struct kymo_history_options options = {
		.tiers = { { 5000, 0, 0 } }, .overrides = &none,
		.override_cnt = 1 };
	struct kymo_label label = { "__name__", "one_more" };
	struct kymo_history_row more = { kymo_labels_make(&label, 1), 1,
		NULL, NULL };
	struct kymo_history_stats stats;
	struct both both;

	(void)state;
	both_new(&both);
	append(&both, 1, 200);
	options.path = both.path;
	change(&both, &options);
	append(&both, 201, 400);
	/* Memory gives histograms back late. */
	reopen(&both);
	/* What was kept each second is; what came later, each five (a quarter early at most). */
	assert_window(both.stored, both.memory, 0, 100);
	assert_in_range(cnt_of(both.stored, labels[2], 220, 320), 24, 26);
	assert_in_range(cnt_of(both.stored, labels[9], 0, 100), 90, 100);
	assert_int_equal(cnt_of(both.stored, labels[9], 220, 320), 0);
	small(&options);
	options.tiers[0].step_ms = 1000;
	options.head_ms = 25000;
	options.series_max = 1;
	options.override_cnt = 0;
	kymo_history_change_end(kymo_history_change_new(both.stored, &options,
	    NULL), true);
	append(&both, 401, 500);
	/* What is there stays; nothing more comes. */
	assert_int_equal(kymo_feed_append(kymo_history_feed(both.stored,
	    "other"), BEGIN_MS + 501000, &more, 1), 0);
	free((void *)(uintptr_t)more.labels);
	stats_of(&both, &stats);
	assert_true(stats.oldest_ms >= BEGIN_MS + 474000);
	assert_int_equal(stats.refused_cnt, 1);
	assert_in_range(cnt_of(both.stored, labels[2], 420, 470), 49, 51);
	both_delete(&both);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, testlib_setup, \
	testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(another_file_goes_on_with_what_is_in_memory),
		ROW(memory_alone_and_back_loses_nothing_that_memory_has),
		ROW(from_memory_alone_into_a_file),
		ROW(what_cannot_be_opened_changes_nothing),
		ROW(what_is_not_taken_changes_nothing),
		ROW(tiers_memory_and_overrides_apply_at_once),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
