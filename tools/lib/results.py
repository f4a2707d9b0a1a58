"""Counting what passed, failed and was skipped, and saying so."""
import os
import re
import sys
from pathlib import Path


def known_skips(path):
    """The file's entries, "NAME  REASON" with two spaces between; "*" in a name stands for any text."""
    patterns = []
    if not path.exists():
        return patterns
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, gap, reason = line.partition("  ")
        if not gap or not reason.strip():
            sys.exit(f"{path}:{number}: a skip needs a reason: NAME, two spaces, REASON")
        patterns.append(re.compile(".*".join(re.escape(part) for part in name.split("*"))))
    return patterns


class Results:
    """Where every stage records its cases; prints only what is worth reading."""

    def __init__(self, skips_file):
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.known = known_skips(skips_file)
        self.must_run = os.environ.get("REEVE_TEST_MUST_RUN") == "1"
        self.failures = []
        self.times = []

    def add(self, name, outcome, details=(), reason="", milliseconds=None):
        """Records one case; `name` is "stage: case"."""
        if outcome == "skipped" and self.must_run and not self.is_known(name):
            outcome = "failed"
            details = [f"was skipped ({reason or 'no reason given'}), which REEVE_TEST_MUST_RUN "
                       "forbids; test/known-skips names the exceptions", *details]
        self.counts[outcome] += 1
        if milliseconds is not None:
            self.times.append((milliseconds, name))
        if outcome == "failed":
            self.failures.append(name)
        if outcome != "passed":
            self.say(name, outcome, details, reason)

    def is_known(self, name):
        return any(pattern.fullmatch(name) for pattern in self.known)

    @staticmethod
    def say(name, outcome, details, reason):
        print(f"  {outcome}: {name}" + (f" ({reason})" if reason else ""))
        if outcome not in ("passed", "skipped"):
            for line in details:
                print(f"    | {line}")
        sys.stdout.flush()

    def print_times(self, file):
        for milliseconds, name in sorted(self.times, reverse=True):
            print(f"{milliseconds / 1000:9.1f} s  {name}", file=file)

    def finish(self):
        """Prints the last line that CI reads, and returns the exit code."""
        if len(self.failures) > 1:
            print("failed, all together:")
            for name in self.failures:
                print(f"  {name}")
        print(", ".join(f"{self.counts[outcome]} {outcome}"
                        for outcome in ("passed", "failed", "skipped")), flush=True)
        return 1 if self.counts["failed"] else 0
