// SPDX-License-Identifier: MIT
/*
 * The `bpf` source: takes records from the ring of the watch program at the right time.
 *
 * Waking up costs more than all else (17 µs for each wake-up, 1 µs for a record), so the program
 * wakes the reader once, and then leaves it alone:
 *
 *	asleep    nothing is due; the next record wakes us, and is read at once
 *	waiting   the ring is read `latency` later, with what has gathered by then
 *
 * After a read that found something the next one is due `latency` later; after one that found
 * nothing we go to sleep. So a storm costs 50 wake-ups a second, an idle machine none, and what
 * happens alone is told at once. Where the owner wants less than a millisecond, every record wakes.
 *
 * Every record says how many events had been lost when it was written. When that has grown, a gap
 * record is handed out before it; that way gaps stand where they happened and their numbers are
 * exact. Losses with no record after them are seen when the ring is empty.
 */
#include "source/bpf.h"

#include "bpf/hooks/user.h"
#include "bpf/watch/user.h"
#include "source/bpf-decode.h"

enum { BATCH = 2048 }; /* records handed out in one call of dispatch */

#define DEFAULT_LATENCY UINT64_C(20000000)
#define URGENT_LATENCY	UINT64_C(1000000)
#define NEVER		UINT64_MAX

struct bpf_source {
	struct source source;
	struct watch *watch;
	struct bpf_decoder *decoder;
	struct event_sink sink;
	uint64_t latency, due;
	uint32_t types, at_once; /* EVENT_BIT()s: asked for, and told at once */
	bool urgent;
	uint32_t lost;	  /* of which gap records have told */
	uint64_t skipped; /* the same */
	uint64_t last;	  /* boottime of the last record */
	uint64_t causes[WATCH_CAUSES];
	char reason[128];
};

static struct bpf_source *of(struct source *source)
{
	return (struct bpf_source *)source;
}

static uint32_t wants(uint32_t types)
{
	static const uint32_t records[EVENT_TYPES] = {
		[EVENT_EXEC] = WATCH_WANT(WATCH_EXEC),
		[EVENT_FORK] = WATCH_WANT(WATCH_FORK),
		[EVENT_EXIT] = WATCH_WANT(WATCH_EXIT),
		[EVENT_COREDUMP] = WATCH_WANT(WATCH_EXIT),
		[EVENT_SETUID] = WATCH_WANT(WATCH_IDS) | WATCH_WANT_UID,
		[EVENT_SETGID] = WATCH_WANT(WATCH_IDS) | WATCH_WANT_GID,
		[EVENT_CHDIR] = WATCH_WANT(WATCH_CHDIR),
		[EVENT_OOM] = WATCH_WANT(WATCH_OOM),
		[EVENT_FAILED] = WATCH_WANT(WATCH_FAILED),
	};
	uint32_t wanted = 0;

	for (size_t i = 0; i < EVENT_TYPES; i++)
		if (types & EVENT_BIT(i))
			wanted |= records[i];
	return wanted;
}

static int bpf_set_types(struct source *source, uint32_t types, struct error *err)
{
	struct bpf_source *bpf = of(source);
	uint32_t wanted = wants(types);
	int r = watch_want(bpf->watch, wanted, bpf->urgent ? wanted : wants(types & bpf->at_once),
			   err);

	if (r < 0)
		return r;
	bpf->types = types;
	bpf_decoder_set_types(bpf->decoder, types);
	return 0;
}

static void bpf_free(struct source *source)
{
	struct bpf_source *bpf = of(source);

	watch_free(bpf->watch);
	bpf_decoder_free(bpf->decoder);
	free(bpf);
}

static int make_decoder(struct bpf_source *bpf, const struct source_options *options,
			struct error *err)
{
	struct bpf_decoder_options of_decoder = {
		.host = options->host,
		.sink = options->sink,
		.environment = options->environment,
		.environment_count = options->environment_count,
	};
	char id[37];
	int r = host_boot_id(options->host, id);

	if (r < 0)
		return error_set_errno(err, r, "cannot read the boot id");
	id[8] = 0;
	of_decoder.boot = strtoul(id, NULL, 16);
	return bpf_decoder_new(&of_decoder, &bpf->decoder, err);
}

static int bpf_open(const struct source_options *options, struct source **ret_source,
		    struct error *err)
{
	struct watch_options of_watch = {
		.buffer = options->buffer,
		.quiet = options->quiet,
		.environment = options->environment_count > 0,
		.wanted = wants(options->types),
		.list = options->list,
	};
	struct bpf_source *bpf = calloc(1, sizeof(*bpf));
	_cleanup_(source_freep) struct source *source = (struct source *)bpf;
	int r;

	if (!bpf)
		return error_oom(err);
	source->class = &bpf_source;
	bpf->sink = options->sink;
	bpf->latency = options->latency_ns ? options->latency_ns : DEFAULT_LATENCY;
	bpf->urgent = bpf->latency < URGENT_LATENCY;
	bpf->at_once = options->urgent;
	bpf->last = clock_boottime();
	bpf->due = NEVER;
	r = make_decoder(bpf, options, err);
	if (r == 0)
		r = watch_new(&of_watch, &bpf->watch, err);
	if (r == 0)
		r = bpf_set_types(source, options->types, err);
	if (r < 0)
		return r;
	/* What came since the programs were attached has woken nobody. */
	if (!bpf->urgent && !watch_sleep(bpf->watch))
		bpf->due = clock_monotonic();
	*ret_source = TAKE_PTR(source);
	return 0;
}

static int bpf_fd(const struct source *source)
{
	return watch_fd(((const struct bpf_source *)source)->watch);
}

static uint64_t bpf_due(const struct source *source)
{
	return ((const struct bpf_source *)source)->due;
}

/* Counts the losses of each cause that are new. */
static void count_causes(struct bpf_source *bpf)
{
	static const char *const names[WATCH_CAUSES] = {
		[WATCH_LOST_EXEC] = "ring full: exec",
		[WATCH_LOST_FORK] = "ring full: fork",
		[WATCH_LOST_EXIT] = "ring full: exit",
		[WATCH_LOST_OTHER] = "ring full: other",
		[WATCH_LOST_SCRATCH] = "no scratch buffer free",
	};

	for (enum watch_cause i = 0; i < WATCH_CAUSES; i++) {
		uint64_t now = watch_lost(bpf->watch, i);

		if (now > bpf->causes[i])
			source_count_loss(&bpf->source, names[i], now - bpf->causes[i]);
		bpf->causes[i] = now;
	}
}

static void tell_gap(struct bpf_source *bpf, uint64_t count, uint64_t to, const char *reason)
{
	struct event event;

	event_init(&event, EVENT_GAP, SOURCE_REEVE);
	event_set(&event, BOOTTIME, boottime, to);
	event_set(&event, TIME, time, to + clock_realtime() - clock_boottime());
	event_set(&event, FROM, from, bpf->last);
	event_set(&event, TO, to, to);
	event_set(&event, LOST, lost, count);
	event_set(&event, REASON, reason, slice_of(reason));
	bpf->source.counters.gaps++;
	bpf->sink.event(&event, bpf->sink.userdata);
}

/* A gap before something that was written when `lost` events had been lost, if there is one. */
static void check_gap(struct bpf_source *bpf, uint32_t lost, uint64_t to)
{
	int32_t grown = (int32_t)(lost - bpf->lost);

	/* Of two processors, one may have written an older number later. */
	if (grown <= 0)
		return;
	bpf->lost = lost;
	count_causes(bpf);
	tell_gap(bpf, grown, to, "the BPF ring was full: events came faster than they were read");
}

/* The kernel leaves a run of a program out when the same one is under way on that processor. */
static void check_skipped(struct bpf_source *bpf)
{
	uint64_t skipped = watch_skipped(bpf->watch), grown = skipped - bpf->skipped;

	if (skipped <= bpf->skipped)
		return;
	bpf->skipped = skipped;
	source_count_loss(&bpf->source, "left out by the kernel", grown);
	tell_gap(bpf, grown, clock_boottime(),
		 "the kernel left out runs of a BPF program that was interrupted by itself");
}

/* Hands one record out; 0, or a negative errno that is the end of the source. */
static int take(struct bpf_source *bpf, const void *record, uint32_t size)
{
	struct watch_head head;
	int r;

	if (size >= sizeof(head)) {
		memcpy(&head, record, sizeof(head));
		check_gap(bpf, head.lost, head.time);
		bpf->last = MAX(bpf->last, head.time);
	}
	r = bpf_decode(bpf->decoder, record, size);
	if (r == BPF_DECODED_FORGOT)
		watch_forget_groups(bpf->watch);
	else if (r > 0)
		bpf->source.counters.seen += r;
	else if (r == -ENOMEM)
		source_count_loss(&bpf->source, "no memory", 1);
	else if (r < 0)
		source_count_loss(&bpf->source, "malformed", 1);
	return 0;
}

static int drain(struct bpf_source *bpf)
{
	const void *record;
	uint32_t size;
	int count = 0;

	bpf_decoder_set_clock(bpf->decoder, clock_realtime() - clock_boottime());
	while (count < BATCH && (record = watch_next(bpf->watch, &size)) != NULL) {
		take(bpf, record, size);
		count++;
	}
	return count;
}

static int bpf_dispatch(struct source *source, struct error *err)
{
	struct bpf_source *bpf = of(source);
	uint64_t now = clock_monotonic();
	uint64_t seen = source->counters.seen;
	int count;

	source->counters.wakeups++;
	watch_woken(bpf->watch);
	/* Who is not to wait for others has woken us before it was time to look. */
	if (!bpf->urgent && !(bpf->types & bpf->at_once) && bpf->due != NEVER && now < bpf->due)
		return 0;
	count = drain(bpf);
	if (count == BATCH) {
		bpf->due = now;
	} else if (count > 0 && !bpf->urgent) {
		bpf->due = now + bpf->latency;
	} else {
		check_gap(bpf, watch_lost_total(bpf->watch), clock_boottime());
		check_skipped(bpf);
		bpf->due = bpf->urgent || watch_sleep(bpf->watch) ? NEVER : now + bpf->latency;
	}
	return (int)(source->counters.seen - seen);
}

struct listing {
	struct bpf_source *bpf;
	int result;
};

static void take_listed(const void *record, uint32_t size, void *userdata)
{
	struct listing *listing = userdata;
	int r = bpf_decode(listing->bpf->decoder, record, size);

	if (r == BPF_DECODED_FORGOT)
		watch_forget_groups(listing->bpf->watch);
	else if (r < 0)
		listing->result = r;
}

static int bpf_list(struct source *source, const struct event_sink *sink)
{
	struct listing listing = { of(source), 0 };
	int r;

	bpf_decoder_set_clock(listing.bpf->decoder, clock_realtime() - clock_boottime());
	bpf_decoder_set_list(listing.bpf->decoder, sink);
	r = watch_list(listing.bpf->watch, take_listed, &listing);
	bpf_decoder_set_list(listing.bpf->decoder, NULL);
	return r < 0 ? r : listing.result;
}

static const char *bpf_variant(const struct source *source)
{
	return watch_variant(((const struct bpf_source *)source)->watch);
}

struct probe {
	hook_report_fn report;
	void *userdata;
	int refused; /* a negative errno: something that is needed does not work */
	char reason[160];
};

static void tell_hook(const struct hook_result *result, void *userdata)
{
	struct probe *probe = userdata;
	struct hook_report report = { .name = result->name,
				      .state = result->error ? HOOK_REFUSED : HOOK_WORKS,
				      .error = result->error,
				      .reason = result->error ? result->reason : result->use,
				      .advice = result->advice };

	if (result->error && result->needed && !probe->refused) {
		probe->refused = -result->error;
		snprintf(probe->reason, sizeof(probe->reason), "%s: %s", result->name,
			 result->reason);
	}
	if (probe->report)
		probe->report(&report, probe->userdata);
}

/* Hooks one by one, and then the real programs, which may fail where the small ones load. */
static int bpf_probe(const struct host *host, hook_report_fn report, void *userdata,
		     struct error *err)
{
	struct probe probe = { .report = report, .userdata = userdata };
	struct watch_options options = { .buffer = 1, .wanted = UINT32_MAX, .list = true };
	_cleanup_(watch_freep) struct watch *watch = NULL;

	hooks_try(tell_hook, &probe);
	if (probe.refused)
		return error_set_errno(err, probe.refused, "%s", probe.reason);
	return watch_new(&options, &watch, err);
}

static const uint8_t known_fields[] = {
	FIELD_TIME,	   FIELD_BOOTTIME,  FIELD_PID,	     FIELD_TID,		FIELD_PPID,
	FIELD_NS_PID,	   FIELD_EXEC_ID,   FIELD_PARENT_ID, FIELD_START,	FIELD_EXE,
	FIELD_EXE_IN_ROOT, FIELD_FILENAME,  FIELD_SCRIPT,    FIELD_INTERPRETER, FIELD_COMM,
	FIELD_ARGV,	   FIELD_CWD,	    FIELD_ENV,	     FIELD_UID,		FIELD_GID,
	FIELD_EUID,	   FIELD_EGID,	    FIELD_SUID,	     FIELD_SGID,	FIELD_LOGINUID,
	FIELD_SESSION,	   FIELD_TTY,	    FIELD_INODE,     FIELD_DEV,		FIELD_NLINK,
	FIELD_MODE,	   FIELD_FLAGS,	    FIELD_CGROUP,    FIELD_CGROUP_ID,	FIELD_CGROUP_V1,
	FIELD_MNT_NS,	   FIELD_PID_NS,    FIELD_NET_NS,    FIELD_USER_NS,	FIELD_UTS_NS,
	FIELD_IPC_NS,	   FIELD_CGROUP_NS, FIELD_TIME_NS,   FIELD_CAPS_GAINED,
};

const struct source_class bpf_source = {
	.id = SOURCE_BPF,
	.name = "bpf",
	.summary = "BPF programs at the scheduler's tracepoints",
	.guarantee = "every execution, fork and exit in order; what is lost is counted",
	.knows = known_fields,
	.knows_count = ARRAY_SIZE(known_fields),
	.tells_users = true,
	.types = EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FORK) | EVENT_BIT(EVENT_EXIT) |
		 EVENT_BIT(EVENT_COREDUMP) | EVENT_BIT(EVENT_SETUID) | EVENT_BIT(EVENT_SETGID) |
		 EVENT_BIT(EVENT_CHDIR) | EVENT_BIT(EVENT_OOM) | EVENT_BIT(EVENT_FAILED),
	.probe = bpf_probe,
	.open = bpf_open,
	.free = bpf_free,
	.fd = bpf_fd,
	.due = bpf_due,
	.dispatch = bpf_dispatch,
	.set_types = bpf_set_types,
	.list = bpf_list,
	.variant = bpf_variant,
};
