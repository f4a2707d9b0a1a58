// SPDX-License-Identifier: MIT
// A list of any length of which only what is seen is there: rows are made once and used again. Whoever
// scrolls keeps the rows that stay in sight; each comes and goes by its place, index modulo their number.

import { el } from "/draw.js";

const BEYOND = 6;

/*
 * new List({name, columns: [{name, css, sort}], make(row), show(row, item), key(item), open(item), fold(item, open), height})
 * make() fills a new row with cells; show() writes an item into them.
 */
export class List {
	constructor(use) {
		this.use = use;
		this.height = use.height ?? 32;
		this.items = [];
		this.at = -1;
		this.key = null;
		this.rows = [];
		this.room = 0;
		this.body = el("div.rows", { role: "presentation" });
		this.scroller = el("div.scroller", {
			tabindex: "0", role: "listbox", "aria-label": use.name,
			scroll: () => this.draw(false), keydown: (event) => this.onKey(event), click: (event) => this.onClick(event),
		}, this.body);
		this.head = el("div.row.head", {}, ...(use.columns ?? []).map((column) => this.headOf(column)));
		this.node = el("div.list", {}, this.head, this.scroller);
		new ResizeObserver(() => this.measure()).observe(this.scroller);
	}

	// Asked for only when it changes: to ask again after something was written makes the browser lay out at once.
	measure() {
		const gutter = `${this.scroller.offsetWidth - this.scroller.clientWidth}px`;

		this.room = this.scroller.clientHeight;
		if (this.gutter !== gutter)
			this.head.style.setProperty("--gutter", this.gutter = gutter);
		this.draw(false);
	}

	headOf(column) {
		const css = `span.${column.css ?? "text"}`;

		if (!column.sort)
			return el(css, {}, column.name);
		return el(css, {}, el("button", { type: "button", click: () => this.use.sort(column.sort) , "data-sort": column.sort }, column.name));
	}

	showSort(name, down) {
		for (const button of this.head.querySelectorAll("button"))
			button.dataset.order = button.dataset.sort === name ? down ? "down" : "up" : "";
	}

	// `added` says how many new ones are on top: what is being looked at stays where it is.
	set(items, added = 0) {
		const top = this.scroller.scrollTop, height = `${items.length * this.height}px`;

		this.items = items;
		if (this.body.style.height !== height)
			this.body.style.height = height;
		if (added && top > 0)
			this.scroller.scrollTop = top + added * this.height;
		if (this.key !== null)
			this.at = added ? this.at < 0 ? -1 : this.at + added : items.findIndex((item) => this.use.key(item) === this.key);
		this.draw();
	}

	select(key, show = true) {
		this.key = key;
		this.at = key === null ? -1 : this.items.findIndex((item) => this.use.key(item) === key);
		if (show && this.at >= 0)
			this.reveal();
		this.draw();
	}

	seen() {
		const first = Math.max(0, Math.floor(this.scroller.scrollTop / this.height));

		return this.items.slice(first, first + Math.ceil(this.room / this.height) + 1);
	}

	addRows(wanted) {
		while (this.rows.length < wanted) {
			const row = el("div.row", { role: "option", id: `${this.use.id ?? "row"}-${this.rows.length}` });

			this.use.make(row);
			this.rows.push(row);
			this.body.append(row);
		}
	}

	// `changed`: what the items say may be another; else only rows that come into sight are written.
	draw(changed = true) {
		const most = Math.ceil(this.room / this.height) + 2 * BEYOND;
		const first = Math.max(0, Math.min(this.items.length - most, Math.floor(this.scroller.scrollTop / this.height) - BEYOND));
		const wanted = Math.min(this.items.length - first, most);

		this.addRows(wanted);
		for (let i = 0; i < this.rows.length; i++) {
			// The first index from `first` on whose place is this row's.
			const row = this.rows[i], index = first + (i - first % this.rows.length + this.rows.length) % this.rows.length;

			if (index < first + wanted)
				this.drawRow(row, index, changed);
			else
				row.hidden = true;
		}
	}

	drawRow(row, index, changed) {
		const item = this.items[index], selected = String(index === this.at);

		if (!changed && !row.hidden && row.index === index && row.item === item)
			return;
		if (row.index !== index) {
			row.style.top = `${index * this.height}px`;
			row.setAttribute("aria-posinset", index + 1);
		}
		Object.assign(row, { index, item, hidden: false });
		row.ariaSetSize = String(this.items.length);
		if (row.ariaSelected !== selected)
			row.ariaSelected = selected;
		this.use.show(row, item, index);
		if (index === this.at)
			this.scroller.setAttribute("aria-activedescendant", row.id);
	}

	reveal() {
		const top = this.at * this.height, from = this.scroller.scrollTop;

		if (top < from)
			this.scroller.scrollTop = top;
		else if (top + this.height > from + this.room)
			this.scroller.scrollTop = top + this.height - this.room;
	}

	go(index, open) {
		if (!this.items.length)
			return;
		this.at = Math.max(0, Math.min(this.items.length - 1, index));
		this.key = this.use.key(this.items[this.at]);
		this.reveal();
		this.draw();
		if (open || this.use.opened?.())
			this.use.open(this.items[this.at]);
	}

	onKey(event) {
		const page = Math.max(1, Math.floor(this.room / this.height) - 1);
		const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };

		if (event.key in steps) {
			const to = (this.at < 0 ? -Math.sign(steps[event.key]) * 0 : this.at + steps[event.key]);

			this.go(Number.isFinite(to) ? to : to > 0 ? this.items.length - 1 : 0);
		} else if (event.key === "Enter" && this.at >= 0) {
			this.use.open(this.items[this.at]);
		} else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && this.use.fold && this.at >= 0) {
			this.use.fold(this.items[this.at], event.key === "ArrowRight");
		} else {
			return;
		}
		event.preventDefault();
	}

	onClick(event) {
		const row = event.target.closest(".row");

		if (!row)
			return;
		const item = this.items[row.index];

		if (event.target.closest(".twist") && this.use.fold)
			this.use.fold(item);
		else
			this.go(row.index, true);
	}
}
