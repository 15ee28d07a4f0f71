"""`freehold check`: the process, the forms of output, filters and exit codes; a stand-in (stand_in.c) writes the records."""
import functools
import importlib.util
import json
import os
import pathlib
import pty
import random
import re
import signal
import subprocess
import time

from support import *

SUBJECT_SOURCE = SOURCE / "tests/tool/subject.c"


@functools.lru_cache(maxsize=None)
def mark(name):
    """The line of subject.c that has the mark."""
    lines = SUBJECT_SOURCE.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if f"MARK {name} */" in line)


class CheckTest(CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subject = cls.build_subject()
        cls.temporary = cls.directory / "temporary"
        cls.temporary.mkdir()

    def environment(self, **changes):
        return environment(FREEHOLD_CHECK_LIBRARY=self.stand_in, TMPDIR=self.temporary, **changes)

    def run_check(self, *arguments, **more):
        more.setdefault("env", self.environment())
        result = freehold("check", *arguments, **more)
        self.assertEqual(list(self.temporary.iterdir()), [], "temporary files are left")
        return result

    def document(self, *arguments, code=ERRORS_FOUND):
        path = self.directory / "out.json"
        result = self.run_check("--json", path, *arguments)
        self.assertEqual(result.returncode, code, result.stderr)
        document = json.loads(path.read_text())
        self.validate("check-1.schema.json", document)
        self.assertEqual(document["exit_code"], code)
        return document

    def leave_records(self, *arguments):
        path = self.directory / "records"
        self.run_check("--report-file", path, self.subject, *arguments)
        return path


class Text(CheckTest):
    def shown(self, *arguments, **more):
        """Standard error with what differs from run to run replaced."""
        text = self.run_check(self.subject, *arguments, cwd=SOURCE, **more).stderr
        text = text.replace(str(self.subject), "SUBJECT")
        text = re.sub(r"\b(process|thread) \d+", r"\1 N", text)
        text = re.sub(r":(\d+):\d+", r":\1", text)
        return re.sub(r"; \d+\.\d\d s$", "; N s", text, flags=re.MULTILINE)

    def test_whole_report(self):
        source = "tests/tool/subject.c"
        overflow = next(frame for frame in self.document(self.subject, "overflow")["reports"][0]["stack"]
                        if frame["function"] == "overflow")
        made = self.document(self.subject, "overflow")["reports"][0]["object"]["allocation_stack"][1]
        self.assertEqual(self.shown("overflow"), f"""\
freehold: error[heap-buffer-overflow]: write of 1 byte just behind a heap object of 10 bytes
  written in process N (SUBJECT overflow):
    put                           {source}:{mark("accessed")} (inlined)
    {mark("accessed"):7d} | stand_in_here(&report.at); /* MARK accessed */
    fill_name                     {source}:{mark("called")}
    overflow                      {source}:{overflow["line"]}
    main                          {source}:{mark("main")}
  the object, 10 bytes at 0x7f0000001000, was allocated by malloc:
    make_name                     {source}:{mark("allocated")}
    {mark("allocated"):7d} | stand_in_here(&report.object.allocated); /* MARK allocated */
    overflow                      {source}:{made["line"]}
    main                          {source}:{mark("main")}
  advice: make the object larger, or stop at its end
  to leave it out: heap-buffer-overflow:put > fill_name > overflow > main

freehold: 1 error: 1 heap-buffer-overflow
  the program ended with exit code 0
  0 allocations of 0 bytes, 0 freed; 0 guarded, 0 fenced
  most held at once: 0 bytes; most memory of the process: 0 bytes; N s
""")

    def test_three_stacks_and_the_earlier_owner(self):
        text = self.shown("after-free")
        self.assertIn("read of 4 bytes, 2 bytes into a heap object of 10 bytes that was freed", text)
        self.assertIn("  it was freed by free:\n    drop_name ", text)
        self.assertIn("  an earlier object at this address, 10 bytes", text)

    def test_thread_is_named_and_can_not_write_to_the_terminal(self):
        text = self.shown("thread")
        self.assertIn("  read in thread N (worker\\x1b[1m) in process N", text)
        self.assertNotIn("\033", text)

    def test_recursion_is_short(self):
        # Compilers may keep their own order of the levels: the first and the last stand apart.
        text = self.shown("deep=12")
        self.assertRegex(text, rf"descend +tests/tool/subject.c:{mark('deeper')}\n.*\(the same \d+ times more\)\n")
        self.assertLess(text.count("    descend "), 5)

    def test_found_later(self):
        text = self.shown("late")
        self.assertIn("memory was overwritten, 2 bytes behind the end of a heap object of 10 bytes (found later)", text)
        self.assertIn("  noticed in process", text)

    def test_every_kind_has_a_sentence(self):
        kinds = re.findall(r'^REPORT_KIND\(\w+, "([a-z-]+)"', (SOURCE / "record/report_kinds.def").read_text(), re.M)
        text = self.shown(*(f"kind={number}" for number in range(len(kinds) + 1)))
        for kind in kinds:
            self.assertRegex(text, rf"freehold: error\[{kind}\]: \w.*\S\n")
        self.assertIn("error[unknown]", text)

    def test_summary_is_short(self):
        text = self.shown("overflow", "leak=3", "kind=3", "fork", "peak=4096", "exit=3")
        summary = text[text.rindex("\nfreehold: ") + 1:]
        self.assertLessEqual(len(summary.splitlines()), 15)
        self.assertIn("3 errors: 1 heap-buffer-overflow, 1 double-free, 1 leak", summary)
        self.assertIn("exit code 3", summary)
        self.assertIn("lost: 30 bytes in 3 blocks", summary)
        self.assertIn("most held at once: 4.0 KiB", summary)

    def test_quiet_and_no_text(self):
        quiet = self.run_check("-q", self.subject, "overflow")
        self.assertIn("error[heap-buffer-overflow]", quiet.stderr)
        self.assertNotIn("1 error", quiet.stderr)
        self.assertEqual(self.run_check("--quiet", self.subject).stderr, "")
        silent = self.run_check("--no-text", self.subject, "overflow")
        self.assertNotIn("error[", silent.stderr)
        self.assertIn("1 error", silent.stderr)

    def test_no_errors(self):
        result = self.run_check(self.subject)
        self.check(result, 0, "freehold: 0 errors\n")

    def test_colours_on_a_terminal_alone(self):
        for changes, coloured in (({"NO_COLOR": None}, True), ({"NO_COLOR": "1"}, False)):
            ours, theirs = pty.openpty()
            subprocess.run([str(COMMAND), "check", str(self.subject), "overflow"], stderr=theirs,
                           stdin=subprocess.DEVNULL, env=self.environment(TERM="xterm", **changes))
            os.close(theirs)
            self.assertEqual(b"\033[31m" in os.read(ours, 1 << 16), coloured)
            os.close(ours)

    def test_reports_come_while_the_program_runs(self):
        process = subprocess.Popen([str(COMMAND), "check", str(self.subject), "overflow", "wait"],
                                   env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertIn("error[heap-buffer-overflow]", process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)


class Process(CheckTest):
    def test_exit_codes(self):
        subject = self.subject
        for arguments, code in (
            ((subject,), 0),
            ((subject, "exit=7"), 7),
            ((subject, "overflow"), ERRORS_FOUND),
            ((subject, "overflow", "exit=7"), 7),
            ((subject, "leak=1"), ERRORS_FOUND),
            ((subject, "reachable"), 0),
            ((subject, "signal=15"), 128 + 15),
            (("--error-exitcode=0", subject, "overflow"), 0),
            (("--error-exitcode", "9", subject, "overflow", "exit=7"), 9),
            (("--error-exitcode=9", subject, "exit=7"), 7),
            (("--max-leak=20", subject, "leak=2"), 0),
            (("--max-leak=19", subject, "leak=2"), BOUND_PASSED),
            (("--max-leak=20", subject, "leak=2", "overflow"), ERRORS_FOUND),
            (("--max-peak=1K", subject, "peak=1024"), 0),
            (("--max-peak=1023", subject, "peak=1024"), BOUND_PASSED),
        ):
            self.assertEqual(self.run_check(*arguments).returncode, code, arguments)

    def test_environment(self):
        result = self.run_check("--all", "--leaks", "--fill=1", "--fail-alloc=random:5,17", self.subject, "settings")
        settings, preload = result.stdout.splitlines()
        self.assertRegex(settings, r"^all=on,leaks=lost,fill=1,fail_alloc=random:5:17,report_file=/.*/records$")
        self.assertEqual(preload, str(self.stand_in))

    def test_settings_of_the_environment_are_kept(self):
        result = self.run_check("--fill=1", self.subject, "settings",
                                env=self.environment(FREEHOLD="fill=2,fail-alloc=7,limit=512M"))
        self.assertRegex(result.stdout, r"^fail_alloc=7,limit=512M,fill=1,report_file=")

    def test_directory_with_a_comma_is_not_used(self):
        odd = self.directory / "a,b"
        odd.mkdir()
        result = self.run_check(self.subject, "overflow", env={**self.environment(), "TMPDIR": str(odd)})
        self.check(result, ERRORS_FOUND)

    def test_children(self):
        document = self.document(self.subject, "fork", "overflow")
        self.assertEqual([report["times"] for report in document["reports"]], [2])
        self.assertEqual(document["summary"]["processes"], 2)
        alone = self.document("--no-follow", self.subject, "fork", "overflow")
        self.assertEqual(alone["reports"][0]["times"], 1)
        self.assertEqual(alone["summary"]["filtered_reports"], 1)

    def test_exec(self):
        document = self.document(self.subject, "exec", "overflow")
        self.assertEqual(len(document["reports"]), 1)
        self.assertEqual(document["reports"][0]["stack"][1]["function"], "fill_name")

    def test_leaks_of_forked_processes_are_the_same_blocks(self):
        document = self.document(self.subject, "leak=3", "fork")
        self.assertEqual(document["summary"]["lost_bytes"], 30)

    def test_streams_are_the_programs(self):
        result = self.run_check(self.subject, "read", stdin=None, input="through\n")
        self.assertEqual(result.stdout, "through\n")

    def test_no_descriptor_is_left_open(self):
        # The library's own is the file of the records.
        result = self.run_check("ls", "-l", "/proc/self/fd")
        left = [line for line in result.stdout.splitlines()[1:] if "/records" not in line]
        plain = subprocess.run(["ls", "-l", "/proc/self/fd"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(len(left), len(plain.stdout.splitlines()[1:]), result.stdout)

    def start(self, *arguments, **more):
        process = subprocess.Popen([str(COMMAND), "check", *map(str, arguments)], env=self.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def test_signals_reach_the_program(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            process = self.start(self.subject, "overflow", "wait")
            process.send_signal(number)
            said = process.communicate(timeout=20)[1]
            self.assertEqual(process.returncode, 128 + number, said)
            self.assertIn("error[heap-buffer-overflow]", said)
            self.assertEqual(list(self.temporary.iterdir()), [])

    def test_interrupt_of_the_terminal(self):
        process = self.start(self.subject, "overflow", "wait", start_new_session=True)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=20)[1]
        self.assertEqual(process.returncode, 128 + signal.SIGINT)
        self.assertIn("1 error", said)
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_signals_are_left_as_they_were(self):
        words = ["grep", "-E", "SigBlk:|SigIgn:", "/proc/self/status"]
        for restored in (True, False):  # False: SIGPIPE is ignored, as in this process
            plain = subprocess.run(words, capture_output=True, text=True, restore_signals=restored)
            self.assertEqual(self.run_check(*words, restore_signals=restored).stdout, plain.stdout)

    def test_timeout(self):
        document = self.document("--timeout", "0.2", self.subject, "wait", code=128 + signal.SIGKILL)
        self.assertTrue(document["runs"][0]["timed_out"])

    def test_refusals(self):
        static = self.compile("static", "int main(void) { return 0; }", "-static")
        result = self.run_check(static)
        self.check(result, NOT_POSSIBLE, "statically linked")
        self.check(self.run_check("--force", static), 0, "warning: ")
        own = self.compile("own", OWN_MALLOC + "int main(void) { return 0; }")
        self.check(self.run_check(own), NOT_POSSIBLE, "malloc of its own")
        self.check(self.run_check("no-such-program-anywhere"), NOT_FOUND, "PATH")
        self.check(self.run_check(self.directory), NOT_EXECUTABLE, "directory")
        self.check(self.run_check("--leaks", "full", self.subject), NOT_FOUND, "full")
        text = self.script("text", "echo hello\n")
        self.check(self.run_check("--force", text), NOT_EXECUTABLE)

    def test_library_missing(self):
        result = freehold("check", "true", env=environment(FREEHOLD_CHECK_LIBRARY="/nonexistent.so"))
        self.check(result, USAGE, "FREEHOLD_CHECK_LIBRARY=/nonexistent.so")

    def test_wrong_arguments(self):
        for arguments, said in (
            ((), "which program"),
            (("--jsn=x", "true"), "--json?"),
            (("--fill=256", "true"), "0 to 255"),
            (("--fill=x", "true"), "not a number"),
            (("--error-exitcode=256", "true"), "0 to 255"),
            (("--max-leak=lots", "true"), "not a size"),
            (("--timeout=0", "true"), "seconds"),
            (("--json", ), "needs a value"),
            (("--json=/nonexistent/x", "true"), "/nonexistent/x"),
            (("--suppressions=/nonexistent", "true"), "/nonexistent"),
            (("--report-file=/nonexistent/x", "true"), "/nonexistent/x"),
            (("--two-fills", "--fail-alloc=site", "true"), "choose one"),
            (("--from-records=x", "true"), "leave out the program"),
            (("--from-records=/nonexistent",), "/nonexistent"),
            (("--from-records", SUBJECT_SOURCE), "no records"),
            *(((f"--fail-alloc={wrong}", "true"), "every:K") for wrong in
              ("x", "every:", "site:x", "random:5", "random:5:", "random:a:b", "5x", "-1")),
        ):
            result = self.run_check(*arguments)
            self.check(result, USAGE, said)

    def test_output_that_can_not_be_written(self):
        self.check(self.run_check("--json=/dev/full", self.subject), OUTPUT_LOST, "/dev/full")
        self.check(self.run_check("--sarif=/dev/full", self.subject, "overflow"), OUTPUT_LOST, "/dev/full")

    def test_reader_of_the_reports_goes_away(self):
        ours, theirs = os.pipe()
        os.close(ours)
        result = subprocess.run([str(COMMAND), "check", str(self.subject), "overflow", "exit=7"], stderr=theirs,
                                stdin=subprocess.DEVNULL, env=self.environment())
        os.close(theirs)
        self.assertEqual(result.returncode, 7)


class Documents(CheckTest):
    def test_json(self):
        document = self.document(self.subject, "overflow", "after-free", "leak=2", "reachable")
        self.assertEqual([report["id"] for report in document["reports"]],
                         ["heap-buffer-overflow", "heap-use-after-free", "leak", "leak"])
        overflow, use, leak, reachable = document["reports"]
        self.assertEqual(overflow["access"],
                         {"kind": "write", "bytes": 1, "address": "0x7f000000100a", "offset": 10})
        frame = overflow["stack"][0]
        self.assertEqual((frame["function"], frame["line"], frame["inlined"]), ("put", mark("accessed"), True))
        self.assertEqual(frame["file"], str(SUBJECT_SOURCE))
        self.assertEqual(frame["module"], str(self.subject))
        self.assertEqual(overflow["cwe"], 122)
        self.assertEqual(use["object"]["state"], "freed")
        self.assertEqual(use["object"]["free_stack"][0]["line"], mark("freed"))
        self.assertEqual(use["earlier_object"]["bytes"], 10)
        self.assertEqual(leak["leak"], {"blocks": 2, "bytes": 20, "indirect_blocks": 0, "indirect_bytes": 0,
                                        "reachable": False})
        self.assertEqual(leak["allocation_stack"][0]["function"], "make_name")
        self.assertEqual((reachable["severity"], reachable["leak"]["reachable"]), ("note", True))
        self.assertEqual(document["summary"]["errors"], 3)
        self.assertEqual(document["program"], [str(self.subject), "overflow", "after-free", "leak=2", "reachable"])

    def test_fingerprints_stay(self):
        prints = [[report["fingerprint"] for report in self.document(self.subject, "overflow", "leak=2")["reports"]]
                  for _ in range(2)]
        self.assertEqual(prints[0], prints[1])
        self.assertEqual(len(set(prints[0])), 2)

    def test_program_with_odd_names(self):
        for name in ("with space", "with\nnewline", "quote'\"", "per%cent", "caf\u00e9", b"not-utf8-\xff"):
            path = os.path.join(os.fsencode(self.directory), os.fsencode(name))
            with open(self.subject, "rb") as source, open(path, "wb") as target:
                target.write(source.read())
            os.chmod(path, 0o755)
            sarif = self.directory / "odd.sarif"
            # The arguments as bytes: one of the names is no text.
            json_path = self.directory / "odd.json"
            result = subprocess.run([os.fsencode(COMMAND), b"check", b"--json", os.fsencode(json_path), b"--sarif",
                                     os.fsencode(sarif), path, b"overflow"], env=self.environment(),
                                    stdin=subprocess.DEVNULL, capture_output=True)
            self.assertEqual(result.returncode, ERRORS_FOUND, (name, result.stderr))
            document = json.loads(json_path.read_text())
            self.validate("check-1.schema.json", document)
            frame = document["reports"][0]["stack"][1]
            self.assertEqual((frame["function"], frame["line"]), ("fill_name", mark("called")), name)
            self.assertEqual(frame["module"], path.decode("utf-8", "replace"))
            json.loads(sarif.read_text())
            self.assertNotIn(b"\nnewline", result.stderr)

    def sarif(self, *arguments):
        path = self.directory / "out.sarif"
        self.run_check("--sarif", path, *arguments, cwd=SOURCE)
        document = json.loads(path.read_text())
        if importlib.util.find_spec("jsonschema") is not None:
            import jsonschema

            schema = json.loads((SOURCE / "tests/tool/sarif-2.1.0-reduced.schema.json").read_text())
            jsonschema.Draft202012Validator(schema).validate(document)
        return document["runs"][0]

    def test_sarif(self):
        run = self.sarif(self.subject, "after-free", "leak=2", "reachable", "kind=99")
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        for result in run["results"][:3]:
            self.assertEqual(rules[result["ruleIndex"]], result["ruleId"])
        use, leak, reachable, unknown = run["results"]
        place = use["locations"][0]["physicalLocation"]
        self.assertEqual(place["artifactLocation"], {"uri": "tests/tool/subject.c", "uriBaseId": "HERE"})
        self.assertEqual(place["region"]["startLine"], mark("accessed"))
        self.assertEqual(run["originalUriBaseIds"]["HERE"]["uri"], f"file://{SOURCE}/")
        self.assertEqual([entry["message"]["text"] for entry in use["relatedLocations"]][:2],
                         ["the object was allocated here", "the object was freed here"])
        self.assertEqual(reachable["level"], "note")
        self.assertNotIn("ruleIndex", unknown)

    def test_sarif_of_nothing(self):
        self.assertEqual(self.sarif(self.subject)["results"], [])

    def test_sarif_keeps_what_was_suppressed(self):
        known = self.directory / "known"
        known.write_text("*:...\n")
        run = self.sarif("--suppressions", known, self.subject, "overflow")
        self.assertEqual(run["results"][0]["suppressions"], [{"kind": "external"}])


class Filters(CheckTest):
    def suppressed(self, lines, *arguments, flags=()):
        path = self.directory / "known"
        path.write_text(lines)
        return self.document("--suppressions", path, *flags, self.subject, *arguments, code=None)

    def document(self, *arguments, code=None):
        path = self.directory / "out.json"
        result = self.run_check("--json", path, *arguments)
        self.said = result.stderr
        document = json.loads(path.read_text())
        self.validate("check-1.schema.json", document)
        return document

    def shown(self, document):
        return [report["id"] for report in document["reports"] if not report["suppressed"]]

    def test_patterns(self):
        for line, matches in (
            ("heap-buffer-overflow:put", True),
            ("heap-buffer-overflow:put > fill_name > overflow > main", True),
            ("heap-buffer-overflow:fill_name", False),
            ("heap-buffer-overflow:... > fill_name", True),
            ("heap-buffer-overflow:put > ... > main", True),
            ("heap-buffer-overflow:... > ... > main > ...", True),
            ("heap-buffer-overflow:put > main", False),
            ("heap-buffer-overflow:...", True),
            ("heap-*:p?t", True),
            ("*:*", True),
            ("leak:...", False),
            ("*:*@subject", True),
            ("*:put@subject > *@sub*", True),
            ("*:*@libother.so", False),
            ("heap-buffer-overflow:put > fill_name > overflow > main > nothing > nothing > nothing", False),
            ("heap-buffer-overflow:" + " > ".join(["..."] * 200), True),
        ):
            document = self.suppressed(f"# comment\n\n  {line}  \n", "overflow")
            self.assertEqual(self.shown(document), [] if matches else ["heap-buffer-overflow"], line)
            self.assertEqual(document["exit_code"], 0 if matches else ERRORS_FOUND)
            self.assertEqual(document["summary"]["suppressed_reports"], int(matches))
            self.assertEqual(document["unused_suppressions"], [] if matches else [line])

    def test_the_line_that_a_report_names_suppresses_it(self):
        everything = ("overflow", "after-free", "leak=2", "thread", "kind=4")
        document = self.document(self.subject, *everything)
        lines = [report["suppression"] for report in document["reports"]]
        self.assertGreaterEqual(len(lines), 5)
        self.assertEqual(self.shown(self.suppressed("\n".join(lines), *everything)), [])

    def test_unused_lines_are_named(self):
        self.suppressed("leak:nothing\nheap-*:...\n", "overflow", flags=("--verbose",))
        self.assertIn("known:1: leak:nothing: suppressed nothing", self.said)
        self.assertNotIn("known:2", self.said)

    def test_wrong_line(self):
        path = self.directory / "known"
        path.write_text("# fine\nnonsense\n")
        self.check(self.run_check("--suppressions", path, self.subject), USAGE, "known:2: nonsense")

    def test_modules(self):
        library = self.directory / "libother.so"
        for flags, count in ((("--ignore=subject",), 0), (("--ignore=lib*",), 1), (("--only-from=subject",), 1),
                             (("--only-from", "libother"), 0), ((f"--only-from={self.subject}",), 1),
                             (("--only-from=libother", "--only-from=sub*"), 1)):
            self.assertEqual(len(self.document(*flags, self.subject, "overflow")["reports"]), count, (flags, library))


class SeveralRuns(CheckTest):
    def test_fills_that_show(self):
        result = self.run_check("--two-fills", self.subject, "fill")
        self.check(result, RUNS_DIFFER, "from byte 18 (line 2) on", "filled with 190: filled with 190",
                   "filled with  65: filled with 65")
        self.assertEqual(result.stdout, "same\nfilled with 190\n")

    def test_fills_that_do_not_show(self):
        result = self.run_check("--two-fills", self.subject, "read", stdin=None, input="line\n" * 1000)
        self.check(result, 0)
        self.assertEqual(result.stdout, "line\n" * 1000)
        path = self.directory / "input"
        path.write_text("skipped\nkept\n")
        with open(path) as stdin:
            os.lseek(stdin.fileno(), len("skipped\n"), os.SEEK_SET)
            result = self.run_check("--two-fills", self.subject, "read", stdin=stdin)
        self.check(result, 0)
        self.assertEqual(result.stdout, "kept\n")

    def test_fill_given(self):
        self.check(self.run_check("--two-fills", "--fill=1", self.subject, "fill"), RUNS_DIFFER, "filled with 254")

    def test_every_site(self):
        document = self.document("--fail-alloc=site", self.subject, "sites")
        self.assertEqual([run["failed_site"] for run in document["runs"]], [None, 1, 2, 3])
        self.assertEqual([run["signal"] for run in document["runs"]],
                         [None, None, int(signal.SIGSEGV), int(signal.SIGABRT)])
        report, = document["reports"]
        self.assertEqual((report["id"], report["process"]["run"]), ("null-pointer", 3))
        self.assertEqual(report["failed_allocation_stack"][0]["function"], "sites")
        self.assertIsNone(report["object"])
        result = self.run_check("--fail-alloc=site", self.subject, "sites")
        self.assertIn("after this allocation was made to fail", result.stderr)
        self.assertIn("site 3 of 3", result.stderr)

    def test_no_sites(self):
        self.check(self.run_check("--fail-alloc=site", self.subject), 0, "none was made to fail")


class Records(CheckTest):
    def test_shown_again(self):
        path = self.leave_records("overflow", "leak=2")
        result = self.run_check("--from-records", path)
        self.check(result, ERRORS_FOUND)
        self.assertIn("error[heap-buffer-overflow]", result.stdout)
        self.assertIn(f"subject.c:{mark('called')}:", result.stdout)
        self.assertIn("2 errors", result.stdout)
        self.assertEqual(result.stderr, "")

    def test_many_reports(self):
        count = 10000
        path = self.directory / "many.json"
        result = self.run_check("--no-text", "--json", path, self.subject, f"many={count}")
        self.check(result, ERRORS_FOUND, f"{count + 1} errors")
        self.assertEqual(len(json.loads(path.read_text())["reports"]), count + 1)

    def test_repeated_reports_are_counted(self):
        document = self.document(self.subject, *["overflow"] * 5)
        # One place in main, seen from one loop: the same stack.
        self.assertEqual([report["times"] for report in document["reports"]], [5])

    def test_cut_short(self):
        whole = self.leave_records("overflow", "leak=2").read_bytes()
        path = self.directory / "cut"
        for length in range(0, len(whole), max(1, len(whole) // 97)):
            path.write_bytes(whole[:length])
            result = self.run_check("--from-records", path)
            self.assertIn(result.returncode, (0, ERRORS_FOUND, USAGE), result.stderr)
        path.write_bytes(whole[:-100])
        result = self.run_check("--from-records", path)
        self.assertIn("2 errors", result.stdout)
        self.assertIn("made no sense", result.stdout)

    def test_garbage_between_records(self):
        whole = self.leave_records("overflow").read_bytes()
        path = self.directory / "garbage"
        path.write_bytes(b"FHfrep" * 1000 + whole + b"\0" * 777)
        result = self.run_check("--from-records", path)
        self.assertIn("error[heap-buffer-overflow]", result.stdout)
        self.assertIn(f"{6000 + 777} bytes of the records made no sense", result.stdout)

    def test_another_version(self):
        whole = bytearray(self.leave_records("overflow").read_bytes())
        whole[8] = 2  # the first record's
        path = self.directory / "version"
        path.write_bytes(whole)
        self.assertIn("1 records are of another version", self.run_check("--from-records", path).stdout)

    def test_any_bytes_are_survived(self):
        whole = self.leave_records("overflow", "thread", "leak=2", "late").read_bytes()
        chosen = random.Random(17)
        path = self.directory / "fuzzed"
        for _ in range(60):
            bytes_now = bytearray(whole)
            for _ in range(chosen.choice((1, 4, 64, 1024))):
                bytes_now[chosen.randrange(len(bytes_now))] = chosen.choice((0, 1, 0x7f, 0xff, chosen.randrange(256)))
            path.write_bytes(bytes_now)
            result = subprocess.run([str(COMMAND), "check", "--json", self.directory / "fuzzed.json", "--sarif",
                                     self.directory / "fuzzed.sarif", "--from-records", path], env=self.environment(),
                                    capture_output=True, timeout=60)
            self.assertIn(result.returncode, (0, ERRORS_FOUND, USAGE), result.stderr)
            if result.returncode != USAGE:
                self.validate("check-1.schema.json", json.loads((self.directory / "fuzzed.json").read_text()))
                json.loads((self.directory / "fuzzed.sarif").read_text())
