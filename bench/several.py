"""What the measurements of several programs share: their sources, a run and its report, memory seen from outside."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
MEBIBYTE = 1 << 20
# Programs by their names; hostile and its kin are those of the tests.
PROGRAMS = (SOURCE / "bench/supervise", SOURCE / "tests/supervise")


class Bench:
    def __init__(self, build, scale):
        self.command = str(build / "bin/freehold")
        self.scale = scale
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="freehold-bench-"))
        self.directory.chmod(0o755)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("FREEHOLD")}
        self.environment.update(FREEHOLD_LIBRARY=str(build / "lib/libfreehold.so"),
                                XDG_STATE_HOME=str(self.directory / "state"))
        self.missed = []

    def compile(self, name):
        source = next(place / f"{name}.c" for place in PROGRAMS if (place / f"{name}.c").exists())
        subprocess.run(["cc", "-O1", "-fno-builtin", "-D_GNU_SOURCE", "-o", self.directory / name, source], check=True)
        return str(self.directory / name)

    def start(self, flags, commands):
        words = [self.command, "run", "--quiet", *flags, "--"]
        for command in commands:
            words += [*command, ":::"]
        return subprocess.Popen(words[:-1], env=self.environment, stdin=subprocess.DEVNULL)

    def report(self, flags, commands):
        """The report of a run, and its time."""
        path = self.directory / "report.json"
        begin = time.monotonic()
        self.start([f"--report={path}", *flags], commands).wait()
        return json.loads(path.read_text()), time.monotonic() - begin

    def aim(self, what, value, bound, below):
        met = value <= bound if below else value >= bound
        if not met:
            self.missed.append(what)
        print(f"  {what}: {value:.3f} (aim: {'at most' if below else 'at least'} {bound}){'' if met else '  MISSED'}")

    def processes_of(self, program):
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(path / "exe") == program:
                    found.append(int(path.name))
            except OSError:
                pass
        return found


class Watch(threading.Thread):
    """The greatest sum of PSS over all processes of a program, sampled from outside every 10 ms."""

    def __init__(self, bench, program):
        super().__init__(daemon=True)
        self.bench, self.program, self.peak, self.samples = bench, program, 0, 0
        self.done = threading.Event()

    def run(self):
        known, looked = [], 0
        while not self.done.is_set():
            begin = time.monotonic()
            if begin - looked > 0.05:
                known, looked = self.bench.processes_of(self.program), begin
            held = 0
            for pid in known:
                try:
                    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                    held += int(re.search(r"^Pss: +(\d+)", text, re.MULTILINE).group(1)) * 1024
                except (OSError, AttributeError):
                    pass
            # When one has ended or begun meanwhile, the sum is of things that were not there together.
            if sorted(self.bench.processes_of(self.program)) == sorted(known):
                self.peak = max(self.peak, held)
                self.samples += 1
            else:
                looked = 0
            time.sleep(max(0.0, 0.01 - (time.monotonic() - begin)))

    def stop(self):
        self.done.set()
        self.join()
        return self.peak
