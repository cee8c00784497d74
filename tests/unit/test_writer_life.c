/* SPDX-License-Identifier: MIT */
/* Init, status, what is said and what is swept. */
#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "tests/testlib/fresh.h"

#include "writer/sweep.h"

static void
test_nothing_is_made_before_it_is_needed(void **state)
{
	char path[320];

	assert_int_equal(fresh_status().state, 0);
	kymo_counter_at(fresh_family(KYMO_KIND_COUNTER, "c", NULL, NULL), 0,
	    NULL);
	kymo_resource_set("k", "v");
	assert_int_equal(fresh_status().state, 0);
	assert_false(peek_find(testlib_dir(), 0, path, sizeof(path)));
	kymo_heartbeat();
	assert_int_equal(fresh_status().state, 1);
	assert_true(peek_find(testlib_dir(), (uint32_t)getpid(), path,
	    sizeof(path)));
	assert_string_equal(fresh_status().path, path);
	assert_true(fresh_status().region_bytes >= 10 * 4096);
	assert_int_equal(fresh_peek()->control->heartbeat_cnt, 1);
}

static void
test_init_names_the_service_once(void **state)
{
	assert_int_equal(kymo_init("a shop"), 0);
	assert_string_equal(fresh_peek()->header->service, "a_shop");
	assert_int_equal(kymo_init("a shop"), 0);
	assert_int_equal(kymo_init(NULL), 0);
	assert_int_equal(fresh_status().err_badcall, 0);
	assert_int_equal(kymo_init("b"), 0);
	assert_int_equal(fresh_status().err_badcall, 1);
	assert_non_null(strstr(fresh_said(), "another name already: a_shop"));
}

static void
test_the_service_is_argument_then_environment_then_program(void **state)
{
	assert_int_equal(kymo_init(NULL), 0);
	assert_string_equal(fresh_peek()->header->service,
	    program_invocation_short_name);
	setenv("KYMO_SERVICE", "from-env", 1);
	fresh_start();
	assert_int_equal(kymo_init(NULL), 0);
	assert_string_equal(fresh_peek()->header->service, "from-env");
	fresh_start();
	assert_int_equal(kymo_init("from-call"), 0);
	assert_string_equal(fresh_peek()->header->service, "from-call");
}

static void
test_options_shape_the_region(void **state)
{
	struct kymo_options options;

	memset(&options, 0, sizeof(options));
	options.size_bytes = sizeof(options);
	options.thread_cnt_max = 7;
	options.region_bytes_max = 8u << 20;
	options.service = "s";
	assert_int_equal(kymo_init_with(&options), 0);
	assert_int_equal(fresh_peek()->header->slot_max, 8);
	assert_int_equal(fresh_peek()->header->max_bytes, 8u << 20);
	assert_int_equal(kymo_init_with(&options), 0);
	assert_int_equal(fresh_status().err_badcall, 1);
	options.size_bytes = 0;
	assert_int_equal(kymo_init_with(&options), -1);
	assert_int_equal(fresh_status().err_badcall, 2);
}

/* Handles came first: the region is made as large as they need. */
static void
test_a_region_that_would_be_too_small_is_larger(void **state)
{
	struct kymo_options options;
	struct kymo_counter c = { 0 };
	char name[16];
	uint32_t i;

	for (i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		c = kymo_counter_at(fresh_family(KYMO_KIND_COUNTER, name, NULL,
		    NULL), 0, NULL);
	}
	memset(&options, 0, sizeof(options));
	options.size_bytes = sizeof(options);
	options.region_bytes_max = 1;
	assert_int_equal(kymo_init_with(&options), 0);
	kymo_counter_inc(c);
	kymo_counter_inc(c);
	assert_int_equal(peek_sum(fresh_peek(), name), 2);
	assert_int_equal(fresh_status().err_full, 0);
	assert_in_range(fresh_peek()->header->max_bytes, 256u << 10, 16u << 20);
}

static bool
has_resource(const char *key, const char *value)
{
	const struct kyi_block *block = peek_block(fresh_peek(), KYI_BLK_RES,
	    NULL);
	const struct kyi_resource *at = (const void *)(block + 1);
	const char *end = (const char *)block + block->used_bytes;
	bool is = false;

	/* The last of a key stands. */
	for (; (const char *)at < end; at++)
		if (peek_text(&fresh_peek_image, at->key_ref, key))
			is = peek_text(&fresh_peek_image, at->value_ref, value);
	return is;
}

static void
test_a_process_says_what_it_is(void **state)
{
	char pid[16];

	kymo_resource_set("service.version", "1.0");
	assert_int_equal(kymo_init("s"), 0);
	kymo_resource_set("deployment.environment", "test");
	kymo_resource_set("service.version", "1.1");
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_true(has_resource("service.name", "s"));
	assert_true(has_resource("process.pid", pid));
	assert_true(has_resource("process.executable.name",
	    program_invocation_short_name) || /* libtool's lt- */
	    has_resource("process.executable.name", "test_writer_life"));
	assert_true(has_resource("telemetry.sdk.name", "kymo"));
	assert_true(has_resource("service.version", "1.1"));
	assert_true(has_resource("deployment.environment", "test"));
	kymo_resource_set("", "x");
	kymo_resource_set(NULL, "x");
	assert_int_equal(fresh_status().err_badcall, 2);
}

static void
test_without_a_place_it_is_private_and_says_why(void **state)
{
	struct kymo_counter c;

	setenv("KYMO_DIR", "/proc/nowhere", 1);
	fresh_start();
	c = kymo_counter_at(fresh_family(KYMO_KIND_COUNTER, "c", NULL, NULL), 0,
	    NULL);
	assert_int_equal(kymo_init(NULL), -1);
	kymo_counter_inc(c);
	kymo_counter_inc(c);
	assert_int_equal(fresh_status().state, -1);
	assert_non_null(strstr(fresh_status().why, "/proc/nowhere"));
	assert_string_equal(fresh_status().path, "");
	assert_true(fresh_status().region_bytes > 0);
	assert_non_null(strstr(fresh_said(),
	    "kymo: nobody can read this process' metrics: no region in "));
	assert_int_equal(*(uint64_t *)(void *)(kymo_tls_->window + c.off_), 2);
}

static void
test_quiet_says_nothing(void **state)
{
	setenv("KYMO_QUIET", "1", 1);
	setenv("KYMO_DIR", "/proc/nowhere", 1);
	setenv("KYMO_COMPONENTS", "x:7", 1);
	fresh_start();
	kymo_init(NULL);
	kymo_bad_record_();
	assert_int_equal(fresh_status().err_badcall, 1);
	assert_string_equal(fresh_said(), "");
}

static void
test_malformed_components_are_said_once(void **state)
{
	setenv("KYMO_COMPONENTS", "x,y:7,z:8", 1);
	fresh_start();
	kymo_init(NULL);
	assert_string_equal(fresh_said(), "kymo: KYMO_COMPONENTS: cannot read "
	    "'y:7' (-NAME, NAME or NAME:RATE, 0 < RATE <= 1)\n");
}

/* A line for people has no bytes for terminals, and only so many. */
static void
test_what_is_said_is_one_printable_line(void **state)
{
	char name[3000];

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memcpy(name, "\x1b[2J\n", 5);
	fresh_family(KYMO_KIND_COUNTER, name, NULL, NULL);
	assert_null(strchr(fresh_said(), '\x1b'));
	assert_ptr_equal(strchr(fresh_said(), '\n'),
	    fresh_said() + strlen(fresh_said()) - 1);
	assert_in_range(strlen(fresh_said()), 100, 400);
	assert_non_null(strstr(fresh_said(), "?[2J?nnn"));
}

/* Whoever has file descriptor 2 now is not who had it. */
static void
test_another_file_in_stderrs_place_is_left_alone(void **state)
{
	int fd = open(testlib_path("database"), O_RDWR | O_CREAT, 0600);

	dup2(fd, STDERR_FILENO);
	kymo_bad_record_();
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	close(fd);
}

static void
test_a_closed_pipe_for_stderr_is_no_signal(void **state)
{
	sigset_t pending;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[0]);
	close(fds[1]);
	errno = 77;
	kymo_bad_record_();
	assert_int_equal(errno, 77);
	sigpending(&pending);
	assert_int_equal(sigismember(&pending, SIGPIPE), 0);
}

static void
test_a_record_leaves_errno_and_the_mask_alone(void **state)
{
	struct kymo_counter c = kymo_counter_at(fresh_family(KYMO_KIND_COUNTER,
	    "c", NULL, NULL), 0, NULL);
	sigset_t before, after;
	int signal_nr;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = 123;
	setenv("KYMO_DIR", "/proc/nowhere", 1);
	kymo_counter_inc(c);
	assert_int_equal(errno, 123);
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (signal_nr = 1; signal_nr < 32; signal_nr++)
		assert_int_equal(sigismember(&before, signal_nr),
		    sigismember(&after, signal_nr));
	sigemptyset(&before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
test_prepare_makes_all_that_is_registered(void **state)
{
	struct kymo_histogram h = kymo_histogram_at(fresh_family(
	    KYMO_KIND_HISTOGRAM, "h", NULL, NULL), 0, NULL);
	struct kymo_span span;
	uint64_t before;

	assert_int_equal(kymo_thread_prepare(), 0);
	before = kyi_region_control(&kyi_process()->region)->slow_calls;
	kymo_histogram_record(h, 5);
	kymo_span_begin(&span, (struct kymo_span_name){ 1, 1 }, NULL);
	kymo_span_end(&span, KYMO_SPAN_OK);
	assert_int_equal(kyi_region_control(&kyi_process()->region)->slow_calls,
	    before);
}

/* ---- sweeping -------------------------------------------------------------- */

/* A region of a dead process, begun at started_ns, of about kib. */
static void
bury(const char *name, uint64_t started_ns, uint32_t kib)
{
	int fd = open(testlib_path(name), O_RDWR | O_CREAT, 0600);
	struct kyi_header header;
	char page[1024];
	uint32_t i;

	memset(&header, 0, sizeof(header));
	memset(page, 1, sizeof(page));
	memcpy(header.magic, KYI_MAGIC, KYI_MAGIC_BYTES);
	header.t0_realtime_ns = started_ns;
	for (i = 0; i < kib; i++)
		assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	assert_int_equal(pwrite(fd, &header, sizeof(header), 0),
	    sizeof(header));
	close(fd);
}

static bool
is_there(const char *name)
{
	return access(testlib_path(name), F_OK) == 0;
}

static void
test_the_oldest_dead_are_swept_until_it_is_enough(void **state)
{
	int fd;

	bury("a.1.0000000000000001.kymo", 300, 64);
	bury("b.1.0000000000000002.kymo", 100, 64);
	bury("c.1.0000000000000003.kymo", 200, 64);
	bury("d.1.0000000000000004.kymo", 50, 64);
	bury("other", 1, 64);
	/* The oldest lives. */
	fd = open(testlib_path("d.1.0000000000000004.kymo"), O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(kyi_sweep_dir(testlib_dir(), 192 << 10), 0);
	assert_int_equal(kyi_sweep_dir(testlib_dir(), 100 << 10), 2);
	assert_false(is_there("b.1.0000000000000002.kymo"));
	assert_false(is_there("c.1.0000000000000003.kymo"));
	assert_true(is_there("a.1.0000000000000001.kymo"));
	assert_int_equal(kyi_sweep_dir(testlib_dir(), 0), 1);
	assert_true(is_there("d.1.0000000000000004.kymo"));
	assert_true(is_there("other"));
	close(fd);
}

static void
test_nothing_is_swept_from_under_an_absorber(void **state)
{
	int fd = open(testlib_path(".kymod.lock"), O_RDWR | O_CREAT, 0600);

	bury("a.1.0000000000000001.kymo", 300, 64);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(kyi_sweep_dir(testlib_dir(), 0), 0);
	assert_true(is_there("a.1.0000000000000001.kymo"));
	assert_int_equal(flock(fd, LOCK_UN), 0);
	assert_int_equal(kyi_sweep_dir(testlib_dir(), 0), 1);
	close(fd);
}

static void
test_links_and_others_files_are_not_swept(void **state)
{
	bury("a.1.0000000000000001.kymo", 300, 64);
	assert_int_equal(link(testlib_path("a.1.0000000000000001.kymo"),
	    "/dev/shm/kymo-test-second-link"), 0);
	bury("target", 1, 64);
	assert_int_equal(symlink("target",
	    testlib_path("b.1.0000000000000002.kymo")), 0);
	bury("c.1.0000000000000003.txt", 1, 64);
	assert_int_equal(kyi_sweep_dir(testlib_dir(), 0), 0);
	assert_int_equal(unlink("/dev/shm/kymo-test-second-link"), 0);
	assert_int_equal(kyi_sweep_dir(testlib_dir(), 0), 1);
	assert_true(is_there("target"));
}

/* More than one look at the directory takes. */
static void
test_many_dead_are_swept(void **state)
{
	char name[64];
	uint32_t i;

	for (i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "s.%u.%016x.kymo", i, i);
		bury(name, i, 4);
	}
	assert_int_equal(kyi_sweep_dir(testlib_dir(), 5 * 4096), 145);
	assert_true(is_there("s.149.0000000000000095.kymo"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh_setup, \
	fresh_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_made_before_it_is_needed),
		TEST(test_init_names_the_service_once),
		TEST(test_the_service_is_argument_then_environment_then_program),
		TEST(test_options_shape_the_region),
		TEST(test_a_region_that_would_be_too_small_is_larger),
		TEST(test_a_process_says_what_it_is),
		TEST(test_without_a_place_it_is_private_and_says_why),
		TEST(test_quiet_says_nothing),
		TEST(test_malformed_components_are_said_once),
		TEST(test_what_is_said_is_one_printable_line),
		TEST(test_another_file_in_stderrs_place_is_left_alone),
		TEST(test_a_closed_pipe_for_stderr_is_no_signal),
		TEST(test_a_record_leaves_errno_and_the_mask_alone),
		TEST(test_prepare_makes_all_that_is_registered),
		TEST(test_the_oldest_dead_are_swept_until_it_is_enough),
		TEST(test_nothing_is_swept_from_under_an_absorber),
		TEST(test_links_and_others_files_are_not_swept),
		TEST(test_many_dead_are_swept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
