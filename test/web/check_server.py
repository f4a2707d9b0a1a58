#!/usr/bin/env python3
"""What the server refuses, tried over the wire: usage: check_server.py PORT TOKEN"""
import http.client
import json
import socket
import sys
import threading

PORT, TOKEN = int(sys.argv[1]), sys.argv[2]
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
GUESSES, AT_ONCE, CROWD = 1000, 64, 300


def ask(path, headers=None, method="GET", body=None):
    """Status, headers and text of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")
    finally:
        connection.close()


def raw(data):
    """The first line that is said to these bytes; "" where there is none."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=60) as client:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return client.recv(4096).decode(errors="replace").split("\r\n")[0]
        except OSError:
            return ""


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: wanted {wanted!r}, got {got!r}")


def check_refusals():
    for path in ("/api/status", "/api/groups", "/api/stream", "/api", "/nothing"):
        expect(f"{path} without a token", ask(path)[0], 401)
        expect(f"{path} of another site", ask(path, {**RIGHT, "Origin": "http://evil.example"})[0], 403)
        expect(f"{path} framed", ask(path, {**RIGHT, "Sec-Fetch-Site": "cross-site"})[0], 403)
        expect(f"{path} by a foreign name", ask(path, {**RIGHT, "Host": "evil.example"})[0], 421)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            expect(f"{method} {path}", ask(path, RIGHT, method)[0], 405)
        expect(f"{path} with a body", ask(path, RIGHT, "GET", b"x" * 10)[0], 413)
    status, headers, _ = ask("/")
    expect("the page", status, 200)
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options"):
        if not headers[name]:
            sys.exit(f"the page has no {name}")
    if "'unsafe" in headers["Content-Security-Policy"]:
        sys.exit("the content policy allows what it must not")


def check_malformed():
    """None of these may hurt who comes next."""
    head = b"GET /api HTTP/1.1\r\nHost: localhost\r\n"
    for data in (b"", b"\0" * 4096, b"\r\n" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", head + b"\xff\xfe: x\r\n\r\n",
                 head + b"Authorization: Bearer \xff\xff\xff\r\n\r\n", head + b"Content-Length: -5\r\n\r\n", head + b"Content-Length: 1e9\r\n\r\n",
                 head + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
                 head + b"X: " + b"y" * 100000 + b"\r\n\r\n", head + b"X: y\r\n" * 20000 + b"\r\n", head[:20]):
        line = raw(data)
        if " 200 " in line:
            sys.exit(f"{data[:60]!r} was answered with {line!r}")
        expect("the next one", ask("/api", RIGHT)[0], 200)
    for path, part in (("/api/group?name=%ff", "UTF-8"), ("/api/group?name=a%00b", "name"), ("/api/decisions?limit=-1", "number"), ("/api/decisions?" + "pid=1&" * 400, "parameters"),
                       ("/api/group?nmae=x", "did you mean")):
        status, _, text = ask(path, RIGHT)
        if status not in (400, 404) or (status == 400 and part not in text):
            sys.exit(f"{path[:40]}: {status} {text}")


def check_guesses():
    """A thousand guesses: all refused, and slowly enough; the right one goes on being answered."""
    seen, left = {}, iter(range(GUESSES))
    lock = threading.Lock()

    def guess():
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            status = ask("/api/status", {"Authorization": f"Bearer {number:0{len(TOKEN)}d}"})[0]
            with lock:
                seen[status] = seen.get(status, 0) + 1

    threads = [threading.Thread(target=guess) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        expect("the right token among wrong ones", ask("/api", RIGHT)[0], 200)
    for thread in threads:
        thread.join()
    if set(seen) != {401, 429} or sum(seen.values()) != GUESSES:
        sys.exit(f"1,000 guesses were answered so: {seen}")
    counters = json.loads(ask("/api/web", RIGHT)[2])
    expect("guesses that were compared", counters["refused_bad_token"] >= seen[401], True)
    expect("guesses that were sent away", counters["refused_guesses"] >= seen[429], True)


def check_crowd():
    """More connections than there may be, each of which says a byte of a request: whoever comes next is answered."""
    crowd = []
    try:
        for _ in range(CROWD):
            crowd.append(socket.create_connection(("127.0.0.1", PORT), timeout=60))
            crowd[-1].sendall(b"G")
        expect("the next one", ask("/api", RIGHT)[0], 200)
        counters = json.loads(ask("/api/web", RIGHT)[2])
        expect("silent ones that were sent away", counters["closed_full"] >= CROWD - 128, True)
    finally:
        for one in crowd:
            one.close()


check_refusals()
check_malformed()
check_guesses()
check_crowd()
