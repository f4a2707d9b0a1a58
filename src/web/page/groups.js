// SPDX-License-Identifier: MIT
// Groups as a tree with what they use, and one of them with its last minutes or hours.

import { every, get } from "/data.js";
import { bytes, chart, count, duration, el, empty, facts, percent, rate, setDepth, setMeter, setProperty, setSpark, setText, meter, spark, sparkElement } from "/draw.js";
import { List } from "/list.js";

const LOOK = 2000, SPARKS = 10000, SPARKS_MOST = 40;
const SPANS = [[900, "15 min"], [21600, "6 h"]];

const stallOf = (use) => {
	const known = [use.cpu_stall, use.memory_stall, use.io_stall].filter((v) => v !== undefined && v !== null);

	return known.length ? Math.max(...known) : undefined;
};
const ioOf = (use) => use.io_read === undefined && use.io_written === undefined ? undefined : (use.io_read ?? 0) + (use.io_written ?? 0);

const ORDERS = {
	name: null,
	cpu: (use) => use.cpu ?? -1,
	memory: (use) => use.memory ?? -1,
	tasks: (use) => use.pids ?? use.members ?? -1,
	io: (use) => ioOf(use) ?? -1,
	stall: (use) => stallOf(use) ?? -1,
};

// Every group below the nearest group above it that is there.
function growTree(uses) {
	const nodes = new Map(), roots = [];

	for (const use of uses.values())
		nodes.set(use.name, { use, children: [], depth: 0 });
	for (const node of nodes.values()) {
		let above = node.use.name, parent;

		while (!parent && above.includes("/")) {
			above = above.slice(0, above.lastIndexOf("/"));
			parent = nodes.get(above);
		}
		node.above = parent;
		(parent ? parent.children : roots).push(node);
	}
	sortAll(roots, null);
	return { nodes, roots };
}

function sortAll(nodes, by) {
	if (by)
		nodes.sort((a, b) => by(b.use) - by(a.use) || (a.use.name < b.use.name ? -1 : 1));
	else
		nodes.sort((a, b) => a.use.name < b.use.name ? -1 : 1);
	for (const node of nodes)
		if (node.children.length)
			sortAll(node.children, by);
}

function flatten(nodes, folded, depth, out) {
	for (const node of nodes) {
		node.depth = depth;
		node.open = !folded.has(node.use.name);
		out.push(node);
		if (node.open && node.children.length)
			flatten(node.children, folded, depth + 1, out);
	}
	return out;
}

function makeRow(row) {
	const label = el("span.label");
	const figure = (css) => {
		const text = el("span.figure"), full = meter(), cell = el(`span.${css}`, {}, text, full);

		return Object.assign(cell, { text, full });
	};
	const cells = {
		twist: el("button.twist", { type: "button", tabindex: "-1", "aria-label": "Fold or unfold" }),
		label, marks: el("span.marks"),
		cpu: figure("number.cpu"), memory: figure("number.memory"), tasks: figure("number.tasks"),
		io: el("span.number.io"), stall: el("span.number.stall"), spark: sparkElement(),
	};

	cells.name = el("span.text.name", {}, cells.twist, cells.label, cells.marks);
	row.cells = cells;
	row.append(cells.name, cells.cpu, cells.memory, cells.tasks,
		cells.io, cells.stall, el("span.trend", {}, cells.spark));
}

export class Groups {
	constructor(page) {
		this.page = page;
		this.uses = new Map();
		this.roots = [];
		this.folded = new Set();
		this.order = "name";
		this.revision = undefined;
		this.sparks = new Map();
		this.search = el("input", { type: "search", placeholder: "Find a group", "aria-label": "Find a group", input: () => this.show() });
		this.total = el("span.note");
		this.list = new List({
			name: "Groups", id: "group",
			columns: [
				{ name: "Group", sort: "name" }, { name: "CPU", css: "number.cpu", sort: "cpu" },
				{ name: "Memory", css: "number.memory", sort: "memory" }, { name: "Tasks", css: "number.tasks", sort: "tasks" },
				{ name: "I/O", css: "number.io", sort: "io" }, { name: "Stalled", css: "number.stall", sort: "stall" },
				{ name: "CPU, 15 min", css: "trend" },
			],
			key: (node) => node.use.name, make: makeRow, show: (row, node) => this.showRow(row, node),
			open: (node) => this.page.go("groups", node.use.name), opened: () => Boolean(this.chosen),
			fold: (node, open) => this.fold(node, open), sort: (name) => this.sort(name),
		});
		this.list.scroller.addEventListener("scroll", () => this.sparksSoon());
		this.detail = el("aside.detail", { "aria-label": "Group", hidden: true });
		this.none = empty("No groups yet", "Groups stand in the policy, or are made by reeve group create and by services.");
		this.none.hidden = true;
		this.node = el("section.view.groups", {}, el("div.bar", {}, this.search, this.total),
			el("div.split", {}, el("div.main", {}, this.list.node, this.none), this.detail));
		this.list.showSort("name", false);
	}

	start(name) {
		this.running = true;
		this.poll ??= every(LOOK, (signal) => this.load(signal));
		this.sparkPoll ??= every(SPARKS, (signal) => this.loadSparks(signal));
		this.choose(name);
	}

	stop() {
		this.poll?.stop();
		this.sparkPoll?.stop();
		this.detailPoll?.stop();
		this.poll = this.sparkPoll = this.detailPoll = undefined;
	}

	async load(signal) {
		const fresh = this.list.seen().slice(0, SPARKS_MOST).map((node) => node.use.name);
		const answer = await get("/api/tree", { since: this.revision, fresh }, signal);

		if (answer.whole)
			this.uses = new Map();
		for (const use of answer.groups)
			this.uses.set(use.name, use);
		if (answer.whole)
			({ nodes: this.nodes, roots: this.roots } = growTree(this.uses));
		else
			for (const use of answer.groups)
				if (this.nodes.has(use.name))
					this.nodes.get(use.name).use = use;
		this.revision = answer.revision;
		this.processors = answer.processors;
		this.loaded = true;
		// In order of names nothing moves.
		if (answer.whole || ORDERS[this.order])
			this.show();
		else
			this.list.draw();
		if (answer.whole)
			this.sparksSoon();
	}

	show() {
		const word = this.search.value.trim().toLowerCase();
		let items;

		if (ORDERS[this.order] || this.resort)
			sortAll(this.roots, ORDERS[this.order]);
		this.resort = false;
		items = flatten(this.roots, word ? new Set() : this.folded, 0, []);

		if (word)
			items = items.filter((node) => node.use.name.toLowerCase().includes(word)).map((node) => Object.assign(node, { depth: 0 }));
		this.flat = Boolean(word);
		this.list.set(items);
		this.none.hidden = !this.loaded || this.uses.size > 0;
		setText(this.total, word ? `${count(items.length)} of ${count(this.uses.size)} groups` : `${count(this.uses.size)} groups`);
	}

	showRow(row, node) {
		const { use } = node, { cells } = row;
		const marks = [use.frozen ? "frozen" : "", use.oom_kills ? `${use.oom_kills} OOM` : "", use.throttled > 1000 ? "throttled" : ""].filter(Boolean).join(" · ");
		const whole = use.cpu_limit ?? (this.processors ?? 1) * 1e6;

		setDepth(cells.name, node.depth);
		setProperty(cells.twist, "className", `twist${node.children.length && !this.flat ? node.open ? " open" : " shut" : " none"}`);
		setText(cells.label, this.flat || !node.above ? use.name : use.name.slice(node.above.use.name.length + 1));
		setProperty(cells.label, "title", use.name);
		setText(cells.marks, marks);
		setText(cells.cpu.text, percent(use.cpu));
		setMeter(cells.cpu.full, use.cpu === undefined ? undefined : use.cpu / whole);
		setText(cells.memory.text, bytes(use.memory));
		setMeter(cells.memory.full, use.memory_limit ? use.memory / use.memory_limit : undefined);
		setText(cells.tasks.text, count(use.pids ?? use.members));
		setMeter(cells.tasks.full, use.pids_limit ? use.pids / use.pids_limit : undefined);
		setText(cells.io, rate(ioOf(use)));
		setText(cells.stall, percent(stallOf(use)));
		setSpark(cells.spark, this.sparks.get(use.name));
		row.classList.toggle("idle", !use.members && !use.cpu);
	}

	sort(name) {
		this.order = name;
		this.resort = true;
		this.list.showSort(name, name !== "name");
		this.show();
	}

	fold(node, open = this.folded.has(node.use.name)) {
		if (open)
			this.folded.delete(node.use.name);
		else if (node.children.length)
			this.folded.add(node.use.name);
		this.show();
	}

	// ---- the lines at the end of each row ----

	sparksSoon() {
		clearTimeout(this.soon);
		this.soon = setTimeout(() => this.sparkPoll?.now(), 250);
	}

	async loadSparks(signal) {
		const groups = this.list.seen().slice(0, SPARKS_MOST).map((node) => node.use.name);

		if (!groups.length)
			return;
		const answer = await get("/api/history", { groups, figures: "cpu" }, signal);

		this.sparks = new Map(answer.groups.map((group) => [group.name, spark(group.cpu ?? []).path]));
		this.list.draw();
	}

	// ---- one group ----

	choose(name) {
		this.chosen = name;
		this.detailPoll?.stop();
		this.detailPoll = undefined;
		this.detail.hidden = !name;
		this.list.select(name ?? this.list.key, false);
		if (!name)
			return;
		this.showDetail(name);
		this.detailPoll = every(5000, (signal) => this.loadDetail(name, signal));
	}

	showDetail(name) {
		this.charts = [
			[chart({ title: "CPU", format: percent, floor: 1e4, series: [{ name: "used", tone: "a" }] }), ["cpu"], "cpu_limit"],
			[chart({ title: "Memory", format: bytes, floor: 1 << 20, series: [{ name: "used", tone: "b" }] }), ["memory"], "memory_limit"],
			[chart({ title: "Tasks", format: count, floor: 4, series: [{ name: "tasks", tone: "c" }] }), ["pids"], "pids_limit"],
			[chart({ title: "I/O", format: rate, floor: 1 << 16, series: [{ name: "read", tone: "a" }, { name: "written", tone: "d" }] }), ["io_read", "io_written"]],
			[chart({ title: "Stalled", format: percent, floor: 1e4, series: [{ name: "cpu", tone: "a" }, { name: "memory", tone: "b" }, { name: "io", tone: "d" }] }), ["cpu_stall", "memory_stall", "io_stall"]],
			[chart({ title: "Throttled", format: percent, floor: 1e4, series: [{ name: "held back", tone: "d" }] }), ["throttled"]],
		];
		this.span ??= SPANS[0][0];
		this.facts = el("div");
		this.members = el("div.members");
		this.trouble = el("p.trouble", { hidden: true });
		const spans = el("div.choice", { role: "group", "aria-label": "Time shown" }, ...SPANS.map(([seconds, text]) =>
			el("button", { type: "button", "aria-pressed": String(seconds === this.span), click: () => {
				this.span = seconds;
				for (const button of spans.children)
					button.setAttribute("aria-pressed", String(button.textContent === text));
				this.detailPoll?.now();
			} }, text)));

		this.detail.replaceChildren(
			el("header", {}, el("h2", {}, name), spans, el("button.close", { type: "button", "aria-label": "Close", click: () => this.page.go("groups") }, "×")),
			this.trouble, el("div.charts", {}, ...this.charts.map(([one]) => one.figure)), this.facts, this.members);
	}

	async loadDetail(name, signal) {
		try {
			const [past, now] = await Promise.all([get("/api/history", { groups: name, span: this.span }, signal), get("/api/group", { name }, signal)]);

			this.trouble.hidden = true;
			this.drawDetail(name, past, now);
		} catch (error) {
			if (signal.aborted)
				throw error;
			this.trouble.hidden = false;
			setText(this.trouble, error.message);
		}
	}

	drawDetail(name, past, { group, pids }) {
		const use = this.uses.get(name) ?? {}, lists = past.groups[0] ?? {};
		const limits = Object.entries(group.limits).map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`);

		for (const [one, figures, limit] of this.charts) {
			const series = figures.map((figure) => lists[figure] ?? []);

			one.set(past.times, series, limit ? use[limit] : undefined);
			one.figure.hidden = !series.some((list) => list.some((v) => v !== null));
		}
		this.facts.replaceChildren(facts([
			["Limits", limits.length ? el("ul.plain", {}, ...limits.map((text) => el("li", {}, text))) : "none"],
			["From", { policy: "the policy", command: "a command or a service" }[group.origin] ?? group.origin],
			["State", group.frozen ? "frozen" : undefined],
			["Used", group.usage.cpu_ns === undefined ? undefined : `${duration(group.usage.cpu_ns)} of processor time`],
			["Peak", group.usage.memory_peak ? bytes(group.usage.memory_peak) : undefined],
			["OOM kills", group.usage.oom_kills ? count(group.usage.oom_kills) : undefined],
			["Where", el("ul.plain.path", {}, ...group.paths.map((path) => el("li", {}, path)))],
		]));
		this.members.replaceChildren(el("h3", {}, `Processes`, el("span.note", {}, count(pids.length))),
			pids.length ? el("p.pids", {}, ...pids.slice(0, 100).map((pid) => el("a", { href: `#processes/${pid}` }, pid)),
				pids.length > 100 ? el("span.note", {}, `and ${count(pids.length - 100)} more`) : "") : el("p.note", {}, "Nobody is in it."));
	}

	focusSearch() {
		this.search.focus();
	}
}
