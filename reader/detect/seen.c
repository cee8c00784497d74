/* SPDX-License-Identifier: MIT */
/* What was met: a range in 64 parts, that doubles as it must. */
#include <math.h>

#include "reader/detect/private.h"

#define PARTS KYI_SEEN_PARTS
/* A first difference is so many parts, in the middle of them. */
#define FIRST_PARTS 16
/* What the second value of a series ever is worth: there is no range yet. */
#define FIRST_DISTANCE 0.3
#define FAR_MAX 1e9

static unsigned
lowest(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

static unsigned
highest(uint64_t bits)
{
	return 63 - (unsigned)__builtin_clzll(bits);
}

/* Two parts become one; the lower half is kept. */
static uint64_t
halve(uint64_t bits)
{
	bits = (bits | bits >> 1) & 0x5555555555555555u;
	bits = (bits | bits >> 1) & 0x3333333333333333u;
	bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0fu;
	bits = (bits | bits >> 4) & 0x00ff00ff00ff00ffu;
	bits = (bits | bits >> 8) & 0x0000ffff0000ffffu;
	return (bits | bits >> 16) & 0x00000000ffffffffu;
}

static void
add_bit(struct kymo_detect_seen *seen, double part)
{
	seen->bits |= UINT64_C(1) << (unsigned)part;
}

/* The range becomes twice as large until x is in it. */
static double
widen(struct kymo_detect_seen *seen, double x)
{
	double part = (x - seen->low) / seen->width;

	while (part < 0 || part >= PARTS) {
		seen->bits = halve(seen->bits);
		seen->old = halve(seen->old);
		if (part < 0) {
			seen->low -= seen->width * PARTS;
			seen->bits <<= PARTS / 2;
			seen->old <<= PARTS / 2;
		}
		seen->width *= 2;
		part = (x - seen->low) / seen->width;
	}
	return part;
}

static double
distance(uint64_t bits, double part, double parts_known,
    enum kymo_detect_side *side)
{
	unsigned first = lowest(bits), last = highest(bits), at, below, above;
	double parts = last - first + 1 + parts_known;

	if (part >= last + 1) {
		*side = KYMO_DETECT_ABOVE;
		return fmin((part - (last + 1)) / parts, FAR_MAX);
	}
	if (part < first) {
		*side = KYMO_DETECT_BELOW;
		return fmin((first - part) / parts, FAR_MAX);
	}
	at = (unsigned)part;
	if (bits >> at & 1)
		return 0;
	*side = KYMO_DETECT_BETWEEN;
	below = at - highest(bits & ((UINT64_C(1) << at) - 1));
	above = lowest(bits >> at);
	return ((below < above ? below : above) - 0.5) / parts;
}

/* The first two values that differ set the scale. */
static double
begin(struct kymo_detect_seen *seen, double x, enum kymo_detect_side *side)
{
	double first = seen->low, width = fabs(x - first) / FIRST_PARTS;

	if (seen->bits == 0 && seen->old == 0) {
		seen->low = x;
		seen->bits = 1;
		return 0;
	}
	/* One bit stands for the one value: it is as new as the last of it. */
	seen->bits |= x == first;
	if (!(width > 0) || isinf(width))
		return 0;
	*side = x > first ? KYMO_DETECT_ABOVE : KYMO_DETECT_BELOW;
	seen->low = (x < first ? x : first) - width * (PARTS - FIRST_PARTS) / 2;
	seen->width = width;
	if (seen->bits) {
		seen->bits = 0;
		add_bit(seen, widen(seen, first));
	}
	if (seen->old)
		seen->old = UINT64_C(1) << (unsigned)widen(seen, first);
	add_bit(seen, widen(seen, x));
	return FIRST_DISTANCE;
}

double
kyi_seen_add(struct kymo_detect_seen *seen, double x, double parts_known,
    enum kymo_detect_side *side)
{
	double part, far = 0;

	if (seen->width == 0)
		return begin(seen, x, side);
	part = (x - seen->low) / seen->width;
	if (seen->bits | seen->old)
		far = distance(seen->bits | seen->old, part, parts_known,
		    side);
	if (part < 0 || part >= PARTS)
		part = widen(seen, x);
	add_bit(seen, part);
	return far;
}

void
kyi_seen_age(struct kymo_detect_seen *seen)
{
	seen->old = seen->bits;
	seen->bits = 0;
}
