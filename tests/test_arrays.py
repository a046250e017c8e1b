"""Array expressions: what each node means, and what each says when it is malformed.

The oracle is tests/evaluator.py, which pulls entries one at a time and knows no index notation.
"""

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.arrays import (
    Add,
    Broadcast,
    Correlate,
    Dilate,
    Input,
    Merge,
    Pad,
    Rotate,
    Scale,
    Split,
    Sum,
    Transpose,
    meaning,
    operands,
    rot180,
    shape,
)
from symconv.enumeration import entry, written_out
from symconv.errors import InvalidExpression
from symconv.polynomial import Polynomial
from symconv.terms import Binder, binders, index
from tests import evaluator
from tests.plain import plain

MOST_ENTRIES = 120
NODES = (Pad, Dilate, Rotate, Transpose, Split, Merge, Correlate, Sum, Broadcast, Add, Scale)

X = Input("x", (2, 4, 3))


def inputs(size=None):
    shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple) if size is None else st.just(size)
    return st.builds(Input, st.sampled_from("xyz"), shapes.filter(lambda shape: prod(shape) <= 48))


def one_for_each(axes, values):
    """A tuple for some of the last axes."""
    return st.lists(values, min_size=1, max_size=axes).map(tuple)


@st.composite
def wrapped(draw, node, kind):
    """A node of this kind around an expression, or around one of a shape that it can be around."""
    size = evaluator.size(node)
    axis = draw(st.integers(0, max(0, len(size) - 1)))
    if kind is Scale or not size:
        return Scale(node, draw(st.integers(-2, 2)))
    if kind is Pad:
        pairs = draw(one_for_each(len(size), st.tuples(st.integers(-3, 3), st.integers(-3, 3))))
        kept = size[len(size) - len(pairs) :]
        return Pad(node, tuple((low, max(high, 1 - n - low)) for n, (low, high) in zip(kept, pairs, strict=True)))
    if kind is Dilate:
        return Dilate(node, draw(one_for_each(len(size), st.integers(1, 3))))
    if kind is Rotate:
        return Rotate(node, tuple(draw(st.sets(st.integers(0, len(size) - 1)))))
    if kind is Transpose:
        return Transpose(node, tuple(draw(st.permutations(range(len(size))))))
    if kind is Split:
        return Split(node, axis, draw(st.sampled_from([n for n in range(1, size[axis] + 1) if size[axis] % n == 0])))
    if kind is Merge:
        return Merge(node if len(size) > 1 else Split(node, 0, 1), min(axis, max(0, len(size) - 2)))
    if kind is Sum:
        return Sum(node, tuple(draw(st.sets(st.integers(0, len(size) - 1)))))
    if kind is Broadcast:
        vector = Sum(node, tuple(j for j in range(len(size)) if j != axis))
        before, after = (draw(st.lists(st.integers(1, 3), max_size=2)) for _ in range(2))
        return Broadcast(vector, (*before, size[axis], *after), len(before))
    if kind is Add:
        return Add(node, draw(inputs(size))) if prod(size) <= 48 else Add(node, Scale(node, 2))
    return draw(correlations(node))


@st.composite
def correlations(draw, node):
    """A correlation of an expression (with axes added or merged until it is an array of channels in space)."""
    while len(evaluator.size(node)) < 3:
        node = Split(node, 0, 1)
    size = evaluator.size(node)
    groups = draw(st.sampled_from([g for g in range(1, size[1] + 1) if size[1] % g == 0]))
    stride, dilation = (tuple(draw(st.integers(1, 3)) for _ in size[2:]) for _ in range(2))
    taps = tuple(draw(st.integers(1, min(3, (n - 1) // d + 1))) for n, d in zip(size[2:], dilation, strict=True))
    kernel = Input("w", (groups * draw(st.integers(1, 2)), size[1] // groups, *taps))
    turned = draw(st.sampled_from([kernel, rot180(kernel), Scale(kernel, 3), Add(kernel, kernel)]))
    return Correlate(node, turned, stride, dilation, groups)


@st.composite
def expressions(draw, kind=None):
    """Small expressions of up to five nodes around inputs; the outermost of this kind, where one is asked for."""
    node = draw(inputs())
    for wanted in [*draw(st.lists(st.sampled_from(NODES), max_size=4)), *([kind] if kind else [])]:
        around = draw(wrapped(node, wanted))
        if prod(evaluator.size(around)) <= MOST_ENTRIES or wanted is kind:
            node = around
    return node


@st.composite
def free_indices(draw, size):
    """Free indices for an array: one for each axis, or two for an axis that is read as (outer, inner)."""
    free, at = (), []
    for j, n in enumerate(size):
        inner = draw(st.sampled_from([m for m in range(1, n + 1) if n % m == 0]))
        names = (f"g{j}", n // inner), (f"x{j}", inner)
        free += binders(*names)
        at.append(inner * index(*names[0]) + index(*names[1]))
    return free, tuple(at)


def formula_of(node, at=None):
    size = shape(node)
    free = binders(*((f"x{j}", n) for j, n in enumerate(size)))
    return meaning(node, "y", free, tuple(index(f"x{j}", n) for j, n in enumerate(size)) if at is None else at)


@pytest.mark.parametrize("kind", NODES, ids=lambda kind: kind.__name__)
def test_each_node_means_what_it_says(kind):
    @settings(deadline=None, max_examples=60)
    @given(data=st.data())
    def check(data):
        node = data.draw(expressions(kind))
        free, at = data.draw(free_indices(evaluator.size(node)))
        formula = meaning(node, "y", free, at)
        assert shape(node) == formula.shape == evaluator.size(node)
        assert {e.indices: plain(p) for e, p in written_out(formula).items()} == evaluator.polynomials(node)

    check()


@settings(deadline=None, max_examples=60)
@given(expressions(), st.data())
def test_one_entry_is_the_entry_of_all(node, data):
    at = tuple(data.draw(st.integers(0, n - 1)) for n in shape(node))
    expected = evaluator.entry(node, at)
    assert plain(entry(formula_of(node), at)) == expected
    assert plain(entry(meaning(node, "y", (), tuple(map(Polynomial.of, at))), at)) == expected


@settings(deadline=None, max_examples=60)
@given(expressions())
def test_fresh_indices_do_not_meet_those_of_the_reader(node):
    size = shape(node)
    names = ("k0", "c", "j0", "k1", "j1", "k0'", "c'")
    free = binders(*zip(names, size, strict=False))
    at = tuple(index(name, n) for name, n in zip(names, size, strict=False))
    formula = meaning(node, "y", free, at)
    assert {e.indices: plain(p) for e, p in written_out(formula).items()} == evaluator.polynomials(node)


@settings(deadline=None, max_examples=60)
@given(expressions())
def test_no_index_is_bound_twice(node):
    formula = formula_of(node)
    for term in formula.terms:
        names = [b.name for b in (*formula.free, *term.binders)]
        assert len(set(names)) == len(names)
        assert all(b.size > 1 for b in term.binders)


@given(expressions())
def test_operands_are_the_expressions_inside(node):
    assert all(shape(part) for part in operands(node) if not isinstance(node, Broadcast | Scale))
    assert all(part in vars(node).values() for part in operands(node))


def test_padding_may_crop_more_than_there_is_where_the_other_side_makes_up_for_it():
    node = Pad(Input("x", (2,)), ((-3, 4),))
    assert shape(node) == (3,)
    assert list(evaluator.polynomials(node).values()) == [{}, {}, {}]
    assert not any(written_out(formula_of(node)).values())


def test_rotation_by_180_degrees_leaves_the_channels():
    assert rot180(Input("w", (2, 3, 4, 5, 6))).axes == (2, 3, 4)


def test_an_input_that_is_rotated_twice_is_the_input():
    x = Input("x", (3,))
    (term,) = meaning(Rotate(Rotate(x, (0,)), (0,)), "y", (Binder("x0", 3),), (Polynomial.of("x0"),)).terms
    assert term.factors[0].index == (Polynomial.of("x0"),)


MALFORMED = [
    (lambda: Input("", (2,)), "Input: expected positive sizes but got (2,)"),
    (lambda: Input("x", (2, 0)), "Input: expected positive sizes but got (2, 0)"),
    (lambda: Pad(X, ((1, 1),) * 4), "Pad: expected at most 3 pairs but got ((1, 1), (1, 1), (1, 1), (1, 1))"),
    (
        lambda: Pad(X, ((-1, -2),)),
        "Pad: expected to leave at least one entry of (2, 4, 3) along each axis but got ((-1, -2),)",
    ),
    (lambda: Dilate(X, (0,)), "Dilate: expected factors >= 1 but got (0,)"),
    (lambda: Dilate(X, (1, 1, 1, 1)), "Dilate: expected factors >= 1 but got (1, 1, 1, 1)"),
    (lambda: Rotate(X, (3,)), "Rotate: expected its axes but got (3,)"),
    (lambda: Rotate(X, (-1,)), "Rotate: expected its axes but got (-1,)"),
    (lambda: Rotate(X, (1, 1)), "Rotate: expected its axes but got (1, 1)"),
    (lambda: Transpose(X, (1, 0)), "Transpose: expected an order of the 3 axes but got (1, 0)"),
    (lambda: Transpose(X, (0, 1, 1)), "Transpose: expected an order of the 3 axes but got (0, 1, 1)"),
    (lambda: Split(X, 3, 1), "Split: expected an axis below 3 but got 3"),
    (lambda: Split(X, -1, 1), "Split: expected an axis below 3 but got -1"),
    (lambda: Split(X, 1, 3), "Split: expected a divisor of size 4 but got 3"),
    (lambda: Split(X, 1, 0), "Split: expected a divisor of size 4 but got 0"),
    (lambda: Merge(X, 2), "Merge: expected an axis below 2 but got 2"),
    (lambda: Merge(X, -1), "Merge: expected an axis below 2 but got -1"),
    (lambda: Sum(X, (3,)), "Sum: expected its axes but got (3,)"),
    (lambda: Sum(X, (0, 0)), "Sum: expected its axes but got (0, 0)"),
    (lambda: Broadcast(X, (2, 4, 3)), "Broadcast: expected a vector of 4 but got (2, 4, 3)"),
    (lambda: Broadcast(Input("b", (3,)), (2, 4), 1), "Broadcast: expected a vector of 4 but got (3,)"),
    (lambda: Broadcast(Input("b", (4,)), (2, 4), 2), "Broadcast: expected an axis below 2 but got 2"),
    (lambda: Add(X, Input("y", (2, 4, 1))), "Add: expected two arrays of shape (2, 4, 3) but got (2, 4, 1)"),
    (lambda: Scale(X, 0.5), "Scale: expected an int but got factor=0.5 (type float)"),
    (lambda: Scale(X, True), "Scale: expected an int but got factor=True (type bool)"),
    (lambda: Correlate(X, Input("w", (1, 4)), (1,), (1,)), "Correlate: expected a kernel with 3 axes but got (1, 4)"),
    (
        lambda: Correlate(Input("x", (2, 4)), Input("w", (1, 4)), (), ()),
        "Correlate: expected a kernel with 2 axes but got (1, 4)",
    ),
    (
        lambda: Correlate(X, Input("w", (1, 4, 1)), (1, 1), (1,)),
        "Correlate: expected 1 strides and dilations but got (1, 1)",
    ),
    (
        lambda: Correlate(X, Input("w", (1, 4, 1)), (0,), (1,)),
        "Correlate: expected strides and dilations >= 1 but got (0,)",
    ),
    (
        lambda: Correlate(X, Input("w", (1, 4, 1)), (1,), (1,), 3),
        "Correlate: expected groups dividing 4 channels but got 3",
    ),
    (
        lambda: Correlate(X, Input("w", (1, 4, 1)), (1,), (1,), 0),
        "Correlate: expected groups dividing 4 channels but got 0",
    ),
    (
        lambda: Correlate(X, Input("w", (1, 2, 1)), (1,), (1,), 2),
        "Correlate: expected groups dividing 1 output channels but got 2",
    ),
    (lambda: Correlate(X, Input("w", (1, 3, 1)), (1,), (1,)), "Correlate: expected a kernel for 4 channels but got 3"),
    (
        lambda: Correlate(X, Input("w", (1, 4, 2)), (1,), (3,)),
        "Correlate: expected a kernel that fits (3,) but got (2,)",
    ),
]


@pytest.mark.parametrize(("node", "text"), MALFORMED, ids=[text for _, text in MALFORMED])
def test_malformed_nodes_say_what_was_expected(node, text):
    with pytest.raises(InvalidExpression) as caught:
        shape(node())
    assert str(caught.value) == text


NOT_OF_INTEGERS = [
    lambda: Pad(X, ((1.0, 0),)),
    lambda: Pad(X, ((0.5, 0.5),)),
    lambda: Dilate(X, (2.0,)),
    lambda: Dilate(X, (1.5,)),
    lambda: Correlate(X, Input("w", (1, 4, 1)), (1.5,), (1,)),
    lambda: Correlate(X, Input("w", (1, 4, 1)), (1,), (1.5,)),
    lambda: Broadcast(Input("b", (4,)), (0, 4)),
    lambda: Broadcast(Input("b", (4,)), (-1, 4)),
    lambda: Pad(X, ((1, 1, 1),)),
    lambda: Add(X, 1),
    lambda: Scale("x", 2),
    lambda: "x",
    lambda: None,
]


@pytest.mark.parametrize("node", NOT_OF_INTEGERS)
def test_what_is_no_expression_of_integers_is_refused(node):
    with pytest.raises(InvalidExpression):
        shape(node())


@pytest.mark.parametrize("number", [1.0, True])
def test_an_equal_expression_of_ints_does_not_let_other_numbers_in(number):
    assert shape(Input("x", (1,))) == (1,)
    with pytest.raises(InvalidExpression):
        shape(Input("x", (number,)))


def test_every_kind_of_node_is_tested():
    import symconv.arrays

    assert {Input, *NODES} == set(symconv.arrays.ArrayExpression.__args__)
