#!/usr/bin/env python3
"""everywhere_test.py BUILD VICTIM PART: the checking library and its command, in unfriendly surroundings (part
`surroundings`), under programs that do unusual things (`programs`), and with every option (`options`).

victim.c makes the errors. A test passes when exactly the expected kinds of errors are reported and the program ends as
it does by itself."""
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, VICTIM = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
SOURCE = pathlib.Path(__file__).resolve().parents[2]
COMMAND, LIBRARY = BUILD / "bin/freehold", BUILD / "lib/libfreehold-check.so"
DENY_CALLS = VICTIM.parent / "check_deny_calls"
IS_ROOT = os.getuid() == 0
OVERFLOW, USE_AFTER_FREE, UNINITIALIZED = "heap-buffer-overflow", "heap-use-after-free", "uninitialized-read"
THREE = [OVERFLOW, USE_AFTER_FREE, UNINITIALIZED]
ERRORS_FOUND, NOT_POSSIBLE, SKIPPED = 66, 124, 77
SEGMENTATION_FAULT = 128 + 11


def environment(**changes):
    result = {name: value for name, value in os.environ.items() if not name.startswith("FREEHOLD")}
    result.pop("LD_PRELOAD", None)
    result.update({name: str(value) for name, value in changes.items()})
    return result


def run(*command, **more):
    more.setdefault("env", environment())
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("timeout", 120)
    command = list(map(str, command))
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", **more)


class Checked:
    """What `freehold check` said of a run."""

    def __init__(self, result, document):
        self.code, self.output, self.errors = result.returncode, result.stdout, result.stderr
        self.document = document
        self.reports = document["reports"] if document else []
        self.kinds = sorted(report["id"] for report in self.reports)

    def only(self, kind):
        found = [report for report in self.reports if report["id"] == kind]
        assert len(found) == 1, (kind, self.kinds, self.errors)
        return found[0]


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="freehold-check-"))
        self.directory.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def check(self, *program, options=(), before=(), **more):
        """Runs the program under the command. `before` is what starts the command."""
        document = self.directory / "report.json"
        document.unlink(missing_ok=True)
        result = run(*before, COMMAND, "check", f"--json={document}", *options, "--", *program, **more)
        self.assertNotEqual(result.returncode, 125, result.stderr)
        return Checked(result, json.loads(document.read_text()) if document.exists() else None)

    def expect(self, kinds, *program, code=None, said="survived", **more):
        """The errors reported are exactly these; the program says its last word."""
        checked = self.check(*program, **more)
        self.assertEqual(checked.kinds, sorted(kinds), checked.errors)
        self.assertEqual(checked.code, code if code is not None else ERRORS_FOUND if kinds else 0, checked.errors)
        if said:
            self.assertIn(said, checked.output.splitlines(), checked.errors)
        self.assertNotIn("victim:", checked.errors)
        return checked


def limited(which, soft, hard=None):
    return lambda: resource.setrlimit(which, (soft, hard if hard is not None else soft))


class Surroundings(CheckTest):
    def test_address_limit(self):
        for gib in (4, 1):
            with self.subTest(gib=gib):
                self.expect(THREE, VICTIM, "three", preexec_fn=limited(resource.RLIMIT_AS, gib << 30))

    def test_few_addresses(self):
        # Perhaps nothing can be guarded then; the program must run all the same, and what is late is found.
        checked = self.check(VICTIM, "late", preexec_fn=limited(resource.RLIMIT_AS, 200 << 20))
        self.assertIn("survived", checked.output, checked.errors)
        self.assertEqual(checked.kinds, sorted([OVERFLOW, USE_AFTER_FREE]), checked.errors)

    def test_data_limit(self):
        # What may be written counts, used or not: about what vm.overcommit_memory=2 counts.
        for mib in (512, 64):
            with self.subTest(mib=mib):
                self.expect(THREE, VICTIM, "three", preexec_fn=limited(resource.RLIMIT_DATA, mib << 20))

    def test_memory_locked(self):
        self.expect(THREE, VICTIM, "three", preexec_fn=limited(resource.RLIMIT_MEMLOCK, 0))

    def test_without_guard_regions(self):
        self.expect(THREE, VICTIM, "three", options=["--no-guard-regions"])

    def test_cases_without_guard_regions(self):
        """Some of tests/cases, with a command that always gives the option."""
        (self.directory / "bin").mkdir()
        wrapper = self.directory / "bin/freehold"
        wrapper.write_text(f"""#!/bin/sh
[ "$1" = check ] || exec {COMMAND} "$@"
shift
echo >>{self.directory}/starts
exec {COMMAND} check --no-guard-regions "$@"
""")
        wrapper.chmod(0o755)
        (self.directory / "lib").symlink_to(BUILD / "lib")
        names = []
        for folder in ("overflow", "use_after_free", "underflow", "silent"):
            for path in sorted((SOURCE / "tests/cases" / folder).glob("*.c"))[:2]:
                names.append(f"{folder}/{path.stem}*")
        for name in names:
            result = run(sys.executable, SOURCE / "tests/cases/run.py", "--build", self.directory,
                         "--checker", "freehold", "--only", name)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertGreaterEqual(len((self.directory / "starts").read_text()), 2 * len(names))

    def test_container_filter(self):
        self.assertNotEqual(run(DENY_CALLS, "container", "true").returncode, SKIPPED)
        self.expect(THREE, VICTIM, "three", before=[DENY_CALLS, "container"])
        self.expect([], VICTIM, "storm", "4", "20", before=[DENY_CALLS, "container"])
        self.expect(["leak"], VICTIM, "lose", options=["--leaks=lost"], before=[DENY_CALLS, "container"])

    def test_without_memory_files(self):
        # No copies of instructions then: each is stepped over by a trap.
        self.expect(THREE, VICTIM, "three", before=[DENY_CALLS, "memory_files"])
        self.expect(THREE, VICTIM, "threads", options=["--all"], before=[DENY_CALLS, "memory_files"])
        checked = self.check(VICTIM, "vectors", before=[DENY_CALLS, "memory_files"])
        self.assertEqual(checked.kinds, [], checked.errors)
        self.assertIn(checked.code, (0, SKIPPED, SKIPPED + 1), checked.errors)

    def test_without_proc(self):
        """The program alone is without it."""
        hide = "umount -l /proc 2>/dev/null || mount -t tmpfs none /proc || exit 77; exec \"$@\""
        if not IS_ROOT or run("unshare", "-m", "sh", "-c", hide, "sh", "true").returncode != 0:
            self.skipTest("no mount namespace of one's own here")
        self.expect(THREE, "unshare", "-m", "sh", "-c", hide, "sh", VICTIM, "three")
        self.expect([], "unshare", "-m", "sh", "-c", hide, "sh", VICTIM, "storm", "2", "5")

    def test_random_addresses(self):
        bits = pathlib.Path("/proc/sys/vm/mmap_rnd_bits")
        if not os.access(bits, os.R_OK) or bits.read_text().strip() != "32":
            self.skipTest("vm.mmap_rnd_bits isn't 32 here, and no namespace could have a value of its own")
        for _ in range(20):
            self.expect(THREE, VICTIM, "three")

    def test_fixed_addresses(self):
        if run("setarch", "-R", "true").returncode != 0:
            self.skipTest("setarch -R is not possible")
        self.expect(THREE, "setarch", "-R", VICTIM, "three")

    def test_few_descriptors(self):
        # The program may have but five; the command itself needs more.
        self.expect(THREE, "sh", "-c", "ulimit -n 5; exec \"$@\"", "sh", VICTIM, "three")

    def test_descriptors_closed(self):
        self.expect(THREE, VICTIM, "close_all", said=None)
        scratch = self.directory / "scratch"
        self.expect(THREE, VICTIM, "reuse_all", scratch, said=None)
        self.assertEqual(scratch.stat().st_size, 0, "records went to a file of the program's")

    def test_other_root_and_user(self):
        if not IS_ROOT:
            self.skipTest("chroot wants root")
        inside = self.directory / "inside"
        inside.mkdir()
        self.expect(THREE, VICTIM, "confined", inside)

    def test_report_file_is_read_only(self):
        if IS_ROOT:
            path = pathlib.Path("/proc/version") # not even root may write
        else:
            path = self.directory / "readonly"
            path.touch(0o400)
        result = run(VICTIM, "overflow", env=environment(LD_PRELOAD=LIBRARY, FREEHOLD=f"report_file={path}"))
        self.assertEqual((result.returncode, result.stdout), (0, "survived\n"), result.stderr)
        self.assertIn("can't be written", result.stderr)
        self.assertIn(OVERFLOW, result.stderr)

    def test_report_file_on_full_device(self):
        result = run(VICTIM, "overflow", env=environment(LD_PRELOAD=LIBRARY, FREEHOLD="report_file=/dev/full"))
        self.assertEqual((result.returncode, result.stdout), (0, "survived\n"), result.stderr)
        self.assertIn(OVERFLOW, result.stderr)

    def test_standard_error_closed(self):
        result = run("sh", "-c", "exec 2>&-; \"$@\"", "sh", VICTIM, "three", env=environment(LD_PRELOAD=LIBRARY))
        self.assertEqual((result.returncode, result.stdout), (0, "survived\n"), result.stderr)


class Programs(CheckTest):
    def test_ways_of_building(self):
        self.expect(THREE, VICTIM.parent / "check_victim_fixed", "three")
        self.expect(THREE, VICTIM.parent / "check_victim_stripped", "three")
        static = VICTIM.parent / "check_victim_static"
        checked = self.check(static, "three")
        self.assertEqual(checked.code, NOT_POSSIBLE)
        self.assertIn("statically linked", checked.errors)
        self.assertIn(str(static), checked.errors)
        self.assertEqual(checked.output, "", "it was started")

    def test_own_handlers(self):
        self.expect(THREE, VICTIM, "jump")
        self.expect([], VICTIM, "barrier")
        self.expect([], VICTIM, "barrier", options=["--all"])
        self.expect(THREE, VICTIM, "blocked")

    def test_alternate_stacks(self):
        self.expect(THREE, VICTIM, "alternate")
        self.expect(THREE, VICTIM, "alternate_in_heap")
        self.expect(THREE, VICTIM, "alternate_in_heap", options=["--all"])

    def test_control_flow(self):
        for options in ([], ["--all"], ["--guard-memory=0"]):
            with self.subTest(options=options):
                late = options == ["--guard-memory=0"]
                self.expect([OVERFLOW] if late else THREE, VICTIM, "coroutines", options=options)
                self.expect([], VICTIM, "jumps", options=options)

    def test_modules(self):
        checked = self.expect([OVERFLOW], VICTIM, "modules", BUILD / "lib/libcheck_victim_module.so")
        self.assertIn("module_work", checked.errors)
        self.assertIn("victim_module.c:10", checked.errors)

    def test_exceptions(self):
        program = VICTIM.parent / "check_victim_exceptions"
        if not program.exists():
            self.skipTest("built without C++")
        for options in ([], ["--all"]):
            self.expect([OVERFLOW], program, options=options)

    def test_vectors(self):
        for options in ([], ["--all"], ["--no-watch"]):
            checked = self.check(VICTIM, "vectors", options=options)
            if checked.code == SKIPPED:
                self.skipTest("no AVX2 here")
            self.assertIn(checked.code, (0, SKIPPED + 1), checked.errors)
            self.assertEqual(checked.kinds, [], checked.errors)

    def test_threads(self):
        self.expect(THREE, VICTIM, "threads", options=["--all"])
        self.expect([OVERFLOW], VICTIM, "threads", options=["--guard-memory=0"])
        checked = self.check(VICTIM, "threads")
        self.assertIn(OVERFLOW, checked.kinds, checked.errors)

    def test_end_among_threads(self):
        for options in (["--all"], ["--guard-memory=0", "--quarantine=64K"], []):
            for _ in range(6):
                checked = self.check(VICTIM, "busy_end", options=options)
                self.assertEqual([kind for kind in checked.kinds if kind != "leak"], [], checked.errors)
                self.assertIn("survived", checked.output)

    def test_fork_storm(self):
        self.expect([], VICTIM, "storm", "16", "200")

    def test_starts(self):
        checked = self.expect([OVERFLOW], VICTIM, "starts")
        self.assertEqual(checked.only(OVERFLOW)["times"], 4, checked.errors)
        self.expect([], VICTIM, "starts", options=["--no-follow"])

    def test_exec_chain(self):
        # One process all along; --no-follow leaves out others.
        for options in ([], ["--no-follow"]):
            self.expect(THREE, VICTIM, "exec", VICTIM, "exec", VICTIM, "three", options=options)

    def test_smashed_heap(self):
        for options in (["--guard-memory=0"], ["--guard-memory=0", "--leaks=off"]):
            checked = self.check(VICTIM, "smash", options=options)
            self.assertIn("null-pointer", checked.kinds, checked.errors)
            self.assertIn("err_in_handler", checked.errors)
            self.assertEqual(checked.code, SEGMENTATION_FAULT, checked.errors)
        # Guarded objects: the first step beyond an end is seen.
        checked = self.check(VICTIM, "smash")
        self.assertIn("null-pointer", checked.kinds, checked.errors)


class Options(CheckTest):
    def alone(self, *program, **more):
        """With the library only, without the command."""
        options = more.pop("options", "")
        return run(*program, env=environment(LD_PRELOAD=LIBRARY, FREEHOLD=options), **more)

    def test_fail_alloc(self):
        for spelled in ("5", "every:4", "site:3", "random:30:7"):
            with self.subTest(spelled=spelled):
                first = self.alone(VICTIM, "checked_calls", "100", options="fail_alloc=" + spelled)
                second = self.check(VICTIM, "checked_calls", "100", options=["--fail-alloc=" + spelled, "--quiet"])
                self.assertEqual(first.returncode, 0, first.stderr)
                self.assertEqual(second.output, first.stdout, "the command and the environment differ")
        self.assertIn("missing 25\n", self.alone(VICTIM, "checked_calls", "100", options="fail_alloc=every:4").stdout)
        self.assertIn("missing 1\n", self.alone(VICTIM, "checked_calls", "100", options="fail_alloc=5").stdout)
        self.assertIn("missing 0\n", self.alone(VICTIM, "checked_calls", "100", options="fail_alloc=100000").stdout)
        seeds = {self.alone(VICTIM, "checked_calls", "100", options=f"fail_alloc=random:50:{seed}").stdout
                 for seed in range(6)}
        self.assertGreater(len(seeds), 1, "every seed is the same")

    def test_fail_alloc_refused(self):
        for wrong in ("0", "every:0", "x", "random:101:1", "5x"):
            result = self.alone(VICTIM, "clean", options="fail_alloc=" + wrong)
            self.assertEqual(result.returncode, 0)
            self.assertIn("the setting is left out", result.stderr, wrong)

    def test_fail_alloc_site(self):
        checked = self.check(VICTIM, "unchecked", options=["--fail-alloc=site"])
        self.assertEqual(checked.kinds, ["null-pointer"], checked.errors)
        report = checked.only("null-pointer")
        self.assertEqual(report["stack"][0]["function"], "unchecked")
        source = (SOURCE / "tests/check/victim.c").read_text().splitlines()
        line = next(number for number, text in enumerate(source, 1) if "malloc(60)" in text)
        self.assertIn(f"victim.c:{line}", checked.errors, "the allocation that failed is not named")
        self.assertEqual(self.check(VICTIM, "clean", options=["--fail-alloc=site"]).kinds, [])

    def test_stop(self):
        checked = self.check(VICTIM, "three", options=["--stop"])
        self.assertEqual(checked.kinds, [OVERFLOW], checked.errors)
        self.assertNotIn("survived", checked.output)
        self.assertNotEqual(checked.code, 0)
        self.assertNotIn("survived", self.alone(VICTIM, "three", options="stop=on").stdout)

    def test_overhead(self):
        for options in (["--overhead=0"], ["--overhead=0", "--all"], ["--overhead=100000"]):
            checked = self.check(VICTIM, "three", options=options)
            self.assertIn("survived", checked.output)
            if options[-1] != "--overhead=0":
                self.assertEqual(checked.kinds, sorted(THREE), (options, checked.errors))

    def test_all_fenced(self):
        checked = self.expect([OVERFLOW, USE_AFTER_FREE], VICTIM, "late", options=["--guard-memory=0"])
        self.assertTrue(all(report["found_late"] for report in checked.reports), checked.errors)
        self.assertEqual(checked.document["summary"]["guarded_allocations"], 0)
        # Guarded, the same is found at once.
        checked = self.expect([OVERFLOW, USE_AFTER_FREE], VICTIM, "late")
        self.assertFalse(any(report["found_late"] for report in checked.reports), checked.errors)

    def test_quarantine(self):
        # What doesn't wait can't be looked at.
        self.expect([OVERFLOW], VICTIM, "late", options=["--guard-memory=0", "--quarantine=0"])
        self.expect([OVERFLOW, USE_AFTER_FREE], VICTIM, "late", options=["--guard-memory=0", "--quarantine=1M"])

    def test_all(self):
        checked = self.expect([], VICTIM, "checked_calls", "20000", options=["--all"], said="missing 0")
        self.assertEqual(checked.document["summary"]["fenced_allocations"], 0)

    def test_fill(self):
        for fill in (0, 7, 255):
            self.assertIn(f"fill {fill}\n", self.alone(VICTIM, "fill", options=f"fill={fill}").stdout)
        checked = self.check(VICTIM, "fill", options=["--two-fills", "--no-watch"])
        self.assertEqual(checked.code, 68, checked.errors)
        self.assertEqual(self.check(VICTIM, "clean", options=["--two-fills"]).code, 0)

    def test_leaks(self):
        for mode, kinds in (("off", 0), ("summary", None), ("lost", 1), ("reachable", 2)):
            checked = self.check(VICTIM, "lose_and_keep", options=["--leaks=" + mode])
            sizes = sorted(report["leak"]["bytes"] for report in checked.reports)
            with self.subTest(mode=mode):
                self.assertIn("survived", checked.output)
                if mode == "off":
                    self.assertEqual(sizes, [], checked.errors)
                if mode == "lost":
                    self.assertEqual(sizes, [321], checked.errors)
                if mode == "reachable":
                    self.assertIn(123, sizes, checked.errors)
                    self.assertIn(321, sizes, checked.errors)
                if mode != "off":
                    self.assertEqual(checked.document["summary"]["lost_bytes"], 321, checked.errors)

    def test_without_command(self):
        result = self.alone(VICTIM, "three")
        self.assertEqual((result.returncode, result.stdout), (0, "survived\n"), result.stderr)
        for kind in THREE:
            self.assertEqual(result.stderr.count(kind), 1, result.stderr)
        self.assertIn("check_victim", result.stderr)
        self.assertEqual(self.alone(VICTIM, "clean").stderr, "")


class Requests(CheckTest):
    def hold(self, *arguments, options=("--leaks=lost",)):
        command = [COMMAND, "check", "--quiet", "--no-text", *options, "--", VICTIM, "waits", *arguments]
        process = subprocess.Popen(list(map(str, command)), env=environment(), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        word, kept = process.stdout.readline().split()
        self.assertEqual(word, "ready")
        victim = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        self.assertEqual(len(victim), 1)
        return process, victim[0], kept

    @staticmethod
    def end(process):
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def test_leaks(self):
        process, victim, kept = self.hold()
        result = run(COMMAND, "leaks", victim)
        self.assertEqual(result.returncode, ERRORS_FOUND, result.stderr)
        self.assertIn("321 bytes", result.stdout)
        self.assertIn("lose", result.stdout)
        document = json.loads(run(COMMAND, "leaks", "--json", victim).stdout)
        self.assertEqual(document["summary"]["lost_bytes"], 321)
        why = run(COMMAND, "leaks", f"--why={kept}", victim)
        self.assertEqual(why.returncode, 0, why.stdout + why.stderr)
        self.assertIn("check_victim", why.stdout)
        process.stdin.close()
        self.assertEqual(process.wait(20), ERRORS_FOUND)

    def test_fences(self):
        for argument, kinds in (("whole", []), ("broken", [OVERFLOW, USE_AFTER_FREE])):
            process, victim, _ = self.hold(argument, options=["--guard-memory=0"])
            result = run(COMMAND, "leaks", "--fences", "--json", victim)
            self.assertEqual(result.stderr, "")
            reports = json.loads(result.stdout)["reports"]
            self.assertEqual(sorted(report["id"] for report in reports), kinds)
            text = run(COMMAND, "leaks", "--fences", victim)
            self.assertEqual("waits" in text.stdout, bool(kinds), text.stdout)
            process.stdin.close()
            process.wait(20)


PARTS = {"surroundings": [Surroundings], "programs": [Programs], "options": [Options, Requests]}

if __name__ == "__main__":
    suite = unittest.TestSuite()
    for tests in PARTS[sys.argv[3]]:
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(tests))
    if len(sys.argv) > 4:
        suite = unittest.TestSuite(test for test in suite if sys.argv[4] in test.id())
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
