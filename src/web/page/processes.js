// SPDX-License-Identifier: MIT
// Processes as a tree, and of one of them why it is where it is: the decisions that placed it and
// those above it, as the daemon has recorded them.

import { every, get } from "/data.js";
import { base, count, duration, el, empty, facts, moment, setDepth, setProperty, setText } from "/draw.js";
import { List } from "/list.js";

const LOOK = 4000;

function growTree(processes) {
	const byPid = new Map(processes.map((process) => [process.pid, { process, children: [], depth: 0 }])), roots = [];

	for (const node of byPid.values()) {
		node.above = byPid.get(node.process.ppid);
		(node.above ? node.above.children : roots).push(node);
	}
	return { byPid, roots };
}

function flatten(nodes, folded, depth, out) {
	for (const node of nodes) {
		node.depth = depth;
		node.open = !folded.has(node.process.pid);
		out.push(node);
		if (node.open && node.children.length)
			flatten(node.children, folded, depth + 1, out);
	}
	return out;
}

const nameOf = (process) => base(process.exe) || process.comm || `process ${process.pid}`;
const words = (process) => `${process.pid} ${process.exe ?? ""} ${process.comm ?? ""} ${process.user ?? process.uid} ${process.placement ?? ""} ${(process.argv ?? []).join(" ")}`.toLowerCase();

function makeRow(row) {
	const cells = { twist: el("button.twist", { type: "button", tabindex: "-1", "aria-label": "Fold or unfold" }), label: el("span.label"), pid: el("span.number.pid"),
		user: el("span.text.user"), group: el("span.text.group"), age: el("span.number.age"), args: el("span.text.more") };

	row.cells = cells;
	cells.name = el("span.text.name", {}, cells.twist, cells.label);
	row.append(cells.name, cells.pid, cells.user, cells.group, cells.age, cells.args);
}

// The sentence about a decision, for a process or for one above it.
function sentence(decision) {
	const waited = decision.before ? `before its first instruction, after ${duration(decision.microseconds * 1000)}` : "after it had begun";
	const what = { execute: "it executed", read: "it read", write: "it wrote", open: "it opened" }[decision.action] ?? `of ${decision.action}:`;

	return [`Rule `, el("b", {}, decision.rule ?? "?"), ` matched when ${what} `, el("code", {}, decision.path), `, ${waited}.`];
}

function stepOf(node, decisions) {
	const { process } = node;
	// By the daemon's clock: an answer may have been long on its way.
	const born = Date.parse(process.time) - process.age / 1e6;
	const own = decisions.filter((d) => d.pid === process.pid && Date.parse(d.time) >= born - 2000).sort((a, b) => a.time < b.time ? 1 : -1);

	return { node, process, own, placing: own.find((d) => d.group && ["moved", "already there"].includes(d.result)) };
}

// Who above, or itself, was put where it is now.
function because(steps) {
	const self = steps[0];

	if (!self.process.placement)
		return undefined;
	return steps.find((step) => step.placing?.group === self.process.placement);
}

export class Processes {
	constructor(page) {
		this.page = page;
		this.folded = new Set();
		this.tree = { byPid: new Map(), roots: [] };
		this.search = el("input", { type: "search", placeholder: "Name, number, user, group, argument", "aria-label": "Find a process", input: () => this.show() });
		this.placed = el("button", { type: "button", "aria-pressed": "false", click: () => {
			this.placedOnly = !this.placedOnly;
			this.placed.setAttribute("aria-pressed", String(this.placedOnly));
			this.show();
		} }, "In groups only");
		this.total = el("span.note");
		this.list = new List({
			name: "Processes", id: "process", height: 30,
			columns: [{ name: "Program" }, { name: "Process", css: "number.pid" }, { name: "User", css: "text.user" }, { name: "Group", css: "text.group" }, { name: "Age", css: "number.age" }, { name: "Arguments", css: "text.more" }],
			key: (node) => node.process.pid, make: makeRow, show: (row, node) => this.showRow(row, node),
			open: (node) => this.page.go("processes", String(node.process.pid)), opened: () => Boolean(this.chosen),
			fold: (node, open) => this.fold(node, open),
		});
		this.detail = el("aside.detail", { "aria-label": "Process", hidden: true });
		this.node = el("section.view.processes", {}, el("div.bar", {}, this.search, this.placed, this.total),
			el("div.split", {}, el("div.main", {}, this.list.node), this.detail));
	}

	start(pid) {
		this.poll ??= every(LOOK, (signal) => this.load(signal));
		this.choose(pid);
	}

	stop() {
		this.poll?.stop();
		this.poll = undefined;
	}

	async load(signal) {
		const { processes } = await get("/api/processes", {}, signal);

		this.tree = growTree(processes);
		this.show();
		if (this.chosen && this.explained !== this.chosen)
			this.explain(Number(this.chosen));
	}

	show() {
		const word = this.search.value.trim().toLowerCase(), sift = word || this.placedOnly;
		let items = flatten(this.tree.roots, sift ? new Set() : this.folded, 0, []);

		if (this.placedOnly)
			items = items.filter((node) => node.process.placement);
		if (word)
			items = items.filter((node) => words(node.process).includes(word));
		this.flat = Boolean(sift);
		this.list.set(items);
		setText(this.total, sift ? `${count(items.length)} of ${count(this.tree.byPid.size)} processes` : `${count(this.tree.byPid.size)} processes`);
	}

	showRow(row, node) {
		const { process } = node, { cells } = row;

		setDepth(cells.name, this.flat ? 0 : Math.min(node.depth, 12));
		setProperty(cells.twist, "className", `twist${node.children.length && !this.flat ? node.open ? " open" : " shut" : " none"}`);
		setText(cells.label, nameOf(process));
		setProperty(cells.label, "title", process.exe ?? "");
		setText(cells.pid, String(process.pid));
		setText(cells.user, String(process.user ?? process.uid ?? ""));
		setText(cells.group, process.placement ?? "");
		setText(cells.age, duration(process.age));
		setText(cells.args, (process.argv ?? []).slice(1).join(" "));
	}

	fold(node, open = this.folded.has(node.process.pid)) {
		if (open)
			this.folded.delete(node.process.pid);
		else if (node.children.length)
			this.folded.add(node.process.pid);
		this.show();
	}

	choose(pid) {
		this.chosen = pid;
		this.explained = undefined;
		this.detail.hidden = !pid;
		if (!pid)
			return;
		this.list.select(Number(pid), true);
		if (this.tree.byPid.size)
			this.explain(Number(pid));
	}

	async explain(pid) {
		const steps = [];

		this.explained = this.chosen;
		for (let node = this.tree.byPid.get(pid); node && steps.length < 32; node = node.above)
			steps.push(node);
		if (!steps.length) {
			this.header(pid, `Process ${pid}`);
			this.detail.append(await this.pastOf(pid));
			return;
		}
		try {
			const { decisions } = await get("/api/decisions", { pid: steps.map((node) => node.process.pid), limit: 1000 });

			if (this.chosen === String(pid))
				this.showWhy(steps.map((node) => stepOf(node, decisions)));
		} catch (error) {
			this.header(pid, nameOf(steps[0].process));
			this.detail.append(el("p.trouble", {}, `Its decisions cannot be read: ${error.message}`));
			// The next look asks again.
			this.explained = undefined;
		}
	}

	// One that has ended is known by its decisions alone.
	async pastOf(pid) {
		let decisions;

		try {
			({ decisions } = await get("/api/decisions", { pid, limit: 100 }));
		} catch (error) {
			return el("p.trouble", {}, `Its decisions cannot be read: ${error.message}`);
		}

		if (!decisions.length)
			return empty("It does not run", "No process of this number runs now, and no decision about one is on record.");
		return el("div", {}, el("p.note", {}, "No process of this number runs now. What was decided about it:"),
			el("ol.steps", {}, ...decisions.reverse().map((decision) => this.decisionOf(decision))));
	}

	header(pid, title) {
		this.detail.replaceChildren(el("header", {}, el("h2", {}, title), el("span.note", {}, String(pid)),
			el("button.close", { type: "button", "aria-label": "Close", click: () => this.page.go("processes") }, "×")));
	}

	decisionOf(decision) {
		return el("li", {}, el("p", {}, ...sentence(decision)),
			el("p.note", {}, `${moment(decision.time)} · ${decision.result}`,
				decision.rules.length > 1 ? ` · also ${decision.rules.filter((rule) => rule !== decision.rule).join(", ")}` : ""),
			decision.group ? el("p.move", {}, el("code", {}, decision.from ?? "where it was"), " → ", el("a", { href: `#groups/${encodeURIComponent(decision.group)}` }, decision.group)) : "");
	}

	whyText(steps, reason) {
		const { process } = steps[0];
		const group = process.placement ? el("a", { href: `#groups/${encodeURIComponent(process.placement)}` }, process.placement) : "";

		if (!process.placement)
			return el("p.why", {}, "It is in no group of reeve. ", steps[0].own.length ? "Rules have matched it, but none of them placed it." : "No rule that is on record has placed it, or any process above it, where it is.");
		if (!reason)
			return el("p.why", {}, "It is in ", group, ". No decision on record says so: it was placed before the record begins, by a command, by a service, or from outside.");
		if (reason === steps[0])
			return el("p.why", {}, "It is in ", group, " because of rule ", el("b", {}, reason.placing.rule), ".");
		return el("p.why", {}, "It is in ", group, " because ", el("a", { href: `#processes/${reason.process.pid}` }, `${nameOf(reason.process)} ${reason.process.pid}`),
			" was put there by rule ", el("b", {}, reason.placing.rule), ", and what that starts is born there.");
	}

	showWhy(steps) {
		const { process } = steps[0], reason = because(steps);
		const chain = steps.map((step, i) => el(step === reason ? "li.reason" : "li", {},
			el("p.who", {}, i === 0 ? el("b", {}, nameOf(step.process)) : el("a", { href: `#processes/${step.process.pid}` }, nameOf(step.process)),
				el("span.note", {}, `${step.process.pid} · ${step.process.placement ?? "no group"} · ${duration(step.process.age)}`)),
			step.own.length ? el("ol.steps", {}, ...step.own.slice(0, 8).map((decision) => this.decisionOf(decision))) : ""));

		this.header(process.pid, nameOf(process));
		this.detail.append(
			el("h3", {}, "Why is it here"), this.whyText(steps, reason),
			el("h3", {}, "Itself, and those above it"), el("ol.chain", {}, ...chain),
			el("h3", {}, "Process"),
			facts([
				["Program", el("code", {}, process.exe ?? "–")],
				["Arguments", process.argv?.length ? el("code", {}, process.argv.join(" ")) : undefined],
				["Folder", process.cwd ? el("code", {}, process.cwd) : undefined],
				["User", `${process.user ?? process.uid}${process.euid !== process.uid ? `, effective ${process.euid}` : ""}`],
				["Started", `${moment(Date.parse(process.time) - process.age / 1e6)}, ${duration(process.age)} ago`],
				["Known since", process.known ? `${process.known.type} (${process.known.source})` : undefined],
				["Container", process.container ? JSON.stringify(process.container) : undefined],
				["Control group", el("code", {}, process.cgroup ?? "–")],
			]));
	}

	focusSearch() {
		this.search.focus();
	}
}
