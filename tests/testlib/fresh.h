/* SPDX-License-Identifier: MIT */

/* A writer that has just been loaded, for each test of its own: what is
   registered, the region and this thread's place are forgotten. For tests that
   are linked with the writer's objects, with one thread.

	cmocka_unit_test_setup_teardown(test_x, fresh_setup, fresh_teardown)

   The region goes to testlib_dir(); stderr to fresh_said(). */

#ifndef TESTS_TESTLIB_FRESH_H
#define TESTS_TESTLIB_FRESH_H

#include "tests/testlib/testlib.h"

#include "tests/testlib/peek.h"
#include "writer/kymo.h"
#include "writer/process.h"
#include "writer/thread.h"

static int fresh_stderr_fd = -1;
static int fresh_said_fd = -1;
#define FRESH_PEEK_CNT 8u
static struct peek fresh_peek_images[FRESH_PEEK_CNT];
static uint32_t fresh_peek_turn;
/* The newest of them. */
#define fresh_peek_image (fresh_peek_images[fresh_peek_turn % FRESH_PEEK_CNT])

/* fresh_start forgets everything. The environment is read again. */
TESTLIB_UNUSED static void
fresh_start(void)
{
	struct kyi_process *process = kyi_process();
	struct kyi_guard guard;

	if (process->epoch != 0)
		kyi_region_forget(&process->region);
	memset(process, 0, sizeof(*process));
	memset(&kyi_registry, 0, sizeof(kyi_registry));
	kyi_thread_forget();
	if (kyi_enter(&guard))
		kyi_leave(&guard);
}

TESTLIB_UNUSED static int
fresh_setup(void **state)
{
	char template[] = "/dev/shm/kymo-said-XXXXXX";

	if (testlib_setup(state) != 0)
		return -1;
	fflush(stderr);
	fresh_stderr_fd = dup(STDERR_FILENO);
	fresh_said_fd = mkstemp(template);
	unlink(template);
	dup2(fresh_said_fd, STDERR_FILENO);
	unsetenv("KYMO");
	unsetenv("KYMO_COMPONENTS");
	unsetenv("KYMO_SERVICE");
	unsetenv("KYMO_QUIET");
	unsetenv("KYMO_ALLOW_DISK");
	setenv("KYMO_DIR", testlib_dir(), 1);
	fresh_start();
	return 0;
}

TESTLIB_UNUSED static int
fresh_teardown(void **state)
{
	uint32_t i;

	for (i = 0; i < FRESH_PEEK_CNT; i++)
		peek_close(&fresh_peek_images[i]);
	dup2(fresh_stderr_fd, STDERR_FILENO);
	close(fresh_stderr_fd);
	close(fresh_said_fd);
	return testlib_teardown(state);
}

/* fresh_said returns what was written to stderr since the test began. */
TESTLIB_UNUSED static const char *
fresh_said(void)
{
	static char text[4096];
	ssize_t got = pread(fresh_said_fd, text, sizeof(text) - 1, 0);

	text[got < 0 ? 0 : got] = '\0';
	return text;
}

TESTLIB_UNUSED static struct kymo_status
fresh_status(void)
{
	struct kymo_status status;

	memset(&status, 0, sizeof(status));
	status.size_bytes = sizeof(status);
	kymo_status(&status);
	return status;
}

/* fresh_peek copies the region as it is now, made if need be. A copy is good,
   and so are pointers into it, for the next FRESH_PEEK_CNT - 1 calls. */
TESTLIB_UNUSED static const struct peek *
fresh_peek(void)
{
	kymo_init(NULL);
	fresh_peek_turn++;
	peek_close(&fresh_peek_image);
	assert_true(peek_open(&fresh_peek_image, fresh_status().path));
	return &fresh_peek_image;
}

/* fresh_desc is a description of this kind and name, and defaults. */
TESTLIB_UNUSED static struct kymo_desc
fresh_desc(enum kymo_kind kind, const char *name)
{
	struct kymo_desc desc;

	memset(&desc, 0, sizeof(desc));
	desc.size_bytes = sizeof(desc);
	desc.kind = kind;
	desc.name = name;
	desc.help = "Help";
	return desc;
}

/* fresh_family registers it, with up to two label keys. */
TESTLIB_UNUSED static struct kymo_family
fresh_family(enum kymo_kind kind, const char *name, const char *key1,
    const char *key2)
{
	struct kymo_desc desc = fresh_desc(kind, name);
	const char *keys[2] = { key1, key2 };

	desc.label_keys = keys;
	desc.label_cnt = key1 == NULL ? 0 : key2 == NULL ? 1 : 2;
	return kymo_family(&desc);
}

#endif
