"""Three nodes on loopback beside three of etcd, for tools/bench: writes, what a lost leader costs, how fast a new node catches up."""
import contextlib
import ctypes
import ctypes.util
import json
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = (1, 8, 64)
WRITE = """\\set k random(1, 1000000)
insert into kv values (:k, '{value}') on conflict (k) do update set v = excluded.v;
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class libpq:
    """As much of a client as is needed, over the C library."""

    calls = None

    def __init__(self, port):
        if libpq.calls is None:
            found = ctypes.CDLL(ctypes.util.find_library("pq") or "libpq.so.5")
            for name in ("PQconnectdb", "PQexec"):
                getattr(found, name).restype = ctypes.c_void_p
            found.PQgetvalue.restype = ctypes.c_char_p
            libpq.calls = found
        text = f"host=127.0.0.1 port={port} user=postgres dbname=postgres connect_timeout=2".encode()
        self.handle = ctypes.c_void_p(libpq.calls.PQconnectdb(text))
        self.works = libpq.calls.PQstatus(self.handle) == 0

    def close(self):
        if self.handle:
            libpq.calls.PQfinish(self.handle)
            self.handle = None

    def query(self, text):
        """The first cell, or "" for a statement without rows; None where it failed."""
        if not self.works:
            return None
        answer = ctypes.c_void_p(libpq.calls.PQexec(self.handle, text.encode()))
        status = libpq.calls.PQresultStatus(answer)
        value = None
        if status == 1:
            value = ""
        elif status == 2:
            value = libpq.calls.PQgetvalue(answer, 0, 0).decode() if libpq.calls.PQntuples(answer) else ""
        libpq.calls.PQclear(answer)
        return value


def ask(port, text):
    client = libpq(port)
    try:
        return client.query(text)
    finally:
        client.close()


class nodes:
    """phantomd processes that keep one database."""

    def __init__(self, program, scratch, count):
        self.program, self.scratch, self.count = program, scratch, count
        self.ports = {number: free_port() for number in range(1, count + 1)}
        self.cluster_ports = {number: free_port() for number in range(1, count + 1)}
        self.running = {}
        for number in self.ports:
            self.start(number, wait=False)
        for number in self.ports:
            self.wait(number)

    def start(self, number, wait=True, join=None):
        peers = ",".join(f"{one}=127.0.0.1:{port}" for one, port in self.cluster_ports.items() if one <= self.count)
        place = ["--peers", peers] if join is None else \
            ["--join", f"127.0.0.1:{self.cluster_ports[join]}", "--cluster-listen", f"127.0.0.1:{self.cluster_ports[number]}"]
        log = open(self.scratch / f"log{number}", "a")
        self.running[number] = subprocess.Popen(
            [self.program, "--data", self.scratch / f"data{number}", "--listen", f"127.0.0.1:{self.ports[number]}",
             "--max-connections", "200", "--log-level", "warning", "--node-id", str(number), *place], stderr=log)
        if wait:
            self.wait(number)

    def wait(self, number):
        deadline = time.monotonic() + 60
        while True:
            client = libpq(self.ports[number])
            works = client.works
            client.close()
            if works:
                return
            if self.running[number].poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{(self.scratch / f'log{number}').read_text()}\ntools/bench: node {number} did not start")
            time.sleep(0.02)

    def leader(self):
        while True:
            for number, port in self.ports.items():
                if number in self.running and ask(port, "show in_hot_standby") == "off":
                    return number
            time.sleep(0.01)

    def kill(self, number):
        process = self.running.pop(number)
        process.kill()
        process.wait()

    def stop(self):
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait()


@contextlib.contextmanager
def etcd(scratch):
    """Three members with all settings as they come, or None where there is no etcd."""
    program = shutil.which("etcd")
    if program is None:
        yield None
        return
    clients, peers = [free_port() for _ in range(3)], [free_port() for _ in range(3)]
    cluster = ",".join(f"n{i}=http://127.0.0.1:{port}" for i, port in enumerate(peers))
    members = []
    with open(scratch / "etcd.log", "w") as log:
        for i in range(3):
            client, peer = f"http://127.0.0.1:{clients[i]}", f"http://127.0.0.1:{peers[i]}"
            members.append(subprocess.Popen(
                [program, "--name", f"n{i}", "--data-dir", scratch / f"etcd{i}", "--listen-client-urls", client,
                 "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                 "--initial-cluster", cluster], stdout=log, stderr=log))
    try:
        time.sleep(3)
        yield ",".join(f"127.0.0.1:{port}" for port in clients)
    finally:
        for member in members:
            member.terminate()
        for member in members:
            member.wait()


def build_etcd_load(folder):
    """The program that puts keys into etcd, or None without Go."""
    if shutil.which("go") is None:
        return None
    program = folder / "etcd_load"
    done = subprocess.run(["go", "build", "-o", program, "."], cwd=HERE / "etcd_load", text=True, capture_output=True)
    if done.returncode != 0:
        print(f"tools/bench: etcd's client does not build:\n{done.stderr}", file=sys.stderr)
        return None
    return program


def write_with_pgbench(pgbench, script, port, clients, seconds):
    done = subprocess.run([pgbench, "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", "1", "-T", str(seconds), "-h",
                           "127.0.0.1", "-p", str(port), "-U", "postgres", "postgres"], text=True, capture_output=True)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    latency = re.search(r"latency average = ([0-9.]+)", done.stdout)
    if done.returncode != 0 or not found:
        sys.exit(f"{done.stdout}{done.stderr}\ntools/bench: pgbench failed")
    return float(found.group(1)), float(latency.group(1))


def measure_writes(program, pgbench, loader, scratch, rounds, seconds, say):
    """{(system, clients): (writes a second, mean ms)} of a cluster, one node alone, and etcd, which take turns."""
    script = scratch / "write.sql"
    script.write_text(WRITE.format(value="x" * 100))
    samples = {}
    (scratch / "alone").mkdir()
    with contextlib.ExitStack() as stack:
        cluster = nodes(program, scratch, 3)
        stack.callback(cluster.stop)
        alone_port = free_port()
        alone = subprocess.Popen([program, "--data", scratch / "alone/data", "--listen", f"127.0.0.1:{alone_port}", "--max-connections",
                                  "200", "--log-level", "warning"])
        stack.callback(lambda: (alone.terminate(), alone.wait()))
        endpoints = stack.enter_context(etcd(scratch)) if loader else None
        time.sleep(1)
        leader = cluster.ports[cluster.leader()]
        for port in (leader, alone_port):
            ask(port, "create table kv (k int primary key, v text)")
        for number in range(rounds):
            for clients in CLIENTS:
                say(f"writes, round {number + 1} of {rounds}, {clients} clients")
                for system, port in (("cluster", leader), ("alone", alone_port)):
                    samples.setdefault((system, clients), []).append(write_with_pgbench(pgbench, script, port, clients, seconds))
                if endpoints:
                    told = json.loads(subprocess.run([loader, "-endpoints", endpoints, "-clients", str(clients), "-seconds",
                                                      str(seconds)], text=True, capture_output=True, check=True).stdout)
                    per_second = told["writes_per_second"]
                    samples.setdefault(("etcd", clients), []).append((per_second, clients * 1000 / per_second))
    return {key: tuple(statistics.median(one[i] for one in values) for i in (0, 1)) for key, values in samples.items()}


def measure_failover(program, scratch, kills, say):
    """Seconds from a leader's end to the first write that was begun and acknowledged after it, for each kill."""
    cluster = nodes(program, scratch, 3)
    acknowledged, stopping = [], threading.Event()

    def write():
        client, at, number = None, 0, 0
        ports = list(cluster.ports.values())
        while not stopping.is_set():
            if client is None:
                client = libpq(ports[at % len(ports)])
            begun = time.monotonic()
            number += 1
            if client.query(f"insert into t values ({number})") is not None:
                acknowledged.append((begun, time.monotonic()))
                continue
            client.close()
            client, at = None, at + 1
            time.sleep(0.002)

    try:
        ask(cluster.ports[cluster.leader()], "create table t (a bigint)")
        writer = threading.Thread(target=write)
        writer.start()
        took = []
        for number in range(kills):
            say(f"leader killed, {number + 1} of {kills}")
            leader = cluster.leader()
            time.sleep(1)
            cluster.kill(leader)
            killed = time.monotonic()
            while not acknowledged or acknowledged[-1][0] <= killed:
                time.sleep(0.001)
            took.append(next(end for begun, end in acknowledged if begun > killed) - killed)
            cluster.start(leader)
        stopping.set()
        writer.join()
        return took
    finally:
        stopping.set()
        cluster.stop()


def measure_catching_up(program, scratch, rows, say):
    """MB/s of rows that a node which has nothing gets, until it votes."""
    cluster = nodes(program, scratch, 3)
    try:
        say("a new node catches up")
        leader = cluster.ports[cluster.leader()]
        ask(leader, "create table big (a int primary key, b text)")
        for first in range(0, rows, 10_000):
            if ask(leader, f"insert into big select g, repeat('x', 1000) from generate_series({first}, {first + 9_999}) g") is None:
                sys.exit("tools/bench: could not fill the cluster")
        ask(leader, "checkpoint")
        cluster.ports[4], cluster.cluster_ports[4] = free_port(), free_port()
        begun = time.monotonic()
        cluster.start(4, wait=False, join=1)
        while ask(leader, "select count(*) from phantom.cluster where node = 4 and role = 'follower' and lag = 0") != "1":
            time.sleep(0.02)
        took = time.monotonic() - begun
        cluster.wait(4)
        found = ask(cluster.ports[4], "select count(*) from big")
        if found != str(rows):
            sys.exit(f"tools/bench: the new node has {found} rows of {rows}")
        return rows * 1004 / took / 1e6
    finally:
        cluster.stop()
