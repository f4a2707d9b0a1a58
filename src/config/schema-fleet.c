// SPDX-License-Identifier: MIT
/* `fleet`: the etcd in which the policy of many hosts is kept, and what this host is among them. */
#include "config/arena.h"
#include "config/schema.h"
#include "config/values.h"

enum { ENDPOINTS_MAX = 16, LABELS_MAX = 32, NAME_LENGTH_MAX = 128 };

bool fleet_name_is_good(const char *name)
{
	size_t size = strlen(name);

	if (size == 0 || size > NAME_LENGTH_MAX || name[0] == '.')
		return false;
	for (const char *at = name; *at; at++)
		if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
		      (*at >= '0' && *at <= '9') || strchr("._-", *at)))
			return false;
	return true;
}

bool fleet_prefix_is_good(const char *prefix)
{
	size_t size = strlen(prefix);

	if (size < 2 || size > NAME_LENGTH_MAX || prefix[0] != '/' || prefix[size - 1] == '/')
		return false;
	for (const char *at = prefix; *at; at++)
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f ||
		    (at[0] == '/' && at[1] == '/'))
			return false;
	return true;
}

bool fleet_endpoint_is_good(const char *text)
{
	const char *rest = strncmp(text, "http://", 7) == 0    ? text + 7
			   : strncmp(text, "https://", 8) == 0 ? text + 8
							       : NULL;

	if (!rest || *rest == '\0' || strlen(text) > 255)
		return false;
	for (const char *at = rest; *at; at++)
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f ||
		    strchr("/?#@\"", *at))
			return false;
	return true;
}

static bool copy_to(struct reader *reader, char **to, const char *text)
{
	*to = arena_string(reader->memory, text);
	return *to || report_oom(reader);
}

/* The words of a list, or the one that stands there alone, each of which `good` takes. */
static bool read_words(struct reader *reader, const struct schema_key *key,
		       const struct node *value, bool (*good)(const char *), size_t most,
		       const char *hint, char ***ret_words)
{
	bool alone = value->kind == NODE_SCALAR;
	size_t room = alone ? 1 : value->count, count = 0;
	const struct node *entry = value;
	char **words;

	if (value->kind == NODE_MAP || room > most)
		return report_error(reader, value, hint, "\"%s\" must be a list of at most %zu",
				    key->name, most);
	words = arena_alloc(reader->memory, (room + 1) * sizeof(*words));
	if (!words)
		return report_oom(reader);
	for (node_id at = 0; alone ? count == 0 : next_entry(reader, value, &at, &entry);) {
		const char *text;

		if (value_text(reader, key->name, entry, &text) != VALUE_GOOD)
			return false;
		if (!good(text))
			return report_error(reader, entry, hint, "\"%s\" cannot be \"%.80s\"",
					    key->name, text);
		for (size_t i = 0; i < count; i++)
			if (streq(words[i], text))
				return report_error(reader, entry, NULL, "\"%.80s\" is there twice",
						    text);
		if (!copy_to(reader, &words[count++], text))
			return false;
	}
	*ret_words = words;
	return true;
}

static bool read_endpoints(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target)
{
	struct policy_fleet *fleet = target;

	return read_words(reader, key, value, fleet_endpoint_is_good, ENDPOINTS_MAX,
			  "write it like https://10.0.0.1:2379", &fleet->endpoints);
}

static bool read_labels(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	struct policy_fleet *fleet = target;

	return read_words(reader, key, value, fleet_name_is_good, LABELS_MAX,
			  "letters, digits, \".\", \"_\" and \"-\"", &fleet->labels);
}

static bool read_host(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	struct policy_fleet *fleet = target;
	const char *text;

	if (value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	if (!fleet_name_is_good(text))
		return report_error(reader, value, "letters, digits, \".\", \"_\" and \"-\"",
				    "\"host\" cannot be \"%.80s\"", text);
	return copy_to(reader, &fleet->host, text);
}

static bool read_prefix(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	struct policy_fleet *fleet = target;
	const char *text;

	if (value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	if (!fleet_prefix_is_good(text))
		return report_error(reader, value, "write it like /reeve, without \"/\" at its end",
				    "\"prefix\" cannot be \"%.80s\"", text);
	return copy_to(reader, &fleet->prefix, text);
}

static bool read_ttl(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *target)
{
	const struct number_range range = { .least = UINT64_C(2000000000),
					    .most = UINT64_C(86400000000000) };
	struct policy_fleet *fleet = target;
	uint64_t ns = 0;

	if (value_duration(reader, key->name, value, &range, &ns) != VALUE_GOOD)
		return false;
	fleet->ttl = (unsigned)((ns + 999999999) / 1000000000);
	return true;
}

/* A file by its whole name, or, of `user`, any text. */
static bool read_path(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const char *text;

	if (value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	if (key->most && text[0] != '/')
		return report_error(reader, value, "write a path from \"/\" on",
				    "\"%s\" depends on the folder that reeve is started in",
				    key->name);
	return copy_to(reader, (char **)((char *)target + key->offset), text);
}

#define FLEET(field) offsetof(struct policy_fleet, field)

static const struct schema_key tls_keys[] = {
	{ "ca", "path", "who may have signed etcd's certificate; default the system's", read_path,
	  .offset = FLEET(ca), .most = 1 },
	{ "certificate", "path", "that this host shows", read_path, .offset = FLEET(certificate),
	  .most = 1 },
	{ "key", "path", "the certificate's key", read_path, .offset = FLEET(key), .most = 1 },
};
static const struct schema fleet_tls_schema = {
	"\"tls\"", tls_keys, ARRAY_SIZE(tls_keys), { { NULL, 0 } }
};

static const struct schema_key user_keys[] = {
	{ "name", "text", "a user of etcd's", read_path, .offset = FLEET(user) },
	{ "password_file", "path", "file whose first line is the password", read_path,
	  .offset = FLEET(password_file), .most = 1 },
};
static const struct schema fleet_user_schema = {
	"\"user\"", user_keys, ARRAY_SIZE(user_keys), { { NULL, 0 } }
};

static bool read_part(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const struct schema *parts[] = { &fleet_tls_schema, &fleet_user_schema };

	return expect_map(reader, key->name, value) &&
	       schema_read(reader, parts[key->number], value, target);
}

static const struct schema_key etcd_keys[] = {
	{ "endpoints", "list", "addresses of the members, such as https://10.0.0.1:2379",
	  read_endpoints },
	{ "prefix", "text", "what all keys begin with; default /reeve", read_prefix },
	{ "tls", "map", "ca, certificate and key", read_part, .number = 0 },
	{ "ttl", "time", "after so long without word the host counts as gone; default 30s",
	  read_ttl },
	{ "user", "map", "name and password_file", read_part, .number = 1 },
};
static const struct schema etcd_schema = {
	"\"etcd\"", etcd_keys, ARRAY_SIZE(etcd_keys), { { NULL, 0 } }
};

static bool read_etcd(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	struct policy_fleet *fleet = target;

	if (!expect_map(reader, key->name, value) ||
	    !schema_read(reader, &etcd_schema, value, target))
		return false;
	if (!fleet->endpoints || !fleet->endpoints[0])
		return report_error(reader, value, "add endpoints: [https://10.0.0.1:2379]",
				    "\"etcd\" has no endpoints");
	if (!fleet->user != !fleet->password_file)
		return report_error(reader, value, NULL,
				    "\"user\" needs both \"name\" and \"password_file\"");
	if (!fleet->certificate != !fleet->key)
		return report_error(reader, value, NULL,
				    "\"tls\" needs \"certificate\" and \"key\" together");
	return true;
}

static const struct schema_key fleet_keys[] = {
	{ "etcd", "map", "where it is, and who we are to it", read_etcd },
	{ "host", "name", "of this host in the fleet; default the kernel's", read_host },
	{ "labels", "list", "what this host is; policies of later ones are laid over earlier ones",
	  read_labels },
};
const struct schema fleet_schema = {
	"\"fleet\"", fleet_keys, ARRAY_SIZE(fleet_keys), { { NULL, 0 } }
};

bool read_fleet(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target)
{
	struct policy *policy = target;
	struct policy_fleet *fleet = arena_alloc(reader->memory, sizeof(*fleet));

	if (!fleet)
		return report_oom(reader);
	fleet->ttl = 30;
	fleet->at = position_of(value);
	if (!copy_to(reader, &fleet->prefix, "/reeve") || !expect_map(reader, key->name, value) ||
	    !only_in_files(reader, key, value) || !set_single(reader, key, value) ||
	    !schema_read(reader, &fleet_schema, value, fleet))
		return false;
	if (!fleet->endpoints)
		return report_error(reader, value, "add etcd: {endpoints: [https://10.0.0.1:2379]}",
				    "\"fleet\" does not say where its etcd is");
	if (!fleet->labels)
		fleet->labels = arena_alloc(reader->memory, sizeof(*fleet->labels));
	if (!fleet->labels)
		return report_oom(reader);
	policy->fleet = fleet;
	return true;
}
