"""From samples to ratios, from ratios to a verdict, and both to text."""

import dataclasses
import math
import statistics

from allocators import BASELINE, SUBJECT

MIB = 1 << 20

# The two clocks a verdict can go by. On a busy machine wall time says who was let run, not who was fast.
WALL = "wall"
CPU = "cpu"

# The targets of the project, see the list `targets` makes.
TIME_TARGET = 0.90
WORST_TARGET = 1.10
MEMORY_TARGET = 1.00
START_TIME_TARGET = 1.25
START_MEMORY_TARGET = MIB // 2


@dataclasses.dataclass
class Row:
    """One workload's medians, per heap."""
    name: str
    group: str
    what: str
    wall_seconds: dict
    time_ratio: dict  # wall time against the baseline, the median of the rounds' ratios
    cpu_ratio: dict
    rss_ratio: dict
    peak_rss_bytes: dict
    clock: str  # WALL or CPU: what the next two go by
    best: str | None  # the fastest heap but ours
    against_best: float | None  # our time against its
    resting_rss_bytes: dict

    @property
    def ratio(self):
        return self.time_ratio if self.clock == WALL else self.cpu_ratio


@dataclasses.dataclass
class Target:
    what: str
    value: float
    limit: float
    text: str

    @property
    def passed(self):
        return self.value <= self.limit


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(math.log(value) for value in values) / len(values)) if values else float("nan")


def _ratio(samples, of, to, field):
    """The median over the rounds of one heap's cost against another's in the same round."""
    ratios = [getattr(mine, field) / max(getattr(other, field), 1e-9)
              for mine, other in zip(samples[of], samples[to]) if mine.problem is None and other.problem is None]
    return statistics.median(ratios) if ratios else None


def _medians(samples, field):
    found = {}
    for name, runs in samples.items():
        good = [getattr(run, field) for run in runs if run.problem is None]
        if good:
            found[name] = statistics.median(good)
    return found


def make_row(workload, samples, resting, clock):
    """samples: name of heap -> [Sample of each round]."""
    ratios = {field: {name: ratio for name in samples if (ratio := _ratio(samples, name, BASELINE, field)) is not None}
              for field in ("wall_seconds", "cpu_seconds", "peak_rss_bytes")}
    field = "wall_seconds" if clock == WALL else "cpu_seconds"
    others = {name: ratio for name, ratio in ratios[field].items() if name != SUBJECT}
    best = min(others, key=others.get) if others else None
    against = _ratio(samples, SUBJECT, best, field) if best and SUBJECT in samples else None
    return Row(workload.name, workload.group, workload.what, _medians(samples, "wall_seconds"), ratios["wall_seconds"],
               ratios["cpu_seconds"], ratios["peak_rss_bytes"], _medians(samples, "peak_rss_bytes"), clock, best, against,
               resting)


def column_mean(rows, field, name):
    """The geometric mean of one heap's column, over the workloads it ran."""
    return geometric_mean(getattr(row, field)[name] for row in rows if name in getattr(row, field))


def targets(rows, start, names):
    if SUBJECT not in names:
        return []
    found = []
    peers = [name for name in names if name not in (BASELINE, SUBJECT)]
    ours = column_mean(rows, "ratio", SUBJECT)
    if peers and rows:
        best = min(peers, key=lambda name: column_mean(rows, "ratio", name))
        value = ours / column_mean(rows, "ratio", best)
        found.append(Target("time against the best single peer", value, TIME_TARGET, f"{value:.3f} of {best}'s"))
    against = [row for row in rows if row.against_best is not None]
    if against:
        value = geometric_mean(row.against_best for row in against)
        found.append(Target("time against the best of all, workload by workload", value, TIME_TARGET, f"{value:.3f}"))
        worst = max(against, key=lambda row: row.against_best)
        found.append(Target("time of the worst workload against its best", worst.against_best, WORST_TARGET,
                            f"{worst.against_best:.3f}, {worst.name} against {worst.best}"))
    if rows:
        value = column_mean(rows, "rss_ratio", SUBJECT)
        found.append(Target("peak RSS against glibc", value, MEMORY_TARGET, f"{value:.3f}"))
    if SUBJECT in start:
        mine = start[SUBJECT]
        found.append(Target("start and end of `true` against glibc", mine["time_ratio"], START_TIME_TARGET,
                            f"{mine['time_ratio']:.3f}"))
        found.append(Target("RSS added to `true`, MiB", mine["extra_rss_bytes"] / MIB, START_MEMORY_TARGET / MIB,
                            f"{mine['extra_rss_bytes'] / MIB:.3f}"))
    return found


def _cell(value, form="{:.2f}"):
    return form.format(value) if value is not None else "-"


def over_the_worst(rows):
    """The workloads that are slower than their best by more than the target allows."""
    return [row.name for row in rows if row.against_best is not None and row.against_best > WORST_TARGET]


def _groups(rows):
    every = [("own", [row for row in rows if row.group == "own"]),
             ("programs", [row for row in rows if row.group == "program"]), ("all", rows)]
    return [(label, members) for label, members in every if members]


def _ratio_table(rows, names, first, field, judged):
    """Header and lines: a workload's value under the baseline, the others' ratios to it, and the means below.
    `judged`: with our ratio to the best of the others."""
    others = [name for name in names if name != BASELINE]
    header = ["workload", first[0], *others] + (["best other", "ours/best"] if judged else [])
    lines = []
    for row in rows:
        line = [row.name, first[1](row), *[_cell(getattr(row, field).get(name)) for name in others]]
        lines.append(line + ([row.best or "-", _cell(row.against_best)] if judged else []))
    for label, members in _groups(rows):
        line = [f"geometric mean, {label}", "", *[_cell(column_mean(members, field, name)) for name in others]]
        against = [row.against_best for row in members if row.against_best is not None]
        lines.append(line + (["", _cell(geometric_mean(against) if against else None)] if judged else []))
    return header, lines


def _tables(rows, start, names):
    """(title, note, header, lines) of each table."""
    tables = []
    if rows:
        clock = rows[0].clock
        seconds = ("glibc s", lambda row: _cell(row.wall_seconds.get(BASELINE), "{:.3f}"))
        mebibytes = ("glibc MiB", lambda row: _cell(row.peak_rss_bytes.get(BASELINE, 0) / MIB, "{:.1f}"))
        tables = [
            ("Time", "Wall time as a ratio to glibc's; less is faster.",
             *_ratio_table(rows, names, seconds, "time_ratio", clock == WALL)),
            ("Processor time", "User and system time of the program, as a ratio to glibc's.",
             *_ratio_table(rows, names, seconds, "cpu_ratio", clock == CPU)),
            ("Peak memory", "Peak RSS as a ratio to glibc's; less is leaner.",
             *_ratio_table(rows, names, mebibytes, "rss_ratio", False)),
        ]
    resting = [row for row in rows if row.resting_rss_bytes]
    if resting:
        tables.append(("Memory at rest", "RSS in MiB two seconds after the workload has freed everything.", ["workload", *names],
                       [[row.name, *[_cell(row.resting_rss_bytes[name] / MIB if name in row.resting_rss_bytes else None, "{:.1f}")
                                     for name in names]] for row in resting]))
    if start:
        tables.append(("Start and end", "The program `true`.", ["", *names],
                       [["time, ratio to glibc", *[_cell(start[name]["time_ratio"]) for name in names if name in start]],
                        ["RSS more than under glibc, KiB",
                         *[_cell(start[name]["extra_rss_bytes"] / 1024, "{:.0f}") for name in names if name in start]]]))
    return tables


def target_lines(found):
    return [[target.what, target.text, f"<= {target.limit:.2f}", "pass" if target.passed else "FAIL"] for target in found]


TARGET_HEADER = ["target", "measured", "limit", ""]


def _text_table(header, lines):
    table = [header, *lines]
    widths = [max(len(line[i]) for line in table) for i in range(len(header))]
    out = []
    for line in table:
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        out.append("  ".join(cells).rstrip())
    return "\n".join(out)


def _markdown_table(header, lines):
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, rule, *lines])


def as_text(rows, start, names):
    out = []
    for title, note, header, lines in _tables(rows, start, names):
        out.append(f"\n{title}. {note}\n\n{_text_table(header, lines)}")
    found = targets(rows, start, names)
    if found:
        out.append("\nTargets\n\n" + _text_table(TARGET_HEADER, target_lines(found)))
        over = over_the_worst(rows)
        if over:
            out.append(f"\nMore than {WORST_TARGET:.2f} times their best: {', '.join(over)}")
    return "\n".join(out)


def as_markdown(rows, start, names, machine, versions, rounds, problems):
    out = ["# Benchmarks", "",
           "Written by `bench/run.py --write docs/benchmarks.md` (`make bench`); do not edit. Every number but the plain",
           "seconds and MiB is a ratio: the programs ran one after the other under every heap, in turns, in one session, and",
           "each ratio is the median over the rounds of two runs of the same round.", "",
           f"- {machine['date']}, {rounds} rounds; load when it began: {machine['load']:.1f}",
           f"- {machine['cpu']}, {machine['cores']} cores, {machine['memory']} memory; Linux {machine['kernel']}"]
    out += [f"- {name}: {version}" for name, version in versions.items()]
    found = targets(rows, start, names)
    if found:
        out += ["", "## Targets", "", _markdown_table(TARGET_HEADER, target_lines(found))]
        over = over_the_worst(rows)
        if over:
            out += ["", f"More than {WORST_TARGET:.2f} times their best: {', '.join(over)}."]
    if problems:
        out += ["", "## Runs that do not count", ""] + [f"- {problem}" for problem in problems]
    for title, note, header, lines in _tables(rows, start, names):
        out += ["", f"## {title}", "", note, "", _markdown_table(header, lines)]
    out += ["", "## What the workloads do", "", _markdown_table(["workload", "does"], [[row.name, row.what] for row in rows]), ""]
    return "\n".join(out)
