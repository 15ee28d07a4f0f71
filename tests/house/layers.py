#!/usr/bin/env python3
"""Refuses an include that goes up, and a system call outside of the rooms that may make one.

The order of the rooms is the line `    base < space < ...` in runtime/README.md.

    layers.py [ROOT]
"""

import pathlib
import re
import sys

SOURCE_SUFFIXES = {".c", ".cc", ".h", ".hpp", ".def", ".S"}
# What a room above space/ must not name: it asks space/kernel.h.
SYSTEM_CALLS = re.compile(
    r"\b(mmap|mmap64|munmap|mremap|mprotect|madvise|process_madvise|mincore|mlock|mlock2|brk|sbrk|prctl|futex|clone|"
    r"clone3|userfaultfd|memfd_create|membarrier|syscall|SYSCALL[0-6]|syscall6)\s*\(")
SYSTEM_CALL_ROOMS = ("base", "space")
SYSTEM_CALL_HEADERS = ("sys/mman.h", "sys/syscall.h", "sys/prctl.h", "linux/futex.h")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def read_order(root):
    page = (root / "runtime/README.md").read_text()
    lines = [line for line in page.splitlines() if re.fullmatch(r"    \w+( < \w+)+", line)]
    if len(lines) != 1:
        sys.exit("runtime/README.md: the line with the order of the rooms is missing, or there are two")
    return lines[0].strip().split(" < ")


def without_comments(text):
    """The text with comments and strings blanked, line by line as before; includes are kept."""
    def blank(match):
        piece = match.group(0)
        if piece.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", piece)
        return piece[0] + " " * (len(piece) - 2) + piece[-1]
    kept = []
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    blanked = pattern.sub(blank, text).splitlines()
    for before, after in zip(text.splitlines(), blanked):
        kept.append(before if INCLUDE.match(before) and after.strip() else after)
    return kept


def sources(root, folder):
    return sorted(path for path in (root / folder).rglob("*") if path.suffix in SOURCE_SUFFIXES)


def resolve(root, path, name):
    """The file of the tree that an include means, or None for one of the system's."""
    for base in (path.parent, root / "runtime", root / "include", root):
        candidate = (base / name).resolve()
        if candidate.is_file() and candidate.is_relative_to(root):
            return candidate.relative_to(root)
    return None


def check_runtime(root, order):
    for path in sources(root, "runtime"):
        where = path.relative_to(root)
        room = where.parts[1]
        if room not in order:
            yield f"{where}: the room {room} is not in the order that runtime/README.md gives"
            continue
        for number, line in enumerate(without_comments(path.read_text()), 1):
            include = INCLUDE.match(line)
            if include:
                target = resolve(root, path, include.group(2))
                if target is None:
                    if room not in SYSTEM_CALL_ROOMS and include.group(2) in SYSTEM_CALL_HEADERS:
                        yield f"{where}:{number}: <{include.group(2)}> above space/: ask space/kernel.h"
                    continue
                if target.suffix in (".c", ".cc"):
                    yield f"{where}:{number}: includes the source file {target}"
                if target.parts[0] == "runtime":
                    if order.index(target.parts[1]) > order.index(room):
                        yield f"{where}:{number}: {room} may not include {target}: it stands higher"
                elif target.parts[0] not in ("record", "include"):
                    yield f"{where}:{number}: the runtime may not include {target}"
            elif room not in SYSTEM_CALL_ROOMS:
                call = SYSTEM_CALLS.search(line)
                if call:
                    yield f"{where}:{number}: {call.group(1)} is a system call: ask space/kernel.h"


def check_others(root):
    allowed = {"record": ("record", "include"), "tool": ("tool", "record", "include"), "include": ("include",)}
    for folder, may in allowed.items():
        for path in sources(root, folder):
            where = path.relative_to(root)
            for number, line in enumerate(without_comments(path.read_text()), 1):
                include = INCLUDE.match(line)
                target = resolve(root, path, include.group(2)) if include else None
                if target is not None and target.parts[0] not in may:
                    yield f"{where}:{number}: {folder}/ may not include {target}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    problems = list(check_runtime(root, read_order(root))) + list(check_others(root))
    print("\n".join(problems) if problems else "every include goes down")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
