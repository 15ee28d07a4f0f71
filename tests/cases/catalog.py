"""The cases: what the head of each source announces, and how each is built.

A head begins with `case:` and has words NAME=VALUE; README.md explains them.
"""

import dataclasses
import pathlib
import re
import shlex

DIRECTORY = pathlib.Path(__file__).resolve().parent
EXAMPLES = DIRECTORY.parents[1] / "examples/errors"
NONE = "none"  # the kind of a program that makes no error at all
# An error of one of these kinds concerns the heap; the others are faults that any debugger sees.
HEAP_KINDS = {"heap-buffer-overflow", "heap-buffer-underflow", "heap-use-after-free", "double-free", "invalid-free",
              "mismatched-free", "uninitialized-read", "overlapping-copy", "impossible-size", "leak"}
WORDS = {"kind", "access", "bytes", "offset", "object", "call", "direct", "indirect", "count", "sizes", "variants",
         "build", "strip", "late", "also"}
NUMBERS = ("bytes", "offset", "object", "direct", "indirect", "count")
COMMON_FLAGS = ["-g", "-w", "-pthread"]
DEFAULT_OPTIMIZATION = "-O1"


@dataclasses.dataclass
class Case:
    name: str  # "overflow/family_write@16": the source, and what is special about this build
    source: pathlib.Path
    flags: list
    kinds: list  # any of them is right
    expected: dict  # word of the head -> number or text
    lines: dict  # BUG, ALLOC, FREE -> the numbers of the lines marked so
    also: list  # kinds that may be reported besides
    twin: pathlib.Path | None = None  # the clean twin's source, where it is another file

    @property
    def group(self):
        return self.name.split("/")[0]

    @property
    def has_error(self):
        return self.kinds != [NONE]

    @property
    def on_heap(self):
        return self.has_error and self.kinds[0] in HEAP_KINDS

    @property
    def uses_library(self):
        """Whether it calls Freehold's own functions: then it says nothing about other checkers."""
        return "#include <freehold.h>" in self.source.read_text(encoding="utf-8")

    @property
    def stripped(self):
        return self.expected.get("strip") == "yes"

    def compiler(self):
        return ["g++", "-std=gnu++17"] if self.source.suffix == ".cc" else ["gcc", "-std=gnu17"]

    def source_of(self, bad):
        return self.source if bad or self.twin is None else self.twin

    def command(self, output, bad, extra=()):
        """The words that compile it to the file `output`."""
        strip = ["-s"] if self.stripped else []
        return [*self.compiler(), *COMMON_FLAGS, *self.flags, *extra, *strip, f"-DBAD={int(bad)}", f"-I{DIRECTORY}",
                "-o", str(output), str(self.source_of(bad))]


class CaseError(Exception):
    pass


def head_words(path, text):
    words = {}
    head = text[:text.find("*/")]
    for line in re.findall(r"case: (.*)", head):
        for word in shlex.split(line):
            name, equals, value = word.partition("=")
            if not equals or name not in WORDS or name in words:
                raise CaseError(f"{path}: the head has a wrong word: {word}")
            words[name] = value
    if "kind" not in words:
        raise CaseError(f"{path}: the head says no kind")
    return words


def marked_lines(text):
    lines = {}
    for number, line in enumerate(text.splitlines(), 1):
        comment = re.search(r"// ((?:BUG|ALLOC|FREE|LATE)(?: (?:BUG|ALLOC|FREE|LATE))*)\s*$", line)
        for mark in comment.group(1).split() if comment else ():
            lines.setdefault(mark, set()).add(number)
    return lines


def evaluate(path, text, size):
    """A number, SIZE, or SIZE-1."""
    match = re.fullmatch(r"(-?\d+)|SIZE(-\d+)?", text)
    if not match:
        raise CaseError(f"{path}: not a number: {text}")
    return int(match.group(1)) if match.group(1) else int(size) + int(match.group(2) or 0)


def read_source(path):
    text = path.read_text(encoding="utf-8")
    words, lines = head_words(path, text), marked_lines(text)
    kinds = words["kind"].split("|")
    if kinds != [NONE] and "leak" not in kinds and "BUG" not in lines and words.get("strip") != "yes":
        raise CaseError(f"{path}: no line is marked BUG")
    base = str(path.relative_to(DIRECTORY).with_suffix(""))
    build = words["build"].split(",") if "build" in words else []
    if not any(flag.startswith("-O") for flag in build):
        build = [DEFAULT_OPTIMIZATION, *build]
    builds = [("", build)]
    for variant in words.get("variants", "").split(",") if "variants" in words else ():
        extra = variant.split("+")
        builds.append((variant, [flag for flag in build if not flag.startswith("-O")] + extra))
    for suffix, flags in builds:
        for size in words["sizes"].split(",") if "sizes" in words else (None,):
            expected = {name: value for name, value in words.items()
                        if name not in ("kind", "sizes", "variants", "build")}
            for name in NUMBERS:
                if name in expected:
                    expected[name] = evaluate(path, expected[name], size)
            special = "+".join(filter(None, [suffix.lstrip("-"), size]))
            yield Case(base + ("@" + special if special else ""), path, flags + ([f"-DSIZE={size}"] if size else []),
                       kinds, expected, lines, words.get("also", "").split("|") if "also" in words else [])


def examples():
    """The programs of examples/errors/, with what its README.md says of each."""
    rows = re.findall(r"^\| `([\w.]+)` \| ([\w-]+) \|$", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.M)
    for name, kind in rows:
        source = EXAMPLES / name
        yield Case(f"examples/{source.stem}", source, ["-O0", "-D_GNU_SOURCE"], [kind], {}, {}, [],
                   source.with_name(f"{source.stem}_clean{source.suffix}"))


def all_cases():
    """Every case, by name."""
    cases = list(examples())
    for path in sorted(DIRECTORY.glob("*/*.c")) + sorted(DIRECTORY.glob("*/*.cc")):
        cases.extend(read_source(path))
    return sorted(cases, key=lambda case: case.name)
