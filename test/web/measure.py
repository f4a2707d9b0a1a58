#!/usr/bin/env python3
"""What the page costs: 10,000 groups, and 1,000 events a second; prints one JSON object.

usage: measure.py REEVE-WEB [SECONDS]

The daemon behind it is daemon.py beside this file: no machine of a test has as much going on.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from browser import Browser  # noqa: E402

GROUPS, PACE, LOADS = 10000, 1000, 5
# Frames come every 16.7 ms where nothing holds them up; the time between two is what is felt.
FRAMES = """(() => {
    window.frames_seen = [];
    let last = performance.now();
    const look = (now) => { frames_seen.push(now - last); last = now; if (!window.frames_over) requestAnimationFrame(look); };
    requestAnimationFrame(look);
})()"""
SCROLL = """(() => {
    const list = document.querySelector('.scroller');
    window.scrolling = setInterval(() => { list.scrollTop = (list.scrollTop + 613) % Math.max(1, list.scrollHeight - list.clientHeight); }, 50);
})()"""


def processor_ms(pid):
    """What a process has used, in ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def resident_kib(pid):
    return next(int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))


def busy_ms(browser):
    """What the page's own thread has used of a processor: says the same on a busy machine."""
    metrics = {one["name"]: one["value"] for one in browser.call("Performance.getMetrics")["metrics"]}
    return metrics["TaskDuration"] * 1000


def frames_during(browser, seconds):
    """The frames of some seconds: how many, the time within which 99 of 100 came, the longest."""
    browser.run("window.frames_over = false; " + FRAMES)
    browser.trace()
    before = busy_ms(browser)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        browser.read(min(0.5, max(0, end - time.monotonic())))
    busy = (busy_ms(browser) - before) / (seconds * 10)
    frames = sorted(browser.run("window.frames_over = true, frames_seen.slice(1)"))
    return {"busy_percent": round(busy), "longest_task_ms": round(browser.longest_task(), 1), "frames": len(frames), "p99_ms": round(frames[len(frames) * 99 // 100], 1), "longest_ms": round(frames[-1], 1)}


def measure(browser, url, web, seconds):
    found, paints = {}, []
    browser.call("Performance.enable", timeDomain="threadTicks")
    for _ in range(LOADS):
        # As for the first time, but by a browser that has begun already.
        browser.open("about:blank")
        browser.call("Network.clearBrowserCache")
        before = busy_ms(browser)
        browser.open(url)
        paints.append(browser.until("performance.getEntriesByType('paint').find((one) => one.name === 'first-contentful-paint')?.startTime"))
        browser.until("document.querySelectorAll('.groups .rows .row').length > 10")
    found["first_paint_ms"] = round(sorted(paints)[LOADS // 2])
    found["first_paint_best_ms"] = round(min(paints))
    found["busy_until_shown_ms"] = round(busy_ms(browser) - before)
    found["bytes"] = browser.run("performance.getEntriesByType('resource').filter((one) => !one.name.includes('/api/')).reduce((sum, one) => sum + one.decodedBodySize, 0)"
                                 " + performance.getEntriesByType('navigation')[0].decodedBodySize")
    browser.until("document.querySelector('.groups .note').textContent.startsWith('10,000')")
    before = processor_ms(web)
    browser.run(SCROLL)
    found["groups"] = frames_during(browser, seconds)
    browser.run("clearInterval(scrolling), location.hash = 'live'")
    browser.until("document.querySelectorAll('.live .rows .row').length > 10")
    found["live"] = frames_during(browser, seconds)
    found["rate"] = browser.run("document.querySelector('.live .rate').textContent")
    found["lost"] = browser.run("document.querySelector('.live .lost').textContent")
    found["heap_mib"] = round(browser.run("performance.memory.usedJSHeapSize") / (1 << 20))
    found["web_processor_percent"] = round((processor_ms(web) - before) / (2 * seconds * 10), 1)
    found["web_resident_kib"] = resident_kib(web)
    found["errors"] = browser.errors
    return found


def main():
    program, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 8
    with tempfile.TemporaryDirectory(prefix="reeve-test-web-") as folder:
        socket = Path(folder, "reeve.sock")
        daemon = subprocess.Popen([sys.executable, str(Path(__file__).with_name("daemon.py")), str(socket), str(GROUPS), str(PACE)])
        try:
            while not socket.exists():
                time.sleep(0.05)
            web = subprocess.Popen([program, "--runtime-dir", folder, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
            try:
                url = web.stdout.readline().strip()
                with Browser() as browser:
                    print(json.dumps(measure(browser, url, web.pid, seconds)))
            finally:
                web.kill()
                web.wait()
        finally:
            daemon.kill()
            daemon.wait()


if __name__ == "__main__":
    main()
