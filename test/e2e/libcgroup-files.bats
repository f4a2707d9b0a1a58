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
