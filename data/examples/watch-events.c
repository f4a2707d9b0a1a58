// SPDX-License-Identifier: MIT
/*
 * watch-events RUNTIME-FOLDER COUNT [FILTER]: prints so many events of the daemon, by libreeve:
 *
 *	watch-events /run/reeve 10 '{"type": ["exec", "exit"], "user": ["1000"]}'
 */
#include <reeve/client.h>
#include <reeve/events.h>

#include <stdio.h>
#include <stdlib.h>

static int give_up(char *sentence)
{
	fprintf(stderr, "watch-events: %s\n", sentence ? sentence : "no memory");
	free(sentence);
	return 1;
}

static void print(const struct reeve_event *event)
{
	const char *type = reeve_event_text(event, "type"), *exe = reeve_event_text(event, "exe");
	int64_t pid = 0;

	(void)reeve_event_number(event, "pid", &pid);
	printf("%s %lld %s\n", type ? type : "?", (long long)pid, exe ? exe : "");
	fflush(stdout);
}

/* Who answers is asked first, by a call. */
static int greet(const char *folder, char **ret_sentence)
{
	struct reeve_client *client;
	char *status;
	int r = reeve_client_open(folder, &client, ret_sentence);

	if (r < 0)
		return r;
	r = reeve_client_call(client, "GetStatus", NULL, &status, ret_sentence);
	if (r == 0) {
		fprintf(stderr, "watch-events: the daemon is there (%zu bytes of status)\n",
			__builtin_strlen(status));
		free(status);
	}
	reeve_client_close(client);
	return r;
}

int main(int argc, char **argv)
{
	struct reeve_subscription *subscription;
	struct reeve_event *event;
	char *sentence = NULL;
	int r;

	if (argc < 3) {
		fputs("usage: watch-events RUNTIME-FOLDER COUNT [FILTER]\n", stderr);
		return 2;
	}
	if (greet(argv[1], &sentence) < 0 ||
	    reeve_subscribe(argv[1], argc > 3 ? argv[3] : NULL, &subscription, &sentence) < 0)
		return give_up(sentence);
	for (long left = strtol(argv[2], NULL, 10); left > 0; left--) {
		r = reeve_next_event(subscription, -1, &event, &sentence);
		if (r < 0) {
			reeve_subscription_close(subscription);
			return give_up(sentence);
		}
		print(event);
		reeve_event_free(event);
	}
	if (reeve_subscription_lost(subscription) > 0)
		fprintf(stderr, "watch-events: %llu events were lost\n",
			(unsigned long long)reeve_subscription_lost(subscription));
	reeve_subscription_close(subscription);
	return 0;
}
