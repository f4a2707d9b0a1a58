#!/usr/bin/env bats
# Containers of OCI bundles by reeve run.

load helpers

setup() {
	e2e_setup
	mkdir -p bundle/rootfs/proc bundle/rootfs/dev bundle/rootfs/tmp bundle/rootfs/usr bundle/rootfs/bin bundle/rootfs/lib bundle/rootfs/lib64
}

teardown() {
	e2e_teardown
}

# A root with the host's programs in it, and a config.json around the members given.
bundle() { # MEMBERS
	cat >bundle/config.json <<-EOF
		{
		  "ociVersion": "1.0.2",
		  "root": {"path": "rootfs", "readonly": true},
		  "hostname": "contained",
		  "mounts": [
		    {"destination": "/proc", "type": "proc", "source": "proc"},
		    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
		    {"destination": "/dev/pts", "type": "devpts", "source": "devpts"},
		    {"destination": "/tmp", "type": "tmpfs", "options": ["size=1m"]},
		    {"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]},
		    {"destination": "/bin", "type": "bind", "source": "/bin", "options": ["rbind", "ro"]},
		    {"destination": "/lib", "type": "bind", "source": "/lib", "options": ["rbind", "ro"]},
		    {"destination": "/lib64", "type": "bind", "source": "/lib64", "options": ["rbind", "ro"]}
		  ],
		  "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "uts"}, {"type": "ipc"}, {"type": "network"}],
		            "maskedPaths": ["/proc/kcore"]},
		  $1
		}
	EOF
}

@test "bundle: root, mounts, namespaces, user, limits, capabilities" {
	bundle '"process": {"args": ["sh", "-c", "hostname; id -u; id -g; echo $COLOUR; pwd; echo $$; ulimit -n; umask; grep CapEff /proc/self/status; touch /x || touch /tmp/y && ls /tmp"],
		"cwd": "/tmp", "env": ["COLOUR=green", "PATH=/usr/bin:/bin"],
		"user": {"uid": 1234, "gid": 567, "umask": 63},
		"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 77}],
		"capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]}}'
	run timeout 60 reeve run --bundle bundle
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = contained ]
	[ "${lines[1]}" = 1234 ]
	[ "${lines[2]}" = 567 ]
	[ "${lines[3]}" = green ]
	[ "${lines[4]}" = /tmp ]
	[ "${lines[5]}" = 1 ]
	[ "${lines[6]}" = 77 ]
	[ "${lines[7]}" = 0077 ]
	[[ ${lines[8]} == *0000000000000020* ]]
	[[ $output == *"/x"*"Read-only file system"* ]]
	[ "${lines[-1]}" = y ]
}

@test "bundle: seccomp, and another program than its own" {
	bundle '"process": {"args": ["false"], "cwd": "/"}'
	sed -i 's|"maskedPaths"|"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 18}]}, "maskedPaths"|' \
		bundle/config.json
	run timeout 60 reeve run --bundle bundle
	[ "$status" -eq 1 ]
	run timeout 60 reeve run --bundle bundle -- /bin/mkdir /tmp/x
	[ "$status" -eq 1 ]
	[[ $output == *"Invalid cross-device link"* ]]
}

@test "bundle: scheduling, and resources by the names of v1 and of v2" {
	local pid
	bundle '"process": {"args": ["sh", "-c", "ulimit -n; exec sleep 1000"], "cwd": "/", "env": ["PATH=/usr/bin:/bin"],
		"scheduler": {"policy": "SCHED_BATCH", "nice": 7}, "ioPriority": {"class": "IOPRIO_CLASS_IDLE"}}'
	sed -i 's|"maskedPaths"|"resources": {"pids": {"limit": 30}, "cpu": {"quota": 50000, "period": 50000, "burst": 1000}, "memory": {"swappiness": 5}, "unified": {"pids.max": "17"}}, "maskedPaths"|' bundle/config.json
	policy <<<"rules: {}"
	background timeout 60 reeve run -c "$POLICY" --runtime-dir "$RUN" --name boxed --bundle bundle >out 2>err
	eventually grep -q . out || { cat err; return 1; }
	grep -q 'linux.resources.memory.swappiness: only cgroup v1 has it' err
	pid=$(find $(group_tops) -path '*/boxed/cgroup.procs' -exec cat {} + | sort -u | head -n 1)
	owned "$pid"
	[ "$(awk '{ print $19 }' "/proc/$pid/stat")" = 7 ]
	[ "$(awk '{ print $41 }' "/proc/$pid/stat")" = 3 ]
	ionice -p "$pid" | grep -q idle
	find $(group_tops) -path '*/boxed/pids.max' -exec cat {} + | grep -qx 17
	find $(group_tops) -path '*/boxed/cpu.max' -exec cat {} + -o -path '*/boxed/cpu.cfs_period_us' -exec cat {} + | grep -q 50000
	kill -KILL "$pid"
}

@test "bundle: what does not hold is told" {
	bundle '"process": {"args": ["true"], "cwd": "/", "apparmorProfile": "x"}, "hooks": {"prestart": []}'
	run timeout 60 reeve run --bundle bundle -- /bin/true
	[ "$status" -eq 0 ]
	[[ $output == *"config.json: process.apparmorProfile: no AppArmor profile is set"* ]]
	[[ $output == *"config.json: hooks: it is not known here, and does not hold"* ]]
}

# bats test_tags=userland
@test "bundle: bad ones are refused before anything is started" {
	run timeout 60 reeve run --bundle nowhere
	[ "$status" -eq 2 ]
	[[ $output == *"cannot read nowhere/config.json: No such file"* ]]
	echo '{"root": ' >bundle/config.json
	run timeout 60 reeve run --bundle bundle
	[ "$status" -eq 2 ]
	[[ $output == *"bundle/config.json:"* ]]
	bundle '"process": {"args": ["true"], "rlimits": [{"type": "RLIMIT_NOFIEL", "soft": 1, "hard": 1}]}'
	run timeout 60 reeve run --bundle bundle
	[ "$status" -eq 2 ]
	[[ $output == *"process.rlimits[0]"*"nofiel"* ]]
	bundle '"process": {"cwd": "/"}'
	run timeout 60 reeve run --bundle bundle
	[ "$status" -eq 2 ]
	[[ $output == *"no program is named"* ]]
}

@test "bundle: paths that are read-only, settings of its namespaces, devices, the group's name" {
	[ -c /dev/kmsg ] || skip "needs /dev/kmsg"
	local numbers
	numbers=$(stat -c '%Hr %Lr' /dev/kmsg)
	groups_section g | policy
	echo "rules: {}" >>"$POLICY"
	start
	bundle '"process": {"args": ["sh", "-c", "cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_unprivileged_port_start; (echo 1 >/proc/sys/kernel/shmmni) || echo refused; [ -c /dev/kmsg ] && echo device; cat /proc/self/cgroup"], "cwd": "/", "env": ["PATH=/usr/bin:/bin"]}'
	sed -i 's|"maskedPaths"|"readonlyPaths": ["/proc/sys", "/proc/none"], "cgroupsPath": "/a/b", "resources": {"pids": {"limit": 50}}, "sysctl": {"kernel.shmmni": "77", "net.ipv4.ip_unprivileged_port_start": "99"}, "devices": [{"path": "/dev/kmsg", "type": "c", "major": '"${numbers% *}"', "minor": '"${numbers#* }"'}], "maskedPaths"|' bundle/config.json
	run timeout 60 reeve run --runtime-dir "$RUN" --bundle bundle
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 77 ]
	[ "${lines[1]}" = 99 ]
	[[ $output == *refused*device* && $output == *"/a-b"* ]]
	[[ $output != *config.json* ]]
	[[ $(timeout 20 reeve group list --runtime-dir "$RUN" --json) != *a-b* ]]
	# What is not the namespace's own is not touched.
	sed -i 's|kernel.shmmni|kernel.panic|' bundle/config.json
	run timeout 60 reeve run --runtime-dir "$RUN" --bundle bundle
	[ "$status" -ne 0 ]
	[[ $output == *"kernel/panic is a setting of the whole host"* ]]
}
