# SPDX-License-Identifier: MIT
"""Where the measuring happens: cgroup hierarchies, groups of our own, processes, a work folder.

Groups are made only below names that start with "reeve-test-", and removed afterwards. Nothing
else in a hierarchy is written.
"""

import os
import pathlib
import shutil
import tempfile
import time

PREFIX = 'reeve-test-bench'
LIMITS = {  # the effect of `cpu: 90` and `pids: 1000`, for groups that the daemon does not make
    'cpu.cfs_quota_us': lambda: str(100000 * os.cpu_count() * 90 // 100),
    'cpu.max': lambda: f'{100000 * os.cpu_count() * 90 // 100} 100000',
    'pids.max': lambda: '1000',
}


class Unavailable(Exception):
    """Something that a figure needs is not here; the text says what."""


def hierarchies():
    """[(mount point, controllers)] of every cgroup mount; v2 has its own controllers and "0"."""
    found = []
    for line in pathlib.Path('/proc/self/mountinfo').read_text().splitlines():
        left, right = line.split(' - ')
        kind, _, options = right.split(' ', 2)
        root, point = left.split()[3:5]
        if root != '/':
            continue
        if kind == 'cgroup':
            found.append((point, set(options.split(','))))
        elif kind == 'cgroup2':
            controllers = pathlib.Path(point, 'cgroup.controllers').read_text().split()
            found.append((point, {'0', *controllers}))
    return found


def v2_mount():
    return next((point for point, names in hierarchies() if '0' in names), None)


def hierarchies_of(controllers=('cpu', 'pids')):
    """The mounts that hold these controllers: [(mount point, name in /proc/PID/cgroup)]."""
    found = {}
    for controller in controllers:
        for point, names in hierarchies():
            if controller in names:
                found.setdefault(point, '0' if '0' in names else controller)
    if not found:
        raise Unavailable(f'no cgroup hierarchy holds {" or ".join(controllers)}')
    return list(found.items())


def witness_names():
    """What tiny-check has to look at, for a group with `cpu` and `pids`: "cpu,pids" or "0"."""
    return ','.join(sorted({name for _, name in hierarchies_of()}))


class Groups:
    """A group of one name in each hierarchy that holds cpu and pids, with LIMITS where they go.

    Without a name there are none.
    """

    def __init__(self, name):
        self.name = name
        self.folders = [pathlib.Path(point, name) for point, _ in hierarchies_of() if name]

    def __enter__(self):
        for folder in self.folders:
            folder.mkdir(exist_ok=True)
            for file, value in LIMITS.items():
                if (folder / file).exists():
                    (folder / file).write_text(value())
        return self

    def __exit__(self, *_):
        if self.name:
            remove_groups(self.name)


def remove_groups(name):
    """Removes the groups `name` and below, in every hierarchy; they must be empty by now."""
    assert name.startswith(PREFIX) and '/' not in name
    for point, _ in hierarchies():
        for folder, _, _ in os.walk(os.path.join(point, name), topdown=False):
            _rmdir(folder)


def _rmdir(folder):
    for _ in range(50):  # the last process may still be on its way out
        try:
            return os.rmdir(folder)
        except FileNotFoundError:
            return None
        except OSError:
            time.sleep(0.02)
    raise Unavailable(f'cannot remove {folder}: it is still in use')


def descendants(pid):
    """`pid` and its descendants, as numbers; those that are gone meanwhile are left out."""
    parents = {}
    for entry in os.listdir('/proc'):
        if entry.isdigit():
            try:
                stat = pathlib.Path('/proc', entry, 'stat').read_text()
            except OSError:
                continue
            parents[int(entry)] = int(stat.rpartition(')')[2].split()[1])
    family = [pid] if pid in parents else []
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return family


def status_fields(path):
    """/proc/.../status as a dict of strings."""
    lines = pathlib.Path(path).read_text().splitlines()
    return dict((key, value.strip()) for key, _, value in (line.partition(':') for line in lines))


class Workspace:
    """A folder that only root may enter, for programs, policies, sockets; gone at the end."""

    def __init__(self, build):
        self.build = build
        base = tempfile.gettempdir()
        if os.statvfs(base).f_flag & os.ST_NOEXEC:
            base = str(build / 'bench')
        self.path = pathlib.Path(tempfile.mkdtemp(prefix='reeve-test-', dir=base))

    def program(self, name):
        built = self.build / 'bench' / f'bench-{name}'
        if not built.exists():
            raise Unavailable(f'{built} is not built')
        return built

    def copy(self, name, *aliases):
        """Copies a built program to files of its own, one an alias; returns their paths."""
        copies = []
        for alias in aliases:
            target = self.path / f'{name}-{alias}'
            if not target.exists():
                shutil.copy(self.program(name), target)
            copies.append(str(target))
        return copies

    def many_files(self, count):
        """`count` empty programs, 1,000 a folder; made once. The paths are kept short."""
        root = self.path / 'm'
        if not root.exists():
            for folder in range((count + 999) // 1000):
                (root / str(folder)).mkdir(parents=True)
                for file in range(1000):
                    os.close(os.open(root / str(folder) / str(file), os.O_CREAT | os.O_WRONLY, 0o755))
        return [f'{root}/{i // 1000}/{i % 1000}' for i in range(count)]

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)
