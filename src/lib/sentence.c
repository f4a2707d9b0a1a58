// SPDX-License-Identifier: MIT
/* One way out for all errors. */
#include "lib/sentence.h"

int sentence_give(struct error *err, int code, char **ret_sentence)
{
	if (ret_sentence)
		*ret_sentence = strdup(err->message ? err->message : strerror(-code));
	error_done(err);
	return code;
}
