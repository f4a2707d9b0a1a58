/* SPDX-License-Identifier: MIT */
/* What the files of recipe*.c share; a setter belongs to the subject of its file. */
#pragma once

#include "launch/landlock.h"
#include "launch/recipe.h"
#include "launch/seccomp-compile.h"

struct recipe_wishes {
	const char **words;
	size_t count;
};

struct recipe {
	struct launch_namespaces namespaces;
	struct launch_file_system file_system;
	struct launch_identity identity;
	struct launch_conditions conditions;
	struct launch_confinement confinement;
	bool has_file_system, has_identity, has_conditions, has_confinement;

	struct launch_id_map *users, *groups; /* owned, as all that follows */
	struct launch_mount *mounts;
	struct launch_setting *settings;
	struct launch_rlimit *rlimits;
	gid_t *group_list;
	struct launch_join net_join;
	struct launch_scheduling scheduling;
	cpu_set_t *affinity;
	char *user_name; /* for its groups in the host's files */
	gid_t user_group;
	bool groups_given, keeps_net;

	struct recipe_wishes read, write, execute, connect, bind; /* Landlock's */
	struct landlock landlock;
	struct seccomp_program seccomp;
	char *seccomp_remark;
	struct launch_capabilities capabilities;
	uint64_t kept_capabilities;
	bool capabilities_given;

	bool proc, dev, clear_env;
	char *folder;
	char **env; /* NAME=VALUE, ends with NULL; of what was set, and all of it when planned */
	char **envp;
	size_t env_count;
	char **strings; /* that the plan's lists point to */
	size_t string_count;
};

/* A copy of `size` bytes that lives as long as the recipe; NULL without memory. */
char *recipe_keep(struct recipe *recipe, const char *text, size_t size);
/* Room for one element more at the end of an owned array; false without memory. */
bool recipe_grow(void *array, size_t count, size_t element_size);

typedef int recipe_setter(struct recipe *recipe, const char *value, struct error *err);

/* recipe-space.c */
recipe_setter recipe_set_unshare, recipe_set_map_user, recipe_set_map_group, recipe_set_net,
	recipe_set_hostname, recipe_set_sysctl;
/* Each is of a namespace that is new. */
int recipe_check_settings(const struct recipe *recipe, struct error *err);
/* recipe-mount.c */
recipe_setter recipe_set_root, recipe_set_empty_root, recipe_set_ro_root, recipe_set_overlay,
	recipe_set_bind, recipe_set_ro_bind, recipe_set_tmpfs, recipe_set_proc, recipe_set_dev,
	recipe_set_mount, recipe_set_make_targets, recipe_set_mask, recipe_set_symlink,
	recipe_set_mkdir, recipe_set_read_only, recipe_set_device, recipe_set_chdir;
/* /proc and /dev where they were asked for, all in order: parents before what is in them. */
int recipe_finish_mounts(struct recipe *recipe, struct error *err);
/* recipe-identity.c */
recipe_setter recipe_set_user, recipe_set_groups, recipe_set_no_new_privs;
int recipe_finish_identity(struct recipe *recipe, struct error *err);
/* recipe-confine.c */
recipe_setter recipe_set_allow_bind, recipe_set_allow_connect, recipe_set_allow_execute,
	recipe_set_allow_read, recipe_set_allow_write, recipe_set_capabilities, recipe_set_seccomp;
/* recipe-seccomp.c */
void recipe_seccomp_done(struct recipe *recipe);
/* After the namespaces are known. */
int recipe_finish_confinement(struct recipe *recipe, struct error *err);
void recipe_confinement_done(struct recipe *recipe);
/* recipe-process.c */
recipe_setter recipe_set_affinity, recipe_set_die_with_parent, recipe_set_init, recipe_set_ionice,
	recipe_set_new_session, recipe_set_nice, recipe_set_oom_score_adj, recipe_set_rlimit,
	recipe_set_sched, recipe_set_umask;
void recipe_finish_process(struct recipe *recipe);
/* "yes", "no" and their like. */
int recipe_flag(const char *value, bool *ret_flag, struct error *err);
/* A whole number between two, which may be negative. */
int recipe_number(const char *what, const char *text, long lowest, long greatest, long *ret_number,
		  struct error *err);
/* The mask of processors that a list names: "0-3,8". */
int recipe_cpu_list(const char *text, cpu_set_t *ret_set, struct error *err);
