"""Certificates for Coq: the theorem for every shape, instantiated at one layer, in one file that `coqc` checks.

In: a `Conv`.  Out: the text of a .v file, the same bytes for the same layer; and what `coqc` says about a text.
A certificate holds the theory (`coq/SymConv.v`) and, for the layer: the numbers of its closed forms, as `closed` writes
them, each computed anew by Coq; the theorem with these closed forms; and, for a small layer, every derived polynomial,
proved equal to the theorem's entry over any commutative ring. A large layer costs no more than a small one.
Never: text from outside; only integers, and names that stand in this file, enter a certificate.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from math import prod
from pathlib import Path

from symconv import arrays, closed
from symconv.arrays import ArrayExpression, Input, Transpose, rot180, shape
from symconv.derivation import derive_gradients
from symconv.enumeration import written_out
from symconv.errors import BrokenDerivation
from symconv.layer import Axis, Conv
from symconv.polynomial import Entry, Polynomial
from symconv.steps import Gradient
from symconv.terms import Formula

WRITTEN_PRODUCTS = 600  # products in z up to which the derived polynomials are written out ...
WRITTEN_ENTRIES = 200  # ... and entries of a tensor
CLOSED = "Closed under the global context"


@dataclass(frozen=True)
class CoqAccepted:
    """``coqc`` checked every proof; `assumptions` is its line about axioms: there are none."""

    assumptions: str


@dataclass(frozen=True)
class CoqRejected:
    """``coqc`` did not accept the text: the statement it stopped at and why, or the axioms that the text rests on."""

    error: str


@dataclass(frozen=True)
class CoqUnavailable:
    """Nothing was checked."""

    reason: str


CoqResult = CoqAccepted | CoqRejected | CoqUnavailable


def coq_certificate(layer: Conv) -> str:
    """The text of a .v file that states and proves the gradients of a layer; it needs Coq's standard library only.

    Raises
    ------
    BrokenDerivation
        If a closed form of symconv is not one that the theory has a name for: a mistake in symconv.

    Examples
    --------
    >>> "Definition layer : conv := Conv [Axis 3 2 1 1 1 0 0] 1 1 1 1." in coq_certificate(Conv(3, 2))
    True
    """
    heading, requires, theory = re.split(r"(?s)(From Coq .*?)(?=\(\*\* \*\* 1)", theory_text())
    small = max(map(prod, (layer.input_shape, layer.weight_shape, layer.output_shape))) <= WRITTEN_ENTRIES
    written = list(_written_out(layer)) if small and layer.monomials <= WRITTEN_PRODUCTS else []
    text = "\n".join([_instance(layer), *written])
    proved = re.findall(r"^(?:Lemma|Theorem) (\w+)", text, re.MULTILINE)
    return f"""\
(* The gradients of one convolution layer, to be checked by coqc: first the theory, then this layer. *)
{requires}
Module SymConv.
{heading}{theory}
End SymConv.
Import SymConv.

{text}
Definition certificate := (@gradient_unique, {", ".join(f"@{name}" for name in proved)}).
Print Assumptions certificate.
"""


def theory_text() -> str:
    """The theory: one file of Coq, its standard library only, no axioms."""
    return (files("symconv.proof.coq") / "SymConv.v").read_text(encoding="utf-8")


def check_coq(certificate: str | os.PathLike[str], *, seconds: float = 60.0) -> CoqResult:
    """Run ``coqc`` on a certificate, in a temporary directory.

    `certificate` is the text, or a path object that leads to it. Accepted means that every proof in it is a proof and
    that no assumption is printed; that it is about a given layer shows by comparing it with ``coq_certificate(layer)``.
    Check texts of your own: one from elsewhere may, as any program of Coq, read and write files.
    """
    coqc = shutil.which("coqc")
    if coqc is None:
        return CoqUnavailable("coqc is not installed: Debian package coq")
    text = certificate if isinstance(certificate, str) else Path(certificate).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Certificate.v"
        file.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run([coqc, "-q", file.name], cwd=folder, capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            return CoqRejected(f"coqc did not finish within {seconds:g} s")
    if done.returncode:
        return CoqRejected(_first_error(done.stderr, text))
    if set(done.stdout.splitlines()) != {CLOSED}:
        return CoqRejected(f"expected {CLOSED!r} but coqc printed {done.stdout.strip()[:200]!r}")
    return CoqAccepted(CLOSED)


def _first_error(stderr: str, text: str) -> str:
    """The statement that is not proved, and what coqc says first: ``claimed_remainder (line 12): Unable to unify``."""
    found = re.search(r"line (\d+), characters [\d-]+:\s+Error:\s+(.*)", stderr)
    if found is None:
        return "coqc failed without an error message"
    before = "\n".join(text.split("\n")[: int(found[1])])
    names = re.findall(r"^(?:Definition|Lemma|Theorem|Corollary) (\w+)", before, re.MULTILINE)
    return f"{names[-1] if names else 'certificate'} (line {found[1]}): {found[2]}"


_Reading = tuple[
    str, str
]  # what symconv claims, in words of the theory: a correlation's numbers; its kernel, or the whole


def _read(node: ArrayExpression, operand: ArrayExpression, kernels: dict[ArrayExpression, str]) -> _Reading:
    """The numbers of ``Correlate(Pad(Dilate(operand)), kernel)``."""
    if not isinstance(node, arrays.Correlate) or node.kernel not in kernels:
        raise BrokenDerivation(f"the Coq theory has no name for the closed form {node!r}")
    inner, padding, factors = node.operand, ((0, 0),) * len(node.stride), (1,) * len(node.stride)
    if isinstance(inner, arrays.Pad):
        padding, inner = inner.padding, inner.operand
    if isinstance(inner, arrays.Dilate):
        factors, inner = inner.factors, inner.operand
    if inner != operand:
        raise BrokenDerivation(f"expected a correlation of {operand!r} but the closed form is one of {inner!r}")
    batch, channels, *sizes = shape(inner)
    outs, _, *taps = shape(node.kernel)
    axes = [
        Axis(n, k, s, d, u, *pair)
        for n, k, s, d, u, pair in zip(sizes, taps, node.stride, node.dilation, factors, padding, strict=True)
    ]
    return _conv(axes, batch, node.groups, channels, outs), kernels[node.kernel]


def _rearranged(kernel: ArrayExpression, name: str, io: bool, groups: int) -> dict[ArrayExpression, str]:
    """The rearrangements of a kernel, each with its name in the theory; `io`: its first axis is that of the input."""
    exchange = "exchange (ins layer) (outs layer)" if io else "exchange (outs layer) (ins layer)"
    plain = {kernel: name, closed.exchange_channels(kernel, groups): f"({exchange} {name})"}
    return plain | {rot180(node): f"(rotate (kernels layer) {text})" for node, text in plain.items()}


def _weight(layer: Conv) -> _Reading:
    """The weight gradient: its correlation, and the whole expression around it."""
    whole = node = closed.weight_gradient(layer)
    while not isinstance(node, arrays.Correlate | Input | arrays.Add):
        node = node.operand
    spatial = tuple(range(2, 2 + layer.ndim))
    a = arrays.Split(Input("a", layer.input_shape), 1, layer.groups)
    by_channel = arrays.Merge(Transpose(a, (2, 1, 0, *(j + 1 for j in spatial))), 1)
    delta = Transpose(Input("delta", layer.output_shape), (1, 0, *spatial))
    numbers, kernel = _read(node, by_channel, {delta: "(transpose delta)"})
    name = f"(transpose (correlate ({numbers}) (channels_first layer a) {kernel}))"
    arranged = _rearranged(Transpose(node, (1, 0, *spatial)), name, False, layer.groups)
    if whole not in arranged:
        raise BrokenDerivation(f"the Coq theory has no name for the closed form {whole!r}")
    return numbers, arranged[whole]


def _instance(layer: Conv) -> str:
    """The layer, its numbers, and the theorem with the closed forms that symconv claims."""
    if closed.bias_gradient(layer) != arrays.Sum(Input("delta", layer.output_shape), (0, *range(2, 2 + layer.ndim))):
        raise BrokenDerivation(f"the Coq theory has no name for the closed form {closed.bias_gradient(layer)!r}")
    z = closed.forward(layer)
    io = layer.weight_layout == "IO"
    kernels = _rearranged(Input("w", layer.weight_shape), "w", io, layer.groups)
    return _INSTANCE.format(
        *map(_list, (layer.input_shape, layer.output_shape, layer.weight_shape, layer.bias_shape, layer.remainder)),
        layer=_conv(layer.axes, layer.batch, layer.groups, layer.in_channels, layer.out_channels),
        forward=_read(z.left if isinstance(z, arrays.Add) else z, Input("a", layer.input_shape), kernels),
        input=_read(closed.input_gradient(layer), Input("delta", layer.output_shape), kernels),
        weight=_weight(layer),
        options=_options(layer),
        io=str(io).lower(),
    )


_INSTANCE = """\
(** ** This layer: each axis is L, K, s, d, u, p_lo, p_hi; then batch, groups, input and output channels of a group *)
Definition layer : conv := {layer}.
Lemma layer_is_valid : valid_conv layer. Proof. repeat split; repeat constructor; vm_compute; intro; discriminate. Qed.

(** The numbers that symconv claims, computed by Coq. *)
Lemma claimed_input_shape : input_shape layer = {0}. Proof. vm_compute. reflexivity. Qed.
Lemma claimed_output_shape : output_shape layer = {1}. Proof. vm_compute. reflexivity. Qed.
Lemma claimed_weight_shape : weight_shape {io} layer = {2}. Proof. vm_compute. reflexivity. Qed.
Lemma claimed_bias_shape : bias_shape layer = {3}. Proof. vm_compute. reflexivity. Qed.
Lemma claimed_remainder : map remainder (axes layer) = {4}. Proof. vm_compute. reflexivity. Qed.
Lemma claimed_forward : layer = {forward[0]}. Proof. vm_compute. reflexivity. Qed.
Lemma claimed_input_gradient : input_conv layer = {input[0]}. Proof. vm_compute. reflexivity. Qed.
Lemma claimed_weight_gradient : weight_conv layer = {weight[0]}. Proof. vm_compute. reflexivity. Qed.

(** The theorem for this layer, with the closed forms that symconv claims: over any commutative ring, for any error E
    that delta expands at z. A claim is compared with the theorem as written, so that a wrong one fails at once. *)
Ltac is_claimed theorem := pose proof theorem as proved;
  cbv beta iota zeta delta [plain turn laid_out dE_da dE_dw] in proved |- *;
  rewrite ?claimed_input_gradient, ?claimed_weight_gradient in proved;
  lazymatch goal with |- ?claim => let theorem := type of proved in constr_eq claim theorem; exact proved end.
Section ThisLayer.
Context {{R : ring}} (a w b delta : @tensor R) (E rest : @tensor R -> R).
Theorem this_forward_map : forall e, In e (box (output_shape layer)) ->
  z {options} w b a e = plus (correlate layer a {forward[1]}) (broadcast b) e.
Proof. is_claimed (z_closed_form {options} layer_is_valid w b a). Qed.
Hypothesis E_ext : extensional E.
Hypothesis delta_is_dE_dz : expansion (output_shape layer) E (z {options} w b a) delta rest.
Theorem this_input_gradient : expansion (input_shape layer) (fun a => E (z {options} w b a)) a
  (correlate ({input[0]}) delta {input[1]}) (fun h => rest (weighted layer h (plain {options} w))).
Proof. is_claimed (input_gradient {options} layer_is_valid E w b a delta rest E_ext delta_is_dE_dz). Qed.
Theorem this_weight_gradient : expansion (weight_shape {io} layer) (fun w => E (z {options} w b a)) w
  {weight[1]} (fun h => rest (weighted layer a (plain {options} h))).
Proof. is_claimed (weight_gradient {options} layer_is_valid E w b a delta rest E_ext delta_is_dE_dz). Qed.
Theorem this_bias_gradient : expansion (bias_shape layer) (fun b => E (z {options} w b a)) b (dE_db layer delta)
  (fun h => rest (broadcast h)).
Proof. is_claimed (bias_gradient {options} E w b a delta rest E_ext delta_is_dE_dz). Qed.
End ThisLayer.
"""


def _written_out(layer: Conv) -> Iterator[str]:
    """The derived polynomials, each sum in the order in which Coq lists its products."""
    derivation = derive_gradients(layer, list_entries=False)
    options, taps = _options(layer), -1 if layer.flip else 1
    yield "(** The polynomials that symconv derives, over any commutative ring: every entry. *)"
    yield "Section WrittenOut.\nContext {R : ring} (a w b delta : @tensor R)."
    b, rest = ("b", "") if layer.bias else ("(fun _ => zero R)", " +! zero R")
    yield _entries(f"z {options} w {b} a", derivation.forward, ("w", "a"), taps, rest)
    yield f"Proof. change {_list(layer.output_shape)} with (output_shape layer)."
    yield "rewrite z_written by exact layer_is_valid. cbv -[carrier add mul zero]. reflexivity. Qed."
    for g in derivation.gradients:
        name, tensor, factors, order = {
            Gradient.INPUT: ("dE_da", f"{options} delta w", ("w", "delta"), -taps),
            Gradient.WEIGHT: ("dE_dw", f"{options} delta a", ("delta", "a"), 1),
            Gradient.BIAS: ("dE_db", "layer delta", ("delta",), 1),
        }[g.of]
        yield _entries(f"{name} {tensor}", g.derived, factors, order)
        yield f"Proof. rewrite {name}_written. cbv -[carrier add mul zero]. reflexivity. Qed."
    yield "End WrittenOut.\n"


def _entries(tensor: str, formula: Formula, factors: tuple[str, ...], taps: int, rest: str = "") -> str:
    rows = [f"({_list(e.indices)}, {_polynomial(p, factors, taps)}{rest})" for e, p in written_out(formula).items()]
    listed = ";\n   ".join(rows)
    return f"Theorem this_{tensor.split()[0]} : entries {_list(formula.numbers)} ({tensor}) =\n  [{listed}]."


def _polynomial(p: Polynomial, factors: tuple[str, ...], taps: int) -> str:
    """Its products of these factors by the index of the first one (taps backwards where `taps` is -1), then b."""
    products, bias = {}, []
    for monomial, coefficient in p:
        indices = {atom.tensor: atom.indices for atom in monomial if isinstance(atom, Entry)}
        names = ("b",) if indices.keys() == {"b"} else factors
        if coefficient != 1 or len(monomial) != len(names) or indices.keys() != set(names):
            raise BrokenDerivation(f"expected a sum of products of {' and '.join(factors)} but got {p}")
        text = " *! ".join(f"{name} {_list(indices[name])}" for name in names)
        if names == ("b",):
            bias.append(text)
        else:
            n, c, *ks = indices[names[0]]
            products[n, c, *(taps * k for k in ks)] = text
    return " +! ".join([*([products[key] for key in sorted(products)] or ["zero R"]), *bias])


def _conv(axes: Iterable[Axis], batch: int, groups: int, channels: int, outs: int) -> str:
    numbers = [(x.input_size, x.kernel_size, x.stride, x.dilation, x.input_dilation, x.low, x.high) for x in axes]
    listed = (" ".join(f"({n})" if n < 0 else str(n) for n in axis) for axis in numbers)
    return (
        f"Conv [{'; '.join(f'Axis {axis}' for axis in listed)}] {batch} {groups} {channels // groups} {outs // groups}"
    )


def _options(layer: Conv) -> str:
    return f"{layer.flip} {layer.weight_layout == 'IO'} layer".lower()


def _list(numbers: Iterable[int]) -> str:
    return f"[{'; '.join(map(str, numbers))}]"
