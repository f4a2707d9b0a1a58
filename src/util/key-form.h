/* SPDX-License-Identifier: MIT */
/* What may stand behind a key, wherever keys are: on a command line, in a profile, in a plan. */
#pragma once

enum key_form {
	KEY_FLAG,  /* yes or no */
	KEY_VALUE, /* one text; the last one holds */
	KEY_LIST,  /* each adds */
};
