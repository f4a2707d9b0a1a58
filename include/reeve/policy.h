/* SPDX-License-Identifier: MIT */
/*
 * Whether a policy (reeve.yaml(5)) is right: what `reeve check` says, for editors and deployment.
 * Needs neither root nor a daemon, and changes nothing.
 */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct reeve_check;

/*
 * Checks a file or folder, or a text in memory (`name` is for messages, and says by its end
 * whether it is YAML or JSON). 0: valid; -EINVAL: not; other negative errno: it could not be read.
 * *ret_check, which is set in all of these cases but for -ENOMEM, has what was found; the caller
 * frees it.
 */
int reeve_check_policy(const char *path, struct reeve_check **ret_check);
int reeve_check_policy_text(const char *name, const char *text, size_t size,
			    struct reeve_check **ret_check);
void reeve_check_free(struct reeve_check *check); /* NULL is allowed */

enum reeve_severity { REEVE_NOTE, REEVE_WARNING, REEVE_ERROR };

/* The findings, by number; what is asked for beyond the last one is "" or 0. Strings live as long
 * as the check. */
size_t reeve_check_count(const struct reeve_check *check);
enum reeve_severity reeve_check_severity(const struct reeve_check *check, size_t index);
const char *reeve_check_file(const struct reeve_check *check, size_t index);
unsigned reeve_check_line(const struct reeve_check *check, size_t index);   /* from 1; 0: none */
unsigned reeve_check_column(const struct reeve_check *check, size_t index); /* from 1; 0: none */
const char *reeve_check_message(const struct reeve_check *check, size_t index);
const char *reeve_check_hint(const struct reeve_check *check, size_t index);

/* All of them as `reeve check --json` has them: a list; freed by the caller. */
char *reeve_check_json(const struct reeve_check *check);

#ifdef __cplusplus
}
#endif
