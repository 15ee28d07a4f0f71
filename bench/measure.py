"""Runs one program once under one heap: what it cost, and what it said."""

import dataclasses
import hashlib
import os
import subprocess

STATUS_TIMEOUT = 124
TIMEOUT_SECONDS = 60


@dataclasses.dataclass
class Sample:
    wall_seconds: float
    cpu_seconds: float
    peak_rss_bytes: int
    problem: str | None = None  # why the run doesn't count
    digest: str = ""  # of everything the program made

    def as_json(self):
        return {"wall_seconds": self.wall_seconds, "cpu_seconds": self.cpu_seconds,
                "peak_rss_bytes": self.peak_rss_bytes, "problem": self.problem}


def failed(problem):
    return Sample(0.0, 0.0, 0, problem)


def describe_status(status):
    if status == STATUS_TIMEOUT:
        return f"took longer than {TIMEOUT_SECONDS} s"
    if status > 128:
        return f"ended by signal {status - 128}"
    return f"exit status {status}"


def digest_files(paths):
    sha = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            sha.update(file.read())
    return sha.hexdigest()


class Measurer:
    """Runs commands through build/bench/measure, in one scratch directory."""

    def __init__(self, tools_dir, scratch):
        self.tools_dir = tools_dir
        self.scratch = scratch
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": scratch, "TMPDIR": scratch, "LC_ALL": "C",
            "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PERL_HASH_SEED": "0",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat",
        }
        # Whoever sets options of Freehold wants them measured.
        if "FREEHOLD" in os.environ:
            self.environment["FREEHOLD"] = os.environ["FREEHOLD"]

    def path(self, name):
        return os.path.join(self.scratch, name)

    def tool(self, name):
        return os.path.join(self.tools_dir, name)

    def wrap(self, command, preload):
        """The command line that runs `command` and writes its costs to the file `report`."""
        preloaded = ["--preload", preload] if preload else []
        return [self.tool("measure"), "--report", self.path("report"), "--timeout", str(TIMEOUT_SECONDS),
                *preloaded, *command]

    def read_report(self):
        with open(self.path("report"), encoding="ascii") as report:
            wall, user, system, peak_kibibytes, status = (int(word) for word in report.read().split())
        sample = Sample(wall / 1e9, (user + system) / 1e6, peak_kibibytes * 1024)
        if status != 0:
            sample.problem = describe_status(status)
        return sample

    def run(self, command, preload, environment=None, output=None):
        """Runs `command` to its end. `output`: a file it writes besides its standard output."""
        said, complained = self.path("stdout"), self.path("stderr")
        with open(said, "wb") as out, open(complained, "wb") as err:
            done = subprocess.run(self.wrap(command, preload), env={**self.environment, **(environment or {})},
                                  cwd=self.scratch, stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False)
        if done.returncode != 0:
            return failed("could not be started")
        sample = self.read_report()
        if sample.problem is None:
            sample.digest = digest_files([said] + ([self.path(output)] if output else []))
        return sample
