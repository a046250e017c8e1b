"""The geometry of the pictures against brute force over the axis relation: entries, frames, and every kind of zero.

The oracle tries every triple (i, k, x) against ``u*x = s*i + d*k - p_lo``; it knows no padded gradient and no rotation.
"""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings

from symconv import Conv
from symconv.arrays import Dilate, Input, Pad, Rotate, Sum, Transpose, shape
from symconv.errors import InvalidExpression
from symconv.figures.boards import LIMIT, boards
from symconv.figures.stride import restored
from symconv.geometry import Zero, place, sliding
from symconv.polynomial import Entry, Polynomial
from tests import oracle
from tests.strategies import layers, small_layers

FEW = settings(max_examples=30, deadline=None)
KINDS = ("forward", "input", "weight")
UNUSED = Conv((6, 6), (3, 3), stride=2, padding=1)  # r = 1
FILLED = Conv((7, 7), (3, 3), stride=2, padding=1)  # r = 0


def triples(layer):
    """Which entries meet: (delta, w, a), as index tuples, over channels and batch too."""
    for i, k, x in oracle._positions(layer):
        for n in range(layer.batch):
            for outs, ins in oracle._groups(layer):
                for o in range(outs.start, outs.stop):
                    for c in range(ins.start, ins.stop):
                        yield (n, o, *i), oracle._weight_index(layer, k, o, c - ins.start), (n, c, *x)


def met(layer, of):
    """By brute force: for each entry of the result, the pairs of entries whose products it adds up, counted."""
    found = {}
    for delta, w, a in triples(layer):
        at, pair = {
            "forward": (delta, (Entry("a", a), Entry("w", w))),
            "input": (a, (Entry("delta", delta), Entry("w", w))),
            "weight": (w, (Entry("a", a), Entry("delta", delta))),
        }[of]
        found.setdefault(at, Counter())[pair] += 1
    return found


def as_polynomial(pairs):
    return Polynomial({tuple(sorted(pair)): count for pair, count in pairs.items()})


@pytest.mark.parametrize("of", KINDS)
@FEW
@given(layer=small_layers(max_size=3))
def test_every_entry_adds_up_what_the_axis_relation_says(of, layer):
    window = sliding(layer, of)
    wanted = met(layer, of)
    for at in _indices(window.shape):
        assert window.products(at) == as_polynomial(wanted.get(at, Counter()))


def _indices(size):
    return ((),) if not size else ((n, *rest) for n in range(size[0]) for rest in _indices(size[1:]))


def test_the_padding_that_a_known_animation_had_the_wrong_way_round_is_refused():
    """github.com/vdumoulin/conv_arithmetic/issues/11: one line of zeros before delta and two after, not two and one."""
    layer = Conv((6, 6), (3, 3), stride=2, padding=1)
    right = sliding(layer, "input")
    assert right.operand.padding == ((1, 2), (1, 2))
    for moved in (((2, 1), (2, 1)), ((2, 1), (1, 2)), ((0, 3), (1, 2))):
        operand = replace(right.operand, padding=moved)
        wrong = replace(right, expression=replace(right.expression, operand=operand))
        wanted = met(layer, "input")
        assert any(wrong.products(at) != as_polynomial(wanted.get(at, Counter())) for at in _indices(right.shape))


# --- what is drawn: boards and frames ---


def drawn_pairs(drawn, frame):
    """The pairs of entries that a frame marks."""
    pairs = [(drawn.operand.at(there).place, drawn.kernel.at(tap).place) for there, tap in frame.window]
    return Counter(pair for pair in pairs if all(isinstance(one, Entry) for one in pair))


def on_boards(drawn):
    return {cell.place for board in (drawn.operand, drawn.kernel) for _, cell in board.cells}


@pytest.mark.parametrize("of", KINDS)
@FEW
@given(layer=layers(max_channels=2, max_size=4))
def test_every_frame_marks_the_entries_that_meet(of, layer):
    drawn = boards(sliding(layer, of))
    wanted, shown = met(layer, of), on_boards(drawn)
    for frame in drawn.frames:
        result = drawn.result.at(frame.result).place
        here = Counter({pair: n for pair, n in wanted.get(result.indices, Counter()).items() if set(pair) <= shown})
        assert drawn_pairs(drawn, frame) == here
        if not drawn.partial:
            assert here == wanted.get(result.indices, Counter())


@pytest.mark.parametrize("of", KINDS)
@FEW
@given(layer=layers(max_channels=2, max_size=4))
def test_every_entry_that_is_drawn_of_the_result_has_one_frame_and_nothing_small_is_cropped(of, layer):
    drawn = boards(sliding(layer, of))
    assert [frame.result for frame in drawn.frames] == [spot for spot, _ in drawn.result.cells]
    if max(*drawn.operand.size, *drawn.kernel.size, *drawn.result.size) <= LIMIT:
        assert not drawn.cropped
        assert len(drawn.frames) == drawn.result.size[0] * drawn.result.size[1]


@pytest.mark.parametrize("of", KINDS)
@FEW
@given(layer=layers(max_ndim=2, max_channels=1, max_size=5))
def test_a_place_is_crossed_out_exactly_if_no_frame_reads_it(of, layer):
    drawn = boards(sliding(layer, of))
    if drawn.cropped:
        return
    read = {there for frame in drawn.frames for there, _ in frame.window}
    assert {spot for spot, cell in drawn.operand.cells if cell.used} == read


@FEW
@given(layer=layers(max_ndim=1, max_channels=1, max_size=6))
def test_zeros_of_the_forward_map_stand_where_dilation_and_padding_put_them(layer):
    (axis,) = layer.axes
    drawn = boards(sliding(layer, "forward"))
    for (_, at), cell in drawn.operand.cells:
        inside = 0 <= at - axis.low <= axis.input_dilation * (axis.input_size - 1)
        if not inside:
            assert cell.place is Zero.AROUND
        elif (at - axis.low) % axis.input_dilation:
            assert cell.place is Zero.BETWEEN
        else:
            assert cell.place == Entry("a", (0, 0, (at - axis.low) // axis.input_dilation))


@FEW
@given(layer=layers(max_ndim=1, max_channels=1, max_size=6))
def test_between_neighbouring_deltas_stand_stride_minus_one_zeros(layer):
    row = [cell.place for _, cell in boards(sliding(layer, "input")).operand.cells]
    deltas = [at for at, one in enumerate(row) if isinstance(one, Entry)]
    for left, right in pairwise(deltas):
        assert right - left == layer.stride[0]
        assert set(row[left + 1 : right]) <= {Zero.BETWEEN}


def test_the_border_that_the_stride_skips_is_crossed_out_and_only_where_there_is_a_remainder():
    skipped, filled = (boards(sliding(layer, "forward")).operand for layer in (UNUSED, FILLED))
    assert UNUSED.remainder == (1, 1)
    assert FILLED.remainder == (0, 0)
    last = skipped.size[0] - 1
    assert {spot for spot, cell in skipped.cells if not cell.used} == {
        spot for spot, _ in skipped.cells if last in spot
    }
    assert all(cell.used for _, cell in filled.cells)


def test_places_that_the_stride_jumps_over_are_crossed_out():
    row = boards(sliding(Conv(7, 1, stride=3), "forward")).operand.rows[0]
    assert [cell.used for cell in row] == [True, False, False, True, False, False, True]


@FEW
@given(layer=layers(max_ndim=2, max_channels=1, max_size=5))
def test_restored_delta_has_the_size_and_the_places_of_stride_one(layer):
    whole = restored(layer)
    assert shape(whole)[2:] == tuple(axis.slack + 1 for axis in layer.axes)
    for at in _indices(shape(whole)[2:]):
        here = place(whole, (0, 0, *at))
        kept = all(n % s == 0 and n // s < o for n, s, o in zip(at, layer.stride, layer.output_size, strict=True))
        assert isinstance(here, Entry) == kept
        if kept:
            assert here == Entry("delta", (0, 0, *(n // s for n, s in zip(at, layer.stride, strict=True))))


# --- large layers, and many axes ---


def test_a_large_layer_is_cropped_to_windows_that_are_whole():
    layer = Conv((224, 224), (7, 7), stride=2, padding=3, in_channels=3, out_channels=64)
    for of in ("forward", "input"):
        drawn = boards(sliding(layer, of))
        assert drawn.cropped
        assert max(len(drawn.operand.rows), len(drawn.operand.rows[0])) == LIMIT
        assert all(len(frame.window) == 49 for frame in drawn.frames)
        assert len(drawn.frames) > 1


@pytest.mark.parametrize("size", [10**6, 10**9])
def test_a_huge_layer_is_cropped_at_once(size):
    drawn = boards(sliding(Conv(size, 3, stride=2, padding=1), "input"))
    assert drawn.result.size == (1, size)
    assert len(drawn.frames) == LIMIT - 2


@pytest.mark.parametrize(
    "layer",
    [
        Conv((2, 3, 3), (3, 1, 1), padding=((1, 1), (0, 0), (0, 0))),
        Conv((1, 3, 3), (4, 2, 2), padding=((3, 0), (0, 0), (0, 0))),
        Conv((2, 2, 3, 3), (2, 3, 1, 1), padding=((1, 1), (2, 2), (0, 0), (0, 0)), stride=(1, 2, 1, 1)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("of", KINDS)
def test_with_three_axes_and_more_the_plane_that_is_drawn_has_entries_that_meet_if_any_plane_has(of, layer):
    drawn = boards(sliding(layer, of))
    wanted = met(layer, of)
    anywhere = any(cell.place.indices in wanted for _, cell in drawn.result.cells)
    assert any(drawn_pairs(drawn, frame) for frame in drawn.frames) == anywhere


def test_a_place_of_something_else_than_entries_is_refused():
    delta = Input("delta", (1, 1, 3))
    for expression in (Sum(Input("delta", (1, 1, 3, 3)), (2,)),):
        with pytest.raises(InvalidExpression, match="expected an array whose places hold single entries"):
            place(expression, (0, 0, 0))
    assert place(Rotate(Transpose(delta, (0, 1, 2)), (2,)), (0, 0, 0)) == Entry("delta", (0, 0, 2))
    assert place(Pad(Dilate(delta, (2,)), ((1, 1),)), (0, 0, 0)) is Zero.AROUND
