"""Pictures: what kind of zero a cell is, and which cells meet the kernel, by brute force over the axis relation."""

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import example, given, settings

from symconv import Conv, derive
from symconv.arrays import Dilate, Input, Pad
from symconv.polynomial import Entry
from symconv.report.blocks import Pictures
from symconv.report.grids import CROP, DILATION, ENTRY, PADDING, kind
from tests.strategies import small_layers


def induction(layer):
    """The picture of the input gradient: the operand, the kernel, the result."""
    blocks = derive(layer, of=["input"]).blocks
    return next(b for b in blocks if isinstance(b, Pictures) and b.picture == "23").grids


@pytest.mark.parametrize(
    ("size", "factors", "padding"),
    [((2, 3), (2, 3), ((1, 2), (0, 1))), ((3, 3), (1, 1), ((2, 0), (1, 1))), ((4, 2), (3, 2), ((-1, 1), (2, -2)))],
)
def test_the_kind_of_a_cell_is_why_it_is_zero(size, factors, padding):
    dilated = np.full([f * (n - 1) + 1 for f, n in zip(factors, size, strict=True)], DILATION, dtype=object)
    dilated[:: factors[0], :: factors[1]] = ENTRY
    whole = np.pad(dilated, [(max(p, 0), max(q, 0)) for p, q in padding], constant_values=PADDING)
    crop = tuple(slice(max(-p, 0), n - max(-q, 0)) for (p, q), n in zip(padding, whole.shape, strict=True))
    expression = Pad(Dilate(Input("delta", (1, 1, *size)), factors), padding)
    expected = whole[crop]
    assert {at: kind(expression, at) for at in np.ndindex(*expected.shape)} == dict(np.ndenumerate(expected))


@settings(deadline=None, max_examples=30)
@given(small_layers(max_ndim=3))
def test_every_entry_of_a_picture_is_called_one_and_every_zero_is_not(layer):
    for grid in induction(layer):
        for row, kinds in zip(grid.rows, grid.kinds, strict=True):
            assert [bool(p) for p in row] == [k == ENTRY for k in kinds]


@settings(deadline=None, max_examples=30)
@given(small_layers(max_ndim=2))
@example(Conv((1,), (3,), padding=((0, 8),), dilation=4))  # the only entry lies behind the last column that is drawn
def test_the_outlined_entries_are_those_that_the_axis_relation_joins(layer):
    operand, _, result = induction(layer)
    ((row, column),) = result.marked
    place = (row, column)[-layer.ndim :]
    meet = [
        {i for i, k in product(range(axis.output_size), range(axis.kernel_size))
         if axis.input_dilation * x == axis.stride * i + axis.dilation * k - axis.low}
        for axis, x in zip(layer.axes, place, strict=True)
    ]  # fmt: skip
    shown = [p for r, line in enumerate(operand.rows) for c, p in enumerate(line) if (r, c) in operand.marked and p]
    found = {e.indices[2:] for p in shown for e in p.atoms if isinstance(e, Entry)}
    whole = len(operand.marked) == prod(layer.kernel_size)
    assert all(r < len(operand.rows) and c < len(operand.rows[0]) for r, c in operand.marked)
    assert whole or operand.cropped
    assert found <= set(product(*meet))
    assert not whole or found == set(product(*meet))


def test_a_large_picture_is_cropped_and_outlines_a_window_that_is_shown_whole():
    operand, _, result = induction(Conv((40, 40), (3, 3), stride=2, padding=1))
    assert operand.cropped
    assert result.cropped
    assert len(operand.rows) == len(operand.rows[0]) == CROP
    assert all(max(at) < CROP for at in operand.marked)
    assert len(operand.marked) == 9
