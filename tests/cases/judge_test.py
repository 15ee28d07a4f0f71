#!/usr/bin/env python3
"""The judge must refuse what is told wrong; else a test that goes by it could never fail."""

import dataclasses
import pathlib
import unittest

import catalog
import checkers
import judge

SOURCE = pathlib.Path(catalog.DIRECTORY / "overflow/loop_one_too_far.c")
CASE = next(catalog.read_source(SOURCE))
LEAK = next(catalog.read_source(catalog.DIRECTORY / "leak/list.c"))
FREED = next(catalog.read_source(catalog.DIRECTORY / "double_free/plain.c"))


def lines(case, mark):
    return [("libc.c", 3), (str(case.source), min(case.lines[mark]))]


def right():
    return checkers.Finding("heap-buffer-overflow", "write", 4, 40, 40, None, False, lines(CASE, "BUG"), lines(CASE, "ALLOC"))


def verdict(findings, case=CASE, bad=True, status=0, output=b"", expected=b""):
    return judge.Result(case, bad, checkers.Freehold("."), status, output, findings, None, 0, 0, expected).verdict


class JudgeTest(unittest.TestCase):
    def test_right(self):
        self.assertEqual(verdict([right()]), judge.FOUND)

    def test_nothing(self):
        self.assertEqual(verdict([]), judge.MISSED)

    def test_each_detail_counts(self):
        for change in ({"kind": "heap-buffer-underflow"}, {"access": "read"}, {"bytes": 8}, {"offset": 44}, {"object": 48},
                       {"late": True}, {"stack": []}, {"stack": [(str(SOURCE), 1)]}, {"allocated": lines(CASE, "BUG")}):
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
            return checkers.Finding("leak", allocated=lines(LEAK, "ALLOC"), leak={"direct": direct, "indirect": indirect})
        self.assertEqual(verdict([leak(16, 144)], LEAK), judge.FOUND)
        self.assertEqual(verdict([leak(160, 0)], LEAK), judge.WRONG)

    def test_clean_twin(self):
        self.assertEqual(verdict([], bad=False, output=b"x", expected=b"x"), judge.SILENT)
        self.assertEqual(verdict([right()], bad=False), judge.ALARM)
        self.assertEqual(verdict([], bad=False, status=1), judge.BROKEN)
        self.assertEqual(verdict([], bad=False, output=b"x", expected=b"y"), judge.BROKEN)

    def test_every_kind_has_a_case(self):
        text = (catalog.DIRECTORY.parents[1] / "record/report_kinds.def").read_text(encoding="utf-8")
        kinds = {line.split('"')[1] for line in text.splitlines() if line.startswith("REPORT_KIND(")}
        covered = {kind for case in catalog.all_cases() for kind in case.kinds}
        self.assertEqual(kinds, covered - {catalog.NONE})


if __name__ == "__main__":
    unittest.main()
