#!/usr/bin/env bats
# docs/json.md has the keys that the commands print, and they print no other.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	mkdir -p conf/services
	chmod 755 conf conf/services
	cp /bin/sleep tool
	POLICY=$WORK/conf/reeve.yaml
	policy <<-EOF2
		rules:
		  tool: {paths: ["$WORK/tool"], action: execute, group: apps}
		groups:
		  apps: {pids: 500}
		sinks:
		  here: {file: {path: "$WORK/sunk.json"}}
	EOF2
	printf 'run: [/bin/sleep, "1000"]\n' >conf/services/nap.yaml
	POLICY=$WORK/conf
	start
}

teardown() {
	e2e_teardown
}

@test "what is documented is printed, and nothing else" {
	background ./tool 1000
	eventually is_in $! apps
	timeout 120 python3 - "$TREE/docs/json.md" "$RUN" "$WORK/tool" "$WORK/conf" 3>&- <<-'EOF2'
		import json, re, subprocess, sys
		page, run, tool, policy = sys.argv[1:]
		arguments = {"group show": ["apps"], "service status": ["nap"],
		             "explain": ["--config", policy, "--exe", tool],
		             "rules list": [policy], "check": [policy]}
		alone = {"explain", "rules list", "check", "doctor", "version"}
		types = {"string": str, "number": (int, float), "boolean": bool, "object": dict}

		def rows(section):
		    for keys, kinds, says in re.findall(r"^\| (`.*?) \| (.*?) \| ?(.*?) ?\|$", section, re.M):
		        names = re.findall(r"`([^`]+)`", keys)
		        kinds = kinds.split(", ")
		        for i, name in enumerate(names):
		            yield name, kinds[min(i, len(kinds) - 1)], "optional" in says

		def check(value, path, known, met):
		    """Every key on the way, down to what is documented as a whole."""
		    if path in known:
		        kind = known[path]
		        met.add(path)
		        good = (value is None and kind.endswith("?")) or \
		            isinstance(value, types[kind.rstrip("?")])
		        assert good, (path, kind, value)
		    elif isinstance(value, dict):
		        for key, below in value.items():
		            check(below, f"{path}.{key}" if path else key, known, met)
		    elif isinstance(value, list):
		        assert any(k.startswith(path + "[]") for k in known), f"not documented: {path}"
		        met.add(path + "[]")
		        for below in value:
		            check(below, path + "[]", known, met)
		    else:
		        raise AssertionError(f"not documented: {path}")

		text = open(page).read()
		sections = re.findall(r"^## `reeve (.*?)`\n(.*?)(?=^## )", text, re.M | re.S)
		assert len(sections) > 10, sections
		for command, section in sections:
		    documented = list(rows(section))
		    known = {name: kind for name, kind, _ in documented}
		    assert known, command
		    where = [] if command in alone else ["--runtime-dir", run]
		    words = ["reeve", *command.split(), *arguments.get(command, []), "--json", *where]
		    printed = subprocess.run(words, capture_output=True, text=True, timeout=60).stdout
		    met = set()
		    try:
		        check(json.loads(printed), "", known, met)
		        for name, _, optional in documented:
		            # A list may be empty.
		            above = name.rsplit("[]", 1)[0] + "[]"
		            empty = above in met and not any(m.startswith(above + ".") for m in met)
		            assert optional or name in met or empty, f"not printed: {name}"
		    except (AssertionError, ValueError) as error:
		        sys.exit(f"reeve {command}: {error}\n{printed[:3000]}")
	EOF2
	# Without a daemon.
	[ "$(reeve status --json --runtime-dir "$WORK/none" 2>/dev/null)" = $'{\n  "running": false\n}' ]
}
