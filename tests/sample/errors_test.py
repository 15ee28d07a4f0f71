#!/usr/bin/env python3
"""What the option sample finds when every allocation is sampled, and that it leaves the rest of a program alone.

    errors_test.py --victim PROGRAM [--library FILE] [--examples DIRECTORY] [--replaced] [unittest arguments]

The victim is victim.c; without --library it has the heap in itself. The examples are the programs of examples/errors/,
built. --replaced: where a handler that the program sets takes the place of the heap's, which it does beside musl.
"""

import argparse
import os
import re
import resource
import signal
import subprocess
import tempfile
import unittest

FOUND = re.compile(r"^freehold: error\[([a-z-]+)\]: (.*)$", re.M)
FRAME = re.compile(r"^    (\S+)\+0x([0-9a-f]+)$", re.M)
SKIP = 77

arguments = None


def run(program, *words, options="sample=1", before=None):
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "FREEHOLD": options}
    if arguments.library:
        environment["LD_PRELOAD"] = arguments.library

    def prepare():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if before is not None:
            before()
    return subprocess.run([program, *words], env=environment, capture_output=True, text=True, timeout=100, check=False,
                          preexec_fn=prepare)


class Sample(unittest.TestCase):
    def victim(self, mode, status=0, kinds=(), words=(), **how):
        done = run(arguments.victim, mode, **how)
        if done.returncode == SKIP:
            self.skipTest(f"{mode} is not for this processor")
        everything = f"{mode}: {done.returncode}\n{done.stdout}{done.stderr}"
        self.assertEqual(done.returncode, status, everything)
        self.assertEqual([kind for kind, _ in FOUND.findall(done.stderr)], list(kinds), everything)
        for word in words:
            self.assertIn(word, done.stderr, everything)
        return done

    def stack(self, text, title):
        """The frames below a title: pairs of module and offset."""
        part = re.search(rf"^  {title}, thread \d+:\n((?:    .*\n)+)", text, re.M)
        self.assertIsNotNone(part, f"no stack '{title}' in\n{text}")
        return FRAME.findall(part.group(1))

    def assert_function(self, frames, name, exact=False):
        """The named function of the victim is in a stack; `exact`: its first frame is an instruction's own address."""
        pairs = [offset for module, offset in frames if os.path.samefile(module, arguments.victim)]
        self.assertTrue(pairs, f"no frame of the victim in {frames}")
        # A return address is behind its call.
        asked = [hex(int(offset, 16) - (not exact or i > 0)) for i, offset in enumerate(pairs)]
        base = 0 if not arguments.position_dependent else load_address(arguments.victim)
        asked = [hex(int(offset, 16) + base) for offset in asked]
        lines = subprocess.run(["addr2line", "-f", "-e", arguments.victim, *asked], capture_output=True, text=True,
                               check=True).stdout
        self.assertIn(name, lines.split())

    # ---- Errors.

    def test_faults_end_the_program_as_ever(self):
        for mode, kind, words in (
                ("overflow_read", "heap-buffer-overflow", ("read at 0x", "behind the end of an object of 40 bytes")),
                ("overflow_write", "heap-buffer-overflow", ("write at", "0 bytes behind the end of an object of 65536")),
                ("underflow_write", "heap-buffer-underflow", ("write at", "1 byte before an object of 4096 bytes")),
                ("use_after_free_read", "heap-use-after-free", ("read", "8 bytes inside a freed object of 40 bytes")),
                ("use_after_free_write", "heap-use-after-free", ("write", "19000 bytes inside a freed object of 20000")),
                ("use_after_realloc", "heap-use-after-free", ("0 bytes inside a freed object of 40 bytes",))):
            with self.subTest(mode):
                self.victim(mode, -signal.SIGSEGV, [kind], (*words, "what to do: "))

    def test_wrong_frees_end_the_program(self):
        for mode, kind, words in (
                ("double_free", "double-free", ("by free", "a freed object of 40 bytes")),
                ("double_free_other_thread", "double-free", ("by free",)),
                ("invalid_free", "invalid-free", ("8 bytes inside an object of 40 bytes",)),
                ("realloc_freed", "double-free", ("by realloc",)),
                ("usable_size_freed", "heap-use-after-free", ("by malloc_usable_size",)),
                ("overflow_slack", "heap-buffer-overflow", ("noticed at", "0 bytes behind the end of an object of 40"))):
            with self.subTest(mode):
                self.victim(mode, -signal.SIGABRT, [kind], words)
        self.victim("wrong_heap", -signal.SIGABRT, words=("fh_heap_free", "wrong heap: an object of 40 bytes"))

    def test_a_write_before_an_object(self):
        """It faults where the object is at the start of its slot, and is found late where it is not."""
        seen = set()
        for _ in range(200):
            done = run(arguments.victim, "underflow_slack")
            self.assertEqual([kind for kind, _ in FOUND.findall(done.stderr)], ["heap-buffer-underflow"], done.stderr)
            self.assertIn("1 byte before an object of 40 bytes", done.stderr)
            self.assertEqual(done.returncode, -signal.SIGABRT if "noticed at" in done.stderr else -signal.SIGSEGV)
            seen.add(done.returncode)
            if len(seen) == 2:
                break
        self.assertEqual(len(seen), 2)

    def test_stacks_and_threads(self):
        done = self.victim("use_after_free_read", -signal.SIGSEGV, ["heap-use-after-free"])
        for title, function in (("at", "read_here"), ("freed at", "free_here"), ("allocated at", "allocate_here")):
            frames = self.stack(done.stderr, title)
            self.assert_function(frames, function, exact=title == "at")
            self.assert_function(frames, "use_after_free_read")
            if arguments.library:
                self.assertNotIn("libfreehold", frames[0][0])
        done = self.victim("double_free_other_thread", -signal.SIGABRT, ["double-free"])
        threads = dict(re.findall(r"^  (at|freed at|allocated at), thread (\d+):", done.stderr, re.M))
        self.assertEqual(threads["at"], threads["allocated at"])
        self.assertNotEqual(threads["at"], threads["freed at"])

    def test_examples(self):
        if not arguments.examples:
            self.skipTest("the library is not one to preload")
        for name, kind, tries in (
                ("overflow_by_one", "heap-buffer-overflow", 1), ("dangling_pointer", "heap-use-after-free", 1),
                ("double_free", "double-free", 1), ("invalid_free", "invalid-free", 1),
                # It reads one byte before the object: that faults where the object is at the start of its slot.
                ("underflow", "heap-buffer-underflow", 200)):
            with self.subTest(name):
                found = []
                while not found and tries > 0:
                    found = FOUND.findall(run(os.path.join(arguments.examples, name)).stderr)
                    tries -= 1
                self.assertEqual([kind for kind, _ in found], [kind])
                clean = run(os.path.join(arguments.examples, name + "_clean"))
                self.assertEqual((clean.returncode, FOUND.findall(clean.stderr)), (0, []), clean.stderr)

    def test_report_and_go_on(self):
        done = self.victim("goes_on", 0, ["double-free", "invalid-free", "heap-buffer-overflow", "heap-buffer-overflow",
                                          "heap-use-after-free", "heap-use-after-free", "double-free",
                                          "heap-use-after-free"], options="sample=1,on_misuse=report")
        self.assertEqual(done.stdout, "still here\n")

    def test_accounts_come_before_the_end(self):
        done = self.victim("double_free", -signal.SIGABRT, ["double-free"], options="sample=1,stats=json")
        self.assertIn('"live_bytes"', done.stderr)

    def test_file(self):
        with tempfile.TemporaryDirectory() as directory:
            done = self.victim("use_after_free_read", -signal.SIGSEGV, options=f"sample=1,sample_file={directory}/at.%p")
            self.assertEqual(done.stderr, "")
            names = os.listdir(directory)
            self.assertEqual(len(names), 1)
            self.assertRegex(names[0], r"^at\.\d+$")
            with open(os.path.join(directory, names[0]), encoding="utf-8") as file:
                self.assertEqual([kind for kind, _ in FOUND.findall(file.read())], ["heap-use-after-free"])
            done = run(arguments.victim, "double_free", options=f"sample=1,sample_file={directory}/not/there")
            self.assertIn("can't be opened", done.stderr)
            self.assertIn("error[double-free]", done.stderr)
        done = run(arguments.victim, "double_free", options="sample=1,sample_file=/dev/full")
        self.assertIn("can't be written", done.stderr)
        self.assertIn("error[double-free]", done.stderr)

    # ---- What is no error.

    def test_other_faults_are_not_ours(self):
        self.victim("wild_read", -signal.SIGSEGV)
        self.victim("run_data", -signal.SIGSEGV, ["heap-buffer-overflow"])
        self.victim("sent", -signal.SIGSEGV)
        if not arguments.replaced:
            self.victim("sent_and_ignored")

    def test_right_programs(self):
        for mode in ("clean", "many", "threads_end"):
            with self.subTest(mode):
                for options in ("sample=1", "sample=2,sample_slots=7", "sample=1,sample_slots=1"):
                    self.assertEqual(self.victim(mode, options=options).stderr, "")

    def test_limits(self):
        for limit in (8, 16, 40):
            done = self.victim("limited", options=f"sample=1,limit={limit}M,on_misuse=abort")
            taken = int(done.stdout)
            self.assertLessEqual(taken, limit << 20)
            self.assertGreater(taken, (limit << 20) * 3 // 4 - (1 << 20))

    def test_few_addresses(self):
        """Under ulimit -v there are fewer slots, or none, which is said; the program runs."""
        for megabytes in (64, 256, 1024):
            limit = megabytes << 20
            done = self.victim("clean", before=lambda limit=limit: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
                               options="sample=1,verbose")
            self.assertRegex(done.stderr, r"sample guards one allocation in 1, \d+ |nothing is sampled")
        done = self.victim("use_after_free_read", -signal.SIGSEGV, ["heap-use-after-free"],
                           before=lambda: resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20)))

    def test_off(self):
        for options in ("", "sample=off", "sample=0", "sample=no"):
            self.victim("wild_read", -signal.SIGSEGV, options=options)
            self.assertNotIn("error[", run(arguments.victim, "use_after_free_read", options=options).stderr)

    def test_settings(self):
        self.victim("use_after_free_read", -signal.SIGSEGV, ["heap-use-after-free"], options="sample=1,sample-slots=1")
        for setting, word in (("sample=often", "takes on, off, or a number"), ("sample=2000000000", "out of range"),
                              ("sample_slots=0", "out of range")):
            done = run(arguments.victim, "clean", options=setting)
            self.assertEqual(done.returncode, 0)
            self.assertIn(f"FREEHOLD: {setting}: {word}", done.stderr)
        done = run(arguments.victim, "clean", options="sample,verbose")
        self.assertIn("sample guards one allocation in 5000, 256 at once at most", done.stderr)

    # ---- The program's own handlers.

    def test_a_handler_that_was_there_before(self):
        if not arguments.library:
            self.skipTest("nothing comes before the constructors of a static program")
        self.victim("early_handler", 17, ["heap-use-after-free"])
        self.victim("early_handler_wild", 17)

    def skip_where_replaced(self):
        if arguments.replaced:
            self.skipTest("beside this C library a program's handler takes the place of the heap's")

    def test_a_handler_that_comes_later(self):
        self.skip_where_replaced()
        self.victim("late_handler", 17, ["heap-use-after-free"])
        self.victim("late_handler_wild", 17)
        self.victim("signal_handler", 17, ["heap-use-after-free"])
        self.victim("other_signal")

    def test_handlers_that_go_on(self):
        self.skip_where_replaced()
        self.victim("chained_handlers", 18, ["heap-use-after-free"])
        self.victim("mending", 0, ["heap-use-after-free"] * 3)
        self.victim("jumping", 0, ["heap-use-after-free"] * 5)
        done = self.victim("reset_handler", -signal.SIGSEGV, ["heap-use-after-free"] * 2)
        self.assertEqual(done.stdout, "caught\n")

    def test_a_handler_s_stack_and_mask(self):
        self.skip_where_replaced()
        self.victim("small_stack", 17, ["heap-use-after-free"])
        self.victim("masked", 17, ["heap-use-after-free"])

    # ---- Fork and threads.

    def test_fork_and_threads(self):
        self.victim("in_child", 0, ["heap-use-after-free"])
        self.victim("in_thread", -signal.SIGSEGV, ["heap-use-after-free"])


def load_address(program):
    headers = subprocess.run(["readelf", "-lW", program], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"LOAD\s+0x\w+\s+0x(\w+)", headers).group(1), 16)


def main():
    global arguments
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--victim", required=True)
    parser.add_argument("--library")
    parser.add_argument("--examples")
    parser.add_argument("--replaced", action="store_true")
    arguments, rest = parser.parse_known_args()
    with open(arguments.victim, "rb") as file:
        arguments.position_dependent = file.read(18)[16] == 2  # ET_EXEC
    unittest.main(argv=["errors_test.py", *rest])


if __name__ == "__main__":
    main()
