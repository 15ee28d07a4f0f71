#!/usr/bin/env python3
"""Fails when a document names a file, a symbol or a make target of ours that is gone.

Looked at: README.md, CONTRIBUTING.md and CHANGELOG.md, docs/**/*.md, and every folder's README.md. What counts is what
stands between backticks, and the targets of links:

    `runtime/heap/fast.h`, `heap/fast.h`, `fast.h`   a file or a folder: from the root, from the document's folder, from
                                                     runtime/ or include/; a bare name anywhere in the tree
    `fh_heap_create`, `space_extend()`, `FH_DEBUG`   a name with an underscore: a word in some source of the tree
    `--purge-delay=TIME`                             an option of the table, a flag of a command
    `make soak`                                      a target of the Makefile
    [text](page.md)                                  a file

    docs_alive.py [ROOT]
"""

import fnmatch
import pathlib
import re
import subprocess
import sys

FILE_SUFFIXES = ("c", "cc", "h", "hpp", "def", "py", "sh", "md", "txt", "json", "cmake", "in", "sql", "golden")
# What the build writes; a document may name it before it is there.
WRITTEN_BY_THE_BUILD = ("build", "build/*", "build-*", "docs/benchmarks.md")
TOKEN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def tree_files(root):
    answer = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True)
    if answer.returncode == 0:
        names = [name for name in answer.stdout.decode().split("\0") if name]
    else:
        names = [str(path.relative_to(root)) for path in root.rglob("*")
                 if path.is_file() and not {".git", "build"} & set(path.relative_to(root).parts)]
    return [name for name in names if (root / name).is_file()]


def documents(names):
    for name in names:
        if name.endswith(".md") and ("/" not in name or name.startswith("docs/") or name.endswith("/README.md")):
            yield name


def prose(text):
    """Numbered lines, without fenced and indented code."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("    "):
            yield number, line


class Tree:
    def __init__(self, root):
        self.root = root
        self.names = tree_files(root)
        self.paths = set(self.names)
        self.folders = {str(parent) for name in self.names for parent in pathlib.PurePosixPath(name).parents}
        self.words = set()
        for name in self.names:
            if not name.endswith(".md"):
                try:
                    self.words.update(re.findall(r"[A-Za-z_]\w+", (root / name).read_text(encoding="utf-8")))
                except UnicodeDecodeError:
                    pass
        self.flags = set()
        for name in self.names:
            if re.fullmatch(r"record/\w*options\.def", name) or name.startswith("tool/cli/"):
                text = (root / name).read_text(encoding="utf-8")
                options = re.findall(r"^OPTION_\w+\((\w+)", text, re.M)
                self.flags.update(option.replace("_", "-") for option in options)
                self.flags.update("no-" + option.replace("_", "-") for option in options)
                self.flags.update(re.findall(r'"--([a-z-]+)', text))
        makefile = (root / "Makefile").read_text() if "Makefile" in self.paths else ""
        self.targets = re.findall(r"^([\w%-]+):", makefile, re.M)

    def has_path(self, name, document):
        name = name.removeprefix("./").rstrip("/")
        if any(fnmatch.fnmatch(name, pattern) for pattern in WRITTEN_BY_THE_BUILD):
            return True
        here = str(pathlib.PurePosixPath(document).parent)
        for base in ("", here + "/" if here != "." else "", "runtime/", "include/"):
            parts = []
            for part in (base + name).split("/"):
                if part == ".." and parts:
                    parts.pop()
                elif part not in ("", "."):
                    parts.append(part)
            whole = "/".join(parts)
            if whole in self.paths or whole in self.folders:
                return True
            if "*" in whole and any(fnmatch.fnmatch(path, whole) for path in self.paths):
                return True
        return "/" not in name and any(fnmatch.fnmatch(path.rsplit("/", 1)[-1], name) for path in self.paths)

    def has_target(self, target):
        return any(fnmatch.fnmatch(target, name.replace("%", "*")) for name in self.targets) or target.endswith("NAME")


def is_path(token):
    if not re.fullmatch(r"[\w.*+/-]+", token) or token.startswith(("/", "-", "*")):
        return False
    return token.endswith("/") or token.rsplit(".", 1)[-1] in FILE_SUFFIXES and "." in token


def check(tree, document):
    for number, line in prose((tree.root / document).read_text(encoding="utf-8")):
        where = f"{document}:{number}"
        for token in TOKEN.findall(line):
            make = re.match(r"make ([a-z][\w-]*)", token)
            flag = re.match(r"--([a-z][a-z-]*)", token)
            symbol = re.fullmatch(r"([A-Za-z]\w*_\w+)(\(\))?", token)
            if make:
                if not tree.has_target(make.group(1)):
                    yield f"{where}: the Makefile has no target {make.group(1)}"
            elif flag:
                if document == "README.md" and flag.group(1) not in tree.flags:
                    yield f"{where}: no command has the flag --{flag.group(1)}"
            elif symbol:
                if symbol.group(1) not in tree.words:
                    yield f"{where}: no source has the name {symbol.group(1)}"
            elif is_path(token) and not tree.has_path(token, document):
                yield f"{where}: there is no {token}"
        for target in LINK.findall(line):
            target = target.split("#", 1)[0]
            if target and not re.match(r"[a-z]+:", target) and not tree.has_path(target, document):
                yield f"{where}: the link's target {target} is not there"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    tree = Tree(root)
    problems = [problem for document in documents(tree.names) for problem in check(tree, document)]
    print("\n".join(problems) if problems else "every document names what is there")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
