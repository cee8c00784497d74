/* SPDX-License-Identifier: MIT */
/* What the product calls of the C library, for models (-Wl,--wrap). */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/model/memory.h"
#include "tests/model/os_fake.h"

static void (*thread_end)(void *);
static void *thread_value[MODEL_THREADS];
uint32_t model_vfork_thread;
bool model_has_ticks;
uint32_t model_poor_thread;

static uint64_t time_ns = 1000000000u, time_first_ns;

void *__real_malloc(size_t bytes);
void *__real_aligned_alloc(size_t line_bytes, size_t bytes);
void *__real_calloc(size_t cnt, size_t bytes);
void __real_free(void *at);
void *__real_realloc(void *at, size_t bytes);
void *__wrap_realloc(void *at, size_t bytes);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
void *__wrap_malloc(size_t bytes);
void *__wrap_aligned_alloc(size_t line_bytes, size_t bytes);
void *__wrap_calloc(size_t cnt, size_t bytes);
void __wrap_free(void *at);
int __real_fstat(int fd, struct stat *file);
int __real_close(int fd);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
long __wrap_syscall(long number, ...);
pid_t __wrap_getpid(void);
int __wrap_pthread_key_create(pthread_key_t *key, void (*end)(void *));
int __wrap_pthread_setspecific(pthread_key_t key, const void *value);
void *__wrap_pthread_getspecific(pthread_key_t key);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_pthread_setcancelstate(int state, int *old);
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void),
    void (*child)(void));
int __wrap_openat(int dir_fd, const char *path, int flags, ...);
int __wrap_fstatat(int dir_fd, const char *path, struct stat *file, int flags);
int __wrap_fstat(int fd, struct stat *file);
int __wrap_close(int fd);

/* What threads of a model take is gone with the run; what they free is stored
   to, so that each use of it must happen before. */
static bool
is_of_model(void)
{
	return model_running() && !model_me->is_private;
}

static uint64_t
take_it(uint64_t was, uint64_t operand)
{
	(void)was;
	(void)operand;
	return 1;
}

#define HEAD_BYTES 64u /* before what a model takes: its length */
#define LONG_BYTES (128u << 10)
#define USED_BYTES 4096u

void *
__wrap_malloc(size_t bytes)
{
	char *at;

	if (!is_of_model())
		return __real_malloc(bytes);
	if (model_poor_thread == model_thread() + 1)
		return NULL;
	at = model_memory(bytes + HEAD_BYTES);
	memcpy(at, &bytes, sizeof(bytes));
	return at + HEAD_BYTES;
}

/* Lines of a cache are what anybody asks for. */
void *
__wrap_aligned_alloc(size_t line_bytes, size_t bytes)
{
	return is_of_model() ? __wrap_malloc(bytes) :
	    __real_aligned_alloc(line_bytes, bytes);
}

void *
__wrap_calloc(size_t cnt, size_t bytes)
{
	void *at;

	if (!is_of_model())
		return __real_calloc(cnt, bytes);
	at = __wrap_malloc(cnt * bytes);
	if (at == NULL)
		return NULL;
	model_plain(at, cnt * bytes, true);
	return memset(at, 0, cnt * bytes);
}

void
__wrap_free(void *at)
{
	size_t bytes;

	if (at == NULL)
		return;
	if (!is_of_model()) {
		if (!model_is_heap(at))
			__real_free(at);
		return;
	}
	if (model_is_heap(at))
		memcpy(&bytes, (char *)at - HEAD_BYTES, sizeof(bytes));
	else
		bytes = malloc_usable_size(at);
	/* What is long is an arena of one thread, used from its begin on. */
	if (bytes > LONG_BYTES)
		bytes = USED_BYTES;
	model_plain(at, bytes, true);
	memset(at, 0xdd, bytes);
}

void *
__wrap_realloc(void *at, size_t bytes)
{
	size_t was_bytes = 0;
	void *to;

	if (!is_of_model())
		return __real_realloc(at, bytes);
	to = __wrap_malloc(bytes);
	if (at == NULL || to == NULL)
		return to;
	if (model_is_heap(at))
		memcpy(&was_bytes, (char *)at - HEAD_BYTES, sizeof(was_bytes));
	else
		was_bytes = malloc_usable_size(at);
	if (was_bytes > bytes)
		was_bytes = bytes;
	model_plain(at, was_bytes, false);
	model_plain(to, was_bytes, true);
	memcpy(to, at, was_bytes);
	__wrap_free(at);
	return to;
}

/* Its first word is all there is of it. */
int
__wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	uint32_t *word = (uint32_t *)(void *)mutex;

	if (is_of_model())
		while (model_rmw(word, 4, take_it, 0, __ATOMIC_ACQUIRE) != 0)
			model_wait(word, 1);
	return 0;
}

int
__wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	uint32_t *word = (uint32_t *)(void *)mutex;

	if (is_of_model()) {
		model_store(word, 4, 0, __ATOMIC_RELEASE);
		model_wake(word);
	}
	return 0;
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	uint64_t ns = model_time_ns(0);

	(void)clock;
	time->tv_sec = (time_t)(ns / 1000000000u);
	time->tv_nsec = (long)(ns % 1000000000u);
	return 0;
}

uint64_t
model_time_ns(uint64_t passed_ns)
{
	time_ns += passed_ns + (model_has_ticks ? 1000 : 0);
	return time_ns;
}

uint64_t model_ticks(void);
uint64_t
model_ticks(void)
{
	return model_time_ns(0) * 2;
}

/* The process of a vfork child is another. */
pid_t
__wrap_getpid(void)
{
	return model_running() && model_vfork_thread != 0 &&
	    model_thread() == model_vfork_thread ? 11 : 10;
}

/* gettid, and tgkill of a thread that is alive. */
long
__wrap_syscall(long number, ...)
{
	if (number != SYS_gettid)
		return 0;
	return model_running() ? 100 + (long)model_thread() : 99;
}

int
__wrap_pthread_key_create(pthread_key_t *key, void (*end)(void *))
{
	*key = 1;
	thread_end = end;
	return 0;
}

void *
__wrap_pthread_getspecific(pthread_key_t key)
{
	(void)key;
	return thread_value[model_thread()];
}

int
__wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
	(void)key;
	memcpy(&thread_value[model_thread()], &value, sizeof(value));
	return 0;
}

int
__wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	(void)how;
	(void)set;
	if (old != NULL)
		sigemptyset(old);
	return 0;
}

int
__wrap_pthread_setcancelstate(int state, int *old)
{
	if (old != NULL)
		*old = state;
	return 0;
}

int
__wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void),
    void (*child)(void))
{
	(void)prepare;
	(void)parent;
	(void)child;
	return 0;
}

int
__wrap_fstatat(int dir_fd, const char *path, struct stat *file, int flags)
{
	int fd = model_file_named(path);

	(void)dir_fd;
	(void)flags;
	errno = ENOENT;
	return model_file_stat(fd, file);
}

int
__wrap_openat(int dir_fd, const char *path, int flags, ...)
{
	(void)dir_fd;
	(void)flags;
	errno = ENOENT;
	return model_file_named(path);
}

int
__wrap_fstat(int fd, struct stat *file)
{
	return model_file_stat(fd, file) == 0 ? 0 : __real_fstat(fd, file);
}

int
__wrap_close(int fd)
{
	struct stat file;

	return model_file_stat(fd, &file) == 0 ? 0 : __real_close(fd);
}

void
model_threads_mark(void)
{
	time_first_ns = time_ns;
}

void
model_threads_reset(void)
{
	time_ns = time_first_ns;
	memset(thread_value, 0, sizeof(thread_value));
}

void
model_thread_ends(void)
{
	if (thread_value[model_thread()] != NULL)
		thread_end(thread_value[model_thread()]);
}
