"""Virtual machines that run cases of bats files one after the other: test/vm/cases in test/vm/run.

A machine starts when there is something for it to do, and is given a line for each portion of a
file. One that does not answer any more is ended, what it had not told is failed, and the next
portion starts another.
"""
import os
import select
import subprocess
import time

CASE_SECONDS = 150  # after which test/vm/cases ends a case; slower is a machine that hangs
PROGRAM_SECONDS = 900
BOOT_SECONDS = 120
END = "# end of "


class Portion:
    """Some cases of a file, by their numbers."""

    def __init__(self, path, numbers):
        self.path = path
        self.numbers = numbers
        self.seconds = len(numbers) * CASE_SECONDS

    def line(self):
        return f"{self.path} {' '.join(map(str, self.numbers))}\n".encode()


class Program(Portion):
    """A program that prints TAP itself."""

    def __init__(self, path, words):
        super().__init__(path, words)
        self.seconds = PROGRAM_SECONDS


def portions(path, numbers, size):
    """A file's cases in equal portions of at most this size."""
    count = -(-len(numbers) // size)
    return [Portion(path, numbers[at * len(numbers) // count:(at + 1) * len(numbers) // count])
            for at in range(count)]


class Guest:
    """`start(words, **files)` starts a program in a session of its own; `stop(child)` ends one."""

    def __init__(self, command, until, start, stop):
        self.command = command
        self.until = until
        self.start = start
        self.stop = stop
        self.child = None

    def do(self, portion):
        """Runs a portion; its TAP, and a sentence where the machine did not tell all of it."""
        patience = portion.seconds
        if not self.child:
            self.child = self.start(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            patience += BOOT_SECONDS
        try:
            self.child.stdin.write(portion.line())
            self.child.stdin.flush()
        except BrokenPipeError:
            pass
        said, trouble = self.hear(min(time.monotonic() + patience, self.until))
        if trouble:
            self.end()
        return said, trouble

    def hear(self, until):
        said = b""
        while True:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
                return said.decode(errors="replace"), "the virtual machine took too long"
            part = os.read(self.child.stdout.fileno(), 1 << 16)
            if not part:
                return said.decode(errors="replace"), "the virtual machine ended too soon"
            said += part
            text = said.decode(errors="replace")
            if text.endswith("\n") and text.splitlines()[-1].startswith(END):
                return text[:text.rindex(END)], None

    def end(self):
        """Ends the machine; it turns itself off when there is no more to do."""
        if not self.child:
            return
        try:
            self.child.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            pass
        self.stop(self.child)
        self.child.stdout.close()
        self.child = None
