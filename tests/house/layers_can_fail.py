#!/usr/bin/env python3
"""layers.py on trees with one wrong line each: it has to refuse every one of them, and nothing else."""

import pathlib
import subprocess
import sys
import tempfile

LAYERS = pathlib.Path(__file__).with_name("layers.py")
GOOD = {
    "runtime/README.md": "# rooms\n\n    base < space < heap < api\n",
    "runtime/base/bits.h": "",
    "runtime/space/kernel.h": '#include "base/bits.h"\n',
    "runtime/space/kernel.c": '#include "space/kernel.h"\n#include <sys/mman.h>\nvoid f(void) { mmap(0, 0, 0, 0, 0, 0); }\n',
    "runtime/heap/heap.h": '#include "space/kernel.h"\n',
    "runtime/heap/heap.c": '#include "heap/heap.h"\n/* mmap(2) is below */\nvoid g(void) { say("mmap(", \'"\'); }\n',
    "record/accounts.h": "",
    "include/freehold.h": "",
    "tool/cli/main.c": '#include "record/accounts.h"\n#include "freehold.h"\n',
}
WRONG = {
    "an upward include": ("runtime/base/bits.h", '#include "heap/heap.h"\n'),
    "an upward include by another way": ("runtime/space/kernel.h", '#  include "../heap/heap.h"\n'),
    "a room that the order does not have": ("runtime/attic/old.h", "\n"),
    "a source file included": ("runtime/heap/heap.h", '#include "space/kernel.c"\n'),
    "a system call in the heap": ("runtime/heap/heap.c", "void h(void) { madvise(0, 0, 4); }\n"),
    "a system call's header in the heap": ("runtime/heap/heap.c", "#include <sys/mman.h>\n"),
    "the tool including the runtime": ("tool/cli/main.c", '#include "heap/heap.h"\n'),
    "the runtime including the tool": ("runtime/heap/heap.h", '#include "tool/cli/main.c"\n'),
    "the shared record including the runtime": ("record/accounts.h", '#include "runtime/base/bits.h"\n'),
}


def judge(changes):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**GOOD, **changes}.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run([sys.executable, LAYERS, folder], capture_output=True, text=True)


def main():
    failures = []
    clean = judge({})
    if clean.returncode != 0:
        failures.append("refuses a good tree:\n" + clean.stdout + clean.stderr)
    for title, (name, text) in WRONG.items():
        answer = judge({name: GOOD.get(name, "") + text})
        if answer.returncode != 1 or name not in answer.stdout:
            failures.append(f"lets pass: {title}\n" + answer.stdout + answer.stderr)
    print("\n".join(failures) if failures else "refuses what it should")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
