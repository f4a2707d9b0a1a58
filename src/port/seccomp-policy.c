// SPDX-License-Identifier: MIT
/*
 * Words to BPF: a comparison and a return for each call, in the order in which they stand.
 *
 * The launcher's policies (launch/seccomp-policy.c) are another language and no substitute: there
 * the last statement that names a call decides, here the first; what is not named is killed here;
 * and libseccomp makes those filters. What controllers have written must go on to mean what it
 * meant, in a port that is linked statically and forks from a small image.
 */
#include "port/seccomp-policy.h"

#include "port/constants.h"

#include <ctype.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "say which AUDIT_ARCH_ this processor is"
#endif

enum { X32_BIT = 0x40000000 };

struct compiler {
	struct seccomp_policy *policy;
	size_t size;
	const char *at;
	char word[64];
	char *wrong;
};

static int wrong(struct compiler *c, const char *what)
{
	snprintf(c->wrong, SECCOMP_POLICY_WRONG, "%s: \"%s\"", what, c->word);
	return -EINVAL;
}

/* The next word, or "" at the end of a statement. */
static int next_word(struct compiler *c)
{
	size_t size;

	while (isspace((unsigned char)*c->at))
		c->at++;
	size = strcspn(c->at, "; \t\r\n");
	if (size >= sizeof(c->word)) {
		c->word[0] = '\0';
		return wrong(c, "a word is too long");
	}
	memcpy(c->word, c->at, size);
	c->word[size] = '\0';
	c->at += size;
	return 0;
}

static void emit(struct compiler *c, struct sock_filter instruction)
{
	c->policy->code[c->size++] = instruction;
}

static int read_action(struct compiler *c, uint32_t *ret_action)
{
	static const struct {
		const char *word;
		uint32_t action;
	} actions[] = {
		{ "allow", SECCOMP_RET_ALLOW }, { "log", SECCOMP_RET_LOG },
		{ "trap", SECCOMP_RET_TRAP },	{ "kill", SECCOMP_RET_KILL_PROCESS },
		{ "errno", SECCOMP_RET_ERRNO },
	};
	char *end;
	long number;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!streq(c->word, actions[i].word))
			continue;
		*ret_action = actions[i].action;
		if (*ret_action != SECCOMP_RET_ERRNO)
			return 0;
		if (next_word(c) < 0)
			return -EINVAL;
		number = strtol(c->word, &end, 10);
		if (!*c->word || *end || number < 1 || number > 4095)
			return wrong(c, "errno wants a number from 1 to 4095");
		*ret_action |= (uint32_t)number;
		return 0;
	}
	return wrong(c, "an action is allow, log, trap, kill or errno NUMBER");
}

static int read_calls(struct compiler *c, uint32_t action)
{
	char name[sizeof(c->word) + 4];
	uint64_t number;

	for (;;) {
		if (next_word(c) < 0)
			return -EINVAL;
		if (!*c->word)
			return 0;
		snprintf(name, sizeof(name), "sys_%s", c->word);
		if (!constant_find(CONSTANTS_SYSCALL, name, strlen(name), &number))
			return wrong(c, "there is no system call of that name");
		if (c->size + 3 > SECCOMP_POLICY_SIZE)
			return wrong(c, "too many calls");
		emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0,
						     1));
		emit(c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
	}
}

static int read_statement(struct compiler *c, uint32_t *other)
{
	uint32_t action;
	bool is_default;

	if (next_word(c) < 0)
		return -EINVAL;
	if (!*c->word)
		return 0;
	is_default = streq(c->word, "default");
	if (is_default && next_word(c) < 0)
		return -EINVAL;
	if (read_action(c, &action) < 0)
		return -EINVAL;
	if (!is_default)
		return read_calls(c, action);
	*other = action;
	if (next_word(c) < 0)
		return -EINVAL;
	return *c->word ? wrong(c, "default takes an action and no calls") : 0;
}

int seccomp_policy_compile(const char *text, struct seccomp_policy *ret_policy,
			   char ret_wrong[SECCOMP_POLICY_WRONG])
{
	struct compiler c = { .policy = ret_policy, .at = text, .wrong = ret_wrong };
	uint32_t other = SECCOMP_RET_KILL_PROCESS;

	emit(&c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					      offsetof(struct seccomp_data, arch)));
	emit(&c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
	emit(&c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	emit(&c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					      offsetof(struct seccomp_data, nr)));
	/* The other way to call on x86-64 has numbers of its own. */
	emit(&c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
	emit(&c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	for (;;) {
		if (read_statement(&c, &other) < 0)
			return -EINVAL;
		while (isspace((unsigned char)*c.at))
			c.at++;
		if (!*c.at)
			break;
		if (*c.at == ';')
			c.at++;
	}
	emit(&c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, other));
	ret_policy->program =
		(struct sock_fprog){ .len = (unsigned short)c.size, .filter = ret_policy->code };
	return 0;
}
