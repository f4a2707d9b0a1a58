# SPDX-License-Identifier: MIT
"""usage: screen.py COLUMNSxLINES PROGRAM [ARGUMENT...] <STEPS

Plays a person who looks at a terminal (python3-pyte draws it) on which the program runs. A step is
a line:

  > TEXT    types it (\\n, \\x1b as in C)
  < TEXT    waits until a line of the screen has this regular expression
  ! TEXT    waits until no line has
  # WxH     makes the terminal that size
  - COMMAND a shell does it, and must succeed
  = N TEXT  line N (0 is the first) has it, now
  colour / plain   something on the screen has a colour; nothing has
  end       waits until the program ends, by itself and well

Fails, and prints the screen, if something does not come within 30 s.
"""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

import pyte

PATIENCE = 30


def login_tty(terminal):
    """Makes it the controlling terminal, and standard input, output and error."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(terminal, fd)


class Person:
    def __init__(self, columns, lines, words):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.terminal, other = pty.openpty()
        self.set_size(columns, lines)
        self.process = os.fork()
        if self.process == 0:
            login_tty(other)
            os.execvp(words[0], words)
        os.close(other)
        self.ended = False

    def set_size(self, columns, lines):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def look(self, seconds):
        while not self.ended and select.select([self.terminal], [], [], seconds)[0]:
            try:
                came = os.read(self.terminal, 65536)
            except OSError:
                came = b""
            self.ended = not came
            self.stream.feed(came)
            seconds = 0

    def has(self, pattern):
        return any(re.search(pattern, line) for line in self.screen.display)

    def until(self, condition, step):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end or self.ended:
                self.fail(f"{step!r} did not come true")
            self.look(0.1)

    def fail(self, why):
        print("\n".join("|" + line for line in self.screen.display))
        sys.exit(why)

    def resize(self, columns, lines):
        self.screen.resize(lines, columns)
        self.set_size(columns, lines)

    def colours(self):
        cells = [cell for line in self.screen.buffer.values() for cell in line.values()]
        return any(cell.fg != "default" or cell.bg != "default" for cell in cells)

    def step(self, step):
        kind, _, what = step.partition(" ")
        if kind == ">":
            os.write(self.terminal, what.encode().decode("unicode_escape").encode("latin-1"))
        elif kind == "<":
            self.until(lambda: self.has(what), step)
        elif kind == "!":
            self.until(lambda: not self.has(what), step)
        elif kind == "#":
            self.resize(*map(int, what.split("x")))
        elif kind == "-":
            subprocess.run(["bash", "-c", what], check=True, timeout=PATIENCE)
        elif kind == "=":
            number, _, pattern = what.partition(" ")
            if not re.search(pattern, self.screen.display[int(number)]):
                self.fail(f"{step!r} is not so")
        elif kind in ("colour", "plain"):
            if self.colours() != (kind == "colour"):
                self.fail(f"{step!r} is not so")
        elif kind == "end":
            while not self.ended:
                self.look(PATIENCE)
            if os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1]) != 0:
                self.fail("it ended badly")
        else:
            sys.exit(f"no such step: {step}")


def main():
    columns, lines = map(int, sys.argv[1].split("x"))
    person = Person(columns, lines, sys.argv[2:])
    for step in sys.stdin.read().splitlines():
        person.step(step)
    if not person.ended:
        os.close(person.terminal)
        os.waitpid(person.process, 0)


main()
