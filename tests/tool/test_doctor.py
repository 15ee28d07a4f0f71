"""`freehold doctor`: every row is there, what it says agrees with what can be seen from here."""
import json
import os
import resource
import subprocess

from support import *

NAMES = {
    "page_size", "address_bits", "reservation", "overcommit", "address_limit", "huge_pages", "map_count",
    "group_memory", "map_fixed_noreplace", "mremap_dontunmap", "madvise_populate_write", "madvise_guard_install",
    "mapping_names", "userfaultfd_wp_async", "pagemap_scan", "memfd_secret",
    "lockable_memory", "landlock", "membarrier", "process_vm_readv", "library",
}


class Doctor(CommandTest):
    def rows(self, code=0, **more):
        result = freehold("doctor", "--json", **more)
        self.check(result, code)
        document = json.loads(result.stdout)
        self.validate("doctor-1.schema.json", document)
        self.assertEqual(document["usable"], code == 0)
        return {row["name"]: row for row in document["features"]}

    def test_lockable_memory(self):
        def lock_nothing():
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
            if IS_ROOT:
                os.setresuid(NOBODY, NOBODY, NOBODY)
        try:
            row = self.rows(preexec_fn=lock_nothing)["lockable_memory"]
        except PermissionError as error:
            self.skipTest(f"the command is where others can't reach it: {error}")
        self.assertFalse(row["offered"])
        self.assertIn("ulimit -l", row["instead"])

    def test_json(self):
        rows = self.rows()
        self.assertEqual(set(rows), NAMES)
        self.assertTrue(rows["library"]["offered"])
        self.assertEqual(rows["library"]["value"], str(LIBRARY.resolve()))

    def test_agrees_with_the_machine(self):
        rows = self.rows()
        self.assertEqual(rows["page_size"]["value"], f"{os.sysconf('SC_PAGESIZE') // 1024} KiB")
        with open("/proc/sys/vm/max_map_count") as file:
            self.assertEqual(rows["map_count"]["value"], file.read().strip())
        with open("/proc/sys/vm/overcommit_memory") as file:
            self.assertTrue(rows["overcommit"]["value"].startswith(file.read().strip()))

    def test_address_limit_is_seen(self):
        limit = 4 << 30
        rows = self.rows(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        self.assertFalse(rows["address_limit"]["offered"])
        self.assertEqual(rows["address_limit"]["value"], "4 GiB")
        self.assertFalse(rows["reservation"]["offered"])

    def test_text(self):
        result = freehold("doctor")
        self.check(result, 0)
        self.assertIn("The heap can work here.", result.stdout)
        self.assertNotIn("\033", result.stdout)

    def test_library_missing(self):
        rows = self.rows(1, env=environment(FREEHOLD_LIBRARY="/nonexistent"))
        self.assertIn("/nonexistent", rows["library"]["value"])
        result = freehold("doctor", env=environment(FREEHOLD_LIBRARY="/nonexistent"))
        self.check(result, 1)
        self.assertIn("can't work", result.stdout)

    def test_library_that_does_not_answer(self):
        other = self.compile("libsilent.so", "int silent;", "-shared", "-fPIC")
        self.assertIn("not Freehold", self.rows(1, env=environment(FREEHOLD_LIBRARY=other))["library"]["value"])

    def test_library_that_dies(self):
        other = self.compile("libdies.so", "__attribute__((constructor)) void die(void) { __builtin_trap(); }",
                             "-shared", "-fPIC")
        self.assertIn("died", self.rows(1, env=environment(FREEHOLD_LIBRARY=other))["library"]["value"])

    def test_wrong_arguments(self):
        self.check(freehold("doctor", "--jsn"), USAGE, "--json")
        self.check(freehold("doctor", "now"), USAGE, "no arguments")
