/* SPDX-License-Identifier: MIT */
/* Goal: nobody keeps a place beyond its deadline, and where places run short
   the oldest goes that nobody works for.
   Method: socket pairs for connections; a place that was taken away shows as
   the end of the stream at the other side, which poll waits for. */
#include "tests/testlib/testlib.h"

#include <poll.h>
#include <sys/socket.h>

#include "reader/serve/places.h"

#define HOUR_NS 3600000000000ull
#define MOMENT_NS 1000000ull

static const struct kyi_places_limits patient = { .place_max = 3,
    .head_ns = HOUR_NS, .answer_ns = HOUR_NS, .idle_ns = HOUR_NS,
    .spare_ns = 0 };

struct client {
	int fds[2]; /* ours as a server, and the client's */
	struct kyi_place *place;
};

static void
client_begin(struct kyi_places *places, struct client *client)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, client->fds), 0);
	client->place = kyi_place_begin(places, client->fds[0], places);
	assert_non_null(client->place);
}

/* Waits for the end that the client sees. */
static bool
cut_off(const struct client *client, int wait_ms)
{
	struct pollfd pollfd = { .fd = client->fds[1], .events = POLLIN };

	return poll(&pollfd, 1, wait_ms) == 1;
}

static void
client_end(struct kyi_places *places, struct client *client)
{
	kyi_place_end(places, client->place);
	close(client->fds[0]);
	close(client->fds[1]);
}

static void
test_each_state_has_its_deadline(void **state)
{
	static const struct {
		enum kyi_place_state state;
		uint64_t evicted_cnt; /* an idle one that ends lost nothing */
	} rows[] = {
		{ KYI_PLACE_HEAD, 1 },
		{ KYI_PLACE_ANSWER, 1 },
		{ KYI_PLACE_IDLE, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kyi_places_limits limits = patient;
		struct kyi_places places;
		struct client late, other;

		*(rows[i].state == KYI_PLACE_HEAD ? &limits.head_ns :
		    rows[i].state == KYI_PLACE_ANSWER ? &limits.answer_ns :
		    &limits.idle_ns) = MOMENT_NS;
		assert_int_equal(kyi_places_init(&places, &limits), 0);
		client_begin(&places, &late);
		kyi_place_set(&places, late.place, rows[i].state);
		assert_true(cut_off(&late, 10000));
		client_begin(&places, &other);
		kyi_place_set(&places, other.place, rows[i].state ==
		    KYI_PLACE_HEAD ? KYI_PLACE_IDLE : KYI_PLACE_HEAD);
		if (rows[i].state != KYI_PLACE_HEAD)
			assert_false(cut_off(&other, 20));
		assert_true(kyi_places_evicted(&places) >=
		    rows[i].evicted_cnt);
		client_end(&places, &late);
		client_end(&places, &other);
		assert_int_equal(kyi_places_taken(&places), 0);
		kyi_places_end(&places);
	}
}

static void
test_the_oldest_that_is_not_answered_goes_for_a_newer_one(void **state)
{
	struct kyi_places places;
	struct client clients[3], newer;
	int i;

	assert_int_equal(kyi_places_init(&places, &patient), 0);
	for (i = 0; i < 3; i++) {
		assert_true(kyi_places_admit(&places));
		client_begin(&places, &clients[i]);
	}
	assert_int_equal(kyi_places_evicted(&places), 0);
	kyi_place_set(&places, clients[0].place, KYI_PLACE_ANSWER);
	kyi_place_set(&places, clients[1].place, KYI_PLACE_HEAD);
	kyi_place_set(&places, clients[2].place, KYI_PLACE_IDLE);

	/* 1 is the oldest of those that are not answered */
	assert_true(kyi_places_admit(&places));
	assert_true(cut_off(&clients[1], 0));
	assert_false(cut_off(&clients[0], 0));
	assert_false(cut_off(&clients[2], 0));
	assert_int_equal(kyi_places_taken(&places), 2);
	client_begin(&places, &newer);

	/* then the idle one, and only then an answer */
	assert_true(kyi_places_admit(&places));
	assert_true(cut_off(&clients[2], 0));
	client_end(&places, &clients[2]);
	client_begin(&places, &clients[2]);
	kyi_place_set(&places, newer.place, KYI_PLACE_ANSWER);
	kyi_place_set(&places, clients[2].place, KYI_PLACE_ANSWER);
	assert_true(kyi_places_admit(&places));
	assert_true(cut_off(&clients[0], 0));
	assert_false(cut_off(&newer, 0));
	assert_int_equal(kyi_places_evicted(&places), 3);

	for (i = 0; i < 3; i++)
		client_end(&places, &clients[i]);
	client_end(&places, &newer);
	kyi_places_end(&places);
}

static void
test_who_sent_what_nobody_read_yet_stays(void **state)
{
	struct kyi_places places;
	struct client clients[3];
	int i;

	assert_int_equal(kyi_places_init(&places, &patient), 0);
	for (i = 0; i < 3; i++)
		client_begin(&places, &clients[i]);
	assert_int_equal(write(clients[0].fds[1], "GET", 3), 3);
	assert_int_equal(write(clients[2].fds[1], "GET", 3), 3);
	assert_true(kyi_places_admit(&places));
	assert_false(cut_off(&clients[0], 0));
	assert_true(cut_off(&clients[1], 0));
	client_end(&places, &clients[1]);

	/* unless all did */
	client_begin(&places, &clients[1]);
	assert_int_equal(write(clients[1].fds[1], "GET", 3), 3);
	assert_true(kyi_places_admit(&places));
	assert_true(cut_off(&clients[0], 0));
	assert_false(cut_off(&clients[2], 0));
	for (i = 0; i < 3; i++)
		client_end(&places, &clients[i]);
	assert_null(places.newest);
	assert_null(places.oldest);
	kyi_places_end(&places);
}

static void
test_fresh_answers_are_not_taken_away(void **state)
{
	struct kyi_places_limits limits = patient;
	struct kyi_places places;
	struct client client;

	limits.place_max = 1;
	limits.spare_ns = HOUR_NS;
	assert_int_equal(kyi_places_init(&places, &limits), 0);
	client_begin(&places, &client);
	kyi_place_set(&places, client.place, KYI_PLACE_ANSWER);
	assert_false(kyi_places_admit(&places));
	assert_false(cut_off(&client, 0));
	client_end(&places, &client);
	assert_true(kyi_places_admit(&places));
	kyi_places_end(&places);
}

static void *
finish_later(void *argument)
{
	struct { struct kyi_places *places; struct client *client; } *both =
	    argument;

	kyi_place_set(both->places, both->client->place, KYI_PLACE_IDLE);
	return NULL;
}

static void
test_draining_waits_for_answers_and_for_nothing_else(void **state)
{
	struct kyi_places places;
	struct client answered, silent, other;
	struct { struct kyi_places *places; struct client *client; } both = {
		&places, &answered };
	pthread_t thread;
	int owner;

	assert_int_equal(kyi_places_init(&places, &patient), 0);
	client_begin(&places, &answered);
	client_begin(&places, &silent);
	client_begin(&places, &other);
	other.place->owner = &owner;
	kyi_place_set(&places, answered.place, KYI_PLACE_ANSWER);

	/* A time that is over: the silent one goes, the answer stays. */
	kyi_places_drain(&places, &places, kyi_serve_now_ns());
	assert_true(cut_off(&silent, 0));
	assert_false(cut_off(&answered, 0));
	assert_int_equal(pthread_create(&thread, NULL, finish_later, &both),
	    0);
	kyi_places_drain(&places, &places, kyi_serve_now_ns() + HOUR_NS);
	assert_true(cut_off(&answered, 0));
	assert_false(cut_off(&other, 0));
	pthread_join(thread, NULL);

	client_end(&places, &answered);
	client_end(&places, &silent);
	client_end(&places, &other);
	kyi_places_end(&places);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_state_has_its_deadline),
		cmocka_unit_test(
		    test_the_oldest_that_is_not_answered_goes_for_a_newer_one),
		cmocka_unit_test(test_who_sent_what_nobody_read_yet_stays),
		cmocka_unit_test(test_fresh_answers_are_not_taken_away),
		cmocka_unit_test(
		    test_draining_waits_for_answers_and_for_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
