# SPDX-License-Identifier: MIT
"""What /proc says about processes that a case has started."""
import ctypes
import os
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def become_subreaper():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), 'prctl(PR_SET_CHILD_SUBREAPER)')


def children(pid='self'):
    """The children of a process, zombies too."""
    found = []
    for path in Path(f'/proc/{pid}/task').glob('*/children'):
        found += [int(word) for word in path.read_text().split()]
    return found


def stat(pid):
    """The fields of /proc/PID/stat after the name; none where the process is gone."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    except OSError:
        return []


def parent(pid):
    fields = stat(pid)
    return int(fields[1]) if fields else 0


def gone(pid):
    """Whether a process has ended: a zombie has."""
    fields = stat(pid)
    return not fields or fields[0] in 'ZX'


def ticks(pid):
    """Processor time in clock ticks."""
    fields = stat(pid)
    return int(fields[11]) + int(fields[12])


def reap():
    """Takes leave of all children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def describe(pid):
    try:
        words = Path(f'/proc/{pid}/cmdline').read_bytes().replace(b'\0', b' ').decode()
    except OSError:
        words = ''
    return f'{pid} {(stat(pid) or "?")[0]} {words.strip()}'


def descriptors(pid):
    """{number: what it is} of a process."""
    folder, found = f'/proc/{pid}/fd', {}
    for name in os.listdir(folder):
        try:
            found[int(name)] = os.readlink(f'{folder}/{name}')
        except OSError:
            pass
    return found


def status(pid, field):
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith(f'{field}:'):
            return line.partition(':')[2].strip()
    raise KeyError(field)
