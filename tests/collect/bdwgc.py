"""bdwgc's own test programs of release 8.2.2, unmodified, on our libgc.so.1.

    bdwgc.py BUILD [--runs N] [--source DIRECTORY] [--seconds N] [NAME...]

The sources come from Debian's source package libgc (apt-get source, with an apt configuration of our own: the machine's
stays as it is), or from a directory that has them unpacked. They are compiled with their own headers, and linked with the
library that is tested. A program must end with 0. Those run that use nothing but what Debian's library exports: all but
trace_test, which wants a library built for debugging. Ends with 77 where there are no sources to be had.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

VERSION = "8.2.2"
APT_SOURCES = "/etc/apt/sources.list.d/debian.sources"

# Program: its sources, and flags beside the common ones. A name with "lib" becomes a library of the next program.
PROGRAMS = {
    "gctest": (["test.c"], ["-DGC_GCJ_SUPPORT", "-DGC_ENABLE_SUSPEND_THREAD"]),
    "leak_test": (["leak_test.c"], []),
    "middle": (["middle.c"], []),
    "smash_test": (["smash_test.c"], []),
    "huge_test": (["huge_test.c"], []),
    "realloc_test": (["realloc_test.c"], []),
    "staticrootstest": (["staticrootstest.c"], ["-DSTATICROOTSLIB2"]),
    "test_atomic_ops": (["test_atomic_ops.c"], []),
    "thread_leak_test": (["thread_leak_test.c"], []),
    "threadkey_test": (["threadkey_test.c"], []),
    "subthread_create": (["subthread_create.c"], []),
    "initsecondarythread": (["initsecondarythread.c"], []),
    "disclaim_test": (["disclaim_test.c"], []),
    "disclaim_weakmap_test": (["disclaim_weakmap_test.c"], []),
    "disclaim_bench": (["disclaim_bench.c"], []),
    "test_cpp": (["test_cpp.cc"], []),
}
# With small allowances, so that collections come where they hurt.
PRESSED = {"disclaim_test", "disclaim_weakmap_test", "gctest"}
COMMON = ["-O2", "-w", "-DGC_THREADS", "-DTHREADS"]


def fetch(place):
    """The unpacked sources, or None with a word why."""
    for folder in ("parts", "lists/partial", "cache/archives/partial", "source"):
        (place / folder).mkdir(parents=True)
    if os.path.exists(APT_SOURCES):
        lines = pathlib.Path(APT_SOURCES).read_text().splitlines()
        (place / "parts/debian.sources").write_text(
            "\n".join("Types: deb-src" if line.startswith("Types:") else line for line in lines) + "\n")
    else:
        lines = pathlib.Path("/etc/apt/sources.list").read_text().splitlines()
        (place / "parts/debian.list").write_text(
            "\n".join("deb-src" + line[3:] for line in lines if line.startswith("deb ")) + "\n")
    options = ["-q", "-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={place}/parts",
               "-o", f"Dir::State::lists={place}/lists", "-o", f"Dir::Cache={place}/cache"]
    for words in (["update"], ["source", f"libgc={VERSION}-3"], ["source", "libgc"]):
        if words[0] == "source" and list((place / "source").glob("libgc-*/tests")):
            break
        result = subprocess.run(["apt-get", *options, *words], cwd=place / "source", capture_output=True, text=True,
                                timeout=300)
    found = list((place / "source").glob(f"libgc-{VERSION}"))
    if not found:
        print("skipped: apt-get source libgc gives no", VERSION, "-", result.stderr.strip().splitlines()[-1:])
        return None
    return found[0]


def build(source, library, place):
    """name -> program; one that can't be linked is a failure."""
    programs, failed = {}, []
    for name, (files, flags) in PROGRAMS.items():
        program = place / name
        compiler = "g++" if files[0].endswith(".cc") else "gcc"
        words = [compiler, *COMMON, *flags, f"-I{source}/include", "-o", str(program),
                 *(f"{source}/tests/{file}" for file in files)]
        if name == "staticrootstest":
            for number, more in (("1", []), ("2", ["-DSTATICROOTSLIB2"])):
                subprocess.run(["gcc", *COMMON, *more, "-fPIC", "-shared", f"-I{source}/include", "-o",
                                f"{place}/libroots{number}.so", f"{source}/tests/staticrootslib.c"], check=True)
            words += [f"{place}/libroots1.so", f"{place}/libroots2.so", f"-Wl,-rpath,{place}"]
        if name == "test_cpp": # libgccpp is their file of operators, on whatever library there is
            words += [f"{source}/gc_cpp.cc", f"{source}/gc_badalc.cc"]
        result = subprocess.run([*words, str(library), "-lpthread"], capture_output=True, text=True)
        if result.returncode != 0:
            failed.append(name)
            print(f"{name}: can't be built: {result.stderr[-600:]}")
        programs[name] = program
    return programs, failed


def run(program, library, seconds, setting):
    environment = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": str(library.parent)}
    if setting:
        environment["FREEHOLD"] = setting
    try:
        result = subprocess.run([str(program)], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=seconds)
        return result.returncode, result.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return "time is up", (late.stdout or b"").decode(errors="replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("names", nargs="*", help="these programs alone")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=300, help="for one run")
    parser.add_argument("--source", type=pathlib.Path, help="libgc-8.2.2, unpacked")
    arguments = parser.parse_intermixed_args()
    library = (arguments.build / "lib/libgc.so.1").resolve()
    library = (arguments.build / "lib/libgc.so.1").absolute() if library.exists() else library
    if not library.exists():
        sys.exit(f"bdwgc.py: there is no {library}")
    unknown = set(arguments.names) - set(PROGRAMS)
    if unknown:
        sys.exit(f"bdwgc.py knows {', '.join(PROGRAMS)}, not {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="freehold-bdwgc.") as scratch:
        place = pathlib.Path(scratch)
        source = arguments.source or fetch(place)
        if source is None:
            sys.exit(77)
        programs, failed = build(source, library, place)
        for name, program in programs.items():
            if name in failed or (arguments.names and name not in arguments.names):
                continue
            began = time.monotonic()
            for number in range(arguments.runs):
                setting = "collect_every=64K" if name in PRESSED and number % 2 == 1 else ""
                code, output = run(program, library, arguments.seconds, setting)
                if code != 0:
                    failed.append(name)
                    print(f"{name}: run {number + 1} of {arguments.runs} ({setting or 'plain'}): {code}\n{output[-1000:]}")
                    break
            else:
                print(f"{name}: {arguments.runs} runs in {time.monotonic() - began:.1f} s", flush=True)
    if failed:
        sys.exit("failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
