"""Help, version, colours, and the documents made from the tables."""
import json
import os
import pty
import re
import shutil
import subprocess

from support import *

TEMPLATES = sorted((SOURCE / "docs/man").glob("*.in")) + sorted((SOURCE / "completion").glob("*.in"))


def options_of(table):
    return re.findall(r"^OPTION_[A-Z]+\((\w+),", (SOURCE / "record" / table).read_text(), re.MULTILINE)


OPTIONS = options_of("options.def")
CHECK_OPTIONS = options_of("check_options.def")
COLLECT_OPTIONS = options_of("collect_options.def")
REPORTS = re.findall(r'^REPORT_KIND\(\w+, "([a-z-]+)"', (SOURCE / "record/report_kinds.def").read_text(), re.MULTILINE)


def fill(template):
    return freehold("generate", "fill", template)


class Help(CommandTest):
    def test_forms(self):
        for command in ("run", "check", "leaks", "stat", "map", "top", "doctor"):
            texts = {freehold(*words).stdout for words in ((command, "--help"), (command, "-h"), ("help", command))}
            self.assertEqual(len(texts), 1)
            self.assertIn(f"Usage: freehold {command}", texts.pop())
        self.assertEqual(freehold("--help").stdout, freehold("help").stdout)

    def test_every_option_is_in_the_help(self):
        text = freehold("run", "--help").stdout
        for name in OPTIONS:
            self.assertRegex(text, rf"--(\[no-\])?{name.replace('_', '-')}\b")

    def test_options_of_the_checker_are_those_of_check_alone(self):
        check = freehold("check", "--help").stdout
        run = freehold("run", "--help").stdout
        self.assertGreater(len(CHECK_OPTIONS), 8)
        for name in OPTIONS + CHECK_OPTIONS:
            self.assertRegex(check, rf"--(\[no-\])?{name.replace('_', '-')}\b")
        for name in CHECK_OPTIONS:
            flag = "--" + name.replace("_", "-")
            self.assertNotRegex(run, rf"--(\[no-\])?{flag[2:]}\b")
            result = freehold("run", flag, "true")
            self.check(result, USAGE, flag, "freehold check")
        self.check(freehold("run", "--no-watch", "true"), USAGE, "--no-watch is an option of the checker")

    def test_options_of_the_collector_want_it(self):
        run = freehold("run", "--help").stdout
        self.assertGreater(len(COLLECT_OPTIONS), 2)
        for name in COLLECT_OPTIONS:
            self.assertRegex(run, rf"--(\[no-\])?{name.replace('_', '-')}\b")
        self.check(freehold("run", "--markers=1", "true"), USAGE, "--markers is an option of the collector", "--gc")
        self.check(freehold("run", "--gc", "--markers=1", "true"), 0)

    def test_version(self):
        header = (SOURCE / "include/freehold.h").read_text()
        version = re.search(r'FH_VERSION_STRING "(.+)"', header).group(1)
        self.assertEqual(freehold("--version").stdout, f"freehold {version}\n")

    def test_wrong_commands(self):
        for words in ((), ("runn",), ("--vers",), ("help", "runn"), ("help", "run", "stat"), ("generate",)):
            result = freehold(*words)
            self.assertEqual(result.returncode, USAGE)
            self.assertEqual(result.stdout, "")
            self.assertNotEqual(result.stderr, "")

    def test_output_that_can_not_be_written(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([str(COMMAND), "--help"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)

    def on_terminal(self, **changes):
        ours, theirs = pty.openpty()
        subprocess.run([str(COMMAND), "--help"], stdout=theirs, env=environment(TERM="xterm", **changes))
        os.close(theirs)
        text = os.read(ours, 1 << 16)
        os.close(ours)
        return text

    def test_colours(self):
        self.assertIn(b"\033[", self.on_terminal(NO_COLOR=None))
        self.assertNotIn(b"\033[", self.on_terminal(NO_COLOR="1"))


class Templates(CommandTest):
    def test_all_are_filled(self):
        self.assertGreaterEqual(len(TEMPLATES), 9)
        for template in TEMPLATES:
            result = fill(template)
            self.check(result, 0)
            self.assertNotRegex(result.stdout, r"@[A-Z_]+( \w+)?@", template.name)

    def test_options_are_in_the_pages(self):
        run = fill(SOURCE / "docs/man/freehold-run.1.in").stdout.replace("\\-", "-")
        settings = fill(SOURCE / "docs/man/freehold.7.in").stdout
        for name in OPTIONS:
            self.assertIn(name.replace("_", "-"), run)
            self.assertIn(f".B {name}", settings)
        check = fill(SOURCE / "docs/man/freehold-check.1.in").stdout.replace("\\-", "-")
        for name in OPTIONS + CHECK_OPTIONS:
            self.assertRegex(check, rf"\.B --(\[no-\])?{name.replace('_', '-')}\b")
        for name in CHECK_OPTIONS:
            self.assertIn(f".B {name}", settings)
            self.assertNotRegex(run, rf"\.B --(\[no-\])?{name.replace('_', '-')}\b")

    def test_each_kind_of_report_has_a_page(self):
        pages = {page.stem: page.read_text() for page in (SOURCE / "docs/reports").glob("*.md")}
        self.assertGreater(len(REPORTS), 10)
        self.assertEqual(set(pages), set(REPORTS))
        for name, page in pages.items():
            self.assertTrue(page.startswith(f"# {name}\n"), name)
            for heading in ("Example", "What the report says", "What to do", "What is not found"):
                self.assertIn(f"\n## {heading}\n", page, name)

    def test_api_page_names_every_function(self):
        page = (SOURCE / "docs/man/freehold.3.in").read_text()
        header = (SOURCE / "include/freehold.h").read_text()
        for name in set(re.findall(r"FH_API [^;(]*?\b(fh_\w+)\(", header)):
            self.assertRegex(page, rf"\b{name}\b")

    def test_unknown_list(self):
        template = self.directory / "unknown.in"
        template.write_text("before\n@NO_SUCH_LIST@\n")
        self.check(fill(template), 1, "NO_SUCH_LIST")
        self.check(fill(self.directory / "missing.in"), 1, "missing.in")

    def test_pages_are_sound(self):
        if shutil.which("mandoc") is None:
            self.skipTest("needs mandoc")
        for template in sorted((SOURCE / "docs/man").glob("*.in")):
            result = subprocess.run(["mandoc", "-Tlint", "-Wwarning"], input=fill(template).stdout, text=True,
                                    capture_output=True)
            self.assertEqual(result.stdout, "", template.name)

    def test_shells_take_the_completions(self):
        for shell, name in (("bash", "freehold.bash"), ("zsh", "_freehold"), ("fish", "freehold.fish")):
            if shutil.which(shell) is None:
                continue
            path = self.directory / name
            path.write_text(fill(SOURCE / "completion" / (name + ".in")).stdout)
            result = subprocess.run([shell, "-n", str(path)], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (0, ""), shell)

    def complete(self, *words):
        """What bash offers; readline breaks words at = too."""
        path = self.directory / "freehold.bash"
        path.write_text(fill(SOURCE / "completion/freehold.bash.in").stdout)
        quoted = " ".join(f"'{word}'" for word in words)
        script = (f"compopt() {{ :; }}; source {path}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _freehold;"
                  ' printf "%s\\n" "${COMPREPLY[@]}"')
        result = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True)
        self.assertEqual(result.stderr, "")
        return result.stdout.split()

    def test_bash_completion(self):
        self.assertEqual(self.complete("freehold", "do"), ["doctor"])
        self.assertEqual(self.complete("freehold", "run", "--lim"), ["--limit="])
        self.assertEqual(self.complete("freehold", "run", "--stats", "=", "j"), ["json"])
        self.assertEqual(self.complete("freehold", "run", "--thp", "="), ["auto", "on", "off"])
        self.assertEqual(self.complete("freehold", "run", "--limit", "=", "1G", "--verb"), ["--verbose"])
        self.assertEqual(self.complete("freehold", "stat", "--w"), ["--watch="])
        self.assertEqual(self.complete("freehold", "check", "--leaks", "=", "r"), ["reachable"])
        self.assertEqual(self.complete("freehold", "check", "--sup"), ["--suppressions="])
        self.assertEqual(self.complete("freehold", "check", "--sarif", "=", str(self.directory)[:-1]),
                         [str(self.directory)])
        self.assertEqual(self.complete("freehold", "check", "ls", "--lim"), [])
        self.assertEqual(self.complete("freehold", "leaks", "--rea"), ["--reachable"])
        self.assertEqual(self.complete("freehold", "top", "--sort", "=", "gr"), ["growth"])
        self.assertEqual(self.complete("freehold", "map", "--de"), ["--deep"])
        self.assertEqual(self.complete("freehold", "map", "--html", "=", str(self.directory)[:-1]),
                         [str(self.directory)])
        self.assertIn(str(os.getpid()), self.complete("freehold", "map", str(os.getpid())[:2]))
        self.assertIn("cat", self.complete("freehold", "map", "--", "ca"))
        self.assertIn("stat", self.complete("freehold", "help", "s"))
        self.assertEqual(self.complete("freehold", "run", "ls", "--lim"), [])


class Schemas(CommandTest):
    def test_sound(self):
        for path in (SOURCE / "share/schemas").glob("*.json"):
            schema = json.loads(path.read_text())
            self.assertEqual(schema["$schema"], "https://json-schema.org/draft/2020-12/schema")
            self.assertEqual(schema["$id"], path.name)
