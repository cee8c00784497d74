/* SPDX-License-Identifier: MIT */
/* A routing of a text, which is sound. */
#ifndef TESTS_TESTLIB_ROUTING_H
#define TESTS_TESTLIB_ROUTING_H

#include "tests/testlib/testlib.h"

#include "reader/alert/routing.h"

TESTLIB_UNUSED static void
routing_hear(void *of, const char *text)
{
	(void)of;
	print_message("%s\n", text);
}

TESTLIB_UNUSED static struct kymo_routing *
routing_of(const char *text)
{
	const struct kymo_routing_faults faults = {routing_hear, NULL, NULL};
	struct kymo_routing *routing;

	assert_int_equal(kymo_routing_parse(&routing, "f", text, strlen(text),
	    &faults), 0);
	return routing;
}

#endif
