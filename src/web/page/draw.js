// SPDX-License-Identifier: MIT
// Elements, numbers as people read them, and charts.

const SVG = "http://www.w3.org/2000/svg";

// el("p.note", {title: "x"}, "text", child...): functions among the attributes are listeners.
export function el(what, attributes = {}, ...children) {
	const [name, ...classes] = what.split(".");
	const node = document.createElement(name || "div");

	if (classes.length)
		node.className = classes.join(" ");
	for (const [key, value] of Object.entries(attributes)) {
		if (typeof value === "function")
			node.addEventListener(key, value);
		else if (value !== undefined && value !== false)
			node.setAttribute(key, value === true ? "" : value);
	}
	node.append(...children.filter((child) => child !== undefined && child !== null));
	return node;
}

function svg(name, attributes = {}, ...children) {
	const node = document.createElementNS(SVG, name);

	for (const [key, value] of Object.entries(attributes))
		node.setAttribute(key, value);
	node.append(...children);
	return node;
}

export function setText(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

// What is already so is not written: the browser would work all of it out again.
export function setProperty(object, name, value) {
	if (object[name] !== value)
		object[name] = value;
}

export function setDepth(node, depth) {
	if (node.depth !== depth)
		node.style.setProperty("--depth", node.depth = depth);
}

// ---- numbers ----

const UNITS = ["B", "K", "M", "G", "T", "P"];

export function bytes(value) {
	let unit = 0;

	if (value === undefined || value === null)
		return "–";
	while (value >= 999.5 && unit < UNITS.length - 1) {
		value /= 1024;
		unit++;
	}
	return `${unit && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

export const rate = (value) => value === undefined || value === null ? "–" : `${bytes(value)}/s`;

export function count(value) {
	return value === undefined || value === null ? "–" : Math.round(value).toLocaleString("en");
}

// Of microseconds a second.
export function percent(value) {
	if (value === undefined || value === null)
		return "–";
	const part = value / 10000;

	return `${part >= 0.05 && part < 9.95 ? part.toFixed(1) : Math.round(part)} %`;
}

export function duration(ns) {
	const s = ns / 1e9;

	if (ns === undefined || ns === null)
		return "–";
	if (s < 1e-3)
		return `${Math.round(s * 1e6)} µs`;
	if (s < 1)
		return `${s < 0.01 ? (s * 1e3).toFixed(1) : Math.round(s * 1e3)} ms`;
	if (s < 60)
		return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
	if (s < 86400)
		return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
	return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

const two = (number) => String(number).padStart(2, "0");

export function clock(time, exact = false) {
	const date = new Date(time);
	const text = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

	return exact ? `${text}.${String(date.getMilliseconds()).padStart(3, "0")}` : text;
}

export function moment(time) {
	const date = new Date(time);
	const today = new Date().toDateString() === date.toDateString();

	return today ? clock(date) : `${date.toLocaleDateString("en", { day: "numeric", month: "short" })}, ${clock(date)}`;
}

export const base = (path) => (path ?? "").split("/").pop() || path || "";

// ---- charts ----

function niceTop(value, floor) {
	let top = floor;

	while (top < value)
		top *= 2;
	return top;
}

// The path of values that may be null, in a box; with gaps where nothing is known.
function linePath(values, xs, y) {
	let path = "", pen = false;

	for (let i = 0; i < values.length; i++) {
		if (values[i] === null || values[i] === undefined) {
			pen = false;
			continue;
		}
		path += `${pen ? "L" : "M"}${xs[i].toFixed(1)} ${y(values[i]).toFixed(1)}`;
		pen = true;
	}
	return path;
}

// A few pixels of how something went: values from old to new.
export function spark(values, width = 140, height = 20) {
	const top = niceTop(Math.max(...values.map((v) => v ?? 0)), 1);
	const xs = values.map((_, i) => values.length > 1 ? 1 + i * (width - 2) / (values.length - 1) : width);
	const path = linePath(values, xs, (v) => height - 2 - v / top * (height - 4));

	return { path, width, height };
}

export function sparkElement() {
	return svg("svg", { class: "spark", width: 140, height: 20, "aria-hidden": "true" }, svg("path"));
}

export function setSpark(node, path = "") {
	if (node.path === path)
		return;
	node.path = path;
	node.toggleAttribute("hidden", !path);
	node.firstChild.setAttribute("d", path);
}

/*
 * chart({title, format, floor, series: [{name, tone}], limit}): a figure whose set(times, lists, limit)
 * draws. `floor` is the least that its height stands for, so that noise stays small.
 */
export function chart({ title, format, floor, series }) {
	const W = 460, H = 104, LEFT = 4, RIGHT = 4, TOP = 6, BOTTOM = 16;
	const now = el("span.now"), readout = el("span.readout");
	const picture = svg("svg", { viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: "none", role: "img", "aria-label": title });
	const labels = el("div.axis", {}, el("span"), el("span"));
	const scale = el("span.scale"), box = el("div.plot", {}, picture, scale, labels);
	const legend = series.length > 1 ? el("span.legend", {}, ...series.map((s) => el(`span.tone-${s.tone}`, {}, s.name))) : undefined;
	const figure = el("figure.chart", {}, el("figcaption", {}, el("b", {}, title), legend, readout, now), box);
	let last;

	function draw() {
		const { times, lists, limit } = last;
		const known = lists.flat().filter((v) => v !== null && v !== undefined);
		const most = Math.max(0, ...known) * 1.02;
		const top = limit ? Math.max(limit * 1.15, most) : niceTop(most, floor);
		const first = times[0], length = Math.max(1, times.at(-1) - first);
		const xs = times.map((t) => LEFT + (t - first) / length * (W - LEFT - RIGHT));
		const y = (v) => H - BOTTOM - v / top * (H - TOP - BOTTOM);
		const parts = [];

		for (const part of [0, 0.5, 1])
			parts.push(svg("line", { class: "grid", x1: 0, x2: W, y1: y(top * part), y2: y(top * part) }));
		lists.forEach((values, i) => {
			const path = linePath(values, xs, y);

			if (series.length === 1 && path)
				parts.push(svg("path", { class: `area tone-${series[i].tone}`, d: areaOf(values, xs, y, y(0)) }));
			parts.push(svg("path", { class: `line tone-${series[i].tone}`, d: path }));
		});
		if (limit)
			parts.push(svg("line", { class: "limit", x1: 0, x2: W, y1: y(limit), y2: y(limit) }));
		picture.replaceChildren(...parts, svg("line", { class: "cross", y1: TOP, y2: H - BOTTOM, x1: -9, x2: -9 }));
		setText(scale, limit ? `limit ${format(limit)}` : format(top));
		setText(labels.firstChild, times.length ? clock(first).slice(0, 5) : "");
		setText(labels.lastChild, times.length ? clock(times.at(-1)).slice(0, 5) : "");
		setText(now, known.length ? lists.map((values) => format(values.at(-1))).join(" · ") : "not counted here");
	}

	box.addEventListener("pointermove", (event) => {
		const area = box.getBoundingClientRect();

		if (!last?.times.length)
			return;
		const { times, lists } = last;
		const at = times[0] + (event.clientX - area.left) / area.width * (times.at(-1) - times[0]);
		let i = times.findIndex((t) => t >= at);

		i = i < 0 ? times.length - 1 : i > 0 && at - times[i - 1] < times[i] - at ? i - 1 : i;
		const x = LEFT + (times[i] - times[0]) / Math.max(1, times.at(-1) - times[0]) * (W - LEFT - RIGHT);

		picture.lastChild.setAttribute("x1", x);
		picture.lastChild.setAttribute("x2", x);
		setText(readout, `${clock(times[i])}  ${lists.map((values) => format(values[i])).join(" · ")}`);
		figure.classList.add("pointed");
	});
	box.addEventListener("pointerleave", () => {
		picture.lastChild?.setAttribute("x1", -9);
		picture.lastChild?.setAttribute("x2", -9);
		figure.classList.remove("pointed");
	});
	return {
		figure,
		set(times, lists, limit) {
			last = { times, lists, limit };
			draw();
		},
	};
}

function areaOf(values, xs, y, bottom) {
	let path = "", begun = -1;

	for (let i = 0; i <= values.length; i++) {
		const known = i < values.length && values[i] !== null && values[i] !== undefined;

		if (known && begun < 0) {
			path += `M${xs[i].toFixed(1)} ${bottom}`;
			begun = i;
		}
		if (known)
			path += `L${xs[i].toFixed(1)} ${y(values[i]).toFixed(1)}`;
		if (!known && begun >= 0) {
			path += `L${xs[i - 1].toFixed(1)} ${bottom}Z`;
			begun = -1;
		}
	}
	return path;
}

// ---- small parts ----

// How full something is: used of limit, with a tone where it gets tight.
export function meter() {
	return el("span.meter", { "aria-hidden": "true" }, el("i"));
}

export function setMeter(node, part) {
	const known = part !== undefined && part !== null && Number.isFinite(part);

	setProperty(node, "hidden", !known);
	if (!known)
		return;
	setProperty(node.firstChild.style, "width", `${Math.round(Math.min(100, Math.max(part > 0 ? 2 : 0, part * 100)))}%`);
	setProperty(node, "className", `meter${part >= 0.95 ? " bad" : part >= 0.8 ? " warn" : ""}`);
}

export const empty = (title, text) => el("div.empty", {}, el("b", {}, title), el("p", {}, text));

// Rows of [name, value]; a value may be a node. Those without a value are left out.
export function facts(rows) {
	return el("dl.facts", {}, ...rows.filter(([, value]) => value !== undefined && value !== null && value !== "")
		.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}
