// SPDX-License-Identifier: MIT
/* org.varlink.service, which every varlink service has: who this is, and what it can do. */
#include "varlink/internal.h"

static const char description[] =
	"# The interface that every varlink service has\n"
	"interface org.varlink.service\n"
	"\n"
	"# Who answers here, and the interfaces it has\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# The description of an interface\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"# There is no such interface\n"
	"error InterfaceNotFound (interface: string)\n"
	"\n"
	"# There is no such method in the interface\n"
	"error MethodNotFound (method: string)\n"
	"\n"
	"# The interface has the method, this service does not\n"
	"error MethodNotImplemented (method: string)\n"
	"\n"
	"# A parameter is missing, unknown or wrong\n"
	"error InvalidParameter (parameter: string)\n";

static int get_info(struct varlink_call *call, json_t *parameters, void *userdata)
{
	const struct varlink_server *server = userdata;
	json_t *interfaces = json_array();

	if (json_object_size(parameters) > 0) {
		json_decref(interfaces);
		return varlink_invalid_parameter(call, json_object_iter_key(
							       json_object_iter(parameters)));
	}
	for (size_t i = 0; i < server->interface_count; i++)
		if (json_array_append_new(interfaces, json_string(server->interfaces[i]->name)) <
		    0) {
			json_decref(interfaces);
			return -ENOMEM;
		}
	return varlink_reply(call, json_pack("{s:s, s:s, s:s, s:s, s:o}", "vendor", "reeve",
					     "product", "reeve", "version", REEVE_VERSION, "url",
					     "", "interfaces", interfaces));
}

static int get_interface_description(struct varlink_call *call, json_t *parameters, void *userdata)
{
	const struct varlink_server *server = userdata;
	const char *name = json_string_value(json_object_get(parameters, "interface"));

	if (!name || json_object_size(parameters) != 1)
		return varlink_invalid_parameter(call, "interface");
	for (size_t i = 0; i < server->interface_count; i++)
		if (streq(server->interfaces[i]->name, name))
			return varlink_reply(call, json_pack("{s:s}", "description",
							     server->interfaces[i]->description));
	return varlink_error(call, "org.varlink.service.InterfaceNotFound",
			     json_pack("{s:s}", "interface", name));
}

static const struct varlink_method methods[] = {
	{ "org.varlink.service.GetInfo", VARLINK_READ, get_info },
	{ "org.varlink.service.GetInterfaceDescription", VARLINK_READ, get_interface_description },
};

const struct varlink_interface service_interface = {
	.name = "org.varlink.service",
	.description = description,
	.methods = methods,
	.method_count = ARRAY_SIZE(methods),
};
