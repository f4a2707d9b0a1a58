// SPDX-License-Identifier: MIT
/* Sentences for what the new process could not do: what, which one, why, and what to do. */
#include "launch/job.h"

#include "launch/rlimit.h"

struct step_text {
	const char *text; /* after "the new process " */
	const char *hint; /* for EPERM; NULL: none */
};

static const struct step_text step_texts[] = {
	[LAUNCH_ENTER] = { "cannot enter its group", NULL },
	[LAUNCH_MAPS] = { "cannot have its ids mapped",
			  "ids of others take privileges; setgroups too" },
	[LAUNCH_JOIN] = { "cannot join a namespace", NULL },
	[LAUNCH_OOM_SCORE] = { "cannot set its oom score",
			       "making it smaller takes CAP_SYS_RESOURCE" },
	[LAUNCH_SCHEDULING] = { "cannot be scheduled as wanted",
				"more than others get takes CAP_SYS_NICE" },
	[LAUNCH_SESSION] = { "cannot have a session or process group of its own", NULL },
	[LAUNCH_UNSHARE] = { "cannot have its namespaces", NULL },
	[LAUNCH_ROOT] = { "cannot have its root", NULL },
	[LAUNCH_PIVOT] = { "cannot change to its root", NULL },
	[LAUNCH_NETWORK] = { "cannot bring up the loopback device", NULL },
	[LAUNCH_HOSTNAME] = { "cannot set its host name", NULL },
	[LAUNCH_KEEP] = { "cannot have its namespaces kept", NULL },
	[LAUNCH_DESCRIPTORS] = { "cannot take over descriptors", NULL },
	[LAUNCH_TERMINAL] = { "cannot take its terminal", NULL },
	[LAUNCH_BOUNDING] = { "cannot drop capabilities for good", "that takes CAP_SETPCAP" },
	[LAUNCH_IDENTITY] = { "cannot become another user",
			      "without privileges a user namespace may map one: --map-user" },
	[LAUNCH_CAPABILITIES] = { "cannot set its capabilities",
				  "it can have none that its launcher has not" },
	[LAUNCH_PARENT] = { "cannot be tied to its launcher", NULL },
	[LAUNCH_PRIVILEGES] = { "cannot give up new privileges", NULL },
	[LAUNCH_INIT] = { "cannot have a first process beside it", NULL },
	[LAUNCH_LANDLOCK] = { "cannot be confined by Landlock", NULL },
	[LAUNCH_SECCOMP] = { "cannot take its seccomp filter",
			     "that takes no_new_privs or CAP_SYS_ADMIN" },
};

static int explain_exec(const struct job *job, struct error *err)
{
	const char *name = job->program ? job->program : job->argv[0];
	int code = job->failure.code;

	if (code == -ENOENT && !job->found_here && !job->program)
		return error_set(err, code, "no program \"%s\" in the new root", job->argv[0]);
	if (code == -ENOENT)
		return error_set(err, code,
				 "cannot execute \"%s\": it is gone, or its interpreter (#!) or "
				 "dynamic loader is missing",
				 job->found_here ? job->programs[0] : name);
	return error_set_errno(err, code, "cannot execute \"%s\"",
			       job->found_here ? job->programs[0] : name);
}

static int explain_mount(const struct job *job, struct error *err)
{
	const struct launch_mount *mount = &job->plan->file_system->mounts[job->item];
	int code = job->failure.code;

	if (code == -ENOENT && job->doing && strstr(job->doing, "mount point"))
		return error_set(err, code,
				 "cannot mount at \"%s\": there is no such place in the root, and "
				 "places are only made in what is mounted for the program "
				 "(--tmpfs, "
				 "--overlay, --empty-root)",
				 mount->target);
	if (code == -EPERM && mount->type && streq(mount->type, "proc"))
		return error_set(err, code,
				 "cannot mount at \"%s\": the kernel lets a user namespace have a "
				 "/proc of its own only with a process namespace of its own "
				 "(--unshare pid), and where the one outside hides nothing",
				 mount->target);
	if (mount->kind == LAUNCH_MOUNT_BIND && mount->source)
		return error_set_errno(err, code, "cannot show \"%s\" at \"%s\": %s", mount->source,
				       mount->target, job->doing ? job->doing : "the mount point");
	return error_set_errno(err, code, "cannot mount at \"%s\": %s", mount->target,
			       job->doing ? job->doing : "the mount point");
}

static int explain_setting(const struct job *job, struct error *err)
{
	int code = job->failure.code;
	const struct launch_setting *setting = &job->plan->namespaces->settings[job->item];

	if (code == -ENOENT)
		return error_set(err, code,
				 "cannot set %s: this kernel has no /proc/sys/%s for it in the new "
				 "namespace",
				 setting->path, setting->path);
	if (code == -EINVAL)
		return error_set(err, code,
				 "cannot set %s to \"%s\": the kernel takes no such value",
				 setting->path, setting->value);
	return error_set_errno(err, code, "cannot set %s to \"%s\"", setting->path, setting->value);
}

static int explain_rlimit(const struct job *job, struct error *err)
{
	const struct launch_rlimit *row = &job->plan->conditions->rlimits[job->item];
	const char *name = rlimit_name(row->resource);

	if (job->failure.code == -EPERM)
		return error_set(err, -EPERM,
				 "cannot set the resource limit %s: its hard value is above ours, "
				 "and raising it takes CAP_SYS_RESOURCE",
				 name);
	return error_set_errno(err, job->failure.code, "cannot set the resource limit %s", name);
}

int job_explain(const struct job *job, struct error *err)
{
	const struct step_text *row;
	int code = job->failure.code;
	const char *hint;

	switch (job->failure.step) {
	case LAUNCH_EXEC:
		return explain_exec(job, err);
	case LAUNCH_MOUNTS:
		return explain_mount(job, err);
	case LAUNCH_SETTINGS:
		return explain_setting(job, err);
	case LAUNCH_RLIMITS:
		return explain_rlimit(job, err);
	case LAUNCH_FOLDER:
		return error_set_errno(err, code, "the new process cannot work in \"%s\"",
				       job->plan->folder);
	default:
		break;
	}
	row = &step_texts[job->failure.step];
	/* Files of /proc and nice values are refused with EACCES. */
	hint = code == -EPERM || code == -EACCES ? row->hint : NULL;
	return error_set(err, code, "the new process %s%s%s: %s%s%s", row->text,
			 job->doing ? ": " : "", job->doing ? job->doing : "", strerror(-code),
			 hint ? "; " : "", hint ? hint : "");
}
