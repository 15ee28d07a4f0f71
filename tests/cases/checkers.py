"""The checkers that are compared: how each builds and starts a program, and how its words become findings.

A finding is what was said about one error, in Freehold's terms; None where a checker doesn't say.
"""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as xml

UNKNOWN = "unknown"


@dataclasses.dataclass
class Finding:
    kind: str
    access: str | None = None
    bytes: int | None = None
    offset: int | None = None
    object: int | None = None
    call: str | None = None
    late: bool = False
    stack: list = dataclasses.field(default_factory=list)  # of (file, line)
    allocated: list = dataclasses.field(default_factory=list)
    freed: list = dataclasses.field(default_factory=list)
    leak: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Run:
    """What a program under a checker left behind."""
    status: int  # exit status; 128 + the signal that ended it
    timed_out: bool
    output: bytes
    messages: str
    report: pathlib.Path  # where the checker was told to write


class Checker:
    name = ""
    title = ""
    precise = False  # whether what it says can be held against the lines of the source
    names_kinds = True
    build_flags = ()
    suffix = ""  # of the builds; those with the same are shared
    preload = None  # a library

    def missing(self):
        """Why it can't be used here; None when it can."""
        return None

    def version(self):
        return ""

    def command(self, program, report):
        return [str(program)]

    def environment(self, case):
        return {}

    def findings(self, case, run):
        raise NotImplementedError

    def own_status(self, run):
        """Whether the exit status is the checker's word and not the program's."""
        return False


def first_line(command):
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.split("\n")[0].strip()


class Plain(Checker):
    name = title = "native"

    def findings(self, case, run):
        return []


class Freehold(Checker):
    name, title, precise = "freehold", "freehold check", True
    ERRORS_FOUND = 66

    def __init__(self, build, options=()):
        self.command_path = pathlib.Path(build) / "bin/freehold"
        self.options = list(options)

    def missing(self):
        try:
            answer = subprocess.run([self.command_path, "check", "--help"], capture_output=True, check=False)
        except OSError as error:
            return f"{self.command_path}: {error.strerror}"
        return None if answer.returncode == 0 else f"{self.command_path} has no command check"

    def version(self):
        return first_line([str(self.command_path), "--version"])

    def command(self, program, report):
        return [str(self.command_path), "check", "--leaks", f"--json={report}", *self.options, str(program)]

    def findings(self, case, run):
        document = json.loads(run.report.read_text(encoding="utf-8"))

        def frames(stack):
            return [(frame.get("file"), frame.get("line")) for frame in stack or ()]

        found = []
        for report in document["reports"]:
            access, thing, leak = report.get("access") or {}, report.get("object") or {}, report.get("leak") or {}
            if leak.get("reachable"):
                continue
            found.append(Finding(
                report["id"] if "id" in report else report["kind"], access.get("kind"), access.get("bytes"),
                access.get("offset"), thing.get("bytes"), report.get("call"), bool(report.get("found_late")),
                frames(report.get("stack")), frames(report.get("allocation_stack") or thing.get("allocation_stack")),
                frames(thing.get("free_stack")),
                {"direct": leak["bytes"], "indirect": leak["indirect_bytes"], "count": leak["blocks"]} if leak else {}))
        return found

    def own_status(self, run):
        return run.status == self.ERRORS_FOUND


class Memcheck(Checker):
    name, title = "memcheck", "valgrind memcheck"
    KINDS = {"MismatchedFree": "mismatched-free", "UninitCondition": "uninitialized-read",
             "UninitValue": "uninitialized-read", "SyscallParam": "uninitialized-read", "Overlap": "overlapping-copy",
             "FishyValue": "impossible-size", "InvalidMemPool": UNKNOWN}
    ERROR_STATUS = 99

    def missing(self):
        return None if shutil.which("valgrind") else "valgrind is not installed"

    def version(self):
        return first_line(["valgrind", "--version"])

    def command(self, program, report):
        return ["valgrind", "-q", "--leak-check=full", f"--error-exitcode={self.ERROR_STATUS}", "--xml=yes",
                f"--xml-file={report}.%p", str(program)]

    def environment(self, case):
        # Debian's build looks for symbols of separate files; there is no net in a test.
        return {"DEBUGINFOD_URLS": ""}

    @staticmethod
    def nowhere(text):
        """What an address in no block is called."""
        address = re.search(r"0x([0-9a-f]+)", text, re.I)
        return "null-pointer" if address and int(address.group(1), 16) < 65536 else "wild-pointer"

    def classify(self, error):
        kind = error.findtext("kind")
        aux = " ".join(element.text or "" for element in error.iter("auxwhat"))
        what = (error.findtext("what") or "") + (error.findtext("xwhat/text") or "")
        if kind in ("InvalidRead", "InvalidWrite"):
            access = "read" if kind == "InvalidRead" else "write"
            size = re.search(r"of size (\d+)", what)
            if "not stack'd" in aux:
                result = self.nowhere(aux)
            elif "free'd" in aux:
                result = "heap-use-after-free"
            elif re.search(r"bytes before (a|an unallocated) block", aux):
                result = "heap-buffer-underflow"
            elif re.search(r"bytes (after|inside) a", aux) and "alloc'd" in aux:
                result = "heap-buffer-overflow"
            else:
                result = UNKNOWN
            return Finding(result, access, int(size.group(1)) if size else None)
        if kind == "InvalidFree":
            return Finding("double-free" if re.search(r"is 0 bytes inside a block .* free'd", aux) else "invalid-free")
        if kind == "SyscallParam" and re.search(r"unaddressable", what):
            access = "read" if "points to unaddressable" in what and "write" in what.split("(")[0] else None
            if "not stack'd" in aux:
                return Finding(self.nowhere(aux), access)
            if "free'd" in aux:
                return Finding("heap-use-after-free", access)
            return Finding("heap-buffer-overflow" if "alloc'd" in aux else UNKNOWN, access)
        if kind == "InvalidJump":
            return Finding(self.nowhere(aux), "execution")
        if kind and kind.startswith("Leak_"):
            return Finding("leak") if kind != "Leak_StillReachable" else None
        return Finding(self.KINDS.get(kind, UNKNOWN))

    def findings(self, case, run):
        found = []
        for path in sorted(run.report.parent.glob(run.report.name + ".*")):
            text = path.read_text(encoding="utf-8", errors="replace")
            path.unlink()
            for part in re.findall(r"<error>.*?</error>", text, re.S):
                finding = self.classify(xml.fromstring(part))
                if finding is not None:
                    found.append(finding)
            for part in re.findall(r"<fatal_signal>.*?</fatal_signal>", text, re.S):
                if "Stack overflow in thread" in run.messages:
                    found.append(Finding("stack-overflow"))
                elif "Bad permissions" in part:
                    found.append(Finding("write-to-readonly"))
                    found.append(Finding("wild-pointer"))  # it has one word for both
                elif "not within mapped" in part or "General Protection" in part:
                    found.append(Finding("wild-pointer"))
        return found

    def own_status(self, run):
        return run.status == self.ERROR_STATUS


class AddressSanitizer(Checker):
    name, title = "asan", "gcc -fsanitize=address"
    build_flags = ("-fsanitize=address", "-fno-omit-frame-pointer")
    suffix = ".asan"
    KINDS = {"heap-use-after-free": "heap-use-after-free", "alloc-dealloc-mismatch": "mismatched-free",
             "new-delete-type-mismatch": "mismatched-free", "stack-overflow": "stack-overflow",
             "calloc-overflow": "impossible-size", "reallocarray-overflow": "impossible-size",
             "allocation-size-too-big": "impossible-size", "negative-size-param": "heap-buffer-overflow",
             "requested": "impossible-size", "calloc": "impossible-size"}

    def missing(self):
        return None if shutil.which("gcc") else "gcc is not installed"

    def version(self):
        return first_line(["gcc", "--version"])

    def environment(self, case):
        options = "detect_leaks=1:halt_on_error=1:color=never"
        if "impossible-size" not in case.kinds:
            options += ":allocator_may_return_null=1"
        return {"ASAN_OPTIONS": options}

    def findings(self, case, run):
        text, found = run.messages, []
        for what in re.findall(r"ERROR: AddressSanitizer: (.*)", text):
            access = re.search(r"^(READ|WRITE) of size (\d+)", text, re.M)
            word, kind = what.split()[0], None
            if word == "heap-buffer-overflow":
                before = re.search(r"located \d+ bytes (to the left of|before)", text)
                kind = "heap-buffer-underflow" if before else "heap-buffer-overflow"
            elif word == "attempting":
                kind = "double-free" if "double-free" in what else "invalid-free"
            elif word in ("SEGV", "BUS"):
                address = re.search(r"address 0x([0-9a-f]+)", what)
                kind = "null-pointer" if address and int(address.group(1), 16) < 65536 else "wild-pointer"
                if "WRITE memory access" in text and kind == "wild-pointer":
                    found.append(Finding("write-to-readonly", "write"))  # it has one word for both
            elif word.endswith("-param-overlap:") or "param-overlap" in word:
                kind = "overlapping-copy"
            else:
                kind = self.KINDS.get(word, UNKNOWN)
            found.append(Finding(kind, access.group(1).lower() if access else None,
                                 int(access.group(2)) if access else None))
        if "LeakSanitizer: detected memory leaks" in text:
            found.append(Finding("leak"))
        return found

    def own_status(self, run):
        return "AddressSanitizer" in run.messages or "LeakSanitizer" in run.messages


class ElectricFence(Checker):
    """It knows no kinds: a program under it stops where it errs, or says a sentence and stops."""
    name, title, names_kinds = "efence", "Electric Fence", False
    LIBRARIES = ("libefence.so.0", "libefence.so.0.0")

    def __init__(self):
        self.preload = next((os.path.join(folder, name) for folder in ("/usr/lib", "/usr/lib/x86_64-linux-gnu")
                             for name in self.LIBRARIES if os.path.exists(os.path.join(folder, name))), None)

    def missing(self):
        return None if self.preload else "electric-fence is not installed"

    def version(self):
        return first_line(["dpkg-query", "-W", "-f", "${Version}", "electric-fence"])

    def environment(self, case):
        return {"EF_ALLOW_MALLOC_0": "1", "EF_PROTECT_FREE": "1", "EF_DISABLE_BANNER": "1"}

    def findings(self, case, run):
        stopped = run.status > 128 or "ElectricFence" in run.messages.replace("Electric Fence 2", "")
        return [Finding(UNKNOWN)] if stopped else []


def all_checkers(build, options=()):
    return [Freehold(build, options), Memcheck(), AddressSanitizer(), ElectricFence()]
