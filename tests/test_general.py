"""The theorem for every shape: the symbolic derivation, its agreement with brute force, and its certificate."""

import itertools
import json

import pytest

from symconv import Conv, InvalidLayer, InvalidOption, closed_forms, prove
from symconv.api import certificate
from symconv.arrays import Correlate, Pad, meaning
from symconv.closed import general_closed_form
from symconv.enumeration import written_out
from symconv.general_derivation import CLAIMS, claim_steps
from symconv.general_layer import GeneralConv
from symconv.polynomial import Entry, Polynomial, Quotient
from symconv.proof import checker, obligations
from symconv.proof.general import prove_every_shape
from symconv.proof.search import small_layers
from symconv.steps import GeneralVerdict, Gradient, Passed, Proved, Status, Undecided
from symconv.terms import At, Binder, Divides, Equal, Formula, Term, Within, canonical
from tests import oracle

RANKS = range(1, 6)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("ndim", RANKS)
def test_every_claim_is_proved_at_every_rank(ndim, flip):
    verdict = prove(Conv.general(ndim, flip=flip), every_shape=True)
    assert verdict.status is Status.PROVED
    assert tuple(verdict.gradients) == CLAIMS
    assert all(isinstance(outcome, Proved) for outcome in verdict.gradients.values())


def test_a_layer_without_a_bias_has_no_claim_about_it():
    assert "bias" not in prove(Conv(5, 3, bias=False), every_shape=True).gradients


def numbers(layer):
    """The parameters of the theorem for one layer."""
    found = {
        "N": layer.batch,
        "G": layer.groups,
        "C": layer.in_channels_per_group,
        "M": layer.out_channels_per_group,
    }
    for j, axis in enumerate(layer.axes):
        found |= {
            f"L{j}": axis.input_size, f"K{j}": axis.kernel_size, f"O{j}": axis.output_size, f"s{j}": axis.stride,
            f"d{j}": axis.dilation, f"u{j}": axis.input_dilation, f"p{j}": axis.low, f"P{j}": axis.high,
        }  # fmt: skip
    return found


def instance(p, values):
    """A polynomial with numbers for its parameters, in quotients and in their divisors too."""
    total = Polynomial()
    for monomial, c in p.coefficients.items():
        term = Polynomial.of(c)
        for atom in monomial:
            if isinstance(atom, Quotient):
                divisor = instance(Polynomial.of(atom.divisor), values).constant
                inner = instance(atom.numerator, values)
                term = term * (inner if divisor == 1 else Polynomial.of(Quotient(inner, divisor)))
            else:
                term = term * values.get(atom, Polynomial.of(atom))
        total = total + term
    return total


def instance_of_size(size, values):
    return instance(Polynomial.of(size), values).constant


def instance_of_guard(guard, values):
    match guard:
        case Equal(left, right):
            return Equal(instance(left, values), instance(right, values))
        case Within(value, size):
            return Within(instance(value, values), instance_of_size(size, values))
        case Divides(divisor, value):
            return Divides(instance_of_size(divisor, values), instance(value, values))


def instance_of_formula(formula, values):
    def bound(binders):
        return tuple(Binder(b.name, instance_of_size(b.size, values)) for b in binders)

    terms = tuple(
        Term(
            bound(t.binders),
            tuple(instance_of_guard(g, values) for g in t.guards),
            tuple(At(f.tensor, tuple(instance(p, values) for p in f.index)) for f in t.factors),
            t.coefficient,
        )
        for t in formula.terms
    )
    shape = tuple(instance_of_size(n, values) for n in formula.shape)
    return Formula(formula.tensor, bound(formula.free), tuple(instance(p, values) for p in formula.index), shape, terms)


LAYERS = [
    Conv(5, 3, stride=2, padding=((1, 0),)),
    Conv(4, 2, stride=3, dilation=2, input_dilation=2, padding=((2, 3),), flip=True),
    Conv(3, 2, input_dilation=3, padding=((-1, 2),), groups=2, in_channels=4, out_channels=2, batch=2),
    Conv((4, 3), (2, 2), stride=(2, 1), dilation=(1, 2), padding=((0, 1), (1, 1)), in_channels=2, out_channels=2),
    Conv((3, 3), (2, 1), stride=2, input_dilation=(2, 1), padding=((1, 2), (0, 0)), groups=2, in_channels=2,
         out_channels=4, flip=True),
]  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
@pytest.mark.parametrize("claim", ["input", "weight", "bias"])
def test_every_line_of_the_symbolic_derivation_is_true_of_a_layer_by_brute_force(layer, claim):
    values = {name: Polynomial.of(n) for name, n in numbers(layer).items()}
    expected = oracle.polynomial_gradients(layer)[claim]
    steps = claim_steps(GeneralConv(layer.ndim, layer.flip), claim)
    lines = [s.after for s in steps if all(isinstance(f, At) for t in s.after.terms for f in t.factors)]
    assert len(lines) >= 2
    for line in lines:
        found = written_out(instance_of_formula(line, values))
        assert {e.indices: dict(p.coefficients) for e, p in found.items()} == expected


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_the_general_closed_forms_are_those_of_the_layer(layer):
    values = {name: Polynomial.of(n) for name, n in numbers(layer).items()}
    general = GeneralConv(layer.ndim, layer.flip)
    for of, form in closed_forms(layer).items():
        last = claim_steps(general, of.value)[-1].after
        row = Formula(last.tensor, last.free, last.index, last.shape, (general_closed_form(general, of.tensor),))
        symbolic = instance_of_formula(row, values)
        assert written_out(symbolic) == written_out(meaning(form, of.symbol, symbolic.free, symbolic.index))


def second_derivative(layer, first, by):
    """The derivative of <v, gradient> by a tensor, from the oracle's gradient: an exact polynomial for each entry."""
    found = {}
    for at, polynomial in oracle.polynomial_gradients(layer)[first].items():
        for monomial, c in polynomial.items():
            (wanted,) = (atom for atom in monomial if atom[0] == by)
            rest = [Entry(*atom) for atom in monomial if atom != wanted]
            key = tuple(sorted([Entry("v", at), *rest]))
            entry = found.setdefault(tuple(wanted[1]), {})
            entry[key] = entry.get(key, 0) + c
    return found


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
@pytest.mark.parametrize("claim", ["input.delta", "input.w", "weight.delta", "weight.a"])
def test_every_line_of_a_second_derivative_is_true_of_a_layer_by_brute_force(layer, claim):
    values = {name: Polynomial.of(n) for name, n in numbers(layer).items()}
    first, by = claim.split(".")
    expected = second_derivative(layer, first, by)
    for step in claim_steps(GeneralConv(layer.ndim, layer.flip), claim):
        found = written_out(instance_of_formula(step.after, values))
        nonzero = {e.indices: dict(p.coefficients) for e, p in found.items() if p}
        assert nonzero == {at: p for at, p in expected.items() if p}


def test_near_miss_closed_forms_are_not_the_derived_term():
    general = GeneralConv(1)
    last = canonical(claim_steps(general, "input")[-1].after.terms[0])
    right = general_closed_form(general, "a")
    assert canonical(right) == last
    k, s, d, p = (Polynomial.of(name) for name in ("K0", "s0", "d0", "p0"))
    one = Polynomial.of(1)
    swaps = [
        (k, k + 1),
        (k, k - 1),
        (s, d),
        (d, s),
        (p, p + 1),
        (p, p - 1),
        (p, Polynomial.of("P0")),
        (d, one),
        (s, one),
    ]
    for old, new in swaps:
        (name,) = old.names
        wrong = canonical(instance_of_term(right, {name: new}))
        assert wrong != canonical(right)
        assert wrong != last


def instance_of_term(term, values):
    def put(p):
        return instance_symbolic(p, values)

    guards = tuple(
        Within(put(g.value), put(Polynomial.of(g.size))) if isinstance(g, Within) else
        Divides(put(Polynomial.of(g.divisor)), put(g.value)) for g in term.guards
    )  # fmt: skip
    factors = tuple(At(f.tensor, tuple(put(p) for p in f.index)) for f in term.factors)
    return Term(term.binders, guards, factors, term.coefficient)


def instance_symbolic(p, values):
    total = Polynomial()
    for monomial, c in p.coefficients.items():
        term = Polynomial.of(c)
        for atom in monomial:
            if isinstance(atom, Quotient):
                divisor = instance_symbolic(Polynomial.of(atom.divisor), values)
                term = term * Polynomial.of(Quotient(instance_symbolic(atom.numerator, values), divisor))
            else:
                term = term * values.get(atom, Polynomial.of(atom))
        total = total + term
    return total


def test_a_refused_certificate_leaves_everything_undecided(monkeypatch):
    def refuse(_):
        raise checker.Rejected("for a test")

    monkeypatch.setattr(checker, "check", refuse)
    verdict = prove_every_shape(GeneralConv(1))
    assert verdict.status is Status.UNDECIDED
    assert not verdict
    assert all(isinstance(o, Undecided) and "for a test" in o.reason for o in verdict.gradients.values())


def test_the_shipped_witnesses_are_those_that_the_search_finds():
    assert obligations.witnesses() == obligations.find_all()


def test_every_side_condition_that_the_derivation_names_is_one_of_the_checker():
    for flip, claim in itertools.product([False, True], CLAIMS):
        for step in claim_steps(GeneralConv(2, flip), claim):
            assert set(step.conditions) <= set(checker.STATEMENTS)


def test_certificates_are_the_same_bytes_every_time():
    one, other = (prove(Conv.general(2), every_shape=True).certificate for _ in range(2))
    assert one == other
    shape = Conv((8, 8), (3, 3), stride=2)
    assert certificate(prove(shape)) == certificate(prove(shape))


def test_the_certificate_of_a_layer_is_about_it():
    layer = Conv((8, 8), (3, 3), stride=2, flip=True)
    verdict = prove(layer, every_shape=True)
    assert isinstance(verdict, GeneralVerdict)
    assert Conv.from_json(json.loads(verdict.certificate)["layer"]) == layer
    assert any("axis 1" in line for line in verdict.established)


LARGE = [Conv((224, 224), (7, 7), stride=2, padding=3), Conv(16000, 2, dilation=512, padding=((512, 0),))]


@pytest.mark.parametrize("layer", [*LAYERS, *LARGE], ids=repr)
def test_the_certificate_of_a_layer_of_any_size_is_accepted(layer):
    assert checker.check(checker.parse(certificate(prove(layer)).encode()))


def test_only_a_proof_has_a_certificate():
    layer = Conv((3, 3), (2, 2))
    wrong = prove(layer, closed={"input": closed_forms(Conv((3, 3), (2, 2), flip=True))[Gradient.INPUT]})
    assert wrong.status is Status.REFUTED
    with pytest.raises(InvalidOption, match="only PROVED has a certificate"):
        certificate(wrong)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: prove(Conv.general(2)), InvalidLayer, "every_shape=True"),
        (lambda: prove(3, every_shape=True), InvalidLayer, "expected a symconv.Conv but got 3"),
        (lambda: Conv.general(0), InvalidLayer, "expected ndim >= 1"),
        (lambda: Conv.general(9), InvalidLayer, "expected ndim from 1 to 8"),
        (lambda: Conv.general(1.5), InvalidLayer, "expected an int"),
        (lambda: Conv.general(2, stride=0), InvalidLayer, "expected stride >= 1"),
        (lambda: Conv.general(2, stride=(1, 2, 3)), InvalidLayer, "2 values"),
        (lambda: Conv.general(2, padding="same"), InvalidLayer, "symbols"),
        (
            lambda: prove(Conv(3, 2), every_shape=True, closed=closed_forms(Conv(3, 2))[Gradient.INPUT]),
            InvalidOption,
            "closed is a function of the layer",
        ),
    ],
)
def test_bad_input_is_refused_in_words(call, error, text):
    with pytest.raises(error, match=text):
        call()


def unpadded(layer):
    """The rule of many slides, for any layer: pad by K-1-p, whatever the dilation, and forget the remainder."""
    right = closed_forms(layer)[Gradient.INPUT]
    operand = right.operand.operand if isinstance(right.operand, Pad) else right.operand
    pads = tuple((axis.kernel_size - 1 - axis.low, axis.kernel_size - 1 - axis.high) for axis in layer.axes)
    return Correlate(Pad(operand, pads), right.kernel, right.stride, right.dilation, right.groups)


def test_a_formula_without_the_remainder_is_refuted_with_the_smallest_layer():
    verdict = prove(Conv.general(1), every_shape=True, closed=unpadded)
    outcome = verdict.gradients["input"]
    assert verdict.status is Status.REFUTED
    assert outcome.counterexample.derived != outcome.counterexample.closed
    assert "smallest layer" in outcome.evidence[0].name
    assert verdict.gradients["weight"].status is Status.PROVED


def test_the_right_formula_as_a_function_passes_and_is_not_called_proved():
    verdict = prove(
        Conv.general(1), every_shape=True, closed={"input": lambda layer: closed_forms(layer)[Gradient.INPUT]}
    )
    assert isinstance(verdict.gradients["input"], Passed)
    assert verdict.gradients["input"].count > 300
    assert verdict.status is Status.PASSED


def test_the_search_goes_through_layers_of_growing_size():
    layers = list(small_layers(2, flip=False))
    assert layers[0] == Conv((1, 1), (1, 1))
    assert len(layers) > 500
    assert len({a.remainder for layer in layers for a in layer.axes}) == 3


@pytest.mark.parametrize("options", [
    {"stride": 1}, {"stride": 2}, {"dilation": 1}, {"dilation": 3}, {"input_dilation": 1}, {"input_dilation": 2},
    {"stride": 1, "dilation": 1, "input_dilation": 1}, {"stride": 2, "dilation": 3, "input_dilation": 4},
    {"padding": 0}, {"padding": ((1, -1),)}, {"kernel_size": 3}, {"input_size": 8},
    {"stride": 1, "dilation": 1, "input_dilation": 1, "padding": 0, "kernel_size": 3},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("flip", [False, True])
def test_any_parameter_may_be_a_number(options, flip):
    verdict = prove(Conv.general(1, flip=flip, **options), every_shape=True)
    assert {name: o.status for name, o in verdict.gradients.items()} == dict.fromkeys(CLAIMS, Status.PROVED)


def test_numbers_may_differ_along_the_axes():
    layer = Conv.general(2, stride=(1, 2), padding=((0, 1), (2, -1)))
    assert prove(layer, every_shape=True).status is Status.PROVED
    assert repr(layer) == "Conv.general(ndim=2, stride=(1, 2), low padding=(0, 2), high padding=(1, -1))"
