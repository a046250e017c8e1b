"""The Conv and ConvTranspose cases that the onnx package ships, generated offline: layers, lowered code and gradients.

A ConvTranspose is an independent oracle of dE/da: its output is the input gradient of the mirrored Conv layer.

Two sources are read, both of the installed package: the node cases of `onnx.backend.test.case.node`, whose data are
integers and compared exactly; and the recorded cases of PyTorch in `onnx/backend/test/data`, whose data are float32 and
compared to within what float32 may round.
"""

import pkgutil
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import symconv
from symconv.auditing.adapters import find_adapter
from symconv.layer import Conv
from symconv.numpy import conv, conv_backward
from symconv.steps import Status
from tests import oracle

onnx = pytest.importorskip("onnx", reason="the cases are those of the onnx package")

USED = ("Conv", "ConvTranspose")
COUNT = 47  # 6 + 11 generated, 27 + 3 recorded
BLIND = {  # cases of random kernels that cannot tell a kernel from its rotation
    "test_Conv1d_pad1size1": "only the middle tap meets the input",
    "test_Conv1d_pad2size1": "only the middle tap meets the input",
    "test_operator_conv": "its input is constant",
}
NOT_USED = {  # operator: why its cases say nothing about a convolution layer alone
    "ConvInteger": "subtracts zero points from its operands, which pads with them instead of zeros",
    "QLinearConv": "scales and rounds to 8 bits",
    "DeformConv": "reads between the entries of its input, where learned offsets say",
    "CausalConvWithState": "carries a state from call to call, and may apply an activation",
}
UNIT_ROUNDOFF = 2.0**-24  # of float32


@dataclass(frozen=True)
class Case:
    """A node, its inputs and its output, in float64."""

    name: str
    operator: str
    attributes: dict
    a: np.ndarray
    w: np.ndarray
    b: np.ndarray | None
    z: np.ndarray

    @property
    def ndim(self):
        return self.a.ndim - 2

    def per_axis(self, name, usual):
        return tuple(self.attributes.get(name, [usual] * self.ndim))

    @property
    def auto_pad(self):
        return self.attributes.get("auto_pad", b"NOTSET").decode()

    @property
    def pads(self):
        """ONNX's pads, all low ones first, as pairs."""
        pads = self.attributes.get("pads", [0] * (2 * self.ndim))
        return tuple(zip(pads[: self.ndim], pads[self.ndim :], strict=True))

    @property
    def options(self):
        return {
            "stride": self.per_axis("strides", 1), "dilation": self.per_axis("dilations", 1),
            "groups": self.attributes.get("group", 1),
        }  # fmt: skip

    @property
    def exact(self):
        """Whether all data are integers: then no sum is rounded."""
        return all(np.array_equal(array, np.rint(array)) for array in (self.a, self.w, self.z))


@cache
def generated():
    """The node cases of all operators with "conv" in their names, as (name, nodes, arrays by name, output)."""
    package = import_module("onnx.backend.test.case.node")
    for module in pkgutil.iter_modules(package.__path__):
        if "conv" in module.name:
            import_module(f"{package.__name__}.{module.name}")  # an import of a module makes its cases
    cases = []
    for case in package._NodeTestCases:
        graph, (inputs, outputs) = case.model.graph, case.data_sets[0]
        arrays = dict(zip([value.name for value in graph.input], inputs, strict=True))
        cases.append((case.name, list(graph.node), arrays, outputs[0]))
    return cases


@cache
def recorded():
    """The cases in the folders of data whose graphs hold a convolution, in the same form."""
    cases = []
    for path in sorted((Path(onnx.__file__).parent / "backend" / "test" / "data").glob("*/*/model.onnx")):
        graph = onnx.load(path).graph
        if path.parent.parent.name == "node" or not any("Conv" in node.op_type for node in graph.node):
            continue  # older packages ship the generated cases a second time, as data/node
        data = path.parent / "test_data_set_0"
        arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
        free = [value.name for value in graph.input if value.name not in arrays]
        arrays |= {name: _tensor(data / f"input_{at}.pb") for at, name in enumerate(free)}
        cases.append((path.parent.name, list(graph.node), arrays, _tensor(data / "output_0.pb")))
    return cases


def _tensor(path):
    return onnx.numpy_helper.to_array(onnx.load_tensor(path))


def cases(operator):
    found = []
    for name, nodes, arrays, output in [*generated(), *recorded()]:
        if [node.op_type for node in nodes] == [operator]:
            attributes = {at.name: onnx.helper.get_attribute_value(at) for at in nodes[0].attribute}
            a, w, b = ([arrays[key].astype(float) for key in nodes[0].input] + [None])[:3]
            found.append(Case(name, operator, attributes, a, w, b, output.astype(float)))
    return found


CONVS, TRANSPOSED = cases("Conv"), cases("ConvTranspose")


def conv_layer(case):
    padding = {"NOTSET": case.pads, "VALID": "valid", "SAME_UPPER": "same", "SAME_LOWER": "same_lower"}[case.auto_pad]
    return Conv(
        case.a.shape[2:], case.w.shape[2:], padding=padding, **case.options,
        in_channels=case.a.shape[1], out_channels=case.w.shape[0], batch=len(case.a), bias=case.b is not None,
    )  # fmt: skip


def transposed_pads(case):
    """The pads of a ConvTranspose, which an output shape, or SAME, leaves to be worked out as ONNX prescribes."""
    shape = case.attributes.get("output_shape")
    if case.auto_pad.startswith("SAME"):
        shape = shape or [size * s for size, s in zip(case.a.shape[2:], case.options["stride"], strict=True)]
    if shape is None:
        return case.pads
    pairs = []
    for at, (wanted, s, d, more) in enumerate(
        zip(shape, *map(case.options.get, ("stride", "dilation")), case.per_axis("output_padding", 0), strict=True)
    ):
        total = s * (case.a.shape[2 + at] - 1) + d * (case.w.shape[2 + at] - 1) + 1 + more - wanted
        less, rest = total // 2, total - total // 2
        pairs.append((less, rest) if case.auto_pad == "SAME_UPPER" else (rest, less))
    return tuple(pairs)


def transposed_layer(case):
    return Conv.transposed(
        case.a.shape[2:], case.w.shape[2:], padding=transposed_pads(case), **case.options,
        output_padding=case.per_axis("output_padding", 0),
        in_channels=case.a.shape[1], out_channels=case.w.shape[1] * case.options["groups"], batch=len(case.a),
        bias=case.b is not None,
    )  # fmt: skip


def mirrored_layer(case):
    """The Conv layer whose dE/da the ConvTranspose is: from its output to its input, with the same kernel."""
    return Conv(
        case.z.shape[2:], case.w.shape[2:], padding=transposed_pads(case), **case.options,
        in_channels=case.z.shape[1], out_channels=case.a.shape[1], batch=len(case.a), bias=False,
    )  # fmt: skip


def assert_same(got, case, layer):
    """Equal where the data are integers; else to within what float32 rounds, n products and n sums of them.

    The bound is Higham's, (n + 1)u / (1 - (n + 1)u) times the sum of the products' absolute values.
    """
    if case.exact:
        assert_array_equal(got, case.z)
        return
    count = case.w[0].size + 1 if case.operator == "Conv" else case.w[:, 0].size // case.options["groups"] + 1
    gamma = (count + 1) * UNIT_ROUNDOFF / (1 - (count + 1) * UNIT_ROUNDOFF)
    b = None if case.b is None else abs(case.b)
    assert got.shape == case.z.shape
    assert (abs(got - case.z) <= gamma * oracle.forward(layer, abs(case.a), abs(case.w), b)).all()


def named(found):
    return pytest.mark.parametrize("case", found, ids=lambda case: case.name.removeprefix("test_"))


def test_no_case_of_a_convolution_is_forgotten():
    assert len(CONVS) + len(TRANSPOSED) == COUNT
    single = [nodes[0].op_type for _, nodes, _, _ in [*generated(), *recorded()] if len(nodes) == 1]
    assert {operator for operator in single if "Conv" in operator} <= {*USED, *NOT_USED}


def test_the_cases_hold_what_is_claimed_of_them():
    assert sum(case.exact for case in (*CONVS, *TRANSPOSED)) == 17
    assert {case.auto_pad for case in CONVS} == {"NOTSET", "SAME_LOWER"}
    assert {case.auto_pad for case in TRANSPOSED} == {"NOTSET", "SAME_UPPER"}
    assert {case.ndim for case in CONVS} == {case.ndim for case in TRANSPOSED} == {1, 2, 3}


@named(CONVS)
def test_a_conv_is_the_layer_of_its_attributes(case):
    layer = conv_layer(case)
    assert layer.output_shape == case.z.shape
    assert_same(symconv.lower(layer).forward(case.a, case.w, *([] if case.b is None else [case.b])), case, layer)


@named(CONVS)
def test_a_conv_is_what_the_array_function_computes(case):
    layer = conv_layer(case)
    assert_same(conv(case.a, case.w, case.b, padding=layer.padding, **case.options), case, layer)


@named(TRANSPOSED)
def test_a_conv_transpose_is_the_transposed_layer(case):
    layer = transposed_layer(case)
    assert layer.output_shape == case.z.shape
    assert_same(symconv.lower(layer).forward(case.a, case.w, *([] if case.b is None else [case.b])), case, layer)


@named(TRANSPOSED)
def test_a_conv_transpose_is_the_input_gradient_of_the_mirrored_layer(case):
    layer, upper = mirrored_layer(case), case.a
    assert (layer.output_shape, layer.weight_shape) == (upper.shape, case.w.shape)
    blank = np.zeros(layer.input_shape)
    bias = 0 if case.b is None else case.b.reshape(-1, *[1] * case.ndim)
    for da, *_ in (
        symconv.lower(layer).backward(upper, blank, case.w),
        conv_backward(upper, blank, case.w, padding=layer.padding, **case.options),
    ):
        assert_same(da + bias, case, transposed_layer(case))


@named([case for case in (*CONVS, *TRANSPOSED) if not case.exact and case.name not in BLIND])
def test_a_rotated_kernel_is_noticed(case):
    """The bound tells a kernel from its rotation, which the generated cases cannot: their kernels are all ones."""
    layer = conv_layer(case) if case.operator == "Conv" else transposed_layer(case)
    rotated = np.flip(case.w, tuple(range(2, case.w.ndim)))
    assert not np.array_equal(rotated, case.w)
    z = symconv.lower(layer).forward(case.a, rotated.copy(), *([] if case.b is None else [case.b]))
    with pytest.raises(AssertionError):
        assert_same(z, case, layer)


def version():
    return tuple(map(int, re.findall(r"\d+", onnx.__version__)[:2]))


@pytest.mark.parametrize(("auto_pad", "padding"), [("SAME_UPPER", "same"), ("SAME_LOWER", "same_lower"), ("VALID", 0)])
def test_auto_pad_of_the_reference_evaluator_is_the_padding_of_that_name(auto_pad, padding):
    """The cases hold SAME_LOWER alone, of a kernel where both agree."""
    if auto_pad != "SAME_UPPER" and version() < (1, 23):
        pytest.skip(f"the reference evaluator of onnx {onnx.__version__} gets auto_pad={auto_pad} wrong")
    evaluator = import_module("onnx.reference").ReferenceEvaluator
    for sizes, kernel, stride in ([(5, 6), (2, 4), (1, 1)], [(7, 6), (3, 2), (2, 1)], [(8, 9), (4, 3), (3, 2)]):
        layer = Conv(sizes, kernel, stride=stride, padding=padding, bias=False)
        a, w = oracle.integers(layer.input_shape, 0), oracle.integers(layer.weight_shape, 1)
        node = onnx.helper.make_node("Conv", ["a", "w"], ["z"], auto_pad=auto_pad, strides=stride)
        z = evaluator(node).run(None, {"a": a, "w": w})[0]
        assert_array_equal(symconv.lower(layer).forward(a, w), z)
        assert_array_equal(conv(a, w, stride=stride, padding=layer.padding), z)


# The audit


def reference():
    return find_adapter("onnx-reference").own()


@named(CONVS)
def test_the_audit_passes_the_lowered_code_and_the_reference_on_the_layer_of_a_conv(case):
    layer = conv_layer(case)
    assert symconv.audit(conv_backward, forward=conv, layer=layer)
    if layer.monomials > 10**7:  # one case, of which the reference takes a minute
        return
    found = symconv.audit(reference().backward, forward=reference().forward, layer=layer)
    assert found.outcomes["forward"].status is Status.PASSED
    if layer.groups == 1:  # its ConvTranspose raises for most groups
        assert found.outcomes["input"].status is Status.PASSED


@named(TRANSPOSED)
def test_the_audit_passes_the_lowered_code_and_the_reference_on_the_layer_that_a_conv_transpose_mirrors(case):
    layer = mirrored_layer(case)
    assert symconv.audit(conv_backward, forward=conv, layer=layer)
    if layer.groups == 1:
        assert symconv.audit(reference().backward, layer=layer)


@named([case for case in TRANSPOSED if case.w[0, 0].size > 1])
def test_the_audit_refutes_a_kernel_that_is_not_rotated_on_the_layer_that_a_conv_transpose_mirrors(case):
    def wrong(delta, a, w, **options):
        return conv_backward(delta, a, np.flip(w, tuple(range(2, w.ndim))).copy(), **options)

    found = symconv.audit(wrong, layer=mirrored_layer(case))
    assert found.outcomes["input"].diagnosis.kind == "rotation"
