/* SPDX-License-Identifier: MIT */
/* The reader's side of the bucket index, for any double and any scale; a
   record has the same arithmetic inlined (writer/kymo.h). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "shm/hist.h"

#define MANTISSA_BITS 52
#define MANTISSA_MASK 0xfffffffffffffull
#define EXPONENT_BIAS 1023
#define OCTAVE_CNT 64 /* buckets an octave at the finest scale */

/* floor(2^(i/64) * 2^52) - 2^52, by integer roots. No 2^(i/64) but 2^0 is a
   double, so "rounded down" and "below the true bound" are the same. */
const uint64_t kyi_hist_mantissa[OCTAVE_CNT + 1] = {
	0x0000000000000ull, 0x02c9a3e778060ull, 0x059b0d3158574ull,
	0x0874518759bc8ull, 0x0b5586cf9890full, 0x0e3ec32d3d1a2ull,
	0x11301d0125b50ull, 0x1429aaea92ddfull, 0x172b83c7d517aull,
	0x1a35beb6fcb75ull, 0x1d4873168b9aaull, 0x2063b88628cd6ull,
	0x2387a6e756238ull, 0x26b4565e27cddull, 0x29e9df51fdee1ull,
	0x2d285a6e4030bull, 0x306fe0a31b715ull, 0x33c08b26416ffull,
	0x371a7373aa9caull, 0x3a7db34e59ff6ull, 0x3dea64c123422ull,
	0x4160a21f72e29ull, 0x44e086061892dull, 0x486a2b5c13cd0ull,
	0x4bfdad5362a27ull, 0x4f9b2769d2ca6ull, 0x5342b569d4f81ull,
	0x56f4736b527daull, 0x5ab07dd485429ull, 0x5e76f15ad2148ull,
	0x6247eb03a5584ull, 0x6623882552224ull, 0x6a09e667f3bccull,
	0x6dfb23c651a2eull, 0x71f75e8ec5f73ull, 0x75feb564267c8ull,
	0x7a11473eb0186ull, 0x7e2f336cf4e62ull, 0x82589994cce12ull,
	0x868d99b4492ecull, 0x8ace5422aa0dbull, 0x8f1ae99157736ull,
	0x93737b0cdc5e4ull, 0x97d829fde4e4full, 0x9c49182a3f090ull,
	0xa0c667b5de564ull, 0xa5503b23e255cull, 0xa9e6b5579fdbfull,
	0xae89f995ad3adull, 0xb33a2b84f15faull, 0xb7f76f2fb5e46ull,
	0xbcc1e904bc1d2ull, 0xc199bdd85529cull, 0xc67f12e57d14bull,
	0xcb720dcef9069ull, 0xd072d4a07897bull, 0xd5818dcfba487ull,
	0xda9e603db3285ull, 0xdfc97337b9b5eull, 0xe502ee78b3ff6ull,
	0xea4afa2a490d9ull, 0xefa1bee615a27ull, 0xf50765b6e4540ull,
	0xfa7c1819e90d8ull, 0xffffffffffffffffull,
};

int32_t
kyi_hist_idx(double v, uint32_t scale)
{
	int32_t octave = -EXPONENT_BIAS, k = 0, step;
	uint64_t bits, mantissa;

	/* Subnormals have no exponent to read; this product is exact. */
	if (v < DBL_MIN) {
		v *= 0x1p64;
		octave -= 64;
	}
	memcpy(&bits, &v, sizeof(bits));
	/* One down, so that a bound belongs to the bucket below it. */
	bits -= 1;
	octave += (int32_t)(bits >> MANTISSA_BITS);
	mantissa = bits & MANTISSA_MASK;
	for (step = OCTAVE_CNT / 2; step > 0; step /= 2)
		if (mantissa >= kyi_hist_mantissa[k + step])
			k += step;
	/* An arithmetic shift, as all compilers that we know do it: floor. */
	return (octave * OCTAVE_CNT + k) >> (KYI_SCALE_MAX - scale);
}

double
kyi_hist_bound(int32_t idx, uint32_t scale)
{
	int64_t fine = ((int64_t)idx + 1) * (1 << (KYI_SCALE_MAX - scale));
	int64_t octave = fine >> 6;
	uint64_t bits;
	double bound;

	if (octave < DBL_MIN_EXP - 1)
		return 0;
	if (octave >= DBL_MAX_EXP)
		return INFINITY;
	bits = (uint64_t)(octave + EXPONENT_BIAS) << MANTISSA_BITS |
	    kyi_hist_mantissa[fine & (OCTAVE_CNT - 1)];
	memcpy(&bound, &bits, sizeof(bound));
	return bound;
}
