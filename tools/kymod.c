/* SPDX-License-Identifier: MIT */
/* kymod: reads the regions of all processes and serves what they say. Here: its
   command line, and putting the parts together. */
#include "tools/kymod_health.h"
#include "tools/kymod_profile.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define EXIT_TROUBLE 1
#define EXIT_USAGE 2

static const char help[] =
	"usage: kymod [OPTION]..\n"
	"\n"
	"Reads what the programs of this machine count in shared memory, and serves it\n"
	"at http://127.0.0.1:9779/metrics. The totals of programs that ended are kept.\n"
	"\n"
	"  -c, --config FILE        this configuration (" KYMOD_CONFIG ",\n"
	"                           if it is there); what follows goes before it\n"
	"  -l, --listen ADDR        HOST:PORT, [V6]:PORT, :PORT (loopback) or none;\n"
	"                           may repeat\n"
	"  -d, --dir DIR            regions are in DIR; may repeat (the usual:\n"
	"                           $KYMO_DIR, /run/kymo, $XDG_RUNTIME_DIR/kymo,\n"
	"                           /dev/shm/kymo-UID)\n"
	"  -i, --collection-interval 1s\n"
	"                           how often to read them; 50ms to 1m\n"
	"  -s, --state PATH         the database of the dead; memory: nowhere\n"
	"      --log-level LEVEL    debug, info, warn, error\n"
	"      --check              only say whether the configuration is good, its\n"
	"                           rule files and its routes\n"
	"  -V, --version            which kymod this is\n"
	"  -h, --help               this\n"
	"\n"
	"SIGHUP and POST /-/reload read the configuration again; a bad one changes\n"
	"nothing. SIGTERM and SIGINT end it. Exit: 0 ended so; 1 cannot start; 2 usage.\n"
	"\n"
	"  kymod --dir /run/kymo --listen :9779\n";

static int __attribute__((format(printf, 1, 2)))
usage(const char *format, ...)
{
	va_list args;

	fputs("kymod: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; see kymod --help\n", stderr);
	return EXIT_USAGE;
}

static void *
must(void *memory)
{
	if (!memory) {
		fputs("kymod: out of memory\n", stderr);
		exit(EXIT_TROUBLE);
	}
	return memory;
}

/* ---- the command line ------------------------------------------------------------ */

static int
listen_option(struct kyi_options *options, const char *text)
{
	struct kymo_error error = {""};

	if (strcmp(text, "none") == 0) {
		options->listen_none = true;
		return 0;
	}
	options->listen = must(reallocarray(options->listen,
		options->listen_cnt + 1u, sizeof(options->listen[0])));
	if (kymo_listen_parse(&options->listen[options->listen_cnt], text,
		&error) != 0)
		return usage("--listen: %s", error.text);
	options->listen_cnt++;
	return 0;
}

static int
interval_option(struct kyi_options *options, const char *text)
{
	struct kymo_error error = {""};
	uint64_t ns;

	if (kymo_duration_parse(&ns, text, &error) != 0)
		return usage("--collection-interval: %s", error.text);
	if (ns < 50000000u || ns > 60000000000u)
		return usage("--collection-interval is 50ms to 1m");
	options->scan_interval_ns = ns;
	return 0;
}

static int
level_option(struct kyi_options *options, const char *text)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};

	for (int i = 0; i < 4; i++) {
		if (strcmp(levels[i], text) == 0) {
			options->log_level = i;
			return 0;
		}
	}
	return usage("no log level '%s'; there are debug, info, warn, error",
	    text);
}

enum { OPTION_LEVEL = 256, OPTION_CHECK };

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"listen", required_argument, NULL, 'l'},
	{"dir", required_argument, NULL, 'd'},
	{"collection-interval", required_argument, NULL, 'i'},
	{"scan-interval", required_argument, NULL, 'i'}, /* as it was called */
	{"state", required_argument, NULL, 's'},
	{"log-level", required_argument, NULL, OPTION_LEVEL},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"check-config", no_argument, NULL, OPTION_CHECK},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0}
};

static int
option_take(struct kyi_options *options, int option, char **argv)
{
	switch (option) {
	case 'c': options->config_path = optarg; return 0;
	case 'l': return listen_option(options, optarg);
	case 'd':
		options->dirs = must(reallocarray(options->dirs,
			options->dir_cnt + 1u, sizeof(options->dirs[0])));
		options->dirs[options->dir_cnt++] = optarg;
		return 0;
	case 'i': return interval_option(options, optarg);
	case 's':
		options->state_path = strcmp(optarg, "memory") ? optarg : "";
		return 0;
	case OPTION_LEVEL: return level_option(options, optarg);
	case OPTION_CHECK: options->check_config = true; return 0;
	case ':': return usage("%s wants a value", argv[optind - 1]);
	default: return usage("no option %s", argv[optind - 1]);
	}
}

/* options_read returns -1 to go on, or an exit code. */
static int
options_read(struct kyi_options *options, int argc, char **argv)
{
	int option, wrong;

	while ((option = getopt_long(argc, argv, ":c:l:d:i:s:Vh", long_options,
		NULL)) != -1) {
		if (option == 'h' || option == 'V') {
			fputs(option == 'h' ? help :
			    "kymod " PACKAGE_VERSION "\n", stdout);
			return fflush(stdout) == 0 ? 0 : EXIT_TROUBLE;
		}
		wrong = option_take(options, option, argv);
		if (wrong)
			return wrong;
	}
	if (optind < argc)
		return usage("'%s' is one too many", argv[optind]);
	if (options->listen_none && options->listen_cnt)
		return usage("--listen none goes alone");
	return -1;
}

/* ---- starting -------------------------------------------------------------------- */

/* A file a region and a client each: take what the machine allows us. */
static void
files_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Before there are threads, which would take the signals. */
static int
signals_take(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void
warn(void *to, const char *text)
{
	kyi_log(KYMO_LOG_WARN, "%s", text);
}

/* A path that somebody asked for must work; without the usual one kymod is
   still of use. */
static struct kymo_model *
model_make(struct kyi_kymod *kymod, struct kymo_error *error)
{
	const struct kyi_settings *settings = &kymod->settings;
	struct kymo_model_options options = {
		.state_path = *settings->state_path ? settings->state_path : NULL,
		.series_max = settings->series_max, .with_process = true,
		.with_own = true, .warn = warn
	};
	struct kymo_model *model = kymo_model_new(&options, error);

	if (!model && options.state_path && settings->state_is_default) {
		kyi_log(KYMO_LOG_WARN, "%s; totals of the dead are kept in memory "
		    "only, and lost when kymod ends (state: or --state PATH "
		    "for another place)", error->text);
		options.state_path = NULL;
		model = kymo_model_new(&options, error);
	}
	kymod->series_max = settings->series_max;
	snprintf(kymod->state_path, sizeof(kymod->state_path), "%s",
	    options.state_path ? options.state_path : "");
	if (model && options.state_path)
		kyi_log(KYMO_LOG_INFO, "totals of the dead are kept in %s",
		    options.state_path);
	else if (model && !settings->state_is_default)
		kyi_log(KYMO_LOG_INFO, "totals of the dead are kept in memory");
	return model;
}

static void
watching_tell(const struct kyi_kymod *kymod)
{
	double interval_s = (double)kymod->settings.scan_interval_ns / 1e9;
	const char *dir;

	if (kymod->settings.config->disabled) {
		kyi_log(KYMO_LOG_INFO, "enabled: false; nothing is collected");
		return;
	}
	for (uint32_t i = 0; (dir = kymo_watch_dir(kymod->watch, i)); i++)
		kyi_log(KYMO_LOG_INFO, "watching %s, every %g s", dir,
		    interval_s);
}

static int
parts_make(struct kyi_kymod *kymod)
{
	struct kyi_settings *settings = &kymod->settings;
	struct kymo_error error = {""};

	kymod->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	kymod->ask = kyi_ask_new();
	kymod->reload = kyi_reload_new(kymod);
	if (kymod->signal_fd < 0 || kymod->epoll_fd < 0 || !kymod->ask ||
	    !kymod->reload) {
		kyi_log(KYMO_LOG_ERROR, "no descriptors: %s", strerror(errno));
		return -1;
	}
	kyi_deaths_init(&kymod->deaths, kymod->epoll_fd);
	kymod->watch = kyi_kymod_watch(settings, &error);
	if (kymod->watch) {
		watching_tell(kymod);
		kymod->model = model_make(kymod, &error);
	}
	if (kymod->model) {
		kyi_settings_state_is(settings, kymod->state_path);
		kymo_model_filter(kymod->model, kyi_component_shown,
		    &kymod->settings);
		kymod->components = kyi_components_make(settings);
		if (!kymod->components)
			kymo_error_set(&error, "out of memory");
	}
	if (kymod->components)
		kymod->detection = kyi_detection_open(settings, kymod->model,
		    kymod->state_path, &error);
	if (kymod->detection)
		kymod->history = kyi_history_open(settings, &error);
	if (kymod->history)
		kymod->alerting = kyi_alerting_open(settings,
		    kymod->state_path, &error);
	if (kymod->alerting)
		kymod->profiles = kyi_profiles_open(settings,
		    kymod->state_path, &error);
	if (kymod->profiles && kyi_alerting_know(kymod->alerting,
		kyi_history_of(kymod->history), kymod->model,
		kymod->profiles, &error) == 0)
		kymod->rules = kyi_rules_open(settings,
		    kyi_history_of(kymod->history), kymod->state_path,
		    kymod->alerting, kymod->detection, kymod->profiles, &error);
	if (kymod->rules)
		kymod->health = kyi_health_open(settings, kymod->state_path,
		    kymod->model, kyi_history_of(kymod->history), &error);
	if (kymod->health)
		kyi_detection_health(kymod->detection, kymod->health);
	/* Also where it listens nowhere: a reload may want it to. */
	if (kymod->health)
		kymod->serve = kyi_kymod_serve(kymod, settings, &error);
	if (!kymod->serve) {
		kyi_log(KYMO_LOG_ERROR, "cannot start: %s", error.text);
		return -1;
	}
	kyi_kymod_listening(settings);
	return 0;
}

static void
parts_free(struct kyi_kymod *kymod)
{
	/* One that is under way ends, before those whom it changes do. */
	kyi_reload_delete(kymod->reload);
	if (kymod->ask)
		kyi_ask_close(kymod->ask);
	if (kymod->serve)
		kymo_serve_delete(kymod->serve);
	kyi_detection_health(kymod->detection, NULL);
	kyi_health_close(kymod->health);
	kyi_rules_close(kymod->rules);
	kyi_alerting_close(kymod->alerting);
	kyi_profiles_close(kymod->profiles);
	kyi_history_close(kymod->history);
	kyi_detection_close(kymod->detection);
	kyi_components_free(kymod->components);
	kyi_ask_delete(kymod->ask);
	if (kymod->model)
		kymo_model_delete(kymod->model);
	if (kymod->watch)
		kymo_watch_delete(kymod->watch);
	kyi_deaths_free(&kymod->deaths);
	free(kymod->retire);
	close(kymod->epoll_fd);
	close(kymod->signal_fd);
	kyi_settings_free(&kymod->settings);
}

static int
run(const struct kyi_options *options)
{
	struct kyi_kymod kymod = {.options = options};
	struct kymo_error error = {""};
	int status = EXIT_TROUBLE;

	if (kyi_settings_load(&kymod.settings, options, &error) != 0) {
		kyi_log(KYMO_LOG_ERROR, "%s", error.text);
		kyi_settings_free(&kymod.settings);
		return EXIT_TROUBLE;
	}
	kyi_log_level(kymod.settings.log_level);
	kymod.signal_fd = signals_take();
	kyi_log(KYMO_LOG_INFO, "kymod " PACKAGE_VERSION ", pid %d, %s",
	    (int)getpid(), kymod.settings.config_path ?
	    kymod.settings.config_path : "no configuration file");
	if (parts_make(&kymod) == 0) {
		kyi_metrics_init(kymod.settings.dir_cnt ?
		    kymod.settings.dirs[0] : NULL);
		kyi_metrics_rules_loaded(kyi_rules_cnt(kymod.rules));
		status = kyi_kymod_loop(&kymod);
	}
	parts_free(&kymod);
	if (status == 0)
		kyi_log(KYMO_LOG_INFO, "ended");
	return status;
}

int
main(int argc, char **argv)
{
	struct kyi_options options = {.log_level = -1};
	int status;

	kyi_log_init();
	status = options_read(&options, argc, argv);
	if (status < 0) {
		files_raise();
		status = options.check_config ? kyi_kymod_check(&options) :
		    run(&options);
	}
	free(options.listen);
	free(options.dirs);
	return status;
}
