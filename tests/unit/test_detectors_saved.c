/* SPDX-License-Identifier: MIT */
/* Goal: what was learned outlives us, in a file that may be anybody's.
   Method: saved and loaded; cut everywhere; bytes changed, with a checksum that is
   right again. */
#include "tests/testlib/detect_world.h"

#include <sys/stat.h>
#include <unistd.h>

#include "shm/crc32c.h"

/* ---- over a restart ---------------------------------------------------------------- */

#define FILE_BYTES_MAX 200000u

static size_t
file_get(const char *path, char *bytes)
{
	FILE *file = fopen(path, "rb");
	size_t len_bytes;

	assert_non_null(file);
	len_bytes = fread(bytes, 1, FILE_BYTES_MAX, file);
	fclose(file);
	return len_bytes;
}

static void
file_put(const char *path, const char *bytes, size_t len_bytes)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len_bytes, file), len_bytes);
	fclose(file);
}

/* Three days of two series, then an anomaly of both. */
static struct world *
world_of_two(void)
{
	struct world *world = world_new(NULL);
	uint32_t depth = family(world, "depth", KYMO_METRIC_GAUGE, "shop", 2);
	uint32_t delay = family(world, "delay", KYMO_METRIC_HISTOGRAM, "shop",
	    1);

	for (unsigned i = 0; i < 3 * DAY_LOOKS + 2; i++) {
		gauge(world, depth, i < 3 * DAY_LOOKS ? 1000 : 3000);
		observe(world, delay, 30, 100);
		look(world);
	}
	return world;
}

static void
test_what_was_learned_outlives_us(void **state)
{
	struct world *world = world_of_two();
	char path[] = "/tmp/kymo-detectors-XXXXXX";
	struct kymo_error error = { "" };
	struct kymo_anomalies before, after;
	struct kymo_detectors *anew;
	struct stat stat_now;
	uint64_t now_ns = BEGIN_NS + world->look * LOOK_NS;

	(void)state;
	close(mkstemp(path));
	before = list(world);
	assert_true(before.cnt >= 2);
	assert_int_equal(before.incident_cnt, 1);
	assert_int_equal(kymo_detectors_save(world->detectors, path, &error),
	    0);
	assert_int_equal(stat(path, &stat_now), 0);
	assert_int_equal(stat_now.st_mode & 0777, 0600);
	anew = kymo_detectors_new(&(struct kymo_detectors_options){ 0 });
	if (kymo_detectors_load(anew, path, now_ns, &error) != 0)
		fail_msg("%s", error.text);
	kymo_detectors_delete(world->detectors);
	world->detectors = anew;
	after = list(world);
	assert_int_equal(after.cnt, before.cnt);
	assert_int_equal(after.incident_cnt, 1);
	assert_int_equal(after.incidents[0].member_cnt,
	    before.incidents[0].member_cnt);
	for (uint32_t i = 0; i < after.cnt; i++) {
		assert_true(after.at[i].score == before.at[i].score);
		assert_string_equal(after.at[i].reason, before.at[i].reason);
		assert_int_equal(after.at[i].at_ns, before.at[i].at_ns);
	}
	kymo_anomalies_free(&before);
	kymo_anomalies_free(&after);
	/* It is no beginner: as much again is found at once. */
	gauge(world, 0, 30000);
	look(world);
	after = list(world);
	assert_true(after.at[0].score > 3);
	assert_string_equal(after.at[0].reason, "never this high in 3 days");
	kymo_anomalies_free(&after);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(kymo_detectors_load(anew, path, now_ns, &error), 1);
	world_delete(world);
}

/* Loads bytes; whatever they are, nothing breaks. */
static int
try(const char *path, const char *bytes, size_t len_bytes, uint64_t now_ns)
{
	struct kymo_detectors *anew = kymo_detectors_new(
	    &(struct kymo_detectors_options){ 0 });
	struct kymo_detectors_stats stats;
	struct kymo_error error = { "" };
	int result;

	file_put(path, bytes, len_bytes);
	result = kymo_detectors_load(anew, path, now_ns, &error);
	kymo_detectors_stats(anew, &stats);
	if (result != 0) {
		assert_int_equal(stats.series_cnt, 0);
		assert_non_null(strstr(error.text, path));
	}
	kymo_detectors_delete(anew);
	return result;
}

static void
test_a_file_that_is_damaged_or_hostile_is_refused(void **state)
{
	struct world *world = world_of_two();
	char path[] = "/tmp/kymo-detectors-XXXXXX";
	char *bytes = malloc(FILE_BYTES_MAX), *changed = malloc(FILE_BYTES_MAX);
	uint64_t now_ns = BEGIN_NS + world->look * LOOK_NS;
	struct kymo_error error = { "" };
	size_t len_bytes;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(kymo_detectors_save(world->detectors, path, &error),
	    0);
	len_bytes = file_get(path, bytes);
	assert_true(len_bytes > 4 * sizeof(struct kymo_detect) && len_bytes < FILE_BYTES_MAX);
	assert_int_equal(try(path, bytes, len_bytes, now_ns), 0);
	for (size_t cut = 0; cut < len_bytes; cut += 13)
		assert_int_equal(try(path, bytes, cut, now_ns), -1);
	/* Each byte wrong is seen by the checksum; and where that was made
	   right again, nothing but a refusal or a sound detector comes of it. */
	for (size_t at = 0; at < len_bytes; at += 5) {
		uint32_t crc;

		memcpy(changed, bytes, len_bytes);
		changed[at] = (char)(changed[at] ^ (at % 3 ? 0xff : 0x40));
		if (at % 35 == 0)
			assert_int_equal(try(path, changed, len_bytes, now_ns),
			    -1);
		crc = kyi_crc32c(0, changed, len_bytes - 4);
		memcpy(changed + len_bytes - 4, &crc, 4);
		(void)try(path, changed, len_bytes, now_ns);
	}
	assert_int_equal(unlink(path), 0);
	/* A link leads nowhere. */
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(kymo_detectors_load(world->detectors, path, now_ns,
	    &error), -1);
	assert_int_equal(unlink(path), 0);
	free(bytes);
	free(changed);
	world_delete(world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_learned_outlives_us),
		cmocka_unit_test(
		    test_a_file_that_is_damaged_or_hostile_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
