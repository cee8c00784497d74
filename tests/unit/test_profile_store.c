/* SPDX-License-Identifier: MIT */
/* Goal: profiles are kept in a folder of kymod's alone, in number and bytes as it
   is told, over a restart; nothing else there is read or removed, whatever it is
   called and wherever it leads.
   Method: folders of the test. */
#include "tests/testlib/testlib.h"

#include "reader/profile/profile.h"

static char kept_path[64];

static void
file_make(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", kept_path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool
file_is(const char *name)
{
	char path[256];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", kept_path, name);
	return lstat(path, &status) == 0;
}

static struct kymo_profiles_store *
store_open(uint32_t keep_max, uint64_t bytes_max)
{
	struct kymo_profiles_store *store;
	struct kymo_error error = { "" };

	if (kymo_profiles_store_open(&store, kept_path, keep_max, bytes_max,
	    &error) != 0)
		fail_msg("%s", error.text);
	return store;
}

static void
add(struct kymo_profiles_store *store, int64_t at_ms, const char *text,
    struct kymo_profile_kept *kept)
{
	struct kymo_buffer report = { 0 }, folded = { 0 };
	struct kymo_error error = { "" };

	kymo_buffer_str(&report, text);
	kymo_buffer_str(&folded, "a;b 1\n");
	if (kymo_profiles_store_add(store, at_ms, &report, &folded, kept,
	    &error) != 0)
		fail_msg("%s", error.text);
	kymo_buffer_free(&report);
	kymo_buffer_free(&folded);
}

static uint32_t
cnt_of(const struct kymo_profiles_store *store)
{
	uint32_t cnt;

	(void)kymo_profiles_store_list(store, &cnt);
	return cnt;
}

static int
begin(void **state)
{
	int result = testlib_setup(state);

	snprintf(kept_path, sizeof(kept_path), "%s/profiles", testlib_dir());
	return result;
}

static void
test_what_is_added_is_read_after_a_restart(void **state)
{
	struct kymo_profiles_store *store = store_open(3, 1 << 20);
	struct kymo_profile_kept first, last;
	struct kymo_buffer out = { 0 };
	char name[64], line[2000] = "";

	add(store, INT64_C(1700000000000), "one\n", &first);
	for (int i = 1; i < 4; i++)
		add(store, INT64_C(1700000000000) + i * 1000, "more\n", &last);
	assert_memory_equal(last.id, "20231114T221323Z-", 17);
	assert_int_equal(cnt_of(store), 3);
	/* Four were one too many. */
	assert_int_equal(kymo_profiles_store_read(store, first.id, false,
	    &out), -1);
	snprintf(name, sizeof(name), "%s.folded", first.id);
	assert_false(file_is(name));
	kymo_profiles_store_close(store);
	store = store_open(3, 1 << 20);
	assert_int_equal(cnt_of(store), 3);
	assert_int_equal(kymo_profiles_store_read(store, last.id, false, &out),
	    0);
	assert_int_equal(kymo_profiles_store_read(store, last.id, true, &out),
	    0);
	assert_string_equal(out.at, "more\na;b 1\n");
	kymo_buffer_free(&out);
	assert_int_equal(kymo_profiles_store_title(store, last.id, &out), 0);
	assert_string_equal(out.at, "more");
	kymo_buffer_free(&out);
	assert_int_equal(kymo_profiles_store_title(store, first.id, &out), -1);
	memset(line, 'x', sizeof(line) - 1);
	add(store, INT64_C(1700000004000), line, &last);
	assert_int_equal(kymo_profiles_store_title(store, last.id, &out), 0);
	assert_int_equal(out.len_bytes, 512);
	kymo_buffer_free(&out);
	/* Bytes bound, too; the newest stays. */
	kymo_profiles_store_bound(store, 3, 5);
	assert_int_equal(cnt_of(store), 1);
	assert_string_equal(kymo_profiles_store_list(store,
	    &(uint32_t){ 0 })->id, last.id);
	kymo_profiles_store_close(store);
}

static void
test_what_was_just_added_stays_whatever_the_clock_says(void **state)
{
	struct kymo_profiles_store *store = store_open(2, 1 << 20);
	struct kymo_profile_kept before, back, again;
	struct kymo_buffer out = { 0 };

	add(store, INT64_C(1700000000000), "before\n", &before);
	add(store, INT64_C(1700000001000), "before\n", &before);
	add(store, INT64_C(1600000000000), "back\n", &back);
	assert_int_equal(kymo_profiles_store_read(store, back.id, false, &out),
	    0);
	add(store, INT64_C(1600000001000), "again\n", &again);
	assert_int_equal(kymo_profiles_store_read(store, again.id, false,
	    &out), 0);
	assert_string_equal(out.at, "back\nagain\n");
	/* One for which there is no place stays until the next. */
	assert_int_equal(kymo_profiles_store_read(store, back.id, false, &out),
	    -1);
	assert_int_equal(cnt_of(store), 3);
	kymo_buffer_free(&out);
	kymo_profiles_store_close(store);
}

static void
test_what_is_no_profile_is_let_be(void **state)
{
	static const char *const strangers[] = { "notes.txt",
		"20231114T221320Z-0123456789abcde.txt",
		"20231114T221320Z-0123456789ABCDEF.txt",
		"20231114T221320Z-0123456789abcdeff.txt", ".hidden" };
	static const char *const bad[] = { "", ".", "..", "../secret",
		"20231114T221320Z-0123456789abcde/", "notes",
		"20231114T221320Z-0123456789abcdef/../../secret",
		"20231114T221320Z-0123456789abcdef.txt" };
	struct kymo_profiles_store *store = store_open(1, 1 << 20);
	struct kymo_profile_kept kept;
	struct kymo_buffer out = { 0 };
	char path[128];
	uint32_t cnt;

	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		file_make(strangers[i], "x");
	/* A link that is called as one is none, and what it leads to is not
	   told; what has no report was not finished. */
	snprintf(path, sizeof(path),
	    "%s/20231114T221320Z-0123456789abcdef.txt", kept_path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	file_make("20231114T221320Z-00000000000000ff.folded", "a 1\n");
	kymo_profiles_store_close(store);
	store = store_open(1, 1 << 20);
	assert_int_equal(cnt_of(store), 0);
	assert_false(file_is("20231114T221320Z-00000000000000ff.folded"));
	add(store, INT64_C(1800000000000), "x\n", &kept);
	add(store, INT64_C(1800000001000), "y\n", &kept);
	(void)kymo_profiles_store_list(store, &cnt);
	assert_int_equal(cnt, 1);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		assert_true(file_is(strangers[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(kymo_profiles_store_read(store, bad[i], false,
		    &out), -1);
	assert_int_equal(kymo_profiles_store_read(store,
	    "20231114T221320Z-0123456789abcdef", false, &out), -1);
	assert_int_equal(out.len_bytes, 0);
	kymo_buffer_free(&out);
	kymo_profiles_store_close(store);
}

static void
test_a_folder_of_others_is_refused(void **state)
{
	struct kymo_profiles_store *store;
	struct kymo_error error = { "" };
	char path[96];

	assert_int_equal(mkdir(kept_path, 0755), 0);
	assert_int_equal(chmod(kept_path, 0755), 0);
	assert_int_equal(kymo_profiles_store_open(&store, kept_path, 1, 1,
	    &error), -1);
	assert_null(store);
	assert_non_null(strstr(error.text, "mode 0755; profiles are for kymod "
	    "alone: chown and chmod 700 it"));
	assert_int_equal(chmod(kept_path, 0700), 0);
	snprintf(path, sizeof(path), "%s/link", testlib_dir());
	assert_int_equal(symlink(kept_path, path), 0);
	assert_int_equal(kymo_profiles_store_open(&store, path, 1, 1, &error),
	    -1);
	snprintf(path, sizeof(path), "%s/none/there", testlib_dir());
	assert_int_equal(kymo_profiles_store_open(&store, path, 1, 1, &error),
	    -1);
	assert_non_null(strstr(error.text, "cannot make the folder"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_what_is_added_is_read_after_a_restart, begin, testlib_teardown),
		cmocka_unit_test_setup_teardown(
		    test_what_was_just_added_stays_whatever_the_clock_says,
		    begin, testlib_teardown),
		cmocka_unit_test_setup_teardown(
		    test_what_is_no_profile_is_let_be, begin, testlib_teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_folder_of_others_is_refused, begin, testlib_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
