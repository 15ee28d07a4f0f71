"""What `freehold check` makes of addresses: with debug information in every form, without, and with damaged one."""
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess

from support import *
from test_check import CheckTest, mark

CXX_MAIN = """
#include <string.h>
#include "record/report.h"
extern "C" {
void stand_in_here(struct fh_report_stack *stack) __attribute__((weak));
void stand_in_write(struct fh_report *report) __attribute__((weak));
}
volatile int after;
static struct fh_report report;
namespace shop {
template <class Item> struct Basket {
  __attribute__((noinline)) void operator[](Item) { stand_in_here(&report.at); after++; }
};
}
int main() {
  report.kind = FH_REPORT_WILD_POINTER;
  shop::Basket<char *> basket;
  basket[nullptr];
  stand_in_write(&report);
  return 0;
}
"""


class Symbols(CheckTest):
    def stack(self, program, code=ERRORS_FOUND):
        document = self.document(program, "overflow", code=code)
        return document["reports"][0]["stack"]

    def has_lines(self, program):
        stack = self.stack(program)
        self.assertEqual([frame["function"] for frame in stack[:4]], ["put", "fill_name", "overflow", "main"])
        self.assertEqual((stack[0]["line"], stack[1]["line"]), (mark("accessed"), mark("called")))
        self.assertEqual(stack[0]["file"], str(SOURCE / "tests/tool/subject.c"))
        self.assertEqual([frame["inlined"] for frame in stack[:3]], [True, False, False])
        self.assertEqual(stack[0]["address"], stack[1]["address"])

    def tool(self, *command):
        if shutil.which(command[0]) is None:
            self.skipTest(f"needs {command[0]}")
        subprocess.run([*map(str, command)], check=True)

    def test_versions_of_dwarf(self):
        for flags in (("-gdwarf-4",), ("-gdwarf-5",), ("-g3", "-O2"), ("-gdwarf-5", "-no-pie"), ("-g", "-gz")):
            self.has_lines(self.build_subject("versioned", flags=flags))

    def test_other_compiler(self):
        # clang writes no table of addresses.
        if shutil.which("clang") is None:
            self.skipTest("needs clang")
        self.has_lines(self.build_subject("other", compiler="clang"))

    def test_relative_source_is_found_from_anywhere(self):
        # As make does: the compiler is given a relative name.
        program = self.directory / "relative"
        compiler = os.environ.get("CC", "cc").split()
        subprocess.run([*compiler, "-g", "-O1", "-fno-omit-frame-pointer", "-o", program, "tests/tool/subject.c", "-I.",
                        "-pthread", "-rdynamic"], check=True, cwd=SOURCE)
        self.has_lines(program)
        self.assertIn("MARK accessed", self.run_check(program, "overflow", cwd="/").stderr)

    def test_without_debug_information(self):
        stack = self.stack(self.build_subject("plain", flags=()))
        # The inlined function is not to be seen.
        self.assertEqual([frame["function"] for frame in stack[:3]], ["fill_name", "overflow", "main"])
        self.assertEqual([frame["file"] for frame in stack[:3]], [None] * 3)

    def test_stripped(self):
        program = self.build_subject("stripped")
        offsets = [frame["offset"] for frame in self.stack(program)[1:3]]
        self.tool("strip", program)
        stack = self.stack(program)
        self.assertEqual([frame["function"] for frame in stack[:2]], [None, None])
        self.assertEqual([frame["offset"] for frame in stack[:2]], offsets)
        self.assertEqual(stack[0]["module"], str(program))
        text = self.run_check(program, "overflow").stderr
        self.assertIn(f"{program}+{offsets[0]}\n", text)
        self.assertIn("heap-buffer-overflow:*@stripped > *@stripped", text)

    def test_separate_file(self):
        program = self.build_subject("separate")
        for place in (self.directory, self.directory / ".debug"):
            place.mkdir(exist_ok=True)
            debug = place / "separate.debug"
            program = self.build_subject("separate")
            self.tool("objcopy", "--only-keep-debug", program, debug)
            self.tool("objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", program)
            self.has_lines(program)
            debug.unlink()
            self.assertIsNone(self.stack(program)[0]["line"])

    def test_no_server_is_asked(self):
        # A server that would be asked would have to be reached first: nobody listens there, and strace is not needed.
        program = self.build_subject("lonely")
        self.tool("strip", program)
        result = self.run_check(program, "overflow", env=self.environment(DEBUGINFOD_URLS="http://127.0.0.1:9/"))
        self.check(result, ERRORS_FOUND)
        shown = self.run_check("--no-text", program, "overflow", "settings",
                               env=self.environment(DEBUGINFOD_URLS="http://127.0.0.1:9/"))
        self.check(shown, ERRORS_FOUND)

    def test_names_of_cxx(self):
        compiler = shutil.which("c++") or shutil.which("g++")
        if compiler is None:
            self.skipTest("needs a C++ compiler")
        source = self.directory / "basket.cc"
        source.write_text(CXX_MAIN)
        for name, flags in (("basket", ("-g",)), ("basket-plain", ())):
            program = self.directory / name
            subprocess.run([compiler, "-O1", *flags, "-o", program, source, f"-I{SOURCE}"], check=True)
            report = self.document(program)["reports"][0]
            self.assertEqual(report["stack"][0]["function"], "shop::Basket<char*>::operator[](char*)")
            known = self.directory / "known"
            known.write_text(report["suppression"] + "\n")
            self.check(self.run_check("--suppressions", known, program), 0, "1 suppressed")

    def test_program_that_is_gone(self):
        program = self.build_subject("gone")
        path = self.directory / "gone.records"
        self.run_check("--report-file", path, program, "overflow")
        program.unlink()
        result = self.run_check("--from-records", path)
        self.check(result, ERRORS_FOUND)
        self.assertIn(f"{program}+0x", result.stdout)

    def test_module_that_is_no_program(self):
        program = self.build_subject("pipe")
        path = self.directory / "pipe.records"
        self.run_check("--report-file", path, program, "overflow")
        program.unlink()
        os.mkfifo(program)
        self.check(self.run_check("--from-records", path), ERRORS_FOUND)

    @staticmethod
    def sections(program):
        """Name, file offset and size of each section of a 64-bit ELF file of this machine."""
        data = program.read_bytes()
        table, = struct.unpack_from("<Q", data, 0x28)
        size, count, names = struct.unpack_from("<HHH", data, 0x3a)
        headers = [struct.unpack_from("<IIQQQQ", data, table + i * size) for i in range(count)]
        names_at = headers[names][4]
        for name, _, _, _, offset, length in headers:
            text = data[names_at + name:data.index(b"\0", names_at + name)].decode()
            yield text, offset, length

    def test_damaged_debug_information(self):
        program = self.build_subject("damaged", flags=("-gdwarf-5",))
        path = self.directory / "damaged.records"
        self.run_check("--report-file", path, program, "overflow", "after-free", "leak=2")
        whole = program.read_bytes()
        places = [entry for entry in self.sections(program) if entry[0].startswith((".debug", ".symtab", ".strtab"))]
        self.assertGreater(len(places), 5)
        chosen = random.Random(17)
        for attempt in range(80):
            data = bytearray(whole)
            name, offset, length = places[attempt % len(places)]
            for _ in range(chosen.choice((1, 8, 200))):
                data[offset + chosen.randrange(length)] = chosen.randrange(256)
            program.write_bytes(data)
            result = self.run_check("--from-records", path)
            self.check(result, ERRORS_FOUND)
            self.assertIn("error[heap-buffer-overflow]", result.stdout, name)
        for length in range(0, len(whole), len(whole) // 23):
            program.write_bytes(whole[:length])
            self.check(self.run_check("--from-records", path), ERRORS_FOUND)
