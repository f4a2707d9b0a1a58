// SPDX-License-Identifier: MIT
// Services with their ends, and what the daemon says of itself: sources, rules, losses.

import { every, get } from "/data.js";
import { bytes, count, duration, el, empty, facts, moment, setText } from "/draw.js";
import { List } from "/list.js";

const TONES = { running: "good", starting: "soft", ready: "good", backoff: "warn", failed: "bad", stopped: "", stopping: "soft" };

function pill(state) {
	return el("span.pill", { "data-tone": TONES[state] ?? "" }, state);
}

function makeService(row) {
	const cells = { label: el("span.label"), about: el("span.note"), state: el("span.pill"), pid: el("span.number.pid"), up: el("span.number.age"), restarts: el("span.number.restarts"), more: el("span.text.more") };

	row.cells = cells;
	row.append(el("span.text.name", {}, cells.label, cells.about), el("span.what", {}, cells.state), cells.pid, cells.up, cells.restarts, cells.more);
}

function lineOf(service) {
	if (service.problem || service.trouble)
		return service.problem ?? service.trouble;
	if (service.gave_up)
		return "given up: it has ended too often";
	if (service.next_start_ns > 0)
		return `starts again in ${duration(service.next_start_ns)}`;
	return service.status ?? "";
}

function showService(row, service) {
	const { cells } = row;

	setText(cells.label, service.name);
	setText(cells.about, service.description ?? "");
	setText(cells.state, service.state);
	cells.state.dataset.tone = TONES[service.state] ?? "";
	setText(cells.pid, service.pid ? String(service.pid) : "–");
	setText(cells.up, duration(service.uptime_ns));
	setText(cells.restarts, count(service.counters.restarts));
	setText(cells.more, lineOf(service));
}

function endOf(end) {
	const how = { exit: `Ended with code ${end.code}`, signal: `Ended by ${end.signal}${end.core ? ", with a core" : ""}` }[end.reason] ?? end.reason.replaceAll("_", " ");
	const used = [`after ${duration(end.wall_ns)}`, `${duration(end.user_ns + end.system_ns)} of processor time`, end.memory_peak ? `peak ${bytes(end.memory_peak)}` : "",
		end.oom_kills ? `${count(end.oom_kills)} OOM kills` : "", end.left ? `${count(end.left)} left behind` : ""].filter(Boolean).join(" · ");

	return el("li", {}, el("p", {}, how), el("p.note", {}, `${moment(end.time)} · ${used}`));
}

export class Services {
	constructor(page) {
		this.page = page;
		this.list = new List({
			name: "Services", id: "service", height: 36,
			columns: [{ name: "Service" }, { name: "State", css: "what" }, { name: "Process", css: "number.pid" }, { name: "Up", css: "number.age" }, { name: "Restarts", css: "number.restarts" }, { name: "", css: "text.more" }],
			key: (service) => service.name, make: makeService, show: showService,
			open: (service) => this.page.go("services", service.name), opened: () => Boolean(this.chosen),
		});
		this.none = empty("No services", "Manifests stand in the folder services beside the policy, or are installed by reeve service install.");
		this.none.hidden = true;
		this.total = el("span.note");
		this.detail = el("aside.detail", { "aria-label": "Service", hidden: true });
		this.node = el("section.view.services", {}, el("div.bar", {}, this.total), el("div.split", {}, el("div.main", {}, this.list.node, this.none), this.detail));
	}

	start(name) {
		this.poll ??= every(2000, (signal) => this.load(signal));
		this.choose(name);
	}

	stop() {
		this.poll?.stop();
		this.poll = undefined;
	}

	async load(signal) {
		const { services } = await get("/api/services", {}, signal);
		const running = services.filter((service) => service.state === "running").length;

		this.list.set(services);
		this.none.hidden = services.length > 0;
		setText(this.total, `${count(services.length)} services, ${count(running)} running`);
		if (this.chosen)
			await this.loadDetail(this.chosen, signal);
	}

	choose(name) {
		this.chosen = name;
		this.detail.hidden = !name;
		this.list.select(name ?? null);
		if (name)
			this.poll?.now();
	}

	async loadDetail(name, signal) {
		const { service } = await get("/api/service", { name }, signal).catch((error) => ({ service: { name, state: error.message, counters: {} } }));
		const counters = Object.entries(service.counters).filter(([, value]) => value > 0);

		if (this.chosen !== name)
			return;
		this.detail.replaceChildren(
			el("header", {}, el("h2", {}, name), pill(service.state), el("button.close", { type: "button", "aria-label": "Close", click: () => this.page.go("services") }, "×")),
			service.description ? el("p", {}, service.description) : "",
			facts([
				["Says", service.status], ["Trouble", service.trouble ?? service.problem], ["Process", service.pid ? el("a", { href: `#processes/${service.pid}` }, service.pid) : undefined],
				["Started", service.started ? `${moment(service.started)}, ${duration(service.uptime_ns)} ago` : undefined],
				["Next start", service.next_start_ns > 0 ? `in ${duration(service.next_start_ns)}` : undefined],
				["Group", service.group ? el("a", { href: `#groups/${encodeURIComponent(service.group)}` }, service.group) : undefined],
				["Restart", service.restart], ["Manifest", service.file ? el("code", {}, service.file) : undefined],
				["Output", service.output?.file ? el("code", {}, service.output.file) : undefined],
				["Output lost", service.output?.lost ? count(service.output.lost) : undefined],
				["Counted", counters.map(([key, value]) => `${key.replaceAll("_", " ")} ${count(value)}`).join(", ")],
			]),
			el("h3", {}, "Ends"),
			(service.ends ?? []).length ? el("ol.ends", {}, ...service.ends.map(endOf)) : el("p.note", {}, "It has not ended yet."));
	}
}

// ---- the machine ----

function table(columns, rows) {
	return el("div.table-box", {}, el("table", {}, el("thead", {}, el("tr", {}, ...columns.map(([name, css]) => el(`th.${css ?? "text"}`, { scope: "col" }, name)))),
		el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map((cell, i) => el(`td.${columns[i][1] ?? "text"}`, {}, cell)))))));
}

const LOSS = /(lost|failed|refused|dropped|overflows|errors|malformed|too_|full|timed_out|unrecorded|unverified|slow_closed|bad_|denied|gaps|late)/;

function losses(counters) {
	return Object.entries(counters).filter(([name, value]) => value > 0 && LOSS.test(name));
}

export class Machine {
	constructor(page) {
		this.page = page;
		this.body = el("div.machine");
		this.node = el("section.view.sheet", {}, this.body);
	}

	start() {
		this.poll ??= every(4000, (signal) => this.load(signal));
	}

	stop() {
		this.poll?.stop();
		this.poll = undefined;
	}

	choose() {}

	async load(signal) {
		const [status, web] = await Promise.all([get("/api/status", { groups: false }, signal), get("/api/web", {}, signal)]);

		this.page.setStatus(status);
		this.body.replaceChildren(this.about(status), this.problems(status), this.sources(status), this.rules(status), this.losses(status, web));
	}

	about(status) {
		return el("section", {}, el("h2", {}, "Daemon"), facts([
			["Instance", status.name], ["Version", status.version], ["Up", duration(status.uptime * 1e9)], ["Process", `${status.pid}${status.guard ? `, guard ${status.guard}` : ""}`],
			["Mode", status.dry_run ? `${status.mode}, dry run: nothing is changed` : status.mode], ["Control groups", status.layout],
			["Policy", el("code", {}, status.config.join(" "))], ["Rules", count(status.rules)],
		]));
	}

	problems(status) {
		return status.problems.length ? el("section.trouble", {}, el("h2", {}, "Problems"), el("ul", {}, ...status.problems.map((text) => el("li", {}, text)))) : "";
	}

	sources(status) {
		return el("section", {}, el("h2", {}, "Sources"), table([["Source"], ["State"], ["Seen", "number"], ["Matched", "number"], ["Lost", "number"], ["Why", "because"]],
			status.sources.map((source) => [source.name, source.state, count(source.seen), count(source.matched), source.lost ? el("b.bad", {}, count(source.lost)) : "0",
				[source.reason, ...Object.entries(source.causes ?? {}).map(([cause, n]) => `${n} ${cause}`)].filter(Boolean).join("; ")])));
	}

	rules(status) {
		const rows = [...status.rule_counts].sort((a, b) => b.matched - a.matched).slice(0, 200);

		return el("section", {}, el("h2", {}, "Rules"), rows.length ? table([["Rule"], ["Matched", "number"], ["Done", "number"], ["Failed", "number"], ["Half within", "number"], ["99 % within", "number"], ["Last failure", "because"]],
			rows.map((rule) => [rule.name, count(rule.matched), count(rule.done), rule.failed ? el("b.bad", {}, count(rule.failed)) : "0", duration(rule.p50), duration(rule.p99), rule.last_failure ? `${rule.last_failure.effect}: ${rule.last_failure.error}` : ""]))
			: el("p.note", {}, "No rule has matched yet."));
	}

	losses(status, web) {
		const rows = [...losses(status.counters), ...losses(web).map(([name, value]) => [`web.${name}`, value])];

		return el("section", {}, el("h2", {}, "Losses and refusals"), rows.length ? table([["Counter"], ["", "number"]], rows.map(([name, value]) => [el("code", {}, name), count(value)]))
			: el("p.note", {}, "None since the daemon has started."));
	}
}
