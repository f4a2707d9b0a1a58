// SPDX-License-Identifier: MIT
/* Both directions of the control socket's text; what is read must be writable again. */
#include "varlink/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *text = NULL;
	struct varlink_request request;
	struct varlink_answer answer;
	size_t length;

	if (varlink_request_parse((const char *)data, size, &request, &err) >= 0) {
		if (varlink_encode(varlink_request_new(request.method,
						       json_incref(request.parameters),
						       request.more, request.oneway),
				   &text, &length) < 0)
			abort();
		varlink_request_done(&request);
		if (varlink_request_parse(text, length - 1, &request, NULL) < 0)
			abort();
		varlink_request_done(&request);
	}
	if (varlink_answer_parse((const char *)data, size, &answer, NULL) >= 0)
		varlink_answer_done(&answer);
	return 0;
}
