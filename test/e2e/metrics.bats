#!/usr/bin/env bats
# reeve metrics: what promtool takes, and what is true.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	cp /bin/sleep tool
	cp /bin/true quick
	cat >policy.yaml.in <<-EOF2
		rules:
		  'strange "rule" \ ä}': {paths: ["$WORK/quick"], action: execute, group: apps/quick}
		  tool: {paths: ["$WORK/tool"], action: execute, group: apps/tool}
		groups:
		  apps: {pids: 500}
		  apps/quick: {pids: 100, cpu: 0.5 cores}
		  apps/tool: {pids: 100}
	sinks:
	  lines: {file: {path: $WORK/events.json}, spool: {folder: $WORK/lines}}
	  full: {file: {path: $WORK/none/events.json}, spool: {folder: $WORK/full, size: 1M}}
	EOF2
	policy <policy.yaml.in
	start
}

teardown() {
	e2e_teardown
}

metrics() {
	timeout 20 reeve metrics --runtime-dir "$RUN" "$@"
}

sample_is() { # NAME-AND-LABELS VALUE
	metrics | grep -qxF "$1 $2"
}

@test "promtool takes it, and the figures are right" {
	command -v promtool >/dev/null || skip "needs promtool"
	./quick
	background ./tool 1000
	eventually is_in $! apps/tool
	eventually counter_is keeper.moved 2
	eventually sample_is 'reeve_rule_matched_total{rule="tool"}' 1
	eventually sample_is 'reeve_rule_matched_total{rule="strange \"rule\" \\ ä}"}' 1
	eventually sample_is 'reeve_group_processes{group="apps/tool"}' 1
	eventually sample_is 'reeve_sink_delivered_total{sink="lines"}' 2
	metrics >text
	cat text
	promtool check metrics <text
	grep -qxF 'reeve_groups 3' text
	grep -qxF 'reeve_rules 2' text
	grep -qxF 'reeve_gate 1' text
	grep -qxF 'reeve_source_running{source="gate"} 1' text
	grep -qxF 'reeve_group_tasks{group="apps/tool"} 1' text
	grep -qxF 'reeve_group_tasks_limit{group="apps"} 500' text
	grep -qxF 'reeve_group_cpu_limit_processors{group="apps/quick"} 0.5' text
	grep -qxF 'reeve_keeper_moved_total 2' text
	grep -qxF 'reeve_sink_queued{sink="lines"} 0' text
	grep -qxF 'reeve_sink_delivered_total{sink="full"} 0' text
	grep -qxF 'reeve_sink_queued{sink="full"} 2' text
	grep -qxF 'reeve_sink_lost_total{sink="full"} 0' text
	grep -qxF 'reeve_sink_spool_limit_bytes{sink="full"} 1048576' text
	! grep reeve_fleet text
	grep -qxF 'reeve_rule_decision_seconds_bucket{rule="tool",le="+Inf"} 1' text
	grep -qxF 'reeve_rule_decision_seconds_count{rule="tool"} 1' text
	grep -qE '^reeve_rule_decision_seconds_sum\{rule="tool"\} (0\.0*[1-9]|[1-9].*e-)' text
	grep -qE '^reeve_group_cpu_seconds_total\{group="apps"\} 0\.0*[1-9]' text
	# Each family once, and nothing twice.
	[ -z "$(grep '^# TYPE' text | sort | uniq -d)" ]
	[ -z "$(grep -v '^#' text | sed 's/ [^ ]*$//' | sort | uniq -d)" ]
}

@test "a file is replaced as a whole; without a daemon it stays" {
	metrics --output out.prom
	grep -q '^reeve_groups 3$' out.prom
	[ "$(stat -c %a out.prom)" = 644 ]
	metrics --json | python3 -c 'import json, sys; assert "reeve_groups 3\n" in json.load(sys.stdin)["text"]'
	refused 1 "cannot write" reeve metrics --output "$WORK/none/out.prom" --runtime-dir "$RUN"
	stop
	refused 1 "no daemon" reeve metrics --output out.prom --runtime-dir "$RUN"
	grep -q '^reeve_groups 3$' out.prom
}

@test "the dashboard asks for nothing that is not there" {
	./quick
	background ./tool 1000
	eventually is_in $! apps/tool
	eventually sample_is 'reeve_rule_matched_total{rule="tool"}' 1
	metrics >text
	python3 - "$TREE/data/grafana/reeve.json" <<-'EOF2'
		import json, re, sys
		board = json.load(open(sys.argv[1]))
		told = set(re.findall(r"^# TYPE (\S+)", open("text").read(), re.M))
		told |= {name + "_bucket" for name in told}
		asked = set()
		def look(panel):
		    for target in panel.get("targets", []):
		        asked.update(re.findall(r"\breeve_[a-z_]+", target["expr"]))
		for panel in board["panels"]:
		    look(panel)
		    for inner in panel.get("panels", []):
		        look(inner)
		assert len(asked) > 10, asked
		assert asked <= told, asked - told
		ids = [panel["id"] for panel in board["panels"]]
		assert len(ids) == len(set(ids))
	EOF2
}
