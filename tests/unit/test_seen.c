/* SPDX-License-Identifier: MIT */
/* Goal: what /proc said of a process is not lost with the reader that heard it.
   Method: a reader goes away, then the process, then the next reader comes;
   files that are full, torn, forged, or no files. */
#include "tests/testlib/testlib.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/testlib/procs.h"

static char state_path[200], seen_path[210];
static uint32_t warning_cnt;
static char warning[600];

static void
warn(void *to, const char *text)
{
	(void)to;
	warning_cnt++;
	snprintf(warning, sizeof(warning), "%s", text);
}

static struct kymo_model *
reader(void)
{
	struct kymo_model_options options = {
		.state_path = state_path, .with_process = true, .warn = warn,
	};
	struct kymo_error error = {""};
	struct kymo_model *model;

	snprintf(state_path, sizeof(state_path), "%s/control.db",
	    testlib_dir());
	snprintf(seen_path, sizeof(seen_path), "%s.seen", state_path);
	warning_cnt = 0;
	model = kymo_model_new(&options, &error);
	if (model == NULL)
		fail_msg("%s", error.text);
	return model;
}

/* A scan of one process, of which /proc says switches, or that is dead (0);
   what the page then shows. */
static uint64_t
scan_one(struct kymo_model *model, uint32_t number, uint64_t switches)
{
	struct kymo_process_stats stats = {
		.cpu_user_ns = 10 * switches, .switches_voluntary = switches,
	};
	struct kyi_source source = {.process = switches > 0 ? &stats : NULL};
	const struct kymo_scan *scan;
	const struct kymo_series *it;
	struct kymo_error error;
	struct proc proc;
	bool absorbed;
	uint64_t shown;

	birth(&proc, number, "s");
	proc.info.liveness = switches > 0 ? KYMO_ALIVE : KYMO_KILLED;
	source.info = &proc.info;
	begin(model);
	assert_int_equal(kyi_model_take(model, &source, switches == 0,
	    &absorbed, &error), 0);
	end(model);
	scan = kymo_scan_take(model);
	it = find(scan, "process_cpu_seconds", "s");
	shown = it == NULL ? 0 : it->value.is.u / 10;
	it = find(scan, "process_context_switches", "s");
	/* The second of the family: involuntary is before voluntary. */
	assert_int_equal(it == NULL ? 0 : it[1].value.is.u, shown);
	kymo_scan_release(scan);
	return shown;
}

static int64_t
file_bytes(void)
{
	struct stat st;

	return stat(seen_path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static void
test_the_next_reader_knows_what_proc_last_said(void **state)
{
	struct kymo_model *model = reader();

	assert_int_equal(scan_one(model, 1, 246), 246);
	kymo_model_delete(model);
	model = reader(); /* the process died meanwhile */
	assert_int_equal(scan_one(model, 1, 0), 246);
	kymo_model_delete(model);
	model = reader(); /* and is the database's */
	assert_int_equal(scan_one(model, 1, 0), 246);
	/* One that lives on is not counted twice. */
	assert_int_equal(scan_one(model, 2, 10), 256);
	kymo_model_delete(model);
	model = reader();
	assert_int_equal(scan_one(model, 2, 14), 260);
	assert_int_equal(scan_one(model, 2, 0), 260);
	assert_int_equal(warning_cnt, 0);
	kymo_model_delete(model);
}

static void
test_places_are_used_again(void **state)
{
	struct kymo_model *model = reader();
	uint32_t number;

	for (number = 1; number <= 20; number++) {
		assert_int_equal(scan_one(model, number, 5), 5 * number);
		assert_int_equal(scan_one(model, number, 0), 5 * number);
	}
	assert_int_equal(file_bytes(), 64);
	kymo_model_delete(model);
}

static void
test_records_that_nobody_asks_for_go(void **state)
{
	struct kymo_model *model = reader();

	scan_one(model, 1, 5);
	scan_one(model, 2, 5);
	assert_int_equal(file_bytes(), 128);
	kymo_model_delete(model);
	model = reader();
	scan_one(model, 1, 5);
	clock_ns += KYI_MISSING_NS;
	scan_one(model, 1, 6);
	assert_int_equal(file_bytes(), 64);
	kymo_model_delete(model);
	model = reader();
	assert_int_equal(scan_one(model, 1, 0), 6);
	kymo_model_delete(model);
}

static void
test_a_damaged_record_is_none(void **state)
{
	static const struct { const char *what; long off_bytes; bool cut; } rows[] = {
		{"another id", 3, false}, {"another value", 20, false},
		{"another format", 56, false}, {"another checksum", 61, false},
		{"torn", 40, true}, {"empty", 0, true},
	};
	struct kymo_model *model;
	size_t row;

	for (row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
		uint32_t number = (uint32_t)row + 1;
		FILE *file;

		model = reader();
		assert_int_equal(scan_one(model, number, 5), 5);
		kymo_model_delete(model);
		if (rows[row].cut) {
			assert_int_equal(truncate(seen_path,
			    rows[row].off_bytes), 0);
		} else {
			file = fopen(seen_path, "r+");
			assert_non_null(file);
			fseek(file, rows[row].off_bytes, SEEK_SET);
			fputc(0xa5, file);
			fclose(file);
		}
		model = reader();
		if (scan_one(model, number, 0) != 0)
			fail_msg("%s: believed", rows[row].what);
		kymo_model_delete(model);
	}
}

static void
test_a_full_disk_is_said_once_and_stops_nothing(void **state)
{
	struct kymo_model *model = reader();
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(scan_one(model, 1, 3), 3);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 40;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(scan_one(model, 1, 4), 4);
	assert_int_equal(scan_one(model, 1, 5), 5);
	assert_int_equal(warning_cnt, 1);
	assert_non_null(strstr(warning, "control.db.seen: "));
	limit.rlim_cur = RLIM_INFINITY;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(scan_one(model, 1, 5), 5); /* tried again */
	kymo_model_delete(model);
	model = reader();
	assert_int_equal(scan_one(model, 1, 0), 5);
	kymo_model_delete(model);
}

static void
test_what_is_no_file_is_said_and_left_alone(void **state)
{
	struct kymo_model *model;
	int kind;

	for (kind = 0; kind < 2; kind++) {
		kymo_model_delete(reader());
		unlink(seen_path);
		assert_int_equal(kind == 0 ? mkfifo(seen_path, 0600) :
		    symlink("elsewhere", seen_path), 0);
		model = reader();
		assert_int_equal(warning_cnt, 1);
		assert_int_equal(scan_one(model, 1, 5), 5);
		kymo_model_delete(model);
	}
}

int
main(void)
{
#define IN_DIR(test) \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)
	const struct CMUnitTest tests[] = {
		IN_DIR(test_the_next_reader_knows_what_proc_last_said),
		IN_DIR(test_places_are_used_again),
		IN_DIR(test_records_that_nobody_asks_for_go),
		IN_DIR(test_a_damaged_record_is_none),
		IN_DIR(test_a_full_disk_is_said_once_and_stops_nothing),
		IN_DIR(test_what_is_no_file_is_said_and_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
