"""The corpus of wrong backward functions is what it says: each bites, where it claims to, and nowhere else."""

from collections import defaultdict
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from symconv.layer import Conv
from tests import oracle
from tests.audit_mutants import ALSO_OF_KIND, BARE, OF, SAME, correct, mutants, pairs

KINDS = {
    "stride", "remainder", "axes", "groups", "rotation", "padding", "dilation", "scale", "accumulation", "crash",
}  # fmt: skip
LAYERS_OF_A_MODE = 16
LEAST = BARE | {"symmetric": True, "remainder": False, "batch": 1}


@cache
def layers(support):
    """Small random layers that a support admits: the first with everything at once, the others with less."""
    rng = np.random.default_rng(7)
    found = []
    while len(found) < LAYERS_OF_A_MODE:
        telling = len(found) < LAYERS_OF_A_MODE // 2
        less = {} if telling else {name: least for name, least in LEAST.items() if rng.integers(2)}
        layer = random_layer(replace(support, **less), rng, telling)
        if layer is not None and support.admits(layer):
            found.append(layer)
    return found


def random_layer(support, rng, telling):
    """A layer of at most three small axes, or None where the kernel does not fit."""

    def up_to(most, least=1):
        return int(rng.integers(min(most, least + telling), min(most, 3), endpoint=True))

    ndim = int(rng.choice(support.ndim)) if not telling or 2 not in support.ndim else 2
    axes = []
    for _ in range(ndim):
        kernel, stride, dilation = up_to(3), up_to(support.stride), up_to(support.dilation)
        least = -1 if support.negative_padding else 0
        low, high = (int(rng.integers(least, min(support.padding, 3), endpoint=True)) for _ in range(2))
        padding = (low, low) if support.symmetric else (low, high)
        slack = int(rng.integers(0, 3)) * stride + int(rng.integers(0, stride)) * support.remainder
        axes.append((dilation * (kernel - 1) + 1 + slack - sum(padding), kernel, stride, padding, dilation))
    if support.uniform or support.square_kernel:
        axes = [axes[0]] * ndim
    sizes, kernels, strides, paddings, dilations = zip(*axes, strict=True)
    if not all(1 <= size <= 7 for size in sizes):
        return None
    groups = up_to(min(support.groups, 2 if telling else 3))
    ins, outs = groups * up_to(2), groups * up_to(2 if rng.integers(2) else 3)
    return Conv(
        sizes, kernels, stride=strides, padding=paddings, dilation=dilations, groups=groups, in_channels=ins,
        out_channels=outs, batch=up_to(support.batch),
    )  # fmt: skip


@cache
def arrays(layer):
    shapes = (
        (layer.batch, layer.out_channels, *layer.output_size),
        (layer.batch, layer.in_channels, *layer.input_size),
        (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size),
    )
    return tuple(oracle.integers(shape, seed) for seed, shape in enumerate(shapes))


@cache
def truth(layer):
    return dict(zip(OF, oracle.backward(layer, *arrays(layer)), strict=True))


def run(backward, layer):
    """The gradients by name, or None where the function raises."""
    options = {name: getattr(layer, name) for name in ("stride", "padding", "dilation", "groups")}
    try:
        return dict(zip(OF, backward(*arrays(layer), **options), strict=True))
    except (ValueError, IndexError, TypeError, RuntimeError, AssertionError):
        return None


@cache
def cases(mutant):
    """The layers that a mutant supports, each with what the mutant does there."""
    return [(layer, run(mutant.backward, layer)) for layer in layers(mutant.support)]


def bites(mutant, layer, outcome):
    return outcome is None or not np.array_equal(outcome[mutant.of], truth(layer)[mutant.of])


def signature(mutant):
    """What a mutant returns for its wrong gradient, layer by layer; None if it only ever raises or is right."""
    if not any(outcome and bites(mutant, layer, outcome) for layer, outcome in cases(mutant)):
        return None
    found = [outcome and outcome[mutant.of] for _, outcome in cases(mutant)]
    return tuple(None if array is None else (np.shape(array), (array + 0.0).tobytes()) for array in found)


ALL = mutants() + pairs()


@pytest.mark.parametrize(("backward", "support"), [pytest.param(*rest, id=name) for name, *rest in correct()])
def test_a_style_without_mistakes_agrees_with_brute_force(backward, support):
    for layer in layers(support):
        for of, gradient in run(backward, layer).items():
            assert_array_equal(gradient, truth(layer)[of], f"{of} of {layer}")


def test_every_mutant_bites():
    idle = [mutant.name for mutant in ALL if not any(bites(mutant, *case) for case in cases(mutant))]
    assert idle == []


def test_only_the_named_gradient_is_wrong():
    for mutant in ALL:
        for layer, outcome in cases(mutant):
            for of in OF if outcome else ():
                if of != mutant.of:
                    assert_array_equal(outcome[of], truth(layer)[of], f"{mutant.name}, {of} of {layer}")


def test_there_are_enough_and_names_are_unique():
    assert len(mutants()) >= 300
    assert len(pairs()) >= 60
    assert len({mutant.name for mutant in ALL}) == len(ALL)


def test_what_cannot_be_told_apart_is_listed():
    listed = {(of, *sorted(names.split("; "))) for gradients, names, _ in SAME for of in gradients.split()}
    alike = defaultdict(set)
    for mutant in ALL:
        if (found := signature(mutant)) is not None:
            alike[mutant.of, mutant.support, found].add(" + ".join(mutant.mistakes))
    unlisted = [(of, *sorted(names)) for (of, *_), names in alike.items() if len(names) > 1]
    assert [names for names in unlisted if names not in listed] == []


def test_a_mistake_is_the_same_in_every_style():
    """Whatever has the right shape: a style decides only what becomes of the rest."""
    seen = {}
    for mutant in ALL:
        for layer, outcome in cases(mutant):
            if outcome and np.shape(outcome[mutant.of]) == truth(layer)[mutant.of].shape:
                found = outcome[mutant.of]
                assert_array_equal(seen.setdefault((mutant.of, mutant.mistakes, layer), found), found, mutant.name)


def test_the_tables_name_mistakes_of_the_corpus():
    names = {(mutant.of, *mutant.mistakes) for mutant in mutants()}
    assert {(of, name) for gradients, same, _ in SAME for of in gradients.split() for name in same.split("; ")} <= names
    assert set(ALSO_OF_KIND) <= {name for _, name in names}
    assert {mutant.kind for mutant in mutants()} == KINDS
