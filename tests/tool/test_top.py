"""`freehold top`: as text and JSON, and on the terminal of tmux, with keys."""
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

from support import *

MEBIBYTE = 1 << 20

# Holds as many objects of 100 bytes as the first argument says, and as many more at each line that it reads.
GROWER = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int count, char **arguments) {
  int objects = count > 1 ? atoi(arguments[1]) : 0;
  char line[100];
  do {
    for (int i = 0; i < objects; i++) {
      char *object = malloc(100);
      if (object == NULL) return 9;
      memset(object, 1, 100);
    }
    puts("ready");
    fflush(stdout);
  } while (fgets(line, sizeof line, stdin) != NULL);
  return 0;
}
"""


class Programs(CommandTest):
    def setUp(self):
        self.grower = self.directory / "grower"
        if not self.grower.exists():
            self.compile("grower", GROWER)

    def hold(self, *arguments, on_freehold=True, name="holder", options=""):
        """A program that waits, under a name that no other test's program has."""
        program = self.directory / name
        if not program.exists():
            shutil.copy(self.grower, program)
        command = [COMMAND, "run", program] if on_freehold else [program]
        process = subprocess.Popen([str(word) for word in (*command, *arguments)], env=environment(FREEHOLD=options),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def looks(self, *arguments):
        result = freehold("top", "--json", *arguments)
        self.check(result, 0)
        documents = [json.loads(line) for line in result.stdout.splitlines()]
        for document in documents:
            self.validate("top-1.schema.json", document)
        return documents


class Batch(Programs):
    def test_figures(self):
        objects = 40000
        process = self.hold(objects, options="purge_thread=off")  # without it nothing changes between two looks
        before = json.loads(freehold("stat", "--json", process.pid).stdout)
        (document,) = self.looks("--iterations", "1", process.pid)
        (program,) = document["programs"]
        accounts = json.loads(freehold("stat", "--json", process.pid).stdout)
        for name in ("live_bytes", "held_back_bytes"):
            self.assertEqual(program[name], accounts[name])
        self.assertGreaterEqual(program["live_bytes"], objects * 100)
        # To look brings pages in, and some kernels take back of themselves what is not used.
        resident = (before["rss_bytes"], accounts["rss_bytes"])
        self.assertGreaterEqual(program["resident_bytes"], min(resident) - MEBIBYTE)
        self.assertLessEqual(program["resident_bytes"], max(resident) + MEBIBYTE)
        self.assertGreater(program["proportional_bytes"], objects * 100)
        self.assertLessEqual(program["proportional_bytes"], program["resident_bytes"] + MEBIBYTE)
        status = dict(line.split(":", 1) for line in
                      pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines())
        self.assertEqual(program["reserved_bytes"], int(status["VmSize"].split()[0]) * 1024)
        self.assertEqual(program["stack_bytes"], int(status["VmStk"].split()[0]) * 1024)
        self.assertGreater(program["code_bytes"], 4096)
        self.assertEqual((program["pid"], program["parent_pid"], program["command"]),
                         (process.pid, os.getpid(), "holder"))
        self.assertEqual(program["command_line"], f"{self.directory}/holder {objects}")
        self.assertEqual((program["on_freehold"], program["ended"], program["state"]), (True, False, "S"))
        self.assertIsNone(program["resident_growth_bytes_per_minute"])
        self.assertIsNone(document["interval_seconds"])
        self.assertEqual(document["sum"]["live_bytes"], program["live_bytes"])

    def test_growth_and_faults(self):
        process = self.hold(50000)
        top = start("top", "--json", "--delay=200ms", process.pid)
        self.addCleanup(self.end, top)
        first = json.loads(top.stdout.readline())["programs"][0]
        process.stdin.write("more\n")
        process.stdin.flush()
        process.stdout.readline()
        for _ in range(100):
            program = json.loads(top.stdout.readline())["programs"][0]
            if program["live_bytes"] >= 2 * 50000 * 100 and program["resident_growth_bytes_per_minute"]:
                break
        grown = program["live_bytes"] - first["live_bytes"]
        self.assertGreaterEqual(grown, 50000 * 100)
        # The growth a minute, times the minutes, is what it grew.
        minutes = program["growth_window_seconds"] / 60
        self.assertAlmostEqual(program["live_growth_bytes_per_minute"] * minutes, grown, delta=grown / 100)
        self.assertGreater(program["resident_growth_bytes_per_minute"], 0)
        self.assertGreater(program["minor_faults"], first["minor_faults"])

    def test_end_of_a_program(self):
        process = self.hold(10)
        other = self.hold(10, name="other")
        top = start("top", "--json", "--delay=100ms", process.pid, other.pid)
        self.addCleanup(self.end, top)
        self.assertEqual(len(json.loads(top.stdout.readline())["programs"]), 2)
        process.stdin.close()
        process.wait()
        seen = []
        for _ in range(100):
            document = json.loads(top.stdout.readline())
            seen.append([program for program in document["programs"] if program["pid"] == process.pid])
            if not seen[-1]:
                break
        ends = [programs[0] for programs in seen if programs and programs[0]["ended"]]
        self.assertEqual(len(ends), 1, "it is shown as ended once, and then no more")
        self.assertEqual(ends[0]["state"], "E")
        self.assertEqual(document["sum"]["live_bytes"], document["programs"][0]["live_bytes"])
        other.stdin.close()
        other.wait()
        self.assertEqual(top.wait(timeout=60), 0, "all that were named have ended")
        process.stdin = other.stdin = open(os.devnull)

    def test_which_programs(self):
        process = self.hold(10)
        plain = self.hold(10, on_freehold=False, name="plain")
        by_default = {program["pid"]: program for program in self.looks("--iterations=1")[0]["programs"]}
        self.assertIn(process.pid, by_default)
        self.assertNotIn(plain.pid, by_default)
        everything = {program["pid"]: program for program in self.looks("--all", "--iterations=1")[0]["programs"]}
        self.assertLessEqual({process.pid, plain.pid, os.getpid()}, set(everything))
        self.assertFalse(everything[plain.pid]["on_freehold"])
        self.assertIsNone(everything[plain.pid]["live_bytes"])
        self.assertGreater(everything[plain.pid]["resident_bytes"], 0)
        named = self.looks("--iterations=1", plain.pid)[0]
        self.assertEqual([program["pid"] for program in named["programs"]], [plain.pid])
        self.assertEqual(named["programs_on_freehold"], 0)

    def test_sort_and_filter(self):
        small, large = self.hold(1000, name="sorted-small"), self.hold(60000, name="sorted-large")
        pids = [os.getpid(), small.pid, large.pid]

        def order(*arguments):
            return [program["pid"] for program in
                    self.looks("--iterations=1", "--filter=SORTED-", *arguments, *pids)[0]["programs"]]

        for column in ("live", "rss", "pss"):
            self.assertEqual(order("--sort", column), [large.pid, small.pid], column)
            self.assertEqual(order("--sort", column, "--reverse"), [small.pid, large.pid], column)
        self.assertEqual(order("--sort=pid"), sorted([small.pid, large.pid]))
        self.assertEqual(order("--sort=pid", "--reverse"), sorted([small.pid, large.pid], reverse=True))
        # What is not known stands last, whichever way it is sorted.
        plain = self.hold(10, on_freehold=False, name="sorted-plain")
        pids.append(plain.pid)
        self.assertEqual(order("--sort=live"), [large.pid, small.pid, plain.pid])
        self.assertEqual(order("--sort=live", "--reverse"), [small.pid, large.pid, plain.pid])

    def test_text(self):
        process = self.hold(10)
        result = freehold("top", "--batch", "--iterations=2", "--delay=100ms", process.pid)
        self.check(result, 0)
        first, second = result.stdout.split("\n\n")
        for look in (first, second):
            head, columns, row = look.splitlines()
            self.assertIn("1 program, 1 on Freehold: live ", head)
            for column in ("PID", "LIVE", "HELD", "*RSS", "PSS", "GROW/MIN", "CODE", "STACK", "FAULT/S", "COMMAND"):
                self.assertIn(column, columns.split())
            self.assertEqual(row.split()[0], str(process.pid))
            self.assertTrue(row.endswith(f"{self.directory}/holder 10"), row)
        self.assertNotIn("\033", result.stdout)

    def test_every_column_can_be_sorted_by_and_is_told(self):
        table = (SOURCE / "tool/report/top_columns.def").read_text()
        names = re.findall(r'^TOP_COLUMN\(\w+, "(\w+)"', table, re.M)
        self.assertGreater(len(names), 10)
        help_text = re.sub(r"\s+", " ", freehold("top", "--help").stdout)
        for name in names:
            self.check(freehold("top", "--batch", "--iterations=1", "--sort", name, os.getpid()), 0)
            self.assertRegex(help_text, rf"sort by .*\b{name}\b")

    def test_refusals(self):
        for arguments, said in (
            (["--sort", "size"], "--sort size: there is no such column; it takes pid, state"),
            (["--delay", "1ms"], "--delay 1ms: it takes a time from 100ms to 1h"),
            (["--delay", "soon"], "--delay soon"),
            (["--iterations", "0"], "--iterations 0: it takes a number of looks"),
            (["--filter", ""], "--filter takes a part of a command line"),
            (["x"], "x: not a process id"),
            (["--batches"], "--batches: no such option"),
        ):
            self.check(freehold("top", *arguments), USAGE, said)
        gone = subprocess.Popen(["true"])
        gone.wait()
        self.check(freehold("top", "--batch", gone.pid), NO_PROCESS, "there is none, or it has ended")
        self.check(freehold("top"), USAGE, "this is none: --batch prints text")
        if os.path.exists("/dev/full"):
            with open("/dev/full", "w") as full:
                result = subprocess.run([COMMAND, "top", "--batch", "--iterations=1"], stdout=full,
                                        stderr=subprocess.PIPE, text=True, env=environment())
            self.assertEqual(result.returncode, 1, result.stderr)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_of_another_user(self):
        process = self.hold(10)
        command = [COMMAND, "top", "--json", "--iterations=1", str(process.pid)]
        try:
            result = subprocess.run(command, user=NOBODY, group=NOBODY, extra_groups=[], env=environment(),
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        except PermissionError as error:
            self.skipTest(f"the command is where others can't reach it: {error}")
        self.assertEqual(result.returncode, 0, result.stderr)
        (program,) = json.loads(result.stdout)["programs"]
        self.assertGreater(program["resident_bytes"], 0)
        self.assertIsNone(program["live_bytes"])
        self.assertIsNone(program["code_bytes"])


@unittest.skipUnless(shutil.which("tmux"), "needs tmux")
class Screen(Programs):
    """Keys go in and the screen comes out through tmux, whose server is this test's own."""

    def setUp(self):
        super().setUp()
        self.socket = self.directory / f"tmux-{self.id().rsplit('.', 1)[1]}"

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", str(self.socket), "-f", "/dev/null", *map(str, words)], check=True,
                              stdout=subprocess.PIPE, text=True, env={**environment(), "LC_ALL": "C.UTF-8"}).stdout

    def open(self, *arguments, columns=80, lines=24):
        command = " ".join(str(word) for word in (COMMAND, "top", *arguments))
        self.tmux("new-session", "-d", "-x", columns, "-y", lines, "sh")
        self.addCleanup(subprocess.run, ["tmux", "-S", str(self.socket), "kill-server"], stderr=subprocess.DEVNULL)
        self.tmux("send-keys", f"stty -a | cksum; PS1='prompt: '; clear; {command}; echo left with $?", "Enter")

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def shown(self):
        return self.tmux("capture-pane", "-p")

    def wait_for(self, pattern, without=None):
        """The screen, once it has the pattern (and not the other one)."""
        for _ in range(400):
            text = self.shown()
            if re.search(pattern, text, re.M) and (without is None or not re.search(without, text, re.M)):
                return text
            time.sleep(0.05)
        self.fail(f"no {pattern!r} on the screen (or still {without!r}):\n{text}")

    def row(self, text, pid):
        return next((line for line in text.splitlines() if line.split()[:1] == [str(pid)]), None)

    def test_shows_and_quits(self):
        process = self.hold(20000)
        self.open("--delay=200ms")
        text = self.wait_for(rf"^ *{process.pid} ")
        lines = text.splitlines()
        self.assertRegex(lines[0], r"^freehold top \d\d:\d\d:\d\d every 0.2s, by rss")
        self.assertRegex(lines[1], r"^\d+ programs?, \d+ on Freehold: live ")
        self.assertRegex(lines[2], r"PID S +LIVE +HELD +\*RSS +PSS GROW/MIN +CODE STACK FAULT/S .*COMMAND")
        self.assertIn("2.1M", self.row(text, process.pid))  # 20000 slots of 112 bytes
        self.assertRegex(text, r"q quit .*Enter map")
        self.keys("q")
        text = self.wait_for(r"^left with 0$")
        # The terminal is as it was: the screen of before is back, keys are echoed and lines edited.
        self.assertNotIn("freehold top", text)
        self.keys("echo a-word-x | tr x y", "Enter")
        text = self.wait_for(r"^a-word-y$")
        self.assertIn("echo a-word-x", text)

    def test_terminal_after_a_signal(self):
        process = self.hold(10)
        # A shell leaves out the rest of its line after ^C.
        for key, end in (("C-c", r"^left with 0$|^prompt: *$"), (None, r"^left with 143$")):
            with self.subTest(key=key):
                self.socket = self.directory / f"tmux-signal-{key}"
                self.open("--delay=200ms", process.pid)
                self.wait_for(rf"^ *{process.pid} ")
                if key is not None:
                    self.keys(key)
                else:
                    shell = int(self.tmux("display-message", "-p", "#{pane_pid}"))
                    top = int(subprocess.run(["pgrep", "-P", str(shell), "-x", "freehold"], stdout=subprocess.PIPE,
                                             text=True, check=True).stdout)
                    os.kill(top, signal.SIGTERM)
                self.wait_for(end, without=r"^freehold top")
                self.keys("echo a-word-x | tr x y", "Enter")
                self.assertIn("echo a-word-x", self.wait_for(r"^a-word-y$"))

    def test_sorts(self):
        small, large = self.hold(1000, name="in-order-small"), self.hold(60000, name="in-order-large")
        self.open("--delay=200ms", "--filter=in-order", small.pid, large.pid)

        def order(pattern):
            text = self.wait_for(pattern)
            return [int(line.split()[0]) for line in text.splitlines()[3:] if "in-order-" in line]

        self.wait_for(rf"^ *{large.pid} ")
        self.assertEqual(order(r"\*RSS"), [large.pid, small.pid])
        self.keys("r")
        self.assertEqual(order(r"\^RSS"), [small.pid, large.pid])
        self.keys("r", "<", "<")
        self.assertEqual(order(r"\*LIVE"), [large.pid, small.pid])
        self.keys("<", "<")
        self.assertEqual(order(r"\*PID"), sorted([small.pid, large.pid]))
        self.keys(">", ">", ">", ">", ">")
        self.wait_for(r"\*PSS")

    def test_filters(self):
        one, other = self.hold(10, name="filtered-one"), self.hold(10, name="filtered-other")
        self.open("--delay=200ms", one.pid, other.pid)
        self.wait_for(rf"^ *{other.pid} ")
        self.wait_for(rf"^ *{one.pid} ")
        self.keys("/", "filtered-ONE")
        text = self.wait_for(r"^filter: filtered-ONE_", without=rf"^ *{other.pid} ")
        self.assertIsNotNone(self.row(text, one.pid))
        self.keys("BSpace", "BSpace", "BSpace")
        self.wait_for(rf"^ *{other.pid} ")
        self.keys("nothing-like-it")
        self.wait_for("none of the programs matches")
        self.keys("Escape")
        self.wait_for(rf"^ *{other.pid} ", without="filter:")
        self.keys("/", "other", "Enter")
        text = self.wait_for(r"only other", without=rf"^ *{one.pid} ")
        self.assertIsNotNone(self.row(text, other.pid))

    def test_drills_down(self):
        process, other = self.hold(60000, name="drilled"), self.hold(10, name="other")
        self.open("--delay=200ms", process.pid, other.pid)
        self.wait_for(rf"^ *{process.pid} ")
        self.keys("Enter")
        text = self.wait_for(r"^purpose +reserved$")
        self.assertIn(f"map of process {process.pid}", text)
        self.assertRegex(text, rf"(?m)^process {process.pid}: .*drilled 60000")
        self.keys("d")
        self.wait_for(r"^purpose +reserved +resident")
        self.keys("End")
        self.wait_for(r"^looking took", without=r"^purpose ")
        self.keys("Home")
        self.wait_for(r"^process \d+: ")
        self.keys("q", "Down", "Enter")
        self.wait_for(rf"map of process {other.pid}")
        self.keys("q")
        self.wait_for(r"^freehold top")
        self.keys("?")
        self.wait_for(r"GROW/MIN how much")
        self.keys("q", "q")
        self.wait_for(r"^left with 0$")

    def test_program_that_ends(self):
        process, other = self.hold(30000, name="ending"), self.hold(10, name="other")
        self.open("--delay=200ms", process.pid, other.pid)
        self.wait_for(rf"^ *{process.pid} ")
        self.keys("Enter")
        self.wait_for(r"^purpose ")
        process.kill()
        process.wait()
        text = self.wait_for(rf"map of process {process.pid}, which has ended: the last look")
        self.assertRegex(text, r"(?m)^purpose ")  # it stays
        self.keys("q")
        self.wait_for(rf"^ *{process.pid} E ")
        self.wait_for(rf"^ *{other.pid} ", without=rf"^ *{process.pid} ")

    def test_sizes(self):
        process = self.hold(10, name="narrow")
        self.open("--delay=200ms", process.pid, columns=40, lines=8)
        text = self.wait_for(rf"^ *{process.pid} ")
        self.assertTrue(all(len(line) <= 40 for line in text.splitlines()), text)
        self.assertRegex(text, r"(?m)^ +PID S +LIVE +HELD +\*RSS COMMAND$")
        self.assertIn("narrow 10", self.row(text, process.pid))
        self.tmux("resize-window", "-x", 120, "-y", 30)
        text = self.wait_for(r"PID S .*FAULT/S .*%CPU.* COMMAND")
        self.assertIn("narrow 10", self.row(text, process.pid))
        self.tmux("resize-window", "-x", 10, "-y", 3)  # smaller than anything needs
        self.wait_for(r"^q quit")
        self.tmux("resize-window", "-x", 80, "-y", 24)
        self.wait_for(rf"^ *{process.pid} .*narrow 10")
        self.keys("q")
        self.wait_for(r"^left with 0$")

    def test_pause_delay_and_all(self):
        process = self.hold(10, name="pausing")
        self.open("--delay=400ms", "--filter=pausing")
        self.wait_for(rf"^ *{process.pid} ")
        self.keys("+")
        self.wait_for(r"every 0.2s")
        self.keys("-", "-")
        self.wait_for(r"every 0.8s")
        self.keys("p")
        self.wait_for(r"^freehold top \d\d:\d\d:\d\d paused")
        plain = self.hold(10, on_freehold=False, name="pausing-plain")
        self.keys("a")
        self.wait_for(rf"^ *{plain.pid} .* - ")

    def test_unknown_terminal(self):
        self.tmux("new-session", "-d", "-x", 80, "-y", 24, "sh")
        self.addCleanup(subprocess.run, ["tmux", "-S", str(self.socket), "kill-server"], stderr=subprocess.DEVNULL)
        for kind in ("no-such-kind", "dumb"):
            self.keys(f"clear; TERM={kind} {COMMAND} top; echo {kind} left with $?", "Enter")
            text = self.wait_for(rf"^{kind} left with {USAGE}$")
            self.assertIn(f"can't use a terminal of the kind TERM={kind}", text)


if __name__ == "__main__":
    unittest.main()
