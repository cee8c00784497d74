/* SPDX-License-Identifier: MIT */
/* Goal: what the disk does to the database never makes a total wrong. Method:
   writes that fail, pages that are damaged, a second reader, regions that are
   not what they were. */
#include "tests/testlib/testlib.h"

#include <signal.h>
#include <sys/resource.h>

#include "tests/testlib/procs.h"

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
model_warned(const char *path)
{
	struct kymo_model_options options = {
		.state_path = path, .with_own = true, .warn = warn,
	};
	struct kymo_error error = {""};
	struct kymo_model *model;

	warning_cnt = 0;
	model = kymo_model_new(&options, &error);
	if (model == NULL)
		fail_msg("%s", error.text);
	return model;
}

static void
limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
test_a_full_disk_is_tried_again(void **state)
{
	char path[200];
	struct kymo_model *model;
	struct proc a;
	bool absorbed;
	int i;

	signal(SIGXFSZ, SIG_IGN);
	snprintf(path, sizeof(path), "%s/control.db", testlib_dir());
	model = model_new(path, 0);
	birth(&a, 1, "s");
	work(&a, 5);
	a.info.liveness = KYMO_KILLED;
	limit_files(1024);
	for (i = 0; i < 3; i++) {
		begin(model);
		assert_int_equal(take(model, &a, true, &absorbed), -1);
		assert_false(absorbed);
		end(model);
		assert_int_equal(jobs_now(model), 5);
	}
	limit_files(RLIM_INFINITY);
	begin(model);
	assert_int_equal(take(model, &a, true, &absorbed), 0);
	assert_true(absorbed);
	end(model);
	assert_int_equal(jobs_now(model), 5);
	kymo_model_delete(model);
	model = model_new(path, 0);
	begin(model);
	end(model);
	assert_int_equal(jobs_now(model), 5);
	kymo_model_delete(model);
}

/* How many files of the test's directory have this in their name. */
static uint32_t
files_with(const char *part)
{
	DIR *dir = opendir(testlib_dir());
	struct dirent *entry;
	uint32_t cnt = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		cnt += strstr(entry->d_name, part) != NULL;
	closedir(dir);
	return cnt;
}

static void
spoil(const char *path, long off_bytes, int bytes)
{
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	assert_int_equal(fseek(file, off_bytes, SEEK_SET), 0);
	while (bytes-- > 0)
		fputc(0xa5, file);
	assert_int_equal(fclose(file), 0);
}

static void
test_a_damaged_database_is_set_aside_and_said(void **state)
{
	/* Its first page; those behind it, where the tables are. */
	static const struct { long off_bytes; int bytes; } rows[] = {
		{0, 4096}, {4096, 20000},
	};
	size_t row;

	for (row = 0; row < 2; row++) {
		char path[200];
		struct kymo_model *model;
		struct proc a;
		bool absorbed;

		snprintf(path, sizeof(path), "%s/%zu.db", testlib_dir(), row);
		model = model_warned(path);
		birth(&a, 1, "s");
		work(&a, 5);
		a.info.liveness = KYMO_KILLED;
		begin(model);
		assert_int_equal(take(model, &a, true, &absorbed), 0);
		end(model);
		kymo_model_delete(model);
		assert_int_equal(warning_cnt, 0);

		spoil(path, rows[row].off_bytes, rows[row].bytes);
		model = model_warned(path);
		assert_int_equal(warning_cnt, 1);
		assert_non_null(strstr(warning, "damaged"));
		assert_int_equal(files_with(".corrupt-"), row + 1);
		begin(model);
		end(model);
		assert_int_equal(jobs_now(model), 0); /* a reset */
		birth(&a, 2, "s");
		work(&a, 3);
		a.info.liveness = KYMO_KILLED;
		begin(model);
		assert_int_equal(take(model, &a, true, &absorbed), 0);
		end(model);
		kymo_model_delete(model);
		model = model_warned(path);
		assert_int_equal(warning_cnt, 0);
		begin(model);
		end(model);
		assert_int_equal(jobs_now(model), 3);
		kymo_model_delete(model);
	}
}

static void
test_a_second_reader_is_turned_away(void **state)
{
	char path[200];
	struct kymo_model_options options = {.state_path = path};
	struct kymo_error error = {""};
	struct kymo_model *model;

	snprintf(path, sizeof(path), "%s/control.db", testlib_dir());
	model = model_new(path, 0);
	assert_null(kymo_model_new(&options, &error));
	assert_non_null(strstr(error.text, "another reader"));
	kymo_model_delete(model);
	kymo_model_delete(model_new(path, 0));
}

static void
test_a_state_that_cannot_be_is_an_error(void **state)
{
	char file[200], path[400];
	struct kymo_model_options options = {.state_path = path};
	struct kymo_error error = {""};

	snprintf(file, sizeof(file), "%s/file", testlib_dir());
	fclose(fopen(file, "w"));
	snprintf(path, sizeof(path), "%s/control.db", file);
	assert_null(kymo_model_new(&options, &error));
	assert_non_null(strstr(error.text, "file"));
}

/* All kinds of totals, and labels with every awkward byte, go there and back. */
static void
test_totals_are_the_same_after_a_restart(void **state)
{
	static const char *const odd[] = {"a\"\\\n\xc3\xa9,=\x01"};
	char path[200];
	struct kymo_model *model;
	const struct kymo_series *series;
	const struct kymo_scan *scan;
	struct kymo_hist before = {0};
	struct proc a;
	bool absorbed;
	int i;

	snprintf(path, sizeof(path), "%s/control.db", testlib_dir());
	model = model_new(path, 0);
	birth(&a, 1, "s");
	a.series[0].label_values = odd;
	for (i = 0; i < 40; i++)
		work(&a, (uint64_t)i);
	a.series[2].value.is.hist.zero = 1;
	a.series[2].value.is.hist.under = 2;
	a.series[2].value.is.hist.over = UINT64_MAX / 2;
	a.info.losses.full = 17;
	a.info.liveness = KYMO_KILLED;
	for (i = 0; i < 2; i++) {
		begin(model);
		take(model, &a, true, &absorbed);
		end(model);
		scan = kymo_scan_take(model);
		series = find(scan, "jobs", "s");
		assert_int_equal(series->value.is.u, 780);
		assert_string_equal(series->labels[1].value, odd[0]);
		assert_int_equal(series->created_ns, 5000);
		assert_int_equal(find(scan, "kymo_lost", "s")->value.is.u, 0);
		series = find(scan, "took_seconds", "s");
		if (i == 0) {
			before = (struct kymo_hist){0};
			assert_int_equal(kymo_hist_add(&before,
			    &series->value.is.hist), 0);
			kymo_scan_release(scan);
			kymo_model_delete(model);
			model = model_new(path, 0);
			continue;
		}
		assert_int_equal(series->value.is.hist.zero, 1);
		assert_int_equal(series->value.is.hist.under, 2);
		assert_true(series->value.is.hist.over == UINT64_MAX / 2);
		assert_int_equal(series->value.is.hist.lo_idx, before.lo_idx);
		assert_int_equal(series->value.is.hist.bucket_cnt,
		    before.bucket_cnt);
		assert_memory_equal(series->value.is.hist.buckets,
		    before.buckets, 16 * sizeof(*before.buckets));
		kymo_scan_release(scan);
	}
	free(before.buckets);
	kymo_model_delete(model);
}

/* Twelve processes with numbers of all sizes, which die one after another. */
static void
test_a_total_of_fractions_does_not_know_their_order(void **state)
{
	struct kymo_region_family family = {
		.name = "it", .kind = KYMO_METRIC_FLOAT_COUNTER, .help = "",
		.unit = "", .component = "",
	};
	char path[200];
	struct kymo_model *model;
	const struct kymo_scan *scan;
	struct kymo_error error;
	struct proc procs[12];
	uint64_t random = 1, first = 0;
	uint32_t i, dead;
	bool absorbed;

	snprintf(path, sizeof(path), "%s/control.db", testlib_dir());
	model = model_new(path, 0);
	for (i = 0; i < 12; i++) {
		birth(&procs[i], i + 1, "s");
		random = random * 6364136223846793005u + 1442695040888963407u;
		procs[i].series[0].value.is.f =
		    (double)(random >> 40) / 1e3 / (double)(1u << 2 * i);
	}
	for (dead = 0; dead <= 12; dead++) {
		begin(model);
		for (i = 12; i-- > 0;) {
			struct kyi_source source = {
				.info = &procs[i].info, .families = &family,
				.family_cnt = 1, .series = procs[i].series,
				.series_cnt = 1,
			};

			procs[i].info.liveness = i * 5 % 12 < dead ?
			    KYMO_KILLED : KYMO_ALIVE;
			assert_int_equal(kyi_model_take(model, &source, true,
			    &absorbed, &error), 0);
		}
		end(model);
		scan = kymo_scan_take(model);
		if (dead == 0)
			first = find(scan, "it", "s")->value.is.u;
		assert_int_equal(find(scan, "it", "s")->value.is.u, first);
		kymo_scan_release(scan);
		if (dead % 4 == 3) {
			kymo_model_delete(model);
			model = model_new(path, 0);
		}
	}
	kymo_model_delete(model);
}

static void
test_a_forged_region_is_said_and_not_counted(void **state)
{
	struct kymo_model *model = model_new(NULL, 0);
	struct kymo_region_family other[4];
	struct kyi_source source = {0};
	struct kymo_error error;
	struct proc a, same_id;
	bool absorbed;
	uint32_t i;

	birth(&a, 1, "s");
	work(&a, 5);
	begin(model);
	assert_int_equal(take(model, &a, false, &absorbed), 0);
	/* The same id, twice in one scan, or of another process. */
	assert_int_equal(take(model, &a, false, &absorbed), -1);
	birth(&same_id, 1, "t");
	work(&same_id, 100);
	assert_int_equal(take(model, &same_id, true, &absorbed), -1);
	end(model);
	assert_int_equal(jobs_now(model), 5);

	/* Less than there was: it counts as one that vanished. */
	source.info = &a.info;
	source.families = families;
	source.family_cnt = 4;
	source.series = a.series;
	source.series_cnt = 3;
	begin(model);
	assert_int_equal(kyi_model_take(model, &source, true, &absorbed,
	    &error), -1);
	end(model);
	assert_int_equal(jobs_now(model), 5);

	/* Other kinds at the same places. */
	for (i = 0; i < 4; i++)
		other[i] = families[3 - i];
	source.families = other;
	source.series_cnt = 4;
	begin(model);
	assert_int_equal(kyi_model_take(model, &source, false, &absorbed,
	    &error), 0);
	end(model);
	assert_int_equal(jobs_now(model), 5);
	kymo_model_delete(model);
}

int
main(void)
{
#define IN_DIR(test) \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)
	const struct CMUnitTest tests[] = {
		IN_DIR(test_a_full_disk_is_tried_again),
		IN_DIR(test_a_damaged_database_is_set_aside_and_said),
		IN_DIR(test_a_second_reader_is_turned_away),
		IN_DIR(test_a_state_that_cannot_be_is_an_error),
		IN_DIR(test_totals_are_the_same_after_a_restart),
		IN_DIR(test_a_total_of_fractions_does_not_know_their_order),
		cmocka_unit_test(test_a_forged_region_is_said_and_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
