"""What things are called on paper: the names of tensors, the first index, and which indices are worth writing.

In: a layer and a `Notation`.  Out: names and displayed indices, for writers that turn them into text or LaTeX.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from symconv.errors import InvalidOption
from symconv.forward import AnyLayer
from symconv.polynomial import Atom, Entry, Partial, Polynomial, Quotient


@dataclass(frozen=True)
class Notation:
    """How formulas are written.

    Parameters
    ----------
    weighted_input
        ``"z"``, or ``"net"`` as in the worked example.
    error
        ``"E"``, or ``"E_d"``.
    bias
        ``"b"``, or ``"w_b"``.
    kernel
        The kernel as a whole: ``"w"``, or ``"W"``.
    index_base
        The first index: 0 or 1.
    """

    weighted_input: str = "z"
    error: str = "E"
    bias: str = "b"
    kernel: str = "w"
    index_base: int = 0

    def called(self, name: str) -> tuple[str, str]:
        """What a tensor is called, and the letter that it carries before its indices: ``E_d`` is ("E", "d").

        Examples
        --------
        >>> Notation("net", "E_d").called("E")
        ('E', 'd')
        """
        written = {"z": self.weighted_input, "z_below": self.weighted_input, "delta_below": "delta", "E": self.error,
                   "b": self.bias}  # fmt: skip
        base, _, letter = written.get(name, name).partition("_")
        return base, letter

    def __post_init__(self) -> None:
        if self.index_base not in (0, 1):
            raise InvalidOption(f"index_base={self.index_base!r} is neither 0 nor 1")


STANDARD = Notation()
WORKED_EXAMPLE = Notation("net", "E_d", "w_b", "W", 1)


def notation(weighted_input: str = "z", index_base: int | None = None) -> Notation:
    """The notation ``"z"`` (z, E, b, from 0) or ``"net"`` (net, E_d, w_b, from 1), with another first index if wanted.

    Raises
    ------
    InvalidOption
        For another name or another first index.
    """
    if weighted_input not in ("z", "net"):
        raise InvalidOption(f"unknown notation {weighted_input!r}: choose 'z' or 'net'")
    found = STANDARD if weighted_input == "z" else WORKED_EXAMPLE
    base = found.index_base if index_base is None else index_base
    return replace(found, index_base=base)


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
        like = {"delta": "z", "delta_below": "a", "z_below": "a", "fprime": "a", "t": "z"}.get(tensor, tensor)
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
        if len(stem) == 2 and stem[1].isdigit():
            if self.layer.ndim == 1:
                stem = stem[0]
            elif self.layer.ndim == 2:
                stem = IN_THE_PLANE.get(stem, f"{stem[0]}_{stem[1]}")
            else:
                stem = f"{stem[0]}_{stem[1]}"
        return stem + primes


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
