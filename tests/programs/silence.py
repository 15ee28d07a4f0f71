#!/usr/bin/env python3
"""Clean programs of the distribution under `freehold check`: nothing is reported, and nothing comes out otherwise.

    silence.py BUILD [--only NAME]... [--option FLAG]... [--native] [--jobs NUMBER] [--list]

Each program of silence_table.py runs without the checker and under it, in a directory made anew by the same commands.
Exit status 0 when all are silent and the same; 1 when one is not; 77 when too few of them are installed to
say anything.
--native runs them twice without the checker instead: is what they do the same every time?
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

import silence_table

SKIP_STATUS = 77
FEWEST = 40  # programs that must be there for the test to mean something
ERRORS_FOUND = 66
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--option", action="append", default=[], metavar="FLAG",
                        help="for `freehold check`, as --option=--all")
    parser.add_argument("--native", action="store_true", help="twice without the checker")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="NUMBER",
                        help="how many programs at a time (default: as many as there are processors)")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


class Bench:
    """Runs a program's command in a directory of the same name each time."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="freehold-silence."))
        self.report = self.root / "report.json"
        self.environment = {
            "PATH": SEARCH_PATH, "HOME": str(self.root),
            "TMPDIR": str(self.root), "LC_ALL": "C", "TZ": "UTC", "TERM": "dumb", "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1", "PERL_HASH_SEED": "0",
            "SOURCE_DATE_EPOCH": "1700000000", "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat", "DEBUGINFOD_URLS": "",
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": "1700000000 +0000",
            "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_COMMITTER_DATE": "1700000000 +0000",
        }

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, program, wrapper):
        """(exit status, what it printed, its files, what it complained)"""
        directory = self.root / "run"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        self.report.unlink(missing_ok=True)
        if program.setup:
            subprocess.run(["sh", "-eu", "-c", program.setup], cwd=directory, env=self.environment, check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        with open(self.root / "out", "wb") as out, open(self.root / "err", "wb") as err:
            running = subprocess.Popen([*wrapper, "sh", "-c", program.command], cwd=directory, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
            try:
                status = running.wait(timeout=program.timeout)
            except subprocess.TimeoutExpired:
                status = None
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
        files = {}
        for name in program.files.split():
            path = directory / name
            files[name] = path.read_bytes() if path.exists() else None
        return status, (self.root / "out").read_bytes(), files, (self.root / "err").read_text(errors="replace")


def differences(first, second):
    """What the second run did otherwise; both as Bench.run gives them."""
    if first[0] is None or second[0] is None:
        yield "took too long"
        return
    if first[0] != second[0]:
        yield f"exit status {second[0]}, not {first[0]}"
    if first[1] != second[1]:
        lines = zip(first[1].split(b"\n"), second[1].split(b"\n"))
        where = next((f"first at line {number}: {mine!r}, not {plain!r}"
                      for number, (plain, mine) in enumerate(lines, 1) if plain != mine), "at its end")
        yield f"another output, {where}"
    for name in first[2]:
        if first[2][name] != second[2][name]:
            yield f"another content of {name}"
        elif first[2][name] is None:
            yield f"there is no file {name}"


def what_was_reported(report):
    """Sentences about what `freehold check` left; none when it was silent."""
    try:
        document = json.loads(report.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        yield f"no report can be read: {error}"
        return
    if document.get("summary", {}).get("processes", 0) < 1:
        yield "no process was checked"
    for entry in document["reports"]:
        if (entry.get("leak") or {}).get("reachable"):
            continue
        stack = entry.get("stack") or entry.get("allocation_stack") or []
        frames = " < ".join(f"{frame.get('function') or '?'} ({(frame.get('module') or '?').rsplit('/', 1)[-1]})"
                            for frame in stack[:6])
        command = (entry.get("process") or {}).get("command_line", "")
        yield f"{entry['id']} in {command[:60]!r}: {entry.get('message', '')}: {frames}"


def judge(bench, program, freehold, options):
    plain = bench.run(program, [])
    if not freehold:
        return list(differences(plain, bench.run(program, [])))
    checked = bench.run(program, [str(freehold), "check", f"--json={bench.report}", *options])
    problems = list(what_was_reported(bench.report))
    if problems and checked[0] == ERRORS_FOUND:
        checked = (plain[0], *checked[1:])  # the reports are told; the status says no more
    problems += differences(plain, checked)
    if problems:
        problems += ["it said: " + line for line in checked[3].splitlines()[-5:]]
    return problems


def main():
    arguments = parse_arguments()
    programs = silence_table.PROGRAMS
    if arguments.only:
        unknown = set(arguments.only) - {program.name for program in programs}
        if unknown:
            sys.exit(f"silence.py: no program is called {', '.join(sorted(unknown))}; --list shows them")
        programs = [program for program in programs if program.name in arguments.only]
    if arguments.list:
        for program in programs:
            print(f"{program.name:15s} {program.needs}")
        return 0
    freehold = None if arguments.native else arguments.build.resolve() / "bin/freehold"
    if freehold and not freehold.exists():
        sys.exit(f"silence.py: {freehold} is not built")
    os.environ.pop("FREEHOLD", None)
    os.umask(0o022)
    installed, failed = [], []
    for program in programs:
        missing = [name for name in program.needs.split() if not shutil.which(name, path=SEARCH_PATH)]
        if missing:
            print(f"{program.name}: skipped, not installed: {', '.join(missing)}", flush=True)
        else:
            installed.append(program)
    own = threading.local()  # a bench for each worker
    benches = []

    def work(program):
        if not hasattr(own, "bench"):
            own.bench = Bench()
            benches.append(own.bench)
        return judge(own.bench, program, freehold, arguments.option)

    try:
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as workers:
            for program, problems in zip(installed, workers.map(work, installed)):
                verdict = "silent" if freehold else "same"
                print(f"{program.name}: " + ("\n    ".join(["", *problems]) if problems else verdict), flush=True)
                if problems:
                    failed.append(program.name)
    finally:
        for bench in benches:
            bench.close()
    ran = len(installed)
    print(f"{ran - len(failed)} of {ran} programs are {'silent' if freehold else 'the same'}" +
          (f"; not: {', '.join(failed)}" if failed else ""))
    if failed:
        return 1
    return SKIP_STATUS if not arguments.only and ran < FEWEST else 0


if __name__ == "__main__":
    sys.exit(main())
