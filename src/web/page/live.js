// SPDX-License-Identifier: MIT
// Decisions and events as they happen, the newest first. They are gathered and shown a few times a
// second, however many come.

import { follow } from "/data.js";
import { base, clock, count, duration, el, empty, facts, setProperty, setText } from "/draw.js";
import { List } from "/list.js";

const KEPT = 20000, SHOW_EVERY = 200, HISTORY = 200;
const TYPES = ["exec", "fork", "exit", "setuid", "setgid", "comm", "coredump", "gap"];

// What a decision's result means for who skims.
function toneOf(item) {
	if (item.kind === "lost" || item.type === "gap")
		return "warn";
	if (item.kind === "event")
		return item.type === "exit" && (item.signal || item.exit_code) ? "soft" : "";
	if (item.result === "denied" || item.result === "killed")
		return "bad";
	if (item.failed || item.result === "put back")
		return "warn";
	return item.result === "moved" ? "good" : "";
}

function textOf(item) {
	if (item.kind === "lost")
		return item.text;
	if (item.kind === "decision")
		return [item.rule, item.group].filter(Boolean).join(" → ");
	switch (item.type) {
	case "exit":
		return [item.signal ? `signal ${item.signal}` : `code ${item.exit_code ?? 0}`, item.duration ? `after ${duration(item.duration)}` : ""].filter(Boolean).join(", ");
	case "gap":
	case "source":
		return [item.reason, item.lost ? `${count(item.lost)} lost` : ""].filter(Boolean).join(", ");
	default:
		return (item.argv ?? []).join(" ");
	}
}

function searchText(item) {
	item.words ??= `${item.kind} ${item.type ?? ""} ${item.action ?? ""} ${item.result ?? ""} ${item.pid ?? ""} ${item.path ?? item.exe ?? ""} ${item.user ?? ""} ${textOf(item)}`.toLowerCase();
	return item.words;
}

function makeRow(row) {
	const cells = { time: el("span.time", {}, "", el("span")), what: el("span.what"), pid: el("span.number.pid"), program: el("span.text.program"), text: el("span.text.more"), user: el("span.text.user") };

	row.cells = cells;
	row.append(...Object.values(cells));
}

function showRow(row, item) {
	const { cells } = row, path = item.path ?? item.exe ?? "";

	setProperty(row.dataset, "tone", toneOf(item));
	const time = clock(item.time, true);

	cells.time.firstChild.data = time.slice(0, 8);
	setText(cells.time.lastChild, time.slice(8));
	setText(cells.what, item.kind === "decision" ? item.result : item.kind === "lost" ? "lost" : item.type);
	setText(cells.pid, item.pid ? String(item.pid) : "");
	setText(cells.program, base(path));
	setProperty(cells.program, "title", path);
	setText(cells.text, textOf(item));
	setText(cells.user, typeof item.user === "string" ? item.user : item.user === null || item.user === undefined ? "" : `uid ${item.user}`);
}

export class Live {
	constructor(page) {
		this.page = page;
		this.items = [];
		this.coming = [];
		this.sequence = 0;
		this.lost = 0;
		this.came = 0;
		this.kinds = new Set(["decisions", "events"]);
		this.types = new Set(["exec", "exit"]);
		this.kindButtons = this.buttons([["decisions", "Decisions"], ["events", "Events"]], this.kinds);
		this.typeButtons = this.buttons(TYPES.map((type) => [type, type]), this.types);
		this.exe = el("input", { placeholder: "Program, as /usr/bin/*", "aria-label": "Program of events", change: () => this.restart() });
		this.user = el("input.short", { placeholder: "User", "aria-label": "User of events", change: () => this.restart() });
		this.search = el("input", { type: "search", placeholder: "Find in what is here", "aria-label": "Find", input: () => this.show(0) });
		this.pause = el("button", { type: "button", "aria-pressed": "false", click: () => this.toggle() }, "Pause");
		this.rate = el("span.note.rate");
		this.losses = el("span.lost");
		this.list = new List({
			name: "Events", id: "event", height: 28,
			columns: [{ name: "Time", css: "time" }, { name: "What", css: "what" }, { name: "Process", css: "number.pid" },
				{ name: "Program", css: "text.program" }, { name: "Rule and group, or arguments", css: "text.more" }, { name: "User", css: "text.user" }],
			key: (item) => item.number, make: makeRow, show: showRow, open: (item) => this.showDetail(item), opened: () => !this.detail.hidden,
		});
		this.detail = el("aside.detail.narrow", { "aria-label": "Event", hidden: true });
		this.none = empty("Nothing yet", "What is decided and what happens will stand here.");
		this.node = el("section.view.live", {},
			el("div.bar", {}, this.kindButtons, this.search, this.pause, this.rate, this.losses),
			el("div.bar.second", {}, this.typeButtons, this.exe, this.user),
			el("div.split", {}, el("div.main", {}, this.list.node, this.none), this.detail));
	}

	buttons(words, chosen) {
		return el("div.choice", { role: "group" }, ...words.map(([word, text]) => el("button", { type: "button", "aria-pressed": String(chosen.has(word)), click: (event) => {
			if (!chosen.delete(word))
				chosen.add(word);
			event.currentTarget.setAttribute("aria-pressed", String(chosen.has(word)));
			this.restart();
		} }, text)));
	}

	start() {
		if (!this.stream)
			this.restart();
		this.timer = setInterval(() => this.take(), SHOW_EVERY);
	}

	stop() {
		clearInterval(this.timer);
		this.stream?.close();
		this.stream = undefined;
	}

	restart() {
		const events = this.kinds.has("events") && this.types.size > 0, decisions = this.kinds.has("decisions");
		const split = (input) => input.value.split(/[\s,]+/).filter(Boolean);

		this.stream?.close();
		this.node.classList.toggle("no-events", !this.kinds.has("events"));
		if (!events && !decisions) {
			this.stream = undefined;
			return;
		}
		this.stream = follow({
			decisions, events, limit: decisions && !this.items.length ? HISTORY : 0,
			...events ? { type: [...this.types], exe: split(this.exe), user: split(this.user) } : {},
		}, {
			decisions: (list) => this.come("decision", list),
			events: (list) => this.come("event", list),
			lost: (counts) => this.lose(counts),
			end: ({ message }) => this.note(`the daemon has ended it: ${message}`),
			broken: (error) => error.status === 400 && this.note(error.message),
		});
	}

	note(text) {
		this.coming.push({ kind: "lost", time: Date.now(), text });
	}

	lose(counts) {
		for (const [kind, n] of Object.entries(counts)) {
			this.lost += n;
			this.note(`${count(n)} ${kind} were lost: this page was too slow for them`);
		}
	}

	come(kind, list) {
		this.came += list.length;
		for (const one of list) {
			one.kind = kind;
			this.coming.push(one);
		}
		// While nobody looks, nothing is drawn and timers hardly run: what would be thrown away is not kept.
		if (this.coming.length > 2 * KEPT)
			this.coming.splice(0, this.coming.length - KEPT);
	}

	take() {
		const now = performance.now(), passed = now - (this.measured ?? now);

		if (passed > 1000 || !this.measured) {
			setText(this.rate, `${count(this.came * 1000 / Math.max(passed, 1000))} a second`);
			this.came = 0;
			this.measured = now;
		}
		setText(this.losses, this.lost ? `${count(this.lost)} lost` : "");
		if (this.paused || !this.coming.length)
			return;
		const fresh = this.coming;

		this.coming = [];
		for (const item of fresh)
			item.number = this.sequence++;
		fresh.reverse();
		this.items = fresh.concat(this.items);
		if (this.items.length > KEPT)
			this.items.length = KEPT;
		this.show(fresh.length, fresh);
	}

	show(added, fresh) {
		const word = this.search.value.trim().toLowerCase();
		let items = this.items;

		if (word) {
			items = items.filter((item) => searchText(item).includes(word));
			added = fresh ? fresh.filter((item) => searchText(item).includes(word)).length : 0;
		}
		this.list.set(items, added);
		this.none.hidden = items.length > 0;
	}

	toggle() {
		this.paused = !this.paused;
		this.pause.setAttribute("aria-pressed", String(this.paused));
		setText(this.pause, this.paused ? "Go on" : "Pause");
	}

	showDetail(item) {
		const rows = Object.entries(item).filter(([key]) => !["number", "words", "kind"].includes(key)).map(([key, value]) =>
			[key, value === null || value === "" || (Array.isArray(value) && !value.length) ? undefined : typeof value === "object" ? JSON.stringify(value) : String(value)]);

		this.detail.hidden = false;
		this.detail.replaceChildren(
			el("header", {}, el("h2", {}, item.kind === "decision" ? "Decision" : item.kind === "event" ? `Event: ${item.type}` : "Lost"),
				el("button.close", { type: "button", "aria-label": "Close", click: () => this.choose() }, "×")),
			item.pid ? el("p", {}, el("a", { href: `#processes/${item.pid}` }, `Why is process ${item.pid} where it is?`)) : "",
			facts(rows));
		this.detail.lastChild.classList.add("mono");
	}

	choose() {
		this.detail.hidden = true;
	}

	focusSearch() {
		this.search.focus();
	}
}
