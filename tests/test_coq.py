"""Certificates for Coq: the theory has no axioms, certificates are accepted, and tampered ones are not."""

import re
import shutil
from dataclasses import replace
from functools import partial

import pytest

from symconv import Conv, closed
from symconv.arrays import Rotate
from symconv.errors import BrokenDerivation
from symconv.proof.coq_certificate import (
    CoqAccepted,
    CoqRejected,
    CoqUnavailable,
    check_coq,
    coq_certificate,
    theory_text,
)

needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc is not installed: Debian package coq")

WORKED = Conv((3, 3), (2, 2))
REMAINDER = Conv(8, 3, stride=3, padding=1)
LARGE = Conv((224, 224), (3, 3), stride=2, dilation=2, padding=1, groups=2, in_channels=32, out_channels=64, batch=8)
GRADED = Conv(
    (3, 4), (2, 2), stride=2, padding=((1, 0), (-1, 2)), dilation=(1, 2), input_dilation=(2, 1),
    groups=2, in_channels=2, out_channels=4, flip=True,
)  # fmt: skip

LAYERS = {
    "the worked example": WORKED,
    "stride with a remainder": REMAINDER,
    "dilation and asymmetric padding": Conv((4, 3), (2, 2), dilation=(2, 1), padding=((2, 0), (0, 1)), batch=2),
    "input dilation, negative padding, groups, flip": GRADED,
    "negative padding, input dilation with a remainder": Conv(6, 2, stride=3, padding=((-2, 1),), input_dilation=2),
    "transposed, grouped": Conv.transposed(
        3, 2, stride=2, output_padding=1, groups=2, in_channels=4, out_channels=2, bias=False
    ),
    "transposed weight layout without flip": Conv(
        (3, 2), (2, 1), stride=(2, 1), groups=2, in_channels=2, out_channels=4, weight_layout="IO"
    ),
    "rank 3": Conv((2, 3, 2), (2, 1, 2), padding=((1, 0), (0, 0), (0, 0)), in_channels=2),
    "224x224, stride 2, dilation 2, grouped": LARGE,
}


@needs_coq
def test_the_theory_compiles_and_its_main_theorems_rest_on_no_axioms():
    names = "input_gradient weight_gradient bias_gradient z_closed_form gradient_unique input_geometry weight_geometry"
    checks = "".join(
        f"Print Assumptions {name}.\n" for name in [*names.split(), "reads_inside", "rationals", "integers"]
    )
    assert check_coq(theory_text() + checks) == CoqAccepted("Closed under the global context")


def test_the_theory_assumes_nothing_by_its_text():
    words = set(re.findall(r"\w+", re.sub(r"(?s)\(\*.*?\*\)", "", theory_text())))
    assert not words & {"Axiom", "Axioms", "Parameter", "Parameters", "Conjecture", "Admitted", "admit", "Abort"}


@needs_coq
@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_the_certificate_of_a_layer_is_accepted(layer):
    assert check_coq(coq_certificate(layer)) == CoqAccepted("Closed under the global context")


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_a_layer_has_one_certificate_byte_for_byte(layer):
    assert coq_certificate(layer) == coq_certificate(Conv.from_json(layer.to_json()))


def test_a_large_layer_is_never_enumerated():
    assert len(coq_certificate(LARGE)) < len(coq_certificate(WORKED))


def test_derived_polynomials_of_a_small_layer_stand_in_its_certificate():
    written = "w [0; 0; 0; 1] *! delta [0; 0; 0; 0] +! w [0; 0; 0; 0] *! delta [0; 0; 0; 1]"
    assert f"([0; 0; 0; 1], {written})" in coq_certificate(WORKED)
    assert written not in coq_certificate(LARGE)


TAMPERED = {
    "a wrong remainder": (REMAINDER, "(axes layer) = [1]", "(axes layer) = [0]", "claimed_remainder"),
    "a wrong padding of dE/da": (
        REMAINDER, "input_conv layer = Conv [Axis 3 3 1 1 3 1 2]", "input_conv layer = Conv [Axis 3 3 1 1 3 1 1]",
        "claimed_input_gradient",
    ),
    "a wrong padding of dE/dw": (
        REMAINDER, "weight_conv layer = Conv [Axis 8 3 1 3 1 1 0]", "weight_conv layer = Conv [Axis 8 3 1 3 1 1 1]",
        "claimed_weight_gradient",
    ),
    "another size": (LARGE, "conv := Conv [Axis 224", "conv := Conv [Axis 225", "claimed_input_shape"),
    "a kernel that does not fit": (WORKED, "conv := Conv [Axis 3 2", "conv := Conv [Axis 1 2", "layer_is_valid"),
    "a wrong output shape": (LARGE, "[8; 64; 111; 111]", "[8; 64; 112; 111]", "claimed_output_shape"),
    "an unrotated kernel": (
        LARGE, "delta (rotate (kernels layer) (exchange (outs layer) (ins layer) w))",
        "delta (exchange (outs layer) (ins layer) w)", "this_input_gradient",
    ),
    "channels that are not exchanged": (
        LARGE, "(exchange (outs layer) (ins layer) w)", "w", "this_input_gradient",
    ),
    "a wrong monomial": (
        WORKED, "w [0; 0; 0; 1] *! delta [0; 0; 0; 0]", "w [0; 0; 1; 1] *! delta [0; 0; 0; 0]", "this_dE_da",
    ),
    "a missing monomial": (WORKED, "delta [0; 0; 0; 0] *! a [0; 0; 0; 0] +! ", "", "this_dE_dw"),
    "a coefficient of 2": (
        WORKED, "([0; 0; 0; 0], w [0; 0; 0; 0] *! delta [0; 0; 0; 0])",
        "([0; 0; 0; 0], w [0; 0; 0; 0] *! delta [0; 0; 0; 0] +! w [0; 0; 0; 0] *! delta [0; 0; 0; 0])", "this_dE_da",
    ),
}  # fmt: skip


@needs_coq
@pytest.mark.parametrize(("layer", "claim", "wrong", "where"), TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_certificate_is_rejected_where_it_is_wrong(layer, claim, wrong, where):
    text = coq_certificate(layer)
    assert claim in text
    result = check_coq(text.replace(claim, wrong))
    assert isinstance(result, CoqRejected)
    assert result.error.startswith(f"{where} (line "), result


@needs_coq
def test_an_admitted_proof_is_rejected_by_its_assumptions():
    proof = "Proof. vm_compute. reflexivity. Qed."
    text = coq_certificate(WORKED)
    assert proof in text
    result = check_coq(text.replace(proof, "Proof. Admitted."))
    assert isinstance(result, CoqRejected)
    assert "Axioms" in result.error


@needs_coq
def test_a_wrong_closed_form_of_symconv_is_rejected(monkeypatch):
    """r forgotten: the mistake that most published implementations make."""
    layer = Conv(8, 3, stride=2, padding=1)
    right = closed.input_gradient(layer)
    wrong = replace(right, operand=replace(right.operand, padding=((1, 1),)))
    assert wrong != right
    monkeypatch.setattr(closed, "input_gradient", lambda _: wrong)
    result = check_coq(coq_certificate(layer))
    assert isinstance(result, CoqRejected)
    assert result.error.startswith("claimed_input_gradient")


def test_a_closed_form_that_the_theory_has_no_name_for_is_no_certificate(monkeypatch):
    monkeypatch.setattr(
        closed, "weight_gradient", partial(lambda form, layer: Rotate(form(layer), (0,)), closed.weight_gradient)
    )
    with pytest.raises(BrokenDerivation, match="the Coq theory has no name for the closed form Rotate"):
        coq_certificate(WORKED)


@needs_coq
def test_a_certificate_is_checked_from_its_file_too(tmp_path):
    file = tmp_path / "layer.v"
    file.write_text("Theorem wrong : 1 = 2. Proof. reflexivity. Qed.", encoding="utf-8")
    result = check_coq(file)
    assert isinstance(result, CoqRejected)
    assert result.error.startswith("wrong (line 1): ")


@needs_coq
def test_a_text_that_prints_no_assumptions_is_rejected():
    assert check_coq("Definition nothing := tt.") == CoqRejected(
        "expected 'Closed under the global context' but coqc printed ''"
    )


@needs_coq
def test_coqc_is_stopped_after_its_time():
    assert check_coq(coq_certificate(WORKED), seconds=0.01) == CoqRejected("coqc did not finish within 0.01 s")


def test_without_coqc_nothing_is_claimed(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert check_coq("") == CoqUnavailable("coqc is not installed: Debian package coq")
