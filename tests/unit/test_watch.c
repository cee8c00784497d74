/* SPDX-License-Identifier: MIT */
/* Goal: the regions of a directory are found and lost as they come and go;
   what cannot be read is told once, and the others go on.
   Method: a directory of real and false files, stepped by hand; the clock is
   an argument. */
#include "tests/testlib/testlib.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "reader/region/watch.h"
#include "tests/testlib/make_region.h"

#define S 1000000000ull

static struct {
	uint32_t cnt;
	char path[512], why[512];
} told;

static void
note_refused(void *to, const char *path, const char *why)
{
	told.cnt++;
	snprintf(told.path, sizeof(told.path), "%s", path);
	snprintf(told.why, sizeof(told.why), "%s", why);
}

static struct kymo_watch *
new_watch(const char *dir, uint32_t region_max)
{
	struct kymo_watch_options options = { .dirs = &dir, .dir_cnt = 1,
		.region_max = region_max, .refused = note_refused };
	struct kymo_error error = { "" };
	struct kymo_watch *watch = kymo_watch_new(&options, &error);

	memset(&told, 0, sizeof(told));
	if (watch == NULL)
		fail_msg("%s", error.text);
	kymo_watch_step(watch, S);
	return watch;
}

static bool
has_events(const struct kymo_watch *watch)
{
	struct pollfd poll_fd = { .fd = kymo_watch_fd(watch),
		.events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

static void
make_file(const char *name, const char *content)
{
	FILE *file = fopen(testlib_path(name), "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void
test_regions_are_found_when_they_come_and_lost_when_they_go(void **state)
{
	struct make_region one, two, three;
	struct kymo_watch *watch;

	make_region(&one, testlib_dir(), "one");
	watch = new_watch(testlib_dir(), 0);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	assert_string_equal(kymo_region_info(kymo_watch_at(watch, 0))->service,
	    "one");
	assert_string_equal(kymo_region_info(kymo_watch_at(watch, 0))->path,
	    one.region.path);
	assert_null(kymo_watch_at(watch, 1));
	assert_false(has_events(watch));
	/* The clock stands: what is found now, inotify told. */
	make_region(&two, testlib_dir(), "two");
	make_region(&three, testlib_dir(), "three");
	assert_true(has_events(watch));
	kymo_watch_step(watch, S);
	assert_int_equal(kymo_watch_cnt(watch), 3);
	assert_int_equal(unlink(one.region.path), 0);
	kymo_watch_step(watch, S);
	assert_int_equal(kymo_watch_cnt(watch), 2);
	make_file("away", "");
	assert_int_equal(rename(two.region.path, testlib_path("away")), 0);
	kymo_watch_step(watch, S);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	assert_string_equal(kymo_region_info(kymo_watch_at(watch, 0))->service,
	    "three");
	assert_int_equal(rename(testlib_path("away"), two.region.path), 0);
	kymo_watch_step(watch, S);
	assert_int_equal(kymo_watch_cnt(watch), 2);
	assert_int_equal(told.cnt, 0);
	kymo_watch_delete(watch);
	kyi_region_forget(&one.region);
	kyi_region_forget(&two.region);
	kyi_region_forget(&three.region);
}

/* No more descriptors, then no memory for a scan. */
static void
test_what_we_lack_takes_no_region_away(void **state)
{
	struct make_region m;
	struct kymo_watch *watch;
	struct rlimit limit, none;

	make_region(&m, testlib_dir(), "shop");
	watch = new_watch(testlib_dir(), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ 0, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	kymo_watch_step(watch, 100 * S);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	kymo_watch_step(watch, 200 * S);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	/* As a scan would have it that found none. */
	kymo_watch_drop(watch, kymo_watch_at(watch, 0), "out of memory");
	assert_int_equal(kymo_watch_cnt(watch), 0);
	kymo_watch_step(watch, 300 * S);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	kymo_watch_delete(watch);
	kyi_region_forget(&m.region);
}

static void
test_a_rescan_finds_what_inotify_did_not_tell(void **state)
{
	struct make_region m;
	struct kymo_watch *watch;
	char dir[256];
	char bytes[4096];

	snprintf(dir, sizeof(dir), "%s/later", testlib_dir());
	watch = new_watch(dir, 0);
	assert_int_equal(kymo_watch_cnt(watch), 0);
	assert_int_equal(kymo_watch_deadline_ns(watch), 6 * S);
	assert_int_equal(mkdir(dir, 0700), 0);
	make_region(&m, dir, "m");
	kymo_watch_step(watch, 6 * S - 1);
	assert_int_equal(kymo_watch_cnt(watch), 0);
	kymo_watch_step(watch, 6 * S);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	assert_int_equal(kymo_watch_deadline_ns(watch), 11 * S);
	/* Events that went astray. */
	assert_int_equal(unlink(m.region.path), 0);
	while (read(kymo_watch_fd(watch), bytes, sizeof(bytes)) > 0)
		;
	kymo_watch_step(watch, 7 * S);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	kymo_watch_step(watch, 11 * S);
	assert_int_equal(kymo_watch_cnt(watch), 0);
	/* Another directory of the same name. */
	kyi_region_forget(&m.region);
	assert_int_equal(rmdir(dir), 0);
	kymo_watch_step(watch, 11 * S);
	assert_int_equal(mkdir(dir, 0700), 0);
	make_region(&m, dir, "m");
	kymo_watch_step(watch, 16 * S);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	assert_int_equal(told.cnt, 0);
	kymo_watch_delete(watch);
	kyi_region_forget(&m.region);
}

static void
test_a_file_put_in_the_place_of_another_is_opened_anew(void **state)
{
	struct make_region one, two;
	struct kymo_watch *watch;
	const uint8_t *id;

	make_region(&one, testlib_dir(), "m");
	watch = new_watch(testlib_dir(), 0);
	make_region(&two, testlib_dir(), "m");
	kymo_watch_step(watch, S);
	assert_int_equal(kymo_watch_cnt(watch), 2);
	assert_int_equal(rename(two.region.path, one.region.path), 0);
	kymo_watch_step(watch, S);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	id = kymo_region_info(kymo_watch_at(watch, 0))->instance_id;
	assert_memory_equal(id, two.region.instance_id, 16);
	kymo_watch_delete(watch);
	kyi_region_forget(&one.region);
	kyi_region_forget(&two.region);
}

static void
make_fifo(void)
{
	assert_int_equal(mkfifo(testlib_path("x.1.0.kymo"), 0600), 0);
}

static void
make_link(void)
{
	make_file("target", "text");
	assert_int_equal(symlink("target", testlib_path("x.1.0.kymo")), 0);
}

static void
make_dir(void)
{
	assert_int_equal(mkdir(testlib_path("x.1.0.kymo"), 0700), 0);
}

static void
make_socket(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/x.1.0.kymo",
	    testlib_dir());
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

static void
make_small(void)
{
	make_file("x.1.0.kymo", "KYMOSHM\n");
}

static void
make_large(void)
{
	make_small();
	assert_int_equal(truncate(testlib_path("x.1.0.kymo"),
	    KYI_REGION_BYTES_MAX + 4096ll), 0);
}

static void
make_zeros(void)
{
	make_file("x.1.0.kymo", "");
	assert_int_equal(truncate(testlib_path("x.1.0.kymo"), 1 << 20), 0);
}

static void
test_what_is_no_region_is_told_once_and_the_others_go_on(void **state)
{
	static const struct {
		void (*make)(void);
		const char *why;
	} rows[] = {
		{ make_fifo, "is a FIFO" },
		{ make_link, "is a symbolic link" },
		{ make_dir, "is a directory" },
		{ make_socket, "is a socket" },
		{ make_small, "too small" },
		{ make_large, "too large" },
		{ make_zeros, "not a region" },
	};
	struct make_region m;
	struct kymo_watch *watch;
	size_t i;

	make_region(&m, testlib_dir(), "sound");
	watch = new_watch(testlib_dir(), 0);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t now_ns = (100 + 100 * i) * S;
		bool is_dir = rows[i].make == make_dir;

		memset(&told, 0, sizeof(told));
		rows[i].make();
		/* A directory's event says so, and is no file's. */
		kymo_watch_step(watch, now_ns);
		kymo_watch_step(watch, now_ns + 10 * S);
		kymo_watch_step(watch, now_ns + 20 * S);
		if (told.cnt != 1 || strstr(told.why, rows[i].why) == NULL)
			fail_msg("%s: told %u times: %s", rows[i].why, told.cnt,
			    told.why);
		assert_int_equal(kymo_watch_cnt(watch), 1);
		assert_int_equal(kymo_watch_refused_cnt(watch), 1);
		if (is_dir)
			rmdir(testlib_path("x.1.0.kymo"));
		else
			unlink(testlib_path("x.1.0.kymo"));
		kymo_watch_step(watch, now_ns + 30 * S);
		assert_int_equal(kymo_watch_refused_cnt(watch), 0);
	}
	kymo_watch_delete(watch);
	kyi_region_forget(&m.region);
}

static void
test_names_that_are_none_are_not_even_looked_at(void **state)
{
	static const char *const names[] = { ".hidden.kymo", "a b.kymo",
		"region", "x.kymo.tmp", "..kymo", "caf\xc3\xa9.kymo" };
	struct kymo_watch *watch;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		make_file(names[i], "");
	watch = new_watch(testlib_dir(), 0);
	kymo_watch_step(watch, 10 * S);
	assert_int_equal(told.cnt, 0);
	assert_int_equal(kymo_watch_refused_cnt(watch), 0);
	kymo_watch_delete(watch);
}

static void
test_a_refused_file_is_tried_again_when_it_changed(void **state)
{
	struct make_region m;
	struct kymo_watch *watch;
	char aside[256];

	make_region(&m, testlib_dir(), "m");
	snprintf(aside, sizeof(aside), "%s/aside", testlib_dir());
	assert_int_equal(link(m.region.path, aside), 0);
	watch = new_watch(testlib_dir(), 0);
	assert_int_equal(kymo_watch_cnt(watch), 0);
	assert_int_equal(told.cnt, 1);
	assert_non_null(strstr(told.why, "hard links"));
	kymo_watch_step(watch, 10 * S);
	assert_int_equal(kymo_watch_refused_cnt(watch), 1);
	assert_int_equal(unlink(aside), 0);
	kymo_watch_step(watch, 20 * S);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	assert_int_equal(kymo_watch_refused_cnt(watch), 0);
	kymo_watch_delete(watch);
	kyi_region_forget(&m.region);
}

static void
test_a_region_that_broke_is_refused_until_it_changes(void **state)
{
	struct make_region m;
	struct kymo_watch *watch;
	struct kymo_error error = { "" };

	make_region(&m, testlib_dir(), "m");
	watch = new_watch(testlib_dir(), 0);
	kyi_region_forget(&m.region); /* a mapped one would be SIGBUS */
	assert_int_equal(truncate(m.region.path, 8192), 0);
	assert_int_equal(kymo_region_scan(kymo_watch_at(watch, 0),
	    KYMO_SCAN_VALUES, &error), -1);
	assert_non_null(strstr(error.text, "was truncated"));
	kymo_watch_drop(watch, kymo_watch_at(watch, 0), error.text);
	assert_int_equal(told.cnt, 1);
	assert_string_equal(told.path, m.region.path);
	assert_string_equal(told.why, error.text);
	kymo_watch_step(watch, 10 * S);
	kymo_watch_step(watch, 20 * S);
	assert_int_equal(told.cnt, 1);
	assert_int_equal(kymo_watch_cnt(watch), 0);
	assert_int_equal(kymo_watch_refused_cnt(watch), 1);
	kymo_watch_delete(watch);
}

static void
test_more_regions_than_allowed_wait_for_room(void **state)
{
	struct make_region m[3];
	struct kymo_watch *watch;
	size_t i;

	for (i = 0; i < 3; i++)
		make_region(&m[i], testlib_dir(), "m");
	watch = new_watch(testlib_dir(), 2);
	assert_int_equal(kymo_watch_cnt(watch), 2);
	assert_int_equal(kymo_watch_refused_cnt(watch), 1);
	kymo_watch_step(watch, 10 * S);
	assert_int_equal(told.cnt, 1);
	unlink(kymo_region_info(kymo_watch_at(watch, 0))->path);
	kymo_watch_step(watch, 20 * S);
	assert_int_equal(kymo_watch_cnt(watch), 2);
	assert_int_equal(kymo_watch_refused_cnt(watch), 0);
	kymo_watch_delete(watch);
	for (i = 0; i < 3; i++)
		kyi_region_forget(&m[i].region);
}

static void
test_a_directory_given_twice_counts_once(void **state)
{
	struct make_region m;
	char other[256];
	const char *dirs[2] = { testlib_dir(), other };
	struct kymo_watch_options options = { .dirs = dirs, .dir_cnt = 2 };
	struct kymo_watch *watch;

	make_region(&m, testlib_dir(), "m");
	snprintf(other, sizeof(other), "%s/../%s/", testlib_dir(),
	    strrchr(testlib_dir(), '/') + 1);
	watch = kymo_watch_new(&options, NULL);
	assert_non_null(watch);
	kymo_watch_step(watch, S);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	kymo_watch_delete(watch);
	kyi_region_forget(&m.region);
}

static void
test_a_directory_of_somebody_else_is_refused(void **state)
{
	struct make_region m;
	struct kymo_watch *watch;
	uint32_t uid = 12345;
	const char *dir = testlib_dir();
	struct kymo_watch_options options = { .dirs = &dir, .dir_cnt = 1,
		.trust = { .uids = &uid, .uid_cnt = 1 } };

	if (geteuid() != 0) {
		print_message("SKIPPED: only root can give a directory away\n");
		skip();
	}
	make_region(&m, testlib_dir(), "m");
	assert_int_equal(chown(testlib_dir(), 12345, 12345), 0);
	watch = new_watch(testlib_dir(), 0);
	assert_int_equal(kymo_watch_cnt(watch), 0);
	kymo_watch_step(watch, 10 * S);
	assert_int_equal(told.cnt, 1);
	kymo_watch_delete(watch);
	watch = kymo_watch_new(&options, NULL);
	kymo_watch_step(watch, S);
	assert_int_equal(kymo_watch_cnt(watch), 1);
	kymo_watch_delete(watch);
	kyi_region_forget(&m.region);
}

#define IN_DIR(test)                                                          \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_regions_are_found_when_they_come_and_lost_when_they_go),
		IN_DIR(test_what_we_lack_takes_no_region_away),
		IN_DIR(test_a_rescan_finds_what_inotify_did_not_tell),
		IN_DIR(test_a_file_put_in_the_place_of_another_is_opened_anew),
		IN_DIR(test_what_is_no_region_is_told_once_and_the_others_go_on),
		IN_DIR(test_names_that_are_none_are_not_even_looked_at),
		IN_DIR(test_a_refused_file_is_tried_again_when_it_changed),
		IN_DIR(test_a_region_that_broke_is_refused_until_it_changes),
		IN_DIR(test_more_regions_than_allowed_wait_for_room),
		IN_DIR(test_a_directory_given_twice_counts_once),
		IN_DIR(test_a_directory_of_somebody_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
