"""How much of a sample of the corpus is refuted, and how much of that is named rightly; right code is never refuted."""

import random
from collections import defaultdict

import pytest

from symconv.auditing.diagnosis import diagnose
from symconv.auditing.exact import integers
from symconv.auditing.judging import Sample, State
from symconv.auditing.protocol import Implementation, Support
from symconv.auditing.running import BACKWARD, Call, observe
from symconv.auditing.sweep import at_random, smoke, systematic
from symconv.numpy import conv_backward
from tests.audit_mutants import correct, mutants, pairs
from tests.audit_names import NAMES, named

SEED = 5
EVERY = 7  # mutants of each class and gradient, one
LAYERS = 20  # at least


def chosen(corpus, every):
    """A part of each class and gradient, at least one."""
    rows = defaultdict(list)
    for mutant in corpus:
        rows[mutant.of, mutant.kind].append(mutant)
    chance = random.Random(SEED)
    return [mutant for row in rows.values() for mutant in chance.sample(row, -(-len(row) // every))]


def sample(name, backward, support, layer, number):
    """What comes of one layer."""
    data = integers(layer, "float64", number)
    call = Call(layer, data.backward)
    return Sample(call, data, "float64", observe(Implementation(name, backward, None, support), call))


def samples(mutant):
    """What comes of the first layers of a sweep, and of as many more as show that something is wrong."""
    found, refuted = [], False
    for number, layer in enumerate([*smoke(mutant.support), *systematic(mutant.support)]):
        if number >= LAYERS and refuted:
            break
        found.append(sample(mutant.name, mutant.backward, mutant.support, layer, number))
        refuted = refuted or found[-1].state(mutant.of) in (State.WRONG, State.FAILED)
    return found, refuted


def figures(corpus):
    """What is not refuted, what is wrongly named, and how many have a wrong result: what fails is another matter."""
    missed, misnamed, counted = [], [], 0
    for mutant in corpus:
        seen, refuted = samples(mutant)
        missed += [] if refuted else [mutant.name]
        if mutant.kind == "crash" or not any(s.state(mutant.of) is State.WRONG for s in seen):
            continue
        diagnoses = diagnose(mutant.of, seen)
        counted += 1
        if not named(mutant, diagnoses):
            misnamed.append((mutant.name, [diagnosis.name for diagnosis in diagnoses]))
    return missed, misnamed, counted


def test_single_mistakes_are_refuted_and_named():
    missed, misnamed, counted = figures(chosen(mutants(), EVERY))
    assert missed == []
    assert counted >= 100
    assert len(misnamed) <= 0.05 * counted, misnamed


def test_pairs_of_mistakes_are_refuted_and_named_among_the_first_three():
    missed, misnamed, counted = figures(chosen(pairs(), 4))
    assert missed == []
    assert counted >= 20
    assert len(misnamed) <= 0.1 * counted, misnamed


def test_the_table_of_names_is_that_of_the_corpus():
    assert {name for mutant in mutants() if mutant.kind != "crash" for name in mutant.mistakes} == set(NAMES)


@pytest.mark.parametrize(("name", "backward", "support"), [*correct(), ("symconv", conv_backward, Support())])
def test_right_code_is_never_refuted(name, backward, support):
    for number, layer in enumerate([*smoke(support), *at_random(support, SEED, 6)]):
        seen = sample(name, backward, support, layer, number)
        assert {seen.state(slot) for slot in BACKWARD} == {State.RIGHT}, layer


@pytest.mark.parametrize("of", ["input", "weight", "bias"])
def test_what_is_no_known_mistake_has_no_name(of):
    """One entry wrong by one: no transformation of the form gives that."""

    def wrong(delta, a, w, **options):
        found = dict(zip(BACKWARD, conv_backward(delta, a, w, **options), strict=True))
        found[of].flat[found[of].size // 2] += 1
        return tuple(found.values())

    support = Support()
    seen = [sample("wrong", wrong, support, layer, n) for n, layer in enumerate(systematic(support)[:LAYERS])]
    assert diagnose(of, seen) == []
