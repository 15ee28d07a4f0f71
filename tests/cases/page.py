"""A comparison as text for a terminal and as a page of the documentation."""

import textwrap

import judge

MARKS = {judge.FOUND: "yes", judge.LATE: "late", judge.WRONG: "wrong", judge.MISSED: "-", judge.BROKEN: "broken",
         judge.UNMEASURED: "?"}


def columns(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows)


def markdown_table(rows):
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in body])


def group_rows(summary):
    rows = [["errors found", "cases"] + [checker.name for checker in summary.checkers]]
    for group in summary.groups + [None]:
        bad = summary.bad_cases(group)
        if bad:
            found = [str(summary.count(checker, True, (judge.FOUND, judge.LATE), group))
                     for checker in summary.checkers]
            rows.append([group or "all", str(len(bad))] + found)
    return rows


def quality_rows(summary):
    def each(function):
        return [function(checker) for checker in summary.checkers]
    return [
        ["of all runs"] + [checker.name for checker in summary.checkers],
        ["found, but noticed late"] + each(lambda c: str(summary.count(c, True, (judge.LATE,)))),
        ["found, but told wrong"] + each(lambda c: str(summary.count(c, True, (judge.WRONG,)))),
        ["missed"] + each(lambda c: str(summary.count(c, True, (judge.MISSED,)))),
        ["clean programs, silent"] + each(lambda c: str(summary.count(c, False, (judge.SILENT,)))),
        ["clean programs, false alarm"] + each(lambda c: str(summary.count(c, False, (judge.ALARM,)))),
        ["not measured"] + each(lambda c: str(summary.count(c, True, (judge.UNMEASURED,)) +
                                              summary.count(c, False, (judge.UNMEASURED,)))),
        ["clean programs, run otherwise"] + each(lambda c: str(summary.count(c, False, (judge.BROKEN,)))),
        ["time of a clean run, times native"] + each(lambda c: f"{summary.cost(c, 'wall_seconds'):.1f}"),
        ["its peak memory, times native"] + each(lambda c: f"{summary.cost(c, 'peak_rss_bytes'):.1f}"),
    ]


def complaints(summary, checker):
    for case in summary.cases:
        for bad in (True, False):
            result = summary.result(case, bad, checker)
            if result is not None and result.verdict not in judge.GOOD_VERDICTS:
                yield f"{checker.name}  {case.name} {'bad' if bad else 'good'}: {result.verdict}" + \
                    (f": {result.why}" if result.why else "")


def as_text(summary, details):
    parts = [columns(group_rows(summary)), columns(quality_rows(summary))]
    for checker in summary.checkers:
        if details or checker.name == judge.SUBJECT:
            parts.append("\n".join(complaints(summary, checker)))
    lost = summary.unmeasured()
    if lost and not details:
        parts.append("not measured:\n" + "\n".join(f"  {result.case.name}, {result.checker.name}: {result.problem}"
                                                   for result in lost))
    only = summary.only_others()
    if only:
        parts.append("on the heap, found by others alone:\n" +
                     "\n".join(f"  {case.name}: {', '.join(peers)}" for case, peers in only))
    return "\n\n".join(part for part in parts if part)


def paragraph(text):
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def named(cases):
    return ", ".join(f"`{case.name}`" for case in cases)


def verdict(summary):
    """What the results say of Freehold against memcheck and ASan, in sentences."""
    present = {checker.name for checker in summary.checkers}
    if judge.SUBJECT not in present or not present.intersection(judge.PEERS):
        return "Freehold, or those it is held against, were not measured in this run."
    sentences = []
    for on_heap, where in ((True, "On the heap"), (False, "Elsewhere")):
        only = summary.only_others(on_heap)
        if only:
            sentences.append(f"{where}, memcheck or ASan says something about these, and Freehold nothing or not the "
                             f"right thing: {named(case for case, _ in only)}.")
        elif on_heap:
            sentences.append("Of the errors on the heap there is none that memcheck or ASan says anything about, be it "
                             "under another name, and Freehold misses or tells wrong.")
        else:
            sentences.append("The same holds for the errors elsewhere.")
    alone = summary.only_subject()
    if alone:
        sentences.append(f"Found by Freehold and by neither of them: {named(alone)}.")
    elif present.issuperset(judge.PEERS):
        sentences.append("There is none that Freehold alone finds: each is found by one of the two at least.")
    lost = summary.unmeasured()
    if lost:
        sentences.append(f"Not measured, and in none of these sentences, was {len(lost)} of the runs, of: "
                         f"{named(result.case for result in lost)}.")
    return paragraph(" ".join(sentences))


def told_options(options):
    if not options:
        return "`freehold check`\nran with `--leaks`, and else as it is without options: its bound on what guarding may cost holds too."
    return f"`freehold check`\nran with `--leaks {' '.join(options)}`."


def as_markdown(summary, machine, options):
    versions = "; ".join(f"{checker.name}: {checker.title} ({checker.version()})" for checker in summary.checkers)
    bad_count, good_count = len(summary.bad_cases()), len(summary.cases)
    case_rows = [["case", "kind"] + [checker.name for checker in summary.checkers]]
    for case in summary.bad_cases():
        case_rows.append([f"`{case.name}`", case.kinds[0]] +
                         [MARKS[summary.result(case, True, checker).verdict] for checker in summary.checkers])
    alarms = []
    for checker in summary.checkers:
        for case in summary.cases:
            result = summary.result(case, False, checker)
            if result.verdict not in (judge.SILENT, judge.UNMEASURED):
                alarms.append(f"- {checker.name}, `{case.name}`: {result.why}")
    return f"""# Checkers compared

Written by `tests/cases/run.py`; {machine['date']}, {machine['cpu']}, {machine['cores']} cores, {machine['memory']}, \
Linux {machine['kernel']}.

{paragraph(f"{bad_count} small programs with one error each, and {good_count} clean ones, most of them their twins, "
           f"under each checker. {versions}.")}

An error counts as found when the checker names its kind. Freehold must besides name the access, its size, the object
and the lines of the source where it was used, allocated and freed. Electric Fence knows no kinds: a program that stops
under it counts as found, also one that would have died by itself (a null pointer). ASan's programs are built anew with
it; the others run the same binary. ASan and Electric Fence stop at the first error. {told_options(options)}

{verdict(summary)}

{markdown_table(group_rows(summary))}

{markdown_table(quality_rows(summary))}

Times and memory are geometric means over the clean programs that ran silently, most of them a few milliseconds long:
they say what it costs to start a checker. What a long run costs stands elsewhere.

## Clean programs that were not left alone

{chr(10).join(alarms) if alarms else 'None.'}

## Every case

yes: found; late: found after it happened, by what it left behind; wrong: something was reported, but not that; -:
nothing was said; ?: the run could not be measured.

{markdown_table(case_rows)}
"""
