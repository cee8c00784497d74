/* SPDX-License-Identifier: MIT */
/* What the product calls of the C library, for models (-Wl,--wrap). */
#include <errno.h>
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

int __real_fstat(int fd, struct stat *file);
int __real_close(int fd);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
long __wrap_syscall(long number, ...);
pid_t __wrap_getpid(void);
int __wrap_pthread_key_create(pthread_key_t *key, void (*end)(void *));
int __wrap_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_pthread_setcancelstate(int state, int *old);
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void),
    void (*child)(void));
int __wrap_openat(int dir_fd, const char *path, int flags, ...);
int __wrap_fstatat(int dir_fd, const char *path, struct stat *file, int flags);
int __wrap_fstat(int fd, struct stat *file);
int __wrap_close(int fd);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	(void)clock;
	time->tv_sec = 1;
	time->tv_nsec = 0;
	return 0;
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
model_threads_reset(void)
{
	memset(thread_value, 0, sizeof(thread_value));
}

void
model_thread_ends(void)
{
	if (thread_value[model_thread()] != NULL)
		thread_end(thread_value[model_thread()]);
}
