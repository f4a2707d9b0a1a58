# SPDX-License-Identifier: MIT
"""Other watchers, launchers and supervisors, measured beside ours.

A tool that is not installed is fetched with its Debian package and unpacked into the work folder;
nothing is installed, and no service is started. auditd runs as a child of ours with settings of
its own, only where no audit daemon is at work, and what it changes in the kernel is put back.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time

from .conditions import end
from .world import Unavailable

# The package of a tool, and what else it needs that is not on every machine.
PACKAGES = {
    'auditd': ('auditd', 'libauparse0', 'libwrap0', 'libnsl2', 'libtirpc3'),
    'bpftrace': ('bpftrace', 'libbpfcc'),
    'bwrap': ('bubblewrap',),
    'crun': ('crun', 'libyajl2'),
    'firejail': ('firejail', 'libapparmor1'),
    'runsv': ('runit',),
    's6-supervise': ('s6', 'libs6-2.11', 'libskarnet2.13', 'libexecline2.9'),
    'supervisord': ('supervisor', 'python3-pkg-resources'),
    'cgrulesengd': ('cgroup-tools', 'libcgroup2'),
}
LIBRARIES = ('usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu',
             'usr/lib/aarch64-linux-gnu', 'lib/aarch64-linux-gnu')
SCRIPT = 'tracepoint:sched:sched_process_exec { printf("%d %s\\n", pid, str(args->filename)); }'
RULE = ('always,exit', '-F', 'arch=b64', '-S', 'execve', '-k', 'reeve-test-bench')
AUDITD = {'log_format': 'RAW', 'flush': 'NONE', 'max_log_file': 1000, 'space_left': 2,
          'admin_space_left': 1} | dict.fromkeys(
              ('max_log_file_action', 'space_left_action', 'admin_space_left_action',
               'disk_full_action', 'disk_error_action'), 'IGNORE')
NAMES = ('execsnoop', 'bpftrace', 'auditd', 'forkstat')


class Peers:
    """Finds or fetches the tools; `watch(name)` is a context in which one watches executions."""

    def __init__(self, work):
        self.folder = work.path / 'peers'

    def tool(self, name):
        """The tool's path."""
        # The machine's: in PATH there may be ours, of the same name.
        found = shutil.which(name, path='/usr/bin:/bin:/usr/sbin:/sbin')
        if found:
            return found
        for place in ('usr/bin', 'usr/sbin', 'sbin'):
            if (self.folder / place / name).exists():
                return str(self.folder / place / name)
        if name not in PACKAGES:
            raise Unavailable(f'{name} is not installed')
        self._fetch(name)
        return self.tool(name)

    def _fetch(self, name):
        packages = self.folder / 'packages' / name
        if packages.exists():
            raise Unavailable(f'the package of {name} does not have it')
        packages.mkdir(parents=True)
        done = subprocess.run(['apt-get', 'download', *PACKAGES[name]], cwd=packages, check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Unavailable(f'{name} cannot be fetched: {done.stderr.strip().splitlines()[-1]}')
        for package in packages.glob('*.deb'):
            subprocess.run(['dpkg-deb', '-x', package, self.folder], check=True)

    def environment(self):
        libraries = ':'.join(str(self.folder / library) for library in LIBRARIES)
        python = str(self.folder / 'usr/lib/python3/dist-packages')
        return os.environ | ({'LD_LIBRARY_PATH': libraries, 'PYTHONPATH': python}
                             if self.folder.exists() else {})

    @contextlib.contextmanager
    def _running(self, name, *options, output=os.devnull, seconds=1.5):
        tool = self.tool(name)
        with open(output, 'w') as file, tempfile.TemporaryFile('w+') as errors:
            process = subprocess.Popen([tool, *options], stdout=file, stderr=errors,
                                       env=self.environment())
            time.sleep(seconds)
            if process.poll() is not None:
                errors.seek(0)
                raise Unavailable(f'{name}: {errors.read().strip()[-200:]}')
            try:
                yield process
            finally:
                end(process, name)

    def _auditctl(self, *options):
        done = subprocess.run([self.tool('auditctl'), *options], env=self.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode:
            raise Unavailable(f'auditctl {" ".join(options)}: {done.stdout.strip()}')
        return done.stdout

    @contextlib.contextmanager
    def _auditd(self):
        self.tool('auditd')
        status = dict(re.findall(r'^(\w+) (\d+)', self._auditctl('-s'), re.MULTILINE))
        if status.get('pid') != '0' or status.get('enabled') == '2':
            raise Unavailable('auditd: an audit daemon is at work, or the rules are locked')
        folder = self.folder / 'auditd'
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        settings = {'log_file': folder / 'audit.log'} | AUDITD
        (folder / 'auditd.conf').write_text(
            ''.join(f'{key} = {value}\n' for key, value in settings.items()))
        (folder / 'auditd.conf').chmod(0o640)
        try:
            with self._running('auditd', '-n', '-c', str(folder)) as process:
                self._auditctl('-a', *RULE)
                try:
                    yield process
                finally:
                    self._auditctl('-d', *RULE)
        finally:
            # It has switched audit on.
            self._auditctl('-e', status['enabled'])
            (folder / 'audit.log').unlink(missing_ok=True)

    def watch(self, name, output=os.devnull):
        """A context in which the tool watches; Unavailable where it cannot be had."""
        if name == 'auditd':
            return self._auditd()
        if name == 'bpftrace':
            # Its compiler takes its time.
            return self._running(name, '-e', SCRIPT, output=output, seconds=5)
        options = ('-e', 'exec') if name == 'forkstat' else ()
        return self._running(name, *options, output=output)
