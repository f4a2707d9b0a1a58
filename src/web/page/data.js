// SPDX-License-Identifier: MIT
// What the page asks the server for: single answers, answers again and again, and streams.

const KEY = "reeve-token";
const listeners = new Set();
let token = sessionStorage.getItem(KEY) ?? "";

// How we stand with the server: "waiting", "good", "bad" (with why), or "token".
export const connection = { state: "waiting", why: "" };

function tell(state, why = "") {
	if (connection.state === state && connection.why === why)
		return;
	Object.assign(connection, { state, why });
	for (const listener of listeners)
		listener(connection);
}

export function onConnection(listener) {
	listeners.add(listener);
	listener(connection);
}

// The token comes behind the '#', which a browser sends nowhere, and does not stay there.
export function takeToken() {
	const found = /[#&]token=([\w-]+)/.exec(location.hash);

	if (found) {
		setToken(found[1]);
		history.replaceState(null, "", "#groups");
	}
	if (!token)
		tell("token");
}

export function setToken(word) {
	token = word.trim();
	sessionStorage.setItem(KEY, token);
	tell("waiting");
}

export class Failure extends Error {
	constructor(status, message) {
		super(message);
		this.status = status;
	}
}

function address(path, parameters = {}) {
	const query = new URLSearchParams();

	for (const [name, value] of Object.entries(parameters))
		for (const one of Array.isArray(value) ? value : [value])
			if (one !== undefined && one !== "")
				query.append(name, one);
	return query.size ? `${path}?${query}` : path;
}

async function ask(path, parameters, signal) {
	let answer;

	if (!token) {
		tell("token");
		throw new Failure(401, "no token");
	}
	try {
		answer = await fetch(address(path, parameters), {
			signal,
			headers: { Authorization: `Bearer ${token}` },
		});
	} catch (error) {
		if (error.name !== "AbortError")
			tell("bad", "reeve web does not answer");
		throw error;
	}
	if (answer.ok) {
		tell("good");
		return answer;
	}
	const said = await answer.json().catch(() => ({}));

	if (answer.status === 401)
		tell("token", "That token is not right.");
	else if (answer.status >= 500)
		tell("bad", said.message ?? answer.statusText);
	throw new Failure(answer.status, said.message ?? answer.statusText);
}

export async function get(path, parameters, signal) {
	return (await ask(path, parameters, signal)).json();
}

// Calls `work` now and then again and again, never twice at a time, and not while nobody looks.
export function every(milliseconds, work) {
	const abort = new AbortController();
	let timer = 0, stopped = false, running = false;

	async function turn() {
		clearTimeout(timer);
		if (stopped || running)
			return;
		running = true;
		if (!document.hidden)
			await work(abort.signal).catch(() => {});
		running = false;
		if (!stopped)
			timer = setTimeout(turn, milliseconds);
	}
	document.addEventListener("visibilitychange", turn);
	turn();
	return {
		now: turn,
		stop() {
			stopped = true;
			clearTimeout(timer);
			document.removeEventListener("visibilitychange", turn);
			abort.abort();
		},
	};
}

// One message of a stream of server-sent events: what it is, and its data.
function readMessage(text, handlers) {
	let name = "message", data = "";

	for (const line of text.split("\n")) {
		if (line.startsWith("event: "))
			name = line.slice(7);
		else if (line.startsWith("data: "))
			data += line.slice(6);
	}
	if (data)
		handlers[name]?.(JSON.parse(data));
}

async function readStream(body, handlers) {
	const reader = body.pipeThrough(new TextDecoderStream()).getReader();
	let text = "";

	for (;;) {
		const { done, value } = await reader.read();

		if (done)
			return;
		text += value;
		let from = 0;

		for (let end; (end = text.indexOf("\n\n", from)) >= 0; from = end + 2)
			readMessage(text.slice(from, end), handlers);
		text = text.slice(from);
	}
}

// Follows a stream, and takes it up again when it breaks; `handlers.open` is told each time.
export function follow(parameters, handlers) {
	const abort = new AbortController();
	let pause = 500, timer = 0;

	async function run() {
		try {
			const answer = await ask("/api/stream", parameters, abort.signal);

			pause = 500;
			handlers.open?.();
			await readStream(answer.body, handlers);
		} catch (error) {
			if (abort.signal.aborted)
				return;
			handlers.broken?.(error);
			if (error.status === 400)
				return;
		}
		if (!abort.signal.aborted)
			timer = setTimeout(run, pause = Math.min(pause * 2, 8000));
	}
	run();
	return {
		close() {
			clearTimeout(timer);
			abort.abort();
		},
	};
}
