/* SPDX-License-Identifier: MIT */
/* kymo record: a run of a command, or of what runs already, in a file. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/config/config.h"
#include "reader/export/run.h"
#include "tools/kymo_run.h"

#define NAME_BYTES_MAX 200u
#define WAIT_MS_MAX 2000

struct record {
	struct kyi_run run;
	const char *path;
	bool append;
};

/* kymo record mark NAME: to the kymo record that started us. */
static int
mark(int argc, char **argv)
{
	const char *path = getenv("KYMO_RECORD");
	char line[NAME_BYTES_MAX + 2];
	size_t bytes;
	int fd, waiting = 0;

	if (argc != 3 || !*argv[2] || strlen(argv[2]) > NAME_BYTES_MAX ||
	    strchr(argv[2], '\n'))
		return kyi_usage(&kyi_verb_record, "mark NAME: one name, at most "
		    "%u bytes, in one line", NAME_BYTES_MAX);
	if (!path)
		return kyi_trouble("nobody records: $KYMO_RECORD is not set (it is "
		    "for what kymo record runs, or name its --marks PATH)");
	/* Without a reader this is an error, not a wait. */
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return kyi_trouble("%s: %s", path, strerror(errno));
	bytes = (size_t)snprintf(line, sizeof(line), "%s\n", argv[2]);
	if (write(fd, line, bytes) != (ssize_t)bytes) {
		int why = errno;

		close(fd);
		return kyi_trouble("%s: %s", path, strerror(why));
	}
	/* What is counted from now on is of the new phase. */
	for (int i = 0; i < WAIT_MS_MAX && ioctl(fd, FIONREAD, &waiting) == 0 &&
	    waiting > 0; i++)
		poll(NULL, 0, 1);
	close(fd);
	return KYI_EXIT_OK;
}

static int
duration(uint64_t *to_ns, const char *option, const char *text)
{
	struct kymo_error error = { "" };

	if (kymo_duration_parse(to_ns, text, &error) != 0)
		return kyi_usage(&kyi_verb_record, "%s: %s", option, error.text);
	if (*to_ns < 1000000u)
		return kyi_usage(&kyi_verb_record, "%s: at least 1ms", option);
	return KYI_EXIT_OK;
}

enum { OPTION_FOR = 256, OPTION_MARKS, OPTION_APPEND };

static int
options_read(struct record *record, int argc, char **argv)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'},
		{"interval", required_argument, NULL, 'i'},
		{"phase", required_argument, NULL, 'P'},
		{"pid", required_argument, NULL, 'p'},
		{"instance", required_argument, NULL, 'p'},
		{"dir", required_argument, NULL, 'd'},
		{"for", required_argument, NULL, OPTION_FOR},
		{"marks", required_argument, NULL, OPTION_MARKS},
		{"append", no_argument, NULL, OPTION_APPEND},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	struct kyi_run *run = &record->run;
	int option, wrong = KYI_EXIT_OK;

	while (wrong == KYI_EXIT_OK && (option = getopt_long(argc, argv,
		"+:o:i:P:p:d:h", options, NULL)) != -1)
		switch (option) {
		case 'o': record->path = optarg; break;
		case 'i':
			wrong = duration(&run->interval_ns, "--interval", optarg);
			break;
		case 'P': run->phase = optarg; break;
		case 'p': kyi_list_add(&run->words, optarg); break;
		case 'd': kyi_list_add(&run->dirs, optarg); break;
		case OPTION_FOR:
			wrong = duration(&run->for_ns, "--for", optarg);
			break;
		case OPTION_MARKS: run->marks_path = optarg; break;
		case OPTION_APPEND: record->append = true; break;
		case 'h': return kyi_help(&kyi_verb_record);
		default:
			return kyi_option_wrong(&kyi_verb_record, argv, option);
		}
	if (wrong != KYI_EXIT_OK)
		return wrong;
	if (!record->path)
		return kyi_usage(&kyi_verb_record, "where to? -o FILE");
	if (optind < argc)
		run->command = argv + optind;
	if (!run->command == !run->words.cnt)
		return kyi_usage(&kyi_verb_record, "either -- CMD.. or --pid PID");
	return -1;
}

/* Where a run is to be appended: behind what is whole of those that are there. */
static int
append_at(struct record *record)
{
	struct kymo_error error = { "" };
	struct stat st;
	int fd = record->run.to_fd;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return KYI_EXIT_OK;
	/* Two who write in turns would be no run for anybody. */
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return kyi_trouble("%s: another kymo record writes it",
		    record->path);
	if (!record->append)
		return KYI_EXIT_OK;
	if (kymo_runs_whole(fd, record->path, &record->run.keep_bytes,
		&error) != 0)
		return kyi_trouble("%s", error.text);
	if (record->run.keep_bytes < (uint64_t)st.st_size)
		fprintf(stderr, "kymo: %s: its last run was cut; the last %llu "
		    "bytes, no whole look, make room\n", record->path,
		    (unsigned long long)st.st_size -
		    record->run.keep_bytes);
	return KYI_EXIT_OK;
}

/* made: it was not there before. */
static int
file_open(struct record *record, bool *made)
{
	int *fd = &record->run.to_fd;
	struct stat st;
	bool is_file = stat(record->path, &st) != 0 || S_ISREG(st.st_mode);
	int flags = O_CLOEXEC | (record->append && is_file ? O_RDWR | O_APPEND :
	    O_WRONLY);

	*fd = open(record->path, flags | O_CREAT | O_EXCL, 0666);
	*made = *fd >= 0;
	if (*fd < 0 && errno == EEXIST)
		*fd = open(record->path, flags | O_CREAT, 0666);
	return *fd < 0 ? kyi_trouble("%s: %s", record->path, strerror(errno)) :
	    append_at(record);
}

static int
record_to_file(struct record *record)
{
	struct kyi_run *run = &record->run;
	bool made;
	int status = file_open(record, &made);

	if (status == KYI_EXIT_OK)
		status = kyi_run(run);
	/* What did not begin leaves nothing. */
	if (made && !run->begun)
		unlink(record->path);
	if (run->to_fd >= 0 && close(run->to_fd) != 0 && status == KYI_EXIT_OK)
		status = kyi_trouble("%s: %s", record->path, strerror(errno));
	return status == KYI_EXIT_OK ? run->status : status;
}

static int
record(int argc, char **argv)
{
	struct record record = { .run.interval_ns = 1000000000u };
	int status;

	if (argc > 1 && strcmp(argv[1], "mark") == 0)
		return mark(argc, argv);
	status = options_read(&record, argc, argv);
	if (status < 0)
		status = record_to_file(&record);
	free(record.run.words.at);
	free(record.run.dirs.at);
	kyi_run_die(&record.run);
	return status;
}

const struct kyi_verb kyi_verb_record = {
	"record", "keeps a run of a command in a file, for kymo diff", record,
	"usage: kymo record -o FILE [OPTION].. [--] CMD [ARGUMENT]..\n"
	"       kymo record -o FILE [OPTION].. --pid PID\n"
	"       kymo record mark NAME\n"
	"\n"
	"Runs CMD and writes what its metrics, and those of all that it starts, say\n"
	"each second, and at its end. They are in a directory of their own meanwhile\n"
	"(KYMO_DIR), so kymod does not see them. Or watches what runs already, until it\n"
	"ends or Ctrl-C. What was written stays whatever dies. mark, called by what CMD\n"
	"runs, begins a phase: kymo diff --phase compares those of one name.\n"
	"\n"
	"  -o, --output FILE    write here, anew\n"
	"      --append         ..or behind the runs that are there: diff then takes\n"
	"                       runs for what varies\n"
	"  -i, --interval TIME  how often to look (1s)\n"
	"  -P, --phase NAME     the first phase\n"
	"  -p, --pid PID        watch this process; or --instance SERVICE, FILE, as kymo\n"
	"                       dump takes them; may repeat\n"
	"      --for TIME       end after so long; a CMD gets SIGTERM\n"
	"      --marks PATH     a pipe to make, that takes a line a phase\n"
	"  -d, --dir DIR        look here for --pid; may repeat\n"
	"  -h, --help           this\n"
	"\n"
	"Exit: CMD's, 128 and the signal if one killed it; else 0; 1 nothing matches;\n"
	"2 usage; 3 could not run, or not write.\n"
	"\n"
	"  kymo record -o before.run -- ./bench\n"
	"  kymo record -o shop.run --pid 4711 --for 5m\n"
};
