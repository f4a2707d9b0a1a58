# SPDX-License-Identifier: MIT
"""usage: terminal.py PROGRAM [ARGUMENT...] <STEPS

Plays a person at a terminal on which the program runs. A step is a line: `> TEXT` is typed (\\n, \\t,
\\x03 as in C), `< TEXT` is waited for in what comes after the last. Prints all that came; fails if
something does not come within 30 s, or if the program fails.
"""
import os
import pty
import select
import sys
import time

PATIENCE = 30


def receive(terminal, seconds):
    """What came, or None at the end."""
    if not select.select([terminal], [], [], seconds)[0]:
        return b""
    try:
        return os.read(terminal, 4096) or None
    except OSError:
        return None


def main():
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    came = b""
    for step in sys.stdin.read().splitlines():
        what = step[2:].encode().decode("unicode_escape").encode()
        if step.startswith("> "):
            os.write(terminal, what)
            continue
        until = time.monotonic() + PATIENCE
        while what not in came:
            more = receive(terminal, 0.1)
            if more is None or time.monotonic() > until:
                sys.exit(f"{step!r} did not come: {came!r}")
            came += more
        at = came.index(what) + len(what)
        sys.stdout.write(came[:at].decode(errors="replace"))
        came = came[at:]
    while (more := receive(terminal, PATIENCE)):
        pass
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


main()
