/* SPDX-License-Identifier: MIT */
/* Goal: questions to the API are answered by threads of their own: while one
   takes long, others are answered; who goes away, or the server's end, ends it;
   a server that has nothing to ask says so.
   Method: a history made by hand, clients that are sockets; queries that never
   end by themselves. What each answer holds: tests/e2e/serve_api.sh. */
#include "tests/testlib/testlib.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "reader/serve/serve.h"
#include "shm/atomic.h"

#define SERIES_CNT 200
#define STEP_CNT 50
#define FROM_MS INT64_C(1700000000000)

/* ---- a client ---------------------------------------------------------- */

static uint16_t
free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes),
	    0);
	close(fd);
	return ntohs(address.sin_port);
}

/* Sends a request; the connection. */
static int
ask(uint16_t port, const char *method, const char *path, const char *body)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char request[8192];

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: close\r\nContent-Type: "
	    "application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n"
	    "%s", method, path, strlen(body), body);
	assert_true(send(fd, request, strlen(request), MSG_NOSIGNAL) > 0);
	return fd;
}

static const char *
answer(int fd)
{
	static char text[65536];
	size_t len_bytes = 0;
	ssize_t got;

	while (len_bytes + 1 < sizeof(text) && (got = recv(fd,
	    text + len_bytes, sizeof(text) - 1 - len_bytes, 0)) > 0)
		len_bytes += (size_t)got;
	text[len_bytes] = '\0';
	close(fd);
	return text;
}

static const char *
get(uint16_t port, const char *path)
{
	return answer(ask(port, "GET", path, ""));
}

/* ---- a server ---------------------------------------------------------- */

struct world {
	struct kymo_history *history;
	struct kymo_serve *serve;
	uint16_t port;
	uint32_t reload_cnt; /* atomic */
	bool reload_waits;   /* until it is over */
};

static int
reload(void *of, bool (*over)(void *at), void *at, struct kymo_error *error)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct world *world = of;
	uint32_t cnt = kyi_load_u32_relaxed(&world->reload_cnt);

	kyi_store_u32_relaxed(&world->reload_cnt, cnt + 1);
	while (world->reload_waits && !over(at))
		nanosleep(&pause, NULL);
	return cnt > 0 ? 0 : kymo_error_set(error, "line 3");
}

static struct kymo_history *
history_make(void)
{
	const struct kymo_history_options options = { .path = NULL };
	struct kymo_history_row rows[SERIES_CNT];
	struct kymo_labels *labels[SERIES_CNT];
	struct kymo_error error = { "" };
	struct kymo_history *history = kymo_history_new(&options, &error);
	struct kymo_feed *feed;

	assert_non_null(history);
	feed = kymo_history_feed(history, "test");
	assert_non_null(feed);
	for (int s = 0; s < SERIES_CNT; s++) {
		char number[16];
		const struct kymo_label at[] = { { "__name__", "many" },
			{ "number", number } };

		snprintf(number, sizeof(number), "%d", s);
		labels[s] = kymo_labels_make(at, 2);
		assert_non_null(labels[s]);
	}
	for (int i = 0; i < STEP_CNT; i++) {
		for (int s = 0; s < SERIES_CNT; s++)
			rows[s] = (struct kymo_history_row){ labels[s],
			    (double)(i * s), NULL, NULL };
		assert_int_equal(kymo_feed_append(feed, FROM_MS + i * 1000,
		    rows, SERIES_CNT), 0);
	}
	for (int s = 0; s < SERIES_CNT; s++)
		free(labels[s]);
	return history;
}

static void
begin_under(struct world *world, bool history, uint64_t samples_max,
    enum kymo_config_changes changes)
{
	struct kymo_serve_options options = { .listen_cnt = 1,
	    .query_max = 2, .query_queue_max = 1, .reload = reload,
	    .query = { .samples_max = samples_max },
	    .changes = changes, .of = world };
	struct kymo_error error = { "" };
	struct kymo_listen where = { .host = "127.0.0.1" };

	memset(world, 0, sizeof(*world));
	world->port = where.port = free_port();
	options.listen = &where;
	if (history)
		options.history = world->history = history_make();
	else
		options.reload = NULL;
	world->serve = kymo_serve_new(&options, &error);
	if (world->serve == NULL)
		fail_msg("%s", error.text);
}

static void
begin(struct world *world, bool history, uint64_t samples_max)
{
	begin_under(world, history, samples_max, KYMO_CHANGES_LOCAL);
}

static void
end(struct world *world)
{
	kymo_serve_delete(world->serve);
	if (world->history != NULL)
		kymo_history_delete(world->history);
}

static bool
has(const char *text, const char *what)
{
	if (strstr(text, what) != NULL)
		return true;
	print_message("%.2000s\n", text);
	return false;
}

/* Minutes of a processor, were it let: windows of 40,000 are sorted. */
static int
ask_for_ever(uint16_t port)
{
	return ask(port, "POST", "/api/v1/query_range", "start=1700000040&"
	    "end=1700000049&step=0.001&query=quantile_over_time%280.5%2C"
	    "many%5B40s%3A1ms%5D%29");
}

static struct kymo_serve_stats
stats_of(const struct world *world)
{
	struct kymo_serve_stats stats;

	kymo_serve_stats(world->serve, &stats);
	return stats;
}

static void
wait_running(const struct world *world, uint32_t running, uint32_t waiting)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct kymo_serve_stats stats = stats_of(world);

	while (stats.queries_running != running ||
	    stats.queries_waiting != waiting) {
		nanosleep(&pause, NULL);
		stats = stats_of(world);
	}
}

/* ---- tests ------------------------------------------------------------- */

static void
test_questions_are_answered(void **state)
{
	struct world world;

	begin(&world, true, UINT64_MAX);
	assert_true(has(get(world.port,
	    "/api/v1/query?query=count(many)&time=1700000040"),
	    "[1700000040,\"200\"]"));
	assert_true(has(answer(ask(world.port, "POST", "/api/v1/query",
	    "query=sum%28many%29&time=1700000001")),
	    "[1700000001,\"19900\"]"));
	assert_true(has(get(world.port,
	    "/api/v1/label/number/values?limit=2"),
	    "{\"status\":\"success\",\"data\":[\"0\",\"1\"],\"warnings\":"));
	assert_true(has(get(world.port, "/api/v1/rules"),
	    "\"data\":{\"groups\":[]}"));
	assert_true(has(get(world.port, "/api/v1/query?query=sum("), " 400 "));
	assert_true(has(answer(ask(world.port, "POST", "/-/reload", "")),
	    "failed to reload: line 3"));
	assert_true(has(answer(ask(world.port, "POST", "/-/reload", "")),
	    "reloaded"));
	assert_int_equal(stats_of(&world).queries, 4);
	assert_int_equal(stats_of(&world).refused, 1);
	end(&world);
}

static void
test_a_server_without_history_says_so(void **state)
{
	struct world world;

	begin(&world, false, 0);
	assert_true(has(get(world.port, "/api/v1/query?query=up"), " 503 "));
	assert_true(has(get(world.port, "/api/v1/labels"),
	    "kymod keeps no history"));
	assert_true(has(get(world.port, "/api/v1/rules"),
	    "\"data\":{\"groups\":[]}"));
	assert_true(has(get(world.port, "/api/v1/status/buildinfo"),
	    "\"version\":\"3.0.0\""));
	assert_true(has(answer(ask(world.port, "POST", "/-/reload", "")),
	    " 405 "));
	assert_true(has(get(world.port, "/-/reload"), " 404 "));
	end(&world);
}

static void
test_long_queries_are_in_nobodys_way(void **state)
{
	struct world world;
	int fds[3];

	begin(&world, true, UINT64_MAX);
	for (int i = 0; i < 2; i++)
		fds[i] = ask_for_ever(world.port);
	wait_running(&world, 2, 0);
	fds[2] = ask_for_ever(world.port);
	wait_running(&world, 2, 1);
	assert_true(has(answer(ask_for_ever(world.port)),
	    "too many queries are waiting"));
	assert_true(has(get(world.port, "/-/healthy"), " 200 "));
	assert_true(has(get(world.port, "/api/v1/alerts"), " 200 "));
	/* Whoever waited, and went, does not run. */
	close(fds[2]);
	close(fds[0]);
	close(fds[1]);
	wait_running(&world, 0, 0);
	assert_int_equal(stats_of(&world).queries, 3);
	assert_int_equal(stats_of(&world).queries_canceled, 3);
	assert_true(has(get(world.port,
	    "/api/v1/query?query=count(many)&time=1700000040"), " 200 "));
	end(&world);
}

static void
test_an_end_ends_queries(void **state)
{
	struct world world;
	int fd, waiting;

	begin(&world, true, UINT64_MAX);
	fd = ask_for_ever(world.port);
	ask_for_ever(world.port);
	wait_running(&world, 2, 0);
	waiting = ask_for_ever(world.port);
	wait_running(&world, 2, 1);
	end(&world);
	answer(fd);
	answer(waiting);
}

static void
wait_reloading(struct world *world)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	while (kyi_load_u32_relaxed(&world->reload_cnt) == 0)
		nanosleep(&pause, NULL);
}

/* One runs, eight wait, and whoever comes then hears so; an address that closes
   waits for none of them. */
static void
test_reloads_are_in_nobodys_way(void **state)
{
	struct world world;
	struct pollfd fds[16];
	int cnt = 1, answered = -1;

	begin(&world, true, UINT64_MAX);
	world.reload_waits = true;
	fds[0].fd = ask(world.port, "POST", "/-/reload", "");
	wait_reloading(&world);
	for (; cnt < 10; cnt++)
		fds[cnt].fd = ask(world.port, "POST", "/-/reload", "");
	for (int i = 0; i < cnt; i++)
		fds[i].events = POLLIN;
	/* Any of them may be the one too many. */
	assert_int_equal(poll(fds, (nfds_t)cnt, -1), 1);
	for (int i = 0; i < cnt; i++)
		if (fds[i].revents != 0)
			answered = i;
	assert_true(has(answer(fds[answered].fd),
	    "too many reloads are waiting"));
	assert_true(has(get(world.port, "/api/v1/alerts"), " 200 "));
	assert_int_equal(kyi_load_u32_relaxed(&world.reload_cnt), 1);
	end(&world);
	for (int i = 0; i < cnt; i++)
		if (i != answered)
			close(fds[i].fd);
}

static void
test_nobody_reloads_where_nobody_may_change(void **state)
{
	struct world world;

	begin_under(&world, true, UINT64_MAX, KYMO_CHANGES_NONE);
	assert_true(has(answer(ask(world.port, "POST", "/-/reload", "")),
	    " 403 "));
	assert_int_equal(kyi_load_u32_relaxed(&world.reload_cnt), 0);
	end(&world);
}

static void
test_of_too_many_samples_the_last_are_looked_at(void **state)
{
	struct world world;

	/* 10,000 samples, of which a list may look at 3,000. */
	begin(&world, true, 15000);
	assert_true(has(get(world.port,
	    "/api/v1/labels?start=1700000000&end=1700000049"),
	    "\"data\":[\"__name__\",\"number\"],\"warnings\":[\"only the "
	    "last 15 seconds were looked at"));
	assert_true(has(get(world.port,
	    "/api/v1/labels?start=1700000036&end=1700000049"),
	    "\"data\":[\"__name__\",\"number\"]}"));
	/* All selectors together: the second finds 200 left of them. */
	assert_true(has(get(world.port, "/api/v1/series?match[]=many"
	    "&start=1700000036&end=1700000049"), " 200 "));
	assert_true(has(get(world.port, "/api/v1/series?match[]=many"
	    "&match[]=many&start=1700000036&end=1700000049"),
	    "more than 200 samples match"));
	end(&world);
	/* Not even of the shortest time. */
	begin(&world, true, 5000);
	assert_true(has(get(world.port,
	    "/api/v1/labels?start=1700000000&end=1700000049"),
	    "more than 1000 samples match"));
	end(&world);
}

static void
test_a_query_ends_at_its_time(void **state)
{
	struct world world;
	const char *text;

	begin(&world, true, UINT64_MAX);
	text = get(world.port, "/api/v1/query?query=many&timeout=0");
	assert_true(has(text, " 503 "));
	assert_true(has(text, "\"errorType\":\"timeout\""));
	end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions_are_answered),
		cmocka_unit_test(test_a_server_without_history_says_so),
		cmocka_unit_test(test_long_queries_are_in_nobodys_way),
		cmocka_unit_test(test_an_end_ends_queries),
		cmocka_unit_test(test_reloads_are_in_nobodys_way),
		cmocka_unit_test(test_nobody_reloads_where_nobody_may_change),
		cmocka_unit_test(
		    test_of_too_many_samples_the_last_are_looked_at),
		cmocka_unit_test(test_a_query_ends_at_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
