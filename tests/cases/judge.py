"""What a run is worth: found, found late, told wrong, missed; silent, false alarm, broken."""

import dataclasses
import math
import statistics

import catalog
import checkers

FOUND, LATE, WRONG, MISSED = "found", "late", "wrong", "missed"
SILENT, ALARM, BROKEN = "silent", "false alarm", "broken"
GOOD_VERDICTS = (FOUND, LATE, SILENT)
SUBJECT = "freehold"


@dataclasses.dataclass
class Result:
    case: catalog.Case
    bad: bool
    checker: checkers.Checker
    status: int
    output: bytes
    findings: list
    problem: str | None  # why the checker's own words can't be read
    wall_seconds: float
    peak_rss_bytes: int
    expected_output: bytes = b""

    @property
    def verdict(self):
        return self._judged()[0]

    @property
    def why(self):
        return self._judged()[1]

    def _judged(self):
        if self.problem:
            return BROKEN, self.problem
        return self._judge_bad() if self.bad else self._judge_good()

    def _judge_good(self):
        if self.findings:
            return ALARM, "reports " + ", ".join(sorted({finding.kind for finding in self.findings}))
        if self.status != 0:
            return BROKEN, f"ends with status {self.status}"
        if self.output != self.expected_output:
            return BROKEN, "says something else than by itself"
        return SILENT, ""

    def _judge_bad(self):
        if not self.findings:
            return MISSED, ""
        if not self.checker.names_kinds:
            return FOUND, ""
        right = [finding for finding in self.findings if finding.kind in self.case.kinds]
        if not right:
            return WRONG, "says " + ", ".join(sorted({finding.kind for finding in self.findings}))
        late = all(finding.late for finding in right)
        if not self.checker.precise:
            return FOUND, ""
        if late and self.case.expected.get("late") != "yes":
            return WRONG, "was noticed late, not where it happened"
        complaints = min((list(mismatches(self.case, finding, right)) for finding in right), key=len)
        others = {finding.kind for finding in self.findings} - set(self.case.kinds) - set(self.case.also)
        if others:
            complaints.append("also reports " + ", ".join(sorted(others)))
        if complaints:
            return WRONG, "; ".join(complaints)
        return (LATE if late else FOUND), ""


def line_of(stack, case):
    """The line of the innermost frame that is in the case's own source; None when there is none."""
    return next((line for file, line in stack if file and file.rsplit("/", 1)[-1] == case.source.name), None)


def mismatches(case, finding, all_right):
    """What a finding tells otherwise than the head of the case."""
    expected = case.expected
    for name in ("access", "bytes", "offset", "object", "call"):
        if finding.late and name in ("access", "bytes", "offset", "call"):
            continue
        if name in expected and getattr(finding, name) != expected[name]:
            yield f"{name} {getattr(finding, name)}, not {expected[name]}"
    for name in ("direct", "indirect", "count"):
        if name in expected:
            total = sum(other.leak.get(name, 0) for other in all_right)
            if total != expected[name]:
                yield f"leak {name} {total}, not {expected[name]}"
    if case.stripped:
        return
    stacks = [("ALLOC", finding.allocated, "allocation")]
    if not finding.late:
        stacks.append(("BUG", finding.stack, "access"))
    if finding.kind in ("heap-use-after-free", "double-free"):
        stacks.append(("FREE", finding.freed, "free"))
    for mark, stack, what in stacks:
        if mark in case.lines and line_of(stack, case) not in case.lines[mark]:
            lines = ", ".join(map(str, sorted(case.lines[mark])))
            yield f"{what} at line {line_of(stack, case)}, not {lines}"


def geometric_mean(values):
    values = [value for value in values if value > 0]
    return math.exp(statistics.fmean(map(math.log, values))) if values else float("nan")


class Summary:
    def __init__(self, cases, chosen, results):
        self.cases, self.checkers, self.results = cases, chosen, results
        self.groups = sorted({case.group for case in cases})

    def result(self, case, bad, checker):
        return self.results.get((case.name, bad, checker.name))

    def count(self, checker, bad, verdicts, group=None):
        return sum(1 for case in self.cases if group in (None, case.group) and
                   (result := self.result(case, bad, checker)) is not None and result.verdict in verdicts)

    def bad_cases(self, group=None):
        return [case for case in self.cases if case.has_error and group in (None, case.group)]

    def cost(self, checker, field):
        """Geometric mean over the clean twins of what the checker's run costs against the plain one."""
        ratios = []
        for case in self.cases:
            result, plain = self.result(case, False, checker), self.results[case.name, False, "native"]
            if result is not None and result.verdict == SILENT:
                ratios.append(getattr(result, field) / max(getattr(plain, field), 1e-9))
        return geometric_mean(ratios)

    def only_others(self):
        """Errors on the heap that memcheck or ASan finds and Freehold doesn't: (case, who)."""
        subject = next((checker for checker in self.checkers if checker.name == SUBJECT), None)
        peers = [checker for checker in self.checkers if checker.name in ("memcheck", "asan")]
        if subject is None:
            return []
        return [(case, [peer.name for peer in peers if self.result(case, True, peer).verdict == FOUND])
                for case in self.cases if case.on_heap and self.result(case, True, subject).verdict not in GOOD_VERDICTS and
                any(self.result(case, True, peer).verdict == FOUND for peer in peers)]

    def failures(self):
        """What Freehold does wrong; its peers are not under test."""
        return [result for (_, _, name), result in sorted(self.results.items(), key=lambda item: item[0])
                if name == SUBJECT and result.verdict not in GOOD_VERDICTS]
