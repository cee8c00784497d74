/* SPDX-License-Identifier: MIT */
/* Goal: writer and reader look in the same places, and an environment cannot
   send them elsewhere by accident. Method: rows of the environment. */
#include "tests/testlib/testlib.h"

#include "shm/place.h"

#define TWENTY "/aaaaaaaaaaaaaaaaaaa"
#define LONG_219 TWENTY TWENTY TWENTY TWENTY TWENTY TWENTY TWENTY TWENTY \
	TWENTY TWENTY "/aaaaaaaaaaaaaaaaaa"

struct row {
	const char *what, *option, *kymo_dir, *runtime;
	uint32_t cnt;
	const char *paths[KYI_PLACE_MAX]; /* NULL: /dev/shm/kymo-UID */
};

static const struct row rows[] = {
	{ "nothing is set", NULL, NULL, NULL, 2, { "/run/kymo", NULL } },
	{ "a session", NULL, NULL, "/run/user/7", 3,
	    { "/run/kymo", "/run/user/7/kymo", NULL } },
	{ "all are empty", "", "", "", 2, { "/run/kymo", NULL } },
	{ "a relative session is none", NULL, NULL, "run", 2,
	    { "/run/kymo", NULL } },
	{ "KYMO_DIR is the only one", NULL, "/x/y", "/run/user/7", 1,
	    { "/x/y" } },
	{ "the option is the only one", "/o", "/x/y", "/run/user/7", 1,
	    { "/o" } },
	{ "as long as may be", LONG_219, NULL, NULL, 1, { LONG_219 } },
	{ "too long", LONG_219 "b", NULL, NULL, 0, { NULL } },
	{ "KYMO_DIR too long", NULL, LONG_219 "b", "/run/user/7", 0,
	    { NULL } },
	{ "a session too long is left out", NULL, NULL, LONG_219, 2,
	    { "/run/kymo", NULL } },
};

static void
set(const char *name, const char *value)
{
	if (value == NULL)
		unsetenv(name);
	else
		setenv(name, value, 1);
}

static void
test_places_follow_the_environment(void **state)
{
	struct kyi_place places[KYI_PLACE_MAX];
	char shm[40];
	uint32_t cnt, n;
	size_t i;

	snprintf(shm, sizeof(shm), "/dev/shm/kymo-%u", (unsigned)geteuid());
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set("KYMO_DIR", rows[i].kymo_dir);
		set("XDG_RUNTIME_DIR", rows[i].runtime);
		cnt = kyi_places(places, rows[i].option);
		if (cnt != rows[i].cnt)
			fail_msg("%s: %u places", rows[i].what, cnt);
		for (n = 0; n < cnt; n++) {
			const char *path = rows[i].paths[n];

			assert_string_equal(places[n].path,
			    path == NULL ? shm : path);
		}
	}
}

static void
test_only_the_administrator_makes_run_kymo(void **state)
{
	struct kyi_place places[KYI_PLACE_MAX];

	unsetenv("KYMO_DIR");
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	assert_int_equal(kyi_places(places, NULL), 3);
	assert_false(places[0].create);
	assert_true(places[1].create);
	assert_true(places[2].create);
	assert_int_equal(kyi_places(places, "/x"), 1);
	assert_true(places[0].create);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_follow_the_environment),
		cmocka_unit_test(test_only_the_administrator_makes_run_kymo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
