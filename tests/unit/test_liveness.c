/* SPDX-License-Identifier: MIT */
/* Goal: a region is dead when its process is, however it died, and only then;
   what it last said is then final. /proc is read of the right process only.
   Method: children that make a region and end in every way; headers that name
   another boot, namespace, or process. */
#include "tests/testlib/testlib.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "reader/region/region.h"
#include "shm/crc32c.h"
#include "tests/testlib/make_region.h"

static const char *const no_values[] = { NULL };

static struct kymo_region *
open_path(const char *path)
{
	struct kymo_region *region;
	struct kymo_error error = { "" };

	if (kymo_region_open_path(&region, path, &error) != 0)
		fail_msg("%s", error.text);
	return region;
}

static enum kymo_liveness
scan(struct kymo_region *region)
{
	struct kymo_error error = { "" };

	if (kymo_region_scan(region, KYMO_SCAN_VALUES, &error) != 0)
		fail_msg("%s", error.text);
	return kymo_region_info(region)->liveness;
}

enum end { BY_EXIT, BY_KILL };

/* A child that counts to 7, and ends when go is closed. Its path is in path. */
static pid_t
start_child(enum end end, int *go, char path[KYI_REGION_PATH_BYTES])
{
	int to_child[2], from_child[2];
	struct make_region m;
	pid_t pid;
	char c;

	assert_int_equal(pipe(to_child), 0);
	assert_int_equal(pipe(from_child), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(to_child[1]);
		make_region(&m, testlib_dir(), "child");
		*make_cell(&m, 1, make_series(&m, make_family(&m,
		    &(struct make_family){ .kind = KYI_KIND_COUNTER,
		    .name = "c" }), no_values)) = 7;
		MAKE_NEED(write(from_child[1], m.region.path,
		    KYI_REGION_PATH_BYTES) == (ssize_t)KYI_REGION_PATH_BYTES);
		MAKE_NEED(read(to_child[0], &c, 1) == 0);
		if (end == BY_KILL)
			kill(getpid(), SIGKILL);
		kyi_publish_exit(kyi_region_control(&m.region),
		    kyi_os_mono_ns());
		_exit(0);
	}
	close(to_child[0]);
	close(from_child[1]);
	assert_int_equal(read(from_child[0], path, KYI_REGION_PATH_BYTES),
	    KYI_REGION_PATH_BYTES);
	close(from_child[0]);
	*go = to_child[1];
	return pid;
}

static void
test_however_a_process_ends_it_is_told_how(void **state)
{
	static const struct {
		enum end end;
		enum kymo_liveness liveness;
	} rows[] = { { BY_EXIT, KYMO_EXITED }, { BY_KILL, KYMO_KILLED } };
	char path[KYI_REGION_PATH_BYTES];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct kymo_region_info *info;
		struct kymo_region *region;
		uint32_t cnt;
		int go;
		pid_t pid = start_child(rows[i].end, &go, path);

		region = open_path(path);
		info = kymo_region_info(region);
		assert_int_equal(scan(region), KYMO_ALIVE);
		assert_int_equal(info->pid, pid);
		assert_int_equal(info->died_ns, 0);
		close(go);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(scan(region), rows[i].liveness);
		assert_int_equal(kymo_region_series(region, &cnt)[0].value.is.u,
		    7);
		if (rows[i].end == BY_EXIT)
			assert_true(info->died_ns > info->started_ns &&
			    info->died_ns == info->last_sign_ns);
		else
			assert_int_equal(info->died_ns, 0);
		kymo_region_close(region);
		/* The same for who comes after. */
		region = open_path(path);
		assert_int_equal(scan(region), rows[i].liveness);
		kymo_region_close(region);
		assert_int_equal(unlink(path), 0);
	}
}

static void
set_header(struct make_region *m, size_t off, uint64_t value, size_t bytes)
{
	struct kyi_header header;
	int fd = open(m->region.path, O_RDWR | O_CLOEXEC);

	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	make_number((uint8_t *)&header + off, value, bytes);
	header.crc32c = kyi_crc32c(0, &header,
	    offsetof(struct kyi_header, crc32c));
	assert_int_equal(pwrite(fd, &header, sizeof(header), 0),
	    sizeof(header));
	close(fd);
}

static void
test_a_held_lock_alone_is_not_life(void **state)
{
#define AT(member) offsetof(struct kyi_header, member)
	static const struct {
		size_t off;
		uint64_t value;
		size_t bytes;
		enum kymo_liveness liveness;
		const char *what;
	} rows[] = {
		{ AT(abi_minor), 0, 2, KYMO_ALIVE, "ourselves" },
		{ AT(boot_id), 0x1234567812345678, 8, KYMO_KILLED,
			"another boot" },
		{ AT(starttime_ticks), 1, 8, KYMO_KILLED,
			"a process that had our number" },
		{ AT(pid), 0x7fffffff, 4, KYMO_KILLED,
		    "a process that is gone" },
		{ AT(pidns_ino), 1, 8, KYMO_ALIVE, "another pid namespace" },
		{ AT(pid), 0, 4, KYMO_ALIVE, "no process: a guest" },
	};
#undef AT
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct make_region m;
		struct kymo_region *region;

		make_region(&m, testlib_dir(), "lock");
		set_header(&m, rows[i].off, rows[i].value, rows[i].bytes);
		region = open_path(m.region.path);
		if (scan(region) != rows[i].liveness)
			fail_msg("%s", rows[i].what);
		kymo_region_close(region);
		kyi_region_forget(&m.region);
	}
}

static void
test_the_dead_stay_dead(void **state)
{
	struct make_region m;
	struct kymo_region *region;
	int fd;

	make_region(&m, testlib_dir(), "lock");
	kyi_region_forget(&m.region);
	region = open_path(m.region.path);
	assert_int_equal(scan(region), KYMO_KILLED);
	fd = open(m.region.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(scan(region), KYMO_KILLED);
	kymo_region_close(region);
	region = open_path(m.region.path);
	assert_int_equal(scan(region), KYMO_ALIVE);
	kymo_region_close(region);
	close(fd);
}

static void
test_the_last_sign_of_life_is_the_latest_time_that_is_not_ahead(void **state)
{
	struct make_region m;
	struct kymo_region *region;
	const struct kymo_region_info *info;
	struct kyi_control *control;
	const struct kyi_header *header;
	uint64_t beat_ns = kyi_os_mono_ns();

	make_region(&m, testlib_dir(), "sign");
	control = kyi_region_control(&m.region);
	header = kyi_region_at(&m.region, 0);
	control->heartbeat_cnt = 3;
	control->heartbeat_ns = beat_ns = kyi_os_mono_ns();
	region = open_path(m.region.path);
	info = kymo_region_info(region);
	scan(region);
	assert_int_equal(info->heartbeat_cnt, 3);
	assert_int_equal(info->heartbeat_ns,
	    header->t0_realtime_ns + beat_ns - header->t0_mono_ns);
	assert_int_equal(info->last_sign_ns, info->heartbeat_ns);
	control->crash_ns = beat_ns + 3600000000000ull;
	scan(region);
	assert_int_equal(info->last_sign_ns, info->heartbeat_ns);
	kymo_region_close(region);
	kyi_region_forget(&m.region);
}

static void
test_proc_is_read_of_this_process_only(void **state)
{
	struct kymo_process_stats stats;
	struct kymo_region *region;
	struct kymo_error error = { "" };
	struct make_region m;
	struct kyi_times now;

	make_region(&m, testlib_dir(), "proc");
	region = open_path(m.region.path);
	scan(region);
	assert_int_equal(kymo_region_process(region, &stats, &error), 0);
	assert_true(stats.thread_cnt >= 1);
	assert_true(stats.resident_bytes > 100000);
	assert_true(stats.virtual_bytes > stats.resident_bytes);
	assert_true(stats.has_fds && stats.fd_cnt >= 4);
	assert_true(stats.faults_minor > 0);
	assert_true(stats.cpu_user_ns + stats.cpu_system_ns < 3600000000000ull);
	kyi_os_times(&now);
	assert_true(stats.start_ns <= now.realtime_ns &&
	    stats.start_ns + 3600000000000ull > now.realtime_ns);
	kymo_region_close(region);
	/* It is alive, as far as the lock says, but somebody else. */
	set_header(&m, offsetof(struct kyi_header, pidns_ino), 1, 8);
	region = open_path(m.region.path);
	assert_int_equal(scan(region), KYMO_ALIVE);
	assert_int_equal(kymo_region_process(region, &stats, &error), -1);
	assert_non_null(strstr(error.text, "another pid namespace"));
	kyi_region_forget(&m.region);
	scan(region);
	assert_int_equal(kymo_region_process(region, &stats, &error), -1);
	assert_non_null(strstr(error.text, "is dead"));
	kymo_region_close(region);
}

#define IN_DIR(test)                                                          \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_however_a_process_ends_it_is_told_how),
		IN_DIR(test_a_held_lock_alone_is_not_life),
		IN_DIR(test_the_dead_stay_dead),
		IN_DIR(
		    test_the_last_sign_of_life_is_the_latest_time_that_is_not_ahead),
		IN_DIR(test_proc_is_read_of_this_process_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
