"""`freehold run`: the program's place, its environment, the options."""
import os
import pathlib
import signal
import subprocess
import time

from support import *


class Place(CommandTest):
    def test_exit_codes_are_the_programs(self):
        for code in (0, 1, 3, 77, 124, 125, 126, 127, 255):
            self.check(freehold("run", "sh", "-c", f"exit {code}"), code)

    def test_arguments_arrive_as_they_are(self):
        words = ["a b", "", "--help", "--", "-x", "*", "\n", "\u00e9"]
        result = freehold("run", "--", "printf", "[%s]", *words)
        self.check(result, 0)
        self.assertEqual(result.stdout, "".join(f"[{word}]" for word in words))

    def test_flags_after_the_program_are_the_programs(self):
        result = freehold("run", "echo", "--limit=1", "--json")
        self.assertEqual(result.stdout, "--limit=1 --json\n")

    def test_same_process_and_signals(self):
        process = start("run", "sh", "-c", "echo $$; exec sleep 60")
        self.assertEqual(int(process.stdout.readline()), process.pid)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), -signal.SIGTERM)
        process.communicate()

    def test_standard_streams(self):
        result = freehold("run", "cat", stdin=None, input="through\n")
        self.assertEqual(result.stdout, "through\n")

    def test_no_descriptor_is_left_open(self):
        plain = subprocess.run(["ls", "/proc/self/fd"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(freehold("run", "ls", "/proc/self/fd").stdout, plain.stdout)

    def test_program_keeps_its_name(self):
        result = freehold("run", "sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline")
        self.assertTrue(result.stdout.startswith("sh -c"), result.stdout)

    def test_library_serves(self):
        result = freehold("run", "--verbose", "/bin/true")
        self.check(result, 0)
        self.serves(result)

    def test_library_is_found_beside_the_command(self):
        result = freehold("run", "--verbose", "/bin/true", env=environment(FREEHOLD_LIBRARY=None))
        self.check(result, 0)
        self.serves(result)


class Environment(CommandTest):
    def shown(self, *flags, **changes):
        result = freehold("run", *flags, "env", env=environment(**changes))
        self.check(result, 0)
        return dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)

    def test_preload_goes_in_front(self):
        other = self.compile("libother.so", "int other;", "-shared", "-fPIC")
        shown = self.shown(LD_PRELOAD=other)
        self.assertEqual(shown["LD_PRELOAD"], f"{LIBRARY.resolve()}:{other}")

    def test_preload_holds_the_library_once(self):
        shown = self.shown(LD_PRELOAD=f"{LIBRARY.resolve()}")
        self.assertEqual(shown["LD_PRELOAD"], f"{LIBRARY.resolve()}")

    def test_flags_become_settings(self):
        shown = self.shown("--limit=512M", "--purge-delay", "2s", "--no-purge-thread", "--thp=off")
        self.assertEqual(shown["FREEHOLD"], "limit=512M,purge_delay=2s,purge_thread=off,thp=off")

    def test_flags_win_over_the_environment(self):
        shown = self.shown("--limit=1G", FREEHOLD="limit=2G,purge_delay=100")
        self.assertEqual(shown["FREEHOLD"], "purge_delay=100ms,limit=1G")

    def test_a_default_takes_a_setting_back(self):
        shown = self.shown("--limit=0", FREEHOLD="limit=2G")
        self.assertNotIn("FREEHOLD", shown)

    def test_underscores_are_taken_too(self):
        self.assertEqual(self.shown("--purge_delay=1")["FREEHOLD"], "purge_delay=1ms")

    def test_last_flag_wins(self):
        self.assertEqual(self.shown("--limit=1G", "--limit=3G")["FREEHOLD"], "limit=3G")

    def test_a_rate(self):
        for flag, setting in (("--sample", "sample=5000"), ("--sample=on", "sample=5000"), ("--sample=1", "sample=1"),
                              ("--sample=off", "sample=off"), ("--no-sample", "sample=off"), ("--sample=0", "sample=off")):
            self.assertEqual(self.shown(flag)["FREEHOLD"], setting)

    def test_sample_finds_an_error(self):
        source = "int main() { char *object = malloc(40); free(object); return object[0]; }"
        victim = self.compile("use_after_free", f"#include <stdlib.h>\n{source}", "-O0", "-w")
        result = freehold("run", "--sample=1", victim)
        self.assertEqual(result.returncode, -11)
        self.assertIn("freehold: error[heap-use-after-free]", result.stderr)

    def test_the_library_takes_every_setting(self):
        result = freehold("run", "--limit=1G", "--stats-file=/dev/null", "--stats=json", "--on-misuse=report",
                          "--sample=7", "--sample-slots=9", "--sample-file=/dev/null",
                          "--purge-delay=3s", "--no-purge-thread", "--thp=on", "--reserve=128M", "--verbose",
                          "/bin/true")
        self.check(result, 0)
        self.assertNotIn("FREEHOLD:", result.stderr)

    def test_stats_at_the_end(self):
        target = self.directory / "accounts.json"
        self.check(freehold("run", "--stats=json", f"--stats-file={target}", "ls", "/"), 0)
        document = __import__("json").loads(target.read_text())
        self.validate("accounts-1.schema.json", document)

    def test_stats_file_is_where_the_command_was_typed(self):
        self.check(freehold("run", "--stats-file=here.txt", "perl", "-e", "chdir '/'",
                            cwd=self.directory), 0)
        self.assertIn("freehold accounts", (self.directory / "here.txt").read_text(), "a file alone asks for text")

    def test_stats_before_misuse_ends_the_program(self):
        victim = self.compile("twice", "#include <stdlib.h>\nint main(void) {"
                              "char *volatile p = malloc(100); free(p); free(p); return 0; }")
        result = freehold("run", "--stats", victim)
        self.assertEqual(result.returncode, -signal.SIGABRT)
        self.assertIn("already free", result.stderr)
        self.assertIn("freehold accounts", result.stderr)

    def test_the_library_takes_dashes(self):
        target = self.directory / "dashed.txt"
        preloaded = environment(LD_PRELOAD=str(LIBRARY), FREEHOLD=f"stats-file={target},purge-thread=off")
        result = subprocess.run(["/bin/echo", "x"], env=preloaded, capture_output=True, text=True)
        self.assertEqual(result.stderr, "")
        self.assertIn("freehold accounts", target.read_text())


class WrongArguments(CommandTest):
    def wrong(self, *arguments, **more):
        result = freehold("run", *arguments, **more)
        self.assertEqual(result.returncode, USAGE, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        return result.stderr

    def test_unknown_flag_names_the_nearest(self):
        self.assertIn("--limit?", self.wrong("--limt=1G", "true"))
        self.assertIn("--no-prge-thread", self.wrong("--no-prge-thread", "true"))
        self.assertIn("--force?", self.wrong("--forse", "true"))
        self.assertIn("--help lists", self.wrong("--something-else", "true"))
        self.assertIn("-x", self.wrong("-x", "true"))

    def test_out_of_range_names_the_range(self):
        for value in ("1", "1023K", "65T", "99999999999999999999", "18446744073709551616T"):
            self.assertIn("1M to 64T", self.wrong(f"--limit={value}", "true"))
        self.assertIn("0ms to 3600s", self.wrong("--purge-delay=2h", "true"))
        self.assertIn("0ms to 3600s", self.wrong("--purge-delay=3601s", "true"))

    def test_not_a_value(self):
        for value in ("", "x", "12Q", "-1", "1.5G", " 1G"):
            self.wrong(f"--limit={value}", "true")
        self.assertIn("off|text|json", self.wrong("--stats=xml", "true"))
        for value in ("often", "-1", "1000000001", "1K"):
            self.assertIn("on, off, or a number from 1 to 1000000000", self.wrong(f"--sample={value}", "true"))
        self.wrong("--no-sample=3", "true")
        self.assertIn("on or off", self.wrong("--verbose=perhaps", "true"))
        self.assertIn("path", self.wrong("--stats-file=", "true"))
        self.assertIn("comma", self.wrong("--stats-file=/tmp/a,b", "true"))
        self.assertIn("255", self.wrong("--stats-file=/" + "a" * 255, "true"))
        self.assertIn("no value", self.wrong("--no-verbose=on", "true"))
        self.assertIn("--limit", self.wrong("--no-limit", "true"))

    def test_value_missing(self):
        self.assertIn("SIZE", self.wrong("--limit"))

    def test_no_program(self):
        self.assertIn("which program", self.wrong())
        self.assertIn("which program", self.wrong("--verbose", "--"))

    def test_wrong_environment(self):
        self.assertIn("environment FREEHOLD", self.wrong("true", env=environment(FREEHOLD="limit=1")))
        self.assertIn("did you mean stats", self.wrong("true", env=environment(FREEHOLD="verbose,stas=json")))

    def test_library_missing(self):
        said = self.wrong("true", env=environment(FREEHOLD_LIBRARY="/nonexistent/libfreehold.so"))
        self.assertIn("/nonexistent/libfreehold.so", said)
        said = self.wrong("true", env=environment(FREEHOLD_LIBRARY="/etc/passwd"))
        self.assertIn("not a shared library", said)
        alone = self.directory / "freehold"
        alone.write_bytes(COMMAND.read_bytes())
        alone.chmod(0o755)
        result = subprocess.run([alone, "run", "true"], env=environment(FREEHOLD_LIBRARY=None), capture_output=True,
                                text=True)
        if result.returncode != 0:  # 0: a copy is installed where this build looks
            self.check(result, USAGE, "libfreehold.so was not found", "FREEHOLD_LIBRARY")

    def test_library_path_with_a_space(self):
        place = self.directory / "with space"
        place.mkdir()
        copy = place / "libfreehold.so"
        copy.write_bytes(LIBRARY.read_bytes())
        self.assertIn("space or colon", self.wrong("true", env=environment(FREEHOLD_LIBRARY=copy)))


class Finding(CommandTest):
    def test_not_found(self):
        self.check(freehold("run", "no-such-program-anywhere"), NOT_FOUND, "PATH")
        self.check(freehold("run", "/no/such/program"), NOT_FOUND, "check the path")
        self.check(freehold("run", ""), NOT_FOUND)

    def test_not_executable(self):
        plain = self.script("plain", "#!/bin/sh\n", 0o644)
        self.check(freehold("run", plain), NOT_EXECUTABLE, "not executable")
        self.check(freehold("run", self.directory), NOT_EXECUTABLE, "directory")
        path = f"{self.directory}:/usr/bin:/bin"
        self.check(freehold("run", "plain", env=environment(PATH=path)), NOT_EXECUTABLE)

    def test_path_is_searched_in_order(self):
        first = self.directory / "first"
        first.mkdir()
        program = first / "true"
        program.write_text("#!/bin/sh\necho first\n")
        program.chmod(0o755)
        result = freehold("run", "true", env=environment(PATH=f"/nonexistent:{first}:/bin"))
        self.assertEqual(result.stdout, "first\n")

    def test_value_of_a_bare_flag_taken_for_the_program(self):
        self.check(freehold("run", "--on-misuse", "report", "true"), NOT_FOUND, "--on-misuse=report")

    def test_no_interpreter_line(self):
        text = self.script("text", "echo hello\n")
        self.check(freehold("run", text), NOT_EXECUTABLE, "sh " + str(text))
        empty = self.script("empty", "")
        self.check(freehold("run", empty), NOT_EXECUTABLE)


class Scripts(CommandTest):
    def runs(self, first_line, body, expected="ran\n"):
        script = self.script("script", first_line + "\n" + body)
        result = freehold("run", "--verbose", script)
        self.check(result, 0)
        self.assertEqual(result.stdout, expected)
        self.serves(result)

    def test_interpreters(self):
        self.runs("#!/bin/sh", "echo ran\n")
        self.runs("#! /bin/sh -e", "echo ran\n")
        self.runs("#!/usr/bin/env sh", "echo ran\n")
        self.runs("#!/usr/bin/env -S sh -e", "echo ran\n")
        self.runs("#!/usr/bin/env -S A=b sh", "echo ran\n")

    def test_script_run_by_a_script(self):
        inner = self.script("inner", "#!/bin/sh\necho ran\n")
        self.runs(f"#!{inner}", "")

    def test_too_many_levels(self):
        before = "/bin/sh"
        for level in range(7):
            before = self.script(f"level{level}", f"#!{before}\n")
        self.check(freehold("run", before), NOT_EXECUTABLE, "#! lines")

    def test_missing_interpreter(self):
        script = self.script("orphan", "#!/no/such/interpreter\n")
        self.check(freehold("run", script), NOT_EXECUTABLE, "/no/such/interpreter")
        script = self.script("orphan", "#!/usr/bin/env no-such-interpreter\n")
        self.check(freehold("run", script), NOT_EXECUTABLE, "no-such-interpreter")

    def test_cleared_environment(self):
        for line in ("#!/usr/bin/env -S -i sh", "#!/usr/bin/env -S -u LD_PRELOAD sh"):
            script = self.script("cleared", line + "\necho ran\n")
            self.check(freehold("run", script), NOT_POSSIBLE, "env")
