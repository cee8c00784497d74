/* SPDX-License-Identifier: MIT */
/* Histograms: what the inlined record leaves to us. */
#include <string.h>

#include "shm/hist.h"
#include "writer/birth.h"
#include "writer/hist.h"
#include "writer/series.h"
#include "writer/thread.h"

/* test_writer_hist.c makes it from kyi_hist_mantissa and compares. */
KYMO_API const struct kymo_buckets_ kymo_buckets_ = {
	.cut = {
		0x0000000000000000, 0x02c9a3e778060000, 0x059b0d3158574000,
		0xffffffffffffffff, 0x0874518759bc8000, 0x0b5586cf9890f000,
		0xffffffffffffffff, 0x0e3ec32d3d1a2000, 0x11301d0125b50000,
		0xffffffffffffffff, 0x1429aaea92ddf000, 0x172b83c7d517a000,
		0xffffffffffffffff, 0x1a35beb6fcb75000, 0x1d4873168b9aa000,
		0xffffffffffffffff, 0x2063b88628cd6000, 0x2387a6e756238000,
		0xffffffffffffffff, 0x26b4565e27cdd000, 0x29e9df51fdee1000,
		0xffffffffffffffff, 0x2d285a6e4030b000, 0xffffffffffffffff,
		0x306fe0a31b715000, 0x33c08b26416ff000, 0xffffffffffffffff,
		0x371a7373aa9ca000, 0xffffffffffffffff, 0x3a7db34e59ff6000,
		0x3dea64c123422000, 0xffffffffffffffff, 0x4160a21f72e29000,
		0xffffffffffffffff, 0x44e086061892d000, 0xffffffffffffffff,
		0x486a2b5c13cd0000, 0x4bfdad5362a27000, 0xffffffffffffffff,
		0x4f9b2769d2ca6000, 0xffffffffffffffff, 0x5342b569d4f81000,
		0xffffffffffffffff, 0x56f4736b527da000, 0xffffffffffffffff,
		0x5ab07dd485429000, 0xffffffffffffffff, 0x5e76f15ad2148000,
		0xffffffffffffffff, 0x6247eb03a5584000, 0xffffffffffffffff,
		0x6623882552224000, 0xffffffffffffffff, 0x6a09e667f3bcc000,
		0x6dfb23c651a2e000, 0xffffffffffffffff, 0x71f75e8ec5f73000,
		0xffffffffffffffff, 0x75feb564267c8000, 0xffffffffffffffff,
		0xffffffffffffffff, 0x7a11473eb0186000, 0xffffffffffffffff,
		0x7e2f336cf4e62000, 0xffffffffffffffff, 0x82589994cce12000,
		0xffffffffffffffff, 0x868d99b4492ec000, 0xffffffffffffffff,
		0x8ace5422aa0db000, 0xffffffffffffffff, 0x8f1ae99157736000,
		0xffffffffffffffff, 0x93737b0cdc5e4000, 0xffffffffffffffff,
		0x97d829fde4e4f000, 0xffffffffffffffff, 0xffffffffffffffff,
		0x9c49182a3f090000, 0xffffffffffffffff, 0xa0c667b5de564000,
		0xffffffffffffffff, 0xa5503b23e255c000, 0xffffffffffffffff,
		0xa9e6b5579fdbf000, 0xffffffffffffffff, 0xffffffffffffffff,
		0xae89f995ad3ad000, 0xffffffffffffffff, 0xb33a2b84f15fa000,
		0xffffffffffffffff, 0xb7f76f2fb5e46000, 0xffffffffffffffff,
		0xffffffffffffffff, 0xbcc1e904bc1d2000, 0xffffffffffffffff,
		0xc199bdd85529c000, 0xffffffffffffffff, 0xffffffffffffffff,
		0xc67f12e57d14b000, 0xffffffffffffffff, 0xcb720dcef9069000,
		0xffffffffffffffff, 0xffffffffffffffff, 0xd072d4a07897b000,
		0xffffffffffffffff, 0xd5818dcfba487000, 0xffffffffffffffff,
		0xffffffffffffffff, 0xda9e603db3285000, 0xffffffffffffffff,
		0xdfc97337b9b5e000, 0xffffffffffffffff, 0xffffffffffffffff,
		0xe502ee78b3ff6000, 0xffffffffffffffff, 0xffffffffffffffff,
		0xea4afa2a490d9000, 0xffffffffffffffff, 0xefa1bee615a27000,
		0xffffffffffffffff, 0xffffffffffffffff, 0xf50765b6e4540000,
		0xffffffffffffffff, 0xffffffffffffffff, 0xfa7c1819e90d8000,
		0xffffffffffffffff, 0xffffffffffffffff,
	},
	.base = {
		0, 1, 1, 2, 1, 2, 2, 2, 2, 3, 2, 3, 3, 3, 3, 4,
		3, 4, 4, 4, 4, 5, 4, 5, 4, 5, 5, 5, 5, 5, 5, 6,
		5, 6, 5, 6, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6,
		6, 6, 6, 6, 6, 6, 6, 7, 6, 7, 6, 7, 6, 6, 6, 6,
		6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 5, 6,
		5, 6, 5, 6, 5, 6, 5, 5, 5, 5, 5, 5, 5, 5, 4, 5,
		4, 5, 4, 4, 4, 4, 4, 4, 3, 4, 3, 4, 3, 3, 3, 3,
		3, 3, 2, 3, 2, 2, 2, 2, 2, 2, 1, 2, 1, 1, 1, 1,
	},
};

/* kymo_bucket_ counts from here: index 0 at scale 6 is the bucket after 1.0,
   whose exponent has a bias of 1023. */
#define BUCKET_BIAS (1023 * 64 + 1)

/* The cells of one thread's histogram, or of slot 0's. */
struct cells {
	uint64_t *at; /* the first bucket's; NULL: there is no room */
	bool shared;
};

static void
cell_add(const struct cells *cells, int64_t idx, uint64_t n)
{
	if (cells->shared)
		kyi_add_u64_relaxed(&cells->at[idx], n);
	else
		kyi_add_u64_local(&cells->at[idx], n);
}

static uint32_t
down_of(const struct kyi_family *family)
{
	return KYI_SCALE_MAX - family->scale;
}

static uint32_t
lo_of(const struct kyi_family *family)
{
	return ((uint32_t)family->lo_idx << down_of(family)) + BUCKET_BIAS;
}

/* A HIST block; its first bucket's cell, NULL: full. Under the lock. */
static uint64_t *
block_make(struct kyi_process *process, uint32_t slot, uint32_t idx)
{
	const struct kyi_family *family = kyi_hist_family(idx);
	uint64_t used_bytes = sizeof(struct kyi_block) +
	    8 * ((uint64_t)family->bucket_cnt + KYI_HIST_EXTRA_CELLS);
	uint64_t off = kyi_region_block(&process->region, KYI_BLK_HIST, slot,
	    idx, kyi_hist_block_bytes(family->bucket_cnt), used_bytes);

	if (off == 0) {
		kyi_grow_later(process);
		kyi_say_text(KYI_SAY_FULL,
		    kyi_text_at(&kyi_registry, family->name_ref));
		return NULL;
	}
	return (uint64_t *)kyi_region_at(&process->region,
	    off + sizeof(struct kyi_block)) + KYI_HIST_BUCKETS;
}

/* ---- sampling ------------------------------------------------------------ */

/* A thread's records of a series are counted off in blocks of n, and one of
   each block is kept: which one, `random` says. So each is kept one time in n,
   whatever it is that comes in turn, and the count is at most n off. */
static int32_t
place_in_block(uint32_t turn, uint32_t n)
{
	/* Numbers in turn, made to look random (a finalizer of MurmurHash3). */
	turn = (turn ^ (turn >> 16)) * 0x85ebca6b;
	turn = (turn ^ (turn >> 13)) * 0xc2b2ae35;
	return (int32_t)((uint64_t)(turn ^ (turn >> 16)) * n >> 32);
}

static void
turn_first(struct kymo_hist_ *hist, uint32_t n)
{
	hist->random = (uint32_t)kyi_random();
	hist->turn = place_in_block(hist->random, n);
}

/* This one is kept: how many now are not. Two steps of one instruction each: a
   handler before, between or after them counts off what is its own. */
static void
turn_next(struct kymo_hist_ *hist, uint32_t n)
{
	uint32_t block = kyi_take_u32_local(&hist->random, 1);

	kymo_turn_add_(&hist->turn, (int32_t)n - 1 - place_in_block(block, n) +
	    place_in_block(block + 1, n));
}

static bool
turn_is(struct kymo_hist_ *hist, uint32_t n)
{
	if (hist->turn > 0) {
		kymo_turn_add_(&hist->turn, -1);
		return false;
	}
	turn_next(hist, n);
	return true;
}

static void
own_make(struct kyi_process *process, struct kyi_thread *thread, uint32_t idx)
{
	const struct kyi_family *family = kyi_hist_family(idx);
	struct kymo_hist_ *hist = &thread->tls.hist[idx];

	if (hist->cells != NULL)
		return; /* a handler was faster */
	hist->cells = block_make(process, thread->slot, idx);
	if (hist->cells == NULL)
		return;
	hist->lo = lo_of(family);
	hist->down = down_of(family);
	turn_first(hist, family->sample_n);
	hist->all_cnt = family->bucket_cnt;
	/* 0 has the inlined record come here, where it is weighed. */
	hist->cnt = family->sample_n == 1 ? family->bucket_cnt : 0;
}

bool
kyi_hist_prepare(struct kyi_process *process, struct kyi_thread *thread,
    uint32_t idx)
{
	own_make(process, thread, idx);
	return thread->tls.hist[idx].cells != NULL;
}

/* This thread's own cells, made if need be; NULL: not to be had. */
static uint64_t *
own_cells(uint32_t idx)
{
	struct kyi_thread *thread = kyi_thread_own();
	struct kyi_guard guard;

	if (thread->tls.hist[idx].cells == NULL &&
	    kyi_may_grow(kyi_process()) && kyi_enter(&guard)) {
		own_make(guard.process, thread, idx);
		kyi_leave(&guard);
	}
	return thread->tls.hist[idx].cells;
}

static uint64_t *
shared_cells(uint32_t idx)
{
	struct kyi_process *process = kyi_process();
	/* pairs(hist0), user: a block, zero or counted in */
	uint64_t *at = kyi_load_ptr_acquire(&process->hist0[idx]);
	struct kyi_guard guard;

	if (at != NULL || !kyi_may_grow(process) || !kyi_enter(&guard))
		return at;
	at = process->hist0[idx];
	if (at == NULL) {
		at = block_make(process, 0, idx);
		/* pairs(hist0): who sees it may add to it. */
		kyi_store_ptr_release(&process->hist0[idx], at);
	}
	kyi_leave(&guard);
	return at;
}

static struct cells
cells_of(uint32_t idx)
{
	struct cells cells = { NULL, false };

	switch (kyi_thread_place()) {
	case KYI_OWN:
		cells.at = own_cells(idx);
		if (cells.at != NULL)
			break;
		__attribute__((fallthrough));
	case KYI_SHARED:
		cells.at = shared_cells(idx);
		cells.shared = true;
		break;
	case KYI_NOWHERE:
		break;
	}
	return cells;
}

/* Where a value is counted that is in none of cnt buckets from lo on: an index,
   as of buckets. */
static int64_t
place_beside(uint64_t value, uint32_t bucket, uint32_t lo, uint32_t cnt)
{
	if (value == 0)
		return (int)KYI_HIST_ZERO - (int)KYI_HIST_BUCKETS;
	if (bucket < lo)
		return (int)KYI_HIST_UNDER - (int)KYI_HIST_BUCKETS;
	return cnt;
}

static int64_t
place_of(const struct kyi_family *family, uint64_t value, bool over)
{
	uint32_t bucket = kymo_bucket_(value), lo = lo_of(family);
	uint32_t i = (bucket - lo) >> down_of(family);

	if (over)
		return family->bucket_cnt;
	return i < family->bucket_cnt ? i :
	    place_beside(value, bucket, lo, family->bucket_cnt);
}

/* The same in this thread's own cells, of which all is at hand: a timer of
   what takes no time comes here each time. */
static void
record_own(struct kymo_hist_ *hist, uint64_t value, uint64_t n)
{
	uint32_t bucket = kymo_bucket_(value);
	uint32_t i = (bucket - hist->lo) >> hist->down;
	int64_t place = i < hist->all_cnt ? i :
	    place_beside(value, bucket, hist->lo, hist->all_cnt);

	kymo_cells_add_(&hist->cells[place], n, &hist->cells[
	    (int)KYI_HIST_SUM - (int)KYI_HIST_BUCKETS], value * n);
}

/* A value, n times; over: it is above all buckets and has no part in the sum.
   The bucket comes before the sum. */
static void
record_in(struct cells cells, uint32_t idx, uint64_t value, uint64_t n,
    bool over)
{
	int64_t place = place_of(kyi_hist_family(idx), value, over);
	uint64_t *sum;

	if (cells.at == NULL) {
		kyi_count(KYI_ERR_FULL, 1);
		return;
	}
	if (over) {
		cell_add(&cells, place, n);
		return;
	}
	sum = &cells.at[(int)KYI_HIST_SUM - (int)KYI_HIST_BUCKETS];
	if (!cells.shared) {
		kymo_cells_add_(&cells.at[place], n, sum, value * n);
		return;
	}
	kyi_add_u64_relaxed(&cells.at[place], n);
	kyi_add_u64_relaxed(sum, value * n);
}

static void
record(uint32_t idx, uint64_t value, uint64_t n, bool over)
{
	record_in(cells_of(idx), idx, value, n, over);
}

bool
kyi_hist_is_series(uint32_t idx)
{
	switch (idx) {
	case KYI_HIST_UNSET:
		kyi_bad(KYI_SAY_UNSET, NULL);
		return false;
	case KYI_HIST_LOST:
		kyi_count(KYI_ERR_FULL, 1);
		return false;
	case KYI_HIST_OFF:
		return false;
	default:
		return true;
	}
}

static bool
is_series(uint64_t at, uint32_t *idx)
{
	*idx = (uint32_t)(at / sizeof(struct kymo_hist_));
	return kyi_hist_is_series(*idx);
}

/* Whether this one of n is kept. Its cells are made either way, so that after
   the first record none makes a system call. */
static bool
is_kept(uint32_t idx, uint32_t n)
{
	struct cells cells;

	if (n <= 1)
		return true;
	cells = cells_of(idx);
	return cells.at == NULL || cells.shared ? kyi_chance(n) :
	    turn_is(&kymo_tls_->hist[idx], n);
}

void
kymo_histogram_record_signal(struct kymo_histogram h, uint64_t value)
{
	struct cells cells = { NULL, true };
	uint32_t idx, n;

	if (!is_series(h.at_, &idx))
		return;
	if (value > INT64_MAX) {
		kyi_bad(KYI_SAY_VALUE, NULL);
		return;
	}
	n = kyi_hist_family(idx)->sample_n;
	if (!kyi_chance(n))
		return;
	if (kyi_thread_place() != KYI_NOWHERE && !kyi_registry.env.off)
		cells.at = shared_cells(idx);
	record_in(cells, idx, value, n, false);
}

void
kymo_slow_hist_(uint64_t v, uint64_t at)
{
	uint32_t idx, n;

	if (v > INT64_MAX) {
		if (is_series(at, &idx))
			kyi_bad(KYI_SAY_VALUE, NULL);
		return;
	}
	idx = (uint32_t)(at / sizeof(struct kymo_hist_));
	if (kymo_tls_->hist[idx].cnt != 0) {
		record_own(&kymo_tls_->hist[idx], v, 1);
		return;
	}
	if (!kyi_hist_is_series(idx))
		return;
	n = kyi_hist_family(idx)->sample_n;
	if (is_kept(idx, n))
		record(idx, v, n, false);
}

/* The two halves of a sampled timer's record that is kept. What a thread has
   of its own is looked at first: one in n is no reason to be slow. */
uint64_t
kymo_slow_timer_start_(uint64_t at)
{
	uint32_t idx = (uint32_t)(at / sizeof(struct kymo_hist_));
	struct kymo_hist_ *hist = &kymo_tls_->hist[idx];

	if (hist->all_cnt != 0)
		turn_next(hist, kyi_hist_family(idx)->sample_n);
	else if (!kyi_hist_is_series(idx) ||
	    !is_kept(idx, kyi_hist_family(idx)->sample_n))
		return 0;
	return kymo_look_(&kymo_tls_->clock);
}

uint64_t
kymo_slow_timer_stop_(struct kymo_histogram h, uint64_t start)
{
	struct kymo_tls_ *tls = kymo_tls_;
	uint32_t idx = h.at_ / (uint32_t)sizeof(struct kymo_hist_);
	uint64_t took_ns;

	took_ns = kymo_took_(&tls->clock, kymo_look_(&tls->clock), start);
	if (tls->hist[idx].all_cnt != 0)
		record_own(&tls->hist[idx], took_ns, h.sample_n_);
	/* Its start has told a bad handle already. */
	else if (!kyi_hist_is_series(idx))
		return 0;
	else
		record(idx, took_ns, h.sample_n_, false);
	return took_ns;
}

static const double power_of_ten[19] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
};

void
kymo_histogram_observe(struct kymo_histogram h, double value)
{
	const struct kyi_family *family;
	uint32_t idx;
	uint64_t v;

	if (!is_series(h.at_, &idx))
		return;
	if (!(value >= 0)) {
		kyi_bad(KYI_SAY_VALUE, NULL);
		return;
	}
	family = kyi_hist_family(idx);
	/* Powers of ten up to 10^18 are exact doubles, their inverses not. */
	if (family->exponent < 0)
		value *= power_of_ten[-family->exponent];
	else
		value /= power_of_ten[family->exponent];
	if (value >= 9223372036854775808.0) {
		if (is_kept(idx, family->sample_n))
			record(idx, 0, family->sample_n, true);
		return;
	}
	v = (uint64_t)value;
	if (value - (double)v >= 0.5)
		v++;
	kymo_histogram_record(h, v);
}
