// SPDX-License-Identifier: MIT
/*
 * Requests are answered while they are sent: the kernel works on them within sendmsg(2) and its
 * acknowledgement is there when it returns. Only AUDIT_GET and AUDIT_LIST_RULES are answered by a
 * thread of the kernel, some microseconds later. So waiting is bounded by a timeout that nobody
 * should ever meet.
 *
 * libaudit is not used: it keeps state of its own between calls, writes to standard error or
 * syslog, waits up to 40 s for an acknowledgement, and asks for a status only by waiting.
 */
#include "source/audit-control.h"

#include "source/audit-rule.h"
#include "util/proc-text.h"
#include "util/fd.h"

#include <inttypes.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

enum {
	ANSWER_MS = 2000,
	MESSAGE_MAX = 16 << 10, /* a rule with all its strings */
};

struct audit_control {
	const struct host *host;
	int fd;
	uint32_t sequence, asked; /* of the last request, and of the last that nobody waited for */
	struct audit_key key;
	bool installed[AUDIT_ABIS][AUDIT_CALLS], success_only[AUDIT_ABIS][AUDIT_CALLS];
	bool changed;		/* we have, at least tried */
	uint32_t daemon_before; /* pid of the audit daemon then */
};

/* ---- netlink ---- */

struct request {
	struct audit_control *control;
	uint16_t type;
	const void *payload;
	size_t size;
	/* Asks for messages of this type until NLMSG_DONE, or (AUDIT_GET) for one. 0: only for the
	 * acknowledgement. */
	uint16_t wanted;
	void (*answer)(struct slice payload, void *userdata);
	void *userdata;
};

static int send_request(struct audit_control *control, uint16_t type, uint16_t flags,
			const void *payload, size_t size)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	union {
		struct nlmsghdr header;
		char bytes[MESSAGE_MAX];
	} message = { .header = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags } };
	ssize_t n;

	if (size > sizeof(message) - NLMSG_HDRLEN)
		return -EMSGSIZE;
	memcpy(message.bytes + NLMSG_HDRLEN, payload, size);
	message.header.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size);
	message.header.nlmsg_seq = ++control->sequence;
	do {
		n = sendto(control->fd, &message, message.header.nlmsg_len, 0,
			   (const struct sockaddr *)&kernel, sizeof(kernel));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* One message of the kernel's. 1: there is one; 0: none; -errno. Others' are dropped. */
static int receive(struct audit_control *control, char *buffer, size_t size,
		   const struct nlmsghdr **ret_header, struct slice *ret_payload)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_size = sizeof(from);
	const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)buffer;
	ssize_t n = recvfrom(control->fd, buffer, size, MSG_DONTWAIT | MSG_TRUNC,
			     (struct sockaddr *)&from, &from_size);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (from_size != sizeof(from) || from.nl_pid != 0)
		return -EINTR;
	if ((size_t)n > size || (size_t)n < NLMSG_HDRLEN || header->nlmsg_len < NLMSG_HDRLEN ||
	    header->nlmsg_len > (size_t)n)
		return -EBADMSG;
	*ret_header = header;
	*ret_payload = (struct slice){ buffer + NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN };
	return 1;
}

/* Returns 1 when the request has been answered in full, 0 when not yet, or its -errno. */
static int take_answer(const struct request *request, const struct nlmsghdr *header,
		       struct slice payload)
{
	struct nlmsgerr outcome;

	if (header->nlmsg_seq != request->control->sequence)
		return 0;
	if (header->nlmsg_type == NLMSG_ERROR) {
		if (payload.size < sizeof(outcome))
			return -EBADMSG;
		memcpy(&outcome, payload.data, sizeof(outcome));
		return outcome.error < 0 ? outcome.error : request->wanted == 0;
	}
	if (header->nlmsg_type == NLMSG_DONE)
		return 1;
	if (header->nlmsg_type != request->wanted)
		return 0;
	request->answer(payload, request->userdata);
	return request->wanted == AUDIT_GET;
}

static int carry_out(const struct request *request)
{
	uint64_t end = clock_monotonic() + ANSWER_MS * UINT64_C(1000000);
	struct pollfd poller = { .fd = request->control->fd, .events = POLLIN };
	union {
		struct nlmsghdr header;
		char bytes[MESSAGE_MAX];
	} buffer;
	const struct nlmsghdr *header;
	struct slice payload;
	int r = send_request(request->control, request->type, NLM_F_ACK, request->payload,
			     request->size);

	while (r == 0) {
		r = receive(request->control, buffer.bytes, sizeof(buffer), &header, &payload);
		if (r > 0)
			r = take_answer(request, header, payload);
		else if (r == -EINTR)
			r = 0;
		else if (r == 0 && clock_monotonic() > end)
			r = -ETIMEDOUT;
		else if (r == 0)
			(void)poll(&poller, 1, 100);
	}
	return MIN(r, 0);
}

/* ---- what the kernel says ---- */

/* Older kernels know fewer members: the rest is 0. */
static void read_status(struct slice payload, void *userdata)
{
	struct audit_status *status = userdata;

	memset(status, 0, sizeof(*status));
	memcpy(status, payload.data, MIN(payload.size, sizeof(*status)));
}

int audit_control_status(struct audit_control *control, struct audit_status *ret_status,
			 struct error *err)
{
	const struct request request = { control,   AUDIT_GET,	 "",	    0,
					 AUDIT_GET, read_status, ret_status };
	int r = carry_out(&request);

	return r < 0 ? error_set_errno(err, r, "cannot ask the kernel for the state of audit") : 0;
}

static int start_of(const struct host *host, const char *name, uint64_t *ret_start)
{
	struct proc_stat stat;
	char text[4096];
	ssize_t n = file_read_into(host->proc_fd, name, text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (proc_stat_parse((struct slice){ text, (size_t)n }, &stat) < 0)
		return -EBADMSG;
	*ret_start = stat.start;
	return 0;
}

static bool is_alive(const struct host *host, const struct audit_key *key)
{
	char name[32];
	uint64_t start;

	snprintf(name, sizeof(name), "%" PRIu32 "/stat", key->pid);
	return start_of(host, name, &start) == 0 && start == key->start;
}

struct listing {
	struct audit_control *control;
	struct audit_rules rules;
	bool own[AUDIT_ABIS][AUDIT_CALLS]; /* those of ours that are there */
	struct text dead;		   /* rules left behind, each with its size in front */
};

static void note_own(struct listing *listing, struct slice rule)
{
	struct audit_control *control = listing->control;
	struct audit_rule made;

	for (int abi = 0; abi < AUDIT_ABIS; abi++)
		for (int call = 0; call < AUDIT_CALLS; call++) {
			if (!control->installed[abi][call])
				continue;
			audit_rule_make(&made, abi, call, control->success_only[abi][call],
					&control->key);
			/* Calls and fields; the kernel leaves the rest as it was given. */
			if (rule.size >= made.size && memcmp(rule.data, made.bytes, made.size) == 0)
				listing->own[abi][call] = true;
		}
}

static void read_reeve_rule(struct listing *listing, struct slice rule, const struct audit_key *key)
{
	if (audit_key_is_same(key, &listing->control->key)) {
		note_own(listing, rule);
		return;
	}
	listing->rules.was_off |= key->was_off;
	if (is_alive(listing->control->host, key)) {
		listing->rules.living++;
		return;
	}
	text_add_bytes(&listing->dead, &rule.size, sizeof(rule.size));
	text_add_bytes(&listing->dead, rule.data, rule.size);
}

static void read_rule(struct slice payload, void *userdata)
{
	struct listing *listing = userdata;
	struct audit_rules *rules = &listing->rules;
	struct audit_key key;

	rules->count++;
	switch (audit_rule_judge(payload, &key)) {
	case AUDIT_RULE_REEVE:
		read_reeve_rule(listing, payload, &key);
		break;
	case AUDIT_RULE_NEVER_TASK:
		rules->never_task = true;
		break;
	case AUDIT_RULE_NEVER_SOME_TASK:
		rules->never_some_task = true;
		break;
	case AUDIT_RULE_NEVER_EXEC:
		rules->never_exit = true;
		break;
	case AUDIT_RULE_EXCLUDE:
		rules->excluded = true;
		break;
	default:
		break;
	}
}

static int list_rules(struct listing *listing, struct error *err)
{
	const struct request request = { listing->control, AUDIT_LIST_RULES, "",     0,
					 AUDIT_LIST_RULES, read_rule,	     listing };
	int r = carry_out(&request);

	return r < 0 ? error_set_errno(err, r, "cannot list the audit rules") : 0;
}

int audit_control_rules(struct audit_control *control, struct audit_rules *ret_rules,
			struct error *err)
{
	struct listing listing = { .control = control };
	int r = list_rules(&listing, err);

	text_done(&listing.dead);
	if (r == 0)
		*ret_rules = listing.rules;
	return r;
}

/* ---- changes ---- */

static int change_rule(struct audit_control *control, uint16_t type, const void *rule, size_t size)
{
	const struct request request = { control, type, rule, size, 0, NULL, NULL };

	return carry_out(&request);
}

int audit_control_clean(struct audit_control *control, struct error *err)
{
	struct listing listing = { .control = control };
	int r = list_rules(&listing, err), cleaned = 0;

	if (r == 0 && listing.dead.failed)
		r = error_oom(err);
	/* Whoever crashed had switched audit on: that is put back with ours. */
	control->key.was_off |= r == 0 && listing.rules.was_off;
	for (size_t at = 0; r == 0 && at < listing.dead.size;) {
		size_t size;

		memcpy(&size, listing.dead.data + at, sizeof(size));
		at += sizeof(size);
		r = change_rule(control, AUDIT_DEL_RULE, listing.dead.data + at, size);
		at += size;
		if (r == -ENOENT)
			r = 0;
		else if (r == 0)
			cleaned++;
		control->changed |= r == 0;
		if (r < 0)
			error_set_errno(err, r,
					"cannot take an audit rule away that was left behind");
	}
	text_done(&listing.dead);
	return r < 0 ? r : cleaned;
}

static int set_enabled(struct audit_control *control, uint32_t enabled)
{
	const struct audit_status status = { .mask = AUDIT_STATUS_ENABLED, .enabled = enabled };
	const struct request request = {
		control, AUDIT_SET, &status, sizeof(status), 0, NULL, NULL
	};

	return carry_out(&request);
}

/* Switches audit off, if that is how it was and nobody else has come to need it. */
static void put_back(struct audit_control *control)
{
	struct audit_status status;
	struct audit_rules rules;

	if (!control->changed)
		return;
	control->changed = false;
	if (!control->key.was_off || audit_control_rules(control, &rules, NULL) < 0 ||
	    rules.living > 0 || audit_control_status(control, &status, NULL) < 0)
		return;
	if (status.enabled == 1 && (status.pid == 0 || status.pid == control->daemon_before))
		(void)set_enabled(control, 0);
	control->key.was_off = false;
}

static bool has_rules(const struct audit_control *control)
{
	for (int abi = 0; abi < AUDIT_ABIS; abi++)
		for (int call = 0; call < AUDIT_CALLS; call++)
			if (control->installed[abi][call])
				return true;
	return false;
}

/* Before the first rule, for the key says how it was. */
static int prepare(struct audit_control *control, bool *ret_off, struct error *err)
{
	struct audit_status status;
	struct audit_rules rules;
	int r = audit_control_status(control, &status, err);

	if (r < 0)
		return r;
	if (status.enabled > 1)
		return error_set(err, -EPERM,
				 "the audit configuration is locked until the next boot "
				 "(auditctl -e 2): no rule can be added");
	if (!control->changed)
		control->daemon_before = status.pid;
	control->changed = true;
	*ret_off = status.enabled == 0;
	/* The key of rules that are there stays as it is. */
	if (has_rules(control))
		return 0;
	/* Another reeve may have switched it on a moment ago: its rules were there before. */
	r = audit_control_rules(control, &rules, err);
	control->key.was_off |= status.enabled == 0 || (r == 0 && rules.was_off);
	return r;
}

static int add_rule(struct audit_control *control, int abi, int call, bool success_only,
		    struct error *err)
{
	struct audit_rule rule;
	int r;

	audit_rule_make(&rule, abi, call, success_only, &control->key);
	r = change_rule(control, AUDIT_ADD_RULE, rule.bytes, rule.size);
	/* With our key, an equal one is ours. */
	if (r < 0 && r != -EEXIST)
		return error_set_errno(err, r, "cannot add an audit rule");
	control->installed[abi][call] = true;
	control->success_only[abi][call] = success_only;
	return 0;
}

static void delete_rule(struct audit_control *control, int abi, int call, bool success_only)
{
	struct audit_rule rule;

	audit_rule_make(&rule, abi, call, success_only, &control->key);
	(void)change_rule(control, AUDIT_DEL_RULE, rule.bytes, rule.size);
}

/* One rule as it has to be. The new one comes first, so that nothing is missed. */
static int apply_one(struct audit_control *control, int abi, int call, bool wanted,
		     bool success_only, struct error *err)
{
	bool there = control->installed[abi][call], was = control->success_only[abi][call];
	int r = 0;

	if (audit_abi_arch(abi) == 0 || (wanted == there && (!wanted || was == success_only)))
		return 0;
	if (wanted)
		r = add_rule(control, abi, call, success_only, err);
	else
		control->installed[abi][call] = false;
	if (there && r == 0)
		delete_rule(control, abi, call, was);
	return r;
}

/* Those that are to be there, or those that are not: executions may go from one kind of rule to
 * another. */
static int apply_all(struct audit_control *control, unsigned calls, bool wanted, bool failed,
		     struct error *err)
{
	int r = 0;

	for (int abi = 0; abi < AUDIT_ABIS; abi++)
		for (int call = 0; call < AUDIT_CALLS && r == 0; call++)
			if ((calls >> call & 1) == wanted)
				r = apply_one(control, abi, call, wanted,
					      call != AUDIT_CALL_EXEC || !failed, err);
	return r;
}

int audit_control_apply(struct audit_control *control, unsigned calls, bool failed,
			struct error *err)
{
	bool off = false;
	int r = calls ? prepare(control, &off, err) : 0;

	r = r == 0 ? apply_all(control, calls, true, failed, err) : r;
	r = r == 0 ? apply_all(control, calls, false, failed, err) : r;
	if (r == 0 && off)
		r = set_enabled(control, 1);
	if (calls == 0)
		put_back(control);
	return r;
}

int audit_control_restore(struct audit_control *control, struct error *err)
{
	struct listing listing = { .control = control };
	int r = list_rules(&listing, err), restored = 0;

	text_done(&listing.dead);
	for (int abi = 0; abi < AUDIT_ABIS; abi++)
		for (int call = 0; call < AUDIT_CALLS && r == 0; call++) {
			if (!control->installed[abi][call] || listing.own[abi][call])
				continue;
			r = add_rule(control, abi, call, control->success_only[abi][call], err);
			restored++;
		}
	return r < 0 ? r : restored;
}

/* ---- life ---- */

int audit_control_new(const struct host *host, struct audit_control **ret_control,
		      struct error *err)
{
	_cleanup_(audit_control_freep) struct audit_control *control = calloc(1, sizeof(*control));
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t size = sizeof(address);
	int r;

	if (!control)
		return error_oom(err);
	control->host = host;
	control->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	if (control->fd < 0)
		return error_set_errno(err, -errno, "cannot open the kernel's audit socket");
	if (bind(control->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(control->fd, (struct sockaddr *)&address, &size) < 0)
		return error_set_errno(err, -errno, "cannot bind the audit socket");
	control->key.pid = (uint32_t)getpid();
	control->key.port = address.nl_pid;
	r = start_of(host, "self/stat", &control->key.start);
	if (r < 0)
		return error_set_errno(err, r, "cannot read %s/self/stat", host->proc_path);
	*ret_control = TAKE_PTR(control);
	return 0;
}

void audit_control_free(struct audit_control *control)
{
	if (!control)
		return;
	if (control->fd >= 0) {
		(void)audit_control_apply(control, 0, false, NULL);
		close(control->fd);
	}
	free(control);
}

bool audit_control_is_ours(const struct audit_control *control, const char *key, size_t size)
{
	struct audit_key parsed;

	return audit_key_parse((struct slice){ key, size }, &parsed) &&
	       audit_key_is_same(&parsed, &control->key);
}

bool audit_control_has_enabled(const struct audit_control *control)
{
	return control->key.was_off;
}

int audit_control_ask(struct audit_control *control)
{
	int r = send_request(control, AUDIT_GET, 0, "", 0);

	control->asked = control->sequence;
	return r;
}

int audit_control_answer(struct audit_control *control, struct audit_status *ret_status)
{
	union {
		struct nlmsghdr header;
		char bytes[MESSAGE_MAX];
	} buffer;
	const struct nlmsghdr *header;
	struct slice payload;
	int r;

	while ((r = receive(control, buffer.bytes, sizeof(buffer), &header, &payload)) != 0) {
		if (r == -EINTR)
			continue;
		if (r < 0)
			return r;
		if (header->nlmsg_type != AUDIT_GET || header->nlmsg_seq != control->asked)
			continue;
		read_status(payload, ret_status);
		return 1;
	}
	return 0;
}

int audit_control_fd(const struct audit_control *control)
{
	return control->fd;
}
