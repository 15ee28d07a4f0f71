#!/usr/bin/env python3
"""everywhere_test.py BUILD VICTIM PART: the checking library and its command, in unfriendly surroundings (part
`surroundings`), under programs that do unusual things (`programs`), with every option (`options`), and under settings of
the whole system (`system`): those are put back, whatever becomes of the test, and nothing else should run meanwhile.

victim.c makes the errors. A test passes when exactly the expected kinds of errors are reported and the program ends as
it does by itself."""
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
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

    def test_report_file_is_made(self):
        path = self.directory / "made"
        result = run(VICTIM, "overflow", env=environment(LD_PRELOAD=LIBRARY, FREEHOLD=f"report_file={path}"))
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "survived\n", ""))
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        shown = run(COMMAND, "check", f"--from-records={path}")
        self.assertEqual(shown.returncode, ERRORS_FOUND, shown.stderr)
        self.assertIn(OVERFLOW, shown.stdout)

    def test_report_file_can_not_be_made(self):
        file = self.directory / "file"
        file.touch()
        for path, why in ((self.directory / "none" / "made", "no such directory"), (self.directory, "is a directory"),
                          (file / "made", "no directory")):
            result = run(VICTIM, "overflow", env=environment(LD_PRELOAD=LIBRARY, FREEHOLD=f"report_file={path}"))
            self.assertEqual((result.returncode, result.stdout), (0, "survived\n"), result.stderr)
            self.assertIn(f"report_file={path}: can't be written: ", result.stderr)
            self.assertIn(why, result.stderr)
            self.assertIn(OVERFLOW, result.stderr)

    def test_report_file_on_full_device(self):
        result = run(VICTIM, "overflow", env=environment(LD_PRELOAD=LIBRARY, FREEHOLD="report_file=/dev/full"))
        self.assertEqual((result.returncode, result.stdout), (0, "survived\n"), result.stderr)
        self.assertIn(OVERFLOW, result.stderr)

    def test_standard_error_closed(self):
        result = run("sh", "-c", "exec 2>&-; \"$@\"", "sh", VICTIM, "three", env=environment(LD_PRELOAD=LIBRARY))
        self.assertEqual((result.returncode, result.stdout), (0, "survived\n"), result.stderr)


class System(CheckTest):
    def set(self, name, value):
        """Sets what has no namespace. A process of its own puts it back, as soon as this one is done, or gone."""
        path = pathlib.Path("/proc/sys/vm") / name
        try:
            before = path.read_text().strip()
            path.write_text(before)
        except OSError as error:
            self.skipTest(f"vm.{name} can't be set here: {error.strerror}")
        keeper = subprocess.Popen(["sh", "-c", 'cat >/dev/null; echo "$1" >"$2"', "sh", before, str(path)],
                                  stdin=subprocess.PIPE, start_new_session=True)

        def put_back():
            keeper.stdin.close()
            keeper.wait()
            self.assertEqual(path.read_text().strip(), before)
        self.addCleanup(put_back)
        try:
            path.write_text(value)
        except OSError:
            self.skipTest(f"this kernel has no vm.{name} of {value}")

    def runs_everywhere(self):
        self.expect(THREE, VICTIM, "three")
        self.expect(THREE, VICTIM, "three", options=["--all"])
        self.expect(THREE, VICTIM, "three", options=["--no-guard-regions"])
        self.expect([], VICTIM, "storm", "4", "20")
        for options in (["--sample=1"], []) + ((["--gc"],) if (BUILD / "lib/libfreehold-gc.so").exists() else ()):
            result = run(COMMAND, "run", "--stats", *options, sys.executable, "-c", "print('said')")
            self.assertEqual((result.returncode, result.stdout), (0, "said\n"), result.stderr)

    def test_strict_overcommit(self):
        """Every page that may be written counts, used or not."""
        self.set("overcommit_memory", "2")
        self.runs_everywhere()

    def test_random_addresses(self):
        """The widest spread of addresses that a kernel offers."""
        self.set("mmap_rnd_bits", "32")
        for _ in range(10):
            self.expect(THREE, VICTIM, "three")
        self.runs_everywhere()


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

    def test_left_behind(self):
        # What ends soon is waited for, be it started by a process that has long ended.
        script = f"(sleep 0.2; exec {VICTIM} overflow) & exit 3"
        checked = self.expect([OVERFLOW], "sh", "-c", script, code=3)
        self.assertEqual(checked.document["summary"]["processes_left"], 0)
        self.assertNotIn("go on", checked.errors)
        # With a number as with none.
        self.assertEqual(self.check("sh", "-c", script, options=["--wait=20"]).kinds, [OVERFLOW])
        self.assertEqual(self.check("sh", "-c", script, options=["--wait=end"]).kinds, [OVERFLOW])
        # What doesn't end goes on, and tells its errors itself.
        checked = self.expect([], "sh", "-c", script, options=["--wait=0"], code=3)
        self.assertIn(checked.document["summary"]["processes_left"], (1, 2)) # the shell, and sleep if it has begun
        self.assertRegex(checked.errors, r"\d checked process(es)? of it go(es)? on: \d+.* \(.*--wait=end waits")
        self.assertRegex(checked.errors, f"freehold: error.{OVERFLOW}.")
        # Or leaves them where they were to go.
        records = self.directory / "kept"
        checked = self.check("sh", "-c", script, options=["--wait=0", f"--report-file={records}"])
        self.assertIn(f"goes to {records}\n", checked.errors)
        self.assertNotIn("error[", checked.errors)
        self.assertIn(OVERFLOW, run(COMMAND, "check", f"--from-records={records}").stdout)
        # It is not waited for by who doesn't want to know.
        self.expect([], "sh", "-c", script, options=["--no-follow", "--wait=end"], code=3)

    def test_left_behind_for_ever(self):
        # A command that waits can be told to stop it; what it waited for is left alone.
        script = "sleep 1000 <&- >&- 2>&- & echo $!"
        process = subprocess.Popen([COMMAND, "check", "--wait=end", "sh", "-c", script], env=environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        left = int(process.stdout.readline())
        try:
            time.sleep(1.5)
            self.assertIsNone(process.poll())
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=20)[1]
            self.assertIn(f"goes on: {left} (sleep 1000)", said)
            os.kill(left, 0)
            checked = self.check("true", options=["--wait=end"])
            self.assertEqual((checked.code, checked.document["summary"]["processes_left"]), (0, 0))
        finally:
            os.kill(left, signal.SIGKILL)

    def test_wait_refused(self):
        for value in ("-1", "x", "1e9", "nan", ""):
            result = run(COMMAND, "check", f"--wait={value}", "true")
            self.assertEqual(result.returncode, 125)
            self.assertIn("--wait", result.stderr)

    def test_smashed_heap(self):
        for options in (["--guard-memory=0"], ["--guard-memory=0", "--leaks=off"]):
            checked = self.check(VICTIM, "smash", options=options)
            self.assertIn("null-pointer", checked.kinds, checked.errors)
            self.assertIn("err_in_handler", checked.errors)
            self.assertEqual(checked.code, SEGMENTATION_FAULT, checked.errors)
        # Guarded objects: the first step beyond an end is seen.
        checked = self.check(VICTIM, "smash")
        self.assertIn("null-pointer", checked.kinds, checked.errors)


class OwnHeaps(CheckTest):
    """Objects of fh_heap_create's heaps, under every way of checking."""
    VICTIM = VICTIM.parent / "check_victim_heaps"
    ERRORS = {
        "overflow": (OVERFLOW, "fh_heap_malloc", 10), "use-after-destroy": (USE_AFTER_FREE, "fh_heap_malloc", 10),
        "use-of-heap-after-destroy": (USE_AFTER_FREE, "fh_heap_create", 64),
        "destroy-twice": ("double-free", "fh_heap_create", 64), "double-free": ("double-free", "fh_heap_malloc", 10),
        "wrong-heap": ("mismatched-free", "fh_heap_malloc", 10),
        "free-of-another-make": ("mismatched-free", "malloc", 3),
        "free-of-handle": ("mismatched-free", "fh_heap_create", 64), "no-heap": ("wild-pointer", None, None),
        "uninitialized": (UNINITIALIZED, "fh_heap_malloc", 20), "grown-overflow": (OVERFLOW, "fh_heap_malloc", 3000),
    }

    def test_errors(self):
        for mode, (kind, allocator, size) in self.ERRORS.items():
            with self.subTest(mode=mode):
                report = self.expect([kind], self.VICTIM, mode).only(kind)
                thing = report["object"] or {}
                self.assertEqual((thing.get("allocated_by"), thing.get("bytes")), (allocator, size))
        freed = self.expect([USE_AFTER_FREE], self.VICTIM, "use-after-destroy").only(USE_AFTER_FREE)
        self.assertEqual(freed["object"]["freed_by"], "fh_heap_destroy")
        self.assertIn("use_after_destroy", [frame["function"] for frame in freed["object"]["free_stack"]])
        self.assertIn("other heap, arena", self.expect(["mismatched-free"], self.VICTIM, "wrong-heap").errors)

    def test_protected_heaps(self):
        twice = self.expect(["invalid-free"], self.VICTIM, "closed-double-free").only("invalid-free")
        self.assertIn("in no object of the heap closed, just behind the end of an object of 16 bytes", twice["message"])
        wrong = self.check(self.VICTIM, "closed-wrong-heap")
        self.assertEqual(wrong.kinds, ["mismatched-free"] * 2, wrong.errors)
        self.assertIn("of the heap closed", wrong.errors)
        gone = self.expect([USE_AFTER_FREE], self.VICTIM, "closed-after-destroy").only(USE_AFTER_FREE)
        self.assertEqual(gone["object"]["allocated_by"], "fh_heap_create")

    def test_fenced(self):
        for mode, kind in (("overflow", OVERFLOW), ("use-after-destroy", USE_AFTER_FREE)):
            checked = self.expect([kind], self.VICTIM, mode, options=["--guard-memory=0"])
            self.assertTrue(checked.only(kind)["found_late"])

    def test_clean(self):
        for options in ((), ("--all",), ("--guard-memory=0",), ("--no-watch",)):
            for more in ((), ("filled",)):
                checked = self.expect([], self.VICTIM, "clean", *more, options=["--leaks", *options])
                self.assertEqual(checked.document["summary"]["lost_blocks"], 0)

    def test_lost_heap(self):
        checked = self.check(self.VICTIM, "lost-heap", "filled", options=["--leaks"])
        self.assertEqual(set(checked.kinds), {"leak"}, checked.errors)
        # The arena's 10 bytes, 50 objects, two pointers; what they lead to; two handles.
        self.assertEqual(checked.document["summary"]["lost_bytes"],
                         10 + sum(i * 30 for i in range(50)) + 8 + 77 + 8 + 20 + 2 * 64)


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

    def test_stop_with_what_is_found_at_the_end(self):
        # By then the other threads stand still; they must not any more when the program's handler is called.
        checked = self.check(VICTIM, "ended_late", options=["--guard-memory=0", "--stop", "--error-exitcode=0"])
        self.assertEqual((checked.kinds, checked.code), ([OVERFLOW], 42), checked.errors)

    def stopped(self, errors, number):
        """The process that says for the `number`th time that it stands still, once it does."""
        for _ in range(3000):
            said = re.findall(r"process (\d+) stands still", errors.read_text(errors="replace"))
            if len(said) == number:
                state = pathlib.Path(f"/proc/{said[-1]}/stat").read_text().rsplit(")", 1)[1].split()[0]
                if state in "Tt":
                    return int(said[-1])
            time.sleep(0.01)
        self.fail(errors.read_text(errors="replace"))

    def start_with_stops(self, *options):
        errors = self.directory / "errors"
        with open(errors, "wb") as to:
            process = subprocess.Popen([COMMAND, "check", "--stop=gdb", *options, VICTIM, "three"], env=environment(),
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=to, text=True)
        self.addCleanup(process.stdout.close)
        return process, errors

    def test_stop_and_go_on(self):
        process, errors = self.start_with_stops()
        for number in range(1, 4):
            os.kill(self.stopped(errors, number), signal.SIGCONT)
        self.assertEqual(process.communicate(timeout=60)[0], "survived\n", errors.read_text())
        self.assertEqual(process.returncode, ERRORS_FOUND)
        self.assertIn("3 errors", errors.read_text())

    def test_stop_and_be_ended(self):
        # The program would not see the signal before it is let go on.
        process, errors = self.start_with_stops()
        self.stopped(errors, 1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)

    def debug(self, *arguments):
        if shutil.which("gdb") is None:
            self.skipTest("needs gdb")
        start = ["gdb", "-q", "-nx", "-batch", "-ex", "handle SIGSEGV nostop noprint pass"]
        return run(*start, *arguments, timeout=100).stdout

    # The error's place and its callers, through the frames of the handler and of two stacks.
    PLACE = r"in overflow \(\).*\n#\d+ .* in three \(\).*\n#\d+ .* in main \("

    def test_stop_and_attach(self):
        process, errors = self.start_with_stops("--no-watch")
        said = self.debug("-p", self.stopped(errors, 1), "-ex", "bt", "-ex", "detach")
        if "ptrace" in said and "not permitted" in said:
            self.skipTest("this system lets nobody attach")
        self.assertRegex(said, self.PLACE.replace("in overflow", "overflow"))
        for number in range(1, 3): # without the watch there are two errors
            os.kill(self.stopped(errors, number), signal.SIGCONT)
        self.assertEqual(process.communicate(timeout=60)[0], "survived\n", errors.read_text())

    def test_stop_under_debugger(self):
        said = self.debug("-ex", "set startup-with-shell off", "-ex", f"set environment LD_PRELOAD {LIBRARY}", "-ex",
                          "set environment FREEHOLD stop=gdb", "-ex", "run", "-ex", "bt", "-ex", "continue", "-ex", "bt",
                          "-ex", "continue", "-ex", "continue", "--args", VICTIM, "three")
        if "ptrace" in said and "not permitted" in said:
            self.skipTest("this system has no debuggers")
        self.assertEqual(said.count("received signal SIGTRAP"), 3, said)
        self.assertRegex(said, self.PLACE.replace("in overflow", "overflow"))
        self.assertIn("survived", said)
        self.assertNotIn("stands still", said)

    def test_stop_under_another_tracer(self):
        # It doesn't keep the trap for itself, as a debugger does.
        if shutil.which("strace") is None:
            self.skipTest("needs strace")
        said = run("strace", "-f", "-o", "/dev/null", "-E", f"LD_PRELOAD={LIBRARY}", "-E", "FREEHOLD=stop=gdb", VICTIM,
                   "three")
        self.assertEqual((said.returncode, said.stdout), (0, "survived\n"), said.stderr)

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
        # What a report says of a block can be asked for.
        reachable = json.loads(run(COMMAND, "leaks", "--json", "--reachable", victim).stdout)["reports"]
        asked = next(report["object"]["start"] for report in reachable if not report["leak"]["reachable"])
        self.assertFalse(json.loads(run(COMMAND, "leaks", "--json", f"--why={asked}", victim).stdout)["chains"][0]["kept"])
        asked = next(report["object"]["start"] for report in reachable if report["leak"]["reachable"])
        chain = json.loads(run(COMMAND, "leaks", "--json", f"--why={asked}", victim).stdout)["chains"][0]
        self.assertEqual((chain["kept"], chain["steps"][-1]["block"]), (True, asked))
        self.assertIn(f" at {asked}\n", run(COMMAND, "leaks", "--reachable", victim).stdout)
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


class BuildIds(CheckTest):
    """Records are read when the program's file is another one, or gone."""
    SOURCE = """
        #include <stdlib.h>
        %s
        int main(void) {
          char *volatile object = malloc(8);
          object[8] = 1; /* HERE */
          return 0;
        }
        """

    def build(self, before, *flags):
        source = self.directory / "changing.c"
        source.write_text(self.SOURCE % before)
        program = self.directory / "changing"
        subprocess.run(["cc", "-g", "-O0", "-fno-builtin", "-Wl,--build-id", *flags, "-o", program, source], check=True)
        said = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True).stdout
        return program, re.search(r"Build ID: (\w+)", said).group(1)

    def lines(self, records):
        """Function and line of the error's innermost frame, and what is said about the file."""
        document = self.directory / "shown.json"
        cache = self.directory / "cache"
        result = run(COMMAND, "check", f"--from-records={records}", f"--json={document}",
                     env=environment(DEBUGINFOD_CACHE_PATH=cache, DEBUGINFOD_URLS="http://127.0.0.1:9/"))
        self.assertEqual(result.returncode, ERRORS_FOUND, result.stderr)
        frame = json.loads(document.read_text())["reports"][0]["stack"][0]
        return (frame["function"], frame["line"]), "is not the file any more that ran" in result.stdout

    def test_changed_file(self):
        if shutil.which("cc") is None or shutil.which("objcopy") is None:
            self.skipTest("needs cc and objcopy")
        for flags in (("-no-pie",), ()):
            program, ran = self.build("", *flags)
            right = ("main", 6)
            records = self.directory / "kept"
            self.check(program, options=[f"--report-file={records}"])
            self.assertEqual(self.lines(records), (right, False))
            whole = self.directory / "whole"
            shutil.copy(program, whole)
            _, now = self.build("\n\n\nvolatile int filler[100]; int other(void) { return filler[3]; }", *flags)
            self.assertNotEqual(ran, now)
            # The new file's lines would be wrong ones.
            self.assertEqual(self.lines(records), ((None, None), True))
            place = self.directory / "cache" / ran
            place.mkdir(parents=True)
            # Another build under that name is none.
            shutil.copy(program, place / "executable")
            self.assertEqual(self.lines(records), ((None, None), True))
            shutil.copy(whole, place / "executable")
            self.assertEqual(self.lines(records), (right, True))
            program.unlink()
            self.assertEqual(self.lines(records), (right, False))
            # Debug information alone, and beside the program without it.
            subprocess.run(["objcopy", "--only-keep-debug", whole, place / "debuginfo"], check=True)
            (place / "executable").unlink()
            self.assertEqual(self.lines(records), (right, False))
            subprocess.run(["objcopy", "--strip-all", whole, program], check=True)
            self.assertEqual(self.lines(records), (right, False))
            (place / "debuginfo").unlink()
            self.assertEqual(self.lines(records), ((None, None), False))
            shutil.rmtree(place)

    def test_no_id(self):
        program, _ = self.build("")
        subprocess.run(["objcopy", "--remove-section=.note.gnu.build-id", program], check=True)
        checked = self.expect([OVERFLOW], program, said=None)
        self.assertEqual(checked.reports[0]["stack"][0]["line"], 6)


PARTS = {"surroundings": [Surroundings], "programs": [Programs, OwnHeaps], "options": [Options, Requests, BuildIds],
         "system": [System]}

if __name__ == "__main__":
    suite = unittest.TestSuite()
    for tests in PARTS[sys.argv[3]]:
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(tests))
    if len(sys.argv) > 4:
        suite = unittest.TestSuite(test for test in suite if sys.argv[4] in test.id())
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
