"""`freehold run`: programs that a preloaded library could not serve are named and not started."""
import os
import shutil
import struct
import subprocess

from support import *

MAIN = """
#include <stdio.h>
#include <stdlib.h>
int main(void) { free(malloc(1)); puts("ran"); return 7; }
"""


class Refusals(CommandTest):
    def refused(self, program, *said, forced_code=7, **more):
        result = freehold("run", program, **more)
        self.check(result, NOT_POSSIBLE, str(program), "--force", *said)
        self.assertEqual(result.stdout, "", "it was started")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        forced = freehold("run", "--force", program, **more)
        self.check(forced, forced_code, "warning: ", *said)
        return forced

    def test_fitting_program_is_not_refused(self):
        result = freehold("run", "--verbose", self.compile("fits", MAIN))
        self.check(result, 7)
        self.serves(result)

    def test_static(self):
        self.refused(self.compile("static", MAIN, "-static"), "statically linked")

    def test_static_pie(self):
        self.refused(self.compile("static-pie", MAIN, "-static-pie"), "statically linked")

    def test_freehold_linked_in(self):
        archive = BUILD / "lib" / "libfreehold.a"
        if not archive.exists():
            self.skipTest("no libfreehold.a in the build")
        for kind in ("-static", "-pie"):
            result = freehold("run", "--verbose", self.compile("linked", MAIN, kind, "-Wl,--undefined=malloc", archive,
                                                               "-pthread"))
            self.check(result, 7)
            self.serves(result)
            self.assertEqual(result.stderr.count("heap at"), 1, "a second heap beside the one inside")

    def test_static_interpreter_of_a_script(self):
        program = self.compile("interpreter", MAIN, "-static")
        script = self.script("script", f"#!{program}\n")
        result = freehold("run", script)
        self.check(result, NOT_POSSIBLE, "statically linked", str(program))

    def test_own_malloc(self):
        self.refused(self.compile("own", OWN_MALLOC + MAIN), "malloc of its own")

    def test_own_malloc_not_exported(self):
        hidden = '#pragma GCC visibility push(hidden)\nvoid *malloc(unsigned long);void free(void *);' \
                 "void *calloc(unsigned long, unsigned long);void *realloc(void *, unsigned long);\n" \
                 "#pragma GCC visibility pop\n"
        self.refused(self.compile("hidden", hidden + OWN_MALLOC + MAIN), "malloc of its own")

    def test_own_malloc_in_a_library(self):
        library = self.compile("libownheap.so", OWN_MALLOC, "-shared", "-fPIC")
        between = self.compile("libbetween.so", "extern void *malloc(unsigned long);"
                               "void *between(void) { return malloc(1); }", "-shared", "-fPIC", "-Wl,--no-as-needed",
                               library, f"-Wl,-rpath,{self.directory}")
        direct = self.compile("needs", MAIN, "-Wl,--no-as-needed", library, "-Wl,-rpath,$ORIGIN")
        self.refused(direct, "libownheap.so")
        through = self.compile("needs-between", MAIN, "-Wl,--no-as-needed", f"-L{self.directory}", "-lbetween",
                               "-Wl,-rpath,$ORIGIN", f"-Wl,-rpath-link,{self.directory}")
        self.refused(through, "libownheap.so")

    def test_known_heaps(self):
        for name in ("jemalloc", "tcmalloc_minimal", "mimalloc"):
            found = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True).stdout
            path = next((line.split("=> ")[1] for line in found.splitlines() if f"lib{name}.so" in line), None)
            if path is not None:
                program = self.compile(f"with-{name}", MAIN, "-Wl,--no-as-needed", path)
                self.refused(program, f"lib{name}.so")

    def test_sanitizer(self):
        program = self.compile("sanitized", MAIN, "-fsanitize=address")
        self.check(freehold("run", program), NOT_POSSIBLE, "malloc of its own")

    def test_private_heap_is_remarked_on(self):
        program = self.compile("private", "void *_rjem_malloc(unsigned long n) { return (void *)n; }" + MAIN,
                               "-rdynamic")
        result = freehold("run", "--verbose", program)
        self.check(result, 7, "warning", "_rjem_malloc")
        self.serves(result)

    def test_musl(self):
        if shutil.which("musl-gcc") is None:
            self.skipTest("needs musl-gcc")
        program = self.compile("musl", MAIN, compiler="musl-gcc")
        self.check(freehold("run", program), NOT_POSSIBLE, "musl")

    def patched(self, name, changes):
        program = self.compile(name, MAIN)
        content = bytearray(program.read_bytes())
        for offset, value in changes.items():
            content[offset] = value
        program.write_bytes(content)
        return program

    def test_other_architecture(self):
        sparc = 43
        program = self.patched("foreign", {18: sparc, 19: 0})
        self.check(freehold("run", program), NOT_POSSIBLE, "architecture")
        self.check(freehold("run", "--force", program), NOT_EXECUTABLE, "warning")

    def test_32_bit(self):
        program = self.directory / "narrow"
        header = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)  # 32-bit, little-endian
        header += struct.pack("<HHIIIIIHHHHHH", 3, 3, 1, 0, 0, 0, 0, 52, 32, 0, 40, 0, 0)
        program.write_bytes(header)
        program.chmod(0o755)
        self.check(freehold("run", program), NOT_POSSIBLE, "32-bit")

    def test_other_and_missing_loader(self):
        program = self.compile("odd", MAIN, "-Wl,--dynamic-linker,/bin/true")
        self.check(freehold("run", program), NOT_POSSIBLE, "/bin/true")
        program = self.compile("orphan", MAIN, "-Wl,--dynamic-linker,/no/such/loader")
        self.check(freehold("run", program), NOT_EXECUTABLE, "/no/such/loader")

    def test_broken_file(self):
        whole = self.compile("whole", MAIN).read_bytes()
        for length in (4, 16, 63, 64, 200, 700, len(whole) // 2):
            program = self.directory / "broken"
            program.write_bytes(whole[:length])
            program.chmod(0o755)
            result = freehold("run", program)
            self.assertIn(result.returncode, (NOT_POSSIBLE, NOT_EXECUTABLE), (length, result.stderr))
            program.unlink()

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_set_uid(self):
        program = self.compile("set-uid", MAIN)
        os.chown(program, NOBODY, 0)
        program.chmod(0o4755)
        self.refused(program, "set-uid")

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_set_gid(self):
        program = self.compile("set-gid", MAIN)
        os.chown(program, 0, NOBODY)
        program.chmod(0o2755)
        self.refused(program, "set-gid")

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_set_uid_that_changes_nothing(self):
        program = self.compile("set-uid-same", MAIN)
        program.chmod(0o4755)
        result = freehold("run", "--verbose", program)
        self.check(result, 7)
        self.serves(result)

    @unittest.skipUnless(not IS_ROOT, "needs another user than root")
    def test_set_uid_of_the_system(self):
        for path in ("/usr/bin/passwd", "/usr/bin/su", "/bin/su"):
            if os.path.exists(path) and os.stat(path).st_mode & 0o4000 and os.access(path, os.R_OK):
                self.check(freehold("run", path), NOT_POSSIBLE, "set-uid")
                return
        self.skipTest("no set-uid program that this user can read")

    @unittest.skipUnless(IS_ROOT and shutil.which("setcap"), "needs root and setcap")
    def test_file_capabilities(self):
        program = self.compile("capable", MAIN)
        if subprocess.run(["setcap", "cap_net_raw+ep", str(program)], capture_output=True).returncode != 0:
            self.skipTest("this file system has no capabilities")
        if not os.access(COMMAND, os.X_OK):
            self.skipTest("the command is out of reach for other users")
        probe = subprocess.run([str(COMMAND), "--version"], user=NOBODY, capture_output=True)
        self.assertEqual(probe.returncode, 0)
        self.check(freehold("run", program, user=NOBODY), NOT_POSSIBLE, "capabilities")
        self.check(freehold("run", program), 7)  # for root they change nothing

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_unreadable(self):
        program = self.compile("unreadable", MAIN)
        program.chmod(0o711)
        self.check(freehold("run", program, user=NOBODY), NOT_POSSIBLE, "readable")
