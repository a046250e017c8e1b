"""A campaign against the checker: ``python -m tests.campaign --near-misses N --corrupted N --seed S``.

Near-misses are theorems and side conditions with one or two things changed, each shown false by brute force first; the
trace of the true theorem, the witnesses of all true side conditions and the search for new ones are tried on them.
Corrupted certificates are valid ones, tampered with. Prints figures, class by class; the exit code is 1 if anything
false was accepted, and 2 if anything crashed.
"""

import argparse
import random
import sys
import time
from collections import Counter
from functools import cache
from unittest import mock

from symconv.proof import checker, witnesses
from tests import certificates
from tests.certificates import Corruption, Statement, Term

CLAIMS = [(claim, flip) for claim in checker.CLAIMS for flip in (False, True)]
RANKS = (1, 1, 1, 2, 2, 3)
SEARCHED = 40  # false side conditions of an axis for which a witness is searched, at about a second each
CHEAP = 6  # hypotheses; a search takes milliseconds up to here


def near_misses(count: int, chance: random.Random) -> Counter[str]:
    """Try so many false theorems and side conditions; figures by class."""
    figures: Counter[str] = Counter()
    searched = 0
    while figures["near-misses"] < count:
        if chance.random() < 0.65:
            _near_theorem(chance, figures)
        else:
            searched += _near_statement(chance, figures, searched < SEARCHED * count / 10_000)
    return figures


@cache
def _near_terms(claim: str, ndim: int, flip: bool) -> list[tuple[str, Term]]:
    return list(certificates.near_terms(checker.theorem(claim, ndim, flip), ndim))


def _near_theorem(chance: random.Random, figures: Counter[str]) -> None:
    (claim, flip), ndim = chance.choice(CLAIMS), chance.choice(RANKS)
    kind, term = chance.choice(_near_terms(claim, ndim, flip))
    if chance.random() < 0.3:
        more = list(certificates.near_terms(term, ndim))
        also, term = chance.choice(more) if more else ("", term)
        kind = "two changes" if also else kind
    if not certificates.shown_false(term, claim, ndim, flip):
        figures["left out: not shown false"] += 1
        return
    figures["near-misses"] += 1
    figures[f"theorem, rank {ndim}"] += 1
    figures[f"theorem, {kind}"] += 1
    try:
        with mock.patch.object(checker, "theorem", return_value=term):
            checker.follow(claim, ndim, flip, certificates.trace(claim, ndim))
    except checker.Rejected:
        return
    except Exception as error:
        _crashed(figures, f"theorem, {kind}", error)
        return
    _accepted(figures, f"theorem, {kind}", (claim, ndim, flip, term))


@cache
def _statements(name: str) -> list[tuple[str, Statement]]:
    return list(certificates.near_statements(checker.STATEMENTS[name]))


def _near_statement(chance: random.Random, figures: Counter[str], may_search: bool) -> bool:
    """One false side condition; whether a costly search was made."""
    name = chance.choice(list(checker.STATEMENTS))
    true = {other: certificates.witness(other) for other in checker.STATEMENTS}
    kind, statement = chance.choice(_statements(name))
    if chance.random() < 0.3:
        kind, statement = "two changes", chance.choice(list(certificates.near_statements(statement)))[1]
    if certificates.counterexample(statement, chance.randrange(10**6)) is None:
        figures["left out: not shown false"] += 1
        return False
    figures["near-misses"] += 1
    figures[f"side condition, {kind}"] += 1
    hypotheses, cases = checker.cases(statement)
    cheap = len(hypotheses) <= CHEAP
    with mock.patch.dict(checker.STATEMENTS, {name: statement}):
        for witness in true.values():
            try:
                checker.check_witness(name, witness)
            except checker.Rejected:
                continue
            except Exception as error:
                _crashed(figures, f"side condition, {kind}", error)
                continue
            _accepted(figures, f"side condition, {kind}", statement)
    if cheap or may_search:
        figures["witness searched, none found"] += 1
        if all(witnesses.find_leaf(hypotheses + case) is not None for case in reversed(cases)):
            _accepted(figures, f"side condition, {kind}", statement)
    return not cheap


def _accepted(figures: Counter[str], kind: str, what: object) -> None:
    figures["ACCEPTED"] += 1
    print(f"FALSE, AND ACCEPTED: {kind}: {what}", file=sys.stderr)


def _crashed(figures: Counter[str], kind: str, error: Exception) -> None:
    figures["CRASHED"] += 1
    print(f"CRASHED: {kind}: {error!r}", file=sys.stderr)


def bases() -> list[certificates.Json]:
    """The certificates that are tampered with."""
    layers = [certificates.layer(ndim, flip=flip) for ndim, flip in ((1, False), (2, True), (3, False))]
    return [
        certificates.certificate(1, False, ("input",)),
        certificates.certificate(1, True, ("weight", "bias"), layers[0] | {"flip": True}),
        certificates.certificate(2, False, ("weight.a",)),
        certificates.certificate(2, True, ("forward", "input.w"), layers[1]),
        certificates.certificate(3, False, ("bias",), layers[2]),
        certificates.certificate(1, False, None, layers[0], "shape"),
        certificates.certificate(2, True, None, layers[1], "shape"),
        certificates.certificate(3, False, None, layers[2], "shape"),
    ]


def corrupted(count: int, chance: random.Random) -> Counter[str]:
    """Try so many corrupted certificates; figures by class."""
    figures: Counter[str] = Counter()
    pools = [_by_kind(base, chance.randrange(10**6), count // 50 + 1) for base in bases()]
    while figures["corrupted"] < count:
        kinds = chance.choice(pools)
        even = chance.random() < 0.5  # among the kinds, or among the places
        kind = chance.choices(list(kinds), None if even else [len(own) for own in kinds.values()])[0]
        _corrupted(chance.choice(kinds[kind]), figures)
    return figures


def _by_kind(base: certificates.Json, seed: int, count: int) -> dict[str, list[Corruption]]:
    kinds: dict[str, list[Corruption]] = {}
    for corruption in certificates.corruptions(base, seed, count):
        kinds.setdefault(corruption.kind, []).append(corruption)
    return kinds


def _corrupted(corruption: Corruption, figures: Counter[str]) -> None:
    figures["corrupted"] += 1
    figures[f"{corruption.kind}"] += 1
    try:
        said = certificates.judgement(corruption)
    except Exception as error:
        _crashed(figures, corruption.kind, error)
        return
    if said == "FALSE":
        _accepted(figures, corruption.kind, corruption.text[:2000])
    elif said == "true":
        figures["accepted, and true"] += 1
    elif said == "stricter":
        figures["refused for a limit that the second checker has not"] += 1
        if corruption.kind not in certificates.FORMAT_ONLY:
            _crashed(figures, corruption.kind, ValueError("the checkers disagree"))


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description="A campaign against the checker.")
    parser.add_argument("--near-misses", type=int, default=10_000)
    parser.add_argument("--corrupted", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    chance = random.Random(options.seed)
    total: Counter[str] = Counter()
    for title, run, count in (
        ("near-misses", near_misses, options.near_misses),
        ("corrupted", corrupted, options.corrupted),
    ):
        start = time.perf_counter()
        figures = run(count, chance) if count else Counter[str]()
        figures.setdefault("ACCEPTED", 0)
        figures.setdefault("CRASHED", 0)
        print(f"\n{title}, seed {options.seed}, {time.perf_counter() - start:.0f} s")
        for kind, number in sorted(figures.items()):
            print(f"{number:8,}  {kind}")
        total += figures
    print(f"\n{total['ACCEPTED']} false ones accepted, {total['CRASHED']} crashes")
    return 1 if total["ACCEPTED"] else 2 if total["CRASHED"] else 0


if __name__ == "__main__":
    sys.exit(main())
