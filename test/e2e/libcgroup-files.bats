#!/usr/bin/env bats
# The files of libcgroup, read without a daemon: import and check.
# bats file_tags=userland

setup() {
	tree=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	PATH=$tree/bin:$PATH
	folder=$BATS_TEST_TMPDIR
	mkdir "$folder/cgrules.d" "$folder/cgconfig.d"
	cat >"$folder/cgrules.conf" <<-'EOF'
		# students and what they run
		root:cp        devices      /usergroup/students/cp   # copies
		%              memory       students/%u
		@root          *            admingroup/
		*:/usr/bin/x*  cpu,memory   x/%p
		*              cpu          /other  ignore
	EOF
	cat >"$folder/cgconfig.conf" <<-'EOF'
		# what they share
		group students {
			cpu { cpu.shares = "512"; }
			memory { memory.limit_in_bytes = 2G; }
		}
	EOF
	printf 'root:b cpu b\n' >"$folder/cgrules.d/b"
	printf 'root:a cpu a\n' >"$folder/cgrules.d/a"
}

@test "what import prints is a policy, with the comments" {
	run reeve import "$folder"
	[ "$status" -eq 0 ]
	[[ $output == *"# students and what they run"*'- name: "root:cp"  # copies'* ]]
	[[ $output == *'place: ["devices:/usergroup/students/cp", "memory:/students/%u"]'* ]]
	[[ $output == *'"root:a"'*'"root:b"'*"# what they share"*"cpu_weight: 50"* ]]
	reeve import "$folder" >"$folder/policy.yaml"
	run reeve check "$folder/policy.yaml"
	[ "$status" -eq 0 ]
	[[ $output == *"valid, 6 rules, 1 group"* ]]
}

@test "check reads the same files, one by one or as a folder" {
	run reeve check --compat libcgroup "$folder"
	[ "$status" -eq 0 ]
	[[ $output == *"valid, 6 rules"* ]]
	run reeve check "$folder/cgrules.conf" "$folder/cgconfig.conf"
	[ "$status" -eq 0 ]
	[[ $output == *"cgrules.conf: valid, 4 rules"*"cgconfig.conf: valid"* ]]
}

@test "every mistake is told with its place, and the rest is read" {
	printf 'root cpu\nroot cpu ../x\nroot cpu x ignroe\n' >>"$folder/cgrules.conf"
	printf 'group a { cpu { x = 1 } }\n' >>"$folder/cgconfig.conf"
	run reeve check --compat libcgroup "$folder"
	[ "$status" -eq 1 ]
	[[ $output == *"cgrules.conf:7:9: error: the rule has no destination"* ]]
	[[ $output == *"cgrules.conf:8:10: error:"*"leads out of the hierarchy"* ]]
	[[ $output == *"cgrules.conf:9:12: error:"*'did you mean "ignore"?'* ]]
	[[ $output == *'cgconfig.conf:6:23: error: ";" should be here, not "}"'* ]]
	run reeve import "$folder"
	[ "$status" -eq 1 ]
	[[ $output == *'name: "root:a"'* ]]
}

@test "a file of a hundred megabytes is read in bounded time and memory, or refused" {
	yes '# nothing but comments, line after line, in a file that somebody has generated' |
		head -c 100000000 >"$folder/cgrules.conf"
	printf '\nroot cpu x\n' >>"$folder/cgrules.conf"
	run timeout 120 reeve check "$folder/cgrules.conf"
	[ "$status" -eq 0 ]
	[[ $output == *"valid, 1 rule"* ]]
	yes 'root:program cpu,memory students/%u' | head -c 100000000 >"$folder/cgrules.conf"
	run bash -c "ulimit -v 1500000; timeout 300 reeve check '$folder/cgrules.conf'"
	[ "$status" -eq 1 ]
	[[ $output == *"more than 1000000 rules"* ]]
}

@test "migrate tells what a host has, and what would change" {
	root=$folder/root
	mkdir -p "$root/etc/sysconfig" "$root/etc/pam.d" "$root/etc/init.d" "$root/etc/fetter"
	cp -r "$folder"/cg* "$root/etc/"
	printf 'root:sh* cpu x\n' >>"$root/etc/cgrules.conf"
	printf 'CONFIG_FILE=/etc/other\nLOG_FILE=/var/log/cgred\n' >"$root/etc/sysconfig/cgred.conf"
	printf '#%%PAM-1.0\nsession optional pam_cgroup.so\n' >"$root/etc/pam.d/su"
	printf '# session optional pam_cgroup.so\n' >"$root/etc/pam.d/login"
	touch "$root/etc/init.d/cgred"
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	ln -s /nowhere/cgred.service "$root/etc/systemd/system/multi-user.target.wants/"
	printf '# defaults\nCREATE_DEFAULT=yes\n' >"$root/etc/sysconfig/cgconfig"
	mkdir -p -m 1777 "$root/tmp"
	printf 'LOG_FILE=/tmp/cgred\n' >"$root/etc/sysconfig/cgred"
	echo 'rules: {r: {paths: [/bin/true], action: execute, trigger: KILL}}' >"$root/etc/fetter/config.yaml"
	run reeve migrate --check --root "$root"
	[ "$status" -eq 0 ]
	[[ $output == *"libcgroup's rules, 6 of them in 3 files"* ]]
	[[ $output == *"libcgroup's groups: 1"* ]]
	[[ $output == *"fetter's rules: 1"* ]]
	[[ $output == *"log /var/log/cgred"* ]]
	[[ $output == *"/etc/init.d/cgred "*" started with the system"* ]]
	[[ $output == *"$root/etc/systemd/system/multi-user.target.wants/cgred.service "* ]]
	[[ $output == *"CREATE_DEFAULT=yes made the group sysdefault"* ]]
	[[ $output == *"LOG_FILE=/tmp/cgred is in a folder that every user may write"* ]]
	[[ $output == *"/etc/pam.d/su "*" places sessions"* ]]
	[[ $output != *"/etc/pam.d/login"* ]]
	[[ $output == *"CONFIG_FILE=/etc/other was never used"* ]]
	[[ $output == *'cgrules.conf:7:6: warning: no program is "sh*"'* ]]
	printf 'root cpu\n' >>"$root/etc/cgrules.conf"
	run reeve migrate --check --root "$root" --json
	[ "$status" -eq 1 ]
	[[ $output == *'"found"'*'"changes"'*"the rule has no destination"* ]]
}

@test "migrate finds nothing on an empty host, and wants --check" {
	mkdir -p "$folder/root/etc"
	run reeve migrate --check --root "$folder/root"
	[ "$status" -eq 0 ]
	[[ $output == *"nothing of libcgroup or fetter was found"* ]]
	run reeve migrate --check --root "$folder/nowhere"
	[ "$status" -eq 1 ]
	[[ $output == *"cannot open $folder/nowhere/proc: No such file or directory"* ]]
	run reeve migrate
	[ "$status" -eq 2 ]
	[[ $output == *"--check is needed"* ]]
}

@test "check: links that lead nowhere, and to a program of many names" {
	mkdir "$folder/programs"
	cp /bin/cat "$folder/programs/many"
	ln -s many "$folder/programs/one"
	ln -s nowhere "$folder/programs/gone"
	printf '*:%s cpu x\n' "$folder/programs/one" "$folder/programs/gone" >"$folder/cgrules.conf"
	run reeve check "$folder/cgrules.conf"
	[ "$status" -eq 0 ]
	[[ $output == *':2:3: warning: '*'gone" is a link that leads nowhere'* ]]
	[[ $output != *'also called'* ]]
	printf '*:a cpu,nosuch x\n' >"$folder/cgrules.d/c"
	run reeve check "$folder/cgrules.d/c"
	[[ $output == *'warning: there is no controller "nosuch": nobody is placed in it'* ]]
	ln -s many "$folder/programs/another"
	run reeve check "$folder/cgrules.conf"
	[[ $output == *':1:3: warning: '*'which is also called another: the rule is about the file'* ]]
}
