"""`freehold map`: pictures and numbers of address spaces, compared with what the kernel says."""
import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import time

from support import *

MEBIBYTE = 1 << 20
SMAPS_FIELDS = {
    "Rss": "resident_bytes",
    "Pss": "proportional_bytes",
    "Private_Clean": "private_bytes",
    "Private_Dirty": "private_bytes",
    "Swap": "swapped_bytes",
    "AnonHugePages": "huge_bytes",
    "LazyFree": "lazily_freed_bytes",
}
COUNTS = ("reserved_bytes", "resident_bytes", "proportional_bytes", "private_bytes", "swapped_bytes", "huge_bytes",
          "lazily_freed_bytes", "huge_pool_bytes", "guard_bytes")

# Programs that wait on their input, of many kinds: small and large, interpreters, just-in-time compilers, threads.
PROGRAMS = {
    "cat": ["cat"], "sort": ["sort"], "bash": ["bash"], "dash": ["dash"], "awk": ["awk", "{print}"],
    "gawk": ["gawk", "{print}"], "sed": ["sed", "-n", "p"], "grep": ["grep", "x"], "perl": ["perl", "-ne", "print"],
    "python3": ["python3", "-c", "import json, decimal, sqlite3, sys; sys.stdin.read()"],
    "sqlite3": ["sqlite3", "-batch"], "jq": ["jq", "."], "bc": ["bc"], "dc": ["dc"], "m4": ["m4"], "ed": ["ed"],
    "lua5.4": ["lua5.4", "-"], "tclsh": ["tclsh"], "ruby": ["ruby", "-e", "STDIN.read"], "gdb": ["gdb", "-q", "-nx"],
    "node": ["node", "-e", "process.stdin.resume()"], "openssl": ["openssl", "sha256"], "xz": ["xz", "-c"],
    "zstd": ["zstd", "-c"], "gcc": ["gcc", "-E", "-"], "cmp": ["cmp", "-", "/dev/null"],
    "git": ["git", "hash-object", "--stdin"],
    "redis-server": ["redis-server", "-"], "guile": ["guile", "-c", "(read)"], "gpg": ["gpg", "--enarmor"],
}
PROGRAMS_WANTED, PROGRAMS_LEAST = 24, 12
WITHIN = 0.02


def smaps(pid):
    """What the kernel adds up, in the names of the document. The proportional sum is that of smaps_rollup: in smaps
    it is rounded down to KiB in each mapping, which in small processes loses several percent."""
    sums = dict.fromkeys(SMAPS_FIELDS.values(), 0)
    for file in ("smaps", "smaps_rollup"):
        for line in pathlib.Path(f"/proc/{pid}/{file}").read_text(errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name in SMAPS_FIELDS and (name == "Pss") == (file == "smaps_rollup"):
                sums[SMAPS_FIELDS[name]] += int(value.split()[0]) * 1024
    return sums


def sleeps(pid):
    """It waits for something, and so has done what it does first."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


class MapTest(CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subject = cls.directory / "map-subject"
        compiler = os.environ.get("CC", "cc").split()
        subprocess.run([*compiler, "-O1", "-o", cls.subject, SOURCE / "tests/tool/map_subject.c", "-pthread"],
                       check=True)

    def spawn(self, words, **more):
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True, env=more.pop("env", environment()), **more)
        self.addCleanup(self.end, process)
        return process

    def hold(self, *arguments, on_freehold=False, **more):
        """The subject with what the arguments make, once it is made."""
        front = [COMMAND, "run"] if on_freehold else []
        process = self.spawn([*front, self.subject, *arguments], **more)
        self.assertEqual(process.stdout.readline(), "ready\n", arguments)
        return process

    def more(self, process, what):
        process.stdin.write(what + "\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), "ready\n")

    def document(self, *arguments, schema="map-1.schema.json", **more):
        result = freehold("map", "--json", *arguments, **more)
        self.check(result, 0)
        document = json.loads(result.stdout)
        self.validate(schema, document)
        if schema == "map-1.schema.json":
            for process in document["processes"]:
                self.equations(process)
        return document

    def look(self, *arguments, **more):
        (process,) = self.document(*arguments, **more)["processes"]
        return process

    def equations(self, process):
        deep = process["depth"] != "counters"
        last = 0
        sums = {}
        for region in process["regions"]:
            start, end = int(region["start"], 16), int(region["end"], 16)
            self.assertLessEqual(last, start)
            self.assertEqual(region["reserved_bytes"], end - start)
            last = end
            of_kind = sums.setdefault(region["kind"], dict.fromkeys(COUNTS, 0))
            for name in COUNTS:
                self.assertEqual(region[name] is None, not deep and name != "reserved_bytes")
                of_kind[name] += region[name] or 0
            if process["depth"] == "pages":
                self.assertLessEqual(region["private_bytes"], region["proportional_bytes"] + 1)
                self.assertLessEqual(region["proportional_bytes"], region["resident_bytes"])
                self.assertLessEqual(region["resident_bytes"] + region["swapped_bytes"], region["reserved_bytes"])
        kinds = {kind["kind"]: {name: kind[name] or 0 for name in COUNTS} for kind in process["kinds"]}
        self.assertEqual(kinds, sums)
        for name in COUNTS:
            self.assertEqual(process["total"][name] or 0, sum(of_kind[name] for of_kind in sums.values()))
        why = process["resident_minus_live"]
        self.assertEqual(why is None, process["heap"] is None)
        if why is not None:
            self.assertEqual(sum(part["bytes"] for part in why["parts"]), why["resident_bytes"] - why["live_bytes"])

    def kind(self, process, name, count="resident_bytes"):
        return sum(kind[count] for kind in process["kinds"] if kind["kind"] == name)

    def compare(self, pid, **more):
        """A deep look says what smaps says. Other processes come and go meanwhile and change what is shared, and this
        one may not be through with its start: a difference that is there each time is a wrong one."""
        for attempt in range(8):
            process = self.look("--deep", pid, **more)
            stand_in = start("map", "--since=600", os.getpid())  # maps what the look itself did
            while not sleeps(stand_in.pid):
                time.sleep(0.005)
            expected = smaps(pid)
            self.end(stand_in)
            wrong = {name: (process["total"][name], value) for name, value in expected.items()
                     if abs(process["total"][name] - value) > max(WITHIN * value, 4096)}
            if not wrong:
                return process
            time.sleep(0.05 * attempt)
        self.fail(f"{process['command']} by {process['depth']}: {wrong}")


class Numbers(MapTest):
    def test_real_programs(self):
        running = []
        for name, words in PROGRAMS.items():
            if len(running) < PROGRAMS_WANTED and shutil.which(words[0]) is not None:
                # Every other one on Freehold's heap.
                front = [COMMAND, "run", "--force"] if len(running) % 2 == 0 else []
                running.append((name, self.spawn([*front, *words])))
        seen = []
        for name, process in running:
            deadline = time.monotonic() + 30
            while process.poll() is None and not sleeps(process.pid) and time.monotonic() < deadline:
                time.sleep(0.02)
            if process.poll() is not None:
                continue  # it wanted something else than input
            with self.subTest(program=name):
                looked = self.compare(process.pid)
                self.assertGreater(looked["total"]["resident_bytes"], 0)
                seen.append(name)
        if len(running) >= PROGRAMS_WANTED:
            self.assertGreaterEqual(len(seen), 20, seen)
        self.assertGreaterEqual(len(seen), min(PROGRAMS_LEAST, len(running)))

    def test_every_kind_of_page(self):
        for arguments in (("resident=40", "reserved=500", "zero=20"), ("huge=32", "resident=3"), ("lazy=16",),
                          ("guards=4",), ("memfd=16", "file"), ("share=8",), ("waiting=20", "running=1")):
            for on_freehold in (False, True):
                with self.subTest(arguments=arguments, on_freehold=on_freehold):
                    try:
                        process = self.hold(*arguments, on_freehold=on_freehold)
                    except AssertionError:
                        if arguments[0].startswith("guards"):
                            continue  # the kernel has no such advice
                        raise
                    looked = self.compare(process.pid)
                    total = looked["total"]
                    if arguments[0] == "resident=40":
                        self.assertGreater(total["resident_bytes"], 40 * MEBIBYTE)
                        # Some virtual machines' kernels have no page of zeros that mappings share.
                        self.assertLess(total["resident_bytes"], (55 + 20) * MEBIBYTE)
                    elif arguments[0] == "lazy=16":
                        self.assertGreater(total["lazily_freed_bytes"], 15 * MEBIBYTE)
                    elif arguments[0] == "guards=4" and looked["depth"] == "pages":
                        self.assertIn(total["guard_bytes"], (0, 2 * MEBIBYTE))  # 0: Linux before 6.15 doesn't tell
                    elif arguments[0] == "memfd=16":
                        self.assertEqual(self.kind(looked, "shared_memory"), 8 * MEBIBYTE)
                        self.assertGreaterEqual(self.kind(looked, "mapped_files", "reserved_bytes"), 4096)
                    elif arguments[0] == "share=8":
                        self.assertAlmostEqual(self.kind(looked, "shared_memory", "proportional_bytes"), 2 * MEBIBYTE,
                                               delta=4096)

    def test_swapped(self):
        if len(pathlib.Path("/proc/swaps").read_text().splitlines()) < 2:
            swap = self.directory / "swap"
            with swap.open("wb") as file:  # on the disk, for swap has no use for holes
                file.write(bytes(32 * MEBIBYTE))
                file.flush()
                os.fsync(file.fileno())
            swap.chmod(0o600)
            for words in (["mkswap", swap], ["swapon", swap]):
                if shutil.which(words[0]) is None or subprocess.run(words, capture_output=True).returncode != 0:
                    self.skipTest(f"no swap here, and {words[0]} can't make some")
            self.addCleanup(subprocess.run, ["swapoff", swap], check=True)
        process = self.hold("swap=8")
        self.assertGreater(self.compare(process.pid)["total"]["swapped_bytes"], 0)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_as_a_plain_user(self):
        self.directory.chmod(0o755)
        self.subject.chmod(0o755)
        for on_freehold in (False, True):
            process = self.hold("resident=20", "share=2", on_freehold=on_freehold, user=NOBODY)
            looked = self.compare(process.pid, user=NOBODY)
            self.assertEqual(looked["depth"], "smaps")
            self.assertGreater(looked["total"]["resident_bytes"], 20 * MEBIBYTE)

    def test_nothing_is_opened_that_walks_pages(self):
        if shutil.which("strace") is None:
            self.skipTest("needs strace")
        process = self.hold("resident=4", on_freehold=True)
        for flags, may in (((), False), (("--tree",), False), (("--deep",), True)):
            trace = self.directory / "trace"
            result = subprocess.run(["strace", "-f", "-o", trace, "-e", "trace=openat,open", COMMAND, "map", *flags,
                                     str(process.pid)], env=environment(), capture_output=True, text=True)
            if result.returncode != 0 and "ptrace" in result.stderr.lower():
                self.skipTest("strace can't trace here")
            self.assertEqual(result.returncode, 0, result.stderr)
            opened = set(re.findall(r'"/proc/\d+/(\w+)"', trace.read_text()))
            self.assertTrue({"maps", "status"} <= opened, opened)
            self.assertEqual(bool({"smaps", "smaps_rollup", "pagemap", "numa_maps"} & opened), may, opened)

    def test_counters(self):
        process = self.hold("resident=30", "waiting=3")
        looked = self.look(process.pid)
        self.assertEqual(looked["depth"], "counters")
        self.assertIsNone(looked["total"]["resident_bytes"])
        counters = looked["counters"]
        self.assertEqual(counters["resident_bytes"], counters["resident_anonymous_bytes"] +
                         counters["resident_file_bytes"] + counters["resident_shared_memory_bytes"])
        self.assertGreater(counters["resident_anonymous_bytes"], 30 * MEBIBYTE)
        self.assertEqual(counters["threads"], 4)
        self.assertEqual(looked["pid"], process.pid)
        self.assertEqual(looked["parent_pid"], os.getpid())
        self.assertIn("waiting", looked["command_line"])

    def test_a_process_that_changes(self):
        for on_freehold in (False, True):
            process = self.hold("churn", on_freehold=on_freehold)
            for i in range(8):
                self.document(*(("--deep",) if i % 2 else ()), process.pid)
            self.assertIsNone(process.poll())


class Purposes(MapTest):
    def test_stacks_have_their_threads(self):
        for on_freehold in (False, True):
            process = self.hold("waiting=5", "running=2", on_freehold=on_freehold)
            looked = self.look(process.pid)
            stacks = [region for region in looked["regions"] if region["thread_id"] is not None]
            threads = {int(name) for name in os.listdir(f"/proc/{process.pid}/task")}
            self.assertEqual({region["thread_id"] for region in stacks}, threads)
            self.assertEqual(sorted(region["thread_name"] for region in stacks if region["kind"] == "thread_stacks"),
                             ["runs-0", "runs-1", "waits-0", "waits-1", "waits-2", "waits-3", "waits-4"])
            (main,) = [region for region in stacks if region["kind"] == "stack"]
            self.assertEqual(main["thread_id"], process.pid)
            # The kernel shows where each waiting thread's stack pointer is.
            for region in stacks:
                words = pathlib.Path(f"/proc/{process.pid}/task/{region['thread_id']}/syscall").read_text().split()
                if len(words) > 2:
                    self.assertTrue(int(region["start"], 16) <= int(words[-2], 16) < int(region["end"], 16), region)

    def test_kinds(self):
        process = self.hold("code", "memfd=1", "file", "reserved=3")
        looked = self.look("--deep", process.pid)
        kinds = {}
        for region in looked["regions"]:
            kinds.setdefault(region["kind"], []).append(region)
        self.assertEqual(sum(region["reserved_bytes"] for region in kinds["generated_code"]), MEBIBYTE)
        self.assertTrue(any("memfd:picture" in region["name"] for region in kinds["shared_memory"]))
        self.assertTrue(any(region["name"] == str(self.subject) for region in kinds["mapped_files"]))
        self.assertTrue(any(region["name"] == str(self.subject) for region in kinds["code"]))
        self.assertTrue(any("libc" in region["name"] for region in kinds["read_only_data"]))
        self.assertTrue(any(region["name"] == "[heap]" for region in kinds["break_heap"]))
        self.assertTrue(any(region["name"] == "[vdso]" for region in kinds["kernel_pages"]))
        for region in kinds["code"]:
            self.assertIn("x", region["permissions"])
        for region in kinds["read_only_data"]:
            self.assertNotIn("w", region["permissions"])

    def test_zeroed_data_is_data_and_what_lies_behind_is_not(self):
        program = self.compile("zeroed", """
            #include <stdio.h>
            char zeroed[5 << 20];
            int main(void) { zeroed[1 << 20] = 1; puts("ready"); fflush(stdout); return getchar() == 1; }""")
        process = self.spawn([program])
        process.stdout.readline()
        data = self.kind(self.look(process.pid), "data", "reserved_bytes")
        self.assertGreaterEqual(data, 5 * MEBIBYTE)
        self.assertLess(data, 6 * MEBIBYTE)

    def test_the_inside_of_the_heap(self):
        holder = self.compile("holder", HOLDER)
        process = self.spawn([COMMAND, "run", holder, 20000, 200], env=environment(FREEHOLD="purge_thread=off"))
        process.stdout.readline()
        accounts = json.loads(freehold("stat", "--json", process.pid).stdout)
        for flags in ((), ("--deep",)):
            looked = self.look(*flags, process.pid)
            heap = looked["heap"]
            self.assertFalse(heap["estimated"])
            for name in set(heap) & set(accounts) - {"classes", "large"}:
                self.assertEqual(heap[name], accounts[name], name)
            self.assertEqual(sum(one["live_bytes"] for one in heap["classes"]) + heap["large"]["live_bytes"],
                             accounts["live_bytes"])
            self.assertEqual([one["object_bytes"] for one in heap["classes"]],
                             [one["object_bytes"] for one in accounts["classes"] if one["spans"] > 0])
            live = sum(stretch[0] for stretch in heap["stretches"])
            self.assertAlmostEqual(live, heap["live_bytes"], delta=len(heap["stretches"]))
            reserve = self.kind(looked, "heap_reserve", "reserved_bytes")
            space = reserve + sum(self.kind(looked, kind, "reserved_bytes") for kind in ("heap", "heap_metadata"))
            self.assertAlmostEqual(space, heap["reserved_bytes"], delta=MEBIBYTE)
        resident = sum(one["resident_bytes"] for one in heap["classes"])
        resident += heap["large"]["resident_bytes"] + heap["free_resident_bytes"]
        self.assertEqual(resident, self.kind(looked, "heap"))
        self.assertGreaterEqual(resident, 20000 * 200)
        self.assertEqual(resident, sum(stretch[2] for stretch in heap["stretches"]))
        self.assertGreater(self.kind(looked, "heap_metadata"), 0)
        self.assertEqual(self.kind(looked, "heap_reserve"), 0)

    def test_a_large_heap_is_estimated(self):
        process = self.hold("spans=2500", on_freehold=True)
        self.assertLess(self.look(process.pid)["counters"]["resident_bytes"], 500 * MEBIBYTE)
        accounts = json.loads(freehold("stat", "--json", process.pid).stdout)
        heap = self.look(process.pid)["heap"]
        self.assertTrue(heap["estimated"])
        for name in ("live_bytes", "held_back_bytes", "live_objects"):
            self.assertAlmostEqual(heap[name] / accounts[name], 1, delta=0.15, msg=name)
        self.assertEqual(heap["heap_bytes"], heap["live_bytes"] + heap["held_back_bytes"])
        self.assertIn("estimated", freehold("map", process.pid).stdout)
        heap = self.look("--deep", process.pid)["heap"]
        self.assertFalse(heap["estimated"])
        self.assertEqual(heap["live_bytes"], accounts["live_bytes"])

    def test_guarded_objects_of_a_checked_program(self):
        if not (BUILD / "lib/libfreehold-check.so").exists():
            self.skipTest("no checking library in the build")
        process = self.spawn([COMMAND, "check", self.subject, "spans=2"])
        self.assertEqual(process.stdout.readline(), "ready\n")
        looked = self.document("--deep", "--tree", process.pid)["processes"][-1]
        self.assertEqual(looked["command"], "map-subject")
        (guarded,) = [kind for kind in looked["kinds"] if kind["kind"] == "heap_guarded"]
        self.assertGreater(guarded["reserved_bytes"], 1 << 26)
        self.assertLess(guarded["resident_bytes"], 8 * MEBIBYTE)

    def test_under_a_limit_on_addresses(self):
        process = self.spawn(["sh", "-c", f"ulimit -v 600000; exec {COMMAND} run {self.subject} spans=20"])
        self.assertEqual(process.stdout.readline(), "ready\n")
        looked = self.look("--deep", process.pid)
        self.assertGreater(self.kind(looked, "heap", "reserved_bytes"), 10 * MEBIBYTE)
        self.assertGreater(self.kind(looked, "heap_metadata"), 0)
        self.assertGreater(looked["heap"]["live_objects"], 100)


class Growth(MapTest):
    def test_saved_looks(self):
        process = self.hold("resident=1", on_freehold=True)
        before, after = self.directory / "before.json", self.directory / "after.json"
        before.write_text(freehold("map", "--json", "--deep", process.pid).stdout)
        self.more(process, "resident=12")
        self.more(process, "waiting=2")
        self.more(process, "spans=3")
        after.write_text(freehold("map", "--json", "--deep", process.pid).stdout)
        for target in (after, process.pid):
            flags = () if target is after else ("--deep",)
            growth = self.document(*flags, f"--since={before}", target, schema="map-growth-1.schema.json")
            kinds = {kind["kind"]: kind for kind in growth["kinds"]}
            self.assertTrue(growth["deep"])
            self.assertAlmostEqual(kinds["anonymous"]["resident_growth_bytes"], 12 * MEBIBYTE, delta=MEBIBYTE // 4)
            self.assertEqual(growth["threads_growth"], 2)
            self.assertEqual({name["name"] for name in growth["names"] if name["kind"] == "thread_stacks"},
                             {"waits-0", "waits-1"})
            self.assertGreater(growth["heap"]["live_growth_bytes"], MEBIBYTE)
            self.assertEqual(growth["heap"]["classes"][0]["object_bytes"], 49152)
        text = freehold("map", f"--since={before}", after).stdout
        self.assertRegex(text, r"anonymous +\+12")
        self.assertIn("waits-1", text)
        nothing = freehold("map", f"--since={after}", after)
        self.assertIn("nothing changed", nothing.stdout)
        self.assertEqual(nothing.stderr, "")
        another = freehold("map", f"--since={before}", os.getpid())
        self.assertIn("two programs are compared: ", another.stderr)

    def test_after_a_time(self):
        process = self.hold()
        watcher = start("map", "--json", "--since=1s", process.pid)
        self.addCleanup(self.end, watcher)
        while not sleeps(watcher.pid):  # between its looks
            time.sleep(0.01)
        self.more(process, "resident=9")
        growth = json.loads(watcher.communicate(timeout=30)[0])
        self.validate("map-growth-1.schema.json", growth)
        self.assertFalse(growth["deep"])
        self.assertGreater(growth["resident_growth_bytes"], 8 * MEBIBYTE)
        self.assertIsNone(growth["kinds"][0]["resident_growth_bytes"])

    def test_a_saved_look_is_shown(self):
        process = self.hold("waiting=2", on_freehold=True)
        saved = self.directory / "saved.json"
        saved.write_text(freehold("map", "--json", "--deep", process.pid).stdout)
        self.end(process)
        result = freehold("map", saved)
        self.check(result, 0)
        self.assertIn("waits-1", result.stdout)
        self.assertEqual(json.loads(freehold("map", "--json", saved).stdout), json.loads(saved.read_text()))

    def test_what_is_no_saved_look(self):
        for text, said in (("{", "no JSON"), ('{"schema": "accounts-1"}', "accounts-1"), ("[]", "freehold map --json"),
                           ('{"schema": "map-1", "processes": []}', "freehold map --json"),
                           ('{"schema": "map-1", "sum": {}, "processes": [1]}', "freehold map --json")):
            path = self.directory / "wrong.json"
            path.write_text(text)
            self.check(freehold("map", path), 1, said)
            self.check(freehold("map", f"--since={path}", os.getpid()), 1, said)
        # Members that are not what they should be are passed over, not trusted.
        path.write_text(json.dumps({"schema": "map-1", "sum": {"kinds": 3}, "processes": [
            {"regions": [1, {"start": 5, "kind": None, "end": "0xzz"}], "kinds": [None, {"kind": "later"}], "total": {},
             "heap": {"stretches": [3], "classes": 5, "stretch_bytes": -1}}]}))
        self.check(freehold("map", path), 0)
        self.check(freehold("map", f"--since={path}", path), 0)


class Trees(MapTest):
    def test_sums(self):
        process = self.hold("share=8")
        document = self.document("--tree", "--deep", process.pid)
        processes = document["processes"]
        self.assertEqual(processes[0]["pid"], process.pid)
        self.assertEqual(len(processes), 4)
        self.assertEqual({one["parent_pid"] for one in processes[1:]}, {process.pid})
        for name in COUNTS:
            self.assertEqual(document["sum"]["total"][name], sum(one["total"][name] for one in processes))
        for name in document["sum"]["counters"]:
            self.assertEqual(document["sum"]["counters"][name], sum(one["counters"][name] for one in processes))
        # 8 MiB shared, and 8 MiB not yet written since the fork, once each.
        self.assertGreater(document["sum"]["total"]["proportional_bytes"], 16 * MEBIBYTE)
        self.assertLess(document["sum"]["total"]["proportional_bytes"], 24 * MEBIBYTE)
        self.assertGreater(document["sum"]["total"]["resident_bytes"], 64 * MEBIBYTE)
        text = freehold("map", "--tree", "--deep", process.pid).stdout
        for one in processes:
            self.assertRegex(text, rf"\b{one['pid']}\b")
        self.assertIn("shared memory", text)

    def test_grandchildren(self):
        process = self.spawn(["sh", "-c", "sh -c 'sleep 60 & sleep 60 & echo ready; wait' & wait"])
        process.stdout.readline()
        document = self.document("--tree", process.pid)
        self.assertEqual(sorted(one["command"] for one in document["processes"]), ["sh", "sh", "sleep", "sleep"])
        for one in document["processes"]:
            if one["command"] == "sleep":
                os.kill(one["pid"], 9)


class Programs(MapTest):
    def test_at_its_end(self):
        result = freehold("map", "--json", "--", self.subject, "resident=6", "exit=3")
        self.check(result, 0)
        (process,) = json.loads(result.stdout)["processes"]
        self.equations(process)
        self.assertIsNotNone(process["heap"])
        self.assertGreater(process["counters"]["resident_bytes"], 6 * MEBIBYTE)

    def test_its_output_and_input_are_its_own(self):
        result = freehold("map", "--", "cat", input="words\n", stdin=None)
        self.check(result, 0)
        self.assertTrue(result.stdout.startswith("words\n"))
        self.assertIn("purpose", result.stdout)

    def test_as_is(self):
        result = freehold("map", "--json", "--as-is", "--", self.subject, "exit")
        self.check(result, 0)
        (process,) = json.loads(result.stdout)["processes"]
        self.assertIsNone(process["heap"])

    def test_while_it_runs(self):
        process = start("map", "--json", "--after=200ms", "--", self.subject)
        self.addCleanup(self.end, process)
        lines = [process.stdout.readline() for _ in range(2)]
        lines.remove("ready\n")
        self.assertEqual(json.loads(lines[0])["processes"][0]["command"], "map-subject")
        process.stdin.close()
        self.assertEqual(process.wait(20), 0)

    def test_interrupted(self):
        process = subprocess.Popen([str(COMMAND), "map", "--", str(self.subject), "waiting=1"], env=environment(),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), "ready\n")
        os.killpg(process.pid, 2)  # as a terminal does
        text = process.stdout.read()
        self.assertEqual(process.wait(20), 0)
        self.assertIn("map-subject", text)

    def test_what_can_not_start(self):
        for flags in ((), ("--as-is",)):
            self.check(freehold("map", *flags, "--", "no-such-program"), NOT_FOUND, "no such program")
        static = self.compile("static", "int main(void) { return 0; }", "-static")
        self.check(freehold("map", "--", static), NOT_POSSIBLE, "--as-is")
        self.check(freehold("map", "--as-is", "--", static), 0)
        path = self.directory / "not-executable"
        path.write_text("text")
        self.check(freehold("map", "--", path), NOT_EXECUTABLE)
        self.check(freehold("map", "--", "true", env=environment(FREEHOLD_LIBRARY="/nowhere.so")), USAGE, "/nowhere.so")

    def test_killed(self):
        result = freehold("map", "--", "sh", "-c", "kill -9 $$")
        if result.returncode != 0:  # older kernels don't stop it once more
            self.check(result, 1, "--after")


class Text(MapTest):
    def on_terminal(self, *arguments, **changes):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([str(COMMAND), "map", *map(str, arguments)], stdout=theirs, stdin=subprocess.DEVNULL,
                                   env=environment(TERM="xterm", **changes))
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 1 << 16):
                text += piece
        except OSError:
            pass  # how a terminal ends
        os.close(ours)
        self.assertEqual(process.wait(), 0)
        return text

    def test_colours_are_for_terminals(self):
        process = self.hold(on_freehold=True)
        self.assertIn(b"\033[30;48;5;", self.on_terminal(process.pid, NO_COLOR=None))
        self.assertNotIn(b"\033[", self.on_terminal(process.pid, NO_COLOR="1"))
        self.assertNotIn("\033[", freehold("map", process.pid).stdout)

    def test_the_strip_has_every_kind_and_the_legend_too(self):
        process = self.hold("memfd=1", "code", "waiting=1", on_freehold=True)
        for flags in ((), ("--deep",)):
            text = freehold("map", *flags, process.pid).stdout
            strip, _, rest = text.partition("purpose")
            legend = dict(re.findall(r"^(\S) (\S.*?)  ", rest, re.M))
            kinds = {kind["kind"] for kind in self.look(process.pid)["kinds"]}
            self.assertEqual(len(legend), len(kinds))
            cells = "".join(line.split()[1] for line in strip.splitlines()[3:] if re.match(r" *[0-9a-f]+  \S", line))
            for letter in legend:
                self.assertIn(letter, cells.lower().replace("o", "h"))
            for line in text.splitlines():
                if re.match(r" *[0-9a-f]+  \S", line):
                    self.assertLessEqual(len(line), 80)

    def test_names(self):
        process = self.hold("memfd=3", "file")
        for flags in ((), ("--deep",)):
            text = freehold("map", *flags, process.pid).stdout
            self.assertRegex(text, r"\n  x +[\d.]+ MiB.* /memfd:picture")
            self.assertRegex(text, r"\n  f +[\d.]+ KiB.*map-subject")
            self.assertNotRegex(text, r"\n  c .*libc")

    def test_it_says_what_it_cost_and_why_resident_is_not_live(self):
        process = self.hold("resident=5", on_freehold=True)
        shallow, deep = freehold("map", process.pid).stdout, freehold("map", "--deep", process.pid).stdout
        self.assertIn("no page table was read", shallow)
        self.assertRegex(deep, r"page tables were read in \d+ pieces, the longest took")
        for text in (shallow, deep):
            self.assertRegex(text, r"resident [\d.]+ MiB - live heap [\d.]+ .* = [\d.]+ MiB:")
        self.assertRegex(deep, r"\+ 5.\d MiB anonymous|\+ 5 MiB anonymous")

    def test_names_can_not_speak_to_the_terminal(self):
        evil = self.directory / "evil\033[31m"
        shutil.copy(self.subject, evil)
        process = self.spawn([evil])
        process.stdout.readline()
        self.assertNotIn("\033", freehold("map", process.pid).stdout)


class Refusals(MapTest):
    def test_wrong_arguments(self):
        for words, said in (
                ((), "which process"), (("abc",), "not a process id"), (("-5",), "no such option"),
                (("1", "2"), "one process"),
                (("--dep", "1"), "--deep"), (("--",), "no program"), (("1", "--", "true"), "not both"),
                (("--html",), "--html"), (("--since",), "--since"), (("--after=x", "--", "true"), "500ms"),
                (("--after=5", "1"), "-- PROGRAM"), (("--as-is", "1"), "-- PROGRAM"),
                (("./no-file.json",), "no such file"),
                (("--since=5s", "--", "true"), "runs already"), (("--since=5s", "--html=x", "1"), "one moment")):
            self.check(freehold("map", *words), USAGE, said)

    def test_gone(self):
        process = subprocess.Popen(["true"])
        process.wait()
        self.check(freehold("map", process.pid), NO_PROCESS, "there is none")
        self.check(freehold("map", "--tree", process.pid), NO_PROCESS)

    def test_killed_while_it_is_looked_at(self):
        for i in range(10):
            process = self.hold("resident=30", on_freehold=bool(i % 2))
            looking = subprocess.Popen([str(COMMAND), "map", "--json", "--deep", str(process.pid)], text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(0.002 * i)
            process.kill()
            output, said = looking.communicate(timeout=20)
            self.assertIn(looking.returncode, (0, NO_PROCESS), said)
            if looking.returncode == 0:
                json.loads(output)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_not_permitted(self):
        process = self.hold()
        self.check(freehold("map", process.pid, user=NOBODY), NOT_PERMITTED, "belongs to user 0",
                   "freehold map", "sudo")

    def test_output_that_can_not_be_written(self):
        process = self.hold()
        with open("/dev/full", "w") as full:
            for flags in ([], ["--json"], ["--since=10ms"]):
                result = subprocess.run([str(COMMAND), "map", *flags, str(process.pid)], stdout=full,
                                        stderr=subprocess.PIPE)
                self.assertEqual(result.returncode, 1)
        self.check(freehold("map", "--html=/dev/full", process.pid), 1, "/dev/full")
        self.check(freehold("map", "--html=/nowhere/page", process.pid), 1, "/nowhere/page")


class Kinds(CommandTest):
    def test_lines_of_other_kernels(self):
        """Names and mappings that the kernel here may not give."""
        program = self.directory / "address-lines"
        compiler = os.environ.get("CC", "cc").split()
        subprocess.run([*compiler, "-std=c17", "-D_GNU_SOURCE", f"-I{SOURCE}", f"-I{SOURCE}/include", "-o", program,
                        SOURCE / "tests/tool/address_lines_print.c", SOURCE / "tool/proc/address_lines.c"], check=True)
        library = "08:01 77 /lib/l.so"
        lines = (
            ("1000-2000 r--p 00000000 " + library, "READ_ONLY"),
            ("2000-3000 r-xp 00001000 " + library, "CODE"),
            ("3000-4000 ---p 00002000 " + library, "NO_ACCESS"),
            ("4000-5000 r--p 00002000 " + library, "READ_ONLY"),
            ("5000-6000 rw-p 00003000 " + library, "DATA"),
            ("6000-7000 rw-p 00000000 00:00 0 [anon:freehold:heap]", "ANONYMOUS"),
            ("7000-8000 ---p 00000000 00:00 0 [anon:freehold:guard]", "HEAP_GUARDED"),
            ("8000-9000 rw-s 00000000 00:01 9 /SYSV00000000 (deleted)", "SHARED_MEMORY"),
            ("9000-a000 rw-s 00000000 00:01 9 /dev/zero (deleted)", "SHARED_MEMORY"),
            ("a000-b000 rw-s 00000000 00:01 9 [anon_shmem:pixels]", "SHARED_MEMORY"),
            ("b000-c000 rw-p 00000000 00:0f 9 /anon_hugepage (deleted)", "ANONYMOUS"),
            ("c000-d000 rw-s 00000000 00:0f 9 /anon_hugepage (deleted)", "SHARED_MEMORY"),
            ("d000-e000 rw-s 00000000 00:06 9 /dev/dri/card0", "DEVICE"),
            ("e000-f000 r--p 00000000 08:01 8 /usr/lib/locale/locale-archive", "MAPPED_FILE"),
            ("f000-10000 rwxp 00000000 00:00 0", "GENERATED_CODE"),
            ("10000-11000 rw-p 00000000 00:00 0 [anon:stack_and_tls:12]", "THREAD_STACK"),
            ("11000-12000 rw-p 00000000 00:00 0 [heap]", "BREAK_HEAP"),
            ("12000-13000 r-xp 00000000 00:00 0 [uprobes]", "KERNEL"),
            ("7ffc0000-7ffd0000 rw-p 00000000 00:00 0 [stack]", "STACK"),
            ("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]", "KERNEL"),
        )
        kinds = [symbol for symbol in re.findall(
            r"^ADDRESS_KIND\((\w+),", (SOURCE / "tool/proc/address_kinds.def").read_text(), re.M)]
        text = "\n".join(line for line, _ in lines) + "\n"
        result = subprocess.run([program], input=text, capture_output=True, text=True)
        shown = [line.split(" ", 1) for line in result.stdout.splitlines()]
        self.assertEqual([kinds[int(kind)] for kind, _ in shown], [kind for _, kind in lines])
        self.assertEqual([name for _, name in shown], [(line.split(maxsplit=5) + [""])[5] for line, _ in lines])
        # What makes no sense is left out, and so is what was seen before.
        broken = "x\n\n5-4 r--p 0 0:0 0\n1000-2000\n1000-3000 rw-p 00000000 00:00 0\n" \
                 "2000-4000 rw-p 00000000 00:00 0\n5000-6000 r--p 00000000 08:01 7 /with\\012newline"
        result = subprocess.run([program], input=broken, capture_output=True, text=True)
        self.assertEqual(len(result.stdout.splitlines()), 3)
        self.assertIn("/with\nnewline", result.stdout)

    def test_schema_and_table_agree(self):
        names = re.findall(r'^ADDRESS_KIND\(\w+, "(\w+)"', (SOURCE / "tool/proc/address_kinds.def").read_text(), re.M)
        schema = json.loads((SOURCE / "share/schemas/map-1.schema.json").read_text())
        self.assertEqual(schema["$defs"]["kind"]["enum"], names)
        self.assertGreater(len(names), 12)
