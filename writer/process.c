/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "shm/copy.h"
#include "shm/os.h"
#include "writer/birth.h"
#include "writer/process.h"
#include "writer/thread.h"

static void *process_page; /* struct kyi_process * */

/* When there are no pages to be had. */
static struct kyi_process process_fallback;

static void start(void) __attribute__((constructor));

/* The child of fork(): what the kernel may not have done. */
static void
fork_child(void)
{
	struct kyi_process *process = kyi_process();
	uint32_t pid = (uint32_t)getpid();

	/* Another library's handler may have recorded already. */
	if (process->pid == pid)
		return;
	if (process->pid != 0 || process->lock != 0)
		memset(process, 0, sizeof(*process));
	/* A vfork before the first record would not be known otherwise. */
	process->pid = pid;
	kyi_thread_forget();
}

static struct kyi_process *
page_make(void)
{
	struct kyi_process *made, *is;
	int errno_before = errno;
	bool wiped;

	made = kyi_os_wipe_pages(sizeof(*made), &wiped);
	errno = errno_before;
	if (made == NULL)
		return &process_fallback;
	/* pairs(process-page), maker */
	is = kyi_claim_ptr_acq_rel(&process_page, made);
	if (is != made)
		kyi_os_unmap(made, sizeof(*made));
	return is;
}

struct kyi_process *
kyi_process(void)
{
	/* pairs(process-page), user: zeros, or what others made of them */
	struct kyi_process *process = kyi_load_ptr_acquire(&process_page);

	return process != NULL ? process : page_make();
}

/* Once in a process and its children. */
static void
start_locked(void)
{
	struct kyi_registry *registry = &kyi_registry;
	struct kyi_env *env = &registry->env;
	char item[64];
	size_t len_bytes;

	registry->started = true;
	kyi_registry_start(registry);
	kyi_env_read(env);
	kyi_say_start();
	kyi_os_random(&registry->hash_seed, sizeof(registry->hash_seed));
	pthread_atfork(NULL, NULL, fork_child);
	kyi_thread_start();
	if (env->malformed_cnt == 0)
		return;
	len_bytes = env->malformed_bytes < sizeof(item) ?
	    env->malformed_bytes : sizeof(item) - 1;
	memcpy(item, env->components + env->malformed_off, len_bytes);
	item[len_bytes] = '\0';
	kyi_say(KYI_SAY_COMPONENTS, item);
}

/* Before anything else where the loader calls us first; otherwise whoever
   comes first does it. */
static void
start(void)
{
	struct kyi_guard guard;

	if (kyi_enter(&guard))
		kyi_leave(&guard);
}

/* ---- the lock ---------------------------------------------------------- */

static void
lock(uint32_t *word)
{
	/* pairs(process-lock): what the last holder did is seen. */
	if (kyi_swap_u32_acquire(word, 1) == 0)
		return;
	/* pairs(process-lock), the same; 2: somebody waits */
	while (kyi_swap_u32_acquire(word, 2) != 0)
		kyi_os_futex_wait(word, 2);
}

static void
unlock(uint32_t *word)
{
	/* pairs(process-lock): the next holder sees all of it. */
	if (kyi_swap_u32_release(word, 0) == 2)
		kyi_os_futex_wake(word);
}

/* The first to come in this process, by whatever way it began. */
static void
enter_first(struct kyi_process *process, uint32_t pid)
{
	if (!kyi_registry.started)
		start_locked();
	else
		kyi_registry_recover(&kyi_registry);
	kyi_store_u32_relaxed(&process->pid, pid);
	if (kyi_os_random(&process->seed, sizeof(process->seed)) != 0)
		process->seed = kyi_scramble(kyi_os_mono_ns() ^
		    (uint64_t)pid << 32);
	process->entered = true;
}

static void
early_move(struct kyi_process *process)
{
	uint32_t i;

	for (i = 0; i < KYI_ERR_CNT; i++) {
		uint64_t n = kyi_load_u64_relaxed(&process->early_cnt[i]);

		if (n == 0)
			continue;
		kyi_add_u64_relaxed(&process->early_cnt[i], -n);
		kyi_count(i, n);
	}
}

bool
kyi_may_grow(const struct kyi_process *process)
{
	uint64_t grow_ns = kyi_load_u64_relaxed(&process->grow_ns);

	return grow_ns == 0 || kyi_coarse_ns() >= grow_ns;
}

void
kyi_grow_later(struct kyi_process *process)
{
	kyi_store_u64_relaxed(&process->grow_ns, kyi_coarse_ns() + KYI_RETRY_NS);
}

static void
enter_live(struct kyi_process *process)
{
	early_move(process);
	kyi_add_u64_relaxed(&kyi_region_control(&process->region)->slow_calls,
	    1);
	if (process->is_behind || process->window0 == NULL)
		kyi_region_mend(process);
}

bool
kyi_enter(struct kyi_guard *guard)
{
	struct kyi_process *process = kyi_process();
	int errno_before = errno;
	uint32_t pid = (uint32_t)getpid(), owner;
	sigset_t all;

	owner = kyi_load_u32_relaxed(&process->pid);
	if (owner != 0 && owner != pid)
		return false;
	guard->process = process;
	guard->errno_before = errno_before;
	sigfillset(&all);
	guard->is_masked =
	    pthread_sigmask(SIG_SETMASK, &all, &guard->mask) == 0;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &guard->cancel);
	lock(&process->lock);
	if (!process->entered)
		enter_first(process, pid);
	if (process->epoch != 0) {
		enter_live(process);
	} else {
		process->early_slow_cnt++;
	}
	return true;
}

void
kyi_leave(struct kyi_guard *guard)
{
	unlock(&guard->process->lock);
	pthread_setcancelstate(guard->cancel, NULL);
	if (guard->is_masked)
		pthread_sigmask(SIG_SETMASK, &guard->mask, NULL);
	errno = guard->errno_before;
}

/* ---- the region -------------------------------------------------------- */

bool
kyi_region_need(struct kyi_process *process)
{
	if (process->epoch != 0)
		return true;
	if (kyi_registry.env.off || !kyi_may_grow(process))
		return false;
	if (!kyi_region_birth(process)) {
		kyi_grow_later(process);
		kyi_say(KYI_SAY_NO_MEMORY, NULL);
		return false;
	}
	kyi_add_u64_relaxed(&kyi_region_control(&process->region)->slow_calls,
	    process->early_slow_cnt);
	/* pairs(process-epoch): who sees the number may use the region. */
	kyi_store_u32_release(&process->epoch, ++kyi_registry.epoch_last);
	early_move(process);
	return true;
}

void
kyi_full(struct kyi_process *process, const char *what)
{
	kyi_grow_later(process);
	kyi_count(KYI_ERR_FULL, 1);
	kyi_say(KYI_SAY_FULL, what);
}

/* ---- losses ------------------------------------------------------------ */

static uint64_t *
err_word(struct kyi_process *process, enum kyi_err err)
{
	/* They stand together and in this order. */
	KYI_STATIC_ASSERT(offsetof(struct kyi_control, err_badcall) ==
	    offsetof(struct kyi_control, err_full) + 8 * KYI_ERR_BADCALL,
	    "losses are an array");
	return &kyi_region_control(&process->region)->err_full + err;
}

void
kyi_count(enum kyi_err err, uint64_t n)
{
	struct kyi_process *process = kyi_process();

	if (kyi_epoch(process) != 0)
		kyi_add_u64_relaxed(err_word(process, err), n);
	else
		kyi_add_u64_relaxed(&process->early_cnt[err], n);
}

uint64_t
kyi_err_cnt(struct kyi_process *process, enum kyi_err err)
{
	uint64_t n = kyi_load_u64_relaxed(&process->early_cnt[err]);

	if (kyi_epoch(process) != 0)
		n += kyi_load_u64_relaxed(err_word(process, err));
	return n;
}
