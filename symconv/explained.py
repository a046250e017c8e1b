"""Why a layer is lowered as it is: the program of each map, its proof, and its predicted and measured time.

In: a `Lowered`.  Out: an `Explanation` for each map, and their text.
Never: a proof of its own; `symconv.proof` decides, and what it does not decide is said to be undecided.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256

from symconv.layer import Conv
from symconv.lowering import Lowered
from symconv.lowering.candidates import NEAR, Candidate
from symconv.lowering.choice import NOMINAL_BATCH, Choice, Options, fitting
from symconv.lowering.module import identity
from symconv.lowering.nodes import Circular, Node, Waves
from symconv.lowering.problem import task
from symconv.proof.execution import run_forward_and_gradients, smaller
from symconv.proof.general_programs import prove_algorithm
from symconv.proof.loops import run_loops
from symconv.proof.programs import Unequal, operands, prove_program
from symconv.proof.roots_of_unity import transforms_products
from symconv.terms import number

TITLES = {"forward": "z", "input": "dE/da", "weight": "dE/dw"}


@dataclass(frozen=True)
class Explanation:
    """The program of one map.

    Attributes
    ----------
    of
        "forward", "input" or "weight".
    program, note, identity
        The program, its parameters, and the twelve digits that name it in the source.
    reason
        Why it was chosen.
    predicted, measured
        Seconds for the layer's batch (8 where it is 1), by program: those of the cost model, and those on this machine.
    proof
        What is proved of it, sentence by sentence.
    proved
        Whether it is.
    """

    of: str
    program: str
    note: str
    identity: str
    reason: str
    predicted: dict[str, float]
    measured: dict[str, float]
    proof: tuple[str, ...]
    proved: bool

    @property
    def text(self) -> str:
        """The explanation, a line for each fact."""
        times = [f"{name} {_milliseconds(s)}" for name, s in self.predicted.items()]
        taken = [f"{name} {_milliseconds(s)}" for name, s in sorted(self.measured.items(), key=lambda item: item[1])]
        rows = [
            ("program", f"{self.program}{', ' + self.note if self.note else ''}; identity {self.identity}"),
            ("why", self.reason),
            *((("predicted", ", ".join(times)),) if times else ()),
            *((("measured", ", ".join(taken)),) if taken else ()),
            *(("proof", sentence) for sentence in self.proof),
        ]
        return "\n".join([TITLES[self.of], *(f"  {name:<10} {fact}" for name, fact in rows)])


def explain(lowered: Lowered, *, measure: bool = True) -> tuple[Explanation, ...]:
    """Explain the programs of a layer.

    Parameters
    ----------
    lowered
        What `symconv.lower` returned.
    measure
        Whether the candidates are timed on this machine, about a fifth of a second for each map.

    Examples
    --------
    >>> from symconv import Conv, lower
    >>> print(explain(lower(Conv((3, 3), (2, 2)), program="closed"), measure=False)[0].text)
    z
      program    closed; identity c3eefb58d7c4
      why        asked for by name
      proof      the closed form itself: symconv prove is its proof
    """
    return tuple(
        _of_loops(lowered, of) if of in lowered.loops else _explained(lowered, choice, measure=measure)
        for of, choice in lowered.choices().items()
    )


def _of_loops(lowered: Lowered, of: str) -> Explanation:
    run = run_loops(lowered, of)
    digits = sha256(lowered.loops[of].kernel.source.encode()).hexdigest()[:12]
    reason = "backend numba, and loops are expected to be faster than NumPy"
    return Explanation(of, "loops", "compiled by numba", digits, reason, {}, {}, run.sentences, run.proved)


def _explained(lowered: Lowered, choice: Choice, *, measure: bool) -> Explanation:
    predicted = {c.candidate.name: c.seconds for c in choice.considered}
    measured = lowered.measure(choice.of) if measure and choice.considered else {}
    proof, proved = _proof(lowered.layer, choice)
    note = choice.chosen.candidate.note if choice.chosen else ""
    reason = choice.reason
    if choice.considered:
        batch = lowered.layer.batch if lowered.layer.batch > 1 else NOMINAL_BATCH
        threads = lowered.options.threads
        reason += f" ({lowered.options.dtype}, batch {batch}, {threads} thread{'s' if threads > 1 else ''})"
    return Explanation(choice.of, choice.name, note, identity(choice), reason, predicted, measured, proof, proved)


def _proof(layer: Conv, choice: Choice) -> tuple[tuple[str, ...], bool]:
    if choice.chosen is None:
        return ("the closed form itself: symconv prove is its proof",), True
    candidate = choice.chosen.candidate
    problem = task(layer, choice.of).problem
    try:
        prove_program(problem, candidate.build(operands(problem)), candidate.tiled)
        general = _for_every_shape(candidate.algorithm, layer.ndim, layer.groups > 1)
    except Unequal as error:
        return (f"UNDECIDED: {error}",), False
    circle = _circle(choice.chosen.node)
    if circle and not transforms_products(circle):
        return ("UNDECIDED: the convolution theorem was not established for the circle",), False
    sentences = ["PROVED: read as index notation, it is the sum over the layer's axis relation"]
    if circle:
        around = "x".join(map(str, circle))
        sentences.append(f"PROVED for a circle of {around}: the convolution theorem, with exact roots of unity")
    return (*sentences, general, _run(layer, choice, candidate)), True


def _circle(node: Node) -> tuple[int, ...]:
    """The lengths of the circle of a program that uses the Fourier transform, else nothing."""
    if isinstance(node, Circular):
        return tuple(map(number, node.sizes))
    if isinstance(node, Waves):
        return (number(node.length),)
    return next((found for operand in node.operands if (found := _circle(operand))), ())


@lru_cache(maxsize=256)
def _for_every_shape(algorithm: str, ndim: int, grouped: bool) -> str:
    if ndim > 3:
        return f"its algorithm is proved for every shape up to rank 3; this rank, {ndim}, for this layer"
    found = prove_algorithm(algorithm, ndim, grouped=grouped)
    count = len(found.conditions)
    conditions = f"{count} inequalities, a witness of each replayed" if count else "no inequality is left"
    return f"PROVED for every shape of rank {ndim}{' in groups' if grouped else ''}: {algorithm}; {conditions}"


def _run(layer: Conv, choice: Choice, candidate: Candidate) -> str:
    """The source, run on symbols for a small layer of the same kind, in chunks where the layer's is."""
    if not candidate.exact:
        return "rounds: its result is that of exact numbers up to rounding; make bench-lowering measures by how much"
    small = replace(smaller(layer), batch=2)  # so that a loop over images is one
    near = 1 if candidate.in_chunks else NEAR
    options = Options(program=choice.name, dtype="other", near=near)
    code = Lowered(small, options) if fitting(small, options) else None
    chosen = code.choices()[choice.of].chosen if code else None
    if (
        code is None
        or chosen is None
        or chosen.candidate.name != choice.name
        or (chosen.candidate.in_chunks != candidate.in_chunks)
    ):
        return f"its source was not run on symbols: {small!r}, the layer for that, has no program {candidate.algorithm}"
    wrong = run_forward_and_gradients(code, choice.of, small.batch)
    if wrong is not None:
        raise AssertionError(f"the source of {choice.name} does not compute its program: {wrong}")
    same = chosen.candidate.algorithm == candidate.algorithm
    subject = "its source" if same else f"the source of {chosen.candidate.algorithm}"
    return f"{subject}, run on symbols for {small!r}, gives the theorem's polynomials"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms"


def unproved(explanations: tuple[Explanation, ...]) -> tuple[str, ...]:
    """The maps whose program was not proved."""
    return tuple(TITLES[e.of] for e in explanations if not e.proved)


__all__ = ["Explanation", "explain", "unproved"]
