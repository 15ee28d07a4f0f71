#!/usr/bin/env python3
"""Tests of the command `freehold`: run_tests.py BUILD_DIRECTORY [unittest arguments].

Finds the command at BUILD/bin/freehold (or BUILD/freehold, BUILD/tool/freehold) and the library at
BUILD/lib/libfreehold.so. Needs a C compiler (CC, else cc). Tests that need root, musl, python3-jsonschema or
python3-prometheus-client say so when they are skipped.
"""
import os
import pathlib
import sys
import unittest

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    os.environ["FREEHOLD_TEST_BUILD"] = str(pathlib.Path(sys.argv[1]).resolve())
    here = pathlib.Path(__file__).resolve().parent
    sys.path.insert(0, str(here))
    arguments = sys.argv[:1] + sys.argv[2:]
    names = sorted(path.stem for path in here.glob("test_*.py"))
    if not any(not argument.startswith("-") for argument in arguments[1:]):
        arguments += names
    unittest.main(module=None, argv=arguments)
