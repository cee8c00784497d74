/* SPDX-License-Identifier: MIT */
#include "reader/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Powers of ten up to 10^22 are exact doubles. */
static const double tens[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
};

double
kyi_scale(double n, int exponent)
{
	if (exponent < -18 || exponent > 18)
		return (double)NAN;
	return exponent < 0 ? n / tens[-exponent] : n * tens[exponent];
}

double
kyi_estimate(double d)
{
	char text[40];

	snprintf(text, sizeof(text), "%.5e", d);
	return strtod(text, NULL);
}

/* The shortest digits of d (> 0, finite) that read back as d, without the
   point, and its decimal exponent. Returns how many. */
static int
shortest_digits(double d, char digits[24], int *exponent)
{
	char text[40];
	int precision, n = 0;
	const char *at;

	for (precision = 0; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, d);
		if (strtod(text, NULL) == d)
			break;
	}
	for (at = text; *at != 'e'; at++)
		if (*at >= '0' && *at <= '9')
			digits[n++] = *at;
	*exponent = atoi(at + 1);
	return n;
}

void
kyi_le_text(struct kymo_buffer *buffer, double d)
{
	char digits[24];
	int exponent, n = shortest_digits(d, digits, &exponent), i;

	if (exponent < -4 || exponent >= 6) {
		kymo_buffer_char(buffer, digits[0]);
		if (n > 1) {
			kymo_buffer_char(buffer, '.');
			kymo_buffer_add(buffer, digits + 1, (size_t)n - 1);
		}
		kymo_buffer_printf(buffer, "e%c%02d", exponent < 0 ? '-' : '+',
		    abs(exponent));
		return;
	}
	if (exponent < 0) {
		kymo_buffer_str(buffer, "0.");
		for (i = exponent + 1; i < 0; i++)
			kymo_buffer_char(buffer, '0');
		kymo_buffer_add(buffer, digits, (size_t)n);
		return;
	}
	for (i = 0; i <= exponent; i++)
		kymo_buffer_char(buffer, i < n ? digits[i] : '0');
	kymo_buffer_char(buffer, '.');
	if (n > exponent + 1)
		kymo_buffer_add(buffer, digits + exponent + 1,
		    (size_t)(n - exponent - 1));
	else
		kymo_buffer_char(buffer, '0');
}
