"""`freehold stat`: figures of a process that holds what the test knows."""
import importlib.util
import json
import os
import pathlib
import subprocess
import time

from support import *


class Stat(CommandTest):
    def setUp(self):
        self.holder = self.compile("holder", HOLDER)

    def hold(self, *arguments, **more):
        process = start("run", self.holder, *arguments, **more)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def read(self, pid):
        result = freehold("stat", "--json", pid)
        self.check(result, 0)
        document = json.loads(result.stdout)
        self.validate("accounts-1.schema.json", document)
        return document

    def test_figures(self):
        objects, size = 5000, 100
        document = self.read(self.hold(objects, size).pid)
        self.assertEqual(document["heap_bytes"], document["live_bytes"] + document["held_back_bytes"])
        self.assertEqual(document["held_back_bytes"],
                         document["free_slot_bytes"] + document["tail_bytes"] + document["free_slice_bytes"])
        self.assertEqual(document["live_objects"], document["allocated_calls"] - document["freed_calls"])
        of_class = next(entry for entry in document["classes"] if entry["object_bytes"] >= size)
        self.assertGreaterEqual(of_class["live_objects"], objects)
        self.assertLess(of_class["live_objects"], objects + 100)
        self.assertEqual(document["large"]["live_objects"], 1)
        self.assertGreaterEqual(document["large"]["object_bytes"], 3 << 20)
        self.assertGreater(document["rss_bytes"], objects * size)
        self.assertGreaterEqual(document["peak_rss_bytes"], document["rss_bytes"])

    def test_pid_and_limit(self):
        process = start("run", "--limit=256M", self.holder)
        self.addCleanup(self.end, process)
        process.stdout.readline()
        document = self.read(process.pid)
        self.assertEqual(document["pid"], process.pid)
        self.assertEqual(document["limit_bytes"], 256 << 20)

    def test_text(self):
        result = freehold("stat", self.hold().pid)
        self.check(result, 0)
        self.assertIn("large", result.stdout)
        self.assertNotIn("\033", result.stdout)

    @unittest.skipUnless(importlib.util.find_spec("prometheus_client"), "needs python3-prometheus-client")
    def test_openmetrics(self):
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
        # Without a purge nothing changes between two readings.
        process = self.hold(5000, 100, env=environment(FREEHOLD="purge_thread=off"))
        document = self.read(process.pid)
        result = freehold("stat", "--openmetrics", process.pid)
        self.check(result, 0)
        families = {family.name: family for family in text_string_to_metric_families(result.stdout)}
        for name, value in document.items():
            if name in ("schema", "pid", "classes", "large"):
                continue
            family = families["freehold_" + name]
            (sample,) = family.samples
            self.assertEqual(sample.labels, {"pid": str(process.pid)})
            self.assertEqual(family.unit, "bytes" if name.endswith("bytes") else "")
            self.assertEqual(sample.value, value, name)
        live = families["freehold_class_live_objects"]
        self.assertEqual(sum(sample.value for sample in live.samples), document["live_objects"])
        self.assertIn("large", {sample.labels["size_class"] for sample in live.samples})
        self.assertEqual(families["freehold_class_allocated_calls"].type, "counter")
        self.assertEqual(families["freehold_purged_bytes"].type, "counter")
        self.check(freehold("stat", "--openmetrics", "--watch=1", process.pid), USAGE, "--watch")

    def test_the_process_goes_on(self):
        process = self.hold(10, 10)
        self.read(process.pid)
        process.stdin.close()
        self.assertEqual(process.wait(10), 0)

    def test_a_busy_process(self):
        busy = self.compile("busy", """
            #include <stdlib.h>
            #include <stdio.h>
            int main(void) {
              void *held[512] = {0};
              unsigned seed = 1;
              puts("ready"); fflush(stdout);
              for (;;) {
                seed = seed * 1664525u + 1013904223u;
                unsigned slot = (seed >> 8) % 512;
                free(held[slot]);
                held[slot] = malloc((seed >> 17) % (slot % 16 == 0 ? 300000 : 3000));
              }
            }""")
        process = start("run", busy)
        self.addCleanup(self.end, process)
        process.stdout.readline()
        for _ in range(20):
            self.read(process.pid)
        self.assertIsNone(process.poll())

    def test_watch_until_it_ends(self):
        process = self.hold()
        watcher = start("stat", "--json", "--watch=0.1", process.pid)
        self.addCleanup(self.end, watcher)
        lines = [watcher.stdout.readline() for _ in range(2)]
        process.kill()
        process.wait()
        rest = watcher.communicate(timeout=10)[0]
        self.assertEqual(watcher.returncode, 0)
        for line in lines + rest.splitlines():
            self.assertEqual(json.loads(line)["pid"], process.pid)

    def test_not_on_freehold(self):
        process = subprocess.Popen(["sleep", "60"])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.check(freehold("stat", process.pid), NOT_FREEHOLD, "freehold run")

    def test_kernel_thread(self):
        try:
            with open("/proc/2/cmdline") as line, open("/proc/2/status") as status:
                if line.read() != "" or "kthreadd" not in status.readline():
                    self.skipTest("no kernel thread in sight")
        except OSError:
            self.skipTest("no kernel thread in sight")
        self.assertIn(freehold("stat", 2).returncode, (NOT_FREEHOLD, NOT_PERMITTED))

    def test_no_such_process(self):
        process = subprocess.Popen(["true"])
        process.wait()
        self.check(freehold("stat", process.pid), NO_PROCESS, "there is none")

    def test_ended_but_not_waited_for(self):
        process = self.hold()
        process.kill()
        status = pathlib.Path(f"/proc/{process.pid}/status")
        while "State:\tZ" not in status.read_text():
            time.sleep(0.01)
        self.check(freehold("stat", process.pid), NO_PROCESS)

    def test_killed_while_it_is_read(self):
        for _ in range(10):
            process = self.hold(200000, 16)
            reader = subprocess.Popen([str(COMMAND), "stat", "--json", str(process.pid)], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
            process.kill()
            output, said = reader.communicate(timeout=10)
            self.assertIn(reader.returncode, (0, NO_PROCESS), said)
            if reader.returncode == 0:
                json.loads(output)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_not_permitted(self):
        process = self.hold()
        self.check(freehold("stat", process.pid, user=NOBODY), NOT_PERMITTED, "belongs to user 0", "sudo")

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_own_process_as_a_plain_user(self):
        process = self.hold(user=NOBODY)
        self.check(freehold("stat", process.pid, user=NOBODY), 0)

    def test_library_deleted_since(self):
        copy = self.directory / "libfreehold-copy.so"
        copy.write_bytes(LIBRARY.read_bytes())
        copy.chmod(0o644)
        users = ({}, {"user": NOBODY}) if IS_ROOT else ({},)
        held = [(user, self.hold(100, 100, env=environment(FREEHOLD_LIBRARY=copy), **user)) for user in users]
        copy.unlink()
        for user, process in held:
            result = freehold("stat", "--json", process.pid, **user)
            self.check(result, 0)
            self.assertGreaterEqual(json.loads(result.stdout)["live_objects"], 100)

    def test_linked_in(self):
        archive = BUILD / "lib" / "libfreehold.a"
        if not archive.exists():
            self.skipTest("no libfreehold.a in the build")
        program = self.compile("linked", HOLDER, archive, "-lpthread", "-ldl")
        process = subprocess.Popen([program, "100", "100"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        process.stdout.readline()
        self.assertGreaterEqual(self.read(process.pid)["live_objects"], 100)

    def test_wrong_arguments(self):
        for arguments, said in (
            ((), "which process"),
            (("x",), "not a process id"),
            (("0",), "not a process id"),
            (("99999999999",), "not a process id"),
            (("1", "2"), "one process"),
            (("--jsn", "1"), "--json"),
            (("--watch", "0", "1"), "0.1 to"),
            (("--watch=often", "1"), "0.1 to"),
        ):
            self.check(freehold("stat", *arguments), USAGE, said)

    def test_output_that_can_not_be_written(self):
        process = self.hold()
        with open("/dev/full", "w") as full:
            result = subprocess.run([str(COMMAND), "stat", str(process.pid)], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)
