"""What the tests of the command share: where things are, running the command, building small programs."""
import functools
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["FREEHOLD_TEST_BUILD"])
SOURCE = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = BUILD / "lib" / "libfreehold.so"
COMMAND = next(
    (path for path in (BUILD / "bin/freehold", BUILD / "freehold", BUILD / "tool/freehold") if path.is_file()),
    BUILD / "bin/freehold",
)
IS_ROOT = os.getuid() == 0
NOBODY = 65534

NOT_FREEHOLD, NO_PROCESS, NOT_PERMITTED, NO_ANSWER = 3, 4, 5, 6
OUTPUT_LOST, ERRORS_FOUND, BOUND_PASSED, RUNS_DIFFER = 65, 66, 67, 68
NOT_POSSIBLE, USAGE, NOT_EXECUTABLE, NOT_FOUND = 124, 125, 126, 127

HOLDER = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int count, char **arguments) {
  int objects = count > 1 ? atoi(arguments[1]) : 0;
  size_t bytes = count > 2 ? (size_t)atol(arguments[2]) : 0;
  for (int i = 0; i < objects; i++) {
    char *object = malloc(bytes);
    if (object == NULL) return 9;
    memset(object, 1, bytes);
  }
  void *volatile large = malloc(3 << 20);
  if (large == NULL) return 9;
  setvbuf(stdin, NULL, _IONBF, 0); /* what is read after "ready" allocates nothing */
  puts("ready");
  fflush(stdout);
  return getchar() == EOF ? 0 : 1;
}
"""

OWN_MALLOC = """
#include <stddef.h>
static char pool[1 << 20];
static size_t used;
void *malloc(size_t size) { void *at = pool + used; used += (size + 15) & ~(size_t)15; return at; }
void free(void *pointer) { (void)pointer; }
void *calloc(size_t count, size_t size) { return malloc(count * size); }
void *realloc(void *pointer, size_t size) { (void)pointer; return malloc(size); }
"""


def environment(**changes):
    """This process's environment without settings of Freehold, and with the changes; None takes a name away."""
    result = {name: value for name, value in os.environ.items() if not name.startswith("FREEHOLD")}
    result["FREEHOLD_LIBRARY"] = str(LIBRARY)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = str(value)
    return result


def freehold(*arguments, env=None, **more):
    """Runs the command to its end, output captured as text."""
    more.setdefault("timeout", 60)
    more.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [str(COMMAND), *map(str, arguments)],
        env=environment() if env is None else env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def start(*arguments, env=None, **more):
    return subprocess.Popen(
        [str(COMMAND), *map(str, arguments)],
        env=environment() if env is None else env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


@functools.lru_cache(maxsize=None)
def schema_validator(name):
    """A function that checks a document against a schema of share/schemas; None without python3-jsonschema."""
    if importlib.util.find_spec("jsonschema") is None:
        return None
    import jsonschema

    schema = json.loads((SOURCE / "share/schemas" / name).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).validate


class CommandTest(unittest.TestCase):
    """Each test class has a directory of its own that any user may read."""

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="freehold-test-"))
        cls.directory.chmod(0o755)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory, ignore_errors=True)

    @staticmethod
    def end(process):
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def compile(self, name, text, *flags, compiler=None):
        source = self.directory / (name + ".c")
        program = self.directory / name
        source.write_text(text)
        compiler = compiler or os.environ.get("CC", "cc")
        # -fno-builtin: a compiler may leave out a malloc whose object nobody reads.
        command = [*compiler.split(), "-O1", "-fno-builtin", "-o", str(program), str(source), *map(str, flags)]
        built = subprocess.run(command, capture_output=True, text=True)
        if built.returncode != 0:
            self.skipTest(f"{compiler} {' '.join(map(str, flags))} can't build: {built.stderr.splitlines()[-1:]}")
        return program

    @classmethod
    def build_subject(cls, name="subject", flags=("-g",), compiler=None, stand_in=True):
        """A program that has a stand-in for the checking library report what its arguments say; see subject.c."""
        here = SOURCE / "tests/tool"
        compiler = (compiler or os.environ.get("CC", "cc")).split()
        cls.stand_in = cls.directory / "libfreehold-stand-in.so"
        program = cls.directory / name
        if stand_in and not cls.stand_in.exists():
            subprocess.run([*compiler, "-shared", "-fPIC", "-g", "-o", cls.stand_in, here / "stand_in.c", f"-I{SOURCE}",
                            "-pthread"], check=True)
        # Two unwinders agree on frames of -O1; the functions are kept apart by attributes.
        subprocess.run([*compiler, "-O1", "-fno-omit-frame-pointer", *flags, "-o", program, here / "subject.c",
                        f"-I{SOURCE}", "-pthread", "-rdynamic"], check=True)
        return program

    def script(self, name, text, mode=0o755):
        path = self.directory / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def check(self, result, code, *said):
        """The exit code, and pieces of what was said on standard error."""
        self.assertEqual(result.returncode, code, result.stderr + result.stdout[-2000:])
        for piece in said:
            self.assertIn(piece, result.stderr)

    def validate(self, schema, document):
        validator = schema_validator(schema)
        if validator is not None:
            validator(document)

    def serves(self, result):
        """The library says it served the program: the run was with --verbose."""
        self.assertIn("freehold: heap", result.stderr)
