"""What is run: this project's own workloads (bench/workloads/), and programs that Debian packages (bench/programs/)."""

import os
import shutil
import subprocess
import time

import allocators
import measure

OWN = "own"
PROGRAM = "program"

PROGRAMS_DIR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
DEBIAN_PYTHON = "/usr/bin/python3"

OWN_WORKLOADS = (
    ("pair", "malloc(64) and free"),
    ("window", "16-1024 bytes, 256 live"),
    ("server", "4 threads replace each other's objects"),
    ("handoff", "2 threads allocate, 2 threads free"),
    ("generations", "most die young, 1 in 100 stays"),
    ("large", "64 KiB-8 MiB blocks"),
    ("vector", "arrays growing by realloc"),
    ("strings", "2000 strings growing by realloc"),
    ("tree", "2 threads build and drop trees"),
    ("links", "hash tables of strings"),
    ("random", "8 B-64 KiB, random order"),
    ("zeroed", "calloc"),
    ("phases", "sizes change, few survive"),
    ("visitors", "10000 short threads"),
    ("containers", "C++ maps, strings, vectors"),
)


class Workload:
    """Something to be run under each heap. `prepare` makes its input once, `run` gives one Sample."""

    def __init__(self, name, group, what):
        self.name, self.group, self.what = name, group, what

    def missing(self):
        """The name of a program that would have to be installed, or None."""
        return None

    def prepare(self, measurer):
        pass

    def run(self, measurer, allocator):
        raise NotImplementedError

    def resting_rss(self, measurer, allocator):
        """Starts a run that tells its RSS after everything was freed; None for those that cannot."""
        return None


class OwnWorkload(Workload):
    def __init__(self, name, what):
        super().__init__(name, OWN, what)

    def run(self, measurer, allocator):
        return measurer.run([measurer.tool(self.name)], allocator.preload)

    def resting_rss(self, measurer, allocator):
        environment = dict(measurer.environment)
        if allocator.preload:
            environment["LD_PRELOAD"] = allocator.preload
        return subprocess.Popen([measurer.tool(self.name), "--rss"], env=environment, cwd=measurer.scratch,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


class Command(Workload):
    """One command with fixed input; whatever it prints or writes must be the same under every heap."""

    def __init__(self, name, what, command, environment=None, generate=None, output=None):
        super().__init__(name, PROGRAM, what)
        self.command, self.environment, self.generate, self.output = command, environment, generate, output

    def missing(self):
        return None if shutil.which(self.command[0]) else self.command[0]

    def prepare(self, measurer):
        if self.generate:
            self.generate(measurer)

    def run(self, measurer, allocator):
        return measurer.run(self.command, allocator.preload, self.environment, self.output)


class Redis(Workload):
    """redis-server under redis-benchmark on a Unix socket; the server's costs, the client's clock."""

    START_SECONDS = 10
    KEPT_BYTES = 5000
    REQUESTS = ("-n", "60000", "-r", "30000", "-d", "200", "-c", "20", "-P", "16", "-t", "set,get,lpush,rpop,sadd,hset,incr")

    def __init__(self):
        super().__init__("redis", PROGRAM, "redis-benchmark, 7 commands x 60000")

    def missing(self):
        return next((name for name in ("redis-server", "redis-benchmark", "redis-cli") if not shutil.which(name)), None)

    def _client(self, measurer, *command):
        return subprocess.run([command[0], "-s", measurer.path("redis.socket"), *command[1:]], env=measurer.environment,
                              cwd=measurer.scratch, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=measure.TIMEOUT_SECONDS, check=False)

    def _wait_until_up(self, measurer, server):
        deadline = time.monotonic() + self.START_SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            if self._client(measurer, "redis-cli", "ping").stdout.strip() == "PONG":
                return True
            time.sleep(0.02)
        return False

    def run(self, measurer, allocator):
        # Debian links redis-server with jemalloc: the C library's heap has to be asked for.
        preload = allocator.preload or allocators.c_library()
        command = ["redis-server", "--port", "0", "--unixsocket", measurer.path("redis.socket"), "--save", "",
                   "--appendonly", "no", "--daemonize", "no", "--dir", measurer.scratch, "--logfile", "redis.log"]
        server = subprocess.Popen(measurer.wrap(command, preload), env=measurer.environment, cwd=measurer.scratch,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            if not self._wait_until_up(measurer, server):
                return measure.failed("the server did not start")
            self._client(measurer, "redis-cli", "set", "kept", "v" * self.KEPT_BYTES)
            start = time.monotonic()
            client = self._client(measurer, "redis-benchmark", "-q", *self.REQUESTS)
            wall = time.monotonic() - start
            stored = self._client(measurer, "redis-cli", "get", "kept").stdout.strip()
            self._client(measurer, "redis-cli", "shutdown", "nosave")
            server.wait(timeout=self.START_SECONDS)
        except subprocess.TimeoutExpired:
            return measure.failed("the server did not answer")
        finally:
            if server.poll() is None:
                server.terminate()
                server.wait()
        sample = measurer.read_report()
        sample.wall_seconds = wall
        if sample.problem is None and (client.returncode != 0 or "Error" in client.stdout):
            sample.problem = "redis-benchmark failed"
        if sample.problem is None and stored != "v" * self.KEPT_BYTES:
            sample.problem = "a stored value is wrong"
        return sample


def script(name):
    return os.path.join(PROGRAMS_DIR, name)


def _generate_by(name, output):
    def generate(measurer):
        with open(measurer.path(output), "wb") as out:
            subprocess.run([DEBIAN_PYTHON, script(name)], stdout=out, check=True)
    return generate


def _generate_xml(measurer):
    with open(measurer.path("rows.xml"), "w", encoding="ascii") as out:
        out.write("<rows>\n")
        for i in range(150000):
            out.write(f'<row id="{i}" class="c{i % 17}"><name>name {i * 7919 % 5003}</name><v>{i * i}</v><e/></row>\n')
        out.write("</rows>\n")


def _generate_repository(measurer):
    """A repository of 60 files and 1200 commits, the same every time."""
    stream = []
    for commit in range(1200):
        stream.append(f"commit refs/heads/main\ncommitter A U Thor <author@example.org> {1700000000 + commit} +0000\n"
                      f"data <<END\ncommit {commit}\nEND\n")
        for file in ((commit * 7) % 60, (commit * 11 + 3) % 60):
            lines = "".join(f"{(line * 31 + (commit if line % 37 == commit % 37 else 0)) % 9973} of file {file}\n"
                            for line in range(400 + commit % 50))
            stream.append(f"M 100644 inline directory{file % 6}/file{file}.txt\ndata {len(lines)}\n{lines}\n")
    repository = measurer.path("repository")
    subprocess.run(["git", "init", "-q", "-b", "main", repository], env=measurer.environment, check=True)
    subprocess.run(["git", "-C", repository, "fast-import", "--quiet"], env=measurer.environment,
                   input="".join(stream).encode(), check=True)


def all_workloads():
    return [
        *(OwnWorkload(name, what) for name, what in OWN_WORKLOADS),
        Redis(),
        Command("sqlite", "in-memory rows, indexes, queries",
                ["sqlite3", "-batch", "-init", script("rows.sql"), ":memory:", ".exit"]),
        Command("python", "dictionaries, JSON, syntax trees", [DEBIAN_PYTHON, script("objects.py")]),
        Command("python-malloc", "the same with PYTHONMALLOC=malloc", [DEBIAN_PYTHON, script("objects.py")],
                environment={"PYTHONMALLOC": "malloc"}),
        Command("lua", "trees, strings, closures", ["lua5.4", script("trees.lua")]),
        Command("perl", "hashes, regular expressions", ["perl", script("words.pl")]),
        Command("g++", "compile templates, -O1",
                ["g++", "-O1", "-std=c++17", "-c", script("templates.cc"), "-o", "gcc.o"], output="gcc.o"),
        Command("clang++", "compile templates, -O1",
                ["clang++", "-O1", "-std=c++17", "-c", script("templates.cc"), "-o", "clang.o"], output="clang.o"),
        Command("z3", "bit vectors, pigeonhole", ["z3", "puzzle.smt2"], generate=_generate_by("puzzle.py", "puzzle.smt2")),
        Command("git", "log with patches, 1200 commits", ["git", "-C", "repository", "log", "-p", "--stat", "-M"],
                generate=_generate_repository),
        Command("gawk", "associative arrays", ["gawk", "-f", script("words.awk")]),
        Command("jq", "build, group, print, parse", ["jq", "-n", "-c", "-f", script("records.jq")]),
        Command("xmllint", "a document tree of 18 MB",
                ["xmllint", "--xpath", 'count(//row[@class="c3"]/name)', "rows.xml"], generate=_generate_xml),
    ]
