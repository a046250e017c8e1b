"""What users call: derive, prove, symbolic forward maps. Joins the parts; holds no mathematics of its own."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, overload

from symconv.activations import ARBITRARY
from symconv.activations import activation as find_activation
from symconv.arrays import ArrayExpression, Input, operands, shape
from symconv.closed import bias_gradient, input_gradient, weight_gradient
from symconv.derivation import derive_gradients
from symconv.errors import InvalidExpression, InvalidLayer, InvalidOption, shortened
from symconv.general_layer import GeneralConv
from symconv.layer import Conv
from symconv.proof.certificate import general_certificate, shape_certificate
from symconv.proof.checker import BRUTE_FORCE
from symconv.proof.finite import prove_gradients
from symconv.proof.general import prove_every_shape
from symconv.proof.search import Form
from symconv.report.document import Document
from symconv.report.messages import language
from symconv.report.notation import STANDARD, Notation
from symconv.report.outline import SECTIONS
from symconv.steps import GeneralVerdict, Gradient, Verdict

_CLOSED_FORMS = {
    Gradient.INPUT: input_gradient,
    Gradient.WEIGHT: weight_gradient,
    Gradient.BIAS: bias_gradient,
}


DEEPEST = 100  # nested operations of a closed form


def closed_forms(layer: Conv) -> dict[Gradient, ArrayExpression]:
    """The closed forms of the theorem for a layer; none for a bias that it does not have.

    Examples
    --------
    >>> sorted(closed_forms(Conv(3, 2, bias=False)))
    [<Gradient.INPUT: 'input'>, <Gradient.WEIGHT: 'weight'>]
    """
    _check_layer(layer)
    return {of: form(layer) for of, form in _CLOSED_FORMS.items() if of is not Gradient.BIAS or layer.bias}


@overload
def prove(
    layer: Conv,
    *,
    every_shape: Literal[False] = False,
    closed: ArrayExpression | Mapping[str, ArrayExpression] | None = None,
    activation: str = ARBITRARY,
    entries: bool = False,
) -> Verdict: ...


@overload
def prove(
    layer: Conv | GeneralConv, *, every_shape: Literal[True], closed: Form | Mapping[str, Form] | None = None
) -> GeneralVerdict: ...


def prove(
    layer: Conv | GeneralConv,
    *,
    every_shape: bool = False,
    closed: ArrayExpression | Mapping[str, ArrayExpression] | Form | Mapping[str, Form] | None = None,
    activation: str = ARBITRARY,
    entries: bool = False,
) -> Verdict | GeneralVerdict:
    """Derive the gradients of a layer by the chain rule and prove that they are the closed forms.

    Parameters
    ----------
    layer
        The layer; or ``Conv.general(ndim)`` with `every_shape`.
    every_shape
        Whether to prove the theorem for all shapes with the rank and the flip of `layer` at once: forward map, input,
        weight and bias gradient, and the second derivatives. The verdict holds the certificate of it, about `layer`.
    closed
        A closed form of your own, to be decided instead of the theorem's: an array expression for dE/da, or a mapping
        with keys among ``"input"``, ``"weight"`` and ``"bias"``. Its inputs are named ``delta`` (N, M, *O),
        ``w`` (in the layer's weight layout) and ``a`` (N, C, *L). With `every_shape`, a function of the layer that
        returns such an expression: it is decided on small layers, smallest first, so it is REFUTED with the smallest
        layer that shows it, or PASSED.
    activation
        The activation below the layer, for the derivation that comes with the verdict.
    entries
        Whether that derivation writes entries out, too, as `derive` does.

    Returns
    -------
    Verdict or GeneralVerdict
        True in a condition when everything is proved. A refuted gradient carries the smallest wrong entry.

    Raises
    ------
    InvalidLayer
        If `layer` is no `Conv`.
    InvalidExpression
        If `closed` is malformed, or reads a tensor that the layer does not have.
    InvalidOption
        If `closed` or `activation` has an unknown name.

    Examples
    --------
    The formula of a slide that forgot to rotate the kernel:

    >>> from symconv.arrays import Correlate, Input, Pad, rot180
    >>> layer = Conv((3, 3), (2, 2))
    >>> padded = Pad(Input("delta", (1, 1, 2, 2)), ((1, 1), (1, 1)))
    >>> w = Input("w", (1, 1, 2, 2))
    >>> verdict = prove(layer, closed=Correlate(padded, w, (1, 1), (1, 1)))
    >>> bool(verdict)
    False
    >>> wrong = verdict.gradients[Gradient.INPUT].counterexample
    >>> print(wrong.entry, "=", wrong.derived, "but the slide says", wrong.closed)
    dE/da[0, 0, 0, 0] = delta[0, 0, 0, 0]*w[0, 0, 0, 0] but the slide says delta[0, 0, 0, 0]*w[0, 0, 1, 1]
    >>> bool(prove(layer, closed=Correlate(padded, rot180(w), (1, 1), (1, 1))))
    True

    Every layer with two spatial axes at once:

    >>> bool(prove(Conv.general(2), every_shape=True))
    True
    """
    start = time.perf_counter()
    if every_shape:
        return _prove_every_shape(layer, closed)
    layer = _check_layer(layer)
    given = _given(layer, closed)
    find_activation(activation)
    derivation = derive_gradients(layer, activation, list_entries=entries)
    outcomes = prove_gradients(derivation, closed_forms(layer), given)
    return Verdict(layer, "shape", outcomes, derivation, time.perf_counter() - start, given)


def certificate(verdict: Verdict | GeneralVerdict) -> str:
    """The certificate of a verdict, as JSON text for ``symconv check``.

    Raises
    ------
    InvalidOption
        If the verdict is not PROVED: then there is nothing to certify.

    Examples
    --------
    >>> certificate(prove(Conv(3, 2))).startswith('{"claim":')
    True
    """
    if not verdict:
        raise InvalidOption(f"the verdict is {verdict.status}: only PROVED has a certificate")
    if isinstance(verdict, GeneralVerdict):
        return verdict.certificate
    layer, claims = verdict.layer, ["forward", *(of.value for of in verdict.gradients)]
    triples = max(a.input_size * a.kernel_size * a.output_size for a in layer.axes)
    if (
        triples > BRUTE_FORCE
    ):  # more than the checker tests one by one: the theorem, about this layer, is as cheap as ever
        return general_certificate(layer.ndim, layer.flip, claims, layer)
    return shape_certificate(layer, claims)


def derive(
    layer: Conv,
    *,
    of: Sequence[str] = SECTIONS,
    activation: str = ARBITRARY,
    notation: Notation = STANDARD,
    lang: str = "en",
) -> Document:
    """Derive the gradients of a layer by the chain rule, as a document.

    Parameters
    ----------
    layer
        The layer.
    of
        What is told: any of ``"input"``, ``"error"``, ``"weight"``, ``"bias"``, ``"update"``.
    activation
        The activation below the layer: ``"f"`` for an arbitrary one, or identity, relu, leaky_relu, sigmoid, tanh,
        softplus, gelu.
    notation
        How formulas are written; see `symconv.report.notation.notation`.
    lang
        The language of the sentences: ``"en"`` or ``"zh"``.

    Raises
    ------
    InvalidLayer
        If `layer` is no `Conv`.
    InvalidOption
        If a name in `of` or `activation`, or the language, is unknown.

    Examples
    --------
    >>> document = derive(Conv(3, 2), of=["bias"])
    >>> document.derivation.gradient(Gradient.BIAS).entries[0].result
    <Polynomial delta[0, 0, 0] + delta[0, 0, 1]>
    """
    _check_layer(layer)
    find_activation(activation)
    given: object = of
    if isinstance(given, str) or not isinstance(given, Iterable) or not all(isinstance(name, str) for name in given):
        raise InvalidOption(f"of={shortened(of)} is no list of sections: choose of {', '.join(SECTIONS)}")
    if not isinstance(notation, Notation):
        raise InvalidOption(f"notation={shortened(notation)} is no Notation: make one with symconv.notation")
    sections = tuple(of)
    document = Document(derive_gradients(layer, activation), notation, sections, lang=language(lang))
    document.blocks  # noqa: B018  an unknown section is an error now, not when the document is shown
    return document


def _prove_every_shape(
    layer: object, closed: ArrayExpression | Mapping[str, ArrayExpression] | Form | Mapping[str, Form] | None
) -> GeneralVerdict:
    if isinstance(layer, GeneralConv):
        return prove_every_shape(layer, None, _forms(layer, closed))
    instance = _check_layer(layer)
    general = GeneralConv(instance.ndim, instance.flip, instance.bias)
    return prove_every_shape(general, instance, _forms(general, closed))


def _forms(
    layer: GeneralConv, closed: ArrayExpression | Mapping[str, ArrayExpression] | Form | Mapping[str, Form] | None
) -> dict[Gradient, Form]:
    """The caller's formulas as functions of a layer."""
    by_name = closed if isinstance(closed, Mapping) else {} if closed is None else {"input": closed}
    known = {of.value: of for of in Gradient if of is not Gradient.BIAS or layer.bias}
    found: dict[Gradient, Form] = {}
    for name, form in by_name.items():
        if name not in known:
            raise InvalidOption(f"closed has no gradient {name!r} for this layer: choose of {', '.join(known)}")
        if not callable(form):
            raise InvalidOption(f"for every shape, closed is a function of the layer, not {form!r}")
        found[known[name]] = form
    return found


def _check_layer(layer: object) -> Conv:
    if isinstance(layer, GeneralConv):
        raise InvalidLayer(f"{layer!r} has no shape: give a symconv.Conv, or prove it with every_shape=True")
    if not isinstance(layer, Conv):
        raise InvalidLayer(f"expected a symconv.Conv but got {layer!r} (type {type(layer).__name__})")
    return layer


def _given(
    layer: Conv, closed: ArrayExpression | Mapping[str, ArrayExpression] | Form | Mapping[str, Form] | None
) -> dict[Gradient, ArrayExpression]:
    if closed is None:
        return {}
    by_name = closed if isinstance(closed, Mapping) else {"input": closed}
    known = {of.value: of for of in closed_forms(layer)}
    found: dict[Gradient, ArrayExpression] = {}
    for name, expression in by_name.items():
        if name not in known:
            raise InvalidOption(f"closed has no gradient {name!r} for this layer: choose of {', '.join(known)}")
        if callable(expression):
            raise InvalidOption(
                "closed is a function of the layer: with every_shape=True it is decided on small layers"
            )
        _check_expression(layer, expression)
        found[known[name]] = expression
    return found


def _check_expression(layer: Conv, expression: ArrayExpression) -> None:
    tensors = {"a": layer.input_shape, "w": layer.weight_shape, "delta": layer.output_shape}
    if not isinstance(expression, ArrayExpression):
        raise InvalidExpression(
            f"closed is no array expression: {shortened(expression)}; build it from the nodes of symconv.arrays"
        )
    stack = [(expression, 1)]
    while stack:
        node, depth = stack.pop()
        if depth > DEEPEST:
            raise InvalidExpression(f"closed is nested more than {DEEPEST} deep: write it with fewer operations")
        stack += [(part, depth + 1) for part in operands(node)]
        if isinstance(node, Input) and tensors.get(node.name) != node.shape:
            expected = ", ".join(f"{name} {size}" for name, size in tensors.items())
            raise InvalidExpression(
                f"Input {node.name!r} with shape {node.shape} is not of this layer: it has {expected}"
            )
    shape(expression)
