#!/usr/bin/env python3
"""Opens a PAM session, as login programs do: session.py FOLDER USER

FOLDER has the service file "reeve-test". Prints what pam_open_session() returned, how many SIGCHLD
came and which children wait() found meanwhile, and then /proc/self/cgroup.
"""
import ctypes
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
opened = libpam.pam_open_session(handle, 0)
try:
    child = os.waitpid(-1, os.WNOHANG)[0]
except ChildProcessError:
    child = "none"
print(f"opened {opened}, signals {len(heard)}, child {child}")
sys.stdout.flush()
os.write(1, open("/proc/self/cgroup", "rb").read())
assert opened != 0 or libpam.pam_close_session(handle, 0) == 0
libpam.pam_end(handle, 0)
