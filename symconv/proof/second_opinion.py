"""A second opinion on the integer side conditions: the solvers z3 and cvc5, where they are installed.

In: the side conditions.  Out: what each solver says.
A solver decides nothing here: the witnesses do. But a solver that finds a counterexample to a condition whose witness
was replayed contradicts it, and that is an error that names both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from symconv.errors import BrokenDerivation, InvalidOption
from symconv.proof import checker
from symconv.proof.witnesses import Fact, Poly

TIMEOUT = 2_000  # milliseconds for each case of a condition


@dataclass(frozen=True)
class Opinion:
    """What one solver says of one side condition: ``"holds"``, ``"fails"`` or ``"unknown"``."""

    solver: str
    condition: str
    says: str


def installed() -> tuple[str, ...]:
    """The solvers that can be asked."""
    return tuple(name for name in SOLVERS if find_spec(name) is not None)


def ask(conditions: tuple[str, ...]) -> tuple[Opinion, ...]:
    """Ask every installed solver about side conditions.

    Raises
    ------
    InvalidOption
        If no solver is installed.
    BrokenDerivation
        If a solver finds a counterexample to a condition that has a witness.
    """
    solvers = installed()
    if not solvers:
        raise InvalidOption("no solver is installed: pip install 'symconv[second-opinion]'")
    opinions = tuple(Opinion(solver, name, _says(solver, name)) for name in conditions for solver in solvers)
    for opinion in opinions:
        if opinion.says == "fails":
            raise BrokenDerivation(
                f"{opinion.solver} finds a counterexample to the side condition {opinion.condition!r}, "
                "but the checker replayed a witness of it: one of the two is wrong"
            )
    return opinions


def _says(solver: str, name: str) -> str:
    hypotheses, cases = checker.cases(checker.STATEMENTS[name])
    answers = [SOLVERS[solver](hypotheses + case) for case in cases]
    if all(answer == "unsat" for answer in answers):
        return "holds"
    return "fails" if "sat" in answers else "unknown"


def _value(p: Poly, variables: Mapping[str, Any], zero: Any, literal: Callable[[int], Any]) -> Any:
    total = zero
    for monomial, c in p.items():
        term = literal(c)
        for name in monomial:
            term = term * variables[name]
        total = total + term
    return total


def _names(facts: list[Fact]) -> list[str]:
    return sorted({v for _, p in facts for m in p for v in m})


def _z3(facts: list[Fact]) -> str:
    import z3

    variables = {name: z3.Int(name) for name in _names(facts)}
    solver = z3.Solver()
    solver.set("timeout", TIMEOUT)
    for kind, p in facts:
        value = _value(p, variables, z3.IntVal(0), z3.IntVal)
        solver.add(value == 0 if kind == "eq" else value >= 0)
    return str(solver.check())


def _cvc5(facts: list[Fact]) -> str:
    import cvc5.pythonic as cvc

    variables = {name: cvc.Int(name) for name in _names(facts)}
    solver = cvc.Solver()
    solver.setOption("tlimit-per", str(TIMEOUT))
    for kind, p in facts:
        value = _value(p, variables, cvc.IntVal(0), cvc.IntVal)
        solver.add(value == 0 if kind == "eq" else value >= 0)
    return str(solver.check())


SOLVERS: dict[str, Callable[[list[Fact]], str]] = {"z3": _z3, "cvc5": _cvc5}
