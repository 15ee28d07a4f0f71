#!/usr/bin/env python3
"""The judge must refuse what is told wrong; else a test that goes by it could never fail."""

import dataclasses
import pathlib
import tempfile
import unittest
from unittest import mock

import catalog
import checkers
import judge
import page
import run

SOURCE = pathlib.Path(catalog.DIRECTORY / "overflow/loop_one_too_far.c")
CASE = next(catalog.read_source(SOURCE))
LEAK = next(catalog.read_source(catalog.DIRECTORY / "leak/list.c"))
FREED = next(catalog.read_source(catalog.DIRECTORY / "double_free/plain.c"))


def lines(case, mark):
    return [("libc.c", 3), (str(case.source), min(case.lines[mark]))]


def right():
    return checkers.Finding("heap-buffer-overflow", "write", 4, 40, 40, None, False, lines(CASE, "BUG"),
                            lines(CASE, "ALLOC"))


def verdict(findings, case=CASE, bad=True, status=0, output=b"", expected=b""):
    return judge.Result(case, bad, checkers.Freehold("."), status, output, findings, None, 0, 0, expected).verdict


class JudgeTest(unittest.TestCase):
    def test_right(self):
        self.assertEqual(verdict([right()]), judge.FOUND)

    def test_nothing(self):
        self.assertEqual(verdict([]), judge.MISSED)

    def test_each_detail_counts(self):
        for change in ({"kind": "heap-buffer-underflow"}, {"access": "read"}, {"bytes": 8}, {"offset": 44},
                       {"object": 48}, {"late": True}, {"stack": []}, {"stack": [(str(SOURCE), 1)]},
                       {"allocated": lines(CASE, "BUG")}):
            with self.subTest(change=change):
                self.assertEqual(verdict([dataclasses.replace(right(), **change)]), judge.WRONG)

    def test_something_besides(self):
        self.assertEqual(verdict([right(), checkers.Finding("leak")]), judge.WRONG)

    def test_free_line(self):
        finding = checkers.Finding("double-free", object=40, stack=lines(FREED, "BUG"), allocated=lines(FREED, "ALLOC"),
                                   freed=lines(FREED, "FREE"))
        self.assertEqual(verdict([finding], FREED), judge.FOUND)
        self.assertEqual(verdict([dataclasses.replace(finding, freed=[])], FREED), judge.WRONG)

    def test_leak_sums(self):
        def leak(direct, indirect):
            return checkers.Finding("leak", allocated=lines(LEAK, "ALLOC"),
                                    leak={"direct": direct, "indirect": indirect})
        self.assertEqual(verdict([leak(16, 144)], LEAK), judge.FOUND)
        self.assertEqual(verdict([leak(160, 0)], LEAK), judge.WRONG)

    def test_clean_twin(self):
        self.assertEqual(verdict([], bad=False, output=b"x", expected=b"x"), judge.SILENT)
        self.assertEqual(verdict([right()], bad=False), judge.ALARM)
        self.assertEqual(verdict([], bad=False, status=1), judge.BROKEN)
        self.assertEqual(verdict([], bad=False, output=b"x", expected=b"y"), judge.BROKEN)

    def test_not_measured(self):
        lost = judge.unmeasured(CASE, True, checkers.Freehold("."), "nothing was left")
        self.assertEqual((lost.verdict, lost.why), (judge.UNMEASURED, "nothing was left"))

    def summary(self, **said):
        """Of one case's bad run, by what each checker found."""
        by_name = {checker.name: checker for checker in checkers.all_checkers(".") if checker.name in said}
        results = {(CASE.name, True, name): judge.Result(CASE, True, by_name[name], 0, b"", findings, None, 0, 0)
                   for name, findings in said.items()}
        return judge.Summary([CASE], list(by_name.values()), results)

    def test_what_others_find(self):
        wrong_word = [checkers.Finding("wild-pointer")]
        for found, expected in (([], [(CASE, ["memcheck"])]), (wrong_word, [(CASE, ["memcheck"])]), ([right()], [])):
            for peer in ([right()], wrong_word):
                with self.subTest(found=found, peer=peer):
                    self.assertEqual(self.summary(freehold=found, memcheck=peer, asan=[]).only_others(), expected)
        self.assertEqual(self.summary(freehold=[], memcheck=[], asan=[]).only_others(), [])
        self.assertEqual(self.summary(freehold=[right()], memcheck=[], asan=[]).only_subject(), [CASE])
        self.assertEqual(self.summary(freehold=[right()], memcheck=[], asan=wrong_word).only_subject(), [])

    def test_what_was_not_measured_is_counted(self):
        summary = self.summary(freehold=[], memcheck=[right()])
        lost = judge.unmeasured(CASE, True, summary.checkers[0], "nothing was left")
        summary.results[CASE.name, True, "freehold"] = lost
        self.assertEqual(summary.unmeasured(), [lost])
        self.assertIn("was 1 of the runs", page.verdict(summary))

    def test_run_that_leaves_no_measure(self):
        with tempfile.TemporaryDirectory() as build:
            workshop = run.Workshop(pathlib.Path(build))
            self.addCleanup(workshop.close)
            plain = checkers.Plain()
            workshop.build(CASE, False, plain)
            self.assertTrue(workshop.run(CASE, False, plain).measured)
            for stand_in in ("/bin/true", "/bin/false"):
                workshop.measure = stand_in
                lost = workshop.run(CASE, False, plain)
                self.assertEqual(lost.verdict, judge.UNMEASURED)
                self.assertIn("err, out", lost.why)

    def test_build_directory_may_be_relative(self):
        with mock.patch("sys.argv", ["run.py", "--build", "build"]):
            self.assertEqual(run.parse_arguments().build, pathlib.Path("build").resolve())

    def test_every_kind_has_a_case_and_an_example(self):
        text = (catalog.DIRECTORY.parents[1] / "record/report_kinds.def").read_text(encoding="utf-8")
        kinds = {line.split('"')[1] for line in text.splitlines() if line.startswith("REPORT_KIND(")}
        covered = {kind for case in catalog.all_cases() for kind in case.kinds}
        self.assertEqual(kinds, covered - {catalog.NONE})
        self.assertEqual(kinds, {case.kinds[0] for case in catalog.examples()})


if __name__ == "__main__":
    unittest.main()
