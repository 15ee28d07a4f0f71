#!/usr/bin/env python3
"""The tree speaks of itself only: no paths of one machine, no numbers of tickets, nobody's working day.

    own_words.py [ROOT]
"""

import pathlib
import re
import subprocess
import sys

# In pieces, so that this file does not name them.
FORBIDDEN = {
    "a path of one machine": r"/wo" r"rk/|/ho" r"me/[a-z]|/ro" r"ot/",
    "the number of a ticket": r"\b[Ii]ss" r"ue #?\d+",
    "a person's role": r"\bC" r"EO\b|\bthe le" r"ad (says|said|wants|asked)\b",
    "how the work was shared out": r"\b(sub-?ag" r"ent|(another|earlier|previous|parallel|my|this) sess" r"ion|hel"
                                   r"per sess" r"ion|LL" r"M)s?\b",
    "what is still to be done": r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b",
}


def listed(root):
    answer = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True)
    if answer.returncode == 0:
        return [root / name for name in answer.stdout.decode().split("\0") if name]
    return [path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts and
            "build" not in path.relative_to(root).parts]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    found = False
    for path in listed(root):
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for what, pattern in FORBIDDEN.items():
                match = re.search(pattern, line)
                if match:
                    print(f"{path.relative_to(root)}:{number}: {what}: {match.group(0)}")
                    found = True
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
