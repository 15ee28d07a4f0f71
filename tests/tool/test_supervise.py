"""`freehold run` of several programs: turns, one memory budget, and keeping them apart."""
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import threading
import time

from support import *
from test_jobs import JobsTest, alive, wait_until

SPINNER = (SOURCE / "tests/supervise/spinner.c").read_text()

# Takes so many MiB, keeps the processor busy for a while, and ends; "more" takes the rest after a pause.
EATER = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
int main(int count, char **arguments) {
  int mebibytes = atoi(arguments[1]);
  for (int i = 0; i < mebibytes; i++) {
    char *piece = malloc(1 << 20);
    if (piece == NULL) return 9;
    memset(piece, i, 1 << 20);
    if (count > 3) usleep(atoi(arguments[3]));
  }
  usleep((unsigned)(atof(arguments[2]) * 1e6));
  return 0;
}
"""

# Frees what it took, and says how much of it is still resident a while later.
FREER = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
enum { PIECES = 48 };
int main(int count, char **arguments) {
  char *pieces[PIECES];
  for (int i = 0; i < PIECES; i++) {
    pieces[i] = malloc(1 << 20);
    memset(pieces[i], 1, 1 << 20);
  }
  puts("holds");
  fflush(stdout);
  getchar();
  for (int i = 0; i < PIECES; i++) free(pieces[i]);
  puts("freed");
  fflush(stdout);
  getchar();
  return 0;
}
"""


def pss_of(pid):
    try:
        found = re.search(r"^Pss: +(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        return int(found.group(1)) * 1024 if found else 0
    except OSError:
        return 0


class Watch(threading.Thread):
    """The greatest sum of PSS of the processes that run a program, sampled from outside."""

    def __init__(self, program):
        super().__init__(daemon=True)
        self.program, self.peak, self.samples, self.done = str(program), 0, 0, threading.Event()

    def run(self):
        while not self.done.is_set():
            before = self.processes()
            held = sum(map(pss_of, before))
            # When one has ended or begun meanwhile, the sum is of things that were not there together.
            if self.processes() == before:
                self.peak = max(self.peak, held)
                self.samples += 1
            time.sleep(0.01)

    def processes(self):
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(path / "exe") == self.program:
                    found.append(int(path.name))
            except OSError:
                pass
        return sorted(found)

    def stop(self):
        self.done.set()
        self.join()


class Turns(JobsTest):
    def turns(self, without):
        spinner = self.compile("spinner", SPINNER)
        words = [str(spinner), "0.2"]
        return self.report("--slice=20ms", "--cpus=1", "--", *(words + [":::"]) * 3, *words, code=0,
                           env=self.env(FREEHOLD_WITHOUT=without))

    def test_they_take_turns(self):
        for without, means in (("", None), ("groups", "signals")):
            with self.subTest(without=without):
                document = self.turns(without)
                if means is not None:
                    self.assertEqual(document["paused_by"], means)
                for program in document["programs"]:
                    self.assertGreaterEqual(program["turns"], 4)
                    self.assertGreater(program["paused_seconds"], 0)
                # Nobody had to wait for the end of another.
                first_end = min(program["started_seconds"] + program["wall_seconds"]
                                for program in document["programs"])
                self.assertTrue(all(program["started_seconds"] < first_end for program in document["programs"]))

    def test_shares_are_equal(self):
        """What each has used when all have gone on for a while, as the kernel counts it."""
        for without in ("", "groups"):
            with self.subTest(without=without):
                spinner = self.compile("spinner", SPINNER)
                words = ["--slice=20ms", "--cpus=1", "--", *([str(spinner), "60", ":::"] * 4)][:-1]
                process = subprocess.Popen([str(COMMAND), "run", *words], env=self.env(FREEHOLD_WITHOUT=without),
                                           stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.addCleanup(process.kill)

                def used():
                    spinners = []
                    for pid in alive(self.mark):
                        try:
                            if os.readlink(f"/proc/{pid}/exe") == str(spinner):
                                spinners.append(sum(time.clock_gettime(clock) for clock in [~pid << 3 | 2]))
                        except OSError:
                            pass
                    return spinners
                self.assertTrue(wait_until(lambda: len(used()) == 4 and sum(used()) > 1.2, 60), used())
                shares = used()
                process.send_signal(signal.SIGKILL)
                process.wait()
                # One turn, and what a supervisor that comes late on a busy machine adds to it.
                self.assertLess(max(shares) - min(shares), 0.12, shares)
                self.nothing_is_left()

    def test_only_one_runs_at_a_time(self):
        spinner = self.compile("spinner", SPINNER)
        process = subprocess.Popen([str(COMMAND), "run", "--slice=100ms", "--cpus=1", "--", spinner, "60", ":::",
                                    spinner, "60", ":::", spinner, "60"], env=self.env(), stdin=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        self.assertTrue(wait_until(lambda: len(alive(self.mark)) >= 7))
        time.sleep(0.5)
        running = []
        for _ in range(50):
            states = [pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
                      for pid in alive(self.mark) if os.readlink(f"/proc/{pid}/exe") == str(spinner)]
            running.append(states.count("R"))
            time.sleep(0.01)
        process.terminate()
        process.wait()
        # Between one's pause and the next one's start both may be seen for a moment.
        self.assertGreater(running.count(1), 25, running)
        self.assertLess(running.count(3), 3, running)

    def test_one_that_sleeps_keeps_nobody_waiting(self):
        """The first waits for the second, in its sleep: with its turn kept neither would end."""
        spinner, done = self.compile("spinner", SPINNER), self.directory / "done"
        done.unlink(missing_ok=True)
        document = self.report("--slice=50ms", "--cpus=1", "--timeout=60s", "--", "sh", "-c",
                               f"until test -e {done}; do sleep 0.05; done", ":::", "sh", "-c",
                               f"{spinner} 0.2; touch {done}", code=0)
        self.assertEqual([program["rules"] for program in document["programs"]], [[], []])

    def test_one_that_waits_for_input_answers_at_once(self):
        """It is not paused while it waits, so it needs no turn to read a line."""
        spinner = self.compile("spinner", SPINNER)
        process = subprocess.Popen([str(COMMAND), "run", "--slice=2s", "--cpus=1", "--", "sh", "-c",
                                    "echo ready; while read line; do echo got $line; done", ":::", spinner, "60"],
                                   env=self.env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "ready\n")
        group = [pid for pid in alive(self.mark) if pathlib.Path(f"/proc/{pid}/comm").read_text() == "sh\n"]
        self.assertTrue(group)
        time.sleep(1)
        for number in range(5):
            process.stdin.write(f"{number}\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), f"got {number}\n")
            time.sleep(0.1)
        process.terminate()
        process.communicate()

    def test_memory_of_one_that_ended_is_not_waited_for(self):
        document = self.report("--slice=50ms", "--", *["true", ":::"] * 150, "true", code=0)
        self.assertEqual(document["program_count"], 151)


class Budget(JobsTest):
    BUDGET = 160 << 20

    def eat(self, *more, jobs=6, code=0, each=48, pause=0.2, budget=None, **kept):
        eater = self.compile("eater", EATER)
        watch = Watch(eater)
        watch.start()
        words = [str(eater), str(each), str(pause), "2000"]  # as fast as a supervisor on a busy machine can follow
        document = self.report(f"--memory={budget or self.BUDGET}", f"--cpus={jobs}", *more, "--",
                               *(words + [":::"]) * (jobs - 1), *words, code=code, **kept)
        watch.stop()
        self.assertGreater(watch.samples, 10)
        return document, watch.peak

    def test_all_end_within_it(self):
        shutil.rmtree(self.state, ignore_errors=True)
        for known in (False, True):
            with self.subTest(known=known):
                document, peak = self.eat()
                self.assertEqual(document["failed_count"], 0)
                self.assertLessEqual(peak, self.BUDGET * 1.05)
                self.assertGreater(peak, 48 << 20)
                rules = {rule for program in document["programs"] for rule in program["rules"]}
                self.assertLessEqual(rules, {"memory_pause", "paged_out"})
                if known:  # three fit, and from the beginning on three were there
                    self.assertGreater(peak, 2 * (48 << 20))
                    self.assertEqual(rules, set())
        kept = list((self.state / "freehold").glob("peaks-*"))
        self.assertEqual(len(kept), 1, kept)
        lines = kept[0].read_text().splitlines()
        self.assertEqual(len(lines), 7)
        self.assertTrue(all(48 << 20 < int(line.split()[1]) < 60 << 20 for line in lines[1:]), lines)

    def test_damaged_memory_of_earlier_runs(self):
        self.report("--memory=64M", "--", "true", ":::", "true", code=0)
        for path in (self.state / "freehold").glob("peaks-*"):
            for text in ("", "something else\n", "freehold-peaks-1\nxyz\n\n\xff\n" * 3):
                path.write_text(text)
                self.report("--memory=64M", "--", "true", ":::", "true", code=0)
        result = self.run_jobs("--memory=64M", "--", "true", ":::", "true",
                               env=environment(FREEHOLD_TEST_MARK=self.mark, XDG_STATE_HOME="/dev/null/x"))
        self.check(result, 0)

    def test_without_room_one_passes(self):
        document, _ = self.eat(jobs=2, each=80, budget=64 << 20)
        self.assertEqual(document["failed_count"], 0)
        self.assertIn("over_budget", document["programs"][0]["rules"])

    def test_kill(self):
        document, _ = self.eat("--kill", jobs=2, each=80, budget=64 << 20, code=2)
        self.assertEqual([program["signal"] for program in document["programs"]], [signal.SIGKILL] * 2)
        self.assertTrue(all("memory_kill" in program["rules"] for program in document["programs"]))

    def test_heaps_are_asked_to_give_back(self):
        """With a long purge delay only pressure makes a heap give back what is free."""
        freer = self.compile("freer", FREER)
        for budget, pressed in (("54M", True), ("1G", False)):
            with self.subTest(budget=budget):
                process = subprocess.Popen(
                    [str(COMMAND), "run", f"--memory={budget}", "--purge-delay=1000s", "--", freer], env=self.env(),
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                self.addCleanup(process.kill)
                self.assertEqual(process.stdout.readline(), "holds\n")
                if pressed:
                    self.assertTrue(any("heaps are asked" in line for line in iter(process.stderr.readline, "")))
                pid = next(pid for pid in alive(self.mark) if os.readlink(f"/proc/{pid}/exe") == str(freer))
                process.stdin.write("\n")
                process.stdin.flush()
                self.assertEqual(process.stdout.readline(), "freed\n")
                if pressed:
                    self.assertTrue(wait_until(lambda: pss_of(pid) < 16 << 20), pss_of(pid))
                else:
                    time.sleep(1)
                    self.assertGreater(pss_of(pid), 32 << 20)
                process.terminate()
                process.communicate()

    def test_no_budget_no_rule(self):
        eater = self.compile("eater", EATER)
        document = self.report("--cpus=3", "--", eater, "40", "0", ":::", eater, "40", "0", code=0)
        self.assertEqual([program["rules"] for program in document["programs"]], [[], []])
        self.assertTrue(all(program["peak_bytes"] > 40 << 20 for program in document["programs"]))


class Apart(JobsTest):
    """A hostile program beside a victim tries each way in. tests/supervise/hostile.c has them."""

    HERE = SOURCE / "tests/supervise"
    # Ways that this machine must open without Freehold, so that their being closed says something.
    OPEN = {"/proc/PID/mem read", "/proc/PID/mem write", "process_vm_readv", "process_vm_writev", "/proc/PID/maps",
            "/proc/PID/environ", "kill SIGUSR1", "tgkill", "sigqueue", "prlimit", "/dev/shm", "/tmp",
            "System V segment", "abstract socket"}

    def build(self, name):
        return self.compile(name, (self.HERE / f"{name}.c").read_text())

    def attack(self, user=None, without="", flags=(), plain=False):
        victim, hostile = self.build("victim"), self.build("hostile")
        notes = self.directory / f"notes-{time.monotonic_ns()}"
        notes.mkdir()
        notes.chmod(0o777)
        name = f"leftover-{os.getpid()}{time.monotonic_ns() % 10000}"
        commands = [[str(victim), str(notes / "note"), "30", name], [str(hostile), str(notes / "note"), name]]
        settings = {"env": self.env(FREEHOLD_WITHOUT=without), "text": True, "stdin": subprocess.DEVNULL,
                    "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        if user is not None:
            settings.update(user=user, group=user, extra_groups=[])
        if plain:
            processes = [subprocess.Popen(command, **settings) for command in (commands[0], commands[1] + ["0"])]
        else:
            supervisor = ["sh", "-c", 'exec "$0" "$@" "$(cut -d" " -f4 /proc/$PPID/stat)"', *commands[1]]
            words = [str(COMMAND), "run", "--cpus=2", *flags, "--", *commands[0], ":::", *supervisor]
            processes = [subprocess.Popen(words, **settings)]
        said = [process.communicate(timeout=60) for process in processes]
        for directory in ("/tmp", "/dev/shm"):
            pathlib.Path(directory, name).unlink(missing_ok=True)
        text = "".join(out for out, _ in said)
        tries = dict(re.findall(r"^(.+?): (got in|refused .*)$", text, re.MULTILINE))
        self.assertGreater(len(tries), 20, said)
        return tries, text, "".join(wrong for _, wrong in said)

    def users(self):
        return (None, NOBODY) if IS_ROOT else (None,)

    def test_every_way_is_open_without(self):
        tries, text, _ = self.attack(plain=True)
        got_in = {way for way, result in tries.items() if result == "got in"}
        if IS_ROOT:
            self.assertLessEqual(self.OPEN, got_in, tries)
        self.assertIn("limit changed", text)

    def test_no_way_is_open_with(self):
        probe = json.loads(freehold("doctor", "--json").stdout)
        landlock = next(row for row in probe["features"] if row["name"] == "landlock")
        if not landlock["offered"] or int(landlock["value"].split()[-1]) < 6:
            self.skipTest("needs Landlock with scopes, Linux 6.12")
        for user in self.users():
            with self.subTest(user=user):
                self.directory.chmod(0o755)
                tries, text, said = self.attack(user)
                missing = re.findall(r"not kept apart here: (.*);", said)
                got_in = {way for way, result in tries.items() if result == "got in"}
                if any("System V" in line for line in missing):
                    got_in -= {"System V segment"}
                self.assertEqual(got_in, set(), said)
                self.assertIn("secret the victim's secret, 0 signals, limit kept", text)
                self.assertGreater(len([way for way in tries if way.startswith("supervisor: ")]), 4)
                self.assertGreater(len([way for way in tries if way.startswith("keeper: ")]), 4)

    def test_fall_backs(self):
        for without, still_closed, said_open in (
                ("namespaces", {"/proc/PID/mem read", "kill SIGUSR1", "/dev/shm", "/tmp", "abstract socket", "prlimit"},
                 ["System V shared memory"]),
                ("landlock", {"process_vm_readv", "ptrace attach", "pidfd_getfd", "prlimit"},
                 ["memory", "signals", "abstract sockets"]),
                ("calls", {"process_vm_readv", "kill SIGUSR1"}, ["system calls"])):
            with self.subTest(without=without):
                tries, _, said = self.attack(without=without)
                self.assertEqual({way for way in still_closed if tries[way] == "got in"}, set())
                for what in said_open:
                    self.assertIn(f"not kept apart here: {what}", said)

    def test_require(self):
        result = self.run_jobs("--require", "--", "echo", "ran", ":::", "true",
                               env=self.env(FREEHOLD_WITHOUT="landlock"))
        self.check(result, USAGE, "not kept apart here: memory", "nothing was started")
        self.assertEqual(result.stdout, "")
        result = self.run_jobs("--require", "--slice=50ms", "--", "echo", "ran", ":::", "true",
                               env=self.env(FREEHOLD_WITHOUT="groups"))
        self.check(result, USAGE, "SIGSTOP")

    def test_no_isolate(self):
        tries, _, said = self.attack(flags=["--no-isolate"])
        if IS_ROOT:
            self.assertEqual(tries["process_vm_readv"], "got in")
            self.assertEqual(tries["/tmp"], "got in")
        self.assertNotIn("not kept apart", said)

    def test_what_they_leave_is_not_lost(self):
        for without in ("", "namespaces"):
            with self.subTest(without=without):
                name = f"freehold-left-{os.getpid()}-{time.monotonic_ns()}"
                place = "$TMPDIR" if without else "/tmp"
                script = f"echo NUMBER >{place}/{name}; mkdir {place}/{name}.d; cat {place}/{name}"
                result = self.run_jobs("--quiet", "--cpus=1", "--", "sh", "-c", script.replace("NUMBER", "1"), ":::",
                                       "sh", "-c", script.replace("NUMBER", "2"),
                                       env=self.env(FREEHOLD_WITHOUT=without))
                left = sorted(pathlib.Path("/tmp").glob(f"{name}*"))
                texts = {path.name[len(name):]: path.read_text() for path in left if path.is_file()}
                for path in left:
                    path.unlink() if path.is_file() else path.rmdir()
                self.check(result, 0, "is there already")
                self.assertEqual(result.stdout, "1\n2\n")
                self.assertEqual(texts, {"": "1\n", ".freehold-2": "2\n"})

    def test_what_is_there_can_be_used(self):
        """Also the directory that it stands in, and files beside it, when they are in /tmp."""
        (self.directory / "input").write_text("given\n")
        result = self.run_jobs("--quiet", "--", "sh", "-c", "cat input; echo made >output; pwd", ":::", "true",
                               cwd=self.directory)
        self.check(result, 0)
        self.assertEqual(result.stdout, f"given\n{self.directory}\n")
        self.assertEqual((self.directory / "output").read_text(), "made\n")

    def test_shared_memory_works_within_one(self):
        result = self.run_jobs("--quiet", "--", shutil.which("python3"), "-c", """
import multiprocessing
with multiprocessing.Pool(2) as pool:
    print(sum(pool.map(abs, range(-10, 0))))
""", ":::", "true")
        self.check(result, 0)
        self.assertEqual(result.stdout, "55\n")

    def test_debugging_works_within_one(self):
        if shutil.which("gdb") is None:
            self.skipTest("needs gdb")
        result = self.run_jobs("--quiet", "--", "gdb", "-batch", "-ex", "run", "-ex", "info program", "/bin/true",
                               ":::", "true", timeout=120)
        self.assertIn("exited normally", result.stdout, result.stderr)


class Transparent(JobsTest):
    """Real programs say the same and end the same as without Freehold, three at a time."""

    def programs(self):
        text = self.directory / "text"
        text.write_text("".join(f"{number * 7919 % 10007} line of text {number}\n" for number in range(20000)))
        python = shutil.which("python3")
        wanted = [
            ["sort", "-n", text], ["md5sum", text], ["gzip", "-9", "-c", text], ["bzip2", "-c", text],
            ["xz", "-c", text],
            ["awk", "{ sum += $1 } END { print sum }", text], ["sed", "s/line/row/", text], ["grep", "-c", "77", text],
            ["wc", text], ["tac", text], ["uniq", "-c", text], ["cut", "-c1-9", text], ["tr", "a-z", "A-Z"],
            ["od", "-c", text], ["base64", text], ["sha512sum", text], ["diff", text, "/dev/null"], ["seq", "100000"],
            ["factor", "1234567890123456789"], ["perl", "-e", "print join(',', map { $_ ** 2 } 1 .. 9999)"],
            [python, "-c", "import json; print(json.dumps({str(i): i for i in range(9999)}))"],
            ["sqlite3", ":memory:", "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9999) "
                                    "select sum(i * i), group_concat(i) from n"],
            ["jq", "-n", "[range(5000)] | map(. * 2) | add"], ["bc", "-q"], ["sh", "-c", "exit 42"],
            ["sh", "-c", "kill -TERM $$"], ["ls", "/nonexistent"],
        ]
        found = [list(map(str, words)) for words in wanted if words[0] is not None and shutil.which(words[0])]
        self.assertGreaterEqual(len(found), 20)
        return found

    def test_twenty_real_programs(self):
        programs = self.programs()
        outputs = self.directory / "outputs"
        for without in ("", "groups,namespaces"):
            with self.subTest(without=without):
                shutil.rmtree(outputs, ignore_errors=True)
                outputs.mkdir()
                lines = self.directory / "lines"
                quoted = ["'" + "' '".join(word.replace("'", "'\\''") for word in words) + "'" for words in programs]
                lines.write_text("".join(f"{line} >{outputs}/{number}\n" for number, line in enumerate(quoted)))
                document = self.report("--cpus=3", "--slice=20ms", "--memory=1G", f"--jobs={lines}",
                                       env=self.env(FREEHOLD_WITHOUT=without))
                for number, (words, program) in enumerate(zip(programs, document["programs"])):
                    plain = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, cwd=self.directory)
                    self.assertEqual((outputs / str(number)).read_bytes(), plain.stdout, words)
                    code = plain.returncode if plain.returncode >= 0 else 128 - plain.returncode
                    told = program["exit_code"] if program["signal"] is None else 128 + program["signal"]
                    self.assertEqual(told, code, words)
