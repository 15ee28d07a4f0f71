"""`freehold run --gc` with a report, and `freehold gc`: what was lost and taken back, and what keeps a block."""
import json
import re
import signal
import subprocess

from support import *

COLLECTOR = BUILD / "lib" / "libfreehold-gc.so"
LINE = (r"freehold: collection \d+ \((allowance used up|asked for|out of memory|the program ends)\): pause \d+ us, "
        r"live \d+ -> \d+ KiB, reclaimed \d+ KiB, heap \d+ KiB, \d+ mark threads?")

LEAK = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#define APART __attribute__((noinline, noclone))
static void *kept[1000];
APART static char *lose_small(void) { char *p = malloc(40); memset(p, 1, 40); return p; }
APART static void lose_large(void) { char *p = malloc(300000); memset(p, 1, 300000); }
APART static void lose_grown(void) { char *p = malloc(100); p = realloc(p, 400); memset(p, 1, 400); }
APART static void lose_zeroed(void) { char *p = calloc(10, 20); p[0] = 1; }
APART static void lose_aligned(void) { void *p; if (posix_memalign(&p, 256, 500) == 0) memset(p, 1, 500); }
APART static void lose_rows(void) { for (int i = 0; i < 3; i++) lose_zeroed(); }
static void *in_thread(void *argument) { for (int i = 0; i < 1000; i++) lose_large(); return argument; }
/* So that no leftover on the stack or in a register points to the last ones. */
APART static void wipe(void) { volatile char space[16384]; memset((char *)space, 0, sizeof space); }
int main(int count, char **arguments) {
  for (int i = 0; i < 100000; i++) lose_small();
  for (int i = 0; i < 50; i++) lose_large();
  for (int i = 0; i < 1000; i++) { lose_grown(); kept[i] = malloc(77); }
  for (int i = 0; i < 10; i++) { lose_rows(); lose_aligned(); }
  for (int i = 0; i < 500; i++) free(kept[i]);
  wipe();
  if (count > 1 && strcmp(arguments[1], "fork") == 0) {
    pid_t child = fork();
    if (child == 0) { for (int i = 0; i < 7; i++) lose_large(); wipe(); exit(0); }
    int status;
    waitpid(child, &status, 0);
  }
  if (count > 1 && strcmp(arguments[1], "thread") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
  }
  if (count > 1 && strcmp(arguments[1], "killed") == 0) raise(15);
  puts("done");
  return 3;
}
"""


class CollectorTest(CommandTest):
    @classmethod
    def setUpClass(cls):
        if not COLLECTOR.exists():
            raise unittest.SkipTest("this build has no collector")
        super().setUpClass()


class Report(CollectorTest):
    def places(self, *words, code=3):
        """function -> (blocks, bytes), the summary, and the whole result."""
        program = self.compile("leak", LEAK, "-g", "-pthread")
        target = self.directory / "report.json"
        result = freehold("run", "--gc", "--gc-report", f"--json={target}", program, *words)
        self.check(result, code)
        document = json.loads(target.read_text())
        self.validate("check-1.schema.json", document)
        places = {}
        for report in document["reports"]:
            self.assertEqual(report["id"], "leak")
            frames = report["object"]["allocation_stack"]
            name = frames[0]["function"] if frames else None
            blocks, lost = places.get(name, (0, 0))
            places[name] = (blocks + report["leak"]["blocks"], lost + report["leak"]["bytes"])
        return places, document["summary"], result

    def few_less(self, have, want):
        """A collector that looks at stacks and registers may keep the last object of each place."""
        self.assertLessEqual(have, want)
        self.assertGreaterEqual(have, want - 2 - want // 100)

    def test_every_block_is_listed_where_it_was_allocated(self):
        places, summary, result = self.places()
        self.assertEqual(result.stdout, "done\n")
        sizes = {"lose_small": (100000, 48), "lose_large": (50, 303104), "lose_grown": (1000, 416),
                 "lose_zeroed": (30, 208), "lose_aligned": (10, 512)}
        for name, (blocks, slot) in sizes.items():
            self.few_less(places[name][0], blocks)
            self.assertEqual(places[name][1], places[name][0] * slot, name)
        self.assertNotIn("main", places, "what is kept or freed is not listed")
        self.assertEqual(summary["lost_blocks"], sum(blocks for blocks, _ in places.values()))
        self.assertEqual(summary["lost_bytes"], sum(lost for _, lost in places.values()))

    def test_text(self):
        _, _, result = self.places()
        self.assertRegex(result.stderr, r"error\[leak\]: \d+ bytes in (4999[89]|49|50) blocks? were never freed")
        self.assertRegex(result.stderr, r"lose_zeroed +\S*leak.c:\d+:\d+\n.*\n +lose_rows")
        self.assertRegex(result.stderr, r"freehold: taken back: \d+\.\d MiB in \d+ blocks, in [1-9]\d* collections")
        self.assertIn("the program ended with exit code 3", result.stderr)
        self.assertNotIn("to leave it out", result.stderr)
        first = result.stderr.index("lose_large")
        self.assertLess(first, result.stderr.index("lose_small"), "those of most bytes come first")
        self.assertLess(result.stderr.index("lose_small"), result.stderr.index("lose_aligned"))

    def test_threads_and_children(self):
        places, _, _ = self.places("thread")
        self.few_less(places["lose_large"][0], 1050)
        places, _, _ = self.places("fork")
        self.few_less(places["lose_large"][0], 57)

    def test_a_program_that_is_killed(self):
        places, _, result = self.places("killed", code=128 + signal.SIGTERM)
        self.assertEqual(places, {})
        self.assertIn("ended by signal 15", result.stderr)

    def test_nothing_lost(self):
        program = self.compile("clean", "#include <stdlib.h>\nint main(void) {"
                               "for (int i = 0; i < 300000; i++) free(malloc(100)); return 0; }")
        result = freehold("run", "--gc", "--gc-report", program)
        self.check(result, 0, "taken back: 0 bytes in 0 blocks")

    def test_without_the_command(self):
        program = self.compile("leak", LEAK, "-g", "-pthread")
        alone = environment(LD_PRELOAD=COLLECTOR, FREEHOLD="gc_report,gc_log")
        result = subprocess.run([program], env=alone, capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (3, "done\n"))
        self.assertRegex(result.stderr, r"error\[leak\]: (100000|9999[89]) blocks, \d+ bytes, lost\n  allocated at:\n"
                                        r"    \S*/leak\+0x[0-9a-f]+\n")
        self.assertRegex(result.stderr,
                         r"freehold: taken back \d+ bytes in \d+ blocks from 7 places, in \d+ collections")
        lines = [line for line in result.stderr.splitlines() if line.startswith("freehold: collection ")]
        self.assertGreater(len(lines), 2)
        for line in lines:
            self.assertRegex(line, rf"^{LINE}$")
        where = re.search(r"(\S*/leak)\+(0x[0-9a-f]+)", result.stderr).groups()
        named = subprocess.run(["addr2line", "-f", "-e", *where], capture_output=True, text=True)
        self.assertTrue(named.stdout.startswith("lose_"), named.stdout)

    def test_where_addresses_are_limited(self):
        program = self.compile("leak", LEAK, "-g", "-pthread")
        result = subprocess.run(["sh", "-c", f"ulimit -v 300000; exec {program}"], capture_output=True, text=True,
                                env=environment(LD_PRELOAD=COLLECTOR, FREEHOLD="gc_report"))
        self.assertEqual((result.returncode, result.stdout), (3, "done\n"))
        # The heap's own descriptors, which are no reservation's there, must keep nothing.
        self.assertRegex(result.stderr, r"(49|50) blocks, 1[45]\d{6} bytes, lost")
        self.assertRegex(result.stderr, r"(100000|9999[89]) blocks, 4[78]\d{5} bytes, lost")

    def test_wrong_arguments(self):
        for words, said in ((("--gc-report", "true"), "add --gc"), (("--gc", "--json=x", "true"), "--gc-report"),
                            (("--gc", "--gc-report", "--json=/no/such/place", "true"), "No such file")):
            self.check(freehold("run", *words), USAGE, said)

    def test_json_that_can_not_be_written(self):
        self.check(freehold("run", "--gc", "--gc-report", "--json=/dev/full", "true"), OUTPUT_LOST, "can't be written")

    def test_settings_in_the_environment(self):
        result = freehold("run", "--gc", "true", env=environment(FREEHOLD="collect_every=64K,gc_log"))
        self.check(result, 0)
        self.assertNotIn("no such option", result.stderr)


KEPT = """
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#define APART __attribute__((noinline, noclone))
struct node { struct node *next; char text[40]; };
static struct node *list;
static __thread void *volatile local; /* nobody reads it, and it is written all the same */
static uintptr_t hidden[6];
APART static void *block(size_t bytes) { void *p = malloc(bytes); memset(p, 0, bytes); return p; }
APART static void in_list(void) {
  for (int i = 0; i < 4; i++) { struct node *n = block(sizeof *n); n->next = list; list = n; }
  hidden[0] = ~(uintptr_t)list->next->next->next->text;
}
APART static void in_local(void) { local = block(500); hidden[1] = ~(uintptr_t)local; }
APART static void in_kernel(void) {
  int ends[2];
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = block(600)};
  hidden[2] = ~(uintptr_t)event.data.ptr;
  if (pipe(ends) != 0 || epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, ends[0], &event) != 0) exit(1);
  memset(&event, 0, sizeof event);
}
APART static void nowhere(void) { hidden[3] = ~(uintptr_t)block(700); }
APART static void in_itself(void) { void **p = block(300000); p[1000] = p; hidden[4] = ~(uintptr_t)&p[1000]; }
static volatile int go;
static void *wait_with(void *argument) {
  void *volatile mine = block(800);
  hidden[5] = ~(uintptr_t)mine;
  while (!go) usleep(10000);
  return (void *)mine;
}
APART static void wipe(void) { volatile char space[16384]; memset((char *)space, 0, sizeof space); }
int main(void) {
  pthread_t thread;
  in_list(); in_local(); in_kernel(); nowhere(); in_itself();
  pthread_create(&thread, NULL, wait_with, NULL);
  while (hidden[5] == 0) usleep(1000);
  wipe();
  for (int i = 0; i < 6; i++) printf("%zx\\n", hidden[i]);
  puts("ready");
  fflush(stdout);
  char c;
  if (read(0, &c, 1) < 0) return 1;
  go = 1;
  pthread_join(thread, NULL);
  return 0;
}
"""


class Why(CollectorTest):
    def hold(self, *flags, program=None, env=None):
        """A running program, and the addresses that it printed as complements, so that no copy in a buffer counts."""
        program = program or self.compile("kept", KEPT, "-g", "-pthread")
        words = [str(COMMAND), "run", "--gc", *flags, str(program)] if env is None else [str(program)]
        process = subprocess.Popen(words, env=env or environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.end, process)
        addresses = []
        while (line := process.stdout.readline()) not in ("ready\n", ""):
            addresses.append(~int(line, 16) & 0xffffffffffffffff)
        return process, addresses

    def ask(self, process, address, code=0):
        result = freehold("gc", "why", "--json", process.pid, hex(address))
        self.check(result, code)
        document = json.loads(result.stdout)
        self.validate("check-1.schema.json", document)
        return document["chains"][0]

    def test_a_call_that_waits_goes_on(self):
        program = self.compile("sleeper", """
            #include <stdio.h>
            #include <stdlib.h>
            #include <unistd.h>
            int main(void) {
              void *volatile kept = malloc(100);
              printf("%lx\\nready\\n", ~(unsigned long)kept);
              fflush(stdout);
              return (int)sleep(4);
            }""")
        process, addresses = self.hold(program=program)
        self.assertTrue(self.ask(process, addresses[0])["kept"])
        self.assertEqual(process.wait(30), 0, "seconds that were left of a sleep")

    def test_chains(self):
        process, addresses = self.hold()
        chain = self.ask(process, addresses[0])
        self.assertTrue(chain["kept"])
        self.assertEqual(len(chain["steps"]), 4, "the list's head, and three links")
        self.assertEqual(chain["steps"][0]["root"], "data")
        self.assertEqual(chain["steps"][0]["root_name"], "data of " + str(self.directory / "kept")[:55])
        blocks = [int(step["block"], 16) for step in chain["steps"]]
        for before, step in zip(blocks, chain["steps"][1:]):
            self.assertEqual(int(step["from"], 16), before, "the link is a node's first word")
            self.assertEqual(step["block_bytes"], 48)
            self.assertIsNone(step["root"])
        self.assertEqual(blocks[-1] + 8, addresses[0])
        local, kernel, stack = (self.ask(process, addresses[i]) for i in (1, 2, 5))
        self.assertEqual([local["steps"][0]["root"], kernel["steps"][0]["root"]], ["thread-local", "kernel"])
        self.assertRegex(kernel["steps"][0]["root_name"], r"^epoll \d+$")
        self.assertIn(stack["steps"][0]["root"], ("stack", "register"))
        # It goes on, unharmed.
        process.stdin.write("x")
        process.stdin.close()
        self.assertEqual(process.wait(20), 0)

    def test_what_nothing_keeps(self):
        process, addresses = self.hold()
        for address in (addresses[3], addresses[4], 0x10):
            chain = self.ask(process, address, ERRORS_FOUND)
            self.assertEqual((chain["kept"], chain["steps"]), (False, []))

    def test_text_with_stacks(self):
        command, addresses = self.hold("--gc-report")
        children = subprocess.run(["pgrep", "-P", str(command.pid)], capture_output=True, text=True).stdout.split()
        result = freehold("gc", "why", children[0], hex(addresses[0]))
        self.check(result, 0)
        self.assertIn(f"{hex(addresses[0])} is kept by this chain:", result.stdout)
        self.assertRegex(result.stdout, r"\(data of \S+\) points to the block of 48 bytes at 0x[0-9a-f]+, allocated:\n"
                                        r" +block +\S*kept.c:\d+:\d+\n.*\n +in_list ")
        command.stdin.close()
        self.assertEqual(command.wait(20), 0)

    def test_text_without_stacks(self):
        process, addresses = self.hold()
        result = freehold("gc", "why", process.pid, hex(addresses[1]))
        self.assertRegex(result.stdout, r"\(thread-local storage of thread \d+\) points to the block of 512 bytes at "
                                        r"0x[0-9a-f]+\n")
        self.assertNotIn("is not known", result.stdout)

    def test_a_client_of_libgc(self):
        program = self.compile("client", """
#include <gc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static volatile uintptr_t *page;
__attribute__((noinline)) static void fill(uintptr_t *hidden) {
  char *volatile *kept = GC_MALLOC_UNCOLLECTABLE(100);
  char *volatile atomic = GC_MALLOC_ATOMIC(200);
  kept[3] = GC_MALLOC(300);
  hidden[0] = ~(uintptr_t)kept[3];
  page[5] = (uintptr_t)GC_MALLOC(400);
  hidden[1] = ~page[5];
  *(void *volatile *)(atomic + 8) = GC_MALLOC(500);
  hidden[2] = ~*(uintptr_t *)(atomic + 8);
  ((void *volatile *)GC_MALLOC_UNCOLLECTABLE(64))[0] = atomic;
  hidden[3] = ~(uintptr_t)atomic;
}
__attribute__((noinline)) static void wipe(void) { volatile char s[16384]; for (unsigned i = 0; i < sizeof s; i++) s[i] = 0; }
int main(void) {
  static uintptr_t hidden[4];
  GC_INIT();
  page = malloc(1 << 20);
  GC_add_roots((void *)page, (void *)(page + 100));
  fill(hidden);
  wipe();
  for (int i = 0; i < 4; i++) printf("%zx\\n", hidden[i]);
  puts("ready");
  fflush(stdout);
  return getchar() == EOF;
}
""", f"-I{SOURCE}/include", f"-L{BUILD}/lib", "-lgc", f"-Wl,-rpath,{BUILD}/lib")
        process, addresses = self.hold(program=program, env=environment())
        kept, added = self.ask(process, addresses[0]), self.ask(process, addresses[1])
        self.assertEqual([step["root"] for step in kept["steps"]], ["collector", None])
        self.assertEqual(kept["steps"][0]["root_name"], "allocated to be kept until it is freed")
        self.assertEqual(added["steps"][0]["root_name"], "memory registered with the collector")
        self.assertEqual(len(self.ask(process, addresses[3])["steps"]), 2)
        self.assertFalse(self.ask(process, addresses[2], ERRORS_FOUND)["kept"], "atomic objects lead nowhere")

    def test_wrong_arguments(self):
        for words, said in (((), "Write: freehold gc why PID ADDRESS"), (("why",), "which process"),
                            (("what", "1", "2"), "no such question"), (("why", "x", "0x1"), "not a process id"),
                            (("why", "1", "x"), "not an address"), (("why", "1", "0x1", "2"), "leave out 2"),
                            (("why", "--jsn", "1", "0x1"), "--json"), (("why", "--timeout=x", "1", "1"), "seconds")):
            self.check(freehold("gc", *words), USAGE, said)
        self.check(freehold("gc", "--help"), 0)

    def test_other_processes(self):
        process = subprocess.Popen(["sleep", "60"])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.check(freehold("gc", "why", process.pid, "0x1"), NOT_FREEHOLD, "freehold run --gc PROGRAM")
        ended = subprocess.Popen(["true"])
        ended.wait()
        self.check(freehold("gc", "why", ended.pid, "0x1"), NO_PROCESS, "there is none")

    def test_what_the_collector_does_not_answer(self):
        process, _ = self.hold()
        self.check(freehold("leaks", process.pid), 1, "can't answer", "--gc-report")
