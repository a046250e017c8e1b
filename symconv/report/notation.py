"""What things are called on paper: the names of tensors, the first index, and which indices are worth writing.

In: a layer and a `Notation`.  Out: names and displayed indices, for writers that turn them into text or LaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from symconv.errors import InvalidOption, shortened
from symconv.forward import AnyLayer
from symconv.polynomial import Atom, Entry, Partial, Polynomial, Quotient


@dataclass(frozen=True)
class Notation:
    """How formulas are written.

    A name is a letter, a Greek letter by its name (``"delta"``) or a short word (``"net"``), perhaps with a letter
    below it (``"E_d"``). Indices whose letter is taken by a name get another one.

    Parameters
    ----------
    weighted_input
        ``"z"``, or ``"net"`` as in the worked example.
    error
        ``"E"``, ``"E_d"``, or ``"L"`` for a loss.
    bias
        ``"b"``, or ``"w_b"``.
    kernel
        The kernel as a whole: ``"w"``, or ``"W"``.
    index_base
        The first index: 0 or 1.
    input, weight, delta, rate, activation
        The input a, the entries of the kernel w, the error delta of a layer, the learning rate eta, the activation f.

    Raises
    ------
    InvalidOption
        For a name that is none of these, that has a meaning of its own in formulas, or that two tensors would share.

    Examples
    --------
    >>> Notation(input="x", delta="e").names["delta"]
    'e'
    """

    weighted_input: str = "z"
    error: str = "E"
    bias: str = "b"
    kernel: str = "w"
    index_base: int = 0
    input: str = "a"
    weight: str = "w"
    delta: str = "delta"
    rate: str = "eta"
    activation: str = "f"

    def __post_init__(self) -> None:
        if self.index_base not in (0, 1):
            raise InvalidOption(f"index_base={self.index_base!r} is neither 0 nor 1")
        seen: dict[str, str] = {}
        for symbol, name in {**self.names, "w as a whole": self.kernel}.items():
            check_name(symbol, name)
            if name in seen and {symbol, seen[name]} != {"w", "w as a whole"}:
                raise InvalidOption(f"{seen[name]} and {symbol} would both be called {name!r}: give one another name")
            seen[name] = symbol
        self.letters  # noqa: B018  names that leave no letters are refused now

    @property
    def names(self) -> dict[str, str]:
        """The name of each symbol: a, w, b, z, delta, E, eta and f."""
        return {symbol: getattr(self, field) for symbol, field in SYMBOLS.items()}

    @cached_property
    def letters(self) -> Mapping[str, str]:
        """The letters of indices and parameters whose own letter is taken by a symbol, and what they are instead."""
        taken = {name.partition("_")[0] for name in (*self.names.values(), self.kernel)}
        spare = [letter for letter in SPARE_LETTERS if letter not in taken]
        pools = {True: filter(str.isupper, spare), False: filter(str.islower, spare)}
        try:
            return {letter: next(pools[letter.isupper()]) for letter in LETTERS if letter in taken}
        except StopIteration:
            names = ", ".join(sorted(taken))
            raise InvalidOption(f"with the names {names} no letters are left for indices: give Greek names") from None


SYMBOLS = {
    "a": "input", "w": "weight", "b": "bias", "z": "weighted_input", "delta": "delta", "E": "error", "eta": "rate",
    "f": "activation",
}  # fmt: skip
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω",
}  # fmt: skip
NAME = re.compile(r"[A-Za-z]{1,12}(_[A-Za-z]{1,4})?")
RESERVED = {
    "d": "derivatives", "l": "the number of a layer", "o": "the elementwise product", "sum": "sums", "over": "sums",
    "of": "sums", "where": "conditions", "divides": "conditions", "div": "division", "mod": "division",
    "qed": "proofs",
    **dict.fromkeys(("corr", "pad", "dilate", "swap", "reverse", "transpose", "split", "merge", "axis", "axes",
                     "groups", "stride", "dilation"), "array operations"),
}  # fmt: skip
LETTERS = "ijkmxyngcsuLKpPOrNGCMtqQRDv"  # of indices and parameters
SPARE_LETTERS = "hefbwzaHASTUVXYZBFIJWE"  # no letter of an index or a parameter


def check_name(symbol: str, name: object) -> None:
    """Refuse a name that formulas cannot carry.

    Raises
    ------
    InvalidOption
        With what a name may be.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InvalidOption(
            f"{symbol} cannot be called {shortened(name)}: give a letter, a Greek letter by its name, or a word of "
            f"letters, perhaps with letters below it as in E_d"
        )
    base = name.partition("_")[0]
    if base in RESERVED:
        raise InvalidOption(f"{symbol} cannot be called {name!r}: {base} stands for {RESERVED[base]} in formulas")


STANDARD = Notation()
WORKED_EXAMPLE = Notation("net", "E_d", "w_b", "W", 1)
LOSS = Notation(error="L")
NOTATIONS = {"z": STANDARD, "net": WORKED_EXAMPLE, "loss": LOSS}


def notation(
    weighted_input: str = "z", index_base: int | None = None, symbols: Mapping[str, str] | None = None
) -> Notation:
    """The notation ``"z"`` (z, E, b, from 0), ``"net"`` (net, E_d, w_b, from 1) or ``"loss"`` (L for the error).

    Parameters
    ----------
    weighted_input
        The name of a notation.
    index_base
        Another first index, 0 or 1.
    symbols
        Other names for some of a, w, b, z, delta, E, eta and f.

    Raises
    ------
    InvalidOption
        For an unknown notation, another first index, an unknown symbol, or a name that `Notation` refuses.

    Examples
    --------
    >>> notation("loss", 1, {"a": "x"}).names["a"]
    'x'
    """
    if weighted_input not in NOTATIONS:
        known = ", ".join(map(repr, NOTATIONS))
        raise InvalidOption(f"unknown notation {weighted_input!r}: choose of {known}")
    found = NOTATIONS[weighted_input]
    base = found.index_base if index_base is None else index_base
    unknown = [symbol for symbol in symbols or {} if symbol not in SYMBOLS]
    if unknown:
        raise InvalidOption(f"no symbol is called {shortened(unknown[0])}: choose of {', '.join(SYMBOLS)}")
    renamed = {SYMBOLS[symbol]: name for symbol, name in (symbols or {}).items()}
    if "weight" in renamed:
        renamed["kernel"] = renamed["weight"]
    return replace(found, index_base=base, **renamed)


IN_THE_PLANE = {"i0": "i", "i1": "j", "k0": "k", "k1": "m", "x0": "x", "x1": "y"}
TENSOR_ORDER = ("delta", "w", "a", "b")  # products are written in this order


@dataclass(frozen=True)
class Names:
    """The notation applied to one layer: channel and batch axes with a single entry are not written."""

    notation: Notation
    layer: AnyLayer

    @cached_property
    def hidden(self) -> dict[str, frozenset[int]]:
        """The axes of each tensor whose index is not written."""
        shapes = {
            "a": self.layer.input_shape,
            "z": self.layer.output_shape,
            "w": self.layer.weight_shape,
            "b": self.layer.bias_shape,
        }
        return {
            name: frozenset(axis for axis, n in enumerate(size[:2] if name != "b" else size) if n == 1)
            for name, size in shapes.items()
        }

    def visible(self, tensor: str, indices: tuple[Polynomial, ...]) -> tuple[Polynomial, ...]:
        """The indices that are written, counted from the notation's base."""
        like = {"delta": "z", "delta_below": "a", "z_below": "a", "fprime": "a", "t": "z", "dw": "w"}.get(
            tensor, tensor
        )
        hidden = self.hidden.get(like, frozenset())
        return tuple(self.based(p) for axis, p in enumerate(indices) if axis not in hidden)

    def based(self, p: Polynomial) -> Polynomial:
        """An index, or a position, counted from the notation's base."""
        return self.shifted(p) + self.notation.index_base

    def shifted(self, p: Polynomial) -> Polynomial:
        """A polynomial in indices that are themselves counted from the notation's base."""
        base = self.notation.index_base
        return p.substitute({name: Polynomial.of(name) - base for name in p.names if is_index(name)}) if base else p

    def index_name(self, name: str) -> str:
        """``i0 -> i, i1 -> j`` with two spatial axes, ``i0 -> i`` with one, ``i_0`` with more."""
        stem, primes = name.rstrip("'"), "'" * (len(name) - len(name.rstrip("'")))
        axis = stem[1:] if len(stem) == 2 and stem[1].isdigit() else ""
        letter, below = stem, ""
        if axis and self.layer.ndim == 2 and stem in IN_THE_PLANE:
            letter = IN_THE_PLANE[stem]
        elif axis:
            letter, below = stem[0], "" if self.layer.ndim == 1 else f"_{axis}"
        return self.letter(letter) + below + primes

    def letter(self, letter: str) -> str:
        """The letter of an index or a parameter, or the one that it gives way to."""
        return self.notation.letters.get(letter, letter)


def is_index(name: str) -> bool:
    """Whether a name is an index, which is counted from the notation's base, and no parameter such as s0 or L0."""
    return name[0] in "ngocikxj"


def written_order(p: Polynomial) -> list[tuple[tuple[Atom, ...], int]]:
    """The monomials in the order in which a person writes them: by delta, then w, then a; the bias last."""
    ordered = [(tuple(sorted(m, key=_writing_key)), c) for m, c in p.coefficients.items()]
    return sorted(ordered, key=lambda item: (not item[0], [_writing_key(atom) for atom in item[0]]))


def _writing_key(atom: Atom) -> tuple[tuple[int, ...], str]:
    """Derivatives of E, other derivatives, then delta, w, a, b, then what is left by name."""
    match atom:
        case Partial(of, by):
            return (int(of.tensor != "E"), *of.indices, *by.indices), ""
        case Entry(tensor, indices):
            rank = TENSOR_ORDER.index(tensor) if tensor in TENSOR_ORDER else len(TENSOR_ORDER)
            return (2 + rank, *indices), tensor
        case Quotient() | str():
            return (9,), str(atom)
