/* SPDX-License-Identifier: MIT */
/* What is done to a history's file: killed, spoiled, full, taken away. */
#include <signal.h>
#include <sys/resource.h>

#include "tests/testlib/history.h"

static void
file_copy(const char *from, const char *to, const char *suffix)
{
	char name[256];
	static char bytes[1 << 20];
	FILE *file;
	size_t cnt;

	snprintf(name, sizeof name, "%s%s", from, suffix);
	file = fopen(name, "rb");
	if (file == NULL)
		return;
	cnt = fread(bytes, 1, sizeof bytes, file);
	assert_true(cnt < sizeof bytes);
	fclose(file);
	snprintf(name, sizeof name, "%s%s", to, suffix);
	file = fopen(name, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, cnt, file), cnt);
	fclose(file);
}

/* The files as they are at any moment, as a kill leaves them. */
static void
a_kill_loses_less_than_the_journal_waits(void **state)
{
	struct both both, killed;

	(void)state;
	both_new(&both);
	for (uint32_t t = 1; t <= 100; t++) {
		struct kymo_history_stats stats;
		int64_t newest;

		append(&both, t, t);
		path_set(&killed, "killed.db");
		file_copy(both.path, killed.path, "");
		file_copy(both.path, killed.path, "-wal");
		killed.stored = stored_must(killed.path);
		killed.memory = both.memory;
		stats_of(&killed, &stats);
		newest = (stats.newest_ms - BEGIN_MS) / 1000;
		assert_in_range(newest, t > 5 ? t - 5 : 0, t);
		assert_int_equal(stats.lost_ms, 5000);
		assert_non_null(strstr(said, "5000 ms"));
		assert_window(killed.stored, both.memory, 0, newest);
		kymo_history_delete(killed.stored);
		unlink(killed.path);
	}
	both_delete(&both);
}

static uint32_t
files_like(const char *like)
{
	DIR *dir = opendir(testlib_dir());
	struct dirent *entry;
	uint32_t cnt = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		cnt += strstr(entry->d_name, like) != NULL;
	closedir(dir);
	return cnt;
}

static void
spoil(const char *path, long from, size_t bytes)
{
	FILE *file = fopen(path, "r+b");

	assert_non_null(file);
	assert_int_equal(fseek(file, from, SEEK_SET), 0);
	while (bytes-- > 0)
		assert_int_equal(fputc(0xa5, file), 0xa5);
	fclose(file);
}

static void
a_damaged_file_is_set_aside_and_named(void **state)
{
	static const struct {
		const char *name;
		long from;
		size_t bytes;
	} rows[] = {
		{ "no database", 0, 100 },
		{ "its tables", 100, 900 },
		{ "a page in the middle", 3 * 1024, 8 * 1024 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct both both;

		both_new(&both);
		append(&both, 1, 100);
		kymo_history_delete(both.stored);
		spoil(both.path, rows[i].from, rows[i].bytes);
		both.stored = stored_must(both.path);
		if (strstr(said, ".corrupt-") == NULL)
			fail_msg("%s: %s", rows[i].name, said);
		assert_true(files_like(".corrupt-") > 0);
		/* It goes on with a new one. */
		kymo_history_delete(both.memory);
		both.memory = kymo_history_new(&(struct kymo_history_options){
		    .head_ms = 100000000 }, NULL);
		append(&both, 201, 300);
		assert_both(&both, 300);
		reopen(&both);
		assert_both(&both, 300);
		both_delete(&both);
		assert_int_equal(testlib_teardown(NULL), 0);
		assert_int_equal(testlib_setup(NULL), 0);
	}
}

/* What is in memory goes into the next file. */
static void
damage_under_its_hands_is_set_aside_too(void **state)
{
	struct kymo_history_stats stats;
	struct both both;
	struct kymo_select what = ask(0, 100);
	struct kymo_selected got;
	struct kymo_error error;
	const struct kymo_source *source;

	(void)state;
	both_new(&both);
	append(&both, 1, 150);
	assert_int_equal(kymo_history_flush(both.stored, NULL), 0);
	spoil(both.path, 1024, 100 * 1024);
	source = kymo_history_source(both.stored);
	assert_int_equal(source->select(source->of, &what, &got, &error), -1);
	assert_non_null(strstr(error.text, "history.db"));
	append(&both, 151, 180);
	if (strstr(said, ".corrupt-") == NULL)
		fail_msg("%s", said);
	stats_of(&both, &stats);
	assert_true(stats.storing && stats.error_cnt > 0);
	assert_window(both.stored, both.memory, 120, 180);
	reopen(&both);
	assert_window(both.stored, both.memory, 120, 180);
	both_delete(&both);
}

static void
without_rights_history_is_in_memory_and_tries_again(void **state)
{
	struct kymo_history_stats stats;
	struct both both;

	(void)state;
	both_new(&both);
	kymo_history_delete(both.stored);
	/* Where its folder should be there is a file. */
	path_set(&both, "state/history.db");
	fclose(fopen(testlib_path("state"), "w"));
	both.stored = stored_must(both.path);
	assert_non_null(strstr(said, "state/history.db"));
	append(&both, 1, 15);
	stats_of(&both, &stats);
	assert_false(stats.storing);
	assert_window(both.stored, both.memory, 0, 15);
	assert_int_equal(unlink(testlib_path("state")), 0);
	assert_int_equal(mkdir(testlib_path("state"), 0700), 0);
	append(&both, 16, 100);
	stats_of(&both, &stats);
	assert_true(stats.storing);
	assert_both(&both, 100);
	reopen(&both);
	assert_both(&both, 100);
	both_delete(&both);
}

static void
file_limit(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
a_full_disk_costs_nothing_that_memory_has(void **state)
{
	struct kymo_history_stats stats;
	struct both both;

	(void)state;
	both_new(&both);
	append(&both, 1, 50);
	file_limit(1024);
	append(&both, 51, 120);
	stats_of(&both, &stats);
	assert_false(stats.storing);
	assert_true(stats.error_cnt > 0);
	assert_non_null(strstr(said, "cannot be written"));
	assert_both(&both, 120);
	file_limit(RLIM_INFINITY);
	append(&both, 121, 200);
	stats_of(&both, &stats);
	assert_true(stats.storing);
	assert_non_null(strstr(said, "can be written again"));
	assert_both(&both, 200);
	reopen(&both);
	assert_both(&both, 200);
	both_delete(&both);
}

static void
another_has_it(void **state)
{
	struct kymo_error error;
	struct both both;

	(void)state;
	both_new(&both);
	assert_null(stored_new(both.path, &error));
	assert_non_null(strstr(error.text, "another process"));
	append(&both, 1, 30);
	assert_both(&both, 30);
	both_delete(&both);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, testlib_setup, \
	testlib_teardown)

/* One that is read alone shows what the file has, while another process writes
   on, and leaves no trace. */
static void
one_that_is_read_alone_changes_nothing(void **state)
{
	const struct kymo_history_options alone = { .read_only = true };
	struct kymo_history *reader, *stored;
	struct kymo_error error = { "" };
	struct kymo_history_options options = alone;
	struct both both;

	(void)state;
	both_new(&both);
	append(&both, 1, 200);
	assert_int_equal(kymo_history_flush(both.stored, &error), 0);
	reader = stored_with(both.path, &alone);
	assert_string_equal(said, "");
	stored = both.stored;
	both.stored = reader;
	assert_both(&both, 200);
	/* Nothing is due, and nothing can be done. */
	assert_false(kymo_history_step(reader, SECOND_NS));
	assert_int_equal(kymo_history_flush(reader, &error), -1);
	both.stored = stored;
	append(&both, 201, 260);
	kymo_history_delete(reader);
	assert_both(&both, 260);
	append(&both, 261, 300);
	reopen(&both);
	assert_both(&both, 300);
	assert_string_equal(said, "");
	both_delete(&both);
	/* None is made. */
	options.path = "/nowhere/history.db";
	assert_null(kymo_history_new(&options, &error));
	assert_non_null(strstr(error.text, "no such history"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(one_that_is_read_alone_changes_nothing),
		ROW(a_kill_loses_less_than_the_journal_waits),
		ROW(a_damaged_file_is_set_aside_and_named),
		ROW(damage_under_its_hands_is_set_aside_too),
		ROW(without_rights_history_is_in_memory_and_tries_again),
		ROW(a_full_disk_costs_nothing_that_memory_has),
		ROW(another_has_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
