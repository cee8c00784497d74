/* SPDX-License-Identifier: MIT */
/* A reader is stopped while others write. It copies a region by pread and
   looks at its own copy only, so where it can be stopped so that it matters is
   between two of its preads:

	calls  before each pread of a scan: 1 to 20 whole writes of a kind,
	       then the scan goes on. All places, all numbers.
	words  a pread copies words of 8 bytes in any order (forward, backward,
	       shuffled). 1 to 20 whole writes between two words, at places
	       that are spread over a scan; and, from there on, again and again
	       between words until there were 2,000. No kernel that we know
	       copies so; nothing promises that none does.

   What a scan shows must have been whole at one moment between its begin and
   its end: see the contract of seen in readers.h. The reader is the library's
   own code, linked with --wrap=kyi_os_pread; the writer is libkymo, of this
   process.

	readers [quick] [only NAME] */
#include <sys/mman.h>

#include "tests/prove/readers.h"

#include "shm/atomic.h"

#define WRITE_CNT_MAX 20u
#define SCAN_WRITE_MAX 2000u

int64_t __real_kyi_os_pread(int fd, void *to, uint64_t len_bytes, uint64_t off);
int64_t __wrap_kyi_os_pread(int fd, void *to, uint64_t len_bytes, uint64_t off);

static bool quick;

/* One row, shared with the children that make it. */
static struct row {
	uint64_t scans, writes, stops, fresh, torn, lost, doubled, unsound;
	/* Where the next child goes on. */
	uint64_t next;
	bool is_through;
	char first[256]; /* what was wrong first */
} *row;

static const struct readers_kind *
kind_at(uint32_t i)
{
	return i < readers_kind_cnt ? &readers_kinds[i] :
	    &readers_events[i - readers_kind_cnt];
}

static uint64_t
random_below(uint64_t n)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % n;
}

/* ---- the writer ------------------------------------------------------------- */

static const struct readers_kind *writing;
static uint64_t made_cnt, scan_budget;

/* Whole writes, no more than the process or the scan may have. */
static void
write_some(uint64_t cnt)
{
	for (; cnt > 0 && scan_budget > 0; cnt--, scan_budget--) {
		if (writing->write_max != 0 && made_cnt >= writing->write_max)
			return;
		writing->write(++made_cnt);
		row->writes++;
	}
}

/* ---- the reader, stopped ------------------------------------------------------ */

static struct {
	bool is_scanning;
	uint64_t at;        /* preads, or words, of this scan so far */
	uint64_t stop_at;   /* which to stop before first.. */
	uint64_t cnt;       /* ..and how many writes to make then */
	uint64_t gap;       /* words: to the next stop, at most; 0: none */
	uint32_t order;
	const uint8_t *map; /* words: the file */
} plan;

static uint64_t *order;
static uint64_t order_room;

/* The words' places in a copy, in the order of this scan. */
static void
order_make(uint64_t word_cnt)
{
	uint64_t i, k, at;

	if (word_cnt > order_room) {
		order_room = word_cnt * 2;
		order = realloc(order, order_room * sizeof(*order));
		if (order == NULL)
			prove_die("memory");
	}
	for (i = 0; i < word_cnt; i++)
		order[i] = plan.order == 1 ? word_cnt - 1 - i : i;
	for (i = word_cnt; i > 1 && plan.order == 2; i--) {
		k = random_below(i);
		at = order[i - 1];
		order[i - 1] = order[k];
		order[k] = at;
	}
}

static void
stop_here(void)
{
	if (plan.at++ != plan.stop_at)
		return;
	row->stops++;
	write_some(plan.cnt);
	if (plan.gap == 0)
		return;
	plan.cnt = 1 + random_below(WRITE_CNT_MAX);
	plan.stop_at = plan.at + random_below(plan.gap);
}

static void
copy_words(uint8_t *to, uint64_t len_bytes, uint64_t off)
{
	uint64_t from = off / 8, word_cnt = (off + len_bytes + 7) / 8 - from;
	uint64_t i;

	order_make(word_cnt);
	for (i = 0; i < word_cnt; i++) {
		uint64_t at = (from + order[i]) * 8, word, skip, bytes;

		stop_here();
		word = kyi_load_u64_relaxed((uint64_t *)(uintptr_t)
		    (plan.map + at));
		skip = at < off ? off - at : 0;
		bytes = at + 8 > off + len_bytes ? off + len_bytes - at : 8;
		memcpy(to + at + skip - off, (uint8_t *)&word + skip,
		    bytes - skip);
	}
}

int64_t
__wrap_kyi_os_pread(int fd, void *to, uint64_t len_bytes, uint64_t off)
{
	if (plan.is_scanning && readers_by_words) {
		copy_words(to, len_bytes, off);
		return (int64_t)len_bytes;
	}
	if (plan.is_scanning)
		stop_here();
	return __real_kyi_os_pread(fd, to, len_bytes, off);
}

/* ---- one scan ------------------------------------------------------------------ */

static struct kymo_region *region;
static char path[512];

static void __attribute__((format(printf, 2, 3)))
wrong(uint64_t *cnt, const char *format, ...)
{
	va_list list;

	(*cnt)++;
	if (row->first[0] != '\0')
		return;
	va_start(list, format);
	vsnprintf(row->first, sizeof(row->first), format, list);
	va_end(list);
}

static void
take_fault(void *to, uint64_t off, const char *text)
{
	(void)to;
	wrong(&row->unsound, "at %" PRIu64 ": %s", off, text);
}

static void
scan(void)
{
	uint64_t first = made_cnt;
	struct kymo_error error;
	int64_t seen;
	int result;

	plan.at = 0;
	scan_budget = writing->scan_max != 0 ? writing->scan_max :
	    SCAN_WRITE_MAX;
	plan.is_scanning = true;
	result = kymo_region_scan(region, KYMO_SCAN_VALUES | KYMO_SCAN_EVENTS,
	    &error);
	plan.is_scanning = false;
	row->scans++;
	if (result != 0) {
		wrong(&row->unsound, "%s", error.text);
		return;
	}
	if (kymo_region_info(region)->losses.bad_records != 0) {
		kymo_region_check(path, take_fault, NULL, &error);
		wrong(&row->unsound, "scan %" PRIu64 ": bad records",
		    row->scans);
		return;
	}
	seen = writing->seen(region, first, made_cnt);
	row->fresh += seen > (int64_t)first;
	if (seen < 0)
		wrong(&row->torn, "torn between %" PRIu64 " and %" PRIu64,
		    first, made_cnt);
	else if ((uint64_t)seen < first)
		wrong(&row->lost, "%" PRId64 " of %" PRIu64, seen, first);
	else if ((uint64_t)seen > made_cnt)
		wrong(&row->doubled, "%" PRId64 " of %" PRIu64, seen,
		    made_cnt);
}

/* ---- all scans of a row ---------------------------------------------------------- */

/* A process with a region in which there is something of each kind, of the row's
   last: all that its ring gets from then on is of that. */
static void
begin(const struct readers_kind *kind)
{
	uint32_t i;
	struct kymo_error error;
	struct stat file;
	uint64_t n;
	void *map;
	int fd;

	for (i = 0; i < readers_kind_cnt + readers_event_cnt; i++)
		if (kind_at(i) != kind)
			kind_at(i)->write(1);
	writing = kind;
	for (n = 1; n <= 3; n++)
		kind->write(n);
	made_cnt = 3;
	if (!peek_find(prove_dir(), (uint32_t)getpid(), path, sizeof(path)) ||
	    kymo_region_open_path(&region, path, &error) != 0)
		prove_die(path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &file) != 0)
		prove_die(path);
	map = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		prove_die("mmap");
	plan.map = map;
}

static bool
has_room(void)
{
	return writing->write_max == 0 || made_cnt < writing->write_max;
}

/* Each place by each number of writes; a scan too many tells that there are no
   more places. */
static void
scan_calls(void)
{
	uint64_t step = !quick ? 1 : writing->write_max == 0 ? 7 : 19;

	for (; !row->is_through && has_room(); row->next += step) {
		uint64_t stop_at = row->next / WRITE_CNT_MAX;

		plan.stop_at = stop_at;
		plan.cnt = row->next % WRITE_CNT_MAX + 1;
		scan();
		row->is_through = plan.at < stop_at;
	}
}

static void
scan_words(void)
{
	static const uint64_t gaps[] = { 0, 1, 16, 64 };
	uint64_t scan_cnt = !quick ? 6000 : writing->write_max == 0 ? 48 : 24;
	uint64_t word_cnt;

	plan.stop_at = UINT64_MAX;
	scan();
	for (; row->next < scan_cnt && has_room(); row->next++) {
		word_cnt = plan.at;
		/* Spread evenly, however many there will be. */
		plan.stop_at = row->next * 2654435769u % (1ull << 32) *
		    word_cnt >> 32;
		plan.cnt = 1 + random_below(WRITE_CNT_MAX);
		plan.order = row->next % 3;
		plan.gap = gaps[row->next / 3 % 4];
		scan();
	}
	row->is_through = row->next >= scan_cnt;
}

static void
show(const struct readers_kind *kind)
{
	bool ok = true;
	pid_t pid;

	memset(row, 0, sizeof(*row));
	while (ok && !row->is_through) {
		prove_clean();
		pid = fork();
		if (pid == 0) {
			begin(kind);
			if (readers_by_words)
				scan_words();
			else
				scan_calls();
			_exit(0);
		}
		ok = prove_child(pid) == 0;
	}
	ok = ok && row->fresh > 0 &&
	    row->torn + row->lost + row->doubled + row->unsound == 0;
	printf("readers/%s/%s scans=%" PRIu64 " stops=%" PRIu64 " writes=%"
	    PRIu64 " newer_seen=%" PRIu64 " torn=%" PRIu64 " lost=%" PRIu64
	    " doubled=%" PRIu64 " unsound=%" PRIu64 " ok=%d\n",
	    readers_by_words ? "words" : "calls", kind->name, row->scans,
	    row->stops, row->writes, row->fresh, row->torn, row->lost,
	    row->doubled, row->unsound, ok);
	fflush(stdout);
	if (!ok)
		fprintf(stderr, "%s: %s\n", kind->name, row->first);
}

int
main(int argc, char **argv)
{
	const char *only = NULL;
	uint32_t i, words;
	int arg;

	for (arg = 1; arg < argc; arg++)
		if (strcmp(argv[arg], "quick") == 0)
			quick = true;
		else if (strcmp(argv[arg], "only") == 0 && arg + 1 < argc)
			only = argv[++arg];
	row = mmap(NULL, sizeof(*row), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (row == MAP_FAILED)
		prove_die("mmap");
	for (words = 0; words < 2; words++) {
		readers_by_words = words == 1;
		for (i = 0; i < readers_kind_cnt + readers_event_cnt; i++)
			if (only == NULL ||
			    strcmp(only, kind_at(i)->name) == 0)
				show(kind_at(i));
	}
	return 0;
}
