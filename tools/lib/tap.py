"""Reading the Test Anything Protocol, as bats, cmocka and our own checks print it."""
import re

POINT = re.compile(r"^(not )?ok\b\s*(\d+)?\s*(?:-\s+)?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)\s*(?:#\s*(skip\S*)?\s*(.*))?$", re.IGNORECASE)
# How long a case took: bats --timing writes it behind the name, test/vm/cases in a line of its own.
IN_NAME = re.compile(r" in (\d+)ms(?: # timeout after \d+s)?$")
IN_LINE = re.compile(r"^# took (\d+) ms$")
DIRECTIVE = re.compile(r"(?:^|\s)#\s*(skip|todo)\S*\s*(.*)$", re.IGNORECASE)


class Case:
    """One test: its name, "passed", "failed" or "skipped", and the lines that explain it."""

    def __init__(self, name, outcome, reason=""):
        self.name = name
        self.outcome = outcome
        self.reason = reason
        self.details = []
        self.milliseconds = None


def read_point(line):
    """A Case for a line "ok 3 - name # SKIP reason", or None for any other line."""
    match = POINT.match(line)
    if not match:
        return None
    failed, number, name = match.groups()
    directive = DIRECTIVE.search(name)
    if directive and directive.group(1).lower() == "skip":
        reason = directive.group(2)
        # cmocka 1.1 writes "not ok 3 # SKIP name": the name stands where the reason belongs.
        bare = name[:directive.start()].strip()
        return Case(bare or reason or f"test {number}", "skipped", reason if bare else "")
    return Case(name.strip() or f"test {number}", "failed" if failed else "passed")


def take_time(case):
    """Takes the time that a case took out of its name."""
    took = IN_NAME.search(case.name)
    if took:
        case.name = case.name[:took.start()]
        case.milliseconds = int(took.group(1))
    return case


def parse(text):
    """All cases of a TAP text, and a sentence when the text contradicts its own plan (or None)."""
    cases, planned = [], None
    for line in text.splitlines():
        plan = PLAN.match(line)
        if plan:
            planned = int(plan.group(1))
            if planned == 0 and plan.group(2):
                cases.append(Case("all of it", "skipped", plan.group(3)))
                planned = 1
            continue
        case = read_point(line)
        took = IN_LINE.match(line)
        if case:
            cases.append(take_time(case))
        elif took and cases:
            cases[-1].milliseconds = int(took.group(1))
        elif cases:
            cases[-1].details.append(line)
    if planned is None:
        return cases, "it printed no plan (1..N)" if not cases else None
    if planned != len(cases):
        return cases, f"it planned {planned} tests and ran {len(cases)}"
    return cases, None
