"""`freehold leaks`: asking a process; a stand-in (stand_in.c) for the checking library answers."""
import json
import pathlib
import subprocess
import time

from support import *

NOTHING_LOST, FAILED = 0, 1


class Leaks(CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subject = cls.build_subject()

    def hold(self, answer, **more):
        process = subprocess.Popen([str(self.subject), f"answer={answer}"], env={**environment(),
                                   "LD_PRELOAD": str(self.stand_in)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, **more)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def test_lost(self):
        process = self.hold("lost")
        result = freehold("leaks", process.pid)
        self.check(result, ERRORS_FOUND)
        self.assertIn("error[leak]: 30 bytes in 3 blocks were never freed", result.stdout)
        self.assertIn("make_name", result.stdout)
        self.assertIn("tests/tool/subject.c:", result.stdout)
        self.assertIn(f"process {process.pid} has lost 30 bytes in 3 blocks", result.stdout)
        # It goes on.
        process.stdin.close()
        self.assertEqual(process.wait(20), 0)

    def test_nothing_lost(self):
        result = freehold("leaks", self.hold("nothing").pid)
        self.check(result, NOTHING_LOST)
        self.assertIn("has lost 0 bytes", result.stdout)

    def test_json(self):
        process = self.hold("lost")
        result = freehold("leaks", "--json", process.pid)
        self.check(result, ERRORS_FOUND)
        document = json.loads(result.stdout)
        self.validate("check-1.schema.json", document)
        self.assertEqual(document["summary"]["lost_bytes"], 30)
        self.assertEqual(document["reports"][0]["leak"]["blocks"], 3)
        self.assertEqual(document["program"], [])

    def test_why(self):
        process = self.hold("kept")
        result = freehold("leaks", "--why=0x7f0000001008", process.pid)
        self.check(result, NOTHING_LOST)
        self.assertIn("0x7f0000001008 is kept by this chain", result.stdout)
        self.assertIn("(data of subject) points to the block of 10 bytes at 0x7f0000000000", result.stdout)
        document = json.loads(freehold("leaks", "--why", "0x7f0000001008", "--json", process.pid).stdout)
        self.validate("check-1.schema.json", document)
        self.assertEqual([step["root"] for step in document["chains"][0]["steps"]], ["data", None])
        self.assertIsNone(document["summary"]["lost_bytes"])

    def test_answers_that_are_none(self):
        for answer, code, said in (("memory", FAILED, "Cannot allocate memory"),
                                   ("unknown", NOT_FREEHOLD, "can't answer this")):
            self.check(freehold("leaks", self.hold(answer).pid), code, said)

    def test_no_end_of_the_answer(self):
        self.check(freehold("leaks", "--timeout=0.3", self.hold("slow").pid), NO_ANSWER, "--timeout")

    def test_searcher_that_dies(self):
        self.check(freehold("leaks", self.hold("died").pid), NO_ANSWER, "want of memory")

    def test_process_that_ends_meanwhile(self):
        for pause in range(20):
            process = self.hold("slow")
            asker = subprocess.Popen([str(COMMAND), "leaks", str(process.pid)], stderr=subprocess.PIPE, text=True)
            time.sleep(pause / 4000)
            process.kill()
            process.wait()
            said = asker.communicate(timeout=20)[1]
            self.assertEqual(asker.returncode, NO_PROCESS, said)

    def test_nobody_listens(self):
        self.check(freehold("leaks", self.hold("blocked").pid), NO_ANSWER, "block signal")
        self.check(freehold("leaks", self.hold("taken").pid), NO_ANSWER, "took signal")

    def test_stopped(self):
        process = self.hold("lost")
        process.send_signal(19)
        while "State:\tT" not in pathlib.Path(f"/proc/{process.pid}/status").read_text():
            time.sleep(0.01)
        self.check(freehold("leaks", process.pid), NO_ANSWER, "kill -CONT")

    def test_not_checked(self):
        process = subprocess.Popen(["sleep", "60"])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.check(freehold("leaks", process.pid), NOT_FREEHOLD, "freehold check PROGRAM")

    def test_no_such_process(self):
        process = subprocess.Popen(["true"])
        process.wait()
        self.check(freehold("leaks", process.pid), NO_PROCESS, "there is none")

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_root_asks_as_the_user(self):
        process = self.hold("lost", user=NOBODY, group=NOBODY)
        self.check(freehold("leaks", process.pid), ERRORS_FOUND)
        self.check(freehold("leaks", process.pid, user=NOBODY, group=NOBODY), ERRORS_FOUND)
        other = self.hold("lost")
        self.check(freehold("leaks", other.pid, user=NOBODY), NOT_PERMITTED, "belongs to user 0")

    @unittest.skipUnless((BUILD / "lib/libfreehold-check.so").exists(), "this build has no checker")
    def test_growth(self):
        program = self.compile("grows", """
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct item { struct item *next; char text[92]; };
static struct item *list;
static char *large;
__attribute__((noinline)) static void grow(void) { struct item *i = malloc(sizeof *i); i->next = list; list = i; }
__attribute__((noinline)) static void stay(void) { large = malloc(1 << 20); memset(large, 1, 1 << 20); }
int main(void) {
  struct pollfd input = {.fd = 0, .events = POLLIN};
  stay();
  puts("ready");
  fflush(stdout);
  while (poll(&input, 1, 1) <= 0) grow(); /* being asked interrupts it */
  return list == NULL || large == NULL;
}
""", "-g")
        process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   env=environment(LD_PRELOAD=BUILD / "lib/libfreehold-check.so", FREEHOLD="leaks=off"))
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), "ready\n")
        result = freehold("leaks", "--growth=1", process.pid)
        self.check(result, NOTHING_LOST)
        self.assertRegex(result.stdout, r"it grew by [1-9]\d* bytes in [1-9]\d* blocks between the two looks")
        self.assertLess(result.stdout.index("grow "), result.stdout.index("stay "), "what grew comes first")
        self.assertRegex(result.stdout, r"1 of \d+ places grew in the \d+\.\d s between two looks")
        document = json.loads(freehold("leaks", "--growth", "0.5", "--json", process.pid).stdout)
        self.validate("check-1.schema.json", document)
        first, *others = document["reports"]
        self.assertEqual(first["allocation_stack"][0]["function"], "grow")
        growth = first["leak"]["growth"]
        self.assertEqual(growth["bytes"], 104 * growth["blocks"])
        self.assertGreaterEqual(growth["seconds"], 0.5)
        for report in others:
            self.assertEqual(report["leak"]["growth"]["blocks"], 0, report["allocation_stack"][:1])
        process.stdin.close()
        self.assertEqual(process.wait(20), 0)

    def test_growth_of_a_process_that_ends(self):
        process = self.hold("lost")
        asker = subprocess.Popen([str(COMMAND), "leaks", "--growth=3", str(process.pid)], stderr=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, text=True)
        time.sleep(1)
        process.kill()
        process.wait()
        said = asker.communicate(timeout=20)[1]
        self.assertEqual(asker.returncode, NO_PROCESS, said)

    def test_wrong_arguments(self):
        for arguments, said in (
            ((), "which process"),
            (("x",), "not a process id"),
            (("0",), "not a process id"),
            (("1", "2"), "one process"),
            (("--jsn", "1"), "--json"),
            (("--why=x", "1"), "not an address"),
            (("--why=-1", "1"), "not an address"),
            (("--timeout=soon", "1"), "seconds"),
            (("--growth=0", "1"), "seconds"),
        ):
            self.check(freehold("leaks", *arguments), USAGE, said)

    def test_output_that_can_not_be_written(self):
        process = self.hold("nothing")
        with open("/dev/full", "w") as full:
            result = subprocess.run([str(COMMAND), "leaks", str(process.pid)], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, FAILED)
