"""One entry of a derivative of a form, quickly: what rules most mistakes out before all entries are compared.

In: a sample of which an entry is looked at, and form after form.  Out: whether a form can give that entry.
Never: that a form gives the others.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from symconv.auditing.axis_forms import meetings
from symconv.auditing.forms import FACTORS, RESULT, Form, Label, as_read
from symconv.auditing.protocol import Array

SPACE = {"input": 0, "weight": 2, "forward": 1}  # of the axes [x, i, k] of a relation, the one of the result
NEAR = 1e-6  # of the size of an entry: loose, since all entries are compared afterwards


class Spot:
    """The entry of a result that is largest, among those that differ from what was expected."""

    def __init__(self, slot: str, returned: Array, expected: Array, tensors: Mapping[str, Array]) -> None:
        size = np.abs(returned)
        if returned.shape == expected.shape:
            size = np.where(returned == expected, -1.0, size)
        self.slot, self.tensors, self.shape = slot, tensors, returned.shape
        self.at = tuple(int(n) for n in np.unravel_index(size.argmax(), size.shape))
        self.entry = float(returned[self.at])
        self.products: dict[object, Array] = {}
        self.columns: dict[tuple[Label, ...], Array] = {}

    def admits(self, form: Form) -> bool:
        """Whether the form gives this entry; True where that is not looked into."""
        if form.border or RESULT[self.slot] in form.reshaped:
            return True
        form = form.reaching(self.slot, self.shape[2:])
        key = (form.axes, form.transposed, form.reshaped)
        if key not in self.products:
            self.products[key] = self._product(form)
        found = self._sum(form, self.products[key]) * float(form.scale)
        return abs(found - self.entry) <= (0 if form.scale.denominator == 1 else NEAR * max(abs(self.entry), 1.0))

    def _product(self, form: Form) -> Array:
        """The products of the factors at this place, summed along the axes: an entry for all that labels choose of."""
        left, right = (as_read(form, name, self.tensors[name]) for name in FACTORS[self.slot])
        place = form.left(self.slot, self.at[2:])
        meets = np.ones((1, 1))
        for axis, at in zip(form.axes, place, strict=True):
            found = meetings(axis, self.slot)
            inside = at < found.shape[SPACE[self.slot]]
            meets = _kron(meets, self._meeting(found, at) if inside else np.zeros((0, 0)))
        if meets.shape != (left[0, 0].size, right[0, 0].size):
            return np.full((*left.shape[:2], *right.shape[:2]), np.nan)
        product = left.reshape(-1, meets.shape[0]) @ meets @ right.reshape(-1, meets.shape[1]).T
        return np.asarray(product.reshape(*left.shape[:2], *right.shape[:2]))

    def _meeting(self, meets: Array, at: int) -> Array:
        found: Array = meets.take(at, axis=SPACE[self.slot])
        return found if self.slot == "input" else found.T

    def _sum(self, form: Form, product: Array) -> float:
        """The sum over the labels and samples that reach the entry."""
        first, second = self.at[:2]
        out, row, column, source = self._columns(form.labels)
        match self.slot:
            case "input":
                here = source == second
                read = [n for n, written in form.samples if written == first]
                index = (_upright(read), out[here], row[here], column[here])
            case "weight":
                here = (row == first) & (column == second)
                read, written = ([pair[at] for pair in form.samples] for at in (0, 1))
                index = (_upright(read), out[here], _upright(written), source[here])
            case _:
                here = out == second
                read = [m for written, m in form.samples if written == first]
                index = (row[here], column[here], _upright(read), source[here])
        try:
            return float(product[index].sum())
        except IndexError:  # the form reads outside of the kernel
            return float("nan")

    def _columns(self, labels: tuple[Label, ...]) -> Array:
        if labels not in self.columns:
            self.columns[labels] = np.array(labels, dtype=int).reshape(-1, 4).T
        return self.columns[labels]


def _upright(numbers: list[int]) -> Array:
    return np.array(numbers, dtype=int)[:, None]


def _kron(first: Array, second: Array) -> Array:
    """The Kronecker product of two matrices."""
    product = first[:, None, :, None] * second[None, :, None, :]
    return np.asarray(product.reshape(first.shape[0] * second.shape[0], first.shape[1] * second.shape[1]))
