// SPDX-License-Identifier: MIT
/* On a child of our own; what needs groups is in test/e2e/gate.bats. */
#include "core/effects.h"

#include "test/unit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char name[] = "r";
static struct policy_rule rules[] = { { .name = name }, { .name = name, .force = true } };
static struct policy policy = { .rules = rules, .rule_count = 2 };

struct fixture {
	struct host *host;
	struct shared_policy shared;
	struct snapshot snapshot;
	struct decision decision;
	struct effects effects;
	pid_t child, own[2];
};

static void begin(struct fixture *f, bool own)
{
	*f = (struct fixture){ 0 };
	assert_int_equal(host_new(&f->host, NULL), 0);
	f->shared = (struct shared_policy){ .policy = &policy, .stats = rule_stats_new(2) };
	f->snapshot.shared = &f->shared;
	f->child = fork();
	if (f->child == 0) {
		pause();
		_exit(0);
	}
	f->own[0] = own ? f->child : 0;
	f->decision.group = POLICY_NONE;
	f->effects = (struct effects){
		.host = f->host,
		.snapshot = &f->snapshot,
		.own = f->own,
		.decision = &f->decision,
	};
	assert_int_equal(target_open(f->host, f->child, 0, &f->effects.target), 0);
	effects_begin(&f->effects);
}

static void end(struct fixture *f)
{
	kill(f->child, SIGKILL);
	waitpid(f->child, NULL, 0);
	target_done(&f->effects.target);
	rule_stats_free(f->shared.stats, 2);
	host_free(f->host);
}

static const struct policy_effect nicer = { .kind = EFFECT_NICE, .nice = 7 };
static const struct policy_effect killing = {
	.kind = EFFECT_KILL,
	.signal = { .number = SIGKILL },
};

static void test_settings(void **state)
{
	const struct policy_effect limit = {
		.kind = EFFECT_RLIMIT,
		.rlimit = { .resource = RLIMIT_CORE, .soft = 0, .hard = 4096 },
	};
	const struct plan_step steps[] = { { &nicer, 0, false }, { &limit, 0, false } };
	struct rlimit got;
	struct fixture f;

	begin(&f, false);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_true(effects_allow(&f.effects, &steps[i]));
		assert_int_equal(effects_carry_out(&f.effects, &steps[i]), 0);
	}
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)f.child), 7);
	assert_int_equal(prlimit(f.child, RLIMIT_CORE, NULL, &got), 0);
	assert_int_equal(got.rlim_max, 4096);
	assert_int_equal(f.decision.outcome.done, 1 << EFFECT_NICE | 1 << EFFECT_RLIMIT);
	assert_int_equal(atomic_load(&f.shared.stats[0].done), 2);
	end(&f);
}

static void test_kill_by_descriptor(void **state)
{
	const struct plan_step step = { &killing, 0, false };
	struct fixture f;
	int status;

	begin(&f, false);
	assert_int_equal(effects_carry_out(&f.effects, &step), 0);
	assert_int_equal(waitpid(f.child, &status, 0), f.child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(f.decision.flags & DECISION_KILLED);
	/* Whoever has its number now is not meant. */
	assert_int_equal(effects_carry_out(&f.effects, &step), -ESRCH);
	assert_int_equal(f.decision.outcome.failed_errno, ESRCH);
	end(&f);
}

/* Reeve's own are spared, unless a rule says `force`; messages about them are written. */
static void test_spared(void **state)
{
	const struct policy_effect message = { .kind = EFFECT_LOG };
	const struct plan_step kind = { &nicer, 0, false }, forced = { &nicer, 1, false };
	const struct plan_step told = { &message, 0, false };
	struct fixture f;

	begin(&f, true);
	assert_int_equal(f.effects.protection, TARGET_REEVE);
	assert_false(effects_allow(&f.effects, &kind));
	assert_int_equal(f.decision.outcome.spared, 1 << EFFECT_NICE);
	assert_int_equal(atomic_load(&f.shared.stats[0].spared), 1);
	assert_true(effects_allow(&f.effects, &forced));
	assert_true(effects_allow(&f.effects, &told));
	f.effects.protection = TARGET_FOREIGN_NUMBER;
	assert_false(effects_allow(&f.effects, &forced));
	end(&f);
}

static void test_dry(void **state)
{
	const struct policy_effect group = { .kind = EFFECT_GROUP, .group.index = 3 };
	const struct plan_step step = { &group, 1, true };
	struct fixture f;

	begin(&f, false);
	assert_false(effects_allow(&f.effects, &step));
	assert_int_equal(f.decision.outcome.dry, 1 << EFFECT_GROUP);
	assert_int_equal(f.decision.group, 3);
	assert_int_equal(f.decision.group_rule, 1);
	end(&f);
}

/* What has happened cannot be refused. */
static void test_deny(void **state)
{
	const struct policy_effect refusal = { .kind = EFFECT_DENY, .deny = EPERM };
	const struct plan_step step = { &refusal, 0, false };
	const struct plan plan = { .count = 1, .kinds = 1 << EFFECT_DENY, .steps = { step } };
	struct fixture f;

	begin(&f, false);
	assert_false(effects_will_deny(&f.effects, &plan));
	assert_int_equal(effects_carry_out(&f.effects, &step), -EALREADY);
	f.effects.waits = true;
	assert_true(effects_will_deny(&f.effects, &plan));
	assert_int_equal(effects_carry_out(&f.effects, &step), 0);
	assert_true(f.decision.flags & DECISION_DENIED);
	end(&f);
}

static void test_places(void **state)
{
	struct policy_effect effect = { .kind = EFFECT_GROUP, .group.index = 0 };

	assert_int_equal(effect_place(&effect), PLACE_HERE);
	effect.group.index = POLICY_NONE;
	assert_int_equal(effect_place(&effect), PLACE_LOOP);
	effect = (struct policy_effect){ .kind = EFFECT_FREEZE, .scope = SCOPE_TREE };
	assert_int_equal(effect_place(&effect), PLACE_LOOP);
	effect.kind = EFFECT_TRIGGER;
	assert_int_equal(effect_place(&effect), PLACE_LATER);
	assert_int_equal(effect_place(&nicer), PLACE_HERE);
	assert_int_equal(effect_place(&killing), PLACE_HERE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings), cmocka_unit_test(test_kill_by_descriptor),
		cmocka_unit_test(test_spared),	 cmocka_unit_test(test_dry),
		cmocka_unit_test(test_deny),	 cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
