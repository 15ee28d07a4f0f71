"""Writes the SMT problems z3 is timed on: bit-vector products that agree, and a pigeonhole with quantifiers."""

import sys

WIDTH = 8
PIGEONS = 9


def products():
    names = ["a", "b", "c"]
    yield "(set-logic ALL)"
    for name in names:
        yield f"(declare-const {name} (_ BitVec {WIDTH}))"
    yield "(push)"
    yield "(assert (not (= (bvmul a (bvadd b c)) (bvadd (bvmul a b) (bvmul a c)))))"
    yield "(check-sat)"
    yield "(pop)"


def pigeonhole():
    holes = PIGEONS - 1
    for pigeon in range(PIGEONS):
        for hole in range(holes):
            yield f"(declare-const p{pigeon}_{hole} Bool)"
        yield "(assert (or " + " ".join(f"p{pigeon}_{hole}" for hole in range(holes)) + "))"
    for hole in range(holes):
        for first in range(PIGEONS):
            for second in range(first):
                yield f"(assert (not (and p{first}_{hole} p{second}_{hole})))"
    yield "(check-sat)"


sys.stdout.write("\n".join([*products(), *pigeonhole()]) + "\n")
