/* SPDX-License-Identifier: MIT */
#include "shm/atomic.h"
#include "shm/os.h"
#include "writer/thread.h"

#define SECOND_NS 1000000000.0
#define CALIBRATE_NS 20000000u /* to some parts in a million */
#define ONE_28 268435456.0
/* Adjustments are at most 500 parts in a million (adjtimex(2)). */
#define DRIFT_MAX (1.0 / 512)
/* Readings that lie further apart were interrupted: again. Where asking the
   system takes longer than that each time (a real system call, a valgrind) the
   nearest will do, and the first rate takes longer to know: the pairs on both
   ends may be off by so small a part of what is between them. */
#define PAIR_TICKS_GOOD 8192u
#define PAIR_TICKS_MAX 262144u
#define PAIR_TRY_CNT 5u
#define PAIR_PART_MAX 4096u

enum kyi_clock_is
kyi_clock_next(struct kymo_clock_ *next, const struct kymo_clock_ *last,
    struct kyi_clock_pair at, struct kyi_clock_pair now)
{
	double ns = (double)(int64_t)(now.ns - at.ns);
	double ticks = (double)(int64_t)(now.ticks - at.ticks);
	double rate, drift;
	double apart = (double)at.apart_ticks + (double)now.apart_ticks;
	uint64_t given_ns;

	if (last->ns_28 == 0 && (ns < CALIBRATE_NS ||
	    (ticks >= 0 && ticks < PAIR_PART_MAX * apart / 2)))
		return ticks < 0 ? KYI_CLOCK_DRIFTS : KYI_CLOCK_EARLY;
	if (ns <= 0 || ticks <= 0)
		return KYI_CLOCK_DRIFTS;
	rate = ns / ticks;
	/* 250 MHz to 16 GHz: 64 bits hold a second's product. */
	if (rate > 4 || rate < 1.0 / 16)
		return KYI_CLOCK_DRIFTS;
	next->base_ns = now.ns;
	if (last->ns_28 != 0) {
		drift = rate * ONE_28 / (double)last->ns_28 - 1;
		if (drift > DRIFT_MAX || drift < -DRIFT_MAX)
			return KYI_CLOCK_DRIFTS;
		/* What was given out already stands: a line that is ahead goes
		   on from there, as much slower as lets the other catch up. */
		given_ns = last->base_ns +
		    (last->span_ticks * last->ns_28 >> 28);
		if (given_ns > now.ns) {
			next->base_ns = given_ns;
			rate *= 1 - (double)(given_ns - now.ns) / SECOND_NS;
		}
	}
	next->from_ticks = now.ticks;
	next->ns_28 = (uint64_t)(rate * ONE_28);
	next->span_ticks = (uint64_t)(SECOND_NS / rate);
	return KYI_CLOCK_GOOD;
}

#if defined(__x86_64__)

/* The rate that was last known, of the machine rather than of a thread: what
   a timer needs whose stop is in another thread, or in a child. */
static uint64_t rate_28;

static void
pair_once(struct kyi_clock_pair *pair)
{
	uint64_t before = __builtin_ia32_rdtsc();

	pair->ns = kyi_os_mono_ns();
	pair->apart_ticks = __builtin_ia32_rdtsc() - before;
	pair->ticks = before + pair->apart_ticks / 2;
}

/* Of the pair that was read, and some more if need be, the nearest. */
static bool
pair_again(struct kyi_clock_pair *pair)
{
	struct kyi_clock_pair next;
	uint32_t i;

	for (i = 1; i < PAIR_TRY_CNT &&
	    pair->apart_ticks > PAIR_TICKS_GOOD; i++) {
		pair_once(&next);
		if (next.apart_ticks < pair->apart_ticks)
			*pair = next;
	}
	return pair->apart_ticks <= PAIR_TICKS_MAX;
}

void
kyi_clock_start(struct kyi_process *process)
{
	process->clock_first.ticks = 0;
	if (kyi_registry.env.clock_is_os || !kyi_os_tsc_is_steady())
		return;
	pair_once(&process->clock_first);
	if (!pair_again(&process->clock_first))
		process->clock_first.ticks = 0;
}

void
kyi_clock_claim(const struct kyi_process *process, struct kyi_thread *thread)
{
	struct kymo_clock_ *clock = &thread->tls.clock;

	thread->clock_at = process->clock_first;
	clock->from_ticks = clock->base_ns = clock->ns_28 = 0;
	/* Over at once: the first look sets it. */
	clock->span_ticks = process->clock_first.ticks != 0;
}

static uint64_t
line_ns(const struct kymo_clock_ *line, uint64_t ticks)
{
	return line->base_ns + (ticks * line->ns_28 >> 28);
}

static void
line_set(struct kymo_clock_ *clock, const struct kymo_clock_ *line)
{
	kyi_store_u64_relaxed(&clock->from_ticks, line->from_ticks);
	kyi_store_u64_relaxed(&clock->base_ns, line->base_ns);
	kyi_store_u64_relaxed(&clock->ns_28, line->ns_28);
	/* pairs(clock), writer: a handler sees it off, or whole.. */
	kyi_fence_signal_release();
	kyi_store_u64_relaxed(&clock->span_ticks, line->span_ticks);
}

/* The clock is off while it is set: a handler that comes then asks the system.
   One that came just before has set it, and its line is as good as ours. */
static uint64_t
turn(struct kyi_process *process, struct kyi_thread *thread)
{
	struct kymo_clock_ *clock = &thread->tls.clock, last, next;
	struct kyi_clock_pair now;
	uint64_t span_ticks = clock->span_ticks, end_ns;
	bool is_pair;

	kyi_store_u64_relaxed(&clock->span_ticks, 0);
	/* pairs(clock), writer: ..and the last one not while it changes. */
	kyi_fence_signal_release();
	last = *clock;
	last.span_ticks = last.ns_28 == 0 ? span_ticks :
	    (uint64_t)(SECOND_NS * ONE_28 / (double)last.ns_28);
	pair_once(&now);
	is_pair = (last.ns_28 == 0 &&
	    now.ns - thread->clock_at.ns < CALIBRATE_NS) || pair_again(&now);
	if (kyi_load_u32_relaxed(&process->clock_drifts) != 0)
		return now.ns;
	if (last.ns_28 != 0 && now.ticks - last.from_ticks < last.span_ticks) {
		line_set(clock, &last);
		return line_ns(&last, now.ticks - last.from_ticks);
	}
	if (!is_pair) {
		line_set(clock, &last);
		end_ns = line_ns(&last, last.span_ticks);
		return end_ns > now.ns ? end_ns : now.ns;
	}
	switch (kyi_clock_next(&next, &last, thread->clock_at, now)) {
	case KYI_CLOCK_DRIFTS:
		kyi_store_u32_relaxed(&process->clock_drifts, 1);
		return now.ns;
	case KYI_CLOCK_EARLY:
		line_set(clock, &last);
		return now.ns;
	case KYI_CLOCK_GOOD:
		break;
	}
	thread->clock_at = now;
	kyi_store_u64_relaxed(&rate_28, next.ns_28);
	line_set(clock, &next);
	return next.base_ns;
}

uint64_t
kymo_clock_ns_(void)
{
	struct kyi_thread *thread = kyi_thread_own();

	if (thread == NULL || thread->tls.clock.span_ticks == 0)
		return kyi_os_mono_ns();
	return turn(kyi_process(), thread);
}

/* Longer than a line, or across two of them; between two threads, or two kinds
   of clocks, because one of them knew no rate yet, or does not know one now. */
uint64_t
kymo_slow_took_(uint64_t now, uint64_t start)
{
	const struct kymo_clock_ *clock = &kymo_tls_->clock;
	uint64_t ns_28;
	int64_t twice;

	if ((start & 1) == 0)
		return kymo_took_ns_((now & 1) == 0 ? now / 2 :
		    kyi_os_mono_ns(), start / 2);
	if ((now & 1) == 0)
		now = __builtin_ia32_rdtsc() * 2 + 1;
	kymo_clock_ns_();
	ns_28 = clock->span_ticks > 1 ? kyi_load_u64_relaxed(&clock->ns_28) :
	    kyi_load_u64_relaxed(&rate_28);
	twice = (int64_t)(now - start);
	return twice <= 0 ? 0 :
	    (uint64_t)((double)twice / 2 * (double)ns_28 / ONE_28);
}

#else

void
kyi_clock_start(struct kyi_process *process)
{
	process->clock_first.ticks = 0;
}

void
kyi_clock_claim(const struct kyi_process *process, struct kyi_thread *thread)
{
	(void)process;
	thread->tls.clock.span_ticks = 0;
}

uint64_t
kymo_clock_ns_(void)
{
	return kyi_os_mono_ns();
}

uint64_t
kymo_slow_took_(uint64_t now, uint64_t start)
{
	return kymo_took_ns_(now, start) / 2;
}

#endif

uint64_t
kymo_slow_look_(void)
{
	return (kymo_tls_->clock.span_ticks == 0 ? kyi_os_mono_ns() :
	    kymo_clock_ns_()) * 2;
}
