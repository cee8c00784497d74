/* SPDX-License-Identifier: MIT */
/* Goal: a name server that does not answer keeps no message to others waiting.
   Method: getaddrinfo is this program's own, for libcurl too, and does not come
   back for one name. */
#include "tests/testlib/notify_world.h"

#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>

#define HANGS "hangs.example"

static struct world world;
static sem_t let_go;

__attribute__((visibility("default"))) int
getaddrinfo(const char *name, const char *service,
    const struct addrinfo *hints, struct addrinfo **found)
{
	int (*next)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);
	void *at = dlsym(RTLD_NEXT, "getaddrinfo");

	if (strcmp(name, HANGS) == 0) {
		while (sem_wait(&let_go) != 0)
			;
		sem_post(&let_go);
		return EAI_AGAIN;
	}
	memcpy(&next, &at, sizeof(next));
	return next(name, service, hints, found);
}

static void
test_a_name_that_hangs_keeps_nobody_waiting(void **state)
{
	const struct kymo_receiver receivers[] = {
		{ .name = "away", .kind = KYMO_RECEIVER_WEBHOOK,
		    .url = "http://" HANGS "/", .private_ok = true,
		    .timeout_ms = 200 },
		{ .name = "hook", .kind = KYMO_RECEIVER_WEBHOOK,
		    .url = world.url, .private_ok = true },
	};
	static const struct kymo_label label = { "alertname", "A" };
	const struct kymo_notify_alert alert = { .firing = true,
	    .labels = &label, .label_cnt = 1, .starts_ms = WORLD_NOW_MS,
	    .value = 1, .threshold = NAN };
	const struct kymo_message message = { .receiver = "away",
	    .group_key = "g", .alerts = &alert, .alert_cnt = 1,
	    .at_ms = WORLD_NOW_MS };
	struct kymo_error error;

	(void)state;
	alarm(60); /* a step that waits for it does not end */
	world_notify(&world, receivers, 2);
	assert_int_equal(kymo_outbox_add(world.outbox, &message, &error), 0);
	world_until(&world, KYMO_NOTIFY_FAILED, 1);
	world_add(&world, "g", "A", true);
	world_until(&world, KYMO_NOTIFY_DELIVERED, 1);
	/* Nor when it ends. */
	world.now_ms += 60000;
	world_step(&world);
	kymo_notify_delete(world.notify);
	world.notify = NULL;
	alarm(0);
	sem_post(&let_go);
}

static int
setup(void **state)
{
	assert_int_equal(testlib_setup(state), 0);
	assert_int_equal(sem_init(&let_go, 0, 0), 0);
	world_begin(&world, NULL);
	return 0;
}

static int
teardown(void **state)
{
	world_end(&world);
	return testlib_teardown(state);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_a_name_that_hangs_keeps_nobody_waiting, setup,
		    teardown),
	};

	return testlib_run("notify_hang", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
