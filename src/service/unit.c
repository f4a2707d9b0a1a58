// SPDX-License-Identifier: MIT
/*
 * A manifest as a systemd unit, for those who want that instead. Rows of keys that mean the same
 * are a table; what systemd has nothing for stands in the unit as a comment, so that it is missed
 * by nobody.
 */
#include "service/internal.h"

#include "util/text.h"
#include "util/units.h"

#define SECOND 1000000000.0

/* One word of a command line: systemd takes quotes, and % and $ doubled. */
static void add_word(struct text *text, const char *word)
{
	text_add(text, "\"");
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			text_add(text, "\\");
		else if (*word == '%' || *word == '$')
			text_add_bytes(text, word, 1);
		text_add_bytes(text, word, 1);
	}
	text_add(text, "\"");
}

static void add_command(struct text *text, const char *key, char *const *argv)
{
	if (!argv)
		return;
	text_addf(text, "%s=", key);
	for (size_t i = 0; argv[i]; i++) {
		text_add(text, i > 0 ? " " : "");
		add_word(text, argv[i]);
	}
	text_add(text, "\n");
}

static void add_names(struct text *text, const char *key, char *const *names)
{
	for (; names && *names; names++)
		text_addf(text, "%s=%s.service\n", key, *names);
}

static void add_bytes(struct text *text, const char *key, uint64_t bytes)
{
	if (bytes == LIMIT_MAX)
		text_addf(text, "%s=infinity\n", key);
	else
		text_addf(text, "%s=%llu\n", key, (unsigned long long)bytes);
}

static void add_cpu(struct text *text, const struct limits *limits, unsigned processors)
{
	double percent = (double)limits->cpu.millionths / 10000;

	if (!limits_has(limits, LIMIT_CPU))
		return;
	/* Of one processor there, of the whole machine here. */
	text_addf(text, "CPUQuota=%.4g%%\n",
		  limits->cpu.of_machine ? percent * processors : percent);
	if (limits_has(limits, LIMIT_CPU_PERIOD))
		text_addf(text, "CPUQuotaPeriodSec=%lluus\n",
			  (unsigned long long)limits->cpu_period);
}

static void add_limits(struct text *text, const struct limits *limits, unsigned processors)
{
	static const struct {
		enum limit limit;
		const char *key;
		size_t offset;
	} rows[] = {
		{ LIMIT_CPU_WEIGHT, "CPUWeight", offsetof(struct limits, cpu_weight) },
		{ LIMIT_RAM, "MemoryMax", offsetof(struct limits, ram) },
		{ LIMIT_RAM_HIGH, "MemoryHigh", offsetof(struct limits, ram_high) },
		{ LIMIT_RAM_LOW, "MemoryLow", offsetof(struct limits, ram_low) },
		{ LIMIT_RAM_MIN, "MemoryMin", offsetof(struct limits, ram_min) },
		{ LIMIT_SWAP, "MemorySwapMax", offsetof(struct limits, swap) },
		{ LIMIT_PIDS, "TasksMax", offsetof(struct limits, pids) },
		{ LIMIT_IO_WEIGHT, "IOWeight", offsetof(struct limits, io_weight) },
	};
	uint32_t said = LIMIT_BIT(LIMIT_CPU) | LIMIT_BIT(LIMIT_CPU_PERIOD);

	add_cpu(text, limits, processors);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value;

		if (!limits_has(limits, rows[i].limit))
			continue;
		memcpy(&value, (const char *)limits + rows[i].offset, sizeof(value));
		add_bytes(text, rows[i].key, value);
		said |= LIMIT_BIT(rows[i].limit);
	}
	if (limits_has(limits, LIMIT_CPUS)) {
		text_addf(text, "AllowedCPUs=%s\n", limits->cpus);
		said |= LIMIT_BIT(LIMIT_CPUS);
	}
	for (enum limit limit = 0; limit < LIMIT_COUNT; limit++)
		if (limits_has(limits, limit) && !(said & LIMIT_BIT(limit)))
			text_addf(text, "# %s: systemd is not told\n", limit_name(limit));
}

static void add_restart(struct text *text, const struct restart_policy *policy)
{
	static const char *const words[RESTART_WHENS] = {
		[RESTART_NO] = "no",
		[RESTART_ON_KILL] = "on-abnormal",
		[RESTART_ON_ABNORMAL] = "on-abnormal",
		[RESTART_ON_FAILURE] = "on-failure",
		[RESTART_ALWAYS] = "always",
	};
	static const char *const keys[] = {
		[RESTART_CODE_YES] = "RestartForceExitStatus",
		[RESTART_CODE_NO] = "RestartPreventExitStatus",
	};

	text_addf(text, "Restart=%s\nRestartSec=%g\n", words[policy->when],
		  (double)policy->delay / SECOND);
	if (policy->when == RESTART_ON_KILL)
		text_add(text, "# restart: on-kill: systemd knows no signal by itself\n");
	if (policy->delay_max > policy->delay && policy->factor > 1)
		text_addf(text, "# systemd 254 and later:\nRestartSteps=8\nRestartMaxDelaySec=%g\n",
			  (double)policy->delay_max / SECOND);
	for (unsigned code = 0; code < ARRAY_SIZE(policy->codes); code++)
		if (policy->codes[code] != RESTART_CODE_UNSAID)
			text_addf(text, "%s=%u\n", keys[policy->codes[code]], code);
}

static void add_unit(struct text *text, const struct service_manifest *manifest)
{
	text_addf(text, "# %s as a systemd unit\n[Unit]\nDescription=%s\n", manifest->name,
		  manifest->description ? manifest->description : manifest->name);
	add_names(text, "After", manifest->after);
	add_names(text, "After", manifest->requires);
	add_names(text, "Requires", manifest->requires);
	if (manifest->restart.limit > 0)
		text_addf(text, "StartLimitBurst=%llu\nStartLimitIntervalSec=%g\n",
			  (unsigned long long)manifest->restart.limit,
			  (double)manifest->restart.limit_interval / SECOND);
	else
		text_add(text, "StartLimitIntervalSec=0\n");
}

static void add_missing(struct text *text, const struct service_manifest *manifest)
{
	const struct {
		bool given;
		const char *key;
	} rows[] = {
		{ manifest->health.kind != HEALTH_NONE, "health" },
		{ manifest->listen_count > 0, "listen (write a socket unit)" },
		{ manifest->on_pressure != PRESSURE_NONE, "on_pressure" },
		{ manifest->sandbox != NULL, "sandbox (reeve run has its options)" },
		{ manifest->ready == READY_FD || manifest->ready == READY_CHECK, "ready" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].given)
			text_addf(text, "# %s: systemd has nothing for it\n", rows[i].key);
}

char *service_unit_text(const struct service_manifest *manifest)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	char name[32];
	struct text text;

	text_init(&text);
	add_unit(&text, manifest);
	text_addf(&text, "\n[Service]\nType=%s\n",
		  manifest->ready == READY_NOTIFY ? "notify" : "exec");
	add_command(&text, "ExecStartPre", manifest->pre_start);
	add_command(&text, "ExecStart", manifest->run);
	add_command(&text, "ExecStopPost", manifest->post_stop);
	text_addf(&text, "WorkingDirectory=%s\n", manifest->cwd ? manifest->cwd : "/");
	if (manifest->user)
		text_addf(&text, "User=%s\n", manifest->user);
	for (char **env = manifest->env; env && *env; env++) {
		text_add(&text, "Environment=");
		add_word(&text, *env);
		text_add(&text, "\n");
	}
	add_restart(&text, &manifest->restart);
	text_addf(&text, "KillSignal=%s\nTimeoutStopSec=%g\nTimeoutStartSec=%g\n",
		  signal_to_name(manifest->stop_signal, name, sizeof(name)),
		  (double)manifest->stop_timeout / SECOND,
		  (double)manifest->start_timeout / SECOND);
	if (manifest->watchdog > 0)
		text_addf(&text, "WatchdogSec=%g\nNotifyAccess=all\n",
			  (double)manifest->watchdog / SECOND);
	add_limits(&text, &manifest->group.limits, (unsigned)MAX(processors, 1L));
	add_missing(&text, manifest);
	text_add(&text, "\n[Install]\nWantedBy=multi-user.target\n");
	return text_take(&text);
}
