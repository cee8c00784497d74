/* SPDX-License-Identifier: MIT */
#include "tests/prove/history_vfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/history/store_db.h"

#define SECTOR 512
#define FULL_WRITES 8

/* What a sector was before a write that is not synced. */
struct undo {
	struct undo *before;
	int64_t at;
	uint8_t bytes[SECTOR];
	int len; /* of it the file had */
};

struct cut_file {
	sqlite3_file base;
	struct cut_file *next;
	char path[512];
	struct undo *undo;
	int64_t size; /* at the last sync; -1: none since then */
	sqlite3_file *real;
};

static struct {
	enum cut_how how;
	uint64_t at, ops, random;
	sqlite3_vfs *real, vfs;
	sqlite3_io_methods methods;
	struct cut_file *files;
} cut;

static uint32_t
roll(void)
{
	cut.random = cut.random * UINT64_C(6364136223846793005) + 1;
	return (uint32_t)(cut.random >> 33);
}

static void
undo_some(const struct cut_file *file)
{
	int fd = open(file->path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	for (const struct undo *undo = file->undo; undo != NULL;
	    undo = undo->before)
		if (roll() % 2 == 0 && pwrite(fd, undo->bytes, SECTOR,
		    undo->at) != SECTOR)
			_exit(3);
	/* Its length may be the old one, too. */
	if (file->size >= 0 && roll() % 2 == 0 && ftruncate(fd,
	    file->size) != 0)
		_exit(3);
	close(fd);
}

static void
power_off(void)
{
	char shared[600];

	for (const struct cut_file *file = cut.files;
	    cut.how == CUT_POWER && file != NULL; file = file->next) {
		undo_some(file);
		/* This one is memory that processes share. */
		snprintf(shared, sizeof shared, "%.*s-shm",
		    (int)strcspn(file->path, "-"), file->path);
		unlink(shared);
	}
	_exit(0);
}

/* SQLITE_OK: go on. */
static int
op(int code)
{
	cut.ops++;
	if (cut.at == 0 || cut.ops < cut.at)
		return SQLITE_OK;
	if (cut.how == CUT_POWER || cut.how == CUT_KILL)
		power_off();
	if (cut.how == CUT_FULL)
		return cut.ops < cut.at + FULL_WRITES ? SQLITE_FULL : SQLITE_OK;
	return cut.ops == cut.at ? code : SQLITE_OK;
}

/* ---- one file -------------------------------------------------------------------- */

static struct cut_file *
of(sqlite3_file *file)
{
	return (struct cut_file *)file;
}

static void
note(struct cut_file *file, int64_t at, int64_t bytes)
{
	sqlite3_file *real = file->real;
	sqlite3_int64 size = 0;

	real->pMethods->xFileSize(real, &size);
	if (file->size < 0)
		file->size = size;
	for (at -= at % SECTOR; bytes > -SECTOR && cut.how == CUT_POWER;
	    at += SECTOR, bytes -= SECTOR) {
		struct undo *undo = calloc(1, sizeof *undo);

		if (undo == NULL)
			_exit(3);
		undo->before = file->undo;
		undo->at = at;
		real->pMethods->xRead(real, undo->bytes, SECTOR, at);
		file->undo = undo;
	}
}

static int
cut_write(sqlite3_file *file, const void *bytes, int cnt, sqlite3_int64 at)
{
	sqlite3_file *real = of(file)->real;
	int code = op(SQLITE_IOERR_WRITE);

	if (code != SQLITE_OK)
		return code;
	note(of(file), at, cnt);
	return real->pMethods->xWrite(real, bytes, cnt, at);
}

static int
cut_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	sqlite3_file *real = of(file)->real;
	sqlite3_int64 was = 0;
	int code = op(SQLITE_IOERR_TRUNCATE);

	if (code != SQLITE_OK)
		return code;
	real->pMethods->xFileSize(real, &was);
	if (was > size)
		note(of(file), size, was - size);
	return real->pMethods->xTruncate(real, size);
}

static int
cut_sync(sqlite3_file *file, int flags)
{
	int code = op(SQLITE_IOERR_FSYNC);

	(void)flags;
	if (code != SQLITE_OK)
		return code == SQLITE_FULL ? SQLITE_IOERR_FSYNC : code;
	/* On the disk now; ours need not be. */
	while (of(file)->undo != NULL) {
		struct undo *before = of(file)->undo->before;

		free(of(file)->undo);
		of(file)->undo = before;
	}
	of(file)->size = -1;
	return SQLITE_OK;
}

static int
cut_close(sqlite3_file *file)
{
	struct cut_file **at = &cut.files;
	sqlite3_file *real = of(file)->real;
	int code = real->pMethods->xClose(real);

	while (*at != NULL && *at != of(file))
		at = &(*at)->next;
	if (*at != NULL)
		*at = of(file)->next;
	while (of(file)->undo != NULL) {
		struct undo *before = of(file)->undo->before;

		free(of(file)->undo);
		of(file)->undo = before;
	}
	free(real);
	return code;
}

/* ---- what is passed on ------------------------------------------------------------- */

#define PASS(name, args, call)                                                \
	static int cut_##name args                                            \
	{                                                                     \
		sqlite3_file *real = of(file)->real;                          \
		return real->pMethods->name call;                             \
	}

PASS(xRead, (sqlite3_file *file, void *to, int cnt, sqlite3_int64 at),
    (real, to, cnt, at))
PASS(xFileSize, (sqlite3_file *file, sqlite3_int64 *size), (real, size))
PASS(xLock, (sqlite3_file *file, int lock), (real, lock))
PASS(xUnlock, (sqlite3_file *file, int lock), (real, lock))
PASS(xCheckReservedLock, (sqlite3_file *file, int *out), (real, out))
PASS(xFileControl, (sqlite3_file *file, int what, void *arg),
    (real, what, arg))
PASS(xSectorSize, (sqlite3_file *file), (real))
PASS(xShmMap, (sqlite3_file *file, int page, int bytes, int extend,
    void volatile **at), (real, page, bytes, extend, at))
PASS(xShmLock, (sqlite3_file *file, int off, int cnt, int flags),
    (real, off, cnt, flags))
PASS(xShmUnmap, (sqlite3_file *file, int remove), (real, remove))

/* Nothing is promised of writes. */
static int
cut_characteristics(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static void
cut_barrier(sqlite3_file *file)
{
	sqlite3_file *real = of(file)->real;

	real->pMethods->xShmBarrier(real);
}

static int
cut_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *out)
{
	int code;

	(void)vfs;
	memset(file, 0, sizeof(struct cut_file));
	of(file)->real = calloc(1, (size_t)cut.real->szOsFile);
	if (of(file)->real == NULL)
		return SQLITE_NOMEM;
	code = cut.real->xOpen(cut.real, name, of(file)->real, flags, out);
	if (code != SQLITE_OK) {
		free(of(file)->real);
		return code;
	}
	of(file)->size = -1;
	if (name != NULL)
		snprintf(of(file)->path, sizeof of(file)->path, "%s", name);
	of(file)->next = cut.files;
	cut.files = of(file);
	file->pMethods = &cut.methods;
	return SQLITE_OK;
}

void
cut_begin(enum cut_how how, uint64_t at, uint64_t seed)
{
	cut.how = how;
	cut.at = at;
	cut.random = seed * 2 + 1;
	cut.real = sqlite3_vfs_find(NULL);
	cut.methods = (sqlite3_io_methods){ .iVersion = 2,
		.xClose = cut_close, .xRead = cut_xRead, .xWrite = cut_write,
		.xTruncate = cut_truncate, .xSync = cut_sync,
		.xFileSize = cut_xFileSize, .xLock = cut_xLock,
		.xUnlock = cut_xUnlock,
		.xCheckReservedLock = cut_xCheckReservedLock,
		.xFileControl = cut_xFileControl,
		.xSectorSize = cut_xSectorSize,
		.xDeviceCharacteristics = cut_characteristics,
		.xShmMap = cut_xShmMap, .xShmLock = cut_xShmLock,
		.xShmBarrier = cut_barrier, .xShmUnmap = cut_xShmUnmap };
	cut.vfs = *cut.real;
	cut.vfs.zName = "cut";
	cut.vfs.szOsFile = (int)sizeof(struct cut_file);
	cut.vfs.xOpen = cut_open;
	cut.vfs.pNext = NULL;
	sqlite3_vfs_register(&cut.vfs, 1);
}

uint64_t
cut_ops(void)
{
	return cut.ops;
}
