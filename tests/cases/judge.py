"""What a run is worth: found, found late, told wrong, missed; silent, false alarm, broken."""

import dataclasses
import math
import statistics

import catalog
import checkers

FOUND, LATE, WRONG, MISSED = "found", "late", "wrong", "missed"
SILENT, ALARM, BROKEN = "silent", "false alarm", "broken"
UNMEASURED = "not measured"
GOOD_VERDICTS = (FOUND, LATE, SILENT)
SUBJECT = "freehold"
PEERS = ("memcheck", "asan")  # whose finds are held against the subject's


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
    measured: bool = True  # false: nothing is known of the run

    @property
    def verdict(self):
        return self._judged()[0]

    @property
    def why(self):
        return self._judged()[1]

    def _judged(self):
        if not self.measured:
            return UNMEASURED, self.problem
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


def unmeasured(case, bad, checker, problem):
    """Of a run of which nothing can be said, for a reason that has nothing to do with the checker."""
    return Result(case, bad, checker, -1, b"", [], problem, 0, 0, measured=False)


def plain_call(name):
    """The function's own name: headers give others to the checked and the standard's variants."""
    return name and name.removeprefix("__isoc99_").removeprefix("__").removesuffix("_chk")


def line_of(stack, case):
    """The line of the innermost frame that is in the case's own source; None when there is none."""
    return next((line for file, line in stack if file and file.rsplit("/", 1)[-1] == case.source.name), None)


def mismatches(case, finding, all_right):
    """What a finding tells otherwise than the head of the case."""
    expected = case.expected
    for name in ("access", "bytes", "offset", "object", "call"):
        if finding.late and name in ("access", "bytes", "offset", "call"):
            continue
        told = plain_call(finding.call) if name == "call" else getattr(finding, name)
        if name in expected and told != expected[name]:
            yield f"{name} {told}, not {expected[name]}"
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

    def only_others(self, on_heap=True):
        """Errors that memcheck or ASan says anything about, even under a wrong name, and that Freehold misses or tells
        wrong: (case, who)."""
        subject = next((checker for checker in self.checkers if checker.name == SUBJECT), None)
        peers = [checker for checker in self.checkers if checker.name in PEERS]
        if subject is None:
            return []
        only = []
        for case in self.cases:
            if not case.has_error or case.on_heap != on_heap:
                continue
            if self.result(case, True, subject).verdict not in GOOD_VERDICTS:
                found_by = [peer.name for peer in peers if self.result(case, True, peer).verdict in (FOUND, WRONG)]
                if found_by:
                    only.append((case, found_by))
        return only

    def only_subject(self):
        """Errors on the heap that Freehold finds, and neither memcheck nor ASan says anything about."""
        subject = next((checker for checker in self.checkers if checker.name == SUBJECT), None)
        peers = [checker for checker in self.checkers if checker.name in PEERS]
        if subject is None or len(peers) < len(PEERS):
            return []
        return [case for case in self.cases if case.on_heap and
                self.result(case, True, subject).verdict in GOOD_VERDICTS and
                all(self.result(case, True, peer).verdict == MISSED for peer in peers)]

    def failures(self):
        """What Freehold does wrong; its peers are not under test."""
        return [result for (_, _, name), result in sorted(self.results.items(), key=lambda item: item[0])
                if name == SUBJECT and result.verdict not in GOOD_VERDICTS]

    def unmeasured(self):
        return [result for _, result in sorted(self.results.items(), key=lambda item: item[0]) if not result.measured]
