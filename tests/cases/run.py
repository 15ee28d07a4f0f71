#!/usr/bin/env python3
"""Runs the cases, small programs with one error each and their clean twins, under `freehold check` and its peers.

    run.py [--build BUILD] [--checker NAME]... [--only PATTERN]... [--write FILE] [--json FILE] [--details]

With --checker freehold it is a test: exit status 1 when an error isn't found, or is told wrong (the kind, the access,
the object, the lines of the source), or when a clean twin is not silent, or says anything else than it says by itself.
With several checkers, also when one of the others finds an error on the heap that Freehold doesn't, and when a run
could not be measured. 2: it can't run.
"""

import argparse
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

import catalog
import checkers
import judge
import page

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PARALLEL = 2
TIMEOUT_SECONDS = 60


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build", help="the build directory")
    parser.add_argument("--checker", action="append", metavar="NAME",
                        help="freehold, memcheck, asan or efence; may be repeated; default all that are there")
    parser.add_argument("--option", action="append", default=[], metavar="FLAG",
                        help="a flag for `freehold check`, as --option=--all")
    parser.add_argument("--only", action="append", metavar="PATTERN", help="only cases whose name matches, as 'leak/*'")
    parser.add_argument("--write", metavar="FILE", help="write the comparison as Markdown")
    parser.add_argument("--json", metavar="FILE", help="write every result")
    parser.add_argument("--details", action="store_true", help="a line for every case and checker")
    parser.add_argument("--list", action="store_true", help="print the cases and stop")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()  # programs run in directories of their own
    return arguments


class Workshop:
    """Builds programs, once for each state of their source, and runs them."""

    def __init__(self, build):
        self.directory = build / "cases"
        library = build / "lib"
        self.library_flags = [f"-I{SOURCE / 'include'}", f"-L{library}", "-lfreehold", f"-Wl,-rpath,{library}"]
        self.directory.mkdir(parents=True, exist_ok=True)
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="freehold-cases."))
        self.measure = self.directory / "measure"
        self.compile(self.measure, ["gcc", "-O2", "-o", str(self.measure), str(SOURCE / "bench/workloads/measure.c")],
                     SOURCE / "bench/workloads/measure.c")
        # No locale or variable of the caller's decides what a program says.
        self.environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.scratch),
                            "TMPDIR": str(self.scratch), "LC_ALL": "C"}

    def close(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def compile(self, program, command, source):
        note = program.with_name(program.name + ".command")
        text = "\n".join(command)
        if program.exists() and note.exists() and note.read_text(encoding="utf-8") == text:
            newest = max(path.stat().st_mtime for path in (source, catalog.DIRECTORY / "case.h"))
            if program.stat().st_mtime > newest:
                return
        program.parent.mkdir(parents=True, exist_ok=True)
        # Beside the place, then moved there: whoever runs the program meanwhile, from the same directory, finds a whole one.
        fresh = program.with_name(f"{program.name}.{os.getpid()}.fresh")
        output = command.index(str(program))
        answer = subprocess.run(command[:output] + [str(fresh)] + command[output + 1:], capture_output=True, text=True,
                                check=False)
        if answer.returncode != 0:
            fresh.unlink(missing_ok=True)
            raise catalog.CaseError(f"{source} can't be built: {answer.stderr.strip()}")
        fresh.replace(program)
        note.write_text(text, encoding="utf-8")

    def program(self, case, bad, checker):
        return self.directory / f"{case.name}{checker.suffix}.{'bad' if bad else 'good'}"

    def build(self, case, bad, checker):
        program = self.program(case, bad, checker)
        library = self.library_flags if case.uses_library else []
        self.compile(program, case.command(program, bad, checker.build_flags) + library, case.source_of(bad))

    def run(self, case, bad, checker):
        program = self.program(case, bad, checker)
        with tempfile.TemporaryDirectory(dir=self.scratch) as own:
            own = pathlib.Path(own)
            preload = ["--preload", checker.preload] if checker.preload else []
            command = [str(self.measure), "--report", str(own / "cost"), "--timeout", str(TIMEOUT_SECONDS), *preload,
                       *checker.command(program, own / "report")]
            with open(own / "out", "wb") as out, open(own / "err", "wb") as err:
                measured = subprocess.run(command, env={**self.environment, **checker.environment(case)}, cwd=own,
                                          stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False)
            try:
                wall, _, _, kibibytes, status = map(int, (own / "cost").read_text(encoding="utf-8").split())
            except (OSError, ValueError):
                said = (own / "err").read_text(errors="replace")[-300:] if (own / "err").exists() else ""
                return judge.unmeasured(case, bad, checker, f"measure ended with {measured.returncode}, and left "
                                        f"{', '.join(sorted(os.listdir(own))) or 'nothing'}: {said}")
            run = checkers.Run(status, status == 124, (own / "out").read_bytes(),
                               (own / "err").read_text(errors="replace"), own / "report")
            try:
                findings, problem = checker.findings(case, run), None
            except (OSError, ValueError, KeyError, TypeError) as error:
                findings, problem = [], f"its report can't be read: {error!r}: {run.messages[-300:]}"
        return judge.Result(case, bad, checker, run.status, run.output, findings, problem, wall / 1e9, kibibytes * 1024)


def run_all(workshop, cases, chosen):
    """(case name, "good" or "bad", checker name) -> Result; native runs of the good ones included."""
    plain = checkers.Plain()
    jobs = [(case, False, plain) for case in cases]
    for checker in chosen:
        jobs += [(case, bad, checker) for case in cases for bad in (True, False) if case.has_error or not bad]
    results, live = {}, sys.stderr.isatty()
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        # All is built before the first run, so that no compiler runs beside what is measured.
        builds = {(checker.suffix, case.name, bad): (case, bad, checker) for case, bad, checker in jobs}
        list(pool.map(lambda job: workshop.build(*job), builds.values()))
        waiting = {pool.submit(workshop.run, *job): job for job in jobs}
        for number, done in enumerate(concurrent.futures.as_completed(waiting), 1):
            case, bad, checker = waiting[done]
            results[case.name, bad, checker.name] = done.result()
            if live:
                sys.stderr.write(f"\r\033[K{number}/{len(jobs)}  {checker.name}  {case.name}")
    if live:
        sys.stderr.write("\r\033[K")
    for case in cases:
        twin = results[case.name, False, plain.name]
        if twin.measured and twin.status != 0:
            raise catalog.CaseError(f"{case.name}: its clean twin ends with status {twin.status} by itself")
    for (name, bad, checker_name), result in list(results.items()):
        twin = results[name, False, plain.name]
        result.expected_output = twin.output
        if not twin.measured and result.measured:  # nothing to hold it against
            results[name, bad, checker_name] = judge.unmeasured(result.case, bad, result.checker, twin.problem)
    return results


def as_json(results):
    return [{"case": name, "bad": bad, "checker": checker, "verdict": result.verdict, "why": result.why,
             "status": result.status, "wall_seconds": result.wall_seconds, "peak_rss_bytes": result.peak_rss_bytes}
            for (name, bad, checker), result in sorted(results.items())]


def main():
    arguments = parse_arguments()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ.pop("FREEHOLD", None)
    cases = catalog.all_cases()
    if arguments.only:
        cases = [case for case in cases if any(fnmatch.fnmatch(case.name, pattern) for pattern in arguments.only)]
    if arguments.list:
        for case in cases:
            print(f"{case.name:45s} {'|'.join(case.kinds)}")
        return 0
    if not cases:
        raise catalog.CaseError("no case has such a name")
    every = checkers.all_checkers(arguments.build, arguments.option)
    unknown = set(arguments.checker or ()) - {checker.name for checker in every}
    if unknown:
        raise catalog.CaseError(f"no checker is called {', '.join(sorted(unknown))}")
    chosen = []
    for checker in every:
        if arguments.checker and checker.name not in arguments.checker:
            continue
        missing = checker.missing()
        if missing and arguments.checker:
            raise catalog.CaseError(f"{checker.name} can't be used: {missing}")
        if missing:
            print(f"run.py: {checker.name} is left out: {missing}", file=sys.stderr)
        else:
            chosen.append(checker)

    if any(checker.name != "freehold" for checker in chosen):
        cases = [case for case in cases if not case.uses_library]
    workshop = Workshop(arguments.build)
    try:
        results = run_all(workshop, cases, chosen)
    finally:
        workshop.close()
    summary = judge.Summary(cases, chosen, results)
    print(page.as_text(summary, arguments.details))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(as_json(results), indent=1), encoding="utf-8")
    if arguments.write:
        sys.path.insert(0, str(SOURCE / "bench"))
        import machine
        text = page.as_markdown(summary, machine.describe_machine(), arguments.option)
        pathlib.Path(arguments.write).write_text(text, encoding="utf-8")
    return 1 if summary.failures() or summary.unmeasured() else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except catalog.CaseError as error:
        print(f"run.py: {error}", file=sys.stderr)
        sys.exit(2)
