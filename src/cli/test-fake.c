// SPDX-License-Identifier: MIT
/* Takes the place of core's engine and varlink's client when the test is linked. */
#include "cli/test-fake.h"

#include "core/engine.h"
#include "core/self-test.h"
#include "varlink/client.h"

#include <sys/eventfd.h>

struct fake fake;
static const struct corpus_case fake_case = { .name = "odd", .summary = "in an odd way" };

void fake_reset(void)
{
	free(fake.method);
	free(fake.parameters);
	free(fake.config);
	free(fake.out);
	free(fake.err);
	fake = (struct fake){ 0 };
}

int fake_run(const char *const *words)
{
	char *argv[32] = { (char *)(uintptr_t) "reeve" };
	size_t out_size, err_size;
	FILE *out, *err;
	int argc = 1, code;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	free(fake.out);
	free(fake.err);
	out = open_memstream(&fake.out, &out_size);
	err = open_memstream(&fake.err, &err_size);
	code = cli_main(argc, argv, out, err);
	fclose(out);
	fclose(err);
	return code;
}

static void keep(const char *method, const json_t *parameters)
{
	fake.calls++;
	free(fake.method);
	free(fake.parameters);
	fake.method = strdup(method);
	fake.parameters = parameters ? json_dumps(parameters, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

static json_t *reply(void)
{
	return fake.reply ? json_loads(fake.reply, 0, NULL) : json_object();
}

/* ---- core/self-test.h ---- */

int self_test_run(_unused_ const struct host *host, const struct self_test_options *options,
		  struct self_test **ret_test, struct error *err)
{
	struct self_test *test;

	if (fake.self_test < 0)
		return error_set(err, fake.self_test, "%s", fake.sentence);
	test = calloc(1, sizeof(*test));
	test->source = source_class_find(options->source);
	test->cases = calloc(1, sizeof(*test->cases));
	test->cases[test->case_count++] = (struct self_test_case){
		.about = &fake_case,
		.verdict = fake.self_test ? CASE_WRONG : CASE_RIGHT,
	};
	test->fields[FIELD_EXE][fake.self_test ? VERDICT_WRONG : VERDICT_RIGHT] = 1;
	if (fake.self_test) {
		test->findings = calloc(1, sizeof(*test->findings));
		test->findings[test->finding_count++] = (struct self_test_finding){
			.in = &fake_case,
			.type = EVENT_EXEC,
			.field = FIELD_EXE,
			.verdict = VERDICT_WRONG,
			.wanted = strdup("/right"),
			.got = strdup("/wrong"),
		};
	}
	*ret_test = test;
	return 0;
}

void self_test_free(struct self_test *test)
{
	for (size_t i = 0; i < test->finding_count; i++) {
		free(test->findings[i].wanted);
		free(test->findings[i].got);
	}
	free(test->findings);
	free(test->cases);
	free(test);
}

bool self_test_passed(const struct self_test *test)
{
	return test->finding_count == 0;
}

/* ---- core/engine.h ---- */

struct engine {
	int unused;
};

int engine_new(const struct host *host, sd_event *event, const struct engine_options *options,
	       struct engine **ret_engine, struct diagnostics *diagnostics, struct error *err)
{
	fake.local = options->local;
	free(fake.config);
	fake.config = options->config_path ? strdup(options->config_path) : NULL;
	if (fake.engine == -EINVAL)
		diagnostics_add(diagnostics, SEVERITY_ERROR, "x.yaml", NULL, 1, 1, 1, NULL,
				"a mistake");
	if (fake.engine < 0)
		return error_set(err, fake.engine, "%s", fake.sentence);
	*ret_engine = calloc(1, sizeof(**ret_engine));
	return 0;
}

void engine_free(struct engine *engine)
{
	free(engine);
}

int engine_control(struct engine *engine, const char *method, json_t *parameters,
		   json_t **ret_reply, struct error *err)
{
	keep(method, parameters);
	if (fake.call < 0)
		return error_set(err, fake.call, "%s", fake.sentence);
	*ret_reply = reply();
	return 0;
}

/* ---- varlink/client.h ---- */

struct varlink_client {
	int fd; /* always readable */
};

int varlink_connect(const char *path, struct varlink_client **ret_client, struct error *err)
{
	if (fake.connect < 0)
		return fake.connect;
	*ret_client = calloc(1, sizeof(**ret_client));
	(*ret_client)->fd = eventfd(1, EFD_CLOEXEC);
	return 0;
}

void varlink_client_free(struct varlink_client *client)
{
	close(client->fd);
	free(client);
}

int varlink_call(struct varlink_client *client, const char *method, json_t *parameters,
		 int timeout_ms, json_t **ret_reply, char **ret_error, struct error *err)
{
	keep(method, parameters);
	json_decref(parameters);
	if (fake.error) {
		*ret_reply = json_object();
		*ret_error = strdup(fake.error);
		return 1;
	}
	if (fake.call < 0)
		return error_set(err, fake.call, "%s", fake.sentence);
	*ret_reply = reply();
	return 0;
}

static int hand_out(int (*function)(json_t *event, void *userdata), void *userdata)
{
	json_t *events = json_loads(fake.events ? fake.events : "[]", 0, NULL);
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(events); i++)
		r = function(json_array_get(events, i), userdata);
	json_decref(events);
	return r;
}

int varlink_observe(struct varlink_client *client, const char *method, json_t *parameters,
		    int (*function)(json_t *event, void *userdata), void *userdata,
		    struct error *err)
{
	keep(method, parameters);
	return hand_out(function, userdata);
}

int varlink_client_fd(const struct varlink_client *client)
{
	return client->fd;
}

int varlink_observe_begin(struct varlink_client *client, const char *method, json_t *parameters,
			  struct error *err)
{
	keep(method, parameters);
	json_decref(parameters);
	return 0;
}

/* All at once, and then the end. */
int varlink_observe_ready(struct varlink_client *client,
			  int (*function)(json_t *event, void *userdata), void *userdata,
			  struct error *err)
{
	int r = hand_out(function, userdata);

	return r != 0 ? r : error_set(err, -EPIPE, "the daemon has ended");
}

int varlink_explain(const char *name, const json_t *parameters, struct error *err)
{
	return error_set(err, -EREMOTEIO, "%s", fake.sentence);
}
