#!/usr/bin/env python3
"""The page as somebody uses it, over a real daemon: usage: check_page.py URL PROGRAM [FOLDER-FOR-PICTURES]

PROGRAM is one that a rule puts into the group builds/jobs; the service flaky has ended with code 3.
"""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from browser import Browser, Failure  # noqa: E402

URL, PROGRAM = sys.argv[1], sys.argv[2]
PICTURES = Path(sys.argv[3]) if len(sys.argv) > 3 else None
BASE = URL.split("#", maxsplit=1)[0]

# Text that something else lies on, or that reaches beyond the window.
COVERED = """(() => {
    const wrong = [];
    const clipped = (node, x, y) => {
        for (let above = node.parentElement; above; above = above.parentElement) {
            if (getComputedStyle(above).overflow === "visible")
                continue;
            const box = above.getBoundingClientRect();
            if (x < box.left || x > box.right || y < box.top || y > box.bottom)
                return true;
        }
        return false;
    };
    if (document.documentElement.scrollWidth > innerWidth)
        wrong.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const node of document.querySelectorAll("body *")) {
        if (node.closest("svg, dialog, noscript") || !node.checkVisibility({ visibilityProperty: true }) || ![...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim()))
            continue;
        const box = node.getBoundingClientRect(), x = box.x + Math.min(box.width / 2, 20), y = box.y + box.height / 2;
        if (getComputedStyle(node).pointerEvents === "none" || !box.width || x < 0 || y < 0 || y > innerHeight || clipped(node, x, y))
            continue;
        const top = document.elementFromPoint(x, y);
        if (!top || !(top === node || node.contains(top) || top.contains(node)))
            wrong.push(`"${node.textContent.trim().slice(0, 40)}" lies below ${top?.tagName}.${top?.className}`);
    }
    return wrong;
})()"""
TEXT = "document.getElementById('main').innerText"


def show(browser, view):
    browser.run(f"location.hash = {view!r}")


def has(browser, text, where=TEXT):
    try:
        browser.until(f"({where}).includes({text!r})", f"the page says {text!r}")
    except Failure as failure:
        raise Failure(f"{failure}; it says {browser.run(where)[-600:]!r}") from None


def look(browser, name, scheme):
    """What is seen is not empty, and nothing lies on anything."""
    wrong = browser.run(COVERED)
    if wrong:
        # While rows come and go, one may be between two places.
        browser.until(f"({COVERED}).length === 0", f"{name}: {wrong[:3]}")
    picture = browser.picture(PICTURES and PICTURES / f"{name}-{scheme}.png")
    if picture.colours(top=60, bottom=min(500, picture.height)) < 12:
        raise Failure(f"{name} ({scheme}): there is nothing to be seen")


def use(browser, process):
    browser.open(BASE)
    has(browser, "Which token?")
    browser.type("x" * 43)
    browser.key("Enter")
    has(browser, "That token is not right.")
    # What the browser notes by itself about the answer 401 is no mistake of the page.
    browser.errors = [error for error in browser.errors if "401" not in error]

    browser.open("about:blank")
    browser.open(URL)
    browser.until("document.getElementById('state').dataset.state === 'good'")
    if "token" in browser.run("location.href"):
        raise Failure("the token stays in the address")
    has(browser, "jobs")
    browser.click(".groups .label", "jobs")
    browser.until("document.querySelectorAll('.chart .line').length > 0", "charts are drawn")
    has(browser, "pids 20")
    browser.click("button", "6 h")
    browser.key("Escape")
    browser.until("document.querySelector('.detail').hidden")
    browser.click(".head button", "CPU")
    browser.until("document.querySelector('.head [data-sort=cpu]').dataset.order === 'down'")

    browser.key("2")
    has(browser, "a second")
    # All that the machine does is there: one has to search.
    browser.key("/")
    browser.type("builds/jobs")
    subprocess.run([PROGRAM], check=True, stdout=subprocess.DEVNULL)
    browser.until("[...document.querySelectorAll('.live .row[data-tone=good]')].some((row) => row.innerText.includes('builds/jobs'))", "the decision is told")
    browser.click(".live .row .what", "moved")
    has(browser, "Why is process")
    browser.key("Escape")

    browser.key("3")
    has(browser, "processes")
    show(browser, f"processes/{process}")
    has(browser, "It is in builds/jobs because of rule compilers.")
    has(browser, "matched when it executed")
    browser.until("document.querySelector('.move code').innerText.startsWith('/')", "where it was before is told")
    browser.click(".move a", "builds/jobs")
    browser.until("location.hash === '#groups/builds%2Fjobs'")

    show(browser, "services/flaky")
    has(browser, "Ended with code 3")
    show(browser, "machine")
    has(browser, "Sources")
    has(browser, "compilers")
    browser.key("?")
    browser.until("document.getElementById('help').open")
    browser.key("Escape")


def main():
    with Browser() as browser:
        process = subprocess.Popen([PROGRAM, "sleep", "600000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            use(browser, process.pid)
            for width, dark in ((1280, False), (390, True)):
                browser.resize(width, 800)
                browser.scheme(dark)
                for view, text in (("groups", "builds"), ("groups/builds%2Fjobs", "Limits"), ("live", "Time"), (f"processes/{process.pid}", "because of rule"),
                                   ("services", "flaky"), ("machine", "Sources")):
                    show(browser, view)
                    has(browser, text)
                    look(browser, f"{view.split('/')[0]}{'-detail' if '/' in view else ''}-{width}", "dark" if dark else "light")
        finally:
            process.kill()
            process.wait()
        if browser.errors:
            raise Failure(f"the browser's console says: {browser.errors[:5]}")


try:
    main()
except Failure as failure:
    sys.exit(f"check_page: {failure}")
