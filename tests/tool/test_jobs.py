"""`freehold run` of several programs: lists, streams, ends, reports, faults."""
import json
import os
import pathlib
import pty
import re
import select
import signal
import stat
import subprocess
import time

from support import *

MANY_FAILED, REPORT_LOST, NOT_STARTED = 101, 123, 125
# With control groups and all that keeps programs apart, without groups, and without any of it.
WAYS = ("", "groups", "groups,namespaces,landlock,signals,calls")
NAUGHTY = """
trap '' TERM INT HUP
(setsid sh -c 'trap "" TERM INT HUP; while :; do sleep 0.1; done' >/dev/null 2>&1 &)
echo started
while :; do sleep 0.1; done
"""


def alive(mark):
    """Processes that have `mark` in their environment, which nothing takes away from what they start."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"FREEHOLD_TEST_MARK={mark}".encode() in (path / "environ").read_bytes().split(b"\0") and \
                    (path / "stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX":
                found.append(int(path.name))
        except OSError:
            pass
    return found


def wait_until(true, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return bool(true())


class JobsTest(CommandTest):
    """Each run gets a mark, by which whatever it leaves behind is found."""

    def setUp(self):
        self.mark = f"{os.getpid()}-{self.id()}"
        self.state = self.directory / "state"

    def env(self, **changes):
        return environment(FREEHOLD_TEST_MARK=self.mark, XDG_STATE_HOME=self.state, **changes)

    def run_jobs(self, *arguments, env=None, **more):
        result = freehold("run", *arguments, env=env or self.env(), **more)
        self.nothing_is_left()
        return result

    def report(self, *arguments, code=None, **more):
        path = self.directory / "report.json"
        path.unlink(missing_ok=True)
        result = self.run_jobs(f"--report={path}", *arguments, **more)
        if code is not None:
            self.check(result, code)
        document = json.loads(path.read_text())
        self.validate("run-1.schema.json", document)
        return document

    def left_places(self):
        """What a run makes has its process id in the name; other runs may go on beside this test."""
        found = [path for place in ("/tmp", "/var/tmp", "/dev/shm", "/sys/fs/cgroup", "/sys/fs/cgroup/unified")
                 for path in pathlib.Path(place).glob("*freehold-run-[0-9]*")]
        return {path for path in found
                if not os.path.exists("/proc/" + re.search(r"freehold-run-(\d+)", path.name).group(1))}

    def nothing_is_left(self):
        self.assertTrue(wait_until(lambda: alive(self.mark) == []), f"left running: {alive(self.mark)}")
        self.assertTrue(wait_until(lambda: not self.left_places()), f"left: {self.left_places()}")


class Lists(JobsTest):
    def test_all_run(self):
        result = self.run_jobs("--quiet", "--", "echo", "a", ":::", "echo", "b c", ":::", "printf", "%s|", "x", "y z")
        self.check(result, 0)
        self.assertEqual(sorted(result.stdout.splitlines()), ["a", "b c", "x|y z|"])
        self.assertEqual(result.stderr, "")

    def test_file(self):
        lines = self.directory / "jobs"
        lines.write_text("""# a comment

echo one 'two  three' "four \\" five" six\\ seven
  printf '%s\\n' "$HOME" | tr a-z A-Z
VARIABLE=value sh -c 'echo $VARIABLE'
echo ''""")
        expected = [subprocess.run(["sh", "-c", line], capture_output=True, text=True).stdout
                    for line in lines.read_text().splitlines() if line and not line.startswith("#")]
        for words, more in (([f"--jobs={lines}"], {}), (["--jobs", "-"], {"stdin": None, "input": lines.read_text()})):
            result = self.run_jobs("--quiet", "--cpus=1", *words, **more)
            self.check(result, 0)
            self.assertEqual(result.stdout, "".join(expected))
        lines.write_bytes(b"echo from\r\necho elsewhere\r\n")
        self.assertEqual(self.run_jobs("--quiet", "--cpus=1", f"--jobs={lines}").stdout, "from\nelsewhere\n")

    def test_wrong_lists(self):
        lines = self.directory / "wrong"
        for text, said in (("echo 'a\n", "line 1: a quote"), ("true\necho \\", "line 2"), ("\n#\n", "no command line")):
            lines.write_text(text)
            self.check(self.run_jobs(f"--jobs={lines}"), USAGE, said)
        lines.write_bytes(b"echo a\0b\n")
        self.check(self.run_jobs(f"--jobs={lines}"), USAGE, "zero byte")
        self.check(self.run_jobs("--jobs=/nonexistent/list"), USAGE, "/nonexistent/list", "No such file")
        self.check(self.run_jobs("--jobs=/dev"), USAGE, "can't be read")
        self.check(self.run_jobs(f"--jobs={lines}", "true"), USAGE, "not from both")
        for words in ((":::",), ("true", ":::"), (":::", "true"), ("true", ":::", ":::", "true")):
            self.check(self.run_jobs("--", *words), USAGE, "a program is missing")

    def test_wrong_flags(self):
        for flag, said in (("--slice=5", "200ms"), ("--slice=1ms", "10ms to 1h"), ("--slice=2h", "10ms to 1h"), ("--timeout=-1s", "30s"),
                           ("--cpus=0", "1 to"), ("--cpus=x", "1 to"), ("--retries=1000", "0 to 100"),
                           ("--memory=1", "16M"), ("--memory=lots", "512M"), ("--report=", "needs a value"),
                           ("--kill", "--memory")):
            self.check(self.run_jobs(flag, "--", "true", ":::", "true"), USAGE, flag.split("=")[0], said)
        self.check(self.run_jobs("--require", "--no-isolate", "true"), USAGE, "--require")
        self.check(self.run_jobs("--slice"), USAGE, "--slice needs a value")

    def test_programs_that_can_not_run_start_nothing(self):
        own = self.compile("own", OWN_MALLOC + "int main(void) { return 0; }", "-fno-builtin")
        text = self.script("text", "no program", 0o644)
        self.check(self.run_jobs("--", "echo", "started", ":::", own), NOT_POSSIBLE, str(own), "--force")
        self.check(self.run_jobs("--", "echo", "started", ":::", "/nonexistent/x"), NOT_FOUND, "/nonexistent/x")
        result = self.run_jobs("--", "echo", "started", ":::", text)
        self.check(result, NOT_EXECUTABLE, str(text))
        self.assertEqual(result.stdout, "")
        self.check(self.run_jobs("--force", "--", "echo", "started", ":::", own), 0, "warning")

    def test_one_program_with_an_option_of_several(self):
        self.check(self.run_jobs("--timeout=20s", "--", "sh", "-c", "exit 3"), 1, "exit 3")

    def test_a_thousand(self):
        lines = self.directory / "thousand"
        lines.write_text("".join(f"sh -c 'echo {number}; exit {number % 2}'\n" for number in range(1000)))
        path = self.directory / "thousand.json"
        result = self.run_jobs("--quiet", f"--jobs={lines}", f"--report={path}", "--no-isolate", timeout=110)
        self.check(result, MANY_FAILED)
        self.assertEqual(sorted(map(int, result.stdout.split())), list(range(1000)))
        document = json.loads(path.read_text())
        self.assertEqual(document["failed_count"], 500)
        self.assertEqual([program["exit_code"] for program in document["programs"]], [0, 1] * 500)

    def test_heap_serves_each(self):
        result = self.run_jobs("--verbose", "--", "true", ":::", "true")
        self.assertEqual(result.stderr.count("freehold: heap"), 2)


class Streams(JobsTest):
    def test_tag(self):
        result = self.run_jobs("--tag", "--quiet", "--", "sh", "-c", "echo a; printf b", ":::",
                               "sh", "-c", "echo c >&2")
        self.check(result, 0)
        self.assertEqual(sorted(result.stdout.splitlines()), ["[1] a", "[1] b"])
        self.assertEqual(result.stderr, "[2] c\n")

    def test_tagged_lines_stay_whole(self):
        line = "x" * 3000
        program = ["sh", "-c", f"for i in $(seq 200); do printf %s {line}; echo; done"]
        result = self.run_jobs("--tag", "--quiet", "--cpus=3", "--", *program, ":::", *program, ":::", *program)
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 600)
        self.assertEqual({text for text in lines}, {f"[{number}] {line}" for number in (1, 2, 3)})

    def test_reader_that_goes_away(self):
        command = [str(COMMAND), "run", "--tag", "--", "yes", ":::", "yes"]
        process = subprocess.Popen(command, env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL)
        self.assertTrue(process.stdout.readline().startswith(b"["))
        process.stdout.close()
        self.assertEqual(process.wait(30), 2)
        self.nothing_is_left()

    def test_a_slow_reader_does_not_hold_the_supervisor(self):
        command = [str(COMMAND), "run", "--tag", "--timeout=1s", "--", "yes", ":::", "yes"]
        process = subprocess.Popen(command, env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL)
        self.assertTrue(wait_until(lambda: alive(self.mark) == [process.pid]))
        process.stdout.read()
        self.assertEqual(process.wait(30), 2)
        process.stdout.close()

    def test_first_reads_standard_input(self):
        result = self.run_jobs("--quiet", "--", "cat", ":::", "sh", "-c", "cat | wc -c", stdin=None, input="through\n")
        self.check(result, 0)
        self.assertEqual(sorted(result.stdout.split()), ["0", "through"])

    def test_no_descriptor_is_left_open(self):
        plain = subprocess.run(["ls", "/proc/self/fd"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        result = self.run_jobs("--quiet", "--tag", "ls", "/proc/self/fd")
        self.assertEqual(result.stdout.replace("[1] ", ""), plain.stdout)

    def on_terminal(self, *arguments, answer=None, waits_for=None, seconds=30):
        """Runs with a terminal as all three streams; what was written to it, and how it ended."""
        child, ours = pty.fork()
        if child == 0:
            os.execve(str(COMMAND), [str(COMMAND), "run", *arguments], self.env(TERM="xterm"))
        text = b""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    piece = os.read(ours, 4096)
                except OSError:
                    break
                if not piece:
                    break
                text += piece
            if waits_for is not None and waits_for in text:
                os.write(ours, answer)
                waits_for = None
        _, status = os.waitpid(child, 0)
        os.close(ours)
        self.nothing_is_left()
        return text.decode(), os.waitstatus_to_exitcode(status)

    def test_table(self):
        text, code = self.on_terminal("--memory=100M", "--cpus=1", "--", "sh", "-c", "sleep 0.5; echo said", ":::",
                                      "sleep", "0.6")
        self.assertEqual(code, 0, text)
        self.assertIn("0 of 2 done", text)
        self.assertIn("1 of 2 done", text)
        self.assertIn("waits", text)
        self.assertIn("[....................]", text)
        self.assertIn("said\r\n", text)
        self.assertIn("0 of 2 programs failed", text)

    def test_no_table(self):
        text, code = self.on_terminal("--no-table", "--", "sh", "-c", "test -t 1 && echo terminal", ":::", "true")
        self.assertEqual(code, 0, text)
        self.assertIn("terminal", text)
        self.assertNotIn("done", text)

    def test_reads_the_terminal(self):
        text, code = self.on_terminal("--no-table", "--", "sh", "-c", "echo ask; read word; echo got $word", ":::",
                                      "sleep", "1", answer=b"hello\n", waits_for=b"ask")
        self.assertEqual(code, 0, text)
        self.assertIn("got hello", text)

    def test_interrupted_from_the_terminal(self):
        text, code = self.on_terminal("--", "sh", "-c", "echo up; sleep 60", ":::", "sleep", "60", answer=b"\x03",
                                      waits_for=b"up")
        self.assertEqual(code, -signal.SIGINT, text)
        self.assertIn("interrupted", text)


class Ends(JobsTest):
    def test_how_many_failed(self):
        self.check(self.run_jobs("--", "true", ":::", "true"), 0)
        result = self.run_jobs("--", "false", ":::", "true", ":::", "sh", "-c", "kill -9 $$")
        self.check(result, 2, "signal 9", "exit 1")

    def test_report(self):
        document = self.report("--memory=1G", "--slice=100ms", "--cpus=2", "--", "sh", "-c", "exit 7", ":::",
                               "sh", "-c", "kill -SEGV $$", ":::", "true", code=2)
        self.assertEqual([program["exit_code"] for program in document["programs"]], [7, None, 0])
        self.assertEqual([program["signal"] for program in document["programs"]], [None, signal.SIGSEGV, None])
        self.assertEqual([program["failed"] for program in document["programs"]], [True, True, False])
        self.assertEqual(document["budget_bytes"], 1 << 30)
        self.assertEqual(document["programs"][0]["arguments"], ["sh", "-c", "exit 7"])
        for program in document["programs"]:
            self.assertGreater(program["peak_bytes"], 0)
            self.assertEqual(program["attempts"], 1)

    def test_text_that_is_no_utf_8(self):
        document = self.report("--", "true", "a\udcff", code=0)
        self.assertEqual(document["programs"][0]["arguments"], ["true", "a\ufffd"])

    def test_report_that_can_not_be_written(self):
        result = self.run_jobs("--report=/dev/full", "--", "echo", "ran", ":::", "false")
        self.check(result, REPORT_LOST, "/dev/full", "could not be written", "1 of 2 programs failed")
        self.assertEqual(result.stdout, "ran\n")
        result = self.run_jobs("--report=/nonexistent/report", "--", "echo", "ran", ":::", "false")
        self.check(result, NOT_STARTED, "/nonexistent/report", "nothing was started")
        self.assertEqual(result.stdout, "")

    def test_retries(self):
        counter = self.directory / "count"
        counter.write_text("")
        program = ["sh", "-c", f"echo x >>{counter}; test $(wc -l <{counter}) -ge 3"]
        document = self.report("--retries=5", "--", *program, ":::", "true", code=0)
        self.assertEqual(document["programs"][0]["attempts"], 3)
        self.assertEqual(document["programs"][0]["rules"], ["retried"])
        document = self.report("--retries=2", "false", code=1)
        self.assertEqual(document["programs"][0]["attempts"], 3)

    def test_timeout(self):
        document = self.report("--timeout=1s", "--", "sleep", "60", ":::", "sh", "-c",
                               "trap '' TERM; while :; do sleep 0.1; done", ":::", "true", code=2)
        self.assertEqual([program["signal"] for program in document["programs"]],
                         [signal.SIGTERM, signal.SIGKILL, None])
        self.assertEqual([program["rules"] for program in document["programs"]], [["timeout"], ["timeout"], []])

    def test_what_is_left_behind_is_ended(self):
        document = self.report("--", "sh", "-c", "setsid sleep 300 & (sleep 300 &) ; exit 0", code=0)
        self.assertEqual(document["programs"][0]["rules"], ["left_behind"])
        self.assertEqual(document["programs"][0]["left_behind"], 2)

    def test_one_that_ends_at_once(self):
        document = self.report("--cpus=8", "--", "true", *[word for _ in range(49) for word in (":::", "true")], code=0)
        self.assertEqual(len(document["programs"]), 50)


class Faults(JobsTest):
    """Whoever is killed: nothing is left, and all is told. With control groups, and without."""

    def begin(self, *arguments, without="", **more):
        command = [str(COMMAND), "run", *map(str, arguments)]
        process = subprocess.Popen(command, env=self.env(FREEHOLD_WITHOUT=without), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        self.addCleanup(process.kill)
        return process

    def started(self, process, count):
        for _ in range(count):
            self.assertEqual(process.stdout.readline(), "started\n")

    def program_of(self, text):
        """The process among those of this run that was started with this argument."""
        for pid in alive(self.mark):
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0] == b"sh" and text.encode() in words:
                return pid
        return None

    def test_supervisor_is_killed(self):
        for without in WAYS:
            process = self.begin("--slice=50ms", "--cpus=1", "--", "sh", "-c", NAUGHTY, ":::", "sh", "-c", NAUGHTY,
                                 without=without)
            self.started(process, 2)
            process.kill()
            process.wait(10)
            self.nothing_is_left()
            process.communicate()

    def test_a_hangup_that_is_ignored(self):
        """As under nohup."""
        words = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", str(COMMAND), "run", "sh", "-c",
                 "echo started; sleep 1; echo survived", ":::", "true"]
        process = subprocess.Popen(words, env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "started\n")
        process.send_signal(signal.SIGHUP)
        said, _ = process.communicate(timeout=30)
        self.assertEqual((said, process.returncode), ("survived\n", 0))

    def test_interrupted(self):
        for without, number in zip(WAYS, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)):
            with self.subTest(without=without):
                path = self.directory / "interrupted.json"
                process = self.begin("--slice=50ms", "--cpus=1", f"--report={path}", "--", "sh", "-c", NAUGHTY, ":::",
                                     "sleep", "60", ":::", "sh", "-c", "echo started; sleep 60", without=without)
                self.started(process, 2)
                process.send_signal(number)
                if number != signal.SIGINT:
                    wait_until(lambda: "asked to end" in process.stderr.readline())
                    process.send_signal(number)  # at once
                _, said = process.communicate(timeout=30)
                self.assertEqual(process.returncode, -number, said)
                self.nothing_is_left()
                document = json.loads(path.read_text())
                self.validate("run-1.schema.json", document)
                self.assertEqual(document["interrupted_by_signal"], number)
                self.assertTrue(all("interrupted" in program["rules"] for program in document["programs"]))

    def test_a_program_is_killed(self):
        for without in WAYS:
            path = self.directory / "killed.json"
            process = self.begin(f"--report={path}", "--", "sh", "-c", NAUGHTY, ":::", "sh", "-c",
                                 "echo started; sleep 1; exit 4", without=without)
            self.started(process, 2)
            os.kill(self.program_of(NAUGHTY), signal.SIGKILL)
            process.communicate(timeout=30)
            self.assertEqual(process.returncode, 2)
            programs = json.loads(path.read_text())["programs"]
            self.assertEqual((programs[0]["signal"], programs[1]["exit_code"]), (signal.SIGKILL, 4))
            self.assertIn("left_behind", programs[0]["rules"])
            self.nothing_is_left()

    def test_a_child_is_killed(self):
        document = self.report("--", "sh", "-c", "sleep 300 & kill -9 $!; wait $!; exit $(($? - 128))", ":::", "true",
                               code=1)
        self.assertEqual(document["programs"][0]["exit_code"], 9)

    def test_a_keeper_is_killed(self):
        for without in WAYS:
            path = self.directory / "keeper.json"
            process = self.begin(f"--report={path}", "--", "sh", "-c", NAUGHTY, ":::", "sh", "-c",
                                 "echo started; sleep 1; exit 4", without=without)
            self.started(process, 2)
            status = pathlib.Path(f"/proc/{self.program_of(NAUGHTY)}/stat").read_text()
            os.kill(int(status.rsplit(")", 1)[1].split()[1]), signal.SIGKILL)
            process.communicate(timeout=30)
            self.assertEqual(process.returncode, 2)
            programs = json.loads(path.read_text())["programs"]
            self.assertIn("keeper_lost", programs[0]["rules"])
            self.assertEqual(programs[1]["exit_code"], 4)
            self.nothing_is_left()

    def test_one_that_stops_itself(self):
        for without in WAYS:
            path = self.directory / "stopped.json"
            process = self.begin(f"--report={path}", "--slice=50ms", "--cpus=1", "--", "sh", "-c",
                                 "echo started; kill -STOP $$; exit 3", ":::", "sh", "-c",
                                 "echo started; kill -STOP $$; exit 5", without=without)
            self.started(process, 2)
            line = ""
            while "[1] has stopped itself" not in line:
                line = process.stderr.readline()
                self.assertNotEqual(line, "")
            os.kill(int(re.search(r"kill -CONT (\d+)", line).group(1)), signal.SIGCONT)
            process.communicate(timeout=40)
            programs = json.loads(path.read_text())["programs"]
            self.assertEqual((programs[0]["exit_code"], programs[1]["signal"]), (3, signal.SIGKILL))
            self.assertEqual(programs[1]["rules"], ["stopped_itself"])
            self.nothing_is_left()

    def test_suspended_by_the_terminal(self):
        process = self.begin("--", "sh", "-c", "echo started; while :; do :; done", ":::", "sh", "-c",
                             "echo started; while :; do :; done", start_new_session=True)
        self.started(process, 2)
        programs = [pid for pid in alive(self.mark)
                    if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sh\0")]
        self.assertEqual(len(programs), 2)

        def used():
            return [sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))
                    for pid in programs]
        process.send_signal(signal.SIGTSTP)
        self.assertTrue(wait_until(
            lambda: pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"))
        before = used()
        time.sleep(0.3)
        self.assertEqual(used(), before)
        process.send_signal(signal.SIGCONT)
        self.assertTrue(wait_until(lambda: all(now > then for now, then in zip(used(), before))))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        self.nothing_is_left()
