// SPDX-License-Identifier: MIT
/* The keys of a manifest that have a syntax of their own: addresses, checks, exit codes, users. */
#include "config/schema-service.h"

#include "config/accounts.h"
#include "config/values.h"
#include "util/text.h"
#include "util/units.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <sys/un.h>

#define SECOND UINT64_C(1000000000)

bool read_service_words(struct reader *reader, const char *key, const struct node *value,
			char ***ret_list)
{
	size_t count = value->kind == NODE_LIST ? value->count : 1, at = 0;
	const struct node *entry;
	const char *text;
	char **list;

	if (count == 0)
		return report_error(reader, value, NULL, "\"%s\" is empty", key);
	list = arena_alloc(reader->memory, (count + 1) * sizeof(*list));
	if (!list)
		return report_oom(reader);
	if (value->kind != NODE_LIST) {
		if (value_text(reader, key, value, &text) != VALUE_GOOD)
			return false;
		list[at++] = arena_string(reader->memory, text);
	}
	for (node_id id = 0; value->kind == NODE_LIST && next_entry(reader, value, &id, &entry);) {
		/* An argument may be empty; the program may not. */
		if (entry->kind == NODE_SCALAR && at > 0 && !value_is_null(reader, entry))
			text = tree_text(&reader->tree, entry);
		else if (value_text(reader, key, entry, &text) != VALUE_GOOD)
			return false;
		list[at++] = arena_string(reader->memory, text);
	}
	for (size_t i = 0; i < at; i++)
		if (!list[i])
			return report_oom(reader);
	*ret_list = list;
	return !reader->too_large;
}

/* ---- addresses ---- */

struct address {
	char host[INET6_ADDRSTRLEN];
	unsigned port;
};

/* "127.0.0.1:80", "[::1]:80" or, for `any`, "80". */
static bool parse_address(const char *text, bool any, struct address *ret_address)
{
	const char *colon = strrchr(text, ':'), *digits = colon ? colon + 1 : text;
	size_t length = colon ? (size_t)(colon - text) : 0;
	unsigned char binary[16];
	uint64_t port;

	if ((!colon && !any) || parse_u64(digits, &port) < 0 || port == 0 || port > 65535)
		return false;
	ret_address->port = (unsigned)port;
	ret_address->host[0] = '\0';
	if (!colon)
		return true;
	if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length >= sizeof(ret_address->host))
		return false;
	memcpy(ret_address->host, text, length);
	ret_address->host[length] = '\0';
	return inet_pton(AF_INET, ret_address->host, binary) == 1 ||
	       inet_pton(AF_INET6, ret_address->host, binary) == 1;
}

static bool bad_address(struct reader *reader, const struct node *value, const char *key,
			const char *text)
{
	return report_error(reader, value, "write an address such as 127.0.0.1:80 or [::1]:80",
			    "\"%s\": \"%.80s\" is no address and port", key, text);
}

static bool keep(struct reader *reader, char **to, const char *text)
{
	*to = arena_string(reader->memory, text);
	return *to || report_oom(reader);
}

/* "unix:/run/x.sock": the path, or NULL (told). */
static const char *socket_path(struct reader *reader, const struct node *value, const char *key,
			       const char *path)
{
	struct sockaddr_un address;

	if (path[0] == '/' && strlen(path) < sizeof(address.sun_path))
		return path;
	report_error(reader, value, NULL,
		     "\"%s\": the path of a Unix socket begins with \"/\" and has at most %zu "
		     "bytes",
		     key, sizeof(address.sun_path) - 1);
	return NULL;
}

/* ---- health ---- */

static bool one_kind(struct reader *reader, const struct node *value, struct service_health *health,
		     enum health_kind kind)
{
	if (health->kind != HEALTH_NONE)
		return report_error(reader, value, "take one of them out",
				    "\"exec\", \"tcp\" and \"http\" exclude each other");
	health->kind = kind;
	return true;
}

static bool read_health_exec(struct reader *reader, const struct schema_key *key,
			     const struct node *value, void *target)
{
	struct service_health *health = target;

	return one_kind(reader, value, health, HEALTH_EXEC) &&
	       read_service_words(reader, key->name, value, &health->exec);
}

static bool read_health_tcp(struct reader *reader, const struct schema_key *key,
			    const struct node *value, void *target)
{
	struct service_health *health = target;
	struct address address;
	const char *text;

	if (!one_kind(reader, value, health, HEALTH_TCP) ||
	    value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	if (strncmp(text, "unix:", 5) == 0) {
		const char *path = socket_path(reader, value, key->name, text + 5);

		return path && keep(reader, &health->path, path);
	}
	if (!parse_address(text, false, &address))
		return bad_address(reader, value, key->name, text);
	health->port = address.port;
	return keep(reader, &health->host, address.host);
}

/* "http://127.0.0.1:8080/healthz"; nothing here resolves names, or speaks TLS. */
static bool read_health_http(struct reader *reader, const struct schema_key *key,
			     const struct node *value, void *target)
{
	struct service_health *health = target;
	struct address address;
	char authority[80];
	const char *text, *at;
	size_t length;

	if (!one_kind(reader, value, health, HEALTH_HTTP) ||
	    value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	if (strncmp(text, "http://", 7) != 0)
		return report_error(reader, value, NULL,
				    "\"%s\": \"%.80s\" does not begin with \"http://\"", key->name,
				    text);
	at = text + 7;
	length = strcspn(at, "/");
	snprintf(authority, sizeof(authority), "%.*s%s", (int)MIN(length, (size_t)64), at,
		 memchr(at, ':', length) && at[length - 1] != ']' ? "" : ":80");
	if (length > 64 || !parse_address(authority, false, &address))
		return bad_address(reader, value, key->name, text);
	for (const char *c = at + length; *c; c++)
		if (!isgraph((unsigned char)*c))
			return report_error(reader, value, "write it as %20",
					    "\"%s\": the path has a blank", key->name);
	health->port = address.port;
	return keep(reader, &health->host, address.host) &&
	       keep(reader, &health->path, at[length] ? at + length : "/");
}

static bool read_health_time(struct reader *reader, const struct schema_key *key,
			     const struct node *value, void *target)
{
	const struct number_range range = { .least = key->least, .most = key->most };

	return value_duration(reader, key->name, value, &range,
			      (uint64_t *)(void *)((char *)target + key->offset)) != VALUE_BAD;
}

#define HEALTH(member) offsetof(struct service_health, member)
#define HOUR	       (UINT64_C(3600) * SECOND)

static const struct schema_key health_keys[] = {
	{ "every", "time", "how often; default 10s", read_health_time, HEALTH(every), SECOND / 100,
	  24 * HOUR },
	{ "exec", "program", "it is well when this ends with 0", read_health_exec },
	{ "http", "address", "it is well when this is answered with 200 to 399", read_health_http },
	{ "retries", "number", "failures in a row, after which it is restarted; default 3",
	  read_unsigned, HEALTH(retries), 1, 1000 },
	{ "start_period", "time", "after the start, in which failures do not count; default 0",
	  read_health_time, HEALTH(start_period), 0, 24 * HOUR },
	{ "tcp", "address", "it is well when this can be connected to", read_health_tcp },
	{ "timeout", "time", "a check that takes longer has failed; default 2s", read_health_time,
	  HEALTH(timeout), SECOND / 1000, HOUR },
};
const struct schema service_health_schema = {
	"a health check", health_keys, ARRAY_SIZE(health_keys), { { NULL, 0 } }
};

bool read_service_health(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target)
{
	struct service_health *health = (void *)((char *)target + key->offset);

	if (!expect_map(reader, key->name, value) ||
	    !schema_read(reader, &service_health_schema, value, health))
		return false;
	return health->kind != HEALTH_NONE ||
	       report_error(reader, value, NULL, "\"health\" needs one of exec, tcp and http");
}

/* ---- sockets ---- */

static bool read_socket(struct reader *reader, const struct node *value, const char *text,
			struct service_listen *listen)
{
	struct address address;

	if (strncmp(text, "unix:", 5) == 0) {
		const char *path = socket_path(reader, value, "listen", text + 5);

		listen->unix_socket = true;
		return path && keep(reader, &listen->host, path);
	}
	listen->datagram = strncmp(text, "udp:", 4) == 0;
	if (!listen->datagram && strncmp(text, "tcp:", 4) != 0)
		return report_error(
			reader, value, NULL,
			"\"listen\": \"%.80s\" begins with none of tcp:, udp: and unix:", text);
	if (!parse_address(text + 4, true, &address))
		return bad_address(reader, value, "listen", text + 4);
	listen->port = address.port;
	return address.host[0] == '\0' || keep(reader, &listen->host, address.host);
}

bool read_service_listen(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target)
{
	struct service_manifest *manifest = target;
	char **words;
	size_t count = 0;

	if (!read_service_words(reader, key->name, value, &words))
		return false;
	while (words[count])
		count++;
	if (count > SERVICE_LISTS_MAX)
		return report_error(reader, value, NULL, "\"listen\" has more than %d sockets",
				    SERVICE_LISTS_MAX);
	manifest->listen = arena_alloc(reader->memory, count * sizeof(*manifest->listen));
	if (!manifest->listen)
		return report_oom(reader);
	for (size_t i = 0; i < count; i++) {
		if (!read_socket(reader, value, words[i], &manifest->listen[i]))
			return false;
		manifest->listen[i].name = words[i];
	}
	manifest->listen_count = count;
	return true;
}

/* ---- restarts ---- */

bool read_service_codes(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	struct service_manifest *manifest = target;
	const struct node *name, *body;

	if (!expect_map(reader, key->name, value))
		return false;
	for (node_id at = 0; next_pair(reader, value, &at, &name, &body);) {
		const char *text = tree_text(&reader->tree, name);
		uint64_t code;
		bool restart = false;

		if (parse_u64(text, &code) < 0 || code > 255)
			return report_error(reader, name, NULL,
					    "\"%.40s\" is no exit code (0 to 255)", text);
		if (value_bool(reader, text, body, &restart) != VALUE_GOOD)
			return false;
		manifest->restart.codes[code] = restart ? RESTART_CODE_YES : RESTART_CODE_NO;
	}
	return !reader->too_large;
}

bool read_service_limit(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	struct service_manifest *manifest = target;

	return value_rate(reader, key->name, value, &manifest->restart.limit,
			  &manifest->restart.limit_interval) != VALUE_BAD;
}

bool read_service_pressure(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target)
{
	static const struct {
		const char *word;
		enum pressure_action action;
	} words[] = {
		{ "log", PRESSURE_LOG },
		{ "freeze", PRESSURE_FREEZE },
		{ "restart", PRESSURE_RESTART },
	};
	struct service_manifest *manifest = target;
	const char *text;

	if (value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (streq(text, words[i].word)) {
			manifest->on_pressure = words[i].action;
			return true;
		}
	}
	manifest->on_pressure = PRESSURE_SIGNAL;
	manifest->pressure_signal = signal_from_name(text);
	return manifest->pressure_signal > 0 ||
	       report_error(reader, value, NULL,
			    "\"%s\" must be log, freeze, restart or a signal, not \"%.40s\"",
			    key->name, text);
}

/* ---- environment and user ---- */

bool service_sets_variable(const char *string)
{
	static const char *const ours[] = { "NOTIFY_SOCKET",  "LISTEN_FDS",    "LISTEN_PID",
					    "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID" };
	size_t size = strcspn(string, "=");

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (strlen(ours[i]) == size && memcmp(string, ours[i], size) == 0)
			return true;
	return false;
}

bool read_service_env(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	struct service_manifest *manifest = target;
	const struct node *name, *body;
	size_t count = 0;

	if (!expect_map(reader, key->name, value))
		return false;
	manifest->env = arena_alloc(reader->memory, (value->count + 1) * sizeof(char *));
	if (!manifest->env)
		return report_oom(reader);
	for (node_id at = 0; next_pair(reader, value, &at, &name, &body);) {
		const char *word = tree_text(&reader->tree, name);
		_cleanup_(text_done) struct text text = { 0 };
		char shown[80];

		if (!value_is_variable(word))
			return report_error(reader, name, NULL,
					    "\"%.80s\" is no name of a variable", word);
		if (service_sets_variable(word))
			return report_error(reader, name, "take it out",
					    "\"%s\" is set by reeve itself", word);
		if (body->kind != NODE_SCALAR)
			return report_error(reader, body, NULL, "\"%.80s\" must be a text, not %s",
					    word, value_shown(reader, body, shown, sizeof(shown)));
		text_addf(&text, "%s=%s", word,
			  value_is_null(reader, body) ? "" : tree_text(&reader->tree, body));
		if (text.failed || !keep(reader, &manifest->env[count++], text.data))
			return report_oom(reader);
	}
	return !reader->too_large;
}

bool read_service_user(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	struct service_manifest *manifest = target;
	struct account *account = NULL;
	const char *name;
	int r;

	if (value_text(reader, key->name, value, &name) != VALUE_GOOD)
		return false;
	r = accounts_user(&reader->accounts, name, &account);
	if (r == 0 && !account->found && name[strspn(name, "0123456789")] == '\0' &&
	    strlen(name) < 10)
		r = accounts_user_number(&reader->accounts, name, &account);
	if (r == 0 && account->found)
		r = accounts_groups(&reader->accounts, account);
	if (r < 0)
		return report_oom(reader);
	if (!account->found)
		return report_error(reader, value, NULL, "there is no user \"%.80s\" on this host",
				    name);
	manifest->uid = account->uid;
	manifest->gid = account->gid;
	manifest->groups = arena_alloc(reader->memory, MAX(account->group_count, (size_t)1) *
							       sizeof(*manifest->groups));
	if (!manifest->groups)
		return report_oom(reader);
	if (account->group_count > 0)
		memcpy(manifest->groups, account->groups,
		       account->group_count * sizeof(*manifest->groups));
	manifest->group_count = account->group_count;
	return keep(reader, &manifest->user, account->name) &&
	       keep(reader, &manifest->home, account->home ? account->home : "/");
}
