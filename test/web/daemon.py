#!/usr/bin/env python3
"""A daemon that is none: it answers as reeved does, for as many groups and events as one likes.

usage: daemon.py SOCKET GROUPS EVENTS-A-SECOND

What no machine of a test has, 10,000 groups with much going on in them, is what a page has to be
measured with. Sizes and shapes of what it says are those of io.reeve.
"""
import json
import math
import os
import random
import selectors
import socket
import sys
import time

TEAMS = ["builds", "interactive", "batch", "users", "services", "ingest", "search", "billing"]
PROGRAMS = ["/usr/bin/cc", "/usr/bin/python3", "/usr/lib/postgresql/15/bin/postgres", "/usr/bin/git", "/opt/render/bin/render",
            "/usr/bin/rsync", "/usr/sbin/cron", "/usr/bin/bash"]
RULES = ["compilers", "interpreters", "databases", "renderers", "own-programs"]
FIGURES = ["cpu", "throttled", "memory", "pids", "io_read", "io_written", "cpu_stall", "memory_stall", "io_stall", "oom_kills"]
PROCESSORS = 64


def stamp(at=None):
    at = time.time() if at is None else at
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1e6):06d}Z"


class Machine:
    """Groups that use something, and processes in them."""

    def __init__(self, groups):
        self.random = random.Random(7)
        self.names = self.make_names(groups)
        self.revision = 1
        self.begun = time.time()

    def make_names(self, wanted):
        names = list(TEAMS[:wanted])
        for i in range(max(0, wanted - len(names))):
            team = TEAMS[i % len(TEAMS)]
            names.append(f"{team}/job-{i // 100:03d}" if i % 100 < len(TEAMS) else f"{team}/job-{i // 100:03d}/task-{i % 100:02d}")
        return list(dict.fromkeys(names))

    def use(self, index):
        name, now = self.names[index], time.time()
        busy = (index * 2654435761 % 1000) / 1000
        wave = 0.5 + 0.5 * math.sin(now / (7 + index % 13) + index)
        cpu = int(busy ** 3 * wave * 4e6)
        memory = int((busy ** 2 + 0.01) * (1 << 32) * (0.8 + 0.2 * wave))
        use = {"name": name, "origin": "policy", "frozen": index % 997 == 13, "members": int(busy * 20),
               "cpu": cpu, "throttled": int(max(0, cpu - 3.2e6)), "memory": memory, "pids": int(busy * 30),
               "io_read": int(busy ** 4 * wave * 5e7), "io_written": int(busy ** 5 * wave * 8e7), "cpu_stall": int(busy ** 6 * wave * 3e5),
               "memory_stall": int(busy ** 9 * 1e5), "io_stall": int(busy ** 5 * wave * 2e5), "oom_kills": int(busy > 0.995)}
        if index % 3 == 0:
            use["cpu_limit"] = 4000000
        if index % 2 == 0:
            use["memory_limit"] = 1 << 32
        if index % 4 == 0:
            use["pids_limit"] = 64
        return use

    def tree(self, wants):
        self.revision += 1
        whole = wants.get("since") is None
        some = range(len(self.names)) if whole else sorted(self.random.sample(range(len(self.names)), min(len(self.names), 1500)))
        return {"revision": self.revision, "whole": whole, "time": int(time.time() * 1000), "processors": PROCESSORS,
                "groups": [self.use(i) for i in some]}

    def history(self, wants):
        step, count = (120, 180) if wants.get("span", 900) > 900 else (10, 90)
        now = int(time.time()) * 1000
        times = [now - (count - 1 - i) * step * 1000 for i in range(count)]
        figures = wants.get("figures") or FIGURES
        groups = []
        for name in wants["groups"]:
            seed = sum(map(ord, name))
            one = {"name": name}
            for f, figure in enumerate(figures):
                top = {"memory": 3e9, "pids": 30, "io_read": 4e7, "io_written": 3e7, "oom_kills": 0}.get(figure, 1.4e6)
                one[figure] = [None if i < 4 else int(top * (0.45 + 0.3 * math.sin(i / 9 + seed + f) + 0.12 * math.sin(i * 1.7 + seed))) for i in range(count)]
            groups.append(one)
        return {"times": times, "groups": groups}

    def group(self, wants):
        name = wants["name"]
        if name not in self.names:
            return None
        return {"group": {"name": name, "origin": "policy", "limits": {"cpu": "4 cores", "ram": "4G", "pids": 64}, "members": 3, "frozen": False,
                          "paths": [f"/sys/fs/cgroup/reeve/{name}"], "usage": {"cpu_ns": 734928374923, "memory_peak": 3 << 30}}, "pids": [4242, 4243, 4250]}

    def decision(self, at=None):
        path = self.random.choice(PROGRAMS)
        result = self.random.choices(["moved", "already there", "denied", "killed"], [80, 16, 3, 1])[0]
        group = self.random.choice(self.names)
        return {"time": stamp(at), "pid": self.random.randrange(2000, 60000), "path": path, "rule": self.random.choice(RULES),
                "group": group if result != "denied" else None, "action": "execute", "result": result, "microseconds": self.random.randrange(80, 900),
                "before": True, "rules": [], "user": self.random.choice([0, 1000, 1001]), "done": ["group"], "failed": None, "dry": [], "spared": [],
                "held": False, "late": False, "kernel": False, "over_rate": False, "from": "/user.slice/user-1000.slice"}

    def event(self):
        kind, pid = self.random.choice(["exec", "exec", "exit"]), self.random.randrange(2000, 60000)
        exe = self.random.choice(PROGRAMS)
        event = {"type": kind, "source": "bpf", "time": stamp() , "boottime": time.monotonic_ns(), "pid": pid, "ppid": pid - 1, "exe": exe,
                 "comm": os.path.basename(exe), "uid": 1000, "user": "ada", "flags": [], "cgroup": f"/reeve/{self.random.choice(self.names)}", "container": None}
        if kind == "exec":
            event.update(argv=[os.path.basename(exe), "--jobs=4", f"unit-{pid}.c", "-o", f"unit-{pid}.o"], cwd="/srv/build/checkout")
        else:
            event.update(exit_code=self.random.choice([0, 0, 0, 1]), duration=self.random.randrange(10 ** 6, 10 ** 10))
        return event

    def processes(self):
        listed = []
        for i in range(2000):
            exe = PROGRAMS[i % len(PROGRAMS)]
            listed.append({"type": "running", "pid": 1 if i == 0 else 4200 + i, "ppid": 0 if i == 0 else 1 if i % 9 == 1 else 4200 + i - i % 9 + 1 if i % 9 else 1,
                           "exe": "/sbin/init" if i == 0 else exe, "comm": os.path.basename(exe), "argv": [exe, "--worker", str(i)], "cwd": "/srv",
                           "uid": 1000, "euid": 1000, "user": "ada", "cgroup": "/", "container": None, "age": (2000 - i) * 10 ** 9, "time": stamp(),
                           "placement": None if i < 20 else self.names[i % len(self.names)], "known": {"type": "exec", "source": "bpf", "boottime": 1}})
        return {"processes": listed}

    def services(self):
        base = {"description": None, "enabled": True, "wanted": True, "problem": None, "trouble": None, "status": None, "changed": False, "gave_up": False}
        counters = {"starts": 1, "restarts": 0, "ends": 0, "oom_kills": 0, "health_failures": 0, "pressure_events": 0, "adoptions": 0}
        return [dict(base, name="collector", description="collects the numbers", state="running", pid=997, started=stamp(self.begun), uptime_ns=86400 * 10 ** 9,
                     next_start_ns=0, group="services/collector", status="all is well", counters=counters),
                dict(base, name="indexer", state="backoff", pid=None, started=None, uptime_ns=None, next_start_ns=4 * 10 ** 9, group="services/indexer",
                     counters=dict(counters, starts=6, restarts=5, ends=5))]

    def status(self):
        return {"version": "0.1.0", "name": "test", "pid": 991, "guard": 989, "mode": "gate", "layout": "unified", "uptime": int(time.time() - self.begun) + 7000,
                "dry_run": False, "config": ["/etc/reeve/reeve.yaml"], "rules": 5, "problems": [], "groups": [], "triggers": {}, "services": None, "decisions": [],
                "sources": [{"name": "gate", "state": "running", "reason": "6 local and 0 remote file systems, 4 threads, real-time", "seen": 18273645, "matched": 9182, "lost": 0},
                            {"name": "bpf", "state": "running", "reason": None, "seen": 928374651, "matched": 0, "lost": 1204, "causes": {"ring_full": 1204}}],
                "counters": {"engine.decisions": 9182, "watch.lost": 0, "gate.overflows": 0, "observer.lost": 1204},
                "rule_counts": [{"name": rule, "matched": 1000 * (i + 1), "done": 1000 * (i + 1) - i, "failed": i, "dry": 0, "spared": 0, "over": 0, "late": 0,
                                 "p50": 210000, "p99": 1900000, "last_failure": {"effect": "group", "errno": 3, "error": "No such process"} if i else None}
                                for i, rule in enumerate(RULES)]}


class Client:
    """One connection: a request, and its answers."""

    def __init__(self, connection):
        self.connection, self.seen, self.out, self.watches, self.lost = connection, b"", b"", None, 0

    def say(self, parameters, more=False):
        message = {"parameters": parameters, **({"continues": True} if more else {})}
        self.out += json.dumps(message, separators=(",", ":")).encode() + b"\0"
        self.send()

    def send(self):
        try:
            while self.out:
                self.out = self.out[self.connection.send(self.out):]
        except BlockingIOError:
            pass


class Daemon:
    """The socket and all who are on it."""

    def __init__(self, path, groups, pace):
        self.machine, self.pace, self.clients = Machine(groups), pace, {}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)

    def answer(self, client, request):
        wants, machine = request.get("parameters") or {}, self.machine
        name = request["method"].rpartition(".")[2]
        plain = {"GetTree": machine.tree, "GetHistory": machine.history}
        if name in ("SubscribeDecisions", "Watch"):
            client.watches = name
            client.say({}, more=True)
            for i in range(min(wants.get("limit", 0), 50) if name == "SubscribeDecisions" else 0):
                client.say({"decision": machine.decision(time.time() - 50 + i)}, more=True)
        elif name in plain:
            client.say(plain[name](wants))
        elif name == "GetGroup":
            client.say(machine.group(wants))
        elif name == "GetStatus":
            client.say(machine.status())
        elif name == "ListProcesses":
            client.say(machine.processes())
        elif name == "ListDecisions":
            client.say({"decisions": [dict(machine.decision(time.time() - 5), pid=pid) for pid in (wants.get("pid") or [])[:2]]})
        elif name == "ServiceList":
            client.say({"services": machine.services()})
        elif name == "ServiceStatus":
            client.say({"service": next(one for one in machine.services() if one["name"] == wants["name"])})

    def read(self, client):
        try:
            got = client.connection.recv(1 << 16)
        except ConnectionResetError:
            got = b""
        if not got:
            self.selector.unregister(client.connection)
            client.connection.close()
            del self.clients[client.connection]
            return
        *requests, client.seen = (client.seen + got).split(b"\0")
        for request in requests:
            self.answer(client, json.loads(request))

    def happen(self, count):
        """So many things, a tenth of them decisions."""
        events = [self.machine.event() for _ in range(count - count // 10)]
        for client in list(self.clients.values()):
            if not client.watches:
                continue
            client.send()
            if len(client.out) > 4 << 20:
                client.lost += count
                continue
            lost = {"lost": client.lost} if client.lost else {}
            client.lost = 0
            if client.watches == "Watch":
                client.say({"events": events, **lost}, more=True)
            else:
                for _ in range(count // 10):
                    client.say({"decision": self.machine.decision(), **lost}, more=True)

    def run(self):
        last, owed = time.monotonic(), 0.0
        while True:
            for key, _ in self.selector.select(0.05):
                if key.fileobj is self.listener:
                    connection, _ = self.listener.accept()
                    connection.setblocking(False)
                    self.clients[connection] = Client(connection)
                    self.selector.register(connection, selectors.EVENT_READ)
                else:
                    self.read(self.clients[key.fileobj])
            for client in self.clients.values():
                client.send()
            now = time.monotonic()
            owed += (now - last) * self.pace
            last = now
            if owed >= 10:
                self.happen(int(owed))
                owed -= int(owed)


if __name__ == "__main__":
    Daemon(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])).run()
