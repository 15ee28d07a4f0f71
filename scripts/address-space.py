#!/usr/bin/env python3
"""Writes docs/address-space.md and its picture: one program's address space, walked through with `freehold map`.

    address-space.py [BUILD]

Runs examples/address_space.c on the heap of the build and takes what the command prints. Needs chromium for the
picture. As root it looks page by page.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else SOURCE / "build").resolve()
COMMAND = BUILD / "bin/freehold"
PICTURE = SOURCE / "docs/address-space.png"

PAGE = """# One program's address space

Written by `scripts/address-space.py`: what follows is what `freehold map` said of `examples/address_space.c`, which has
some of everything a process can have in its memory. This is the program:

{source}
It runs on Freehold's heap, and once it says "open" it is looked at:

    $ freehold run ./address_space &
    $ freehold map --deep $(pidof address_space)
{text}
`--html page.html` writes the same as a page to zoom into:

![the page of the same process]({picture})

## The head

The process has {reserved} of addresses and {resident} of memory. Addresses cost nothing: nearly all of them are the
heap's reserve, a stretch so large that the heap never has to ask where it may grow. *Resident* is what `top` shows as
RES; *proportional* counts a page that several processes map only by its share, so it is what can be added up over
processes. The C library's code, for one, is in memory once for all of them.

## The strip, lowest address first

Each line is a neighbourhood of addresses, each letter a piece of one purpose, wider by the logarithm of its size; the
lines are as far apart as the addresses in front of them say. In a terminal the letters have the colours of the page.

{strip_told}

## The table, purpose by purpose

- **code, read-only data, data**: the program's file and those of its libraries, in pieces of different permissions.
  `heading` is in read-only data. Data is {data}: `lending` takes 4 MiB of it, though it is nowhere in the file, and
  only the one MiB that was written is resident.
- **main stack, thread stacks**: the reading thread may use {stack}, and has touched {stack_resident}: its notes.
- **Freehold heap**: slices in use. The {live_objects} live objects take {live}; the program freed three of every four
  titles, so there is room for as many more between them: {held}, *held back*. A slice of which no object is left
  goes back to the system; one of which a quarter is live can't.
- **heap metadata**: what describes the slices. It lies away from them, with guards between, so that a program which
  writes beyond an object does not hit it.
- **anonymous**: `plan` is 64 MiB of addresses and 16 MiB of memory, as far as it was written.
- **shared memory**: `board`. Nobody else maps it, so it is *private* for now; after a fork it would not be.
- **vdso and kin**: pages the kernel lends to every process, so that asking for the time takes no system call.

## Why resident is more than live

    {explanation}

The sum is exact. What of it is the heap's own is in front: room for objects, and then, with a minus, what the heap
counts as its own and has never touched or has given back. The rest is not the heap's.

## What it cost

    {cost}

Without `--deep` no page table is read at all, and the process can't notice that it is looked at; then the table has
addresses only, and the heap's inside is the same. `docs/design/address-space.md` says how both work.
"""


def indent(text):
    return "".join(f"    {line}\n" if line else "\n" for line in text.rstrip("\n").splitlines())


def size(number):
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while number >= 1023.5 and len(units) > 1:
        number /= 1024
        units.pop(0)
    return f"{number:.1f}".removesuffix(".0") + " " + units[0]


def wrap(line):
    return "\n    ".join(textwrap.wrap(line, 104, subsequent_indent="  "))


def of_kind(process, name):
    return next(kind for kind in process["kinds"] if kind["kind"] == name)


def ask(*arguments):
    words = [COMMAND, "map", *map(str, arguments)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def tell_strip(process, text):
    """A sentence for each line, from what lies there."""
    lines = [line for line in text.splitlines() if re.match(r" *[0-9a-f]+  \S", line)]
    starts = [int(line.split()[0], 16) for line in lines] + [1 << 64]
    told = []
    for line, start, end in zip(lines, starts, starts[1:]):
        here = [region for region in process["regions"] if start <= int(region["start"], 16) < end]
        kinds = {region["kind"] for region in here}
        names = {pathlib.PurePath(region["name"]).name for region in here if region["kind"] == "code"}
        if "stack" in kinds:
            what = "the main stack, which grows down from the top"
        elif "kernel_pages" in kinds and len(here) == 1:
            what = "a page of the kernel's that old programs call for the time"
        elif "address_space" in names:
            what = "the program itself: its read-only data, code and data"
        elif kinds <= {"heap", "heap_reserve", "heap_metadata"}:
            what = "the heap's metadata, the slices in use, and the reserve behind them"
        else:
            words = []
            if "thread_stacks" in kinds:
                words.append("a thread's stack with its guard")
            if "shared_memory" in kinds:
                words.append("shared memory")
            if "anonymous" in kinds:
                words.append("anonymous memory")
            if names:
                words.append("libraries (" + ", ".join(sorted(names)[:4]) + ")")
            if "heap_metadata" in kinds or "heap_reserve" in kinds:
                words.append("the end of the heap's stretch")
            what = ", ".join(words)
        told.append(f"- {line.split()[0]}: {what}.")
    return "\n".join(told)


def main():
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "address_space"
        subprocess.run(["cc", "-O1", "-fno-builtin", "-D_GNU_SOURCE", "-o", program,
                        SOURCE / "examples/address_space.c", "-pthread"], check=True)
        environment = dict(os.environ, FREEHOLD_LIBRARY=str(BUILD / "lib/libfreehold.so"))
        process = subprocess.Popen([COMMAND, "run", "./address_space"], cwd=folder, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, env=environment)
        try:
            process.stdout.readline()
            time.sleep(1.5)  # the purge has been
            saved, page = pathlib.Path(folder) / "look.json", pathlib.Path(folder) / "page.html"
            saved.write_text(ask("--json", "--deep", process.pid))
            looked, text = json.loads(saved.read_text())["processes"][0], ask(saved)
            ask(f"--html={page}", saved)
            subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                            f"--user-data-dir={folder}/browser", "--virtual-time-budget=3000",
                            "--window-size=1000,1110",
                            f"--screenshot={PICTURE}", page.as_uri()], check=True, capture_output=True)
        finally:
            process.kill()
            process.wait()
    stack = of_kind(looked, "thread_stacks")
    lines = text.splitlines()
    explanation = next(line for line in lines if line.startswith("resident ") and " - live heap " in line)
    (SOURCE / "docs/address-space.md").write_text(PAGE.format(
        source=indent((SOURCE / "examples/address_space.c").read_text()), picture=PICTURE.name,
        text=indent(text).replace(explanation, wrap(explanation)),
        reserved=size(looked["total"]["reserved_bytes"]), resident=size(looked["total"]["resident_bytes"]),
        strip_told=tell_strip(looked, text), data=size(of_kind(looked, "data")["reserved_bytes"]),
        stack=size(stack["reserved_bytes"]), stack_resident=size(stack["resident_bytes"]),
        live_objects=looked["heap"]["live_objects"], live=size(looked["heap"]["live_bytes"]),
        held=size(looked["heap"]["held_back_bytes"]),
        explanation=wrap(explanation),
        cost=next(line for line in lines if line.startswith("looking took"))))


if __name__ == "__main__":
    main()
