// SPDX-License-Identifier: MIT
/*
 * From a request to its method, and from the method's answer back. Who may call what is decided
 * here, before a method sees anything. A method that neither answers nor fails has put the call
 * aside: it ends with a later answer, or when the client goes.
 */
#include "varlink/codec.h"
#include "varlink/internal.h"

#include "util/text.h"

static const struct varlink_interface *find_interface(const struct varlink_server *server,
						      const char *name, size_t length)
{
	for (size_t i = 0; i < server->interface_count; i++) {
		const char *candidate = server->interfaces[i]->name;

		if (strncmp(candidate, name, length) == 0 && candidate[length] == '\0')
			return server->interfaces[i];
	}
	return NULL;
}

static const struct varlink_method *find_method(const struct varlink_interface *interface,
						const char *name)
{
	for (size_t i = 0; i < interface->method_count; i++)
		if (streq(interface->methods[i].name, name))
			return &interface->methods[i];
	return NULL;
}

static bool is_allowed(const struct connection *c, enum varlink_access access)
{
	return c->rights == RIGHTS_ALL || (c->rights == RIGHTS_READ && access == VARLINK_READ);
}

static int deny(struct varlink_call *call, const char *method)
{
	const char *why = call->connection->rights == RIGHTS_READ
				  ? "this needs root; your group may only read"
				  : "only root and the reading group may ask";

	call->connection->server->counters.denied++;
	return varlink_error(call, "io.reeve.PermissionDenied",
			     json_pack("{s:s, s:s}", "method", method, "message", why));
}

/* The name is answered for only after the right to ask: a stranger learns nothing. */
static void dispatch(struct varlink_call *call, const struct varlink_request *request)
{
	struct connection *c = call->connection;
	const char *name = request->method, *dot = strrchr(name, '.');
	size_t length = dot ? (size_t)(dot - name) : strlen(name);
	const struct varlink_interface *interface = find_interface(c->server, name, length);
	const struct varlink_method *method = interface ? find_method(interface, name) : NULL;
	int r;

	if (!is_allowed(c, method ? method->access : VARLINK_READ))
		r = deny(call, name);
	else if (!interface)
		r = varlink_error(call, "org.varlink.service.InterfaceNotFound",
				  json_pack("{s:s%}", "interface", name, length));
	else if (!method)
		r = varlink_error(call, "org.varlink.service.MethodNotFound",
				  json_pack("{s:s}", "method", name));
	else if (request->upgrade)
		r = varlink_invalid_parameter(call, "upgrade");
	else if (!method->function)
		r = varlink_error(call, "org.varlink.service.MethodNotImplemented",
				  json_pack("{s:s}", "method", name));
	else
		r = method->function(call, request->parameters,
				     interface == &service_interface ? c->server
								     : c->server->userdata);
	/* The method may have answered, and the call be freed: the connection knows. */
	if (r < 0 && c->call)
		(void)varlink_fail(c->call, r, NULL);
}

void call_request(struct connection *c, const char *text, size_t size)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct varlink_request request;
	struct varlink_call *call;

	if (varlink_request_parse(text, size, &request, &err) < 0) {
		c->server->counters.malformed++;
		connection_refuse(c, error_text(&err));
		return;
	}
	call = calloc(1, sizeof(*call));
	if (!call) {
		connection_refuse(c, "the daemon has no memory left");
		varlink_request_done(&request);
		return;
	}
	c->server->counters.calls++;
	call->connection = c;
	call->more = request.more;
	call->oneway = request.oneway;
	c->call = call;
	dispatch(call, &request);
	varlink_request_done(&request);
}

void call_gone(struct varlink_call *call)
{
	if (call->gone)
		call->gone(call, call->gone_userdata);
	free(call);
}

static int end(struct varlink_call *call, const char *error, json_t *parameters)
{
	struct connection *c = call->connection;
	int r = 0;

	if (error)
		c->server->counters.errors++;
	c->call = NULL;
	if (call->oneway)
		json_decref(parameters);
	else
		r = connection_send(c, varlink_answer_new(error, parameters, false));
	free(call);
	connection_wake(c);
	return r;
}

int varlink_reply(struct varlink_call *call, json_t *parameters)
{
	return end(call, NULL, parameters);
}

int varlink_error(struct varlink_call *call, const char *name, json_t *parameters)
{
	return end(call, name, parameters);
}

int varlink_notify(struct varlink_call *call, json_t *parameters)
{
	int r;

	if (!call->more) {
		json_decref(parameters);
		return -EINVAL;
	}
	r = connection_send(call->connection, varlink_answer_new(NULL, parameters, true));
	connection_wake(call->connection);
	return r;
}

#define TAIL ",\"continues\":true}" /* and its NUL */

int varlink_notify_text(struct varlink_call *call, const char *parameters, size_t size)
{
	struct text message;
	int r;

	if (!call->more)
		return -EINVAL;
	text_init(&message);
	text_add(&message, "{\"parameters\":");
	text_add_bytes(&message, parameters, size);
	text_add_bytes(&message, TAIL, sizeof(TAIL));
	if (message.failed)
		r = -ENOMEM;
	else
		r = connection_send_text(call->connection, message.data, message.size);
	text_done(&message);
	connection_wake(call->connection);
	return r;
}

int varlink_fail(struct varlink_call *call, int code, const struct error *err)
{
	const char *message = err && err->code < 0 ? error_text(err) : strerror(-code);
	json_t *parameters = json_pack("{s:i, s:s}", "errno", -code, "message", message);

	/* A sentence that quotes bytes which are no UTF-8 cannot be sent; the errno can. */
	if (!parameters)
		parameters = json_pack("{s:i, s:s}", "errno", -code, "message", strerror(-code));
	return varlink_error(call, "io.reeve.Failed", parameters);
}

int varlink_invalid_parameter(struct varlink_call *call, const char *parameter)
{
	return varlink_error(call, "org.varlink.service.InvalidParameter",
			     json_pack("{s:s}", "parameter", parameter));
}

bool varlink_is_oneway(const struct varlink_call *call)
{
	return call->oneway;
}

bool varlink_wants_more(const struct varlink_call *call)
{
	return call->more;
}

const struct ucred *varlink_peer(const struct varlink_call *call)
{
	return &call->connection->peer;
}

void varlink_on_gone(struct varlink_call *call, void (*function)(struct varlink_call *, void *),
		     void *userdata)
{
	call->gone = function;
	call->gone_userdata = userdata;
}

size_t varlink_backlog(const struct varlink_call *call)
{
	return call->connection->out_size - call->connection->out_at;
}
