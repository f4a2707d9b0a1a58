"""What a test run may leave on the machine, and taking it away again.

Processes are known by the variable REEVE_TEST_RUN, which everything that a run starts inherits, and
by being a program of our build folder: other work on the same machine is never looked at. Groups are
known by their name, reeve-test-...NUMBER..., where NUMBER is $REEVE_TEST_RUN or the test's own
process. A group of another process is somebody else's, and is taken away only when that process is
gone and the group is empty. In a run that must be complete (CI) nobody else is there, and each group
that is new is a test's.
"""
import os
import re
import signal
import time
from pathlib import Path

PREFIX = "reeve-test-"
VARIABLE = "REEVE_TEST_RUN"


def process_ids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def read_bytes(path):
    """A file's bytes, or none where it went away or is not ours to read."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def executable(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


class Processes:
    """The processes of one run, now and at its beginning."""

    def __init__(self, run_id, build):
        self.mark = f"{VARIABLE}={run_id}".encode()
        self.programs = str(build) + "/"
        self.before = set(self.of_build())

    def of_build(self):
        return [pid for pid in process_ids() if executable(pid).startswith(self.programs)]

    def marked(self):
        return [pid for pid in process_ids()
                if pid != os.getpid()
                and self.mark in read_bytes(f"/proc/{pid}/environ").split(b"\0")]

    def left(self):
        return sorted(set(self.marked()) | (set(self.of_build()) - self.before))

    def describe(self, pid):
        words = read_bytes(f"/proc/{pid}/cmdline").split(b"\0")
        return f"{pid} {b' '.join(words).decode(errors='replace').strip()}"

    def kill(self):
        """Ends what is left, most politely; returns what that was."""
        said = [self.describe(pid) for pid in self.left()]
        for number, patience in ((signal.SIGTERM, 2), (signal.SIGKILL, 2)):
            for pid in self.left():
                try:
                    os.kill(pid, signal.SIGCONT)
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            wait_until(lambda: not self.left(), patience)
        return said


def wait_until(condition, seconds):
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def mounts():
    """(mount point, file system) of every mount that we see."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        yield left.split()[4].encode().decode("unicode_escape"), right.split()[0]


def cgroup_folders():
    """Every reeve-test-* folder of every cgroup hierarchy."""
    for point, kind in mounts():
        if kind not in ("cgroup", "cgroup2"):
            continue
        for folder, names, _ in os.walk(point):
            for name in list(names):
                if name.startswith(PREFIX):
                    yield os.path.join(folder, name)
                    names.remove(name)


def owners(folder):
    """The processes whose test may have made the group; none where the name does not say."""
    return {int(number) for number in re.findall(r"\d+", os.path.basename(folder))}


def is_ours(folder):
    return os.getpid() in owners(folder)


def is_empty(folder):
    return not any(read_bytes(f"{path}/cgroup.procs").strip() for path, _, _ in os.walk(folder))


def is_abandoned(folder):
    """Whether the test that made the group is over, and nothing is in it."""
    numbers = owners(folder)
    return bool(numbers) and is_empty(folder) \
        and not any(os.path.exists(f"/proc/{number}") for number in numbers)


class Groups:
    """The test groups that a run leaves behind."""

    def __init__(self, alone):
        """`alone`: nobody else tests on this machine, so that each new group must be ours."""
        remove_groups()
        self.alone = alone
        self.before = set(cgroup_folders())

    def left(self):
        return sorted(folder for folder in cgroup_folders()
                      if is_ours(folder) or (self.alone and folder not in self.before))


class Folders:
    """The folders of a daemon that has been installed here, which no test may write to."""

    ROOTS = ("/run/reeve", "/var/lib/reeve", "/var/log/reeve", "/etc/reeve")

    def __init__(self, alone, roots=ROOTS):
        """`alone`: nobody else tests on this machine, so that each change must be a test's."""
        self.alone = alone
        self.roots = roots
        self.before = self.now()

    def now(self):
        """Each of their files with what changes when it is written."""
        found = {}
        for root in self.roots:
            for folder, _, names in os.walk(root):
                for path in [folder, *(os.path.join(folder, name) for name in names)]:
                    try:
                        about = os.lstat(path)
                    except OSError:
                        continue
                    found[path] = (about.st_ino, about.st_size, about.st_mtime_ns)
        return found

    def changed(self):
        if not self.alone:
            return []
        now = self.now()
        return sorted(path for path in now.keys() | self.before.keys() if now.get(path) != self.before.get(path))


def mounts_left():
    return sorted(point for point, _ in mounts() if "/reeve-test" in point)


def hierarchies_left():
    """Those of cgroup v1 that have a name, mounted or not."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return sorted(line.split(":")[1] for line in lines if ":name=reeve-test" in line)


def write(path, text):
    """Writes a cgroup file; what is not there, or refuses, is the next step's problem."""
    try:
        Path(path).write_text(text)
    except OSError:
        pass


def empty_group(folder):
    """Thaws a group and moves what is in it to its parent."""
    write(f"{folder}/cgroup.freeze", "0")
    write(f"{folder}/freezer.state", "THAWED")
    for pid in read_bytes(f"{folder}/cgroup.procs").split():
        write(f"{os.path.dirname(folder)}/cgroup.procs", pid.decode())


def remove_group(folder):
    """Removes a group with all below it; True when it is gone."""
    for path, _, _ in os.walk(folder, topdown=False):
        empty_group(path)
        try:
            os.rmdir(path)
        except OSError:
            pass
    return not os.path.exists(folder)


def remove_groups():
    """Removes the test groups that are ours or nobody's."""
    for folder in [name for name in cgroup_folders() if is_ours(name) or is_abandoned(name)]:
        wait_until(lambda path=folder: remove_group(path), 2)
