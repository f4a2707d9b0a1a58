#!/usr/bin/env python3
"""Opens a PAM session, as login programs do: session.py FOLDER USER [group] [closed]

FOLDER has the service file "reeve-test". With "group" another effective group than root's is there,
as when a user calls su; with "closed" no standard descriptors are. Prints what pam_open_session() returned, how many SIGCHLD
came and which children wait() found meanwhile, and then /proc/self/cgroup.
"""
import ctypes
import fcntl
import os
import signal
import sys

CONVERSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class Conversation(ctypes.Structure):
    _fields_ = [("function", CONVERSE), ("data", ctypes.c_void_p)]


heard = []
signal.signal(signal.SIGCHLD, lambda *_: heard.append(1))
libpam = ctypes.CDLL("libpam.so.0")
conversation = Conversation(CONVERSE(lambda *_: 19), None)
handle = ctypes.c_void_p()
started = libpam.pam_start_confdir(
    b"reeve-test", sys.argv[2].encode(), ctypes.byref(conversation), sys.argv[1].encode(), ctypes.byref(handle))
assert started == 0, started
out = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 10)
if "group" in sys.argv[3:]:
    os.setegid(65534)
if "closed" in sys.argv[3:]:
    os.closerange(0, 3)
opened = libpam.pam_open_session(handle, 0)
try:
    child = os.waitpid(-1, os.WNOHANG)[0]
except ChildProcessError:
    child = "none"
os.write(out, f"opened {opened}, signals {len(heard)}, child {child}\n".encode())
os.write(out, open("/proc/self/cgroup", "rb").read())
assert opened != 0 or libpam.pam_close_session(handle, 0) == 0
libpam.pam_end(handle, 0)
