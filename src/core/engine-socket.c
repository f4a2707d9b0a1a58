// SPDX-License-Identifier: MIT
/* The varlink server: who may call what, and engine_control()'s answers as varlink replies. */
#include "core/engine-internal.h"
#include "core/engine-watch.h"

#include "core/reader-group.h"
#include "util/places.h"

static json_t *take_diagnostics(json_t *reply)
{
	json_t *list = json_incref(json_object_get(reply, "diagnostics"));

	json_decref(reply);
	return list ? list : json_array();
}

static int fail(struct varlink_call *call, const json_t *parameters, const char *method, int r,
		json_t *reply, const struct error *err)
{
	const char *name = json_string_value(json_object_get(parameters, "name"));

	if (!name)
		name = json_string_value(json_object_get(parameters, "group"));
	if (r == -ENOENT && name)
		return varlink_error(call,
				     strncmp(method, "io.reeve.Service", 16) == 0
					     ? "io.reeve.NoSuchService"
					     : "io.reeve.NoSuchGroup",
				     json_pack("{s:s, s:s}", "name", name, "message",
					       error_text(err)));
	if (r == -EINVAL && streq(method, "io.reeve.Reload"))
		return varlink_error(call, "io.reeve.InvalidPolicy",
				     json_pack("{s:s, s:o}", "message", error_text(err),
					       "diagnostics", take_diagnostics(reply)));
	return varlink_error(call, "io.reeve.Failed",
			     json_pack("{s:i, s:s}", "errno", -r, "message", error_text(err)));
}

/* What the next daemon might not get to know of any more. */
static bool changes(const char *method);

static int answer(struct varlink_call *call, json_t *parameters, void *userdata, const char *method)
{
	struct engine *engine = userdata;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	json_t *reply = NULL;
	int r;

	engine_history_wake(engine);
	if (engine_is_handing_over(engine) && changes(method) && varlink_is_oneway(call) &&
	    engine_do_later(engine, method, parameters) >= 0)
		return varlink_reply(call, NULL);
	if (engine_is_handing_over(engine) && changes(method))
		return varlink_error(call, "io.reeve.Failed",
				     json_pack("{s:i, s:s}", "errno", EAGAIN, "message",
					       "the daemon is being replaced: try again"));
	r = engine_begin_slow(engine, method, call, parameters, &err);
	if (r > 0)
		return 0;
	if (r == 0)
		r = engine_begin_handover(engine, method, call, &err);
	if (r > 0)
		return 0;
	if (r == 0)
		r = engine_begin_service(engine, method, call, parameters, &err);
	if (r > 0)
		return 0;
	if (r == 0)
		r = engine_control(engine, method, parameters, &reply, &err);
	return r >= 0 ? varlink_reply(call, reply) : fail(call, parameters, method, r, reply, &err);
}

#define METHOD(method)                                                                          \
	static int call_##method(struct varlink_call *call, json_t *parameters, void *userdata) \
	{                                                                                       \
		return answer(call, parameters, userdata, "io.reeve." #method);                 \
	}
METHOD(Clean)
METHOD(CreateGroup)
METHOD(DeleteGroup)
METHOD(FreezeGroup)
METHOD(GetGroup)
METHOD(GetHistory)
METHOD(GetMetrics)
METHOD(GetStatus)
METHOD(GetTree)
METHOD(KillGroup)
METHOD(ListDecisions)
METHOD(ListGroups)
METHOD(ListProcesses)
METHOD(LocateGroup)
METHOD(MoveProcesses)
METHOD(PlaceSession)
METHOD(Reexecute)
METHOD(Reload)
METHOD(Scan)
METHOD(ServiceInstall)
METHOD(ServiceList)
METHOD(ServiceReload)
METHOD(ServiceRemove)
METHOD(ServiceRestart)
METHOD(ServiceSet)
METHOD(ServiceStart)
METHOD(ServiceStatus)
METHOD(ServiceStop)
METHOD(ServiceUnit)
METHOD(SetGroup)
METHOD(ThawGroup)

static int call_events(struct varlink_call *call, json_t *parameters, void *userdata)
{
	if (!varlink_wants_more(call))
		return varlink_error(call, "org.varlink.service.ExpectedMore", NULL);
	return engine_subscribe(userdata, call, NULL);
}

static int call_decisions(struct varlink_call *call, json_t *parameters, void *userdata)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct decision_wish wish;

	if (!varlink_wants_more(call))
		return varlink_error(call, "org.varlink.service.ExpectedMore", NULL);
	if (decision_wish_read(parameters, &wish, &err) < 0)
		return varlink_fail(call, err.code, &err);
	if (!json_is_integer(json_object_get(parameters, "limit")))
		wish.limit = 0;
	return engine_subscribe(userdata, call, &wish);
}

static int call_watch(struct varlink_call *call, json_t *parameters, void *userdata)
{
	if (!varlink_wants_more(call))
		return varlink_error(call, "org.varlink.service.ExpectedMore", NULL);
	return engine_watch(userdata, call, parameters);
}

static const struct varlink_method methods[] = {
	{ "io.reeve.Clean", VARLINK_WRITE, call_Clean },
	{ "io.reeve.CreateGroup", VARLINK_WRITE, call_CreateGroup },
	{ "io.reeve.DeleteGroup", VARLINK_WRITE, call_DeleteGroup },
	{ "io.reeve.Events", VARLINK_READ, call_events },
	{ "io.reeve.FreezeGroup", VARLINK_WRITE, call_FreezeGroup },
	{ "io.reeve.GetGroup", VARLINK_READ, call_GetGroup },
	{ "io.reeve.GetHistory", VARLINK_READ, call_GetHistory },
	{ "io.reeve.GetMetrics", VARLINK_READ, call_GetMetrics },
	{ "io.reeve.GetStatus", VARLINK_READ, call_GetStatus },
	{ "io.reeve.GetTree", VARLINK_READ, call_GetTree },
	{ "io.reeve.KillGroup", VARLINK_WRITE, call_KillGroup },
	{ "io.reeve.ListDecisions", VARLINK_READ, call_ListDecisions },
	{ "io.reeve.ListGroups", VARLINK_READ, call_ListGroups },
	{ "io.reeve.ListProcesses", VARLINK_READ, call_ListProcesses },
	{ "io.reeve.LocateGroup", VARLINK_READ, call_LocateGroup },
	{ "io.reeve.MoveProcesses", VARLINK_WRITE, call_MoveProcesses },
	{ "io.reeve.PlaceSession", VARLINK_WRITE, call_PlaceSession },
	{ "io.reeve.Reexecute", VARLINK_WRITE, call_Reexecute },
	{ "io.reeve.Reload", VARLINK_WRITE, call_Reload },
	{ "io.reeve.Scan", VARLINK_WRITE, call_Scan },
	{ "io.reeve.ServiceInstall", VARLINK_WRITE, call_ServiceInstall },
	{ "io.reeve.ServiceList", VARLINK_READ, call_ServiceList },
	{ "io.reeve.ServiceReload", VARLINK_WRITE, call_ServiceReload },
	{ "io.reeve.ServiceRemove", VARLINK_WRITE, call_ServiceRemove },
	{ "io.reeve.ServiceRestart", VARLINK_WRITE, call_ServiceRestart },
	{ "io.reeve.ServiceSet", VARLINK_WRITE, call_ServiceSet },
	{ "io.reeve.ServiceStart", VARLINK_WRITE, call_ServiceStart },
	{ "io.reeve.ServiceStatus", VARLINK_READ, call_ServiceStatus },
	{ "io.reeve.ServiceStop", VARLINK_WRITE, call_ServiceStop },
	{ "io.reeve.ServiceUnit", VARLINK_READ, call_ServiceUnit },
	{ "io.reeve.SetGroup", VARLINK_WRITE, call_SetGroup },
	{ "io.reeve.SubscribeDecisions", VARLINK_READ, call_decisions },
	{ "io.reeve.ThawGroup", VARLINK_WRITE, call_ThawGroup },
	{ "io.reeve.Watch", VARLINK_READ, call_watch },
};

static bool changes(const char *method)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (streq(methods[i].name, method))
			return methods[i].access == VARLINK_WRITE;
	return true;
}

static const char description[] = {
#include "io.reeve.varlink.inc"
};

static const struct varlink_interface interface = {
	.name = "io.reeve",
	.description = description,
	.methods = methods,
	.method_count = ARRAY_SIZE(methods),
};

int engine_socket_check(const struct engine *engine, struct error *err)
{
	_cleanup_(freep) char *path = place_socket(engine->runtime_dir);

	if (!path)
		return error_oom(err);
	return varlink_check_path(path, err);
}

int engine_socket_start(struct engine *engine, struct error *err)
{
	static const struct varlink_interface *const interfaces[] = { &interface };
	/* Above what engine-watch.c lets wait, by more than the longest event. */
	static const struct varlink_limits limits = { .queue_size = 8 << 20 };
	_cleanup_(freep) char *path = place_socket(engine->runtime_dir);
	int fd, r;

	if (!path)
		return error_oom(err);
	r = varlink_server_new(engine->event, interfaces, 1, &limits, engine, &engine->server, err);
	if (r < 0)
		return r;
	fd = engine_inherit(engine, "control");
	if (fd >= 0)
		return varlink_server_adopt(engine->server, fd, path, reader_group(), err);
	return varlink_server_listen(engine->server, path, reader_group(), err);
}
