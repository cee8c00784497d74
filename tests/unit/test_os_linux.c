/* SPDX-License-Identifier: MIT */
/* Goal: what os.h says of files, memory and locks, above all of what fails.
   Method: real files on tmpfs; what a kernel or a limit refuses is refused in
   a child, by seccomp, a small tmpfs, or setrlimit. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "tests/testlib/child.h"

#include "shm/layout.h"
#include "shm/os.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define FILE_BYTES 65536u
#define NAME "svc.1.0123456789abcdef.kymo"

static int
dir_fd_of(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool
there_is(const char *name)
{
	struct stat st;

	return lstat(testlib_path(name), &st) == 0;
}

static uint32_t
entry_cnt(const char *path)
{
	DIR *dir = opendir(path);
	uint32_t cnt = 0;

	while (readdir(dir) != NULL)
		cnt++;
	closedir(dir);
	return cnt - 2;
}


/* ---- directories ---------------------------------------------- */

static void
test_directories_that_are_taken_and_refused(void **state)
{
	int fd;

	assert_int_equal(kyi_os_dir_open(testlib_path("none"), false), -ENOENT);
	assert_int_equal(kyi_os_dir_open(testlib_path("none/none"), true),
	    -ENOENT);
	fd = kyi_os_dir_open(testlib_path("made"), true);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	kyi_os_close(fd);
	fd = kyi_os_dir_open(testlib_path("made"), true);
	assert_true(fd >= 0);
	kyi_os_close(fd);

	assert_int_equal(symlink("made", testlib_path("link")), 0);
	assert_int_equal(kyi_os_dir_open(testlib_path("link"), true),
	    -ENOTDIR);
	fd = open(testlib_path("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(kyi_os_dir_open(testlib_path("file"), true),
	    -ENOTDIR);
}

static void
test_a_made_directory_is_private(void **state)
{
	mode_t mask = umask(0);
	struct stat st;

	kyi_os_close(kyi_os_dir_open(testlib_path("made"), true));
	umask(mask);
	assert_int_equal(stat(testlib_path("made"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void
test_another_users_directory_is_refused(void **state)
{
	assert_int_equal(mkdir(testlib_path("theirs"), 0777), 0);
	if (chown(testlib_path("theirs"), 12345, 12345) != 0) {
		print_message("SKIPPED: only root can give a directory away\n");
		skip();
	}
	assert_int_equal(kyi_os_dir_open(testlib_path("theirs"), true),
	    -EPERM);
}

static int
open_as_another(void *arg)
{
	uid_t uid = 12345;

	if (setresuid(uid, uid, uid) != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(kyi_os_dir_open(testlib_path("theirs"), false) >= 0);
	CHILD_CHECK(kyi_os_dir_open(testlib_path("roots"), false) >= 0);
	CHILD_CHECK(kyi_os_dir_open(testlib_path("others"), false) == -EPERM);
	return 0;
}

static void
test_our_own_directory_and_roots_are_taken(void **state)
{
	assert_int_equal(mkdir(testlib_path("theirs"), 0777), 0);
	assert_int_equal(mkdir(testlib_path("roots"), 0777), 0);
	assert_int_equal(mkdir(testlib_path("others"), 0777), 0);
	assert_int_equal(chmod(testlib_dir(), 0755), 0);
	if (chown(testlib_path("theirs"), 12345, 0) != 0 ||
	    chown(testlib_path("others"), 12346, 0) != 0) {
		print_message("SKIPPED: only root can give a directory away\n");
		skip();
	}
	testlib_child(open_as_another, NULL);
}

static void
test_a_setgid_directory_gives_its_group_the_files(void **state)
{
	int fd;

	assert_int_equal(mkdir(testlib_path("dir"), 0700), 0);
	fd = dir_fd_of(testlib_path("dir"));
	assert_int_equal(kyi_os_file_mode(fd), 0600);
	assert_int_equal(chmod(testlib_path("dir"), 03770), 0);
	assert_int_equal(kyi_os_file_mode(fd), 0640);
	close(fd);
}

static void
test_memory_file_systems_are_known(void **state)
{
	uint64_t total = 0, free_bytes = 0;
	int shm = dir_fd_of(testlib_dir()), proc = dir_fd_of("/proc");

	assert_int_equal(kyi_os_is_memory_fs(shm), 1);
	assert_int_equal(kyi_os_is_memory_fs(proc), 0);
	assert_int_equal(kyi_os_is_memory_fs(-1), -EBADF);
	assert_int_equal(kyi_os_space(shm, &total, &free_bytes), 0);
	assert_true(total > 0 && free_bytes <= total);
	assert_int_equal(kyi_os_space(-1, &total, &free_bytes), -EBADF);
	close(shm);
	close(proc);
}

/* ---- files ------------------------------------------------------ */

/* From nothing to a name: nobody sees it before, and it is exact after. */
static int
create_and_link(void *arg)
{
	int dir_fd = dir_fd_of(testlib_dir());
	int fd = kyi_os_file_create(dir_fd, NAME, FILE_BYTES, 0640);
	struct stat st;

	CHILD_CHECK(fd >= 0);
	CHILD_CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHILD_CHECK(!there_is(NAME));
	CHILD_CHECK(kyi_os_file_link(fd, dir_fd, NAME) == 0);
	CHILD_CHECK(fstatat(dir_fd, NAME, &st, AT_SYMLINK_NOFOLLOW) == 0);
	CHILD_CHECK(S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0640);
	CHILD_CHECK(st.st_nlink == 1 && st.st_size == FILE_BYTES);
	CHILD_CHECK(st.st_blocks == 0);
	CHILD_CHECK(entry_cnt(testlib_dir()) == 1);
	kyi_os_close(fd);
	fd = kyi_os_file_create(dir_fd, "b.kymo", FILE_BYTES, 0600);
	kyi_os_file_drop(fd, dir_fd, "b.kymo");
	CHILD_CHECK(entry_cnt(testlib_dir()) == 1);
	return 0;
}

static int
create_with_a_strict_umask(void *arg)
{
	umask(0777);
	return create_and_link(arg);
}

static int
create_where_unnamed_is_not_known(void *arg)
{
	int *error = arg;
	uint32_t flag = O_TMPFILE & ~O_DIRECTORY;

	if (testlib_syscall_fails(SYS_openat, 2, flag, flag, *error) != 0)
		return CHILD_SKIPS;
	return create_and_link(NULL);
}

static void
test_a_file_appears_whole_with_its_name(void **state)
{
	testlib_child(create_and_link, NULL);
}

static void
test_a_files_mode_is_exact(void **state)
{
	testlib_child(create_with_a_strict_umask, NULL);
}

static void
test_without_unnamed_files_there_is_a_name_for_the_time_being(void **state)
{
	int errors[] = { EOPNOTSUPP, EISDIR, EINVAL, ENOENT };
	size_t i;

	for (i = 0; i < COUNT(errors); i++) {
		testlib_child(create_where_unnamed_is_not_known, &errors[i]);
		assert_int_equal(unlink(testlib_path(NAME)), 0);
	}
}

static int
create_named_over_another(void *arg)
{
	uint32_t flag = O_TMPFILE & ~O_DIRECTORY;
	int dir_fd = dir_fd_of(testlib_dir());

	if (testlib_syscall_fails(SYS_openat, 2, flag, flag, EOPNOTSUPP) != 0)
		return CHILD_SKIPS;
	CHILD_CHECK(symlink("target", testlib_path(NAME ".tmp")) == 0);
	CHILD_CHECK(kyi_os_file_create(dir_fd, NAME, FILE_BYTES, 0600) ==
	    -EEXIST);
	CHILD_CHECK(!there_is("target"));
	return 0;
}

static void
test_a_link_in_the_way_is_not_followed(void **state)
{
	testlib_child(create_named_over_another, NULL);
}

static void
test_a_name_is_never_taken_from_another_file(void **state)
{
	int dir_fd = dir_fd_of(testlib_dir());
	int fd = kyi_os_file_create(dir_fd, NAME, FILE_BYTES, 0600);

	close(open(testlib_path(NAME), O_CREAT | O_WRONLY, 0600));
	assert_int_equal(kyi_os_file_link(fd, dir_fd, NAME), -EEXIST);
	kyi_os_file_drop(fd, dir_fd, NAME);
	close(dir_fd);
}

static int
create_under_a_limit(void *arg)
{
	struct rlimit limit = { FILE_BYTES, FILE_BYTES };
	int dir_fd = dir_fd_of(testlib_dir()), fd;

	CHILD_CHECK(kyi_os_file_bytes_max() > FILE_BYTES);
	CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHILD_CHECK(kyi_os_file_bytes_max() == FILE_BYTES);
	/* SIGXFSZ would end this child. */
	CHILD_CHECK(kyi_os_file_create(dir_fd, NAME, FILE_BYTES + 1, 0600) ==
	    -EFBIG);
	CHILD_CHECK(kyi_os_file_create(dir_fd, NAME, UINT64_MAX, 0600) ==
	    -EFBIG);
	fd = kyi_os_file_create(dir_fd, NAME, FILE_BYTES, 0600);
	CHILD_CHECK(fd >= 0);
	CHILD_CHECK(kyi_os_file_allocate(fd, 0, FILE_BYTES) == 0);
	return 0;
}

static void
test_the_limit_of_file_sizes_is_an_answer_not_a_signal(void **state)
{
	testlib_child(create_under_a_limit, NULL);
}

static void
test_reading_ends_where_the_file_does(void **state)
{
	char data[10] = "";
	int fd = open(testlib_path("f"), O_CREAT | O_RDWR, 0600);

	assert_int_equal(write(fd, "abcdef", 6), 6);
	assert_int_equal(kyi_os_pread(fd, data, 3, 2), 3);
	assert_string_equal(data, "cde");
	assert_int_equal(kyi_os_pread(fd, data, 10, 2), 4);
	assert_int_equal(kyi_os_pread(fd, data, 10, 6), 0);
	assert_int_equal(kyi_os_pread(fd, data, 10, 1000), 0);
	assert_int_equal(kyi_os_pread(-1, data, 10, 0), -EBADF);
	close(fd);
}

/* ---- locks ------------------------------------------------------ */

static void
test_a_lock_lives_with_the_mapping(void **state)
{
	int dir_fd = dir_fd_of(testlib_dir()), reader_fd;
	int fd = kyi_os_file_create(dir_fd, NAME, FILE_BYTES, 0600);
	void *base = kyi_os_map(fd, FILE_BYTES);

	assert_int_equal(kyi_os_lock(fd), 0);
	assert_int_equal(kyi_os_file_link(fd, dir_fd, NAME), 0);
	reader_fd = openat(dir_fd, NAME, O_RDONLY | O_CLOEXEC);
	assert_int_equal(kyi_os_lock(reader_fd), -EWOULDBLOCK);
	kyi_os_close(fd);
	assert_int_equal(kyi_os_lock_is_free(reader_fd), 0);
	kyi_os_unmap(base, FILE_BYTES);
	assert_int_equal(kyi_os_lock_is_free(reader_fd), 1);
	/* Asking does not keep it. */
	fd = openat(dir_fd, NAME, O_RDONLY | O_CLOEXEC);
	assert_int_equal(kyi_os_lock_is_free(fd), 1);
	assert_int_equal(kyi_os_lock(fd), 0);
	assert_int_equal(kyi_os_lock_is_free(-1), -EBADF);
	close(fd);
	close(reader_fd);
	close(dir_fd);
}

int
main(void)
{
#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_directories_that_are_taken_and_refused),
		TEST(test_a_made_directory_is_private),
		TEST(test_another_users_directory_is_refused),
		TEST(test_our_own_directory_and_roots_are_taken),
		TEST(test_a_setgid_directory_gives_its_group_the_files),
		TEST(test_memory_file_systems_are_known),
		TEST(test_a_file_appears_whole_with_its_name),
		TEST(test_a_files_mode_is_exact),
		TEST(test_without_unnamed_files_there_is_a_name_for_the_time_being),
		TEST(test_a_link_in_the_way_is_not_followed),
		TEST(test_a_name_is_never_taken_from_another_file),
		TEST(test_the_limit_of_file_sizes_is_an_answer_not_a_signal),
		TEST(test_reading_ends_where_the_file_does),
		TEST(test_a_lock_lives_with_the_mapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
