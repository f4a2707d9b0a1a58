// SPDX-License-Identifier: MIT
/* dlopen(3) counts for itself: a library that is loaded already is handed out again. */
#include "export/rdkafka.h"

#include <dlfcn.h>

#define LIBRARY "librdkafka.so.1"

int rdkafka_load(struct rdkafka *library, struct error *err)
{
	static const struct {
		const char *name;
		size_t offset;
	} symbols[] = {
#define X(name) { "rd_kafka_" #name, offsetof(struct rdkafka, name) },
		RDKAFKA_FUNCTIONS(X)
#undef X
	};
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (!handle)
		return error_set(err, -ENOPKG,
				 "a sink wants Kafka, and " LIBRARY
				 " cannot be loaded: install librdkafka1 (%s)",
				 dlerror());
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *symbol = dlsym(handle, symbols[i].name);

		if (!symbol)
			return error_set(err, -ENOPKG,
					 LIBRARY " has no %s: install a newer librdkafka1",
					 symbols[i].name);
		memcpy((char *)library + symbols[i].offset, &symbol, sizeof(symbol));
	}
	return 0;
}
