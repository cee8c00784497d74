/* SPDX-License-Identifier: MIT */
/* Goal: who a process is, whether another is still there, and waiting. Method:
   this process and children of it against what /proc says in other words;
   refusals by seccomp in a child. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/random.h>
#include <time.h>

#include "tests/testlib/child.h"

#include "shm/atomic.h"
#include "shm/os.h"

static void
test_identity_is_what_proc_says(void **state)
{
	struct kyi_identity identity;
	char text[64], mine[33] = "", *dash;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY);
	struct stat st;
	size_t i;

	assert_int_equal(read(fd, text, 36), 36);
	close(fd);
	text[36] = '\0';
	while ((dash = strchr(text, '-')) != NULL)
		memmove(dash, dash + 1, strlen(dash));
	kyi_os_identity(&identity);
	for (i = 0; i < 16; i++)
		snprintf(mine + 2 * i, 3, "%02x", identity.boot_id[i]);
	assert_string_equal(mine, text);
	assert_int_equal(identity.pid, getpid());
	assert_int_equal(identity.uid, geteuid());
	assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
	assert_int_equal(identity.pidns_ino, st.st_ino);
	assert_int_equal(identity.pidns_ino, kyi_os_pidns_ino());
	assert_true(identity.starttime_ticks != 0);
}

/* The only field of /proc/PID/stat that a name can move. */
static int
look_under_a_strange_name(void *arg)
{
	uint64_t *expected = arg, ticks = 0;

	CHILD_CHECK(prctl(PR_SET_NAME, ") 1 2) (3", 0, 0, 0) == 0);
	CHILD_CHECK(kyi_os_starttime((uint32_t)getpid(), &ticks) == 0);
	/* We were forked after our parent started, by this clock. */
	CHILD_CHECK(ticks >= *expected);
	CHILD_CHECK(ticks - *expected <
	    100 * (uint64_t)sysconf(_SC_CLK_TCK));
	return 0;
}

static void
test_the_start_of_a_process_is_found_whatever_its_name(void **state)
{
	struct kyi_identity identity;
	uint64_t ticks = 0;

	kyi_os_identity(&identity);
	assert_int_equal(kyi_os_starttime(identity.pid, &ticks), 0);
	assert_true(ticks == identity.starttime_ticks);
	testlib_child(look_under_a_strange_name, &ticks);
}

static void
test_who_is_not_there_has_no_start(void **state)
{
	uint64_t ticks = 1;
	int status;
	pid_t pid;

	assert_int_equal(kyi_os_starttime(0, &ticks), -ESRCH);
	assert_int_equal(kyi_os_starttime(UINT32_MAX, &ticks), -ESRCH);
	assert_int_equal(kyi_os_starttime((uint32_t)INT32_MAX, &ticks),
	    -ESRCH);
	pid = fork();
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(kyi_os_starttime((uint32_t)pid, &ticks), -ESRCH);
	assert_int_equal(ticks, 0);
}

/* As with hidepid=2: it cannot be opened, and yet it can be signalled. */
static int
look_for_the_hidden(void *arg)
{
	uint64_t ticks;

	if (testlib_syscall_fails(SYS_openat, 2, O_DIRECTORY, 0, ENOENT) != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_os_starttime((uint32_t)getppid(), &ticks) == -EACCES);
	CHILD_CHECK(kyi_os_starttime(INT32_MAX, &ticks) == -ESRCH);
	return 0;
}

static int
look_for_the_hidden_of_another(void *arg)
{
	uint64_t ticks;

	if (getuid() != 0 || setresuid(12345, 12345, 12345) != 0 ||
	    testlib_syscall_fails(SYS_openat, 2, O_DIRECTORY, 0, ENOENT) != 0)
		return CHILD_SKIPS;
	/* It may not be signalled either, which says that it is there. */
	CHILD_CHECK(kyi_os_starttime((uint32_t)getppid(), &ticks) == -EACCES);
	return 0;
}

static void
test_hidden_is_not_gone(void **state)
{
	testlib_child(look_for_the_hidden, NULL);
	testlib_child(look_for_the_hidden_of_another, NULL);
}

static int
look_without_proc(void *arg)
{
	static const uint8_t zeros[16];
	struct kyi_identity identity;
	uint64_t ticks;

	if (testlib_mount_tmpfs("/proc", "size=4k") != 0)
		return CHILD_SKIPS;
	kyi_os_identity(&identity);
	CHILD_CHECK(memcmp(identity.boot_id, zeros, 16) == 0);
	CHILD_CHECK(identity.pidns_ino == 0 && identity.starttime_ticks == 0);
	CHILD_CHECK(identity.pid == (uint32_t)getpid());
	CHILD_CHECK(kyi_os_starttime(identity.pid, &ticks) == -ENOENT);
	return 0;
}

/* A /proc of our own making. */
static const struct {
	const char *stat;
	int rc;
	uint64_t ticks;
	const char *boot_id;
	uint8_t first, last; /* bytes of the boot id */
} proc_rows[] = {
	{ "77 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 1909 23\n",
	    0, 1909, "01234567-89ab-cdef-0123-456789abcdef\n", 0x01, 0xef },
	{ "77 (a b) c) R 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 0 23",
	    0, 0, "f0000000-0000-0000-0000-00000000000a\n", 0xf0, 0x0a },
	{ "77 ()) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 9",
	    0, 9, "90000000-0000-0000-0000-000000000090\n", 0x90, 0x90 },
	{ "77 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21", -ENOENT,
	    0, "f0000000-0000-0000-0000-00000000000", 0, 0 },
	{ "77 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 x",
	    -ENOENT, 0, "F0000000-0000-0000-0000-00000000000A\n", 0, 0 },
	{ "77 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 -1",
	    -ENOENT, 0, "g", 0, 0 },
	{ "no parenthesis", -ENOENT, 0, "-", 0, 0 },
};

static int
put_file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	CHILD_CHECK(fd >= 0);
	CHILD_CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return 0;
}

static int
look_at_another_proc(void *arg)
{
	struct kyi_identity identity;
	uint64_t ticks = 1;
	size_t i;

	if (testlib_mount_tmpfs("/proc", "size=1m") != 0)
		return CHILD_SKIPS;
	mkdir("/proc/self", 0700);
	mkdir("/proc/77", 0700);
	mkdir("/proc/sys", 0700);
	mkdir("/proc/sys/kernel", 0700);
	mkdir("/proc/sys/kernel/random", 0700);
	for (i = 0; i < sizeof(proc_rows) / sizeof(proc_rows[0]); i++) {
		if (put_file("/proc/self/stat", proc_rows[i].stat) != 0 ||
		    put_file("/proc/77/stat", proc_rows[i].stat) != 0 ||
		    put_file("/proc/sys/kernel/random/boot_id",
		    proc_rows[i].boot_id) != 0)
			return 1;
		kyi_os_identity(&identity);
		CHILD_CHECK(kyi_os_starttime(77, &ticks) == proc_rows[i].rc);
		CHILD_CHECK(ticks == proc_rows[i].ticks);
		CHILD_CHECK(identity.starttime_ticks == proc_rows[i].ticks);
		CHILD_CHECK(identity.boot_id[0] == proc_rows[i].first);
		CHILD_CHECK(identity.boot_id[15] == proc_rows[i].last);
	}
	return 0;
}

static void
test_proc_is_read_with_care(void **state)
{
	testlib_child(look_at_another_proc, NULL);
}

static void
test_without_proc_there_are_zeros(void **state)
{
	testlib_child(look_without_proc, NULL);
}

static void
test_random_bytes_differ(void **state)
{
	uint8_t a[16] = { 0 }, b[16] = { 0 };

	assert_int_equal(kyi_os_random(a, sizeof(a)), 0);
	assert_int_equal(kyi_os_random(b, sizeof(b)), 0);
	assert_true(memcmp(a, b, sizeof(a)) != 0);
}

static int
draw_before_there_is_chance(void *arg)
{
	uint8_t a[16];

	if (testlib_syscall_fails(SYS_getrandom, 2, UINT32_MAX, GRND_NONBLOCK,
	    EAGAIN) != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_os_random(a, sizeof(a)) == 0); /* GRND_INSECURE */
	if (testlib_syscall_fails(SYS_getrandom, 2, 0, 0, ENOSYS) != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_os_random(a, sizeof(a)) == -ENOSYS);
	return 0;
}

static void
test_chance_never_waits(void **state)
{
	testlib_child(draw_before_there_is_chance, NULL);
}

static void
test_times_are_of_their_clocks(void **state)
{
	struct kyi_times times;
	uint64_t mono = kyi_os_mono_ns(), real = kyi_os_realtime_ns();

	kyi_os_times(&times);
	assert_true(times.mono_ns >= mono);
	assert_true(times.mono_ns <= kyi_os_mono_ns());
	assert_true(times.boot_ns >= times.mono_ns);
	/* 2020; and ten years are no step of a clock between two lines. */
	assert_true(real > UINT64_C(1577836800) * 1000000000);
	assert_true(times.realtime_ns - real + 315360000000000000u <
	    2 * UINT64_C(315360000000000000));
}

struct waiting {
	uint32_t word, woken;
};

static void *
wait_for_one(void *arg)
{
	struct waiting *waiting = arg;

	/* It may return for no reason. */
	while (kyi_load_u32_relaxed(&waiting->word) == 0)
		kyi_os_futex_wait(&waiting->word, 0);
	kyi_store_u32_relaxed(&waiting->woken, 1);
	return NULL;
}

static void
test_a_waiter_is_woken(void **state)
{
	struct waiting waiting = { 0, 0 };
	pthread_t thread;

	/* Another value: no wait at all. */
	kyi_os_futex_wait(&waiting.word, 1);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_one, &waiting),
	    0);
	kyi_store_u32_relaxed(&waiting.word, 1);
	kyi_os_futex_wake(&waiting.word);
	pthread_join(thread, NULL);
	assert_int_equal(waiting.woken, 1);
}

static void
file_write(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", testlib_dir(), name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Version 2 first, so that its files hide those of version 1. */
static void
test_what_a_cgroup_has_left_is_read_in_both_versions(void **state)
{
	static const struct {
		const char *what, *limit, *used, *stat;
		uint64_t left;
	} rows[] = {
		{ "plenty", "1000000\n", "400000\n", "anon 5\n", 600000 },
		{ "no limit", "max\n", "400000\n", "anon 5\n", UINT64_MAX },
		{ "caches can go", "1000000\n", "900000\n",
		    "anon 5\ninactive_file 300000\nactive_file 100000\n",
		    500000 },
		{ "above it", "1000000\n", "1000001\n", "anon 5\n", 0 },
		{ "caches above all", "1000000\n", "5\n",
		    "a 1\ninactive_file 300000\n", 1000000 },
		{ "nonsense", "\n", "x\n", "", UINT64_MAX },
	};
	uint64_t limit;
	size_t i, version;

	for (version = 1; version <= 2; version++)
		for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			/* Version 1 says a number near 2^63 for none. */
			bool none = version == 1 &&
			    strcmp(rows[i].limit, "max\n") == 0;

			file_write(version == 1 ? "memory.limit_in_bytes" :
			    "memory.max", none ? "9223372036854771712\n" :
			    rows[i].limit);
			file_write(version == 1 ? "memory.usage_in_bytes" :
			    "memory.current", rows[i].used);
			file_write("memory.stat", rows[i].stat);
			if (kyi_os_cgroup_left(testlib_dir(), &limit) !=
			    rows[i].left)
				fail_msg("version %zu: %s", version,
				    rows[i].what);
		}
	assert_int_equal(kyi_os_cgroup_left("/nowhere", &limit), UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_what_a_cgroup_has_left_is_read_in_both_versions,
		    testlib_setup, testlib_teardown),
		cmocka_unit_test(test_identity_is_what_proc_says),
		cmocka_unit_test(
		    test_the_start_of_a_process_is_found_whatever_its_name),
		cmocka_unit_test(test_who_is_not_there_has_no_start),
		cmocka_unit_test(test_hidden_is_not_gone),
		cmocka_unit_test(test_proc_is_read_with_care),
		cmocka_unit_test(test_without_proc_there_are_zeros),
		cmocka_unit_test(test_random_bytes_differ),
		cmocka_unit_test(test_chance_never_waits),
		cmocka_unit_test(test_times_are_of_their_clocks),
		cmocka_unit_test(test_a_waiter_is_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
