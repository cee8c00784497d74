/* SPDX-License-Identifier: MIT */
/* Goal: the dead are taken away only by the one absorber, after which the
   newest of each service are still there to be looked at.
   Method: regions of this process, forgotten, in a directory that two watches
   see. */
#include "tests/testlib/testlib.h"

#include "reader/region/watch.h"
#include "tests/testlib/make_region.h"

#define S 1000000000ull

static struct kymo_watch *
new_watch(bool with_crash)
{
	const char *dir = testlib_dir();
	struct kymo_watch_options options = { .dirs = &dir, .dir_cnt = 1,
		.with_crash = with_crash };
	struct kymo_error error = { "" };
	struct kymo_watch *watch = kymo_watch_new(&options, &error);

	if (watch == NULL)
		fail_msg("%s", error.text);
	kymo_watch_step(watch, S);
	return watch;
}

static void
test_only_one_absorbs_and_only_while_the_lock_has_its_name(void **state)
{
	struct make_region m;
	struct kymo_watch *one, *two;
	struct stat st;

	make_region(&m, testlib_dir(), "m");
	one = new_watch(false);
	two = new_watch(false);
	assert_int_equal(kymo_watch_absorber(one, kymo_watch_at(one, 0)), 1);
	assert_int_equal(kymo_watch_absorber(one, kymo_watch_at(one, 0)), 1);
	assert_int_equal(kymo_watch_absorber(two, kymo_watch_at(two, 0)), 0);
	assert_int_equal(stat(testlib_path(".kymod.lock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(unlink(testlib_path(".kymod.lock")), 0);
	assert_int_equal(kymo_watch_absorber(two, kymo_watch_at(two, 0)), 1);
	assert_int_equal(kymo_watch_absorber(one, kymo_watch_at(one, 0)), 0);
	kymo_watch_delete(two);
	assert_int_equal(kymo_watch_absorber(one, kymo_watch_at(one, 0)), 1);
	assert_int_equal(unlink(testlib_path(".kymod.lock")), 0);
	assert_int_equal(symlink("elsewhere", testlib_path(".kymod.lock")), 0);
	assert_int_equal(kymo_watch_absorber(one, kymo_watch_at(one, 0)), -1);
	assert_int_not_equal(access(testlib_path("elsewhere"), F_OK), 0);
	assert_int_equal(unlink(testlib_path(".kymod.lock")), 0);
	assert_int_equal(mkfifo(testlib_path(".kymod.lock"), 0600), 0);
	assert_int_equal(kymo_watch_absorber(one, kymo_watch_at(one, 0)), -1);
	kymo_watch_delete(one);
	kyi_region_forget(&m.region);
}

static uint32_t
file_cnt(const char *name)
{
	uint32_t cnt = 0;
	struct dirent *entry;
	DIR *dir = opendir(testlib_path(name));

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		cnt += strstr(entry->d_name, ".kymo") != NULL &&
		    entry->d_name[0] != '.';
	if (dir != NULL)
		closedir(dir);
	return cnt;
}

/* Scans until it is known that the region is dead. */
static struct kymo_region *
find_dead(struct kymo_watch *watch, const char *path)
{
	uint32_t i;

	for (i = 0; i < kymo_watch_cnt(watch); i++) {
		struct kymo_region *region = kymo_watch_at(watch, i);

		if (strcmp(kymo_region_info(region)->path, path) == 0) {
			assert_int_equal(kymo_region_scan(region,
			    KYMO_SCAN_VALUES, NULL), 0);
			assert_int_equal(kymo_region_info(region)->liveness,
			    KYMO_KILLED);
			return region;
		}
	}
	fail_msg("%s is not watched", path);
	return NULL;
}

static void
test_the_newest_dead_of_a_service_are_kept(void **state)
{
	struct make_region m;
	struct kymo_watch *watch;
	struct kymo_error error = { "" };
	struct kymo_region *region;
	char path[640];
	uint32_t i;

	watch = new_watch(true);
	for (i = 1; i <= 5; i++) {
		make_region(&m, testlib_dir(), i == 5 ? "my.other" : "my");
		kyi_region_forget(&m.region);
		kymo_watch_step(watch, S);
		region = find_dead(watch, m.region.path);
		assert_int_equal(kymo_watch_absorber(watch, region), 1);
		/* The second dies first. */
		assert_int_equal(kymo_watch_retire(watch, region, 2,
		    (i == 2 ? 1 : 2000000000ull + i) * S + 7, &error), 0);
		assert_int_equal(file_cnt("."), 0);
	}
	assert_int_equal(file_cnt("crash"), 3); /* 3, 4 and other's 5 */
	kymo_watch_step(watch, 20 * S);
	assert_int_equal(kymo_watch_cnt(watch), 3);
	snprintf(path, sizeof(path), "%s/crash/%s", testlib_dir(),
	    strrchr(m.region.path, '/') + 1);
	region = find_dead(watch, path);
	assert_int_equal(kymo_region_info(region)->died_ns,
	    2000000005ull * S + 7);
	/* Those of crash/ are of the same absorber, and only go. */
	assert_int_equal(kymo_watch_absorber(watch, region), 1);
	assert_int_equal(kymo_watch_retire(watch, region, 2, 0, &error), 0);
	assert_int_equal(file_cnt("crash"), 2);
	kymo_watch_delete(watch);
}

static void
test_what_may_not_be_retired_stays(void **state)
{
	struct make_region alive, dead;
	struct kymo_watch *watch, *other;
	struct kymo_error error = { "" };

	make_region(&alive, testlib_dir(), "alive");
	watch = new_watch(false);
	assert_int_equal(kymo_watch_absorber(watch, kymo_watch_at(watch, 0)),
	    1);
	assert_int_equal(kymo_watch_retire(watch, kymo_watch_at(watch, 0), 0, 0,
	    &error), -1);
	assert_non_null(strstr(error.text, "is alive"));
	make_region(&dead, testlib_dir(), "dead");
	kyi_region_forget(&dead.region);
	other = new_watch(false);
	assert_int_equal(kymo_watch_retire(other,
	    find_dead(other, dead.region.path), 0, 0, &error), -1);
	assert_non_null(strstr(error.text, "somebody else absorbs"));
	kymo_watch_step(watch, S);
	assert_int_equal(rename(alive.region.path, dead.region.path), 0);
	assert_int_equal(kymo_watch_retire(watch, kymo_watch_at(watch, 1), 0, 0,
	    &error), -1);
	assert_int_equal(access(dead.region.path, F_OK), 0);
	kymo_watch_delete(watch);
	kymo_watch_delete(other);
	kyi_region_forget(&alive.region);
}

static void
test_without_a_place_to_keep_them_they_are_unlinked(void **state)
{
	struct make_region m;
	struct kymo_watch *watch;
	struct kymo_region *region;
	struct kymo_error error = { "" };

	make_region(&m, testlib_dir(), "m");
	kyi_region_forget(&m.region);
	watch = new_watch(false);
	region = find_dead(watch, m.region.path);
	assert_int_equal(kymo_watch_absorber(watch, region), 1);
	/* A link in the place of crash/ is not followed. */
	assert_int_equal(mkdir(testlib_path("elsewhere"), 0700), 0);
	assert_int_equal(symlink("elsewhere", testlib_path("crash")), 0);
	assert_int_equal(kymo_watch_retire(watch, region, 2, 0, &error), -1);
	assert_int_equal(file_cnt("elsewhere"), 0);
	assert_int_equal(kymo_watch_retire(watch, region, 0, 0, &error), 0);
	assert_int_equal(file_cnt("."), 0);
	assert_int_equal(kymo_watch_cnt(watch), 0);
	kymo_watch_delete(watch);
}

#define IN_DIR(test)                                                          \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_only_one_absorbs_and_only_while_the_lock_has_its_name),
		IN_DIR(test_the_newest_dead_of_a_service_are_kept),
		IN_DIR(test_what_may_not_be_retired_stays),
		IN_DIR(test_without_a_place_to_keep_them_they_are_unlinked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
