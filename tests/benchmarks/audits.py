"""Audits against torch.autograd.gradcheck: the same functions, the same layers, in one run."""

import time
from functools import partial

import symconv
from symconv import Conv
from symconv.numpy import conv, conv_backward
from tests.audit_mutants import mutants

SQUARE = Conv((6, 6), (3, 3), padding=1, in_channels=2, out_channels=2, batch=2)  # what people test with
TELLING = Conv(
    (7, 8), (2, 3), stride=(2, 1), padding=((1, 0), (2, 1)), dilation=(1, 2), groups=2, in_channels=4, out_channels=6,
    batch=2,
)  # fmt: skip


def options(layer):
    return {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation, "groups": layer.groups}


def gradcheck(torch, backward, layer):
    """Whether PyTorch's own check passes a layer whose backward is this function, and how long it takes."""

    class Layer(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, w, b):
            ctx.save_for_backward(a, w)
            return torch.from_numpy(conv(a.numpy(), w.numpy(), b.numpy(), **options(layer)))

        @staticmethod
        def backward(ctx, delta):
            a, w = (tensor.numpy() for tensor in ctx.saved_tensors)
            return tuple(torch.from_numpy(g.copy()) for g in backward(delta.numpy(), a, w, **options(layer)))

    torch.manual_seed(0)
    shapes = (layer.input_shape, layer.weight_shape, layer.bias_shape)
    tensors = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    start = time.perf_counter()
    try:
        passed = torch.autograd.gradcheck(Layer.apply, tensors, raise_exception=False)
    except Exception:
        passed = False
    return passed, time.perf_counter() - start


def audited(backward, **given):
    start = time.perf_counter()
    report = symconv.audit(backward, **given)
    return bool(report), time.perf_counter() - start


def nearly(factor, delta, a, w, **given):
    da, dw, db = conv_backward(delta, a, w, **given)
    return da * factor, dw, db


def against_gradcheck():
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: pip install torch to compare with gradcheck")
        return
    print("audit against torch.autograd.gradcheck, on the same function and layers (right code)")
    for layer in (SQUARE, TELLING):
        gradcheck(torch, conv_backward, layer), audited(conv_backward, layer=layer)
        _, theirs = gradcheck(torch, conv_backward, layer)
        _, ours = audited(conv_backward, layer=layer)
        print(
            f"  audit {ours * 1e3:7.1f} ms   gradcheck {theirs * 1e3:8.1f} ms   ratio {theirs / ours:6.1f}   {layer!r}"
        )
    corpus = [
        m
        for m in mutants()
        if m.support.admits(SQUARE) and m.name.startswith("gather everything") and m.kind != "crash"
    ]
    corpus += [partial(nearly, factor) for factor in (1 + 1e-4, 1 - 2**-12)]
    square = telling = found = 0
    seconds = []
    for mutant in corpus:
        backward = getattr(mutant, "backward", mutant)
        square += gradcheck(torch, backward, SQUARE)[0]
        telling += gradcheck(torch, backward, TELLING)[0]
        passed, took = audited(backward)
        found += not passed
        seconds.append(took)
    print(f"  of {len(corpus)} wrong functions gradcheck passes {square} on the square layer, {telling} on the other")
    mean = sum(seconds) / len(seconds)
    print(f"  the audit refutes {found} and explains each, in {mean:.2f} s, {max(seconds):.2f} s at most")


def whole_audit():
    report = symconv.audit(conv_backward, forward=conv)
    took = f"{report.verdict.layers} layers in {report.verdict.seconds:.1f} s"
    print(f"a full audit of symconv.numpy, forward and backward: {took}: {report.status}")


def main():
    against_gradcheck()
    whole_audit()
