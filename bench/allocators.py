"""The heaps that are compared: the C library's, Freehold's, and the peers that Debian packages."""

import dataclasses
import glob
import os
import re
import subprocess

BASELINE = "glibc"
SUBJECT = "freehold"

# name, pattern of the library, Debian package
PEERS = (
    ("mimalloc", "/usr/lib/*/libmimalloc.so.2*", "libmimalloc2.0"),
    ("jemalloc", "/usr/lib/*/libjemalloc.so.2", "libjemalloc2"),
    ("tcmalloc", "/usr/lib/*/libtcmalloc_minimal.so.4", "libtcmalloc-minimal4"),
)


@dataclasses.dataclass(frozen=True)
class Allocator:
    name: str
    preload: str | None  # None: whatever the program uses by itself
    version: str


def _package_version(package):
    answer = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return answer.stdout.strip() if answer.returncode == 0 else "unknown version"


def _subject_version(source_dir):
    try:
        with open(os.path.join(source_dir, "include", "freehold.h"), encoding="utf-8") as header:
            version = re.search(r'FH_VERSION_STRING "([^"]+)"', header.read()).group(1)
    except (OSError, AttributeError):
        version = "unknown version"
    commit = subprocess.run(["git", "-C", source_dir, "describe", "--always", "--dirty", "--abbrev=10"],
                            capture_output=True, text=True)
    return f"{version} ({commit.stdout.strip()})" if commit.returncode == 0 else version


def c_library():
    """The C library's path, to be preloaded into a program that is linked with another heap."""
    found = sorted(glob.glob("/lib/*-linux-gnu/libc.so.6"))
    return found[0] if found else None


def find(build_dir, source_dir, wanted=None):
    """All heaps that are there, the baseline first. `wanted`: only these names (the baseline always stays)."""
    found = [Allocator(BASELINE, None, _package_version("libc6"))]
    library = os.path.join(build_dir, "lib", "libfreehold.so")
    if os.path.exists(library):
        found.append(Allocator(SUBJECT, os.path.abspath(library), _subject_version(source_dir)))
    for name, pattern, package in PEERS:
        libraries = sorted(glob.glob(pattern))
        if libraries:
            found.append(Allocator(name, libraries[0], _package_version(package)))
    return [allocator for allocator in found
            if wanted is None or allocator.name in wanted or allocator.name == BASELINE]
