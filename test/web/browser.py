"""A headless Chromium, driven over its own pipe (--remote-debugging-pipe): no port, no packages."""
import base64
import json
import os
import select
import shutil
import struct
import subprocess
import tempfile
import time
import zlib

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# A busy machine of half the speed is waited for as well; nothing waits so long that works.
PATIENCE = float(os.environ.get("REEVE_TEST_PATIENCE", "30"))


def program():
    """The browser's path, or None where there is none."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


class Failure(Exception):
    """What was waited for did not come true, or the browser refused."""


class Browser:
    """One browser with one page; a context manager that ends it."""

    def __init__(self, width=1280, height=800, dark=False):
        self.folder = tempfile.mkdtemp(prefix="reeve-test-browser-")
        self.errors, self.number, self.rest, self.answers = [], 0, b"", {}
        self.traced, self.tracing = [], False
        to_browser, self.to = os.pipe()
        self.of, from_browser = os.pipe()
        # The pipe's two ends have to be 3 and 4 there.
        words = ["sh", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "sh", program(), "--headless=new",
                 "--remote-debugging-pipe", f"--user-data-dir={self.folder}", "--no-sandbox",
                 "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--no-default-browser-check", "--hide-scrollbars", "about:blank"]
        self.process = subprocess.Popen(words, pass_fds=(to_browser, from_browser), start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL,
                                        env=dict(os.environ, HOME=self.folder, XDG_CONFIG_HOME=self.folder))
        os.close(to_browser)
        os.close(from_browser)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(width, height)
        self.scheme(dark)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.process.pid, 9)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.to)
        os.close(self.of)
        # What its children were writing may still come.
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- the protocol ----

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        wanted, end = self.number, time.monotonic() + PATIENCE
        while wanted not in self.answers:
            if not self.read(end - time.monotonic()):
                raise Failure(f"the browser did not answer {method}")
        answer = self.answers.pop(wanted)
        if "error" in answer:
            raise Failure(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def read(self, seconds):
        """Takes what the browser says; False when the time is over."""
        if not select.select([self.of], [], [], max(0, seconds))[0]:
            return False
        got = os.read(self.of, 1 << 20)
        if not got:
            raise Failure("the browser has ended")
        *messages, self.rest = (self.rest + got).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self.answers[message["id"]] = message
            else:
                self.take(message["method"], message["params"])
        return True

    def take(self, method, said):
        if method == "Runtime.exceptionThrown":
            details = said["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "assert"):
            self.errors.append(" ".join(str(one.get("value", one.get("description"))) for one in said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] == "error":
            self.errors.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")
        elif method == "Tracing.dataCollected":
            self.traced += said["value"]
        elif method == "Tracing.tracingComplete":
            self.tracing = False

    def trace(self):
        """Notes what the page's thread does, until longest_task() asks."""
        self.traced, self.tracing = [], True
        self.call("Tracing.start", traceConfig={"includedCategories": ["toplevel"]}, transferMode="ReportEvents")

    def longest_task(self):
        """The most ms of a processor that one task of the page's thread took: so long nobody was heard."""
        self.call("Tracing.end")
        end = time.monotonic() + PATIENCE
        while self.tracing:
            if not self.read(end - time.monotonic()):
                raise Failure("the browser did not hand out its trace")
        threads = {(one["pid"], one["tid"]) for one in self.traced
                   if one["name"] == "thread_name" and one["args"]["name"] == "CrRendererMain"}
        tasks = [one.get("tdur", 0) / 1000 for one in self.traced
                 if one["ph"] == "X" and one["name"].endswith("RunTask") and (one["pid"], one["tid"]) in threads]
        if not tasks:
            raise Failure("the trace has no tasks")
        return max(tasks)

    # ---- the page ----

    def resize(self, width, height, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                  mobile=width < 600)

    def scheme(self, dark):
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, url):
        self.call("Page.navigate", url=url)

    def run(self, script):
        """The value of an expression in the page; a promise is waited for."""
        got = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            raise Failure(got["exceptionDetails"].get("exception", {}).get("description", script))
        return got["result"].get("value")

    def until(self, script, what=None):
        """Waits until an expression is true, and returns its value."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                value = self.run(script)
            except Failure as failure:
                # Between two pages there is nothing to ask.
                value, last = None, failure
            else:
                last = None
            if value:
                return value
            if time.monotonic() > end:
                raise Failure(f"never came true: {what or script}{f' ({last})' if last else ''}")
            self.read(0.05)

    def click(self, selector, text=None):
        """A click with the mouse where the first such element (holding the text) is seen."""
        find = f"[...document.querySelectorAll({json.dumps(selector)})].find((one) => one.checkVisibility()" \
               f" && {json.dumps(text)} === null || one.textContent.includes({json.dumps(text or '')}))"
        self.until(f"Boolean({find})", f"{selector} {text or ''}")
        place = self.run(f"(() => {{ const box = {find}.getBoundingClientRect();"
                         " return [box.x + box.width / 2, box.y + box.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def key(self, key):
        codes = {"Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "ArrowLeft": 37, "ArrowRight": 39,
                 "End": 35, "Home": 36}
        more = {"text": key} if len(key) == 1 else {"windowsVirtualKeyCode": codes[key]}
        if key == "Enter":
            more["text"] = "\r"
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **more)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def picture(self, path=None):
        """What is seen, as a Picture; also written to a file."""
        data = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        if path:
            with open(path, "wb") as file:
                file.write(data)
        return Picture(data)


class Picture:
    """A PNG of 8 bits a channel without interlacing, as Chromium writes it."""

    def __init__(self, data):
        at, packed = 8, b""
        while at < len(data):
            size, kind = struct.unpack(">I4s", data[at:at + 8])
            body = data[at + 8:at + 8 + size]
            if kind == b"IHDR":
                self.width, self.height, _, colour = struct.unpack(">IIBB", body[:10])
            elif kind == b"IDAT":
                packed += body
            at += size + 12
        self.channels = {2: 3, 6: 4}[colour]
        self.rows = self.unfilter(zlib.decompress(packed))

    def unfilter(self, raw):
        step, width = self.channels, self.width * self.channels
        rows, above = [], bytearray(width)
        for y in range(self.height):
            kind = raw[y * (width + 1)]
            row = bytearray(raw[y * (width + 1) + 1:(y + 1) * (width + 1)])
            if kind == 1:
                for i in range(step, width):
                    row[i] = (row[i] + row[i - step]) & 255
            elif kind == 2:
                row = bytearray((a + b) & 255 for a, b in zip(row, above))
            elif kind == 3:
                for i in range(width):
                    row[i] = (row[i] + ((row[i - step] if i >= step else 0) + above[i]) // 2) & 255
            elif kind == 4:
                for i in range(width):
                    a, b = row[i - step] if i >= step else 0, above[i]
                    c = above[i - step] if i >= step else 0
                    p = a + b - c
                    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
                    row[i] = (row[i] + (a if pa <= pb and pa <= pc else b if pb <= pc else c)) & 255
            rows.append(bytes(row))
            above = row
        return rows

    def colours(self, left=0, top=0, right=None, bottom=None):
        """How many different colours a part of it has: an empty one has one."""
        step = self.channels
        found = set()
        for row in self.rows[top:bottom]:
            part = row[left * step:(right or self.width) * step]
            found.update(part[i:i + 3] for i in range(0, len(part), step))
        return len(found)
