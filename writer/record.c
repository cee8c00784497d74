/* SPDX-License-Identifier: MIT */
/* Counters and gauges: what the inlined records leave to us. In a thread
   without a slot all of this is the hot path: nothing here makes a system call
   but the first time (kyi_thread_place). */
#include <float.h>
#include <string.h>

#include "writer/thread.h"

static uint64_t *
cell_at(void *window, uint32_t off)
{
	return (uint64_t *)(void *)((char *)window + off);
}

static void *
shared_window(void)
{
	/* pairs(window0), user: slot 0's window is there */
	return kyi_load_ptr_acquire(&kyi_process()->window0);
}

static double
double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static uint64_t
bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* Adds to a double that others add to. */
static void
float_add(uint64_t *cell, double n)
{
	uint64_t was = kyi_load_u64_relaxed(cell), sum;

	do {
		/* A gauge without a reading begins at 0. */
		sum = bits_of((was == KYI_FLOAT_UNSET_BITS ? 0 :
		    double_of(was)) + n);
	} while (!kyi_cas_u64_relaxed(cell, &was, sum));
}

void
kymo_bad_record_(void)
{
	kyi_bad(KYI_SAY_VALUE, NULL);
}

void
kymo_slow_add_(uint32_t off, uint64_t n)
{
	switch (kyi_thread_place()) {
	case KYI_OWN:
		kyi_add_u64_local(cell_at(kymo_tls_->window, off), n);
		break;
	case KYI_SHARED:
		kyi_add_u64_relaxed(cell_at(shared_window(), off), n);
		break;
	case KYI_NOWHERE:
		kyi_count(KYI_ERR_FULL, 1);
		break;
	}
}

void
kymo_slow_float_add_(uint32_t off, double n)
{
	switch (kyi_thread_place()) {
	case KYI_OWN:
		float_add(cell_at(kymo_tls_->window, off), n);
		break;
	case KYI_SHARED:
		float_add(cell_at(shared_window(), off), n);
		break;
	case KYI_NOWHERE:
		kyi_count(KYI_ERR_FULL, 1);
		break;
	}
}

/* What a handler adds to: slot 0's cell, by adds that nothing splits. KYMO=off:
   a sink, which is nobody's. NULL: there is none. */
static uint64_t *
signal_cell(uint32_t off)
{
	enum kyi_place_of place = kyi_thread_place();
	void *window = place == KYI_NOWHERE ? NULL :
	    kyi_registry.env.off ? kymo_tls_->window : shared_window();

	if (window == NULL) {
		kyi_count(KYI_ERR_FULL, 1);
		return NULL;
	}
	return cell_at(window, off);
}

void
kymo_counter_add_signal(struct kymo_counter c, uint64_t n)
{
	uint64_t *cell;

	if (n > INT64_MAX) {
		kyi_bad(KYI_SAY_VALUE, NULL);
		return;
	}
	cell = signal_cell(c.off_);
	if (cell != NULL)
		kyi_add_u64_relaxed(cell, n);
}

void
kymo_updown_add_signal(struct kymo_updown u, int64_t n)
{
	uint64_t *cell = signal_cell(u.off_);

	if (cell != NULL)
		kyi_add_u64_relaxed(cell, (uint64_t)n);
}

void
kymo_float_counter_add_signal(struct kymo_float_counter c, double n)
{
	uint64_t *cell;

	if (!(n >= 0 && n <= DBL_MAX)) {
		kyi_bad(KYI_SAY_VALUE, NULL);
		return;
	}
	cell = signal_cell(c.off_);
	if (cell != NULL)
		float_add(cell, n);
}

void
kymo_slow_gauge_set_(uint32_t off, uint64_t bits)
{
	uint64_t *cell = kyi_shared_cell(off);

	if (cell != NULL)
		kyi_store_u64_relaxed(cell, bits);
	else
		kyi_count(KYI_ERR_FULL, 1);
}

void
kymo_slow_gauge_add_(uint32_t off, int64_t n)
{
	uint64_t *cell = kyi_shared_cell(off);
	uint64_t was, sum;

	if (cell == NULL) {
		kyi_count(KYI_ERR_FULL, 1);
		return;
	}
	was = kyi_load_u64_relaxed(cell);
	do {
		sum = (was == (uint64_t)KYI_GAUGE_UNSET ? 0 : was) +
		    (uint64_t)n;
	} while (!kyi_cas_u64_relaxed(cell, &was, sum));
}

void
kymo_float_gauge_add(struct kymo_float_gauge g, double n)
{
	uint64_t *cell;

	if (n != n) {
		kyi_bad(KYI_SAY_VALUE, NULL);
		return;
	}
	cell = kyi_shared_cell(g.off_);
	if (cell != NULL)
		float_add(cell, n);
	else
		kyi_count(KYI_ERR_FULL, 1);
}

/* ---- peaks --------------------------------------------------------------- */

/* The top 40 bits of a double, to nearest; the next step of the largest
   double would be infinity. */
static uint64_t
peak_bits(double value)
{
	uint64_t bits = bits_of(value);
	uint64_t up = bits + (1ull << (KYI_PEAK_VALUE_SHIFT - 1));
	bool is_inf = double_of(bits) - double_of(bits) != 0;

	if (!is_inf && double_of(up) - double_of(up) == 0)
		bits = up;
	return bits >> KYI_PEAK_VALUE_SHIFT;
}

static double
peak_value(uint64_t word)
{
	return double_of(word << KYI_PEAK_VALUE_SHIFT);
}

static bool
is_beyond(double value, double than, bool is_max)
{
	return is_max ? value > than : value < than;
}

static void
peak_record(uint32_t off, uint32_t window_s, double value, bool is_max)
{
	enum kyi_place_of place = kyi_thread_place();
	uint64_t id, word, was, *cell;
	void *window;

	if (value != value || window_s == 0) {
		kyi_bad(window_s == 0 ? KYI_SAY_UNSET : KYI_SAY_VALUE, NULL);
		return;
	}
	if (place == KYI_NOWHERE) {
		kyi_count(KYI_ERR_FULL, 1);
		return;
	}
	window = place == KYI_OWN ? kymo_tls_->window : shared_window();
	id = (1 + kyi_coarse_ns() / 1000000000u / window_s) &
	    KYI_PEAK_ID_MASK;
	word = id << KYI_PEAK_ID_SHIFT | peak_bits(value);
	/* The low bit chooses the word; sinks of lost series have but one. */
	cell = cell_at(window, off < KYI_CELL_FIRST ? off :
	    off + 8 * (uint32_t)(id & 1));
	was = kyi_load_u64_relaxed(cell);
	do {
		if (was >> KYI_PEAK_ID_SHIFT == id &&
		    !is_beyond(peak_value(word), peak_value(was), is_max))
			return;
	} while (!kyi_cas_u64_relaxed(cell, &was, word));
}

void
kymo_max_record(struct kymo_max m, double value)
{
	peak_record(m.off_, m.window_s_, value, true);
}

void
kymo_min_record(struct kymo_min m, double value)
{
	peak_record(m.off_, m.window_s_, value, false);
}
