/* SPDX-License-Identifier: MIT */
/* Numbers as Go writes them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/query/eval.h"

/* The fewest digits that read back as value, and where the point goes: before
   digit point (0 is before the first). value is finite and not negative. */
static int
shortest(double value, char digits[32], int *point)
{
	char text[48];
	int cnt = 0;

	for (int precision = 0; precision < 17; precision++) {
		snprintf(text, sizeof text, "%.*e", precision, value);
		if (strtod(text, NULL) == value)
			break;
	}
	for (const char *at = text; *at != 'e' && *at != '\0'; at++)
		if (*at >= '0' && *at <= '9')
			digits[cnt++] = *at;
	*point = 1 + atoi(strchr(text, 'e') + 1);
	while (cnt > 1 && digits[cnt - 1] == '0')
		cnt--;
	digits[cnt] = '\0';
	return cnt;
}

static bool
special(double value, char text[KYI_NUMBER_BYTES])
{
	if (isnan(value))
		strcpy(text, "NaN");
	else if (isinf(value))
		strcpy(text, value > 0 ? "+Inf" : "-Inf");
	else
		return false;
	return true;
}

static char *
put_plain(char *to, const char *digits, int cnt, int point)
{
	if (point <= 0) {
		*to++ = '0';
		*to++ = '.';
		for (int i = point; i < 0; i++)
			*to++ = '0';
	}
	for (int i = 0; i < cnt || i < point; i++) {
		if (i == point && i > 0)
			*to++ = '.';
		*to++ = i < cnt ? digits[i] : '0';
	}
	*to = '\0';
	return to;
}

void
kyi_number_plain(double value, char text[KYI_NUMBER_BYTES])
{
	char digits[32];
	int cnt, point;

	if (special(value, text))
		return;
	if (signbit(value))
		*text++ = '-';
	cnt = shortest(fabs(value), digits, &point);
	if (value == 0)
		point = 1;
	put_plain(text, digits, cnt, point);
}

void
kyi_number_short(double value, char text[KYI_NUMBER_BYTES])
{
	char digits[32];
	int cnt, point;

	if (special(value, text))
		return;
	cnt = shortest(fabs(value), digits, &point);
	if (value == 0 || (point - 1 >= -4 && point - 1 < 6)) {
		kyi_number_plain(value, text);
		return;
	}
	if (signbit(value))
		*text++ = '-';
	*text++ = digits[0];
	if (cnt > 1)
		text += sprintf(text, ".%s", digits + 1);
	sprintf(text, "e%c%02d", point - 1 < 0 ? '-' : '+', abs(point - 1));
}
