/* SPDX-License-Identifier: MIT */
/* The whole of kymo inside this program: one header, and no library to link.
   One C file defines KYMO_IMPLEMENTATION, before all other headers; the others
   include the same header alone.

     cc -I/usr/include/kymo single.c -o single && ./single && kymo dump single */
#define KYMO_IMPLEMENTATION
#include <kymo_single.h>

KYMO_COUNTER(lines, "lines_total", "Lines read");
KYMO_HISTOGRAM(sizes, "line_size_bytes", "Their bytes");

int
main(void)
{
	static const char *const text[] = {
		"first line", "second line", "", "the last one"
	};

	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++) {
		kymo_counter_inc(lines);
		kymo_histogram_record(sizes, strlen(text[i]));
	}
	return 0;
}
