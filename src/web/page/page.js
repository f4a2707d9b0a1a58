// SPDX-License-Identifier: MIT
// The frame: which view is shown, how we stand with the daemon, keys, the token.

import { connection, every, get, onConnection, setToken, takeToken } from "/data.js";
import { duration, el, setText } from "/draw.js";
import { Groups } from "/groups.js";
import { Live } from "/live.js";
import { Machine, Services } from "/machine.js";
import { Processes } from "/processes.js";

const VIEWS = [["groups", "Groups", Groups], ["live", "Live", Live], ["processes", "Processes", Processes], ["services", "Services", Services], ["machine", "Machine", Machine]];
const THEMES = { "": "Auto", light: "Light", dark: "Dark" };

const main = document.getElementById("main");
const state = document.getElementById("state");
const help = document.getElementById("help");
const views = new Map();
let shown, gate;

const page = {
	go(view, what) {
		location.hash = what === undefined ? view : `${view}/${encodeURIComponent(what)}`;
	},
	setStatus(status) {
		page.status = status;
		setText(document.getElementById("instance"), status.name);
		showState();
	},
};

// ---- views ----

function viewOf(name) {
	if (!views.has(name))
		views.set(name, new (VIEWS.find(([word]) => word === name)[2])(page));
	return views.get(name);
}

function route() {
	const [word, what] = location.hash.slice(1).split("/");
	const name = VIEWS.some(([view]) => view === word) ? word : "groups";
	const view = viewOf(name);

	if (connection.state === "token")
		return;
	if (shown && shown !== view)
		shown.stop();
	if (shown !== view) {
		main.replaceChildren(view.node);
		document.title = `${VIEWS.find(([one]) => one === name)[1]} – reeve`;
		for (const link of document.querySelectorAll("#tabs a"))
			link.toggleAttribute("aria-current", link.hash === `#${name}`);
		shown = view;
		view.start(what && decodeURIComponent(what));
	} else {
		view.choose(what && decodeURIComponent(what));
	}
	main.classList.toggle("chosen", Boolean(what));
}

// ---- how we stand ----

function showState() {
	const { state: how, why } = connection, { status } = page;
	const text = how === "good" && status ? `${status.dry_run ? "dry run · " : ""}${status.mode} · up ${duration(status.uptime * 1e9)}` : how === "bad" ? why : how === "token" ? "no token" : "…";

	state.dataset.state = how === "good" && status?.problems?.length ? "warn" : how;
	setText(state.lastElementChild, text);
	state.title = text;
}

function askForToken(why) {
	const input = el("input", { type: "password", autocomplete: "off", "aria-label": "Token", required: true, spellcheck: "false" });

	gate = el("form.gate", { submit: (event) => {
		event.preventDefault();
		setToken(input.value);
		gate = undefined;
		shown = undefined;
		begin();
	} }, el("h1", {}, "Which token?"),
	el("p", {}, "reeve web has printed an address that holds it; or it is in the file that was named by --token-file."),
	el("div.line", {}, input, el("button.main-action", {}, "Go on")), why ? el("p.trouble", { role: "alert" }, why) : "");
	shown?.stop();
	shown = undefined;
	main.replaceChildren(gate);
	input.focus();
}

onConnection(({ state: how, why }) => {
	showState();
	if (how === "token" && !gate)
		askForToken(why);
});

// ---- theme and keys ----

function setTheme(theme) {
	const button = document.getElementById("theme");

	if (theme)
		document.documentElement.dataset.theme = theme;
	else
		delete document.documentElement.dataset.theme;
	localStorage.setItem("reeve-theme", theme);
	setText(button, THEMES[theme]);
	button.onclick = () => setTheme(Object.keys(THEMES)[(Object.keys(THEMES).indexOf(theme) + 1) % 3]);
}

document.addEventListener("keydown", (event) => {
	const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);

	if (event.ctrlKey || event.metaKey || event.altKey || help.open)
		return;
	if (event.key === "Escape") {
		if (typing)
			event.target.blur();
		else if (shown)
			location.hash = location.hash.split("/")[0];
		shown?.choose();
	} else if (typing) {
		return;
	} else if (event.key === "?") {
		help.showModal();
	} else if (event.key === "/") {
		shown?.focusSearch?.();
		event.preventDefault();
	} else if (event.key === " " && shown?.toggle && event.target.tagName !== "BUTTON") {
		shown.toggle();
		event.preventDefault();
	} else if (event.key >= "1" && event.key <= String(VIEWS.length)) {
		page.go(VIEWS[event.key - 1][0]);
	}
});

// ---- the beginning ----

function begin() {
	page.poll ??= every(30000, async (signal) => page.setStatus(await get("/api/status", { groups: false }, signal)));
	page.poll.now();
	route();
}

document.getElementById("tabs").append(...VIEWS.map(([name, title]) => el("a", { href: `#${name}` }, title)));
setTheme(localStorage.getItem("reeve-theme") in THEMES ? localStorage.getItem("reeve-theme") : "");
takeToken();
addEventListener("hashchange", () => {
	if (/token=/.test(location.hash))
		takeToken();
	route();
});
if (connection.state !== "token")
	begin();
