// SPDX-License-Identifier: MIT
/* A datagram of the process connector: whoever may send to the group chooses its bytes. */
#include "source/connector-message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct connector_message message, again;
	uint32_t length; /* the first member of nlmsghdr */

	if (connector_message_parse(data, size, &message) < 0)
		return 0;
	/* What follows a whole message is not looked at. */
	memcpy(&length, data, sizeof(length));
	if (length > size || connector_message_parse(data, length, &again) < 0 ||
	    again.what != message.what || again.pid != message.pid ||
	    again.parent != message.parent || again.error != message.error)
		abort();
	if (message.what == PROC_EVENT_NONE && (message.pid || message.tid))
		abort();
	return 0;
}
