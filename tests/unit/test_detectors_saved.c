/* SPDX-License-Identifier: MIT */
/* Goal: what was learned outlives us, in a file that may be anybody's.
   Method: saved and loaded; cut everywhere; bytes changed, with a checksum that is
   right again. */
#include "tests/testlib/detect_world.h"

#include <sys/stat.h>
#include <unistd.h>

#include "reader/detect/detectors_private.h"
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

/* A file whose incidents have the numbers that are given, for two that have
   members; what kymo_detectors_load says. */
static int
load_numbered(const char *path, uint32_t first, uint32_t second, uint32_t of,
    struct kymo_anomalies *found)
{
	struct world *world = world_new(NULL);
	struct kymo_error error = { "" };
	struct kyi_detect_incident *incident;
	struct kymo_detectors *anew;
	uint64_t now_ns;
	int result;

	for (unsigned f = 0; f < 2; f++)
		family(world, f ? "b" : "a", KYMO_METRIC_GAUGE,
		    f ? "bank" : "shop", 1);
	for (unsigned i = 0; i < 3 * DAY_LOOKS + 2; i++) {
		gauge(world, 0, i < 3 * DAY_LOOKS ? 1000 : 3000);
		gauge(world, 1, i < 3 * DAY_LOOKS ? 1000 : 3000);
		look(world);
	}
	now_ns = BEGIN_NS + world->look * LOOK_NS;
	incident = world->detectors->incidents;
	assert_non_null(incident->next);
	incident->number = first;
	incident->next->number = second;
	incident->begin_ns = now_ns * 2;
	assert_int_equal(kymo_detectors_save(world->detectors, path, &error),
	    0);
	world_delete(world);
	anew = kymo_detectors_new(&(struct kymo_detectors_options){ 0 });
	result = kymo_detectors_load(anew, path, now_ns, &error);
	assert_int_equal(kymo_detectors_list(anew, found), 0);
	assert_int_equal(anew->incident_number, of);
	kymo_detectors_delete(anew);
	return result;
}

/* Numbers say what belongs together, nothing else: they are not gone on with, so
   none is too large to be followed by another. */
static void
test_numbers_of_incidents_are_given_anew(void **state)
{
	static const struct {
		uint32_t first, second;
		int result;
	} rows[] = {
		{ 2, 1, 0 }, { UINT32_MAX, 7, 0 }, { UINT32_MAX, 1, 0 },
		{ 7, 7, -1 }, { 7, 8, -1 }, { 1, UINT32_MAX, -1 },
		{ 7, 0, -1 }, { 0, 0, -1 },
	};
	char path[] = "/tmp/kymo-detectors-XXXXXX";

	(void)state;
	close(mkstemp(path));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_anomalies found;

		assert_int_equal(load_numbered(path, rows[i].first,
		    rows[i].second, rows[i].result ? 0 : 2, &found),
		    rows[i].result);
		assert_int_equal(found.incident_cnt, rows[i].result ? 0 : 2);
		for (uint32_t k = 0; k < found.incident_cnt; k++) {
			assert_int_equal(found.incidents[k].member_cnt, 1);
			assert_true(found.incidents[k].begin_ns <=
			    BEGIN_NS + 4 * DAY_LOOKS * LOOK_NS);
		}
		kymo_anomalies_free(&found);
	}
	assert_int_equal(unlink(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_learned_outlives_us),
		cmocka_unit_test(
		    test_a_file_that_is_damaged_or_hostile_is_refused),
		cmocka_unit_test(test_numbers_of_incidents_are_given_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
