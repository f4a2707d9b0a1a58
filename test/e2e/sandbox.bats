# `reeve run` with namespaces, roots and the rest: what the program has, what is refused, and that
# nothing stays behind.

load helpers

setup() {
	e2e_setup
	mkdir -p "$WORK/root/inside"
}

# Whatever was tried: no mount and no group is left of it.
teardown() {
	local left=0
	grep "${WORK:-/none}" /proc/self/mounts && left=1
	e2e_teardown
	return "$left"
}

# A root that holds what a shell needs, all of it the host's and read-only.
in_root() {
	timeout 30 reeve run --empty-root --ro-bind /usr --symlink usr/bin:/bin --symlink usr/lib:/lib \
		--symlink usr/lib64:/lib64 --proc --dev "$@"
}

@test "sandbox: all namespaces, a root of its own" {
	run in_root --unshare all --hostname box --tmpfs /tmp:size=1m --chdir /tmp -- sh -c \
		'echo $$ $(uname -n) $(pwd); ls /; ls /dev/null /dev/zero; touch x && touch /usr/x'
	[ "$status" -ne 0 ]
	[ "${lines[0]}" = "1 box /tmp" ]
	[[ "$output" == *"/dev/null"*"/dev/zero"* ]]
	[[ "$output" == *"Read-only file system"* ]]
	[[ "$output" != *"$WORK"* ]]
}

@test "sandbox: a first process that reaps, passes signals on and can be seen into by nobody" {
	run timeout 30 reeve run --init --proc -- sh -c \
		'(sleep 0.1 &); while [ -e /proc/4 ]; do :; done; cat /proc/1/comm; readlink /proc/1/exe || exit 4'
	[ "$status" -eq 4 ]
	[ "${lines[0]}" = reeve-init ]
	background timeout 60 reeve run --init -- sh -c "trap 'exit 6' TERM; touch '$WORK/ready'; while :; do sleep 0.1; done"
	RUNNER=$!
	eventually [ -e "$WORK/ready" ]
	kill -TERM "$(pgrep -P "$RUNNER")"
	CODE=0
	wait "$RUNNER" || CODE=$?
	[ "$CODE" -eq 6 ]
	run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 30 reeve run --init -- sh -c 'echo $$'
	[ "$output" = 2 ]
	run timeout 30 reeve run --init --seccomp 'errno EPERM @mount' --allow-execute /usr -- sh -c 'echo $$ $PPID'
	[ "$output" = "2 1" ]
}

@test "sandbox: as a user without privileges" {
	chmod 755 "$WORK"
	run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 30 reeve run --unshare all --ro-root \
		--proc --dev --map-user 0 --map-group 0 --tmpfs /tmp -- sh -c 'id -u; echo $$; touch /tmp/x && ls /tmp'
	[ "$status" -eq 0 ]
	[ "$output" = $'0\n1\nx' ]
	run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 30 reeve run --unshare all --user root -- true
	[ "$status" -eq 0 ]
	run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 30 reeve run --user root -- true
	[ "$status" -eq 125 ]
	[[ "$output" == *"--map-user"* ]]
	run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 30 reeve run --rlimit nofile=:max -- true
	[ "$status" -eq 125 ]
	[[ "$output" == *"resource limit nofile"*"CAP_SYS_RESOURCE"* ]]
	run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 30 reeve run --proc -- true
	[ "$status" -eq 125 ]
	[[ "$output" == *"--unshare pid"* ]]
}

# bats test_tags=userland
@test "sandbox: what a user lacks privileges for is named, and how it could be had" {
	chmod 755 "$WORK"
	lacks() { # WORD OPTION...
		local word=$1
		shift
		run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 30 reeve run --runtime-dir /nowhere "$@" -- touch "$WORK/begun"
		echo "$*: $output"
		[ "$status" -eq 125 ] && [[ $output == *"$word"* ]]
	}
	lacks CAP_SYS_NICE --nice -5
	lacks CAP_SYS_NICE --sched fifo:5
	lacks CAP_SYS_NICE --ionice realtime:0
	lacks CAP_SYS_RESOURCE --oom-score-adj -500
	lacks CAP_SYS_RESOURCE --rlimit nofile=:max
	lacks "its launcher has not" --capabilities chown
	lacks "--map-user" --groups 0
	lacks "run as root" --pids 50
	lacks "run as root" --group some
	lacks "/usr belongs to user 0" --runtime-dir /usr --group some
	[ ! -e "$WORK/begun" ]
	# What needs nothing holds: limits of the process, filters, namespaces, times.
	run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 30 reeve run --net none --hostname inside --seccomp offline \
		--rlimit nofile=64 --nice 5 --timeout 20s --cpu-time 10s -- sh -c 'uname -n; ulimit -n; nice'
	[ "$output" = $'inside\n64\n5' ]
}

@test "sandbox: without user namespaces that is said" {
	run unshare -U -r sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec timeout 30 reeve run --unshare user -- true'
	[ "$status" -eq 125 ]
	[[ "$output" == *"user namespace"*"user.max_user_namespaces=0"* ]]
}

@test "sandbox: an overlay takes what is written" {
	mkdir "$WORK/changes"
	echo before >"$WORK/root/file"
	touch "$WORK/root/there"
	over() {
		timeout 30 reeve run --root "$WORK/root" --ro-bind /usr --symlink usr/bin:/bin --symlink usr/lib:/lib \
			--symlink usr/lib64:/lib64 "$@"
	}
	run over --overlay tmp -- sh -c 'echo after >/file; cat /file; rm /there'
	[ "$status" -eq 0 ]
	[ "$output" = after ]
	[ "$(<"$WORK/root/file")" = before ]
	run over --overlay "$WORK/changes" -- sh -c 'rm /there; echo new >/new; ls /'
	[ "$output" = $'bin\nfile\ninside\nlib\nlib64\nnew\nusr' ]
	[ "$(ls "$WORK/root")" = $'file\ninside\nthere' ]
	[ "$(<"$WORK/changes/upper/new")" = new ]
}

@test "sandbox: a bind never leaves the root, whatever its links say" {
	ln -s /etc "$WORK/root/absolute"
	ln -s ../../../../../../../../../../etc "$WORK/root/relative"
	for at in absolute relative absolute/ssl relative/ssl inside/x; do
		run timeout 30 reeve run --root "$WORK/root" --ro-bind "$WORK:/$at" -- true
		[ "$status" -eq 125 ]
		[[ "$output" == *"cannot mount at \"/$at\": there is no such place in the root"* ]]
	done
	# With a folder of that name in the root, the link leads there.
	mkdir "$WORK/root/etc"
	output=$(timeout 30 reeve run --root "$WORK/root" --ro-bind "$WORK:/absolute" --bind /usr:/inside -- \
		/inside/bin/none 2>&1) || true
	[[ "$output" == *'no program "/inside/bin/none" in the new root'* ]]
	[ "$(ls -A "$WORK/root/etc")" = "" ]
}

@test "sandbox: masks, binds, environment and conditions" {
	echo secret >"$WORK/secret"
	mkdir "$WORK/folder"
	touch "$WORK/folder/file"
	run timeout 30 reeve run --mask "$WORK/secret" --mask "$WORK/folder" --mask "$WORK/none" \
		--bind "$WORK/secret:/etc/hostname" --env A=1 --env HOME --umask 077 --nice 3 --rlimit nofile=50:60 \
		--oom-score-adj 200 --ionice idle --sched batch --affinity 0 --no-new-privs -- \
		sh -c "cat $WORK/secret; ls $WORK/folder; cat /etc/hostname; echo \$A\$HOME; umask; nice; ulimit -Sn; ulimit -Hn
			cat /proc/self/oom_score_adj; ionice; chrt -p \$\$ | head -n1 | cut -d: -f2; grep NoNewPrivs /proc/self/status"
	[ "$status" -eq 0 ]
	[ "$output" = $'secret\n1\n0077\n3\n50\n60\n200\nidle\n SCHED_BATCH\nNoNewPrivs:\t1' ]
	[ "$(</etc/hostname)" != secret ]
}

@test "sandbox: another user and groups" {
	run timeout 30 reeve run --user daemon -- sh -c 'id -un; id -G; grep CapEff /proc/self/status'
	[ "$output" = $'daemon\n1\nCapEff:\t0000000000000000' ]
	run timeout 30 reeve run --user 4321:8765 --groups 11,12 -- sh -c 'id -u; id -G'
	[ "$output" = $'4321\n8765 11 12' ]
}

@test "sandbox: network none, host and a name" {
	run timeout 30 reeve run --net none -- sh -c 'grep -c : /proc/net/dev; cat /sys/class/net/lo/operstate 2>/dev/null; :'
	[ "${lines[0]}" = 1 ]
	run timeout 30 reeve run --net "$WORK/none" -- true
	[ "$status" -eq 2 ]
	[[ "$output" == *"no network namespace $WORK/none"* ]]
	# A network namespace by its path, bound there as ip-netns(8) does it, where nobody else sees it.
	touch "$WORK/net"
	run unshare -m sh -c "unshare -n sh -c 'mount --bind /proc/self/ns/net $WORK/net' 2>/dev/null ||
		{ unshare --net=$WORK/net true; }; timeout 30 reeve run --net $WORK/net -- readlink /proc/self/ns/net; readlink /proc/self/ns/net"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" != "${lines[1]}" ]
}

@test "sandbox: together with a group and its limits" {
	policy <<<"rules: []"
	run timeout 30 reeve run -c "$POLICY" --runtime-dir "$RUN" --pids 50 --unshare all --proc -- sh -c 'cat /proc/self/cgroup; echo $$'
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = 1 ]
	[ -z "$(group_tops | xargs -r -I{} find {} -mindepth 1 -type d)" ]
}

# bats test_tags=userland
@test "sandbox: bad input is said before anything happens" {
	local text
	bad() { # CODE PART ARGUMENTS
		local code=$1 part=$2
		shift 2
		status=0
		output=$(timeout 30 reeve run "$@" 2>&1) || status=$?
		[ "$status" -eq "$code" ] && [[ "$output" == *"$part"* ]] || {
			echo "run $*: $status, $output"
			return 1
		}
	}
	touch "$WORK/plain"
	bad 127 'no program "reeve-none"' --nice 1 -- reeve-none
	bad 126 'may not be executed' --nice 1 -- "$WORK/plain"
	bad 127 'no program "/bin/true" in the new root' --root "$WORK/root" -- /bin/true
	bad 126 'Permission denied' --tmpfs /opt --bind "$WORK/plain:/opt/plain" -- /opt/plain
	bad 125 "cannot use \"$WORK/none\" as the root" --root "$WORK/none" -- true
	bad 125 "cannot use \"$WORK/plain\" as the root" --root "$WORK/plain" -- true
	bad 125 "cannot show \"$WORK/none\"" --bind "$WORK/none:/opt" -- true
	bad 0 '' --bind "$WORK/none:/opt:optional" -- true
	bad 125 'cannot mount at "/opt"' --tmpfs /opt:size=frog -- true
	bad 125 'cannot work in' --chdir "$WORK/none" -- true
	bad 2 'no user "reeve-none"' --user reeve-none -- true
	bad 2 'did you mean "pid"' --unshare pids -- true
	bad 2 'two things are to be at' --tmpfs /opt --bind /usr:/opt -- true
	bad 125 'affinity' --affinity 1000 -- true
	bad 2 'from -20 to 19' --nice 50 -- true
	bad 2 'nor anything of a launch' -- true
	bad 125 'cannot become another user' --unshare user --map-user 0:0:1 --map-group 0:0:1 --user 5:0 -- true
}
